"""E-mail providers, addresses and networks that are shut out: kept as apps expect, and in force at once."""

from ipaddress import ip_network
from pathlib import Path

import pytest

from storage.database import Database, Transaction
from tests.web.api_world import World
from tests.web.entity_checker import EntityChecker
from tests.web.test_api_sign_ups import asked, bearer, join, joinable
from web.shut_out import hash_email, is_email_shut_out

IPS, DOMAINS, EMAILS = (f"/api/v1/admin/{what}_blocks" for what in ("ip", "email_domain", "canonical_email"))


async def test_who_comes_from_a_blocked_network_gets_nothing(world: World, checker: EntityChecker) -> None:
    admin, anna = await world.person("admin", role="admin"), await world.person("anna")
    world.change_site(trusted_proxies=(ip_network("127.0.0.0/8"),))
    blocked = {"X-Forwarded-For": "192.0.2.77"}
    data = {"ip": "192.0.2.0/24", "severity": "no_access", "comment": "Attaque", "expires_in": 3600}
    made = await world.post(IPS, admin, json=data)
    checker.check("Admin::IpBlock", made.body)
    assert (made.body["ip"], made.body["comment"]) == ("192.0.2.0/24", "Attaque")
    for path in ("/api/v1/instance", "/auth/sign_in", "/api/v1/timelines/home"):
        async with world.browser.get(path, headers=blocked) as answer:
            assert answer.status == 403, path
    assert (await world.call("GET", "/api/v1/timelines/home", anna, headers=blocked)).status == 403
    assert (
        await world.call("GET", "/api/v1/timelines/home", anna, headers={"X-Forwarded-For": "192.0.3.1"})
    ).status == 200
    assert (await world.post(IPS, admin, json=data)).status == 422
    world.tick(3_600_001)
    assert (await world.call("GET", "/api/v1/timelines/home", anna, headers=blocked)).status == 200
    again = await world.post(IPS, admin, json=data | {"expires_in": ""})
    assert again.body["expires_at"] is None
    path = f"{IPS}/{again.body['id']}"
    changed = await world.call("PUT", path, admin, json={"severity": "sign_up_block"})
    assert (changed.body["severity"], changed.body["comment"]) == ("sign_up_block", "Attaque")
    assert (await world.call("GET", "/api/v1/timelines/home", anna, headers=blocked)).status == 200
    assert (await world.call("PATCH", path, admin, json={"ip": "2001:db8::/32"})).body["ip"] == "2001:db8::/32"
    assert (await world.call("DELETE", path, admin)).body["ip"] == "2001:db8::/32"
    assert (await world.get(IPS, admin)).body == []
    for wrong in ({"ip": "nowhere"}, {"severity": "nonsense"}, {"ip": ""}, {"severity": ""}, {"expires_in": -1}):
        assert (await world.post(IPS, admin, json=data | wrong)).status == 422, wrong


async def shut_out(world: World, email: str) -> bool:
    async def unit(tx: Transaction) -> bool:
        return await is_email_shut_out(tx, email, now=world.clock.now)

    return bool(await world.write(unit))


async def test_e_mail_addresses_and_their_providers(world: World, checker: EntityChecker) -> None:
    admin, auditor = await world.person("admin", role="admin"), await world.person("auditor", role="auditor")
    provider = await world.post(DOMAINS, admin, json={"domain": "Throwaway.example"})
    checker.check("Admin::EmailDomainBlock", provider.body)
    assert await shut_out(world, "a@throwaway.example")
    assert await shut_out(world, "a@mail.throwaway.example")
    assert not await shut_out(world, "a@notthrowaway.example")
    counted = (await world.get(f"{DOMAINS}/{provider.body['id']}", auditor)).body
    assert (counted["history"][0]["uses"], counted["history"][1]["uses"]) == ("2", "0")
    one = await world.post(EMAILS, admin, json={"email": "A.nn.a+cas@clinic.example"})
    checker.check("Admin::CanonicalEmailBlock", one.body)
    assert one.body["canonical_email_hash"] == hash_email("anna@clinic.example")
    found = await world.post(f"{EMAILS}/test", auditor, json={"email": "anna@CLINIC.example"})
    assert found.body == [one.body]
    assert await shut_out(world, "an.na@clinic.example")
    assert not await shut_out(world, "ben@clinic.example")
    assert (
        await world.post(EMAILS, admin, json={"canonical_email_hash": one.body["canonical_email_hash"]})
    ).status == 422
    for path, data in ((DOMAINS, {"domain": "no domain"}), (EMAILS, {"canonical_email_hash": "x"}), (EMAILS, {})):
        assert (await world.post(path, admin, json=data)).status == 422
    assert (await world.post(DOMAINS, auditor, json={"domain": "other.example"})).status == 403
    for path, made in ((DOMAINS, provider), (EMAILS, one)):
        assert (await world.call("DELETE", f"{path}/{made.body['id']}", admin)).status == 200
        assert (await world.get(f"{path}/{made.body['id']}", admin)).status == 404
    assert not await shut_out(world, "anna@clinic.example")


async def test_who_is_shut_out_does_not_sign_up(db: Database, tmp_path: Path) -> None:
    async with joinable(db, tmp_path, confirming=False) as (world, app):
        admin = await world.person("root", role="admin")
        block = (await world.post(IPS, admin, json={"ip": "127.0.0.1", "severity": "sign_up_block"})).body
        assert (await join(world, app)).status == 403
        gentle = {"severity": "sign_up_requires_approval"}
        await world.call("PUT", f"{IPS}/{block['id']}", admin, json=gentle)
        await world.post(DOMAINS, admin, json={"domain": "throwaway.example"})
        refused = await join(world, app, email="nina@throwaway.example")
        assert refused.status == 422
        assert refused.body["details"]["email"][0]["error"] == "ERR_BLOCKED"
        joined = bearer(await join(world, app))
        assert (await asked(world, joined))[0] == 403
        waiting = (await world.get("/api/v2/admin/accounts?status=pending", admin)).body
        assert [one["username"] for one in waiting] == ["nina"]


@pytest.mark.parametrize(
    ("email", "like"), [("a.b@x.example", "ab@x.example"), ("ab+c@x.example", "AB@X.example"), ("a", "a")]
)
def test_several_spellings_are_one_address(email: str, like: str) -> None:
    assert hash_email(email) == hash_email(like) or "@" not in email
