"""Quotes as apps see them: who may quote what, what is shown of it to whom, taken back, listed, counted."""

from typing import Any

import pytest

from federation.outbox import scheduled
from policies.terms import Audience
from storage import blocks, mutes, quotes, views
from storage.database import Reader
from storage.ids import new_id
from storage.members import Person
from storage.records import Block, Mute, Quote, Status
from tests.web.api_world import HOUR, CountingReader, World
from tests.web.entity_checker import EntityChecker
from web.render import moment

NOT_THERE = (404, {"error": "The post you are trying to quote does not appear to exist."})
NOT_FOUND = (404, {"error": "Record not found"})


async def publish(world: World, who: Person, text: str = "Bonjour", **more: Any) -> dict[str, Any]:
    world.tick()
    answer = await world.post("/api/v1/statuses", who, json={"status": text, "visibility": "public", **more})
    assert answer.status == 200, answer.body
    return dict(answer.body)


async def refused(world: World, who: Person, quoted: str | int, **more: Any) -> tuple[int, Any]:
    sent = {"status": "Voyez", "visibility": "public", "quoted_status_id": str(quoted), **more}
    answer = await world.post("/api/v1/statuses", who, json=sent)
    assert answer.status != 200
    return answer.status, answer.body


async def shown(world: World, post: dict[str, Any], who: Person | None = None) -> dict[str, Any]:
    answer = await world.get(f"/api/v1/statuses/{post['id']}", who)
    assert answer.status == 200, answer.body
    return dict(answer.body)


async def notified(world: World, who: Person) -> list[tuple[str, str | None]]:
    listed = (await world.get("/api/v1/notifications", who)).body
    return [(one["type"], one.get("status", {}).get("id")) for one in listed]


async def attach(world: World, quoting: Status, quoted: Status, state: str = "accepted") -> None:
    made = Quote(quoting.id, quoted.id, quoted.uri, state, "", "", world.tick())
    await world.write(lambda tx: quotes.insert_quote(tx, made))


async def test_a_quote_is_shown_whole_and_what_it_quotes_in_turn_by_its_id(
    world: World, checker: EntityChecker
) -> None:
    anna, ben, carl = [await world.person(name) for name in ("anna", "ben", "carl")]
    first = await publish(world, anna, "Premier")
    second = await publish(world, ben, "Deuxième", quoted_status_id=first["id"])
    third = await publish(world, carl, "", quoted_status_id=second["id"])
    checker.check("Status", third)
    assert (third["quote"]["state"], third["quote"]["quoted_status"]["id"]) == ("accepted", second["id"])
    assert third["quote"]["quoted_status"]["quote"] == {"state": "accepted", "quoted_status_id": first["id"]}
    assert second["content"].startswith('<p class="quote-inline">RE: <a href="')
    assert second["content"].endswith("<p>Deuxième</p>")
    assert (await shown(world, first))["quotes_count"] == 1
    assert await notified(world, anna) == [("quote", second["id"])]
    checker.check_all("Notification", (await world.get("/api/v1/notifications", anna)).body)
    boost = (await world.post(f"/api/v1/statuses/{second['id']}/reblog", carl)).body
    assert (boost["quote"], boost["reblog"]["quote"]["state"]) == (None, "accepted")
    history = (await world.get(f"/api/v1/statuses/{third['id']}/history", anna)).body
    checker.check_all("StatusEdit", history)
    assert history[0]["quote"]["state"] == "accepted"
    listed = await world.get(f"/api/v1/statuses/{first['id']}/quotes", carl)
    assert [one["id"] for one in listed.body] == [second["id"]]
    assert (await world.get(f"/api/v1/statuses/{first['id']}/quotes")).status == 401
    assert (await world.get("/api/v1/statuses/12345/quotes", carl)).status == 404


