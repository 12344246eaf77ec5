"""Accounts over HTTP: oneself, others, relationships, following, requests; and groups that not everybody may know of."""

from typing import Any

import pytest

from policies.terms import Audience
from storage.actors import update_actor
from storage.database import Transaction
from tests.web.api_world import HOUR, YEAR, World
from tests.web.entity_checker import EntityChecker
from web.api.accounts import MOST_FAMILIAR

NOT_FOUND = (404, {"error": "Record not found"})


def ids(entities: list[dict[str, Any]]) -> list[int]:
    return [int(entity["id"]) for entity in entities]


async def test_oneself(world: World, checker: EntityChecker) -> None:
    anna, ben = await world.person("anna", locale="fr", role="admin"), await world.person("ben")
    await world.follow(ben.actor, anna.actor, state="pending")
    answer = await world.get("/api/v1/accounts/verify_credentials", anna)
    checker.check("CredentialAccount", answer.body)
    assert answer.body["source"]["follow_requests_count"] == 1
    assert answer.body["source"]["privacy"] == "private"
    assert answer.body["role"]["name"] == "admin"


async def test_preferences(world: World, checker: EntityChecker) -> None:
    answer = await world.get("/api/v1/preferences", await world.person("anna", locale="fr"))
    checker.check("Preferences", answer.body)
    assert answer.body["posting:default:visibility"] == "private"
    assert answer.body["posting:default:language"] == "fr"


async def test_the_badge_follows_the_attestation(world: World, checker: EntityChecker) -> None:
    anna, fanny = await world.person("anna"), await world.person("fanny", locale="fr")
    await world.attest(anna.actor)
    path = f"/api/v1/accounts/{anna.actor.id}"
    shown = (await world.get(path, fanny)).body
    checker.check("Account", shown)
    assert shown["display_name"] == "Dr Anna :verified_clinician:"
    assert shown["roles"][0]["name"] == "Clinicien vérifié"
    assert shown["fields"][0]["verified_at"]
    assert (await world.get(path)).body["roles"][0]["name"] == "Verified clinician"
    await world.attest(anna.actor, revoked_at=world.clock.now)
    assert (await world.get(path)).body["roles"] == []
    await world.attest(anna.actor)
    world.tick(YEAR)
    assert (await world.get(path)).body["roles"] == []


async def test_a_stranger_is_trusted_only_as_the_ruleset_says(world: World) -> None:
    eva = await world.stranger("eva")
    await world.attest(eva)
    path = f"/api/v1/accounts/{eva.id}"
    assert (await world.get(path)).body["display_name"] == "Dr Eva"
    await world.ruleset(
        '[instance]\norganisation = "CHU A"\n[peers."chu-b.example"]\norganisation = "CHU B"\nstate = "active"\n'
    )
    assert (await world.get(path)).body["display_name"] == "Dr Eva :verified_clinician:"


async def test_lookup_finds_ours_and_others_known_here(world: World, checker: EntityChecker) -> None:
    anna, eva = await world.person("anna"), await world.stranger("eva")
    for name in ("anna", "@Anna", "anna@chu-a.example"):
        answer = await world.get(f"/api/v1/accounts/lookup?acct={name}")
        checker.check("Account", answer.body)
        assert answer.body["id"] == str(anna.actor.id)
        assert answer.body["acct"] == "anna"
    found = (await world.get("/api/v1/accounts/lookup?acct=eva@chu-b.example")).body
    assert (found["id"], found["acct"]) == (str(eva.id), "eva@chu-b.example")
    for name in ("nobody", "eva", "eva@elsewhere.example"):
        answer = await world.get(f"/api/v1/accounts/lookup?acct={name}")
        assert (answer.status, answer.body) == NOT_FOUND


async def test_several_at_once_in_the_order_asked(world: World) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    answer = await world.get(f"/api/v1/accounts?id[]={ben.actor.id}&id[]=7&id[]={anna.actor.id}&id[]={ben.actor.id}")
    assert ids(answer.body) == [ben.actor.id, anna.actor.id]


async def test_the_disabled_and_the_suspended_are_nowhere(world: World) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    eva, carl = await world.stranger("eva", host_suspended=1), await world.stranger("carl")
    await world.follow(carl, anna.actor)
    await world.follow(eva, anna.actor)

    async def disable(tx: Transaction) -> None:
        await update_actor(tx, carl.id, disabled_at=world.clock.now)

    await world.write(disable)
    for actor in (eva, carl):
        for suffix in ("", "/statuses", "/followers", "/following"):
            answer = await world.get(f"/api/v1/accounts/{actor.id}{suffix}", ben)
            assert (answer.status, answer.body) == NOT_FOUND
        assert (await world.get(f"/api/v1/accounts/lookup?acct={actor.acct}")).status == 404
        assert (await world.post(f"/api/v1/accounts/{actor.id}/follow", ben)).status == 404
    assert (await world.get(f"/api/v1/accounts/{anna.actor.id}/followers", ben)).body == []


