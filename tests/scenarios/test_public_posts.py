"""Two institutions exchange ordinary posts: follow, post, reply, favourite, boost, edit, delete."""

from storage.receipts import list_of_author
from tests.scenarios.world import World, ruleset


async def test_a_post_its_reply_and_its_end_cross(world: World) -> None:
    a, b = await world.instance("a"), await world.instance("b")
    await a.rule(ruleset("CHU A", b.host))
    await b.rule(ruleset("CHU B", a.host))
    anna, ben = await a.member("anna", profession="physician"), await b.member("ben", profession="nurse")

    await ben.follow(f"@anna@{a.host}")
    await world.settle()
    post = await anna.post("Bonjour #cardio", visibility="public")
    await world.settle()
    (seen,) = await ben.home()
    assert "Bonjour" in seen["content"]
    assert seen["account"]["acct"] == f"anna@{a.host}"

    await ben.post(f"@anna@{a.host} merci", in_reply_to_id=seen["id"])
    await ben.ask("POST", f"/api/v1/statuses/{seen['id']}/favourite")
    await ben.ask("POST", f"/api/v1/statuses/{seen['id']}/reblog")
    await world.settle()
    kinds = {one["type"] for one in (await anna.ask("GET", "/api/v1/notifications")).body}
    assert {"mention", "favourite", "reblog", "follow"} <= kinds
    thread = (await anna.ask("GET", f"/api/v1/statuses/{post['id']}/context")).body
    assert ["merci" in one["content"] for one in thread["descendants"]] == [True]

    await anna.ask("PUT", f"/api/v1/statuses/{post['id']}", status="Bonsoir")
    await world.settle()
    assert "Bonsoir" in (await ben.ask("GET", f"/api/v1/statuses/{seen['id']}")).body["content"]
    await anna.ask("DELETE", f"/api/v1/statuses/{post['id']}")
    await world.settle()
    assert (await ben.ask("GET", f"/api/v1/statuses/{seen['id']}")).status == 404
    gone = await a.ctx.db.read(lambda tx: list_of_author(tx, anna.actor.uri, limit=1))
    assert [(one.host, one.state, one.confirmed_by) for one in gone] == [
        (b.host, "confirmed", b.ctx.origin.instance_actor)
    ]
