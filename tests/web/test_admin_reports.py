"""Reports in the admin API: found, worked on, settled; and never a byte of what a group says to who is not in it."""

from tests.web.api_world import World
from tests.web.entity_checker import EntityChecker

REPORTS = "/api/v1/admin/reports"


async def test_reports_are_worked_on(world: World, checker: EntityChecker) -> None:
    moderator, admin = await world.person("moderator", role="moderator"), await world.person("admin", role="admin")
    anna, ben = await world.person("anna"), await world.person("ben")
    carl = await world.stranger("carl")
    post = await world.status(ben.actor, "<p>zorglub</p>")
    first = {"account_id": str(ben.actor.id), "status_ids": [str(post.id)], "comment": "Un nom", "rule_ids": ["1"]}
    reported = (await world.post("/api/v1/reports", anna, json=first)).body
    world.tick()
    other = (await world.post("/api/v1/reports", ben, json={"account_id": str(carl.id), "category": "spam"})).body

    async def ids(query: str = "") -> list[str]:
        found = await world.get(f"{REPORTS}?{query}", moderator)
        assert found.status == 200
        return [one["id"] for one in found.body]

    listed = await world.get(REPORTS, moderator)
    checker.check_all("Admin::Report", listed.body)
    assert await ids() == [other["id"], reported["id"]]
    assert await ids(f"account_id={anna.actor.id}") == await ids("max_id=" + other["id"]) == [reported["id"]]
    assert await ids(f"target_account_id={carl.id}") == await ids("by_target_domain=chu-b.example") == [other["id"]]
    assert await ids("resolved=true") == []

    path = f"{REPORTS}/{reported['id']}"
    shown = (await world.get(path, moderator)).body
    assert [one["content"] for one in shown["statuses"]] == ["<p>zorglub</p>"]
    assert [one["text"] for one in shown["rules"]] == ["Pas de nom de patient."]
    changed = await world.call("PUT", path, moderator, json={"category": "violation", "rule_ids": ["2"]})
    assert [one["id"] for one in changed.body["rules"]] == ["2"]
    assert (await world.call("PATCH", path, moderator, json={"category": "spam"})).body["category"] == "spam"
    for wrong in ({"category": "nonsense"}, {"rule_ids": ["9"]}):
        assert (await world.call("PUT", path, moderator, json=wrong)).status == 422
    assert (await world.post(f"{path}/assign_to_self", moderator)).body["assigned_account"]["username"] == "moderator"
    assert (await world.post(f"{path}/unassign", moderator)).body["assigned_account"] is None
    settled = (await world.post(f"{path}/resolve", moderator)).body
    checker.check("Admin::Report", settled)
    assert (settled["action_taken"], settled["action_taken_by_account"]["username"]) == (True, "moderator")
    assert await ids("resolved=true") == [reported["id"]]
    assert await ids("resolved=true&unresolved=true") == [other["id"], reported["id"]]
    assert (await world.post(f"{path}/reopen", admin)).body["action_taken_at"] is None
    assert await ids() == [other["id"], reported["id"]]
    auditor = await world.person("auditor", role="auditor")
    seen = await world.get(path, auditor)
    assert (seen.body["statuses"], seen.body["comment"]) == ([], "")
    for way in ("resolve", "reopen", "assign_to_self", "unassign"):
        assert (await world.post(f"{path}/{way}", auditor)).status == 403
        assert (await world.post(f"{REPORTS}/7/{way}", admin)).status == 404
    acts = await world.db.read(lambda tx: tx.rows("SELECT DISTINCT act FROM audit"))
    assert {row[0].removeprefix("report.") for row in acts} == {"update", "assign", "unassign", "resolve", "reopen"}


async def test_an_admin_is_no_member_of_a_group(world: World) -> None:
    admin, member = await world.person("admin", role="admin"), await world.person("chief", role="moderator")
    anna, ben = await world.person("anna"), await world.person("ben")
    group = await world.group("cardiologie", [anna, ben, member])
    post = await world.status(ben.actor, "<p>zorglub</p>", group=group, summary="zorglub")
    await world.attach(ben.actor, post, description="zorglub")
    data = {"account_id": str(ben.actor.id), "status_ids": [str(post.id)], "comment": "Voir"}
    report = (await world.post("/api/v1/reports", anna, json=data)).body
    for path in (REPORTS, f"{REPORTS}/{report['id']}"):
        shown = str((await world.get(path, admin)).body)
        assert "zorglub" not in shown
        assert str(post.id) not in shown
        assert "'statuses': []" in shown
    inside = (await world.get(f"{REPORTS}/{report['id']}", member)).body
    assert [one["id"] for one in inside["statuses"]] == [str(post.id)]
