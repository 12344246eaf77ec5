"""An instance that is restored from a copy, among others that have gone on: what was taken back since stays taken back, and
nobody sees anything of a private group whom somebody who knows has not confirmed.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from federation import reconciling
from federation.outbox import attestations as attestation_acts
from federation.outbox import blocks as block_acts
from federation.outbox import channels as channel_acts
from federation.outbox import follows as follow_acts
from federation.outbox import groups as group_acts
from federation.outbox import sanctions
from federation.outbox.sanctions import Officer, Sanction
from federation.slices import pull
from federation.upkeep import go_round
from policies.terms import Level
from server.restoring import Restored, catch_up
from storage import actors, attestations, channels, groups, instance, members, rules
from storage.copies import RESTORING, copy_database, load_database
from storage.journal import BEGUN, Account, Mark, since
from storage.records import Actor
from tests.scenarios.world import Instance, Member, World, ruleset

OFFICER = Officer(0, "officer")
# What differs between the two is in the tests of both; each of these takes seconds.
ON_ONE_ENGINE = pytest.mark.parametrize("engine", ["sqlite"])


@dataclass(slots=True)
class Copy:
    """A copy of one instance, and where its journal stood."""

    path: Path
    mark: Mark


@dataclass(slots=True)
class Case:
    """CHU A is the home of `cardiologie`; Anna moderates, Alan is a member there, Ben and Bea are at B."""

    world: World
    folder: Path
    a: Instance
    b: Instance
    group: Actor
    anna: Member
    alan: Member
    ben: Member
    bea: Member

    async def join(self, member: Member) -> None:
        """Ask, and be let in by Anna."""
        name = "cardiologie" if member.instance is self.a else f"@cardiologie@{self.a.host}"
        await member.follow(name)
        await self.world.settle()
        asking = await self.known(self.a, member)
        assert await group_acts.accept(self.a.ctx, self.group.id, asking.id, by="anna") is None
        await self.world.settle()

    async def known(self, one: Instance, member: Member) -> Actor:
        found = await one.ctx.db.read(lambda tx: actors.get_actor_by_uri(tx, member.actor.uri))
        assert found is not None
        return found

    async def state(self, one: Instance, member: Member) -> str:
        """What an instance holds of a membership."""
        group = await one.ctx.db.read(lambda tx: actors.get_actor_by_uri(tx, self.group.uri))
        person = await self.known(one, member)
        assert group is not None
        known = await one.ctx.db.read(lambda tx: groups.get_membership(tx, group.id, person.id))
        return known.state if known else ""

    async def epoch(self) -> int:
        found = await self.a.ctx.db.read(lambda tx: groups.get_group(tx, self.group.id))
        assert found is not None
        return found.epoch

    def copy(self, one: Instance) -> Copy:
        assert one.journal is not None
        path, mark = self.folder / f"{one.name}.copy", one.journal.mark()
        copy_database(one.address, path)
        return Copy(path, mark)

    @asynccontextmanager
    async def down(self, one: Instance, copy: Copy) -> AsyncIterator[None]:
        """Stop it, put the copy in its place, do what the block does, and serve again."""
        await one.stack.aclose()
        load_database(one.address, copy.path)
        yield
        await self.world.restart(one)
        for name in one.people:
            await one.sign_in(name)

    async def restore(self, one: Instance, copy: Copy, *, whole: bool = True) -> Restored:
        assert one.journal is not None
        account = since(one.journal.read(), copy.mark) if whole else Account([], whole=False)
        account = Account([line for line in account.lines if line.kind != BEGUN], whole=account.whole)
        async with self.down(one, copy), self.world.offline(one.address, one.host) as ctx:
            return await catch_up(ctx, account, by="console")

    async def rounds(self) -> None:
        """What happens by itself within a minute, everywhere."""
        await self.world.settle()
        for one in self.world.instances:
            await go_round(one.ctx)
        await self.world.settle()


@pytest.fixture
async def case(world: World, tmp_path: Path) -> Case:
    a, b = await world.instance("a", journalled=True), await world.instance("b", journalled=True)
    await a.rule(ruleset("CHU A", b.host))
    await b.rule(ruleset("CHU B", a.host))
    people = [
        await one.member(name, profession="physician", specialty="cardiology")
        for one, name in ((a, "anna"), (a, "alan"), (b, "ben"), (b, "bea"))
    ]
    group = await a.group("cardiologie", people[0], reach=(b.host,))
    made = Case(world, tmp_path, a, b, group, *people)
    for member in people[1:]:
        await made.join(member)
    return made


async def texts(member: Member) -> list[str]:
    """The words of the group's posts that somebody is shown at home, the last of each."""
    return sorted(
        post["content"].rstrip("</p>").rpartition(" ")[2]
        for post in await member.home()
        if post["visibility"] == "private"
    )


