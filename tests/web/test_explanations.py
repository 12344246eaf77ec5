"""Where posts went: their author is told, and who reads the boundary log; to others such a post is not there."""

import re
from typing import Any

import pytest

from federation.explaining import Fate
from storage import deliveries, receipts, statuses
from storage.database import Transaction
from storage.decisions import Outcome, record
from storage.members import Person, update_member
from storage.records import Activity, Delivery, Status
from tests.web.api_world import World
from tests.web.browsing import look, sign_in
from tests.web.people import PASSWORD
from web.passwords import hash_password

RULES = """[instance]
organisation = "CHU A"

[peers."quiet.example"]
organisation = "CHU Q"
state = "active"
"""


async def decide(tx: Transaction, post: Status, host: str, outcome: str, reason: str = "") -> None:
    told = Outcome(outcome, "state:peers.x", reason, 1)
    await record(tx, point="send", object_uri=post.uri, host=host, outcome=told, facts={}, now=5)


def delivery(number: int, post: Status, host: str, state: str, reason: str = "") -> Delivery:
    return Delivery(
        id=number,
        activity_id=post.id + 1,
        sender_id=post.actor_id,
        host=host,
        inbox=f"https://{host}/inbox",
        kind="content",
        audience=post.audience,
        object_uri=post.uri,
        group_id=None,
        state=state,
        attempts=1,
        due_at=9,
        lease_owner="",
        reason=reason,
        created_at=5,
        finished_at=None,
    )


@pytest.fixture
async def post(world: World) -> tuple[Person, Status]:
    """A post that had every fate, each at a host that is called like it."""
    anna = await world.person("anna")
    await world.ruleset(RULES)
    made = await world.status(anna.actor)

    async def unit(tx: Transaction) -> None:
        for host, outcome, reason in (
            ("refused.example", "deny", "peer_suspended"),
            ("held.example", "hold", "peer_quarantined"),
            ("late.example", "allow", ""),
            ("due.example", "allow", ""),
            ("dead.example", "allow", ""),
            ("sent.example", "allow", ""),
            ("asked.example", "allow", ""),
            ("deleted.example", "allow", ""),
        ):
            await decide(tx, made, host, outcome, reason)
        activity = Activity(made.id + 1, f"{made.uri}/create", made.actor_id, "Create", made.id, b"{}", 5)
        await deliveries.insert_activity(tx, activity)
        waiting = [
            delivery(1, made, "held.example", "held", "peer_quarantined"),
            delivery(2, made, "late.example", "refused", "agreement_expired"),
            delivery(3, made, "due.example", "due"),
            delivery(4, made, "dead.example", "dead", "answered 500"),
            delivery(5, made, "sent.example", "done"),
        ]
        await deliveries.insert_deliveries(tx, waiting)
        sent = [(made.uri, f"{name}.example", f"https://{name}.example/inbox") for name in ("sent", "asked", "deleted")]
        await deliveries.insert_receipts(tx, sent, now=6)
        await tx.execute("UPDATE receipts SET retracted_at = 7 WHERE host IN ('asked.example', 'deleted.example')")
        await receipts.confirm(tx, made.uri, host="deleted.example", by="https://deleted.example/ap/actor", now=8)

    await world.write(unit)
    return anna, made


def states(body: list[dict[str, Any]]) -> dict[str, str]:
    return {one["host"]: one["state"] for one in body}


async def test_an_author_learns_what_became_of_a_post_at_each_host(world: World, post: tuple[Person, Status]) -> None:
    anna, made = post
    body = (await world.get(f"/api/v1/statuses/{made.id}/explanation", anna)).body
    assert states(body) == {
        "late.example": "refused",
        "refused.example": "refused",
        "held.example": "held",
        "dead.example": "failed",
        "asked.example": "asked_to_delete",
        "due.example": "waiting",
        "sent.example": "sent",
        "deleted.example": "deleted",
        "quiet.example": "not_concerned",
    }
    assert body[0]["host"] == "late.example", "what needs an eye comes first"
    assert {one["state"] for one in body} == set(Fate), "every fate is tried"
    late = body[0]
    assert (late["reason"], late["version"]) == ("agreement_expired", 1)
    assert "waits for its renewal" in late["explanation"]
    assert late["decided_at"].startswith("1970-01-01T00:00:00.005")


async def test_only_author_and_those_who_read_the_boundary_log_are_told(
    world: World, post: tuple[Person, Status]
) -> None:
    anna, made = post
    ben, auditor = await world.person("ben"), await world.person("auditor", role="auditor")
    moderator = await world.person("moderator", role="moderator")
    there, staff = f"/api/v1/statuses/{made.id}/explanation", f"/api/v1/admin/statuses/{made.id}/explanation"
    absent = await world.get("/api/v1/statuses/1/explanation", ben)
    assert (absent.status, absent.body) == (404, {"error": "Record not found"})
    assert (await world.get(there, ben)).body == absent.body
    assert (await world.get(there, auditor)).status == 404
    assert [(await world.get(staff, one)).status for one in (anna, ben, moderator)] == [403, 403, 403]
    told = (await world.get(staff, auditor)).body
    assert states(told)["held.example"] == "held"
    assert next(one for one in told if one["host"] == "held.example")["explanation"].startswith(
        "The peer is quarantined"
    )
    assert (await world.get("/api/v1/admin/statuses/1/explanation", auditor)).status == 404


async def test_a_deleted_post_is_explained_to_nobody_any_more_by_id(world: World, post: tuple[Person, Status]) -> None:
    anna, made = post
    await world.write(lambda tx: statuses.delete_status(tx, made, actor_uri=anna.actor.uri, now=9))
    assert (await world.get(f"/api/v1/statuses/{made.id}/explanation", anna)).status == 404


async def test_the_pages_say_it_in_words(world: World, post: tuple[Person, Status]) -> None:
    anna, made = post
    ben, auditor = await world.person("ben"), await world.person("auditor", role="auditor")
    hashed = await hash_password(PASSWORD)
    for one in (anna, ben, auditor):
        await world.write(lambda tx, one=one: update_member(tx, one.actor.id, password_hash=hashed))
    place = f"/settings/posts/{made.id}"
    await sign_in(world.browser, anna)
    listed = await look(world.browser, "/settings/posts")
    assert place in listed
    assert "2 of 8 servers did not get it" in listed
    page = " ".join(re.sub(r"<[^>]*>", " ", await look(world.browser, place)).split())
    assert "held.example : held Exchange with this instance is paused" in page
    assert "Rule state:peers.x, version 1" in page
    assert "quiet.example : not concerned" in page
    world.browser.session.cookie_jar.clear()
    await sign_in(world.browser, ben)
    assert "held.example" not in await look(world.browser, place)
    assert place not in await look(world.browser, "/settings/posts")
    world.browser.session.cookie_jar.clear()
    await sign_in(world.browser, auditor)
    seen = await look(world.browser, place)
    assert "The peer is quarantined" in seen
    assert made.content not in seen
