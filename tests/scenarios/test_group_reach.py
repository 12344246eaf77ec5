"""A private group lets a third institution in: its posts go there as far as the homes of their authors agreed."""

import re

import pytest

from federation.outbox import groups as group_acts
from federation.outbox.group_reach import expel_host, widen
from storage import actors, policy_offers
from tests.scenarios.test_group_posts import Case
from tests.scenarios.world import Instance, Member, World, ruleset


class Three(Case):
    """CHU C, whose Carl may come in once the group reaches it."""

    c: Instance
    carl: Member

    @classmethod
    async def begin(cls, world: World, *, at_b: str = "") -> "Three":
        """`at_b`: what B's rules say of C, as TOML; "" knows no C."""
        case = await cls.open(world)
        assert isinstance(case, Three)
        await case.join(world, case.ben)
        case.c = await world.instance("c")
        await case.a.rule(ruleset("CHU A", case.b.host, case.c.host))
        await case.b.rule(ruleset("CHU B", case.a.host) + at_b.format(host=case.c.host))
        await case.c.rule(ruleset("CHU C", case.a.host, case.b.host))
        case.carl = await case.c.member("carl", profession="physician", specialty="cardiology")
        return case

    async def welcome(self, world: World) -> None:
        """Carl asks and is let in; B is not asked for anything meanwhile."""
        await self.carl.follow(f"@cardiologie@{self.a.host}")
        await world.settle()
        remote = await self.a.ctx.db.read(lambda tx: actors.get_actor_by_uri(tx, self.carl.actor.uri))
        assert remote is not None
        assert await group_acts.accept(self.a.ctx, self.group.id, remote.id, by="anna") is None
        await world.settle()

    async def agreed(self) -> list[str]:
        found = await self.a.ctx.db.read(lambda tx: policy_offers.list_offers(tx, self.group.id))
        return [one.agreed for one in found if one.host == self.b.host]

    async def carl_reads(self) -> list[str]:
        return [word for one in await self.carl.home() for word in re.findall(r"cas\d", one["content"])]


LISTED = '[peers."{host}"]\norganisation = "CHU C"\nstate = "active"\n'


async def test_posts_go_to_a_new_host_once_their_authors_home_has_agreed(world: World) -> None:
    case = await Three.begin(world, at_b=LISTED)
    await widen(case.a.ctx, case.group.id, [case.c.host], by="anna")
    await world.settle()
    assert [case.c.host in one for one in await case.agreed()] == [True]
    await case.welcome(world)
    await case.anna.post("@cardiologie cas1")
    await case.ben.post(f"@cardiologie@{case.a.host} cas2")
    await world.settle()
    assert sorted(await case.carl_reads()) == ["cas1", "cas2"]

    assert await expel_host(case.a.ctx, case.group.id, case.c.host, by="anna") == 1
    await world.settle()
    assert await case.carl_reads() == []
    await case.anna.post("@cardiologie cas3")
    await world.settle()
    assert await case.carl_reads() == []
    assert (
        await case.c.ctx.db.read(lambda tx: tx.value("SELECT count(*) FROM statuses WHERE content LIKE '%cas3%'")) == 0
    )


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_posts_stay_where_their_authors_home_agreed(world: World) -> None:
    """B refuses C: Anna's posts go there; nothing of Ben's does, neither an edit nor a new post, which B itself refuses."""
    case = await Three.begin(world, at_b='[peers."{host}"]\norganisation = "CHU C"\nstate = "suspended"\n')
    before = await case.ben.post(f"@cardiologie@{case.a.host} cas0")
    await world.settle()
    await widen(case.a.ctx, case.group.id, [case.c.host], by="anna")
    await world.settle()
    assert [case.c.host in one for one in await case.agreed()] == [False]
    await case.welcome(world)
    await case.ben.ask("PUT", f"/api/v1/statuses/{before['id']}", status=f"@cardiologie@{case.a.host} cas0 corrigé")
    await case.anna.post("@cardiologie cas1")
    await case.ben.ask("POST", "/api/v1/statuses", status=f"@cardiologie@{case.a.host} cas2")
    await world.settle()
    assert await case.carl_reads() == ["cas1"]
    found = await case.c.ctx.db.read(lambda tx: tx.rows("SELECT content FROM statuses ORDER BY id"))
    assert ["cas1" in row[0] for row in found] == [True]