async def held(one: Instance, table: str) -> int:
    counted: int = await one.ctx.db.read(lambda tx: tx.value(f"SELECT count(*) FROM {table} WHERE state = 'held'"))
    return counted


async def test_a_groups_home_restored_forgets_no_retraction_and_its_members_go_on(case: Case) -> None:
    kept = await case.anna.post("@cardiologie un cas kept")
    gone = await case.alan.post("@cardiologie un cas gone")
    await case.world.settle()
    assert await texts(case.ben) == ["gone", "kept"]
    copy, before = case.copy(case.a), await case.epoch()

    late = await case.anna.post("@cardiologie un cas late")
    await case.world.settle()
    assert await texts(case.ben) == ["gone", "kept", "late"]
    # None of this leaves before the machine is lost.
    for one in (late, gone):
        author = case.anna if one is late else case.alan
        assert (await author.ask("DELETE", f"/api/v1/statuses/{one['id']}")).status == 200
    bea = await case.known(case.a, case.bea)
    assert await group_acts.remove(case.a.ctx, case.group.id, bea.id, by="anna") is True
    assert await attestation_acts.revoke(case.a.ctx, case.alan.actor.id, reason="left", by="console")
    old_token = case.anna.token

    restored = await case.restore(case.a, copy)
    assert restored.whole
    assert restored.missed == []
    assert await case.epoch() > before
    assert (await case.a.ask("GET", "/api/v1/timelines/home", token=old_token)).status == 401
    assert await texts(case.anna) == ["kept"]
    assert await texts(case.alan) == []
    assert await case.state(case.a, case.alan) == "ended"
    assert await case.state(case.a, case.bea) == "ended"

    # Ben's host has not been heard of: nothing is sent or served for him yet.
    assert await case.state(case.a, case.ben) == "unconfirmed"
    await case.anna.post("@cardiologie un cas new")
    assert await held(case.a, "deliveries") == 1
    assert (await case.a.ask("GET", f"/api/v1/statuses/{kept['id']}", token=case.alan.token)).status == 404

    await case.rounds()
    assert await case.state(case.a, case.ben) == "active"
    assert await case.state(case.b, case.bea) == "ended"
    assert await texts(case.ben) == ["kept", "new"]
    assert await texts(case.bea) == []
    answer = await case.ben.post(f"@cardiologie@{case.a.host} une réponse ben")
    await case.world.settle()
    assert answer["content"]
    assert await texts(case.anna) == ["ben", "kept", "new"]


@ON_ONE_ENGINE
async def test_what_members_elsewhere_post_before_they_are_confirmed_waits(case: Case) -> None:
    copy = case.copy(case.a)
    await case.restore(case.a, copy)
    await case.ben.post(f"@cardiologie@{case.a.host} un cas early")
    await case.world.settle()
    assert await held(case.a, "inbox") == 1
    assert await texts(case.anna) == []
    await case.rounds()
    assert await texts(case.anna) == ["early"]


@ON_ONE_ENGINE
async def test_a_members_home_restored_shows_nothing_until_it_has_asked(case: Case) -> None:
    await case.anna.post("@cardiologie un cas before")
    await case.world.settle()
    copy = case.copy(case.b)
    bea = await case.known(case.a, case.bea)
    assert await group_acts.remove(case.a.ctx, case.group.id, bea.id, by="anna") is True
    await case.world.settle()
    assert await case.state(case.b, case.bea) == "ended"

    # The journal is lost with the machine: nothing here knows of the removal any more.
    await case.restore(case.b, copy, whole=False)
    for member in (case.ben, case.bea):
        assert await case.state(case.b, member) == "unconfirmed"
        assert await texts(member) == []
        for name in ("@cardiologie", f"@cardiologie@{case.a.host}"):
            assert (await member.ask("POST", "/api/v1/statuses", status=f"{name} un cas")).status == 422
    await case.anna.post("@cardiologie un cas after")
    await case.world.settle()
    assert await held(case.b, "inbox") == 1
    assert await texts(case.ben) == []

    await case.rounds()
    assert await texts(case.ben) == ["after", "before"]
    assert await case.state(case.b, case.bea) == "ended"
    assert await texts(case.bea) == []


