"""The rows of the table that are for those who look after the instance, and what their acts are about: see `api_acts`."""

from federation.outbox.profiles import NewMember, create_member
from tests.web.api_acts import Act
from tests.web.api_stage import Stage


def _act(at: str = "", /, **more: object) -> Act:
    return Act(at, who="root", **more)  # type: ignore[arg-type]


def _kept(path: str, name: str, **changes: str) -> dict[str, Act]:
    """Looked at, changed where that can be, and taken away."""
    changing = {f"{method} {path}": _act(name, json=changes) for method in ("PUT", "PATCH") if changes}
    return {f"GET {path}": _act(name), **changing, f"DELETE {path}": _act(name)}


_WHEN = {"start_at": "2026-11-17", "end_at": "2026-11-19T10:00:00.000Z"}
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
    "GET /api/v1/admin/tags": _act(paged=True),
    "GET /api/v1/admin/tags/:id": _act("tag"),
    "PUT /api/v1/admin/tags/:id": _act("tag", json={"listable": False}),
    "PATCH /api/v1/admin/tags/:id": _act("tag", json={"listable": True}),
    "GET /api/v1/admin/trends/tags": _act(),
    "POST /api/v1/admin/trends/tags/:id/approve": _act("tag"),
    "POST /api/v1/admin/trends/tags/:id/reject": _act("tag"),
    "GET /api/v1/admin/trends/links": _act(entity="Array<Admin::Trends::Link>"),
    "POST /api/v1/admin/trends/links/:id/approve": _act("link", entity="Admin::Trends::Link"),
    "POST /api/v1/admin/trends/links/:id/reject": _act("link", entity="Admin::Trends::Link"),
    "GET /api/v1/admin/trends/statuses": _act(entity="Array<Admin::Trends::Status>"),
    "POST /api/v1/admin/trends/statuses/:id/approve": _act("post", entity="Admin::Trends::Status"),
    "POST /api/v1/admin/trends/statuses/:id/reject": _act("post", entity="Admin::Trends::Status"),
    "GET /api/v1/admin/trends/links/publishers": _act(),
    "POST /api/v1/admin/trends/links/publishers/:id/approve": _act("publisher"),
    "POST /api/v1/admin/trends/links/publishers/:id/reject": _act("publisher"),
    "POST /api/v1/admin/measures": _act(json={**_WHEN, "keys": ["new_users", "tag_uses"], "tag_uses": {"id": "{tag}"}}),
    "POST /api/v1/admin/dimensions": _act(json={**_WHEN, "keys": ["languages", "software_versions", "space_usage"]}),
    "POST /api/v1/admin/retention": _act(json={**_WHEN, "frequency": "day"}),
    "GET /api/v1/admin/domain_blocks": _act(paged=True),
    "POST /api/v1/admin/domain_blocks": _act(json={"domain": "third.example"}),
    **_kept("/api/v1/admin/domain_blocks/:id", "host_block", severity="noop"),
    "GET /api/v1/admin/domain_allows": _act(paged=True),
    "POST /api/v1/admin/domain_allows": _act(json={"domain": "fourth.example"}),
    **_kept("/api/v1/admin/domain_allows/:id", "host_allow"),
    "GET /api/v1/admin/email_domain_blocks": _act(paged=True),
    "POST /api/v1/admin/email_domain_blocks": _act(json={"domain": "third.example"}),
    **_kept("/api/v1/admin/email_domain_blocks/:id", "provider_block"),
    "GET /api/v1/admin/canonical_email_blocks": _act(paged=True),
    "POST /api/v1/admin/canonical_email_blocks": _act(json={"email": "eve@third.example"}),
    "POST /api/v1/admin/canonical_email_blocks/test": _act(json={"email": "eve@third.example"}),
    **_kept("/api/v1/admin/canonical_email_blocks/:id", "email_block"),
    "GET /api/v1/admin/ip_blocks": _act(paged=True),
    "POST /api/v1/admin/ip_blocks": _act(json={"ip": "203.0.113.7", "severity": "no_access"}),
    **_kept("/api/v1/admin/ip_blocks/:id", "ip_block", severity="no_access"),
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
    for place in ("first", "second"):
        for what, name, said in (
            ("domain_block", "host_block", {"domain": f"{place}.example"}),
            ("domain_allow", "host_allow", {"domain": f"{place}.friend.example"}),
            ("email_domain_block", "provider_block", {"domain": f"{place}.example"}),
            ("canonical_email_block", "email_block", {"email": f"eve@{place}.example"}),
            ("ip_block", "ip_block", {"ip": f"192.0.2.{len(place)}", "severity": "sign_up_block"}),
        ):
            await stage.make(name, "root", f"/api/v1/admin/{what}s", **said)
    for what, name in (("tags", "tag"), ("links", "link"), ("links/publishers", "publisher")):
        stage.names[name] = (await stage.ask("root", "GET", f"/api/v1/admin/trends/{what}"))[0]["id"]
