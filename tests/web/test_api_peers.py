"""What everybody may know of the peers and the use of this instance; and what is not here, answered as Mastodon does."""

import hashlib

from policies.terms import Audience
from storage.usage import WEEK
from tests.web.api_world import RULES, World
from tests.web.entity_checker import EntityChecker

PEERS = (
    RULES
    + """
[peers."chu-b.example"]
organisation = "CHU B"
state = "active"
accept_levels_from = "checked"
[peers."chu-lapsed.example"]
organisation = "Lapsed"
state = "active"
accept_levels_from = "checked"
agreement = { reference = "1", from = 2020-01-01, until = 2020-12-31 }
[peers."chu-bad.example"]
organisation = "Secret"
state = "suspended"
accept_levels_from = "checked"
[peers."trial.example"]
organisation = "Trial"
state = "trial"
accept_levels_from = "checked"
"""
)


async def test_only_active_peers_are_named(world: World) -> None:
    await world.ruleset(PEERS)
    assert (await world.get("/api/v1/instance/peers")).body == ["chu-b.example"]
    for asked, found in (("CHU", ["chu-b.example"]), ("b.ex", []), ("", []), ("trial", []), ("chu-bad", [])):
        assert (await world.get(f"/api/v1/peers/search?q={asked}")).body == found


async def test_suspended_peers_are_named_where_the_admin_publishes_them(world: World, checker: EntityChecker) -> None:
    await world.ruleset(PEERS)
    path = "/api/v1/instance/domain_blocks"
    assert (await world.get(path)).status == 404
    world.change_site(publish_blocks=True)
    found = (await world.get(path)).body
    checker.check_all("DomainBlock", found)
    digest = hashlib.sha256(b"chu-bad.example").hexdigest()
    assert found == [{"domain": "chu-bad.example", "digest": digest, "severity": "suspend"}]


async def test_use_is_counted_by_weeks_and_nothing_in_it_is_private(world: World) -> None:
    anna = await world.person("anna")
    group = await world.group("cardiologie", [anna])
    stranger = await world.stranger("ben")
    await world.get("/api/v1/timelines/home", anna)
    quiet = (await world.get("/api/v1/instance/activity")).body
    assert [one["logins"] for one in quiet] == ["1"] + ["0"] * 11
    for audience in (Audience.FOLLOWERS, Audience.DIRECT):
        await world.status(anna.actor, audience=audience)
    await world.status(anna.actor, group=group)
    await world.status(stranger)
    original = await world.status(anna.actor)
    await world.boost(anna.actor, original)
    counted = (await world.get("/api/v1/instance/activity")).body
    assert counted[0] == quiet[0] | {"statuses": "1"}
    assert counted[1:] == quiet[1:]
    assert counted[0]["registrations"] == "1"
    world.tick(WEEK)
    later = (await world.get("/api/v1/instance/activity")).body
    assert later[1] == counted[0]
    assert (later[0]["statuses"], later[0]["logins"]) == ("0", "0")
    assert int(later[0]["week"]) - int(later[1]["week"]) == WEEK // 1000
    assert int(later[0]["week"]) % (7 * 86_400) == 4 * 86_400, "weeks begin on Mondays"
    world.tick(20 * WEEK)
    await world.get("/api/v1/timelines/home", anna)
    assert await world.db.read(lambda tx: tx.value("SELECT count(*) FROM member_weeks")) == 1


async def test_what_mastodon_has_and_we_have_not(world: World) -> None:
    anna = await world.person("anna")
    group = await world.group("secret", listed=False)
    assert (await world.get("/api/v1/donation_campaigns", anna)).status == 204
    assert (await world.get("/api/v1/donation_campaigns")).status == 401
    assert (await world.get(f"/api/v1/accounts/{anna.actor.id}/identity_proofs", anna)).body == []
    assert (await world.get(f"/api/v1/accounts/{group.id}/identity_proofs", anna)).status == 404
    subscribed = await world.post(
        f"/api/v1/accounts/{anna.actor.id}/email_subscriptions", json={"email": "a@b.example"}
    )
    assert (subscribed.status, subscribed.body) == (404, {"error": "Record not found"})
    invited = await world.get("/invite/abc")
    assert (invited.status, invited.body) == (404, {"error": "Record not found"})


async def test_what_nobody_serves_is_a_404_that_scripts_may_read(world: World) -> None:
    for method, path in (
        ("GET", "/api/web/settings"),
        ("PUT", "/api/web/settings"),
        ("GET", "/api/v9/statuses"),
        ("DELETE", "/api/v1/instance"),
        ("PATCH", "/api/v2/search"),
    ):
        answer = await world.call(method, path)
        assert (answer.status, answer.body) == (404, {"error": "Record not found"}), path
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "Allow" not in answer.headers
