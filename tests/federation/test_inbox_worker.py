"""The worker that applies what came in: in order for each host, hosts side by side, each item once whatever happens."""

import asyncio
from typing import Any

import orjson
import pytest

from federation.inbox.process import LEASE_MS, SHARE, process_batch, run_inbox
from federation.outbox import follows as outbox_follows
from policies.delivery import RETRY_AFTER
from storage import follows, inbox
from storage.queues import Lease
from tests.federation.home import Home, working
from tests.federation.peer import Document, Peer, Someone, proven

HOUR = 3_600_000


async def until(home: Home, where: str, number: int) -> None:
    """Wait until so many inbox items are in a state."""
    async with asyncio.timeout(20):
        while await home.count("inbox", where) < number:
            await home.db.wait_for_commit(0.2)


async def test_a_host_from_which_something_must_be_fetched_delays_no_other(
    home: Home, peer: Peer, stranger: Peer
) -> None:
    """Its items wait for an answer that does not come; what others send meanwhile is applied."""
    await home.rule(peer.host, stranger.host)
    slow, ben = stranger.actor("slow"), peer.actor("ben")
    await home.know(slow)
    await home.know(ben)
    released = stranger.hang("/notes/1")
    async with working(home, run_inbox):
        for _ in range(3):
            await home.send(slow, stranger.activity("Announce", slow, f"{stranger.base}/notes/1"))
        async with asyncio.timeout(20):
            while not stranger.fetched("/notes/1"):
                await home.db.wait_for_commit(0.05)
        for _ in range(2 * SHARE):
            await home.send(ben, peer.create(ben))
        await until(home, "state = 'done'", 2 * SHARE)
        assert await home.count("inbox", "state = 'due'") == 3
        released.set()
        await until(home, "state = 'refused'", 3)


async def test_one_hosts_items_are_applied_in_the_order_they_came(home: Home, peer: Peer) -> None:
    ben = peer.actor("ben")
    note = peer.note(ben)
    await home.know(ben)
    await home.send(ben, peer.activity("Create", ben, note))
    for number in range(12):
        await home.send(ben, peer.activity("Update", ben, {**note, "content": f"<p>{number}</p>"}))
    await home.send(ben, peer.activity("Delete", ben, note["id"]))
    assert await home.process() == ["done"] * 14
    assert await home.find(note["id"]) is None


async def test_many_items_of_one_host_leave_room_for_another(home: Home, peer: Peer, stranger: Peer) -> None:
    await home.rule(peer.host, stranger.host)
    ben, carl = peer.actor("ben"), stranger.actor("carl")
    for _ in range(50):
        await home.put(ben, peer.create(ben))
    await home.put(carl, stranger.create(carl))
    await home.know(ben)
    await home.know(carl)
    await process_batch(home.ctx, "test")
    assert await home.count("inbox", "state = 'done' AND host = :host", host=stranger.host) == 1
    assert await home.count("inbox", "state = 'done' AND host = :host", host=peer.host) == SHARE


async def test_a_stop_leaves_what_is_not_begun(home: Home, peer: Peer, stranger: Peer) -> None:
    """And gives it back at once, without counting an attempt."""
    await home.rule(peer.host, stranger.host)
    slow = stranger.actor("slow")
    await home.know(slow)
    released = stranger.hang("/notes/1")
    for _ in range(4):
        await home.send(slow, stranger.activity("Announce", slow, f"{stranger.base}/notes/1"))
    async with working(home, run_inbox) as stop:
        async with asyncio.timeout(20):
            while not stranger.fetched("/notes/1"):
                await home.db.wait_for_commit(0.05)
        stop.set()
        released.set()
    assert await home.rows("SELECT state, attempts, lease_owner, count(*) FROM inbox GROUP BY 1, 2, 3 ORDER BY 1") == [
        ("due", 0, "", 3),
        ("refused", 1, "", 1),
    ]


