"""Two institutions exchange ordinary posts: follow, post, reply, favourite, boost, edit, delete."""

from federation.readers import read_due
from federation.reading import MINUTE
from storage import actors, follows
from storage.receipts import list_of_author
from tests.scenarios.world import Instance, World, ruleset


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


async def forget(one: Instance, follower_id: int, followee_id: int) -> None:
    """One home has no follow any more, and the other was not told."""
    known = await one.ctx.db.read(lambda tx: follows.get_follow(tx, follower_id, followee_id))
    assert known is not None
    await one.ctx.db.transact(lambda tx: follows.delete_follow(tx, known))


async def test_what_two_homes_know_of_who_follows_is_put_right_by_the_next_post(world: World) -> None:
    """One has lost a Reject, the other an Undo (FEP-8fcf); who follows rightly is left alone."""
    a, b = await world.instance("a"), await world.instance("b")
    await a.rule(ruleset("CHU A", b.host))
    await b.rule(ruleset("CHU B", a.host))
    anna = await a.member("anna")
    ben, carl, dora = [await b.member(name) for name in ("ben", "carl", "dora")]
    for follower in (ben, carl, dora):
        await follower.follow(f"@anna@{a.host}")
    await world.settle()
    stored = await b.ctx.db.read(lambda tx: actors.get_actor_by_uri(tx, anna.actor.uri))
    lost = await a.ctx.db.read(lambda tx: actors.get_actor_by_uri(tx, carl.actor.uri))
    assert stored is not None
    assert lost is not None
    await forget(a, lost.id, anna.actor.id)
    await forget(b, dora.actor.id, stored.id)
    await anna.post("pour vous", visibility="private")
    await world.settle()
    world.clock.pass_by(MINUTE)
    await read_due(b.ctx, "test")
    await world.settle()
    at_b = await b.ctx.db.read(lambda tx: follows.list_followers_at(tx, stored.id, "", limit=9))
    at_a = await a.ctx.db.read(lambda tx: follows.list_followers_at(tx, anna.actor.id, b.host, limit=9))
    assert at_b == at_a == [ben.actor.uri]
