"""The admin API's people: who may use it, who is found, and that every act has effect at once."""

from typing import Any

import pytest

from federation.local_actors import INSTANCE_ACTOR_ID, new_actor
from federation.outbox.profiles import NewMember, create_member
from storage.actors import insert_actor
from storage.database import Reader, Transaction
from storage.members import Person
from tests.web.api_world import World, give_keys
from tests.web.entity_checker import EntityChecker
from tests.web.people import NOW, ORIGIN, add_token
from tests.web.streams import socket

ACCOUNTS = "/api/v1/admin/accounts"
FORBIDDEN = (403, {"error": "This action is not allowed"})
NOT_FOUND = (404, {"error": "Record not found"})


@pytest.fixture(autouse=True)
async def _instance(world: World) -> None:
    """Who writes to members what was done to their accounts."""
    actor = new_actor(ORIGIN, INSTANCE_ACTOR_ID, "Application", "instance", "CHU A", NOW)

    async def unit(tx: Transaction) -> None:
        await insert_actor(tx, actor)
        await give_keys(tx, actor)

    await world.write(unit)


async def act(world: World, who: Person, target: Any, kind: str, **more: Any) -> int:
    return (await world.post(f"{ACCOUNTS}/{target.id}/action", who, json={"type": kind, **more})).status


async def audited(world: World) -> set[tuple[str, str, str]]:
    async def query(tx: Reader) -> set[tuple[str, str, str]]:
        return {tuple(row) for row in await tx.rows("SELECT actor, act, subject FROM audit")}

    return await world.db.read(query)


async def test_who_may(world: World) -> None:
    anna = await world.person("anna")
    staff = {role: await world.person(role, role=role) for role in ("admin", "auditor", "verifier", "moderator")}
    for role, reads, acts, erases in (
        ("admin", 200, 200, 403),
        ("moderator", 200, 200, 403),
        ("auditor", 200, 403, 403),
        ("verifier", 403, 403, 403),
    ):
        who = staff[role]
        assert (await world.get(ACCOUNTS, who)).status == reads, role
        assert await act(world, who, anna.actor, "none") == acts, role
        assert (await world.call("DELETE", f"{ACCOUNTS}/{anna.actor.id}", who)).status == erases, role
    refused = await world.get(ACCOUNTS, anna)
    assert (refused.status, refused.body) == FORBIDDEN
    assert (await world.get(ACCOUNTS)).status == 401
    for name, above in (("moderator", "admin"), ("moderator", "moderator"), ("moderator", "auditor")):
        assert await act(world, staff[name], staff[above].actor, "suspend") == 403
    for scopes, status in ((("read", "write"), 403), (("admin:read:reports",), 403), (("admin:read:accounts",), 200)):
        world.tokens[staff["admin"].actor.id] = await add_token(world.db, staff["admin"], scopes)
        assert (await world.get(ACCOUNTS, staff["admin"])).status == status, scopes
    told = (await world.get("/api/v1/accounts/verify_credentials", staff["moderator"])).body["role"]
    assert int(told["permissions"]) & 1 << 4


async def test_who_is_found(world: World, checker: EntityChecker) -> None:
    admin, anna = await world.person("admin", role="admin"), await world.person("anna")
    ben = await world.stranger("ben")
    await world.group("cardiologie", [anna], listed=False)

    async def names(query: str, version: int = 2) -> list[str]:
        found = await world.get(f"/api/v{version}/admin/accounts?{query}", admin)
        assert found.status == 200, found.body
        return sorted(one["username"] for one in found.body)

    everybody = (await world.get(ACCOUNTS, admin)).body
    checker.check_all("Admin::Account", everybody)
    assert {one["username"] for one in everybody} == {"admin", "anna", "ben"}
    assert await names("origin=local") == await names("local=true", 1) == ["admin", "anna"]
    assert await names("origin=remote") == await names("by_domain=chu-b.example", 1) == ["ben"]
    assert await names("permissions=staff") == await names("role_ids[]=admin") == await names("staff=1", 1) == ["admin"]
    assert await names("username=AN") == await names("display_name=dr%20an") == await names("email=anna@") == ["anna"]
    assert await names("username=%25") == await names("ip=192.0.2.1") == await names("invited_by=1") == []
    assert await names("status=pending") == await names("status=disabled") == []
    assert await act(world, admin, ben, "silence") == 200
    assert await act(world, admin, anna.actor, "sensitive") == 200
    assert await names("status=silenced") == await names("silenced=1", 1) == ["ben"]
    assert await names("sensitized=true", 1) == ["anna"]
    assert (await world.get("/api/v2/admin/accounts?status=asleep", admin)).status == 422
    first = await world.get("/api/v2/admin/accounts?limit=1", admin)
    assert [one["username"] for one in first.body] == ["ben"]
    assert [one["username"] for one in (await world.get(first.next_url or "", admin)).body] == ["anna"]