async def test_an_edit_keeps_the_quote_and_tells_who_quotes(world: World) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    first = await publish(world, anna)
    second = await publish(world, ben, quoted_status_id=first["id"])
    for text, post, who in (("Corrigé", first, anna), ("Aussi", second, ben)):
        answer = await world.call("PUT", f"/api/v1/statuses/{post['id']}", who, json={"status": text})
        assert answer.status == 200, answer.body
    edited = await shown(world, second, ben)
    assert edited["quote"]["quoted_status"]["content"] == "<p>Corrigé</p>"
    assert edited["content"].startswith('<p class="quote-inline">')
    assert await notified(world, ben) == [("quoted_update", second["id"])]


async def test_whom_an_author_lets_quote(world: World, checker: EntityChecker) -> None:
    anna, ben, carl = [await world.person(name) for name in ("anna", "ben", "carl")]
    await world.follow(ben.actor, anna.actor)
    for policy, by_ben, by_carl in (
        ("public", "automatic", "automatic"),
        ("followers", "automatic", "denied"),
        ("nobody", "denied", "denied"),
    ):
        post = await publish(world, anna, quote_approval_policy=policy)
        automatic = [] if policy == "nobody" else [policy]
        for who, said in ((anna, "automatic"), (ben, by_ben), (carl, by_carl), (None, "denied")):
            approval = (await shown(world, post, who))["quote_approval"]
            assert approval == {"automatic": automatic, "manual": [], "current_user": said}
        if by_carl == "denied":
            status, body = await refused(world, carl, post["id"])
            assert (status, body) == (422, {"error": "The author of this post does not let you quote it."})
        await publish(world, anna, quoted_status_id=post["id"])
    path = f"/api/v1/statuses/{post['id']}/interaction_policy"
    for method, policy in (("PUT", "public"), ("PATCH", "followers")):
        changed = await world.call(method, path, anna, json={"quote_approval_policy": policy})
        checker.check("Status", changed.body)
        assert (changed.status, changed.body["quote_approval"]["automatic"]) == (200, [policy])
        assert changed.body["edited_at"] is None
    assert (await world.call("PUT", path, ben, json={"quote_approval_policy": "public"})).status == 404
    assert (await world.call("PUT", path, anna, json={})).status == 422
    edit = {"status": "b", "quote_approval_policy": "nobody"}
    edited = await world.call("PUT", f"/api/v1/statuses/{post['id']}", anna, json=edit)
    assert edited.body["quote_approval"]["automatic"] == []


async def test_a_member_begins_with_the_policy_that_they_chose(world: World) -> None:
    anna = await world.person("anna")
    assert (await publish(world, anna))["quote_approval"]["automatic"] == ["public"]
    changed = await world.call(
        "PATCH", "/api/v1/accounts/update_credentials", anna, json={"source": {"quote_policy": "followers"}}
    )
    assert changed.body["source"]["quote_policy"] == "followers"
    assert (await world.get("/api/v1/preferences", anna)).body["posting:default:quote_policy"] == "followers"
    assert (await publish(world, anna))["quote_approval"]["automatic"] == ["followers"]
    assert (await publish(world, anna, visibility="private"))["quote_approval"]["automatic"] == []
    wrong = {"source": {"quote_policy": "friends"}}
    assert (await world.call("PATCH", "/api/v1/accounts/update_credentials", anna, json=wrong)).status == 422


async def test_what_is_not_for_everybody_is_quoted_by_its_author_alone_and_no_further(world: World) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    group = await world.group("cardiologie", [anna, ben])
    await world.follow(ben.actor, anna.actor)
    private = await publish(world, anna, visibility="private")
    direct = await publish(world, anna, "@ben Bonjour", visibility="direct")
    in_group = await world.status(anna.actor, group=group)
    not_shareable = {"error": "This post is not public: it can be neither boosted nor quoted."}
    for quoted, error in (
        (private["id"], not_shareable),
        (direct["id"], not_shareable),
        (in_group.id, {"error": "A group’s post can be neither boosted nor quoted."}),
    ):
        assert await refused(world, ben, quoted) == (422, error)
    assert (await refused(world, anna, in_group.id))[0] == 422
    assert (await refused(world, anna, private["id"], status="@cardiologie Un cas"))[0] == 422
    own = await publish(world, anna, quoted_status_id=private["id"])
    assert (own["visibility"], own["quote"]["quoted_status"]["id"]) == ("private", private["id"])