async def test_what_a_killed_process_had_claimed_is_applied_by_another(home: Home, peer: Peer) -> None:
    ben = peer.actor("ben")
    await home.send(ben, peer.create(ben))
    now = home.clock()
    killed = await home.db.transact(
        lambda tx: inbox.claim_due(tx, Lease("killed", now, now + LEASE_MS), limit=10, share=10)
    )
    assert len(killed) == 1
    assert await home.process() == []
    home.clock.pass_by(LEASE_MS + 1000)
    assert await home.process() == ["done"]


async def test_a_fault_of_ours_costs_one_item_its_turn_and_ends_some_day(
    home: Home, peer: Peer, caplog: pytest.LogCaptureFixture
) -> None:
    """The others are applied; it is tried again, and given up after days; the log says what happened."""
    ben, anna = peer.actor("ben"), await home.member("anna")
    post = await home.publish(anna, "bonjour")
    for activity in (peer.create(ben), peer.activity("Like", ben, post.uri), peer.create(ben)):
        await home.send(ben, activity)
    await home.db.transact(lambda tx: tx.execute("ALTER TABLE favourites RENAME TO lost"))
    ended = await home.process()
    await home.db.transact(lambda tx: tx.execute("ALTER TABLE lost RENAME TO favourites"))
    assert [end.partition(":")[0] for end in ended] == ["done", "due", "done"]
    assert "could not be applied" in caplog.text
    home.clock.pass_by(HOUR)
    assert await home.process() == ["done"]
    assert await home.count("favourites") == 1


async def test_an_item_that_cannot_be_applied_for_days_is_dead(home: Home, peer: Peer, stranger: Peer) -> None:
    """An author who is not to be had: the last answer stays as the reason, the body goes."""
    await home.rule(peer.host, stranger.host)
    anna, group, carl = await home.member("anna"), peer.group("cardiologie"), stranger.actor("carl")
    await home.join(group, anna, hours=24 * 365)
    stranger.respond("/users/carl", 503)
    inner = stranger.group_activity(carl, stranger.group_note(carl, group.uri))
    await home.send(group, peer.announce(group, inner))
    tries = 0
    while await home.count("inbox", "state = 'due'"):
        tries += len(await home.process())
        home.clock.pass_by(6 * HOUR)
    assert await home.count("inbox", "state = 'dead' AND body IS NULL AND reason LIKE '%503%'") == 1
    assert stranger.fetched("/users/carl") == len(RETRY_AFTER) + 1


# --- applied again, because a process died between applying and noting it ------------------------------------------

TABLES = (
    "statuses", "mentions", "status_tags", "media", "favourites", "follows", "memberships", "home_entries", "notifications",
    "activities", "deliveries", "group_activities", "status_edits",
)  # fmt: skip


async def everything(home: Home) -> dict[str, list[Any]]:
    """All that applying an activity may leave behind."""
    found: dict[str, list[Any]] = {table: await home.rows(f"SELECT * FROM {table} ORDER BY 1, 2") for table in TABLES}
    counts = "SELECT id, followers_count, following_count, statuses_count, disabled_at IS NULL FROM actors ORDER BY id"
    return found | {"counts": await home.rows(counts)}


async def twice(home: Home, sender: Someone, activity: Document) -> str:
    """Apply something, then apply it again as after a crash; nothing may be different. How it ended first.

    But for a Follow, which is answered again: its sender may have lost the answer.
    """
    ended = await home.take(sender, activity)
    before = await everything(home)
    body = orjson.dumps(activity)
    await home.db.transact(
        lambda tx: tx.execute(
            "UPDATE inbox SET state = 'due', due_at = 0, body = :body WHERE activity_uri = :uri",
            body=body,
            uri=activity["id"],
        )
    )
    await home.process()
    after = await everything(home)
    for table in TABLES if activity["type"] != "Follow" else ("follows", "notifications"):
        assert after[table] == before[table], (activity["type"], table)
    assert after["counts"] == before["counts"]
    return ended