@ON_ONE_ENGINE
async def test_what_ended_at_a_members_home_stays_ended_at_once(case: Case) -> None:
    """Ben left, and Bea was removed: the journal knows, before any home is asked. An older word brings nobody back."""
    await case.anna.post("@cardiologie un cas before")
    await case.world.settle()
    copy = case.copy(case.b)
    remote = await case.b.ctx.db.read(lambda tx: actors.get_actor_by_uri(tx, case.group.uri))
    assert remote is not None
    await follow_acts.unfollow(case.b.ctx, case.ben.actor.id, remote.id)
    bea = await case.known(case.a, case.bea)
    assert await group_acts.remove(case.a.ctx, case.group.id, bea.id, by="anna") is True
    await case.world.settle()
    ended = await case.b.ctx.db.read(lambda tx: groups.get_membership(tx, remote.id, case.bea.actor.id))

    assert (await case.restore(case.b, copy)).whole
    for member in (case.ben, case.bea):
        assert await case.state(case.b, member) == "ended"
        assert await texts(member) == []
    known = await case.b.ctx.db.read(lambda tx: groups.get_membership(tx, remote.id, case.bea.actor.id))
    assert known is not None
    assert ended is not None
    assert known.epoch == ended.epoch


async def test_without_the_journal_somebody_looks_at_the_members_first(case: Case) -> None:
    await case.anna.post("@cardiologie un cas before")
    await case.world.settle()
    copy = case.copy(case.a)
    bea = await case.known(case.a, case.bea)
    assert await group_acts.remove(case.a.ctx, case.group.id, bea.id, by="anna") is True
    await case.a.ctx.db.transact(lambda tx: groups.update_group(tx, case.group.id, joining="automatic"))

    await case.restore(case.a, copy, whole=False)
    await case.a.ctx.db.transact(lambda tx: groups.update_group(tx, case.group.id, joining="automatic"))
    await case.rounds()
    for member in (case.anna, case.alan, case.ben, case.bea):
        assert await case.state(case.a, member) == "unconfirmed"
    assert await texts(case.alan) == []
    remote = await case.b.ctx.db.read(lambda tx: actors.get_actor_by_uri(tx, case.group.uri))
    assert remote is not None
    assert not await pull(case.b.ctx, remote)
    assert await case.state(case.b, case.ben) == "active"  # nobody was told that they are none: leases go on
    alice = await case.a.member("alice", profession="physician")
    joining = await alice.ask("POST", f"/api/v1/accounts/{case.group.id}/follow")
    assert joining.status == 403  # who was banned since may be forgotten, and no moderator is one now
    assert await case.state(case.a, alice) == ""

    waiting = await reconciling.list_waiting(case.a.ctx)
    assert [(actor.username, len(found)) for actor, _, found in waiting] == [("cardiologie", 4)]
    assert await group_acts.remove(case.a.ctx, case.group.id, bea.id, by="console") is True
    assert await reconciling.confirm_group(case.a.ctx, case.group.id, by="console")
    assert not await reconciling.confirm_group(case.a.ctx, case.group.id, by="console")
    assert await texts(case.alan) == ["before"]
    await case.rounds()
    assert await case.state(case.a, case.ben) == "active"
    assert await texts(case.ben) == ["before"]
    assert await texts(case.bea) == []
    assert await reconciling.list_waiting(case.a.ctx) == []


@ON_ONE_ENGINE
async def test_what_nobody_will_confirm_is_ended_by_hand(case: Case) -> None:
    for one in (case.a, case.b):
        await case.restore(one, case.copy(one))
    assert await reconciling.give_up(case.a.ctx, case.group.id, case.b.host, by="console") == 2
    assert await case.state(case.a, case.ben) == "ended"
    remote = await case.b.ctx.db.read(lambda tx: actors.get_actor_by_uri(tx, case.group.uri))
    assert remote is not None
    assert await reconciling.give_up(case.b.ctx, remote.id, "", by="console") == 2
    assert await case.state(case.b, case.ben) == "ended"