async def test_a_closed_account_is_closed_at_once(world: World, checker: EntityChecker) -> None:
    admin, anna = await world.person("admin", role="moderator"), await world.person("anna")
    post = await world.status(anna.actor)
    assert (await world.get("/api/v1/timelines/home", anna)).status == 200
    async with socket(world, anna, "user") as listening:
        assert await act(world, admin, anna.actor, "disable") == 200
        assert await listening.closed()
    assert (await world.get("/api/v1/timelines/home", anna)).status == 401
    assert (await world.get(f"/api/v1/statuses/{post.id}", admin)).status == 200
    shown = (await world.get(f"{ACCOUNTS}/{anna.actor.id}", admin)).body
    assert (shown["disabled"], shown["suspended"]) == (True, False)
    opened = await world.post(f"{ACCOUNTS}/{anna.actor.id}/enable", admin)
    checker.check("Admin::Account", opened.body)
    assert opened.body["disabled"] is False
    world.tokens.pop(anna.actor.id)
    assert (await world.get("/api/v1/timelines/home", anna)).status == 200
    ben = await world.stranger("ben")
    assert await act(world, admin, ben, "disable") == 403
    assert await audited(world) == {("admin", "account.disable", "anna"), ("admin", "account.lift_disable", "anna")}


async def test_who_is_silenced_is_met_by_followers_only(world: World) -> None:
    admin, anna, ben, eve = [
        await world.person(name, role=role)
        for name, role in (("mod", "moderator"), ("anna", "member"), ("ben", "member"), ("eve", "member"))
    ]
    await world.write(
        lambda tx: tx.execute(
            "UPDATE actors SET discoverable = 1, indexable = 1, version = version + 1 WHERE id = :id", id=anna.actor.id
        )
    )
    post = await world.status(anna.actor, "<p>zorglub</p>", tags=["zorglub"])
    await world.follow(ben.actor, anna.actor)
    doors = (
        "/api/v1/timelines/public",
        "/api/v1/timelines/tag/zorglub",
        "/api/v2/search?q=ann",
        "/api/v2/search?q=zorglub",
    )

    async def met(who: Person | None) -> list[bool]:
        return [
            "zorglub" in str(found := (await world.get(door, who)).body) or "'anna'" in str(found) for door in doors
        ]

    assert await met(eve) == [True] * 4
    async with socket(world, eve, "public") as outside, socket(world, ben, "public") as inside:
        assert await act(world, admin, anna.actor, "silence") == 200
        made = await world.post("/api/v1/statuses", anna, json={"status": "encore zorglub", "visibility": "public"})
        assert (await inside.event())[2]["id"] == made.body["id"]
        last = await world.post("/api/v1/statuses", ben, json={"status": "fin", "visibility": "public"})
        assert (await outside.event())[2]["id"] == last.body["id"]
    assert await met(eve) == [False] * 4
    assert (await met(None))[:3] == [False] * 3
    assert await met(ben) == await met(anna) == [True] * 4
    assert (await world.get("/api/v1/directory")).body == []
    assert (await world.get(f"/api/v1/statuses/{post.id}", eve)).body["account"]["limited"] is True
    assert (await world.get("/api/v2/search?q=anna", eve)).body["accounts"][0]["username"] == "anna"
    lifted = await world.post(f"{ACCOUNTS}/{anna.actor.id}/unsilence", admin)
    assert lifted.body["silenced"] is False
    assert await met(eve) == [True] * 4


async def test_pictures_of_the_sensitized_are_hidden_and_a_warning_is_told(world: World) -> None:
    admin, anna = await world.person("admin", role="admin"), await world.person("anna", locale="fr")
    post = await world.status(anna.actor)
    assert await act(world, admin, anna.actor, "sensitive", text="Sans visage, svp") == 200
    assert (await world.get(f"/api/v1/statuses/{post.id}", admin)).body["sensitive"] is True
    assert (await world.post(f"{ACCOUNTS}/{anna.actor.id}/unsensitive", admin)).body["sensitized"] is False
    assert (await world.get(f"/api/v1/statuses/{post.id}", admin)).body["sensitive"] is False
    told = (await world.get("/api/v1/notifications", anna)).body
    assert "Vos images" in told[0]["status"]["content"]
    assert "Sans visage, svp" in told[0]["status"]["content"]
    for kind in ("nonsense", "erase"):
        assert await act(world, admin, anna.actor, kind) == 422
    assert (await world.post(f"{ACCOUNTS}/7/action", admin, json={"type": "none"})).status == 404
    group = await world.group("cardiologie")
    assert await act(world, admin, group, "suspend") == 404