async def test_statuses_of_an_account(world: World, checker: EntityChecker) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    plain = await world.status(anna.actor, tags=["ecg"])
    other = await world.status(ben.actor)
    boost = await world.boost(anna.actor, other)
    reply = await world.status(anna.actor, reply_to=other)
    private = await world.status(anna.actor, audience=Audience.FOLLOWERS)
    pictured = await world.status(anna.actor)
    await world.attach(anna.actor, pictured)
    path = f"/api/v1/accounts/{anna.actor.id}/statuses"
    everything = [pictured.id, reply.id, boost.id, plain.id]
    answer = await world.get(path)
    checker.check_all("Status", answer.body)
    assert ids(answer.body) == everything
    assert ids((await world.get(f"{path}?exclude_replies=true")).body) == [pictured.id, boost.id, plain.id]
    assert ids((await world.get(f"{path}?exclude_reblogs=true")).body) == [pictured.id, reply.id, plain.id]
    assert ids((await world.get(f"{path}?only_media=true")).body) == [pictured.id]
    assert ids((await world.get(f"{path}?tagged=ECG")).body) == [plain.id]
    assert (await world.get(f"{path}?pinned=true")).body == []
    await world.follow(ben.actor, anna.actor)
    assert ids((await world.get(path, ben)).body) == [pictured.id, private.id, reply.id, boost.id, plain.id]


async def test_a_groups_page_is_for_its_members(world: World) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    group = await world.group("cardiologie", [anna])
    post = await world.status(anna.actor, group=group)
    path = f"/api/v1/accounts/{group.id}/statuses"
    assert ids((await world.get(path, anna)).body) == [post.id]
    assert (await world.get(path, ben)).body == []
    assert (await world.get(path)).body == []


async def test_a_hidden_group_is_known_to_members_and_invited_only(world: World) -> None:
    anna, ben, carl = [await world.person(name) for name in ("anna", "ben", "carl")]
    group = await world.group("conseil", [anna], listed=False)
    await world.join(group, ben.actor, state="invited")
    paths = [
        f"/api/v1/accounts/{group.id}",
        f"/api/v1/accounts/{group.id}/statuses",
        f"/api/v1/accounts/{group.id}/followers",
        "/api/v1/accounts/lookup?acct=conseil",
    ]
    for path in paths:
        assert (await world.get(path, anna)).status == (await world.get(path, ben)).status == 200
        for answer in (await world.get(path, carl), await world.get(path)):
            assert (answer.status, answer.body) == NOT_FOUND
    assert (await world.get(f"/api/v1/accounts/relationships?id[]={group.id}", carl)).body == []
    assert (await world.get(f"/api/v1/accounts?id[]={group.id}", carl)).body == []
    for act in ("follow", "unfollow"):
        answer = await world.post(f"/api/v1/accounts/{group.id}/{act}", carl)
        assert (answer.status, answer.body) == NOT_FOUND


async def test_a_hidden_group_is_forgotten_with_the_lease(world: World) -> None:
    anna = await world.person("anna")
    group = await world.group("conseil", listed=False)
    await world.join(group, anna.actor, lease_until=world.clock.now + HOUR)
    path = f"/api/v1/accounts/{group.id}"
    assert (await world.get(path, anna)).status == 200
    world.tick(2 * HOUR)
    assert (await world.get(path, anna)).status == 404


async def test_followers_and_following_page_by_their_own_ids(world: World, checker: EntityChecker) -> None:
    anna = await world.person("anna")
    fans = [await world.stranger(f"fan{number}") for number in range(3)]
    for fan in fans:
        await world.follow(fan, anna.actor)
    await world.follow(await world.stranger("waiting"), anna.actor, state="pending")
    path = f"/api/v1/accounts/{anna.actor.id}/followers?limit=2"
    first = await world.get(path)
    checker.check_all("Account", first.body)
    assert ids(first.body) == [fans[2].id, fans[1].id]
    second = await world.get(first.next_url or "")
    assert ids(second.body) == [fans[0].id]
    assert ids((await world.get(second.prev_url or "")).body) == [fans[2].id, fans[1].id]
    assert ids((await world.get(f"/api/v1/accounts/{fans[0].id}/following")).body) == [anna.actor.id]


