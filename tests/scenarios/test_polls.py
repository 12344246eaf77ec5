"""Polls across institutions: in public, and inside a group, where votes pass by the group's home to the author's alone."""

from functools import partial
from typing import Any

from federation.outbox import groups as group_acts
from federation.outbox import polls as acts
from storage import actors
from tests.scenarios.world import Instance, Member, World, ruleset

POLL = {"options": ["Colchicine", "Aspirine"], "expires_in": 3_600}
MINUTE = 60_000


class Case:
    """A with the group, B and C with a member each."""

    def __init__(self, world: World) -> None:
        self.world = world

    async def open(self) -> "Case":
        self.a, self.b, self.c = [await self.world.instance(name) for name in "abc"]
        for one in (self.a, self.b, self.c):
            others = [other.host for other in (self.a, self.b, self.c) if other is not one]
            await one.rule(ruleset(one.name, *others))
        self.anna = await self.a.member("anna", profession="physician")
        self.ben = await self.b.member("ben", profession="physician")
        self.carl = await self.c.member("carl", profession="physician")
        self.group = await self.a.group("cardiologie", self.anna, reach=(self.b.host, self.c.host))
        for member in (self.ben, self.carl):
            await member.follow(f"@cardiologie@{self.a.host}")
            await self.world.settle()
            remote = await self.a.ctx.db.read(partial(actors.get_actor_by_uri, uri=member.actor.uri))
            assert remote is not None
            await group_acts.accept(self.a.ctx, self.group.id, remote.id, by="anna")
            await self.world.settle()
        return self

    a: Instance
    b: Instance
    c: Instance

    async def tell(self) -> None:
        """The minute in which results are told passes."""
        self.world.clock.pass_by(MINUTE + 1)
        for one in (self.a, self.b, self.c):
            await acts.tell_due(one.ctx)
        await self.world.settle()


async def vote(member: Member, choice: int) -> None:
    (post,) = [one for one in await member.home() if one["poll"]]
    answer = await member.ask("POST", f"/api/v1/polls/{post['poll']['id']}/votes", choices=[choice])
    assert answer.status == 200, answer.body


async def counts(member: Member) -> list[int]:
    (post,) = [one for one in await member.home() if one["poll"]]
    return [one["votes_count"] for one in post["poll"]["options"]]


async def stored_votes(instance: Instance) -> list[Any]:
    rows = await instance.ctx.db.read(
        lambda tx: tx.rows("SELECT a.username FROM poll_votes v JOIN actors a ON a.id = v.actor_id ORDER BY 1")
    )
    return [row[0] for row in rows]


async def test_a_public_poll_is_counted_at_its_authors_home(world: World) -> None:
    case = await Case(world).open()
    for member in (case.ben, case.carl):
        await member.follow(f"@anna@{case.a.host}")
    await world.settle()
    await case.anna.post("Que donner ?", poll=POLL, visibility="public")
    await world.settle()
    await vote(case.ben, 0)
    await vote(case.carl, 1)
    assert await counts(case.ben) == [1, 0]  # what its own home knows until it is told
    await world.settle()
    assert await counts(case.anna) == [1, 1]
    await case.tell()
    for member in (case.ben, case.carl):
        assert await counts(member) == [1, 1]
    (shown,) = await case.ben.home()
    assert shown["edited_at"] is None
    world.clock.pass_by(3_600_000)
    await case.tell()
    for member in (case.anna, case.ben, case.carl):
        told = (await member.ask("GET", "/api/v1/notifications", types=["poll"])).body
        assert [one["type"] for one in told] == ["poll"], member.actor.username


async def test_votes_in_a_group_reach_the_authors_home_and_no_other(world: World) -> None:
    """The author is at B, the group at A, a voter at C and one at each of the others."""
    case = await Case(world).open()
    post = await case.ben.post(f"@cardiologie@{case.a.host} Que donner ?", poll=POLL, visibility="private")
    await world.settle()
    assert post["poll"]["votes_count"] == 0
    await vote(case.carl, 0)
    await vote(case.anna, 1)
    await world.settle()
    assert await counts(case.ben) == [1, 1]
    assert await stored_votes(case.b) == ["anna", "carl"]
    assert await stored_votes(case.a) == ["anna"]
    assert await stored_votes(case.c) == ["carl"]
    await case.tell()
    for member in (case.anna, case.ben, case.carl):
        assert await counts(member) == [1, 1]


async def test_a_vote_of_who_is_no_member_any_more_does_not_count(world: World) -> None:
    case = await Case(world).open()
    await case.anna.post("@cardiologie Que donner ?", poll=POLL, visibility="private")
    await world.settle()
    remote = await case.a.ctx.db.read(lambda tx: actors.get_actor_by_uri(tx, case.carl.actor.uri))
    assert remote is not None
    await vote(case.carl, 0)  # on its way while its voter is removed
    await group_acts.remove(case.a.ctx, case.group.id, remote.id, by="anna")
    await world.settle()
    assert await counts(case.anna) == [0, 0]
    assert await stored_votes(case.a) == []