async def test_what_is_hidden_and_what_is_not_there_are_quoted_alike(world: World) -> None:
    anna, ben, eve = [await world.person(name) for name in ("anna", "ben", "eve")]
    group = await world.group("cardiologie", [anna])
    hidden = [
        (await world.status(anna.actor, group=group)).id,
        (await world.status(anna.actor, audience=Audience.FOLLOWERS)).id,
        (await world.status(anna.actor, audience=Audience.DIRECT)).id,
        (await world.status(ben.actor)).id,
        12345,
    ]
    made = Block(new_id(world.tick()), ben.actor.id, eve.actor.id, "x", world.clock.now)
    await world.write(lambda tx: blocks.insert_block(tx, made))
    for quoted in hidden:
        assert await refused(world, eve, quoted) == NOT_THERE
        later = moment(world.clock.now + HOUR)
        assert await refused(world, eve, quoted, scheduled_at=later) == NOT_THERE


async def test_the_quoted_post_is_for_whom_it_is_now(world: World) -> None:
    """Whoever may not see it is told that it may not be shown, and not whose or which it is."""
    anna, ben, eve = [await world.person(name) for name in ("anna", "ben", "eve")]
    await world.follow(eve.actor, anna.actor)
    first = await world.status(anna.actor, content="<p>zorglub</p>", quote_policy='[["public"],[]]')
    second = await publish(world, ben, quoted_status_id=str(first.id))
    block = Block(new_id(world.tick()), anna.actor.id, eve.actor.id, "x", world.clock.now)
    await world.write(lambda tx: blocks.insert_block(tx, block))
    assert (await shown(world, second, eve))["quote"] == {"state": "unauthorized", "quoted_status": None}
    third = await publish(world, ben, quoted_status_id=second["id"])
    nested = (await shown(world, third, eve))["quote"]["quoted_status"]["quote"]
    assert nested == {"state": "unauthorized", "quoted_status_id": None}
    await world.write(lambda tx: blocks.delete_block(tx, block))
    assert (await shown(world, second, eve))["quote"]["state"] == "accepted"
    deleted = await world.call("DELETE", f"/api/v1/statuses/{first.id}", anna)
    assert deleted.status == 200
    assert (await shown(world, second, eve))["quote"] == {"state": "deleted", "quoted_status": None}


async def test_a_followers_post_within_ones_own_is_shown_to_followers(world: World) -> None:
    anna, ben, eve = [await world.person(name) for name in ("anna", "ben", "eve")]
    await world.follow(ben.actor, anna.actor)
    inner = await world.status(anna.actor, content="<p>zorglub</p>", audience=Audience.FOLLOWERS)
    outer = await world.status(anna.actor)  # as another server might have sent it, wider than what it quotes
    await attach(world, outer, inner)
    for who, state in ((anna, "accepted"), (ben, "accepted"), (eve, "unauthorized"), (None, "unauthorized")):
        answer = await shown(world, {"id": outer.id}, who)
        assert answer["quote"]["state"] == state
        assert ("zorglub" in str(answer)) is (state == "accepted")


async def test_states_that_show_nothing(world: World) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    first = await world.status(anna.actor, content="<p>zorglub</p>")
    for state in ("pending", "rejected", "revoked"):
        second = await world.status(ben.actor)
        await attach(world, second, first, state)
        assert (await shown(world, {"id": second.id}, ben))["quote"] == {"state": state, "quoted_status": None}
    assert (await shown(world, {"id": first.id}))["quotes_count"] == 0
    assert (await world.get(f"/api/v1/statuses/{first.id}/quotes", anna)).body == []


