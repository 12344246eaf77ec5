"""Public groups of ours: making one, and what their moderators do. Each act is audited in its own transaction."""

from dataclasses import dataclass, replace

from federation.act import Act, perform
from federation.context import Context
from federation.local_actors import insert_local_actor, make_keys, new_actor
from federation.outbox.profiles import MAX_NAME, check_name, require_free
from federation.wire.sanitize import clean_text, strip_badge
from policies.membership import Joining
from storage import actors, audit, follows, public_groups
from storage.ids import new_id
from storage.public_groups import MODERATOR
from storage.records import Actor, Follow, PublicGroup


@dataclass(frozen=True, slots=True)
class NewPublicGroup:
    """A public group as it begins. `moderators_only`: nobody else posts to it."""

    name: str
    title: str
    joining: Joining
    moderator_id: int
    moderators_only: bool = False


async def create(ctx: Context, group: NewPublicGroup, *, by: str) -> Actor:
    """Make a public group with its first moderator. ValueError for a name that may not be or is taken.

    It is there for everybody, so it wants to be found.
    """
    now, name = ctx.now(), check_name(group.name)
    made = new_actor(ctx.origin, new_id(now), "Group", name, strip_badge(clean_text(group.title, MAX_NAME)), now)
    actor = replace(made, locked=int(group.joining is not Joining.AUTOMATIC), discoverable=1, indexable=1)
    keys = await make_keys(actor.uri)

    async def unit(act: Act) -> Actor:
        await require_free(act.tx, name)
        moderator = await _require_person(act, group.moderator_id)
        await insert_local_actor(act.tx, actor, keys, now)
        posting = "moderators" if group.moderators_only else "members"
        await public_groups.insert_public_group(act.tx, PublicGroup(actor.id, group.joining, posting, now))
        await _make_moderator(act, actor, moderator)
        await audit.append(
            act.tx,
            actor=by,
            act="group.create",
            subject=name,
            now=now,
            joining=group.joining,
            public=True,
            posting=posting,
        )
        return actor

    return await perform(ctx, unit)


async def _make_moderator(act: Act, group: Actor, moderator: Actor) -> None:
    """Who moderates a group reads it."""
    await public_groups.upsert_role(act.tx, group.id, moderator.id, MODERATOR, now=act.now)
    if await follows.get_follow(act.tx, moderator.id, group.id) is None:
        follow_id = new_id(act.now)
        uri = act.ctx.origin.activity(follow_id)
        made = Follow(follow_id, moderator.id, group.id, uri, "accepted", boosts=1, notify=0, created_at=act.now)
        await follows.insert_follow(act.tx, made)


async def _require_person(act: Act, actor_id: int) -> Actor:
    actor = await actors.get_actor(act.tx, actor_id)
    if actor is None or not actor.local or actor.type != "Person":
        raise LookupError("a moderator must be a member here")
    return actor
