"""Mastodon.py's admin methods, all families, against the whole application on loopback."""

import asyncio
from datetime import UTC, datetime

from mastodon import Mastodon

from federation.outbox.profiles import NewMember, create_member
from storage import trends
from tests.web.api_world import World
from tests.web.people import add_token
from tests.web.test_admin_figures import speak


async def test_mastodon_py_administers(world: World) -> None:
    root, anna, ben = await world.person("root", role="admin"), await world.person("anna"), await world.person("ben")
    asker = await create_member(world.ctx, NewMember("asker", "asker@clinic.example", "", approved=False), by="asker")
    await speak(world, [anna.actor, ben.actor])
    await world.write(lambda tx: trends.count_trends(tx, now=world.clock.now))
    report = {"account_id": str(ben.actor.id), "comment": "Un nom"}
    assert (await world.post("/api/v1/reports", anna, json=report)).status == 200
    token = (await add_token(world.db, root))["Authorization"].removeprefix("Bearer ")
    base = str(world.browser.make_url("/")).rstrip("/")
    await asyncio.to_thread(_administer, base, token, ben.actor.id, asker.id)


def _administer(base: str, token: str, ben: int, asker: int) -> None:
    client = Mastodon(api_base_url=base, access_token=token, version_check_mode="none")
    _moderate(client, ben, asker)
    _shut_out(client)
    _look(client)


def _moderate(client: Mastodon, ben: int, asker: int) -> None:
    assert client.admin_account_approve(asker).approved is True
    (found,) = client.admin_accounts_v2(origin="local", username="ben")
    assert found.id == str(ben)
    assert {one["username"] for one in client.admin_accounts_v1(status="active")} == {"root", "anna", "ben", "asker"}
    (report,) = client.admin_reports()
    assert client.admin_report_assign(report).assigned_account.username == "root"
    assert client.admin_report_unassign(report).assigned_account is None
    client.admin_account_moderate(ben, action="suspend", report_id=report)
    assert client.admin_report(report).action_taken is True
    assert client.admin_report_reopen(report).action_taken is False
    assert client.admin_report_resolve(report).action_taken is True
    assert client.admin_account(ben).suspended is True
    assert client.admin_account_unsuspend(ben).suspended is False
    for undo in (client.admin_account_unsilence, client.admin_account_unsensitive, client.admin_account_enable):
        assert undo(ben).id == str(ben)
    client.admin_account_moderate(asker, action="suspend")
    assert client.admin_account_delete(asker).username == "asker"


def _shut_out(client: Mastodon) -> None:
    block = client.admin_create_domain_block("bad.example", severity="suspend", private_comment="Plainte")
    assert client.admin_update_domain_block(block, severity="silence").severity == "silence"
    assert [one.domain for one in client.admin_domain_blocks()] == ["bad.example"]
    client.admin_delete_domain_block(block)
    allow = client.admin_create_domain_allow("good.example")
    assert client.admin_domain_allow(allow).domain == "good.example"
    client.admin_delete_domain_allow(allow)
    assert (list(client.admin_domain_blocks()), list(client.admin_domain_allows())) == ([], [])
    provider = client.admin_create_email_domain_block("throwaway.example")
    assert client.admin_email_domain_block(provider).domain == "throwaway.example"
    client.admin_delete_email_domain_block(provider)
    email = client.admin_create_canonical_email_block(email="eve@clinic.example")
    assert [one.id for one in client.admin_test_canonical_email_block("e.ve@clinic.example")] == [email.id]
    client.admin_delete_canonical_email_block(email)
    network = client.admin_create_ip_block("192.0.2.0/24", "no_access", comment="Attaque", expires_in=60)
    assert client.admin_update_ip_block(network, severity="sign_up_block").severity == "sign_up_block"
    assert client.admin_ip_block(network).ip == "192.0.2.0/24"
    client.admin_delete_ip_block(network)
    assert not [*client.admin_email_domain_blocks(), *client.admin_canonical_email_blocks(), *client.admin_ip_blocks()]


def _look(client: Mastodon) -> None:
    (tag,) = client.admin_trending_tags()
    assert client.admin_reject_trending_tag(tag).trendable is False
    assert client.admin_approve_trending_tag(tag).trendable is True
    (link,) = client.admin_trending_links()
    client.admin_reject_trending_link(link["id"])
    client.admin_approve_trending_link(link["id"])
    status = client.admin_trending_statuses()[0]
    assert client.admin_reject_trending_status(status).id == status.id
    assert client.admin_approve_trending_status(status).id == status.id
    start, end = datetime(2026, 11, 17, tzinfo=UTC), datetime(2026, 11, 19, tzinfo=UTC)
    measures = client.admin_measures(start, end, new_users=True, interactions=True, tag_uses=tag)
    assert {one.key: int(one.total) for one in measures} == {"new_users": 3, "interactions": 0, "tag_uses": 2}
    dimensions = client.admin_dimensions(start, end, limit=3, languages=True, servers=True, software_versions=True)
    assert [one.key for one in dimensions] == ["languages", "servers", "software_versions"]
    cohorts = client.admin_retention(start, end, frequency="day")
    assert len(cohorts) == 3
