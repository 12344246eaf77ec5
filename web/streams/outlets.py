"""One open connection as the hub sees it: whose it is, what it asked for, what waits to be sent. Knows no transport."""

import asyncio
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from web.auth import Viewer

# A reader who is this far behind is cut off: it reconnects, and asks the timelines for what it missed.
MOST_WAITING = 200


@dataclass(frozen=True, slots=True)
class Stream:
    """What is subscribed to: a name of `client_behaviour.md` §8, and for a `list` its id, for a `hashtag` the tag."""

    name: str
    argument: str = ""

    @property
    def names(self) -> list[str]:
        """As frames name it."""
        return [self.name, self.argument] if self.argument else [self.name]

    @property
    def public(self) -> bool:
        """Whether it tells of what is public, rather than of what its owner is to see."""
        return self.name.partition(":")[0] in {"public", "hashtag"}


@dataclass(frozen=True, slots=True)
class Where:
    """The subscriptions that an event is for. `lists`: ids of those in which the post stands; `home`: whether it stands
    in the home timeline. `public`: it is for these public streams instead.
    """

    lists: frozenset[str] = frozenset()
    home: bool = True
    public: frozenset[Stream] | None = None


HOME = Where()


@dataclass(frozen=True, slots=True)
class Message:
    """One event for one subscription. `payload` is JSON text, an id, or '' for none."""

    stream: Stream
    event: str
    payload: str


class End(Enum):
    """Why we close a connection: a WebSocket close code (RFC 6455 §7.4.1) and what it says."""

    GOING_AWAY = (1001, b"server restarts")
    REVOKED = (1008, b"access ended")
    FAILED = (1011, b"internal error")
    SLOW = (1013, b"too slow")


class Outlet:
    """Filled by the hub, emptied by the connection. Never makes the hub wait."""

    def __init__(self, viewer: Viewer) -> None:
        self.viewer = viewer
        self.streams: set[Stream] = set()
        self.ended: asyncio.Future[End] = asyncio.get_running_loop().create_future()
        self._waiting: deque[Message] = deque()
        self._wake = asyncio.Event()

    def put(self, message: Message) -> None:
        if len(self._waiting) >= MOST_WAITING:
            self.end(End.SLOW)
        if not self.ended.done():
            self._waiting.append(message)
            self._wake.set()

    async def take(self) -> Message:
        """The next message. Waits for ever once the outlet has ended: whoever takes must watch `ended` too."""
        while not self._waiting:
            self._wake.clear()
            await self._wake.wait()
        return self._waiting.popleft()

    def end(self, why: End) -> None:
        """Nothing more is sent, not even what waits."""
        if not self.ended.done():
            self.ended.set_result(why)
        self._waiting.clear()

    @property
    def listens_in_public(self) -> bool:
        return any(stream.public for stream in self.streams)

    def wanting(self, event: str, where: Where = HOME) -> Iterator[Stream]:
        """The subscriptions that an event is for.

        A post that is gone stands nowhere any more; its id goes to every stream, where clients ignore unknown ids.
        """
        for stream in self.streams:
            if where.public is not None:
                wanted = stream.public and (event == "delete" or stream in where.public)
            else:
                wanted = not stream.public and self._wants(stream, event, where)
            if wanted:
                yield stream

    def _wants(self, stream: Stream, event: str, where: Where) -> bool:
        match stream.name, event:
            case "user" | "user:notification", "notification" | "notifications_merged":
                wanted = self.viewer.has("read:notifications")
            case "user", "update" | "status.update":
                wanted = where.home
            case "list", "update" | "status.update":
                wanted = stream.argument in where.lists
            case "direct", "conversation":
                wanted = True
            case "user", "announcement" | "announcement.reaction" | "announcement.delete" | "filters_changed":
                wanted = True
            case "user" | "list" | "direct", "delete":
                wanted = True
            case _:
                wanted = False
        return wanted
