"""Quotes between two institutions: asked for, allowed, shown, taken back; and what a group quotes, which nobody is asked about."""

from typing import Any

from storage.database import Reader
from tests.scenarios.world import Instance, Member, World, ruleset


async def open_two(world: World) -> tuple[Instance, Instance, Member, Member]:
    """Ben at B follows Anna at A, and she him: what each posts reaches the other's home."""
    a, b = await world.instance("a"), await world.instance("b")
    await a.rule(ruleset("CHU A", b.host))
    await b.rule(ruleset("CHU B", a.host))
    anna = await a.member("anna", profession="physician", specialty="cardiology")
    ben = await b.member("ben", profession="physician", specialty="cardiology")
    await ben.follow(f"@anna@{a.host}")
    await anna.follow(f"@ben@{b.host}")
    await world.settle()
    return a, b, anna, ben


async def found(member: Member, words: str) -> dict[str, Any]:
    return next(one for one in await member.home() if words in one["content"])


async def sent_to(instance: Instance, host: str) -> list[str]:
    """The types of all activities that an instance ever queued for a host."""

    async def unit(tx: Reader) -> list[str]:
        rows = await tx.rows(
            "SELECT y.type FROM deliveries d JOIN activities y ON y.id = d.activity_id WHERE d.host = :host ORDER BY d.id",
            host=host,
        )
        return [row[0] for row in rows]

    return await instance.ctx.db.read(unit)


async def test_a_quote_is_asked_for_allowed_and_taken_back(world: World) -> None:
    a, b, anna, ben = await open_two(world)
    post = await anna.post("Un article", visibility="public")
    await world.settle()
    seen = await found(ben, "Un article")
    assert seen["quote_approval"] == {"automatic": ["public"], "manual": [], "current_user": "automatic"}
    quoting = await ben.post("À lire", visibility="public", quoted_status_id=seen["id"])
    assert quoting["quote"] == {"state": "pending", "quoted_status": None}
    await world.settle()
    mine = (await ben.ask("GET", f"/api/v1/statuses/{quoting['id']}")).body
    assert (mine["quote"]["state"], mine["quote"]["quoted_status"]["id"]) == ("accepted", seen["id"])
    there = await found(anna, "À lire")
    assert (there["quote"]["state"], there["quote"]["quoted_status"]["id"]) == ("accepted", post["id"])
    (told,) = (await anna.ask("GET", "/api/v1/notifications", **{"types[]": "quote"})).body
    assert told["status"]["id"] == there["id"]
    assert (await anna.ask("GET", f"/api/v1/statuses/{post['id']}")).body["quotes_count"] == 1

    await anna.ask("PUT", f"/api/v1/statuses/{post['id']}", status="Un autre article")
    await world.settle()
    (told,) = (await ben.ask("GET", "/api/v1/notifications", **{"types[]": "quoted_update"})).body
    assert told["status"]["quote"]["quoted_status"]["content"] == "<p>Un autre article</p>"

    path = f"/api/v1/statuses/{post['id']}/quotes/{there['id']}/revoke"
    assert (await anna.ask("POST", path)).body["quote"]["state"] == "revoked"
    await world.settle()
    mine = (await ben.ask("GET", f"/api/v1/statuses/{quoting['id']}")).body
    assert mine["quote"] == {"state": "revoked", "quoted_status": None}
    assert "Delete" in await sent_to(a, b.host)
    assert (await anna.ask("GET", f"/api/v1/statuses/{post['id']}")).body["quotes_count"] == 0