async def test_who_is_suspended_is_gone_until_they_are_back_or_erased(world: World, checker: EntityChecker) -> None:
    admin, anna, ben = await world.person("admin", role="admin"), await world.person("anna"), await world.person("ben")
    group = await world.group("cardiologie", [anna, ben])
    await world.follow(ben.actor, anna.actor)
    post = await world.status(anna.actor, homes=[ben.actor])
    inside = await world.status(anna.actor, "<p>secret</p>", group=group)
    data = {"account_id": str(anna.actor.id), "status_ids": [str(post.id), str(inside.id)], "comment": "Un nom"}
    report = (await world.post("/api/v1/reports", ben, json=data)).body
    assert await act(world, admin, anna.actor, "suspend", report_id=report["id"]) == 200
    for path in (f"/api/v1/statuses/{post.id}", f"/api/v1/accounts/{anna.actor.id}", f"/api/v1/statuses/{inside.id}"):
        refused = await world.get(path, ben)
        assert (refused.status, refused.body) == NOT_FOUND, path
    assert (await world.get("/api/v1/timelines/home", ben)).body == []
    assert (await world.get("/api/v1/timelines/home", anna)).status == 403
    settled = (await world.get(f"/api/v1/admin/reports/{report['id']}", admin)).body
    checker.check("Admin::Report", settled)
    assert settled["action_taken"] is True
    assert settled["target_account"]["suspended"] is True
    back = await world.post(f"{ACCOUNTS}/{anna.actor.id}/unsuspend", admin)
    checker.check("Admin::Account", back.body)
    assert (await world.get(f"/api/v1/statuses/{post.id}", ben)).status == 200
    assert (await world.get("/api/v1/timelines/home", anna)).status == 200
    states = await world.db.read(
        lambda tx: tx.rows("SELECT state FROM memberships WHERE actor_id = :id", id=anna.actor.id)
    )
    assert [row[0] for row in states] == ["ended"]
    assert await world.db.read(lambda tx: tx.value("SELECT count(*) FROM follows")) == 0
    again = await world.post(f"{ACCOUNTS}/{anna.actor.id}/unsuspend", admin)
    assert (again.status, again.body) == FORBIDDEN
    early = await world.call("DELETE", f"{ACCOUNTS}/{anna.actor.id}", admin)
    assert (early.status, early.body) == FORBIDDEN
    assert await act(world, admin, anna.actor, "suspend") == 200
    gone = await world.call("DELETE", f"{ACCOUNTS}/{anna.actor.id}", admin)
    checker.check("Admin::Account", gone.body)
    assert (await world.get(f"{ACCOUNTS}/{anna.actor.id}", admin)).status == 404
    assert (await world.get("/api/v1/timelines/home", anna)).status == 401


async def test_who_asked_to_join_is_let_in_or_turned_away(world: World, checker: EntityChecker) -> None:
    admin = await world.person("admin", role="admin")
    for name in ("anna", "ben"):
        new = NewMember(name, f"{name}@clinic.example", "", approved=False, reason="Cardiologue")
        await create_member(world.ctx, new, by=name)
        world.tick()
    waiting = (await world.get("/api/v2/admin/accounts?status=pending", admin)).body
    checker.check_all("Admin::Account", waiting)
    moderator = await world.person("moderator", role="moderator")
    assert "anna" not in str((await world.get(ACCOUNTS, moderator)).body)
    assert (await world.get(f"{ACCOUNTS}/{waiting[0]['id']}", moderator)).status == 404
    assert (await world.post(f"{ACCOUNTS}/{waiting[0]['id']}/approve", moderator)).status == 403
    ben, anna = waiting
    assert (anna["invite_request"], anna["approved"], anna["confirmed"]) == ("Cardiologue", False, True)
    assert (anna["suspended"], "suspended" in anna["account"]) == (False, False)
    let_in = await world.post(f"{ACCOUNTS}/{anna['id']}/approve", admin)
    checker.check("Admin::Account", let_in.body)
    assert (let_in.body["approved"], let_in.body["invite_request"]) == (True, None)
    turned_away = await world.post(f"{ACCOUNTS}/{ben['id']}/reject", admin)
    assert turned_away.body["username"] == "ben"
    assert (await world.get(f"{ACCOUNTS}/{ben['id']}", admin)).status == 404
    assert (await world.get("/api/v2/admin/accounts?status=pending", admin)).body == []
    for way in ("approve", "reject"):
        refused = await world.post(f"{ACCOUNTS}/{anna['id']}/{way}", admin)
        assert (refused.status, refused.body) == FORBIDDEN
