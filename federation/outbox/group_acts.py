"""What the moderators of either kind of group can do, in the same words: for doors that serve both. Does nothing itself."""

from collections.abc import Collection
from typing import Protocol

from federation.context import Context
from federation.outbox import groups, public_groups
from federation.outbox.pins import Unpinnable
from policies.decision import Deny, Hold
from storage.records import Group, PublicGroup, Status


class GroupActs(Protocol):
    """See the functions themselves in `groups` and `public_groups`."""

    async def accept(self, ctx: Context, group_id: int, actor_id: int, *, by: str) -> Deny | Hold | None: ...
    async def remove(
        self, ctx: Context, group_id: int, actor_id: int, *, by: str, reason: str = "", state: str = ""
    ) -> bool | Deny: ...
    async def ban(self, ctx: Context, group_id: int, actor_id: int, *, by: str, reason: str = "") -> Deny | None: ...
    async def unban(self, ctx: Context, group_id: int, actor_id: int, *, by: str) -> None: ...
    async def invite(self, ctx: Context, group_id: int, actor_id: int, *, by: str) -> None: ...
    async def set_moderator(
        self, ctx: Context, group_id: int, actor_id: int, *, by: str, moderator: bool
    ) -> Deny | None: ...
    async def remove_post(self, ctx: Context, group_id: int, status_id: int, *, by: str) -> bool: ...
    async def pin(self, ctx: Context, group_id: int, status_id: int, *, by: str) -> Status | Unpinnable | None: ...
    async def unpin(self, ctx: Context, group_id: int, status_id: int, *, by: str) -> Status | None: ...
    async def clear_notifications(
        self, ctx: Context, group_id: int, ids: Collection[int] | None, *, by: str
    ) -> None: ...


PRIVATE: GroupActs = groups
PUBLIC: GroupActs = public_groups


def acts_of(group: Group | PublicGroup) -> GroupActs:
    """Those of this group's kind."""
    return PUBLIC if isinstance(group, PublicGroup) else PRIVATE