@ON_ONE_ENGINE
async def test_everything_that_takes_sight_away_is_told_again(case: Case) -> None:
    a, anna, alan, ben = case.a, case.anna.actor, case.alan.actor, await case.known(case.a, case.ben)
    await case.ben.follow(f"@anna@{a.host}")
    await case.alan.follow("anna")
    await case.world.settle()
    channel = await channel_acts.create(a.ctx, "news", title="News", operator_id=alan.id, by="console")
    await channel_acts.add_operator(a.ctx, channel, anna.id, by="console")
    suspended = await a.member("sam", profession="physician")
    closed = await a.member("carla")
    back = await a.member("bob")
    await sanctions.punish(a.ctx, back.actor.id, Sanction.SUSPEND, by=OFFICER)
    copy = case.copy(a)

    assert await follow_acts.remove_follower(a.ctx, anna.id, ben.id)
    await block_acts.block(a.ctx, anna.id, alan.id)
    await channel_acts.remove_operator(a.ctx, channel, alan.id, by="console")
    await sanctions.punish(a.ctx, suspended.actor.id, Sanction.SUSPEND, by=OFFICER)
    await sanctions.punish(a.ctx, closed.actor.id, Sanction.DISABLE, by=OFFICER)
    await sanctions.lift(a.ctx, back.actor.id, Sanction.SUSPEND, by=OFFICER)
    assert await group_acts.ban(a.ctx, case.group.id, ben.id, by="console", reason="") is None
    await a.rule(ruleset("CHU A", case.b.host, state='"suspended"'))

    restored = await case.restore(a, copy)
    assert restored.missed == []

    async def found(tx: Any) -> dict[str, Any]:
        person = await members.get_person(tx, closed.actor.id)
        sam, bob = await actors.get_actor(tx, suspended.actor.id), await actors.get_actor(tx, back.actor.id)
        current = await rules.get_current(tx)
        return {
            "follows": await tx.value("SELECT count(*) FROM follows WHERE followee_id = :id", id=anna.id),
            "blocks": await tx.value("SELECT count(*) FROM blocks WHERE owner_id = :id", id=anna.id),
            "operators": [one.actor.id for one in await channels.list_operators(tx, channel.id)],
            "closed": person is not None and person.member.disabled_at is not None,
            "suspended": sam is not None and sam.disabled_by,
            "back": bob is not None and bob.disabled_at is None,
            "rules": current is not None and '"suspended"' in current.body,
            "mark": await instance.get_value(tx, RESTORING),
        }

    assert await a.ctx.db.read(found) == {
        "follows": 0,
        "blocks": 1,
        "operators": [anna.id],
        "closed": True,
        "suspended": "here",
        "back": True,
        "rules": True,
        "mark": None,
    }
    assert await case.state(a, case.ben) == "banned"


@ON_ONE_ENGINE
async def test_what_began_anew_before_the_copy_stays(case: Case) -> None:
    """Lines shortly before the copy are told too; what the copy knows better is left as it is."""
    bea = await case.known(case.a, case.bea)
    assert await group_acts.remove(case.a.ctx, case.group.id, bea.id, by="anna") is True
    await case.world.settle()
    await case.join(case.bea)
    await attestation_acts.revoke(case.a.ctx, case.alan.actor.id, reason="mistake", by="console")
    await attestation_acts.verify(
        case.a.ctx, case.alan.actor.id, attestation_acts.Evidence("physician", Level.CHECKED), by="console"
    )
    await case.join(case.alan)
    copy = case.copy(case.a)
    restored = await case.restore(case.a, copy)
    assert restored.told > 0
    assert await case.state(case.a, case.alan) == "active"
    assert await case.state(case.a, case.bea) == "unconfirmed"
    await case.rounds()
    assert await case.state(case.a, case.bea) == "active"


@ON_ONE_ENGINE
async def test_who_is_unknown_to_the_copy_is_named(case: Case) -> None:
    copy = case.copy(case.a)
    eve = await case.b.member("eve", profession="physician", specialty="cardiology")
    await eve.follow(f"@cardiologie@{case.a.host}")
    await case.world.settle()
    person = await case.known(case.a, eve)
    assert await group_acts.ban(case.a.ctx, case.group.id, person.id, by="console", reason="") is None
    restored = await case.restore(case.a, copy)
    assert [(line.kind, line.facts["member"]) for line in restored.missed] == [("membership", eve.actor.uri)]


@ON_ONE_ENGINE
async def test_others_attestations_are_asked_for_again(case: Case) -> None:
    ben = await case.known(case.a, case.ben)
    await case.restore(case.a, case.copy(case.a))
    known = await case.a.ctx.db.read(lambda tx: attestations.get_attestation(tx, ben.id))
    assert known is not None
    assert known.fetched_at == 0
    await case.rounds()
    known = await case.a.ctx.db.read(lambda tx: attestations.get_attestation(tx, ben.id))
    assert known is not None
    assert known.fetched_at > 0
    assert await case.state(case.a, case.ben) == "active"