async def test_members_of_a_group_follow_nobody_in_public(world: World) -> None:
    anna = await world.person("anna")
    group = await world.group("cardiologie", [anna])
    ben = await world.person("ben")
    assert (await world.get(f"/api/v1/accounts/{group.id}/followers", ben)).body == []
    assert (await world.get(f"/api/v1/accounts/{anna.actor.id}/following", anna)).body == []
    shown = (await world.get(f"/api/v1/accounts/{group.id}", anna)).body
    assert (shown["group"], shown["locked"], shown["bot"], shown["followers_count"]) == (True, True, False, 0)


async def test_relationships_keep_the_order_asked(world: World, checker: EntityChecker) -> None:
    anna, ben, carl = [await world.person(name) for name in ("anna", "ben", "carl")]
    group = await world.group("cardiologie", [anna])
    waiting = await world.group("urgences")
    await world.join(waiting, anna.actor, state="pending")
    await world.follow(anna.actor, ben.actor, boosts=0)
    await world.follow(carl.actor, anna.actor, state="pending")
    wanted = [carl.actor.id, waiting.id, ben.actor.id, group.id]
    query = "&".join(f"id[]={one}" for one in wanted)
    answer = await world.get(f"/api/v1/accounts/relationships?{query}", anna)
    checker.check_all("Relationship", answer.body)
    assert ids(answer.body) == wanted
    asks, pending, followed, member = answer.body
    assert (asks["requested_by"], asks["following"]) == (True, False)
    assert (pending["requested"], pending["following"]) == (True, False)
    assert (followed["following"], followed["showing_reblogs"]) == (True, False)
    assert (member["following"], member["showing_reblogs"], member["followed_by"]) == (True, True, False)


async def test_following_and_unfollowing(world: World, checker: EntityChecker) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    path = f"/api/v1/accounts/{ben.actor.id}"
    followed = await world.post(f"{path}/follow", anna, json={"reblogs": False, "notify": True})
    checker.check("Relationship", followed.body)
    assert (followed.body["following"], followed.body["notifying"], followed.body["showing_reblogs"]) == (
        True,
        True,
        False,
    )
    assert (await world.get(path)).body["followers_count"] == 1
    assert (await world.post(f"{path}/unfollow", anna)).body["following"] is False
    assert (await world.get(path)).body["followers_count"] == 0
    assert (await world.post(f"{path}/follow", ben)).status == 403  # nobody follows themselves
    removed = await world.person("carl")
    await world.follow(removed.actor, anna.actor)
    answer = await world.post(f"/api/v1/accounts/{removed.actor.id}/remove_from_followers", anna)
    assert (answer.status, answer.body["followed_by"]) == (200, False)


async def test_joining_a_group_is_following_it(world: World) -> None:
    anna = await world.person("anna")
    await world.attest(anna.actor)
    group = await world.group("cardiologie")
    path = f"/api/v1/accounts/{group.id}"
    asked = (await world.post(f"{path}/follow", anna)).body
    assert (asked["following"], asked["requested"]) == (False, True)
    withdrawn = (await world.post(f"{path}/unfollow", anna)).body
    assert (withdrawn["following"], withdrawn["requested"]) == (False, False)


async def test_a_refused_follow_says_why(world: World) -> None:
    anna = await world.person("anna")  # not verified
    group = await world.group("cardiologie")
    answer = await world.post(f"/api/v1/accounts/{group.id}/follow", anna)
    assert answer.status == 403
    assert answer.body["error"]


async def test_follow_requests(world: World, checker: EntityChecker) -> None:
    anna, ben, carl = [await world.person(name) for name in ("anna", "ben", "carl")]
    for person in (ben, carl):
        await world.follow(person.actor, anna.actor, state="pending")
    listed = await world.get("/api/v1/follow_requests?limit=1", anna)
    checker.check_all("Account", listed.body)
    assert ids(listed.body) == [carl.actor.id]
    assert ids((await world.get(listed.next_url or "", anna)).body) == [ben.actor.id]
    accepted = await world.post(f"/api/v1/follow_requests/{ben.actor.id}/authorize", anna)
    checker.check("Relationship", accepted.body)
    assert (accepted.body["followed_by"], accepted.body["requested_by"]) == (True, False)
    rejected = await world.post(f"/api/v1/follow_requests/{carl.actor.id}/reject", anna)
    assert (rejected.body["followed_by"], rejected.body["requested_by"]) == (False, False)
    assert (await world.get("/api/v1/follow_requests", anna)).body == []
    for act in ("authorize", "reject"):
        answer = await world.post(f"/api/v1/follow_requests/{carl.actor.id}/{act}", anna)
        assert (answer.status, answer.body) == NOT_FOUND


