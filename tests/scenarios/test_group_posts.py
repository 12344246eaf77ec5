"""A private group across two institutions, and a third that must learn nothing."""

from federation.outbox import groups as group_acts
from federation.slices import pull
from storage import actors, deliveries
from storage.records import Actor
from tests.scenarios.world import DAY, Instance, Member, World, ruleset


class Case:
    """CHU A with the group `cardiologie`, a member at B, a nurse at B who is none, and an unrelated C."""

    a: Instance
    b: Instance
    anna: Member
    ben: Member
    nina: Member

    @classmethod
    async def open(cls, world: World) -> "Case":
        case = cls()
        case.a, case.b = await world.instance("a"), await world.instance("b")
        await case.a.rule(ruleset("CHU A", case.b.host))
        await case.b.rule(ruleset("CHU B", case.a.host))
        case.anna = await case.a.member("anna", profession="physician", specialty="cardiology")
        case.ben = await case.b.member("ben", profession="physician", specialty="cardiology")
        case.nina = await case.b.member("nina", profession="nurse")
        case.group = await case.a.group("cardiologie", case.anna, reach=(case.b.host,))
        return case

    async def join(self, world: World, member: Member) -> None:
        """Ask to join from B, and be accepted by the moderator at A."""
        relation = await member.follow(f"@cardiologie@{self.a.host}")
        assert relation["requested"]
        await world.settle()
        remote = await self.a.ctx.db.read(lambda tx: actors.get_actor_by_uri(tx, member.actor.uri))
        assert remote is not None
        assert await group_acts.accept(self.a.ctx, self.group.id, remote.id, by="anna") is None
        await world.settle()

    group: Actor


async def test_a_case_is_discussed_by_the_members_alone(world: World) -> None:
    case = await Case.open(world)
    await case.join(world, case.ben)

    post = await case.anna.post("@cardiologie un cas de péricardite", visibility="public", spoiler_text="cas")
    assert post["visibility"] == "private"
    await world.settle()
    (seen,) = await case.ben.home()
    assert "péricardite" in seen["content"]
    assert seen["visibility"] == "private"
    assert seen["content"].startswith('<p><span class="h-card"')
    assert await case.nina.home() == []

    reply = await case.ben.post("colchicine ?", in_reply_to_id=seen["id"], visibility="private")
    assert reply["visibility"] == "private"
    await world.settle()
    thread = (await case.anna.ask("GET", f"/api/v1/statuses/{post['id']}/context")).body
    assert ["colchicine" in one["content"] for one in thread["descendants"]] == [True]

    for member in (case.anna, case.ben):
        (listed,) = (await member.ask("GET", "/api/v1/lists")).body
        assert listed["title"] == "Cardiologie"
        shown = (await member.ask("GET", f"/api/v1/timelines/list/{listed['id']}")).body
        assert len(shown) == 2
    assert (await case.nina.ask("GET", "/api/v1/lists")).body == []
    assert (await case.nina.ask("GET", f"/api/v1/statuses/{seen['id']}")).status == 404


async def test_boosting_and_quoting_are_refused(world: World) -> None:
    case = await Case.open(world)
    await case.join(world, case.ben)
    await case.anna.post("@cardiologie un cas")
    await world.settle()
    (seen,) = await case.ben.home()
    answer = await case.ben.ask("POST", f"/api/v1/statuses/{seen['id']}/reblog")
    assert answer.status == 422
    assert answer.body["error"]


async def test_edits_and_deletions_reach_every_member(world: World) -> None:
    case = await Case.open(world)
    await case.join(world, case.ben)
    post = await case.anna.post("@cardiologie avant")
    await world.settle()
    (seen,) = await case.ben.home()
    await case.anna.ask("PUT", f"/api/v1/statuses/{post['id']}", status="@cardiologie après")
    await world.settle()
    assert "après" in (await case.ben.ask("GET", f"/api/v1/statuses/{seen['id']}")).body["content"]

    reply = await case.ben.post("d'accord", in_reply_to_id=seen["id"])
    await world.settle()
    await case.ben.ask("PUT", f"/api/v1/statuses/{reply['id']}", status="pas d'accord")
    await world.settle()
    (at_home,) = (await case.anna.ask("GET", f"/api/v1/statuses/{post['id']}/context")).body["descendants"]
    assert "pas d&#x27;accord" in at_home["content"] or "pas d'accord" in at_home["content"]

    await case.ben.ask("DELETE", f"/api/v1/statuses/{reply['id']}")
    await case.anna.ask("DELETE", f"/api/v1/statuses/{post['id']}")
    await world.settle()
    assert (await case.ben.ask("GET", f"/api/v1/statuses/{seen['id']}")).status == 404
    assert (await case.anna.ask("GET", f"/api/v1/statuses/{at_home['id']}")).status == 404


async def test_a_like_reaches_the_author_through_the_group(world: World) -> None:
    case = await Case.open(world)
    await case.join(world, case.ben)
    post = await case.anna.post("@cardiologie un cas")
    await world.settle()
    (seen,) = await case.ben.home()
    await case.ben.ask("POST", f"/api/v1/statuses/{seen['id']}/favourite")
    await world.settle()
    assert (await case.anna.ask("GET", f"/api/v1/statuses/{post['id']}")).body["favourites_count"] == 1
    await case.ben.ask("POST", f"/api/v1/statuses/{seen['id']}/unfavourite")
    await world.settle()
    assert (await case.anna.ask("GET", f"/api/v1/statuses/{post['id']}")).body["favourites_count"] == 0


