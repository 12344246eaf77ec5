"""Strangers' notifications: what the policy does with them, and what waits until their senders are accepted."""

from dataclasses import replace
from typing import Any

import pytest

from federation.notifying import DAY, NEW_ACCOUNT, NEW_FOLLOWER, Contact, Treatment, treat
from storage.members import Person
from storage.notification_policies import Acquaintance
from storage.records import NotificationPolicy
from tests.web.api_world import World
from tests.web.entity_checker import EntityChecker
from tests.web.streams import socket

BASE = "/api/v1/notifications"
POLICY = "/api/v2/notifications/policy"
NOT_FOUND = (404, {"error": "Record not found"})
NOW = 10**12
FRIEND = Acquaintance(followed=True, follower_since=0, created_at=0, bot=False, limited=False, accepted=False)
OPEN = NotificationPolicy(1, limited_accounts="accept")


@pytest.mark.parametrize(
    ("kind", "stranger", "private"),
    [
        ("not_following", replace(FRIEND, followed=False), False),
        ("not_followers", replace(FRIEND, follower_since=None), False),
        ("not_followers", replace(FRIEND, follower_since=NOW - NEW_FOLLOWER + 1), False),
        ("new_accounts", replace(FRIEND, created_at=NOW - NEW_ACCOUNT + 1), False),
        ("private_mentions", replace(FRIEND, followed=False), True),
        ("limited_accounts", replace(FRIEND, followed=False, limited=True), False),
        ("bots", replace(FRIEND, bot=True), False),
    ],
)
def test_each_kind_of_stranger_is_treated_as_the_policy_says(
    kind: str, stranger: Acquaintance, *, private: bool
) -> None:
    for treatment in Treatment:
        policy = replace(OPEN, **{kind: treatment.value})  # type: ignore[arg-type]  # all of them are texts
        assert treat(policy, Contact(stranger, now=NOW, private=private)) == treatment
        assert treat(policy, Contact(FRIEND, now=NOW, private=False)) == Treatment.ACCEPT
    assert treat(OPEN, Contact(stranger, now=NOW, private=private)) == Treatment.ACCEPT


def test_the_severest_word_holds() -> None:
    policy = replace(OPEN, not_following="drop", bots="filter")
    bot = replace(FRIEND, bot=True)
    assert treat(policy, Contact(bot, now=NOW, private=False)) == Treatment.FILTER
    assert treat(policy, Contact(replace(bot, followed=False), now=NOW, private=False)) == Treatment.DROP


async def write(world: World, who: Person, text: str, visibility: str = "public", **more: Any) -> dict[str, Any]:
    world.tick()
    data = {"status": text, "visibility": visibility, **more}
    answer = await world.post("/api/v1/statuses", who, json=data)
    assert answer.status == 200, answer.body
    body: dict[str, Any] = answer.body
    return body


async def told(world: World, who: Person, query: str = "") -> list[str]:
    return [one["account"]["username"] for one in (await world.get(f"{BASE}{query}", who)).body]


async def test_the_policy_is_kept_in_both_versions(world: World, checker: EntityChecker) -> None:
    anna = await world.person("anna")
    before = await world.get(POLICY, anna)
    checker.check("NotificationPolicy", before.body)
    assert before.body["for_not_following"] == "accept"
    changed = await world.call("PATCH", POLICY, anna, json={"for_bots": "drop", "for_not_followers": "filter"})
    assert (changed.body["for_bots"], changed.body["for_not_followers"]) == ("drop", "filter")
    old = await world.get(f"{BASE}/policy", anna)
    checker.check("V1::NotificationPolicy", old.body)
    assert (old.body["filter_bots"], old.body["filter_not_followers"], old.body["filter_new_accounts"]) == (
        True,
        True,
        False,
    )
    await world.call("PUT", f"{BASE}/policy", anna, data={"filter_bots": "false", "filter_new_accounts": "true"})
    after = (await world.get(POLICY, anna)).body
    assert (after["for_bots"], after["for_new_accounts"], after["for_not_followers"]) == ("accept", "filter", "filter")
    wrong = await world.call("PUT", POLICY, anna, json={"for_bots": "nonsense"})
    assert wrong.status == 422
    assert "for_bots" in wrong.body["error"]
    assert (await world.get(POLICY, anna)).body == after


