"""Groups and memberships as rows: who is present, whose host is told, what a host has to do with a group."""

from storage import attestations, groups
from storage.database import Database
from storage.records import Actor, Attestation
from tests.storage.rows import EARLIER, LATER, NOW, Rows, ask, do

STATES = ("invited", "pending", "active", "ended", "banned")


async def people(rows: Rows, group: Actor, host: str) -> dict[str, Actor]:
    """One person of a host in each state, and one whose lease has run out."""
    found = {}
    for state in STATES:
        found[state] = await rows.actor(host=host)
        await rows.enroll(group, found[state], state=state)
    found["lapsed"] = await rows.actor(host=host)
    await rows.enroll(group, found["lapsed"], until=NOW)
    return found


async def test_only_present_members_of_other_hosts_are_announced_to(db: Database) -> None:
    """Once for each host, at its shared inbox where there is one; never to ourselves, nor for who is disabled."""
    rows = Rows(db)
    group = await rows.group()
    for host in ("b.example", "c.example"):
        await people(rows, group, host)
    lonely = await rows.group()
    for state in ("invited", "pending", "ended", "banned"):
        await rows.enroll(lonely, await rows.actor(host="d.example"), state=state)
    await rows.enroll(lonely, await rows.actor(host="d.example"), until=NOW)
    await rows.enroll(lonely, await rows.actor(host="e.example", disabled_at=NOW))
    await rows.enroll(lonely, await rows.member())
    await rows.enroll(group, await rows.actor(host="b.example", shared_inbox="https://b.example/inbox"))
    found = await ask(db, groups.list_member_hosts, group.id, now=NOW)
    assert found.keys() == {"b.example", "c.example"}
    assert await ask(db, groups.list_member_hosts, lonely.id, now=NOW) == {}


async def test_who_of_a_host_is_there(db: Database) -> None:
    rows = Rows(db)
    for state in (*STATES, "lapsed", "disabled"):
        group = await rows.group()
        member = await rows.actor(host="b.example", disabled_at=NOW if state == "disabled" else None)
        known = "active" if state in {"lapsed", "disabled"} else state
        await rows.enroll(group, member, state=known, until=NOW if state == "lapsed" else LATER)
        active = await ask(db, groups.has_active_member_of, group.id, host="b.example", now=NOW)
        anybody = await ask(db, groups.has_any_member_of, group.id, host="b.example")
        assert active is (state == "active"), state
        assert anybody is (state not in {"ended", "banned"}), state
        for other in ("example", "x.b.example", "B.example", ""):
            assert not await ask(db, groups.has_any_member_of, group.id, host=other)


async def test_readers_here_are_present_members_with_an_open_account(db: Database) -> None:
    rows = Rows(db)
    group, open_, closed, lapsed = (
        await rows.group(),
        await rows.member(),
        await rows.member(disabled_at=1),
        await rows.member(),
    )
    await rows.enroll(group, open_)
    await rows.enroll(group, closed)
    await rows.enroll(group, lapsed, until=EARLIER)
    for state in ("invited", "pending", "ended", "banned"):
        await rows.enroll(group, await rows.member(), state=state)
    await rows.enroll(group, await rows.actor(host="b.example"))
    assert await ask(db, groups.list_local_member_ids, group.id, now=NOW) == [open_.id]


async def test_beginning_anew_keeps_the_row_of_a_membership(db: Database) -> None:
    rows = Rows(db)
    group, member = await rows.group(), await rows.member()
    first = await rows.enroll(group, member, state="ended")
    await rows.enroll(group, member, state="pending")
    found = await ask(db, groups.get_membership, group.id, member.id)
    assert found is not None
    assert (found.id, found.created_at, found.state) == (first.id, first.created_at, "pending")


async def test_a_suspended_hosts_memberships_are_those_of_its_people_and_in_its_groups(db: Database) -> None:
    """With its subdomains, in both directions; not those of hosts whose names merely end so."""
    rows = Rows(db)
    ours, theirs, member = await rows.group(), await rows.group(host="x.evil.example"), await rows.member()
    for host in ("evil.example", "x.evil.example", "notevil.example", "b.example"):
        await rows.enroll(ours, await rows.actor(host=host))
    await rows.enroll(ours, member)
    await rows.enroll(theirs, member)
    found = await ask(db, groups.list_memberships_of_host, "evil.example")
    assert sorted((one.actor.host, one.membership.group_id == theirs.id) for one in found) == [
        ("", True), ("evil.example", False), ("x.evil.example", False),
    ]  # fmt: skip


async def test_one_process_pulls_a_slice_that_is_due_and_has_members_here(db: Database) -> None:
    rows = Rows(db)
    theirs, empty, ours = await rows.group(host="b.example"), await rows.group(host="c.example"), await rows.group()
    member = await rows.member()
    await rows.enroll(theirs, member, until=EARLIER)
    await rows.enroll(ours, member)
    await rows.enroll(empty, member, state="ended")

    async def claim(now: int) -> int | None:
        return await do(db, groups.claim_slice_pull, now=now, lease=10)

    assert await claim(NOW) == theirs.id, "a lapsed lease may be renewed"
    assert await claim(NOW + 9) is None
    assert await claim(NOW + 10) == theirs.id, "the puller was killed"
    await db.transact(lambda tx: groups.update_group(tx, theirs.id, pull_due_at=NOW + 100, pull_lease_until=0))
    assert await claim(NOW + 99) is None
    assert await claim(NOW + 100) == theirs.id


async def test_who_has_lapsed_is_known_by_the_attestation(db: Database) -> None:
    """Members of our groups, from here or elsewhere, whose attestation was revoked or has ended."""
    rows = Rows(db)
    ours, theirs = await rows.group(), await rows.group(host="c.example")
    expected = set()
    for name, host, changes, lapsed in (
        ("good", "b.example", {}, False),
        ("over", "b.example", {"valid_until": NOW}, True),
        ("revoked", "b.example", {"revoked_at": NOW}, True),
        ("ours", "", {"valid_until": NOW}, True),
    ):
        member = await rows.actor(host=host)
        whole: dict[str, int | None] = {"valid_until": LATER, "revoked_at": None, **changes}
        record = Attestation(
            member.id, f"https://x.example/{name}", "i", 3, "physician", "[]", "", "", NOW,
            whole["valid_until"] or 0, whole["revoked_at"], NOW,
        )  # fmt: skip
        await do(db, attestations.upsert_attestation, record)
        await rows.enroll(ours, member)
        await rows.enroll(theirs, member)
        if lapsed:
            expected.add((ours.id, member.id))
    assert set(await ask(db, attestations.list_lapsed_members, now=NOW)) == expected