async def test_applying_anything_twice_changes_nothing(home: Home, peer: Peer) -> None:
    ben, anna = peer.actor("ben"), await home.member("anna", verified=True)
    peer.attest(ben, now=home.clock())
    await home.know(ben)
    post = await home.publish(anna, "public")
    note = peer.note(
        ben, tag=[{"type": "Mention", "href": anna.uri}, {"type": "Hashtag", "name": "#cas"}], cc=[anna.uri]
    )
    edit = {**note, "content": "<p>2</p>", "updated": "2026-11-17T12:10:00Z"}
    like, boost = peer.activity("Like", ben, post.uri), peer.activity("Announce", ben, post.uri)
    follow = peer.activity("Follow", ben, anna.uri)
    for activity in (
        follow, peer.activity("Create", ben, note), peer.activity("Update", ben, edit), like, boost,
        peer.activity("Undo", ben, like), peer.activity("Undo", ben, boost), peer.activity("Undo", ben, follow),
        peer.activity("Update", ben, ben.document), peer.activity("Delete", ben, note["id"]),
    ):  # fmt: skip
        assert await twice(home, ben, activity) == "done", activity["type"]
    target = await home.stored(ben.uri)
    await outbox_follows.follow(home.ctx, anna.id, target.id)
    asked = await home.db.read(lambda tx: follows.get_follow(tx, anna.id, target.id))
    assert asked is not None
    assert await twice(home, ben, peer.activity("Accept", ben, asked.uri)) == "done"
    assert await twice(home, ben, peer.activity("Reject", ben, asked.uri)) == "done"
    assert await twice(home, ben, peer.activity("Delete", ben, ben.uri)) == "done"


async def test_applying_a_groups_matters_twice_changes_nothing(home: Home, peer: Peer) -> None:
    """At the group's home nothing is announced twice; at a member's home no act of membership counts twice."""
    ben, anna = peer.actor("ben"), await home.member("anna", verified=True)
    peer.attest(ben, now=home.clock())
    group = await home.group("cardiologie", anna, reach=(peer.host,))
    await home.enroll(group, await home.know(ben))
    create = peer.group_activity(ben, peer.group_note(ben, group.uri))
    edit = peer.group_activity(
        ben, {**create["object"], "content": "<p>2</p>", "updated": "2026-11-17T13:00:00Z"}, kind="Update"
    )
    like = proven(ben, peer.activity("Like", ben, create["object"]["id"], audience=group.uri))
    for activity in (create, edit, like, peer.activity("Delete", ben, create["object"]["id"])):
        assert await twice(home, ben, activity) == "done", activity["type"]
    theirs = peer.group("neurologie")
    await home.join(theirs, anna)
    inner = peer.group_activity(ben, peer.group_note(ben, theirs))
    assert await twice(home, theirs, peer.announce(theirs, inner)) == "done"
    join = {"type": "Follow", "actor": anna.uri, "object": theirs.uri}
    assert await twice(home, theirs, peer.activity("Reject", theirs, join, epoch=9)) == "done"
    eve = peer.actor("eve")
    peer.attest(eve, now=home.clock())
    assert await twice(home, eve, peer.activity("Follow", eve, group.uri)) == "done"


async def test_only_the_signers_own_activity_is_read_from_the_table(home: Home, peer: Peer) -> None:
    """Whatever a row says, the activity in it must be its signer's."""
    ben, eve, anna = peer.actor("ben"), peer.actor("eve"), await home.member("anna")
    await home.know(ben)
    await home.know(eve)
    post = await home.publish(anna, "bonjour")
    for activity in (peer.activity("Like", ben, post.uri), peer.activity("Delete", ben, ben.uri), peer.create(ben)):
        await home.put(eve, activity)
        assert (await home.process())[0].startswith("refused: actor-mismatch"), activity["type"]
    assert await home.count("favourites") == 0
    assert (await home.stored(ben.uri)).disabled_at is None