async def test_who_blocks_or_mutes_the_quoted_author_is_told_so(world: World) -> None:
    anna, ben, carl = [await world.person(name) for name in ("anna", "ben", "carl")]
    remote = await world.stranger("dora")
    post = await publish(world, ben, quoted_status_id=(await publish(world, anna))["id"])
    far = await world.status(ben.actor)
    await attach(world, far, await world.status(remote))

    async def state(one: dict[str, Any]) -> str:
        found = (await shown(world, one, carl))["quote"]
        assert found["quoted_status"] is not None
        return str(found["state"])

    muted = Mute(new_id(world.tick()), carl.actor.id, anna.actor.id, 1, world.clock.now + HOUR, world.clock.now)
    await world.write(lambda tx: mutes.upsert_mute(tx, muted))
    assert await state(post) == "muted_account"
    blocked = Block(new_id(world.tick()), carl.actor.id, anna.actor.id, "x", world.clock.now)
    await world.write(lambda tx: blocks.insert_block(tx, blocked))
    assert await state(post) == "blocked_account"
    assert (await world.post("/api/v1/domain_blocks", carl, json={"domain": "chu-b.example"})).status == 200
    assert await state({"id": far.id}) == "blocked_domain"


async def test_a_quote_is_taken_back_by_whom_it_quotes_alone(world: World, checker: EntityChecker) -> None:
    anna, ben, eve = [await world.person(name) for name in ("anna", "ben", "eve")]
    first = await publish(world, anna)
    second = await publish(world, ben, quoted_status_id=first["id"])
    path = f"/api/v1/statuses/{first['id']}/quotes/{second['id']}/revoke"
    for who in (ben, eve):
        answer = await world.post(path, who)
        assert (answer.status, answer.body) == NOT_FOUND
    assert (await world.post(path.replace(second["id"], "12345"), anna)).status == 404
    other = await publish(world, anna)
    assert (await world.post(path.replace(first["id"], other["id"]), anna)).status == 404
    for _ in range(2):
        revoked = await world.post(path, anna)
        checker.check("Status", revoked.body)
        assert (revoked.status, revoked.body["quote"]["state"]) == (200, "revoked")
    assert (await shown(world, second, ben))["quote"] == {"state": "revoked", "quoted_status": None}
    assert (await world.get(f"/api/v1/statuses/{first['id']}/quotes", anna)).body == []


async def test_a_group_quotes_without_anybody_knowing(world: World) -> None:
    """Not even the quoted author, who is a member: no notification, no count, no list, nothing to take back."""
    anna, ben, eve = [await world.person(name) for name in ("anna", "ben", "eve")]
    await world.group("cardiologie", [anna, ben])
    await world.attest(ben.actor)
    first = await publish(world, anna)
    post = await publish(world, ben, "@cardiologie Voyez", quoted_status_id=first["id"])
    assert (post["visibility"], post["quote"]["quoted_status"]["id"]) == ("private", first["id"])
    assert await notified(world, anna) == []
    for who in (anna, ben, eve):
        assert (await shown(world, first, who))["quotes_count"] == 0
        assert (await world.get(f"/api/v1/statuses/{first['id']}/quotes", who)).body == []
        path = f"/api/v1/statuses/{first['id']}/quotes/{post['id']}/revoke"
        assert (await world.post(path, who)).status == 404
    remote = await world.stranger("dora")
    asks = await world.status(remote, quote_policy='[[],["public"]]')
    status, body = await refused(world, ben, asks.id, status="@cardiologie Voyez")
    assert (status, body["error"]) == (
        422,
        "The author of this post would have to be asked: it cannot be quoted in a group.",
    )


