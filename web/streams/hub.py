"""From committed events to open connections: one task for each process, which reads what any process has committed.

Rights are never remembered. Each event is loaded as its owner may see it now, and before anything is sent, the access
tokens of those it is for are looked up in the same read; the others' are looked up every moment. Nobody's slowness is
waited for (`web.streams.outlets`).
"""

import asyncio
import logging
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from federation.context import Context
from policies.decision import Deny
from storage.database import Reader
from storage.events import EVERYBODY, MEMBERS, get_last_position, list_after
from storage.oauth import Grant, list_grants
from storage.records import Event
from web.auth import Viewer, may_use
from web.links import Links, Pass
from web.render import Frame
from web.streams.messages import Told, load_told, render_messages
from web.streams.outlets import End, Outlet

AT_ONCE = 200
# A token that is revoked without an event ends its connections after this long at most.
RECHECK_SECONDS = 0.25

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Batch:
    """What one read brought: events, what they say to our owners, and what the asked tokens give now."""

    events: list[Event]
    told: list[Told]
    checked: list[Outlet]
    grants: dict[int, Grant]


def _list_concerned(event: Event, outlets: Mapping[int, Sequence[Outlet]]) -> list[int]:
    """Whose open connections an event may be told: its owner's, all members' (a group is none), or those of all who listen
    to public streams.
    """
    if event.owner_id == MEMBERS:
        return [owner for owner, theirs in outlets.items() if not any(outlet.viewer.is_group for outlet in theirs)]
    if event.owner_id != EVERYBODY:
        return [event.owner_id] if event.owner_id in outlets else []
    return [owner for owner, theirs in outlets.items() if any(outlet.listens_in_public for outlet in theirs)]


class Hub:
    """The open connections of this process. Follows the events only while there are any."""

    def __init__(self, ctx: Context, link_key: Callable[[], bytes]) -> None:
        self._ctx = ctx
        self._link_key = link_key
        self._outlets: dict[int, set[Outlet]] = {}
        self._turn = asyncio.Lock()  # nobody joins while events are read: they would be missed
        self._following: asyncio.Task[None] | None = None
        self._checked_at = 0.0
        self._closed = False

    async def join(self, outlet: Outlet) -> None:
        """Everything committed after this returns reaches the outlet; on PostgreSQL also what was committed just before."""
        async with self._turn:
            position = None
            if self._following is None or self._following.done():
                position = await self._ctx.db.read(get_last_position)
            self._outlets.setdefault(outlet.viewer.actor_id, set()).add(outlet)
            if position is not None:
                self._following = asyncio.create_task(self._follow(position))
        if self._closed:
            outlet.end(End.GOING_AWAY)

    def leave(self, outlet: Outlet) -> None:
        others = self._outlets.get(outlet.viewer.actor_id, set())
        others.discard(outlet)
        if not others:
            self._outlets.pop(outlet.viewer.actor_id, None)

    async def close(self) -> None:
        """End every connection, and take no more."""
        self._closed = True
        self._end_all(End.GOING_AWAY)
        if self._following is not None:
            self._following.cancel()
            with suppress(asyncio.CancelledError):
                await self._following

    def _end_all(self, why: End) -> None:
        for outlet in self._all():
            outlet.end(why)

    def _all(self) -> list[Outlet]:
        return [outlet for outlets in self._outlets.values() for outlet in outlets]

    async def _follow(self, position: tuple[int, int]) -> None:
        try:
            while self._outlets:
                # Waited for from before the read, so that no commit falls between the two.
                commit = asyncio.create_task(self._ctx.db.wait_for_commit(RECHECK_SECONDS))
                try:
                    position = await self._catch_up(position)
                    await commit
                finally:
                    commit.cancel()
        except Exception as error:  # noqa: BLE001  # our bug: clients reconnect rather than wait for what never comes
            where = traceback.extract_tb(error.__traceback__)[-1]  # an exception's text may hold a post's
            _log.error("streaming failed: %s at %s:%s", type(error).__qualname__, where.filename, where.lineno)
            self._end_all(End.FAILED)
            self._outlets = {}

    async def _catch_up(self, position: tuple[int, int]) -> tuple[int, int]:
        """Send what was committed after a position; answers the new position."""
        while True:
            async with self._turn:
                batch = await self._read(position)
                self._end_revoked(batch)
                await self._send(batch.told)
            if batch.events:
                position = (batch.events[-1].xid, batch.events[-1].id)
            if len(batch.events) < AT_ONCE:
                return position

    async def _read(self, position: tuple[int, int]) -> _Batch:
        """One unit of work: the events, what our owners may see of them, and the tokens that may be told."""
        everybody = self._all() if self._is_check_due() else []
        outlets = {owner: list(outlets) for owner, outlets in self._outlets.items()}
        now = self._ctx.now()

        async def unit(tx: Reader) -> _Batch:
            events = await list_after(tx, position, limit=AT_ONCE)
            ours = [(owner, event) for event in events for owner in _list_concerned(event, outlets)]
            concerned = {owner for owner, _ in ours}
            checked = everybody or [outlet for owner in concerned for outlet in outlets[owner]]
            asked = {outlet.viewer.token_id for outlet in checked}
            grants = await list_grants(tx, asked, now=now) if asked else {}
            return _Batch(events, await load_told(tx, ours, now=now), checked, grants)

        return await self._ctx.db.read(unit)

    def _is_check_due(self) -> bool:
        moment = time.monotonic()
        due = moment - self._checked_at >= RECHECK_SECONDS
        if due:
            self._checked_at = moment
        return due

    def _end_revoked(self, batch: _Batch) -> None:
        for outlet in batch.checked:
            grant = batch.grants.get(outlet.viewer.token_id)
            if grant is None or isinstance(may_use(grant), Deny):
                outlet.end(End.REVOKED)
                self.leave(outlet)

    async def _send(self, told: list[Told]) -> None:
        theirs: dict[int, list[Told]] = {}
        for one in told:
            theirs.setdefault(one.owner, []).append(one)
        for owner, some in theirs.items():
            for outlet in list(self._outlets.get(owner, ())):
                for message in render_messages(some, outlet, self._framing(outlet.viewer)):
                    outlet.put(message)
            await asyncio.sleep(0)  # hundreds may be told: let each have its own at once, and requests go on

    def _framing(self, viewer: Viewer) -> Callable[[str], Frame]:
        now, origin = self._ctx.now(), self._ctx.origin
        links = Links(origin, self._link_key(), now, Pass(viewer.actor_id, viewer.token_id))
        return lambda locale: Frame(origin, links, now, viewer.actor_id, locale or "fr")