async def test_a_removed_member_sees_nothing_more(world: World) -> None:
    case = await Case.open(world)
    await case.join(world, case.ben)
    await case.anna.post("@cardiologie avant")
    await world.settle()
    (seen,) = await case.ben.home()
    remote = await case.a.ctx.db.read(lambda tx: actors.get_actor_by_uri(tx, case.ben.actor.uri))
    assert remote is not None
    await group_acts.remove(case.a.ctx, case.group.id, remote.id, by="anna")
    await world.settle()
    assert (await case.ben.ask("GET", f"/api/v1/statuses/{seen['id']}")).status == 404
    assert await case.ben.home() == []
    await case.anna.post("@cardiologie après")
    await world.settle()
    assert await case.ben.home() == []


async def test_a_lease_that_is_not_renewed_ends_by_itself_and_a_slice_renews_it(world: World) -> None:
    case = await Case.open(world)
    await case.join(world, case.ben)
    await case.anna.post("@cardiologie un cas")
    await world.settle()
    assert len(await case.ben.home()) == 1
    world.clock.pass_by(DAY + 1000)
    assert await case.ben.home() == []
    group = await case.b.ctx.db.read(lambda tx: actors.get_actor_by_uri(tx, case.group.uri))
    assert group is not None
    assert await pull(case.b.ctx, group)
    assert len(await case.ben.home()) == 1


async def test_an_expired_agreement_holds_the_next_post(world: World) -> None:
    case = await Case.open(world)
    await case.join(world, case.ben)
    expired = ruleset(
        "CHU A", case.b.host, agreement='{ reference = "2026-014", from = 2026-01-01, until = 2026-11-01 }'
    )
    await case.a.rule(expired)
    await case.anna.post("@cardiologie retenu")
    await world.settle()
    assert await case.ben.home() == []
    await case.a.rule(ruleset("CHU A", case.b.host))
    await case.a.ctx.db.transact(lambda tx: deliveries.requeue(tx, states=["held"], host=None, now=case.a.ctx.now()))
    await world.settle()
    assert len(await case.ben.home()) == 1


async def test_a_slip_in_the_groups_name_is_asked_about(world: World) -> None:
    case = await Case.open(world)
    answer = await case.anna.ask("POST", "/api/v1/statuses", status="@cardiolgie un cas", visibility="private")
    assert answer.status == 422
    assert "@cardiologie" in answer.body["error"]
    assert (await case.anna.ask("POST", "/api/v1/statuses", status="@cardiolgie", visibility="public")).status == 200


async def test_a_group_one_has_not_joined_and_two_groups_are_refused(world: World) -> None:
    case = await Case.open(world)
    await case.a.group("urgences", case.anna)
    olga = await case.a.member("olga", profession="physician")
    for member, text in ((olga, "@cardiologie un cas"), (case.anna, "@cardiologie @urgences un cas")):
        answer = await member.ask("POST", "/api/v1/statuses", status=text, visibility="public")
        assert answer.status == 422
        assert answer.body["error"]


async def test_a_direct_reply_does_not_reach_the_group(world: World) -> None:
    case = await Case.open(world)
    await case.join(world, case.ben)
    post = await case.anna.post("@cardiologie un cas")
    await world.settle()
    (seen,) = await case.ben.home()
    reply = await case.ben.post(
        f"@anna@{case.a.host} @cardiologie@{case.a.host} entre nous", in_reply_to_id=seen["id"], visibility="direct"
    )
    assert reply["visibility"] == "direct"
    assert reply["in_reply_to_id"] is None
    await world.settle()
    thread = (await case.anna.ask("GET", f"/api/v1/statuses/{post['id']}/context")).body
    assert thread["descendants"] == []
    mentions = [one for one in (await case.anna.ask("GET", "/api/v1/notifications")).body if one["type"] == "mention"]
    assert ["entre nous" in one["status"]["content"] for one in mentions] == [True]


async def test_an_automatic_group_takes_who_meets_the_criteria_and_an_invitation_opens_a_closed_one(
    world: World,
) -> None:
    case = await Case.open(world)
    await case.a.group("ouvert", case.anna, joining="automatic")
    olga = await case.a.member("olga", profession="physician")
    paul = await case.a.member("paul")
    for member, state in ((olga, True), (paul, False)):
        found = await member.find("ouvert")
        relation = await member.ask("POST", f"/api/v1/accounts/{found['id']}/follow")
        assert (relation.status == 200) is state
        assert bool((await member.ask("GET", "/api/v1/lists")).body) is state
    closed = await case.a.group("ferme", case.anna, joining="invite")
    assert (await olga.ask("POST", f"/api/v1/accounts/{closed.id}/follow")).status == 403
    await group_acts.invite(case.a.ctx, closed.id, olga.actor.id, by="anna")
    assert (await olga.ask("POST", f"/api/v1/accounts/{closed.id}/follow")).status == 200
    assert len((await olga.ask("GET", "/api/v1/lists")).body) == 2
