"""Posts in another language: every word of them, cleaned on return; and no word to a stranger that is not public."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from federation.addresses import Guard
from policies.terms import Audience
from storage import polls
from storage.ids import new_id
from storage.records import Poll
from tests.web.api_world import World
from tests.web.engine import EngineServer, engine_server
from tests.web.entity_checker import EntityChecker
from tests.web.live import LOOPBACK
from web.outside.translate import MOST_ANSWER, TRANSLATOR, Engine, Translator

NOT_FOUND = (404, {"error": "Record not found"})
NOT_ALLOWED = (403, {"error": "This action is not allowed"})


@asynccontextmanager
async def translating(
    world: World, *, local: bool = False, guard: Guard = LOOPBACK, key: str = ""
) -> AsyncIterator[EngineServer]:
    app = world.browser.app
    assert app is not None
    async with engine_server() as server:
        translator = Translator(Engine(server.url, key, local), guard)
        app._state[TRANSLATOR] = translator  # aiohttp freezes what runs
        try:
            yield server
        finally:
            del app._state[TRANSLATOR]
            await translator.close()


async def ask(world: World, status_id: int, who: Any, **said: Any) -> Any:
    return await world.post(f"/api/v1/statuses/{status_id}/translate", who, json=said)


async def test_every_word_of_a_post_is_translated(world: World, checker: EntityChecker) -> None:
    anna, ben = await world.person("anna"), await world.person("ben", locale="en")
    link = '<a href="https://x.example/" translate="no">x</a>'
    status = await world.status(anna.actor, f"<p>Bonjour & {link}</p>".replace("&", "&amp;"), summary="Un <cas>")
    await world.attach(anna.actor, status)
    await world.attach(anna.actor, status, description="")
    poll = Poll(new_id(world.tick()), status.id, '["oui","non"]', "[0,0]", 0, 0, 0, None, 0, 0, 0)
    await world.write(lambda tx: polls.insert_poll(tx, poll))
    async with translating(world, key="secret") as engine:
        assert (await world.get("/api/v2/instance")).body["configuration"]["translation"] == {"enabled": True}
        languages = (await world.get("/api/v1/instance/translation_languages")).body
        assert languages == {"fr": ["en", "zh-Hans"], "en": ["fr"], "und": ["en", "fr", "zh-Hans"]}
        answer = await ask(world, status.id, ben)
        checker.check("Translation", answer.body)
        assert engine.told[0]["q"] == [status.content, "Un &lt;cas&gt;", "oui", "non", "Radiographie"]
        assert {name: engine.told[0][name] for name in ("source", "target", "format", "api_key")} == {
            "source": "fr", "target": "en", "format": "html", "api_key": "secret"
        }  # fmt: skip
        assert answer.body["content"].startswith("<p>[en] Bonjour &amp; <a href=")
        assert answer.body["spoiler_text"].startswith("[en] Un")
        assert [one["title"] for one in answer.body["poll"]["options"]] == ["[en] oui", "[en] non"]
        assert [one["description"] for one in answer.body["media_attachments"]] == ["[en] Radiographie"]
        assert (answer.body["language"], answer.body["detected_source_language"]) == ("en", "fr")
        assert (await ask(world, status.id, ben, lang="zh-Hans")).body["language"] == "zh-Hans"
        assert (await ask(world, status.id, ben, lang="en_GB")).body["language"] == "en"
        for lang in ("fr", "de", "x" * 500):
            refused = await ask(world, status.id, ben, lang=lang)
            assert (refused.status, refused.body) == NOT_ALLOWED, lang
        assert engine.asked_languages == 1


async def test_a_post_without_language_is_looked_at_by_the_service(world: World) -> None:
    anna = await world.person("anna")
    boosted = await world.status(anna.actor, language=None)
    boost = await world.boost(anna.actor, boosted)
    async with translating(world) as engine:
        answer = await ask(world, boost.id, anna, lang="en")
        assert (answer.body["detected_source_language"], engine.told[0]["source"]) == ("fr", "auto")
        assert "api_key" not in engine.told[0]
        assert "poll" not in answer.body


@pytest.mark.parametrize("local", [False, True])
async def test_no_word_that_is_not_public_goes_to_a_stranger(world: World, *, local: bool) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    group = await world.group("cardiologie", [anna])
    case = await world.status(anna.actor, group=group)
    hidden = [case] + [await world.status(anna.actor, audience=one) for one in (Audience.FOLLOWERS, Audience.DIRECT)]
    open_ = [await world.status(anna.actor), await world.status(anna.actor, audience=Audience.UNLISTED)]
    async with translating(world, local=local) as engine:
        for status in hidden:
            outsider = await ask(world, status.id, ben, lang="en")
            assert (outsider.status, outsider.body) == NOT_FOUND
            own = await ask(world, status.id, anna, lang="en")
            assert own.status == 200 if local else (own.status, own.body) == NOT_ALLOWED
        assert len(engine.told) == (3 if local else 0)
        for status in open_:
            assert (await ask(world, status.id, ben, lang="en")).status == 200
        assert (await ask(world, 1, anna, lang="en")).status == 404


async def test_what_comes_back_is_cleaned(world: World) -> None:
    anna = await world.person("anna")
    status = await world.status(anna.actor, summary="cas")
    async with translating(world) as engine:
        engine.answer = {
            "translatedText": ['<p onclick="x()">a<script>x()</script><img src=x></p>', "b\u202e<b>&lt;i&gt;"],
            "detectedLanguage": [],
        }
        body = (await ask(world, status.id, anna, lang="en")).body
        assert (body["content"], body["spoiler_text"]) == ("<p>a</p>", "b")
        engine.answer = {"translatedText": ["<i>" * 9000, "b"]}
        assert (await ask(world, status.id, anna, lang="en")).status == 503


@pytest.mark.parametrize(
    ("status", "answer", "phrase"),
    [
        (403, {"error": "no"}, "The server-wide usage quota for the translation service has been exceeded."),
        (429, {"error": "slow"}, "There have been too many requests to the translation service recently."),
        (500, {}, "Service Unavailable"),
        (302, {}, "Service Unavailable"),
        (200, [], "Service Unavailable"),
        (200, {"translatedText": ["a", "b"]}, "Service Unavailable"),
        (200, {"translatedText": [1]}, "Service Unavailable"),
        (200, {"translatedText": ["a" * (MOST_ANSWER + 1)]}, "Service Unavailable"),
    ],
)
@pytest.mark.parametrize("engine", ["sqlite"])
async def test_trouble_is_told_in_mastodons_words(world: World, status: int, answer: Any, phrase: str) -> None:
    anna = await world.person("anna")
    post = await world.status(anna.actor)
    async with translating(world) as server:
        server.status, server.answer = status, answer
        refused = await ask(world, post.id, anna, lang="en")
        assert (refused.status, refused.body) == (503, {"error": phrase})


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_the_service_is_reached_through_the_guard(world: World) -> None:
    anna = await world.person("anna")
    post = await world.status(anna.actor)
    async with translating(world, guard=replace(LOOPBACK, trusted_addresses=())) as server:
        assert (await ask(world, post.id, anna, lang="en")).status == 503
        assert (await world.get("/api/v1/instance/translation_languages")).status == 503
        assert server.asked_languages == 0


async def test_without_a_service_nothing_is_translated(world: World) -> None:
    anna = await world.person("anna")
    post = await world.status(anna.actor)
    answer = await ask(world, post.id, anna)
    assert (answer.status, answer.body) == NOT_FOUND
    assert (await world.get("/api/v1/instance/translation_languages")).body == {}
    assert (await world.get("/api/v2/instance")).body["configuration"]["translation"] == {"enabled": False}