async def test_who_is_quoted_for_followers_sees_it_and_counts_do_not(world: World) -> None:
    anna, ben, eve = [await world.person(name) for name in ("anna", "ben", "eve")]
    first = await publish(world, anna)
    post = await publish(world, ben, visibility="private", quoted_status_id=first["id"])
    assert await notified(world, anna) == [("quote", post["id"])]
    assert (await shown(world, post, anna))["mentions"] == []
    assert (await world.get(f"/api/v1/statuses/{post['id']}", eve)).status == 404
    for who, listed in ((anna, [post["id"]]), (eve, [])):
        assert (await shown(world, first, who))["quotes_count"] == 0
        found = await world.get(f"/api/v1/statuses/{first['id']}/quotes", who)
        assert [one["id"] for one in found.body] == listed
    status, body = await refused(world, ben, first["id"], visibility="direct", status="@eve Voyez")
    assert (status, body["error"]) == (
        422,
        "A direct message can only quote your own posts or those of somebody it is sent to.",
    )
    named = await publish(world, ben, "@anna Voyez", visibility="direct", quoted_status_id=first["id"])
    assert named["quote"]["state"] == "accepted"


async def test_quotes_are_paged(world: World) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    first = await world.status(anna.actor)
    made = [await world.status(ben.actor) for _ in range(5)]
    for one in made:
        await attach(world, one, first)
    page = await world.get(f"/api/v1/statuses/{first.id}/quotes?limit=2", anna)
    seen = [one["id"] for one in page.body]
    while page.next_url:
        page = await world.get(page.next_url, anna)
        seen += [one["id"] for one in page.body]
    assert seen == [str(one.id) for one in reversed(made)]
    assert (await shown(world, {"id": first.id}))["quotes_count"] == 5


async def test_a_page_of_quotes_costs_a_bounded_number_of_queries(world: World) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    pages: list[list[Status]] = []
    for count in (2, 12):
        page = []
        for _ in range(count):
            inner, middle, outer = [await world.status(who.actor) for who in (anna, ben, anna)]
            await attach(world, middle, inner)
            await attach(world, outer, middle)
            page.append(outer)
        pages.append(page)

    async def cost(page: list[Status]) -> int:
        async def unit(tx: Reader) -> int:
            counting = CountingReader(tx)
            await views.load_posts(counting, page, viewer=anna.actor.id, now=world.clock.now)
            return len(counting.statements)

        return int(await world.db.read(unit))

    few, many = [await cost(page) for page in pages]
    assert few == many


async def test_a_scheduled_post_quotes_when_its_time_comes(world: World) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    kept, gone = await publish(world, anna), await publish(world, anna)
    due = moment(world.clock.now + HOUR)
    for quoted in (kept, gone):
        waiting = await publish(
            world, ben, quoted_status_id=quoted["id"], scheduled_at=due, quote_approval_policy="followers"
        )
        assert waiting["params"]["quoted_status_id"] == int(quoted["id"])
        assert waiting["params"]["quote_approval_policy"] == "followers"
    await world.call("DELETE", f"/api/v1/statuses/{gone['id']}", anna)
    world.tick(2 * HOUR)
    await scheduled.publish_due(world.ctx)
    (left,) = (await world.get("/api/v1/scheduled_statuses", ben)).body
    assert left["params"]["refusal"] == "The post that you quote is gone, or you may no longer see it."
    (post,) = (await world.get(f"/api/v1/accounts/{ben.actor.id}/statuses", anna)).body
    assert post["quote"]["quoted_status"]["id"] == kept["id"]
    assert post["quote_approval"]["automatic"] == ["followers"]


@pytest.mark.parametrize("locale", ["fr", "en"])
async def test_a_refusal_is_told_in_the_members_language(world: World, locale: str) -> None:
    anna, ben = await world.person("anna"), await world.person("ben", locale=locale)
    post = await publish(world, anna, quote_approval_policy="nobody")
    _, body = await refused(world, ben, post["id"])
    assert ("citiez" in body["error"]) is (locale == "fr")
