"""Hosts allowed and blocked by the admin API: the ruleset says it, and the rest of its text stays as its author wrote it."""

from federation.rules import get_rules
from storage.rules import get_current
from tests.web.api_world import World
from tests.web.entity_checker import EntityChecker

BLOCKS, ALLOWS = "/api/v1/admin/domain_blocks", "/api/v1/admin/domain_allows"
TEXT = """# Nos règles
[instance]
organisation = "CHU A"

[peers."chu-b.example"]   # convention 2026-014
organisation = "CHU B"
state = "active"
"""


async def text_of(world: World) -> str:
    current = await world.db.read(get_current)
    assert current is not None
    return current.body


async def state_of(world: World, host: str) -> str:
    peer = (await world.db.read(get_rules)).ruleset.peers.get(host)
    return peer.state.value if peer else ""


async def test_a_block_is_a_state_in_the_ruleset(world: World, checker: EntityChecker) -> None:
    admin, anna = await world.person("admin", role="admin"), await world.person("anna")
    await world.ruleset(TEXT)
    ben = await world.stranger("ben")
    await world.follow(anna.actor, ben)
    allowed = (await world.get(ALLOWS, admin)).body
    checker.check_all("Admin::DomainAllow", allowed)
    assert [one["domain"] for one in allowed] == ["chu-b.example"]
    data = {"domain": "CHU-B.example", "severity": "suspend", "private_comment": "Plainte", "public_comment": "Pause"}
    made = await world.post(BLOCKS, admin, json=data)
    checker.check("Admin::DomainBlock", made.body)
    assert (made.body["private_comment"], made.body["public_comment"]) == ("Plainte", "Pause")
    assert await text_of(world) == TEXT.replace('"active"', '"suspended"')
    assert await world.db.read(lambda tx: tx.value("SELECT count(*) FROM follows")) == 0
    assert (await world.get(f"/api/v1/accounts/{ben.id}", anna)).status == 404
    again = await world.post(BLOCKS, admin, json={"domain": "chu-b.example"})
    assert (again.status, again.body["existing_domain_block"]["id"]) == (422, made.body["id"])
    assert (await world.post(ALLOWS, admin, json={"domain": "chu-b.example"})).status == 422
    path = f"{BLOCKS}/{made.body['id']}"
    milder = (await world.call("PATCH", path, admin, json={"severity": "silence"})).body
    assert (milder["severity"], milder["private_comment"]) == ("silence", "Plainte")
    assert await state_of(world, "chu-b.example") == "quarantined"
    assert (await world.call("PUT", path, admin, json={"severity": "noop"})).status == 200
    assert await state_of(world, "chu-b.example") == "active"


async def test_what_a_block_replaced_comes_back(world: World, checker: EntityChecker) -> None:
    admin = await world.person("admin", role="admin")
    await world.ruleset(TEXT)
    for host, before in (("chu-b.example", "active"), ("new.example", "")):
        made = (await world.post(BLOCKS, admin, json={"domain": host, "severity": "silence"})).body
        assert await state_of(world, host) == "quarantined"
        gone = await world.call("DELETE", f"{BLOCKS}/{made['id']}", admin)
        checker.check("Admin::DomainBlock", gone.body)
        assert await state_of(world, host) == before
        assert (await world.get(f"{BLOCKS}/{made['id']}", admin)).status == 404
    assert await text_of(world) == TEXT
    noted = (
        await world.post(BLOCKS, admin, json={"domain": "loud.example", "severity": "noop", "reject_reports": 1})
    ).body
    assert (noted["severity"], noted["reject_reports"]) == ("noop", True)
    assert await text_of(world) == TEXT
    allowed = await world.post(ALLOWS, admin, json={"domain": "friend.example"})
    checker.check("Admin::DomainAllow", allowed.body)
    assert await state_of(world, "friend.example") == "active"
    assert (await world.post(ALLOWS, admin, json={"domain": "friend.example"})).body == allowed.body
    assert (await world.call("DELETE", f"{ALLOWS}/{allowed.body['id']}", admin)).body == allowed.body
    assert await state_of(world, "friend.example") == ""
    by_hand = next(one for one in (await world.get(ALLOWS, admin)).body if one["domain"] == "chu-b.example")
    await world.call("DELETE", f"{ALLOWS}/{by_hand['id']}", admin)
    assert await state_of(world, "chu-b.example") == "proposed"
    assert 'organisation = "CHU B"' in await text_of(world)


async def test_what_cannot_be_said_is_refused_with_a_reason(world: World) -> None:
    admin, moderator = await world.person("admin", role="admin"), await world.person("moderator", role="moderator")
    await world.ruleset(
        'peers = { "odd.example" = { organisation = "O", state = "active" } }\n[instance]\norganisation = "A"\n'
    )
    before = await text_of(world)
    for wrong in (
        {"domain": "chu-a.example"},
        {"domain": "no host"},
        {},
        {"domain": "x.example", "severity": "nonsense"},
        {"domain": "x.example", "severity": "silence", "reject_media": True},
    ):
        refused = await world.post(BLOCKS, admin, json=wrong)
        assert (refused.status, refused.body["error"][:17]) == (422, "Validation failed"), wrong
    odd = await world.post(BLOCKS, admin, json={"domain": "odd.example", "severity": "suspend"})
    assert (odd.status, "only a person can edit" in odd.body["error"]) == (422, True)
    assert await text_of(world) == before
    assert (await world.post(BLOCKS, moderator, json={"domain": "x.example"})).status == 403
    assert (await world.get(BLOCKS, moderator)).status == 200
