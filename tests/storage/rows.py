"""Rows of synthetic people, posts and groups, written straight into the tables: for tests of queries."""

from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any, Concatenate, ParamSpec, TypeVar

from storage import actors, blocks, follows, groups, members, statuses
from storage.database import Database, Reader, Transaction
from storage.records import Actor, Block, Delivery, Follow, Group, Member, Membership, Status

P = ParamSpec("P")
T = TypeVar("T")

NOW = 1_795_000_000_000
LATER, EARLIER = NOW + 3_600_000, NOW - 3_600_000
_numbers = count(1)


async def ask(
    db: Database, query: Callable[Concatenate[Reader, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs
) -> T:
    """Run one question by itself."""
    return await db.read(lambda tx: query(tx, *args, **kwargs))


async def do(
    db: Database, change: Callable[Concatenate[Transaction, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs
) -> T:
    """Run one change in its own transaction."""
    return await db.transact(lambda tx: change(tx, *args, **kwargs))


def new_number() -> int:
    return (NOW << 16) + next(_numbers)


def actor(*, host: str = "", type_: str = "Person", **changes: Any) -> Actor:
    """Somebody here, or at a host."""
    number = changes.pop("id", None) or new_number()
    uri = f"https://{host or 'a.example'}/ap/actors/{number}"
    row: dict[str, Any] = {
        "id": number, "uri": uri, "host": host, "type": type_, "username": f"u{number}", "handle_host": host, "name": "",
        "summary": "", "url": uri, "avatar": None, "header": None, "fields": "[]", "emojis": "[]", "capabilities": "[]",
        "inbox": f"{uri}/inbox", "shared_inbox": None, "outbox": None, "followers": f"{uri}/followers", "following": None,
        "credential": None, "locked": 0, "discoverable": 0, "indexable": 0, "followers_count": 0, "following_count": 0,
        "statuses_count": 0, "last_status_at": None, "created_at": NOW, "updated_at": NOW, "fetched_at": None,
        "disabled_at": None, "host_suspended": 0,
    }  # fmt: skip
    return Actor(**(row | changes))


def status(author: Actor, audience: str = "public", **changes: Any) -> Status:
    number = changes.pop("id", None) or new_number()
    row: dict[str, Any] = {
        "id": number, "uri": f"{author.uri}/objects/{number}", "actor_id": author.id, "audience": audience,
        "group_id": None, "distributed": 1, "boost_of_id": None, "in_reply_to_id": None, "in_reply_to_actor_id": None,
        "in_reply_to_uri": None, "thread_id": number, "content": "", "text": "", "summary": "", "sensitive": 0,
        "language": None, "url": "", "replies_count": 0, "boosts_count": 0, "favourites_count": 0, "app_id": None,
        "emojis": "[]", "created_at": NOW, "edited_at": None,
    }  # fmt: skip
    return Status(**(row | changes))


def membership(group: Actor, member: Actor, *, state: str = "active", until: int = groups.FOR_EVER) -> Membership:
    number = new_number()
    return Membership(number, group.id, member.id, state, 0, f"{member.uri}/joins/{number}", 1, 1, until, NOW, NOW)


def delivery(activity_id: int, sender: Actor, host: str, **changes: Any) -> Delivery:
    row: dict[str, Any] = {
        "id": new_number(), "activity_id": activity_id, "sender_id": sender.id, "host": host,
        "inbox": f"https://{host}/inbox", "kind": "content", "audience": "public", "object_uri": "", "group_id": None,
        "state": "due", "attempts": 0, "due_at": NOW, "lease_owner": "", "reason": "", "created_at": NOW,
        "finished_at": None,
    }  # fmt: skip
    return Delivery(**(row | changes))


class Rows:
    """Writes rows, and reads them back for assertions."""

    def __init__(self, db: Database) -> None:
        self.db = db

    async def actor(self, **changes: Any) -> Actor:
        made = actor(**changes)
        await self.db.transact(lambda tx: actors.insert_actor(tx, made))
        return made

    async def member(self, *, disabled_at: int | None = None, **changes: Any) -> Actor:
        """Somebody with an account here."""
        made = await self.actor(**changes)
        email = f"{made.username}@a.example"
        account = Member(
            made.id, email, "", "member", "fr", "followers", NOW, disabled_at, confirmed_at=NOW, approved_at=NOW
        )
        await self.db.transact(lambda tx: members.insert_member(tx, account))
        return made

    async def group(self, *, host: str = "", **changes: Any) -> Actor:
        made = await self.actor(host=host, type_="Group")
        row = Group(made.id, int(not host), "request", "members", "[]", 1, 24, changes.get("epoch", 1), 0, NOW)
        await self.db.transact(lambda tx: groups.insert_group(tx, row))
        return made

    async def enroll(self, group: Actor, member: Actor, **changes: Any) -> Membership:
        made = membership(group, member, **changes)
        await self.db.transact(lambda tx: groups.upsert_membership(tx, made))
        return made

    async def follow(self, follower: Actor, followee: Actor, state: str = "accepted") -> Follow:
        made = Follow(new_number(), follower.id, followee.id, f"{follower.uri}/f/{followee.id}", state, 1, 0, NOW)
        await self.db.transact(lambda tx: follows.insert_follow(tx, made))
        return made

    async def block(self, owner: Actor, target: Actor) -> None:
        made = Block(new_number(), owner.id, target.id, f"{owner.uri}/b/{target.id}", NOW)
        await self.db.transact(lambda tx: blocks.insert_block(tx, made))

    async def status(self, author: Actor, audience: str = "public", *mentioned: Actor, **changes: Any) -> Status:
        made = status(author, audience, **changes)
        named = [statuses.Mention(one.id) for one in mentioned]
        await self.db.transact(lambda tx: statuses.insert_status(tx, made, mentions=named))
        return made

    async def delete(self, post: Status) -> None:
        async def unit(tx: Transaction) -> None:
            await statuses.delete_status(tx, post, actor_uri="", now=NOW)

        await self.db.transact(unit)

    async def read(self, sql: str, **params: Any) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in await self.db.read(lambda tx: tx.rows(sql, **params))]
