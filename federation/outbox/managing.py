"""Who sets a group of ours: a moderator of it, as themselves. To anybody who is not in a private one it is not there."""

from federation.facts import is_present
from policies.decision import Allow, Decision
from policies.membership import may_manage
from storage import groups, public_groups
from storage.database import Reader
from storage.records import Group, PublicGroup


async def get_own(tx: Reader, group_id: int, actor_id: int, now: int) -> tuple[Group | PublicGroup, Decision] | None:
    """A group of ours and whether somebody may set it; None when it is none, or none of their business."""
    public = await public_groups.get_public_group(tx, group_id)
    if public is not None:
        role = await public_groups.get_role(tx, group_id, actor_id)
        return public, may_manage(moderator=role == public_groups.MODERATOR)
    group, known = await groups.get_group(tx, group_id), await groups.get_membership(tx, group_id, actor_id)
    if group is None or not group.local or known is None or not is_present(known, now):
        return None
    return group, may_manage(moderator=bool(known.moderator))


async def list_own(tx: Reader, actor_id: int, now: int) -> list[int]:
    """The groups of ours that somebody moderates."""
    joined = [actor.id for group, actor in await groups.list_groups_of(tx, actor_id, now=now) if group.local]
    public = [actor.id for _, actor in await public_groups.list_public_groups(tx)]
    found = {one: await get_own(tx, one, actor_id, now) for one in [*joined, *public]}
    return [one for one, own in found.items() if own is not None and isinstance(own[1], Allow)]