async def test_a_third_institution_believes_the_stamp_and_that_it_is_gone(world: World) -> None:
    """C reads what Ben posts; it asks A for the stamp, and forgets it when A says so."""
    a, b, anna, ben = await open_two(world)
    c = await world.instance("c")
    for one in (a, b, c):
        await one.rule(ruleset(one.name.upper(), *(other.host for other in (a, b, c) if other is not one)))
    carl = await c.member("carl")
    await carl.follow(f"@ben@{b.host}")
    await carl.follow(f"@anna@{a.host}")
    await world.settle()
    post = await anna.post("Un article", visibility="public")
    await world.settle()
    await ben.post("À lire", visibility="public", quoted_status_id=(await found(ben, "Un article"))["id"])
    await world.settle()
    shown = await found(carl, "À lire")
    assert (shown["quote"]["state"], shown["quote"]["quoted_status"]["content"]) == ("accepted", "<p>Un article</p>")
    there = await found(anna, "À lire")
    await anna.ask("POST", f"/api/v1/statuses/{post['id']}/quotes/{there['id']}/revoke")
    await world.settle()
    assert (await found(carl, "À lire"))["quote"]["state"] == "revoked"


async def test_a_quote_that_its_author_does_not_want_is_refused(world: World) -> None:
    """Also when the quoting server has not heard of the policy: the author's home decides."""
    _, b, anna, ben = await open_two(world)
    await anna.post("Un article", visibility="public", quote_approval_policy="nobody")
    await world.settle()
    seen = await found(ben, "Un article")
    answer = await ben.ask(
        "POST", "/api/v1/statuses", status="À lire", visibility="public", quoted_status_id=seen["id"]
    )
    assert answer.status == 422
    stale = """UPDATE statuses SET quote_policy = '[["public"],[]]' WHERE id = :id"""
    await b.ctx.db.transact(lambda tx: tx.execute(stale, id=int(seen["id"])))
    quoting = await ben.post("À lire", visibility="public", quoted_status_id=seen["id"])
    await world.settle()
    mine = (await ben.ask("GET", f"/api/v1/statuses/{quoting['id']}")).body
    assert mine["quote"] == {"state": "rejected", "quoted_status": None}
    assert (await found(anna, "À lire"))["quote"]["quoted_status"] is None


async def test_a_change_of_who_may_quote_is_told(world: World) -> None:
    _, _, anna, ben = await open_two(world)
    post = await anna.post("Un article", visibility="public")
    await world.settle()
    path = f"/api/v1/statuses/{post['id']}/interaction_policy"
    for choice, said in (("nobody", "denied"), ("followers", "automatic")):
        await anna.ask("PUT", path, quote_approval_policy=choice)
        await world.settle()
        assert (await found(ben, "Un article"))["quote_approval"]["current_user"] == said


async def test_what_a_group_quotes_is_asked_of_nobody(world: World) -> None:
    """D, where the quoted author lives, is not in the group: it gets no request, no post and no question."""
    a, b, anna, ben = await open_two(world)
    d = await world.instance("d")
    for one in (a, b, d):
        await one.rule(ruleset(one.name.upper(), *(other.host for other in (a, b, d) if other is not one)))
    dora = await d.member("dora")
    for member in (anna, ben):
        await member.follow(f"@dora@{d.host}")
    await a.group("cardiologie", anna, reach=(b.host,), joining="automatic")
    await ben.follow(f"@cardiologie@{a.host}")
    await world.settle()
    article = await dora.post("Un article", visibility="public")
    await world.settle()
    before = [await sent_to(one, d.host) for one in (a, b)]
    asked_before = await d.ctx.db.read(lambda tx: tx.value("SELECT count(*) FROM inbox"))
    seen = await found(ben, "Un article")
    mine = await ben.post(f"@cardiologie@{a.host} Voyez", quoted_status_id=seen["id"])
    assert (mine["visibility"], mine["quote"]["state"]) == ("private", "accepted")
    await world.settle()
    shown = await found(anna, "Voyez")
    assert (shown["quote"]["state"], shown["quote"]["quoted_status"]["content"]) == ("accepted", "<p>Un article</p>")
    assert [await sent_to(one, d.host) for one in (a, b)] == before
    assert await d.ctx.db.read(lambda tx: tx.value("SELECT count(*) FROM inbox")) == asked_before
    at_home = (await dora.ask("GET", f"/api/v1/statuses/{article['id']}")).body
    assert at_home["quotes_count"] == 0
    assert (await dora.ask("GET", "/api/v1/notifications", **{"types[]": "quote"})).body == []
