"""What apps learn of the server: complete, honest, and nothing of what is private."""

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from policies.terms import Audience
from storage.actors import update_actor
from storage.database import Transaction
from storage.members import update_member
from storage.statuses import COUNTED
from tests.web.api_world import World
from tests.web.entity_checker import EntityChecker
from web import decoder
from web.api import instance
from web.errors import answer_errors
from web.keys import CONTEXT, SITE, Site


async def test_version_2(world: World, checker: EntityChecker) -> None:
    answer = await world.get("/api/v2/instance")
    checker.check("Instance", answer.body)
    assert answer.body["version"] == "4.5.0 (compatible; Confrere 0.1.0)"
    assert answer.body["domain"] == "chu-a.example"
    assert answer.body["api_versions"] == {"mastodon": 7}
    assert answer.body["configuration"]["urls"]["streaming"] == "wss://chu-a.example"
    assert answer.body["configuration"]["limited_federation"] is True
    assert answer.body["registrations"]["enabled"] is False
    assert answer.body["languages"] == ["en", "fr"]


async def test_version_1(world: World, checker: EntityChecker) -> None:
    answer = await world.get("/api/v1/instance")
    checker.check("V1::Instance", answer.body)
    assert answer.body["uri"] == "chu-a.example"


async def test_only_public_posts_count(world: World) -> None:
    anna = await world.person("anna")
    group = await world.group("cardiologie", [anna])
    before = (await world.get("/api/v1/instance")).body["stats"]
    await world.status(anna.actor, group=group)
    for audience in (Audience.FOLLOWERS, Audience.DIRECT):
        await world.status(anna.actor, audience=audience)
    assert (await world.get("/api/v1/instance")).body["stats"] == before
    assert (await world.get("/api/v2/instance")).body["usage"] == {"users": {"active_month": 0}}
    for counted in COUNTED:
        await world.status(anna.actor, audience=Audience(counted))
    assert (await world.get("/api/v1/instance")).body["stats"]["status_count"] == before["status_count"] + 2
    assert (await world.get("/api/v2/instance")).body["usage"] == {"users": {"active_month": 1}}
    world.tick(instance.MONTH + 1)
    assert (await world.get("/api/v2/instance")).body["usage"] == {"users": {"active_month": 0}}


async def test_the_disabled_do_not_count(world: World) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    await world.status(ben.actor)

    async def disable(tx: Transaction) -> None:
        await update_actor(tx, anna.actor.id, disabled_at=world.clock.now)
        await update_member(tx, ben.actor.id, disabled_at=world.clock.now)

    await world.write(disable)
    answer = await world.get("/api/v1/instance")
    assert answer.body["stats"] == {"user_count": 0, "status_count": 0, "domain_count": 0}


async def test_without_others_the_badge_is_the_only_emoji_and_its_picture_is_there(
    world: World, checker: EntityChecker
) -> None:
    answer = await world.get("/api/v1/custom_emojis")
    checker.check_all("CustomEmoji", answer.body)
    [emoji] = answer.body
    assert emoji["shortcode"] == "verified_clinician"
    assert emoji["visible_in_picker"] is False
    async with world.browser.get(emoji["url"].removeprefix("https://chu-a.example")) as response:
        assert response.status == 200
        assert response.content_type == "image/png"


def test_the_limit_of_images_is_the_decoders() -> None:
    assert instance.MOST_PIXELS == decoder.MOST_PIXELS


async def test_what_else_is_said_of_the_server(world: World, checker: EntityChecker) -> None:
    described = await world.get("/api/v1/instance/extended_description")
    checker.check("ExtendedDescription", described.body)
    assert described.body["content"] == "<p>Un hôpital</p>"
    assert (await world.get("/api/v1/instance/translation_languages")).body == {}
    languages = (await world.get("/api/v1/instance/languages")).body
    assert languages == [{"code": "en", "name": "English"}, {"code": "fr", "name": "Français"}]


async def test_without_a_description_there_is_none(world: World) -> None:
    app = web.Application(middlewares=[answer_errors])
    app[CONTEXT], app[SITE] = world.ctx, Site("CHU A")
    app.add_routes(instance.routes)
    async with TestClient(TestServer(app)) as browser:
        assert (await browser.get("/api/v1/instance/extended_description")).status == 404


@pytest.mark.parametrize("path", ["/health", "/", "/about", "/auth/sign_in", "/static/style.css", "/api/v1/instance"])
async def test_the_head_of_whatever_can_be_read(world: World, path: str) -> None:
    async with world.browser.get(path) as whole, world.browser.head(path) as head:
        assert (head.status, head.content_type) == (whole.status, whole.content_type)
        assert head.status == 200
        assert await head.read() == b""


async def test_health_needs_no_more_than_the_process() -> None:
    app = web.Application()
    app.add_routes(instance.routes)
    async with TestClient(TestServer(app)) as browser, browser.get("/health") as response:
        assert (response.status, await response.text()) == (200, "OK")
