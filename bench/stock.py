"""People and posts from elsewhere put straight into a database, by the code that stores them in life but without HTTP.

For what would take too long by the ordinary protocol: a thousand followers, a hundred thousand posts.
"""

from collections.abc import Sequence
from functools import partial

from bench.remotes import Remote, create_note, render_actor
from federation.act import Act, perform
from federation.context import Context
from federation.remote_actors import store_actor
from federation.remote_posts import Placement, store_note
from federation.wire.actors import parse_actor
from federation.wire.objects import parse_note
from federation.wire.origins import Handle
from policies.terms import Audience
from storage import follows
from storage.database import Transaction
from storage.ids import new_id
from storage.records import Actor, Follow

BATCH = 200


async def add_people(ctx: Context, remotes: Sequence[Remote]) -> list[Actor]:
    """Store actors as if they had been fetched."""

    async def store(batch: Sequence[Remote], act: Act) -> list[Actor]:
        return [
            await store_actor(act, parse_actor(render_actor(remote)), Handle(remote.name, remote.host))
            for remote in batch
        ]

    found: list[Actor] = []
    for start in range(0, len(remotes), BATCH):
        found += await perform(ctx, partial(store, remotes[start : start + BATCH]))
    return found


async def add_follows(ctx: Context, followers: Sequence[Actor], followees: Sequence[Actor]) -> None:
    """Each of the first follows each of the second, accepted."""

    async def store(act: Act) -> None:
        for follower in followers:
            for followee in followees:
                uri = f"{follower.uri}#follows/{followee.id}"
                follow = Follow(new_id(act.now), follower.id, followee.id, uri, "accepted", 1, 0, act.now)
                await follows.insert_follow(act.tx, follow)

    await perform(ctx, store)


async def add_posts(
    ctx: Context, remotes: Sequence[Remote], authors: Sequence[Actor], numbers: range, first: int
) -> None:
    """Public posts of these people in turns, in their followers' home timelines; published a millisecond apart."""

    async def store(batch: range, act: Act) -> None:
        for number in batch:
            place = number % len(remotes)
            note = parse_note(create_note(remotes[place], number, first + number)["object"])
            await store_note(act, note, authors[place], Placement(Audience.PUBLIC))

    for start in range(numbers.start, numbers.stop, BATCH):
        batch = range(start, min(start + BATCH, numbers.stop))
        await perform(ctx, partial(store, batch))
    await _count_rows(ctx)


async def _count_rows(ctx: Context) -> None:
    """Let PostgreSQL count its rows, as it does by itself within a minute."""
    if ctx.db.dialect != "postgresql":
        return

    async def unit(tx: Transaction) -> None:
        await tx.execute("ANALYZE")

    await ctx.db.transact(unit)