async def test_what_is_held_back_waits_in_silence_for_its_owner(world: World, checker: EntityChecker) -> None:
    anna, ben, carl = [await world.person(name) for name in ("anna", "ben", "carl")]
    await world.call("PUT", POLICY, anna, json={"for_not_following": "filter"})
    await world.follow(anna.actor, carl.actor)
    async with socket(world, anna, "user:notification") as open_socket:
        first = await write(world, ben, "@anna bonjour")
        newest = await write(world, ben, "@anna encore")
        await write(world, carl, "@anna salut")
        assert (await open_socket.event())[2]["account"]["username"] == "carl"
        assert await told(world, anna) == ["carl"]
        assert await told(world, anna, "?include_filtered=true") == ["carl", "ben", "ben"]
        mine = (await world.get(f"{BASE}?account_id={ben.actor.id}", anna)).body
        checker.check_all("Notification", mine)
        assert [(one["filtered"], one["status"]["id"]) for one in mine] == [(True, newest["id"]), (True, first["id"])]
        assert (await world.get(f"{BASE}/unread_count", anna)).body == {"count": 1}
        assert [
            one["type"] for one in (await world.get("/api/v2/notifications", anna)).body["notification_groups"]
        ] == ["mention"]

        assert (await world.get(POLICY, anna)).body["summary"] == {
            "pending_requests_count": 1,
            "pending_notifications_count": 2,
        }
        waiting = (await world.get(f"{BASE}/requests", anna)).body
        checker.check_all("NotificationRequest", waiting)
        assert [(one["account"]["username"], one["notifications_count"]) for one in waiting] == [("ben", "2")]
        assert waiting[0]["last_status"]["id"] == newest["id"]
        one = await world.get(f"{BASE}/requests/{waiting[0]['id']}", anna)
        assert one.body == waiting[0]

        accepted = await world.post(f"{BASE}/requests/{waiting[0]['id']}/accept", anna)
        assert (accepted.status, accepted.body) == (200, {})
        assert (await open_socket.event())[1:] == ("notifications_merged", 1)
        assert await told(world, anna) == ["carl", "ben", "ben"]
        assert (await world.get(f"{BASE}/requests", anna)).body == []
        assert (await world.get(f"{BASE}/requests/merged", anna)).body == {"merged": True}
        await write(world, ben, "@anna merci")
        assert (await open_socket.event())[2]["account"]["username"] == "ben"


async def test_what_is_dismissed_is_gone_and_the_next_waits_again(world: World) -> None:
    anna, ben, carl = [await world.person(name) for name in ("anna", "ben", "carl")]
    await world.call("PUT", POLICY, anna, json={"for_not_following": "filter"})
    for who in (ben, carl, ben):
        await write(world, who, "@anna bonjour")
    waiting = (await world.get(f"{BASE}/requests?limit=1", anna)).body
    assert [one["account"]["username"] for one in waiting] == ["carl"]
    page = await world.get(f"{BASE}/requests?limit=1", anna)
    rest = (await world.get(page.next_url or "", anna)).body
    assert [one["account"]["username"] for one in rest] == ["ben"]
    ids = [one["id"] for one in (*waiting, *rest)]
    missing = await world.post(f"{BASE}/requests/dismiss", anna, json={"id": [*ids, "7"]})
    assert (missing.status, missing.body) == NOT_FOUND
    assert len((await world.get(f"{BASE}/requests", anna)).body) == 2
    for who, wanted in ((ben, ids[0]), (anna, "7"), (anna, "x")):
        for method, path in (("GET", ""), ("POST", "/accept"), ("POST", "/dismiss")):
            other = await world.call(method, f"{BASE}/requests/{wanted}{path}", who)
            assert (other.status, other.body) == NOT_FOUND
    await world.post(f"{BASE}/requests/dismiss", anna, json={"id": ids})
    assert await told(world, anna, "?include_filtered=true") == []
    await write(world, ben, "@anna encore")
    assert [one["notifications_count"] for one in (await world.get(f"{BASE}/requests", anna)).body] == ["1"]


async def test_what_is_dropped_never_was(world: World) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    await world.call("PUT", POLICY, anna, json={"for_new_accounts": "drop"})
    await write(world, ben, "@anna bonjour")
    assert await told(world, anna, "?include_filtered=true") == []
    world.tick(31 * DAY)
    await write(world, ben, "@anna bonjour")
    assert await told(world, anna) == ["ben"]


async def test_a_direct_answer_is_no_stranger(world: World) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    await world.call("PUT", POLICY, anna, json={"for_private_mentions": "filter"})
    asked = await write(world, anna, "@ben un avis ?", "direct")
    await write(world, ben, "@anna oui", "direct", in_reply_to_id=asked["id"])
    assert await told(world, anna) == ["ben"]
    await write(world, ben, "@anna autre chose", "direct")
    await write(world, ben, "@anna en public")
    assert len(await told(world, anna)) == 2
    assert len(await told(world, anna, "?include_filtered=1")) == 3


async def test_a_question_in_a_group_does_not_wait(world: World) -> None:
    """Whatever the policy says: who shares a group is no stranger."""
    anna, ben = await world.person("anna"), await world.person("ben")
    await world.group("cardiologie", [anna, ben])
    await world.attest(ben.actor)
    everything = {f"for_{kind}": "drop" for kind in ("not_following", "not_followers", "new_accounts")}
    await world.call("PUT", POLICY, anna, json=everything)
    await write(world, ben, "@cardiologie @anna un avis ?", "private")
    assert await told(world, anna) == ["ben"]