@pytest.mark.parametrize("path", ["verify_credentials", "relationships", "search?q=a"])
async def test_a_token_is_asked_for(world: World, path: str) -> None:
    assert (await world.get(f"/api/v1/accounts/{path}")).status == 401


async def test_a_note_about_somebody_is_for_oneself_alone(world: World, checker: EntityChecker) -> None:
    anna, ben, carl = [await world.person(name) for name in ("anna", "ben", "carl")]
    path = f"/api/v1/accounts/{ben.actor.id}/note"
    for said in (" Vu au congrès ", "Chef de clinique"):
        written = await world.post(path, anna, json={"comment": said})
        checker.check("Relationship", written.body)
        assert written.body["note"] == said.strip()
    query = f"/api/v1/accounts/relationships?id[]={ben.actor.id}&id[]={anna.actor.id}"
    assert [one["note"] for one in (await world.get(query, anna)).body] == ["Chef de clinique", ""]
    for other in (ben, carl):
        assert [one["note"] for one in (await world.get(query, other)).body] == ["", ""]
    too_long = await world.post(path, anna, json={"comment": "x" * 2_001})
    assert (too_long.status, (await world.get(query, anna)).body[0]["note"]) == (422, "Chef de clinique")
    assert (await world.post(path, anna)).body["note"] == ""
    group = await world.group("conseil", [anna], listed=False)
    hidden = f"/api/v1/accounts/{group.id}/note"
    assert (await world.post(hidden, anna, json={"comment": "Notre groupe"})).body["note"] == "Notre groupe"
    answer = await world.post(hidden, carl, json={"comment": "?"})
    assert (answer.status, answer.body) == NOT_FOUND


async def test_familiar_followers(world: World, checker: EntityChecker) -> None:
    """Whom one follows among somebody's followers, by account as asked; nobody who waits, is gone or is no follower."""
    anna, ben, carl, dora = [await world.person(name) for name in ("anna", "ben", "carl", "dora")]
    gone = await world.stranger("gone", host_suspended=1)
    unknown, waiting = await world.stranger("unknown"), await world.stranger("waiting")
    for known in (ben.actor, carl.actor, gone, waiting):
        await world.follow(anna.actor, known)
    await world.follow(anna.actor, dora.actor, state="pending")
    for follower in (ben.actor, carl.actor, gone, unknown, dora.actor):
        await world.follow(follower, dora.actor if follower is not dora.actor else carl.actor)
    await world.follow(waiting, dora.actor, state="pending")
    hidden = await world.group("conseil", [ben], listed=False)
    wanted = [dora.actor.id, hidden.id, carl.actor.id, 7]
    answer = await world.get(f"/api/v1/accounts/familiar_followers?{'&'.join(f'id[]={one}' for one in wanted)}", anna)
    checker.check_all("FamiliarFollowers", answer.body)
    assert [(int(one["id"]), ids(one["accounts"])) for one in answer.body] == [
        (dora.actor.id, [carl.actor.id, ben.actor.id]),
        (carl.actor.id, []),
    ]
    assert (await world.get("/api/v1/accounts/familiar_followers", anna)).body == []
    assert (await world.get("/api/v1/accounts/familiar_followers")).status == 401


async def test_members_of_a_group_are_no_familiar_followers(world: World) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    await world.follow(anna.actor, ben.actor)
    group = await world.group("cardiologie", [anna, ben])
    answer = await world.get(f"/api/v1/accounts/familiar_followers?id[]={group.id}", anna)
    assert answer.body == [{"id": str(group.id), "accounts": []}]


async def test_familiar_followers_are_few_of_each(world: World) -> None:
    """However many there are, everybody asked about gets some."""
    anna, ben, carl = [await world.person(name) for name in ("anna", "ben", "carl")]
    fans = [await world.stranger(f"fan{number}") for number in range(MOST_FAMILIAR + 1)]
    for fan in fans:
        await world.follow(anna.actor, fan)
        await world.follow(fan, ben.actor)
    await world.follow(fans[0], carl.actor)
    query = f"id[]={ben.actor.id}&id[]={carl.actor.id}"
    shown = (await world.get(f"/api/v1/accounts/familiar_followers?{query}", anna)).body
    assert ids(shown[0]["accounts"]) == [fan.id for fan in fans[:0:-1]]
    assert ids(shown[1]["accounts"]) == [fans[0].id]
