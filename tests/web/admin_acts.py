"""The rows of the table that are for those who look after the instance, and what their acts are about: see `api_acts`."""

from federation.outbox.profiles import NewMember, create_member
from tests.web.api_acts import Act
from tests.web.api_stage import Stage


def _act(at: str = "", /, **more: object) -> Act:
    return Act(at, who="root", **more)  # type: ignore[arg-type]


_ACCOUNT, _REPORT = "/api/v1/admin/accounts/:id", "/api/v1/admin/reports/:id"

ACTS: dict[str, Act] = {
    "GET /api/v1/admin/accounts": _act(paged=True),
    "GET /api/v2/admin/accounts": _act(paged=True),
    f"GET {_ACCOUNT}": _act("victim"),
    f"DELETE {_ACCOUNT}": _act("outcast"),
    f"POST {_ACCOUNT}/enable": _act("victim"),
    f"POST {_ACCOUNT}/unsensitive": _act("victim"),
    f"POST {_ACCOUNT}/unsilence": _act("victim"),
    f"POST {_ACCOUNT}/unsuspend": _act("victim"),
    f"POST {_ACCOUNT}/approve": _act("asker"),
    f"POST {_ACCOUNT}/reject": _act("asker_too"),
    "POST /api/v1/admin/accounts/:account_id/action": _act("victim", json={"type": "suspend"}),
    "GET /api/v1/admin/reports": _act(paged=True),
    f"GET {_REPORT}": _act("report"),
    f"PUT {_REPORT}": _act("report", json={"category": "spam"}),
    f"PATCH {_REPORT}": _act("report", json={"category": "other"}),
    f"POST {_REPORT}/assign_to_self": _act("report"),
    f"POST {_REPORT}/unassign": _act("report"),
    f"POST {_REPORT}/resolve": _act("report"),
    f"POST {_REPORT}/reopen": _act("report"),
}


async def set_admin_stage(stage: Stage) -> None:
    """People who are sanctioned or wait, and reports."""
    for name in ("victim", "outcast"):
        stage.people[name] = made = await stage.world.person(name)
        stage.names[name] = str(made.actor.id)
        await stage.ask("root", "POST", f"/api/v1/admin/accounts/{{{name}}}/action", type="suspend")
    for name in ("asker", "asker_too"):
        stage.world.tick(1000)
        new = NewMember(name, f"{name}@clinic.example", "", approved=False, reason="Cardiologue")
        stage.names[name] = str((await create_member(stage.world.ctx, new, by=name)).id)
    for name, post in (("report", "bens"), ("another_report", "reply")):
        data = {"account_id": "{ben}", "status_ids": [f"{{{post}}}"], "comment": "Un nom", "rule_ids": ["1"]}
        await stage.make(name, "anna", "/api/v1/reports", **data)
