"""A public group of one institution, read and posted to from another; and a private one beside it, of which nothing crosses."""

from federation.outbox import public_groups
from federation.outbox.public_groups import NewPublicGroup
from policies.membership import Joining
from storage.records import Actor
from tests.scenarios.world import Instance, Member, World, ruleset


async def make(one: Instance, moderator: Member, name: str) -> Actor:
    new = NewPublicGroup(name, name.upper(), Joining.AUTOMATIC, moderator.actor.id)
    return await public_groups.create(one.ctx, new, by="console")


async def texts(member: Member) -> list[str]:
    """What is in a home timeline, boosts as what they show."""
    return [(one["reblog"] or one)["content"] for one in await member.home()]


async def test_two_institutions_talk_in_a_public_group(world: World) -> None:
    a, b = await world.instance("a"), await world.instance("b")
    await a.rule(ruleset("CHU A", b.host))
    await b.rule(ruleset("CHU B", a.host))
    anna, carl = await a.member("anna", profession="physician"), await a.member("carl", profession="physician")
    ben = await b.member("ben", profession="physician")
    group = await make(a, anna, "ecg")
    await a.group("cardiologie", carl, joining="automatic")

    await ben.follow(f"@ecg@{a.host}")
    await carl.follow("@ecg")
    await world.settle()
    shown = await ben.find(f"@ecg@{a.host}")
    assert (shown["group"], shown["locked"]) == (True, False)

    ours = await anna.post("@ecg Un tracé", visibility="public")
    secret = await carl.post("@cardiologie @ecg Un cas du service", visibility="public")
    assert secret["visibility"] == "private"
    await world.settle()
    (seen,) = await ben.home()
    assert "Un tracé" in seen["reblog"]["content"]
    assert seen["account"]["acct"] == f"ecg@{a.host}"

    answered = await ben.post(f"@anna@{a.host} merci", in_reply_to_id=seen["reblog"]["id"], visibility="public")
    asked = await ben.post(f"@ecg@{a.host} Une question", visibility="public")
    await world.settle()
    assert any("Une question" in text for text in await texts(carl))
    in_group = (await carl.ask("GET", f"/api/v1/accounts/{group.id}/statuses")).body
    assert {one["reblog"]["account"]["acct"] for one in in_group} == {"anna", f"ben@{b.host}"}
    assert len(in_group) == 3, "the answer came without naming the group"

    await ben.ask("PUT", f"/api/v1/statuses/{asked['id']}", status=f"@ecg@{a.host} Une autre question")
    await ben.ask("DELETE", f"/api/v1/statuses/{answered['id']}")
    await anna.ask("PUT", f"/api/v1/statuses/{ours['id']}", status="@ecg Un tracé relu")
    await world.settle()
    assert any("Une autre question" in text for text in await texts(carl))
    assert not any("merci" in text for text in await texts(carl))
    assert any("Un tracé relu" in text for text in await texts(ben))

    taken_out = next(one for one in in_group if "Une question" in one["reblog"]["content"])
    assert await public_groups.remove_post(a.ctx, group.id, int(taken_out["id"]), by="anna")
    await anna.ask("DELETE", f"/api/v1/statuses/{ours['id']}")
    await world.settle()
    assert (await carl.ask("GET", f"/api/v1/accounts/{group.id}/statuses")).body == []
    assert not any("tracé" in text for text in await texts(ben))
    assert (await ben.ask("GET", f"/api/v1/statuses/{asked['id']}")).status == 200
    for who in (anna, ben):
        assert not any("service" in text for text in await texts(who))
