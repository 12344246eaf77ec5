"""Reports: what a member may report, who is told, and what those are shown of it."""

from typing import Any

import pytest

from tests.web.api_world import World
from tests.web.entity_checker import EntityChecker
from tests.web.streams import socket

PATH = "/api/v1/reports"
NOT_FOUND = (404, {"error": "Record not found"})


async def test_a_report_reaches_who_looks_after_the_instance(world: World, checker: EntityChecker) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    staff = [await world.person(role, role=role) for role in ("admin", "moderator")]
    others = [await world.person(role, role=role) for role in ("auditor", "verifier")]
    post = await world.status(ben.actor)
    async with socket(world, staff[0], "user:notification") as listening:
        made = await world.post(
            PATH,
            anna,
            json={
                "account_id": str(ben.actor.id),
                "status_ids": [str(post.id)],
                "comment": "Un nom y figure",
                "rule_ids": ["1"],
                "forward": True,
            },
        )
        assert made.status == 200, made.body
        checker.check("Report", made.body)
        assert made.body["status_ids"] == [str(post.id)]
        assert (made.body["category"], made.body["rule_ids"], made.body["forwarded"]) == ("violation", ["1"], False)
        assert made.body["target_account"]["username"] == "ben"
        heard = (await listening.event())[2]
    checker.check("Notification", heard)
    assert (heard["type"], heard["report"]) == ("admin.report", made.body)
    for who in staff:
        told = (await world.get("/api/v1/notifications", who)).body
        assert [(one["type"], one["account"]["username"], one["report"]) for one in told] == [
            ("admin.report", "anna", made.body)
        ]
        grouped = (await world.get("/api/v2/notifications", who)).body
        checker.check("GroupedNotificationsResults", grouped)
        assert grouped["notification_groups"][0]["report"] == made.body
    for who in (anna, ben, *others):
        assert (await world.get("/api/v1/notifications", who)).body == []
    again = await world.post(PATH, anna, json={"account_id": str(ben.actor.id)})
    assert again.body["category"] == "other"
    assert len((await world.get("/api/v1/notifications", staff[0])).body) == 2


async def test_a_post_in_a_group_is_reported_to_its_moderators_too(world: World) -> None:
    anna, ben, carl = [await world.person(name) for name in ("anna", "ben", "carl")]
    admin = await world.person("admin", role="admin")
    group = await world.group("cardiologie", [anna, ben])
    await world.join(group, carl.actor, moderator=True)
    post = await world.status(ben.actor, "<p>zorglub</p>", group=group)
    data = {"account_id": str(ben.actor.id), "status_ids": [str(post.id)]}
    made = await world.post(PATH, anna, json=data)
    assert made.status == 200
    for who, sees in ((carl, 200), (admin, 404)):
        told = await world.get("/api/v1/notifications", who)
        assert told.body[0]["report"]["status_ids"] == [str(post.id)]
        assert "zorglub" not in str(told.body)
        assert (await world.get(f"/api/v1/statuses/{post.id}", who)).status == sees
    outsider = await world.person("nina")
    hidden = await world.post(PATH, outsider, json=data)
    assert (hidden.status, hidden.body) == NOT_FOUND


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"account_id": "7"}, 404),
        ({"account_id": "x"}, 404),
        ({}, 404),
        ({"status_ids": ["7"]}, 404),
        ({"category": "nonsense"}, 422),
        ({"comment": "x" * 1001}, 422),
        ({"rule_ids": ["3"]}, 422),
        ({"rule_ids": ["x"]}, 422),
        ({"status_ids": [str(one) for one in range(1, 102)]}, 422),
    ],
)
async def test_what_cannot_be_reported(world: World, wrong: dict[str, Any], status: int) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    right = {"account_id": str(ben.actor.id)} if wrong and "account_id" not in wrong else {}
    answer = await world.post(PATH, anna, json=right | wrong)
    assert answer.status == status
    assert await world.db.read(lambda tx: tx.value("SELECT count(*) FROM reports")) == 0


async def test_posts_of_somebody_else_cannot_be_reported_with_a_person(world: World) -> None:
    anna, ben, carl = [await world.person(name) for name in ("anna", "ben", "carl")]
    post = await world.status(carl.actor)
    answer = await world.post(PATH, anna, json={"account_id": str(ben.actor.id), "status_ids": [str(post.id)]})
    assert (answer.status, answer.body) == NOT_FOUND


async def test_the_rules_are_shown(world: World, checker: EntityChecker) -> None:
    listed = (await world.get("/api/v1/instance/rules")).body
    checker.check_all("Rule", listed)
    assert [(one["id"], one["text"]) for one in listed] == [("1", "Pas de nom de patient."), ("2", "Restez courtois.")]
    for path in ("/api/v1/instance", "/api/v2/instance"):
        assert (await world.get(path)).body["rules"] == listed
