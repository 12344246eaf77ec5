"""Emoji of our own: listed, shown in what uses them, served; and never mistaken for the badge."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.outbox.emojis import ShortcodeError, add_emoji, check_shortcode
from federation.wire.sanitize import strip_badge
from storage.custom_emojis import delete_emoji
from storage.records import CustomEmoji
from tests.web.api_world import HOUR, World
from tests.web.entity_checker import EntityChecker
from web.media_files import LIBRARY


async def add(world: World, shortcode: str, *, category: str = "") -> CustomEmoji:
    assert world.browser.app is not None
    store = world.browser.app[LIBRARY].store
    world.tick()
    file = await store.put(b"RIFF and so on", "webp")
    return await add_emoji(world.ctx, shortcode, file, category=category, by="console")


async def test_all_are_listed_and_served(world: World, checker: EntityChecker) -> None:
    emoji = await add(world, "stethoscope", category="Médecine")
    listed = (await world.get("/api/v1/custom_emojis")).body
    checker.check_all("CustomEmoji", listed)
    assert [(one["shortcode"], one["visible_in_picker"], one["category"]) for one in listed] == [
        ("verified_clinician", False, None),
        ("stethoscope", True, "Médecine"),
    ]
    path = listed[1]["url"].removeprefix("https://chu-a.example")
    async with world.browser.get(path) as response:
        assert (response.status, await response.read()) == (200, b"RIFF and so on")
        assert response.content_type == "image/webp"
    await world.write(lambda tx: delete_emoji(tx, emoji.id))
    async with world.browser.get(path) as response:
        assert response.status == 404


async def test_posts_carry_those_that_they_use(world: World, checker: EntityChecker) -> None:
    anna = await world.person("anna")
    for shortcode in ("stethoscope", "ecg", "heart", "unused"):
        await add(world, shortcode)
    poll = {"options": [":heart:", "non"], "expires_in": 3600}
    sent = {"status": "Un :stethoscope: :unknown: :verified_clinician:", "spoiler_text": ":ecg:", "poll": poll}
    made = (await world.post("/api/v1/statuses", anna, json=sent)).body
    checker.check("Status", made)
    assert [one["shortcode"] for one in made["emojis"]] == ["ecg", "heart", "stethoscope"]
    assert made["emojis"][0]["url"].startswith("https://chu-a.example/media/custom_emojis/")
    assert made["poll"]["emojis"] == made["emojis"]
    world.tick(HOUR)
    edited = await world.call("PUT", f"/api/v1/statuses/{made['id']}", anna, json={"status": "Un :ecg:"})
    assert [one["shortcode"] for one in edited.body["emojis"]] == ["ecg"]


async def test_people_carry_those_of_their_profile(world: World, checker: EntityChecker) -> None:
    anna = await world.person("anna")
    for shortcode in ("stethoscope", "ecg", "heart"):
        await add(world, shortcode)
    fields = [{"name": "Service", "value": ":ecg:"}]
    sent = {"display_name": "Anna :stethoscope:", "note": "Le :heart:", "fields_attributes": fields}
    shown = (await world.call("PATCH", "/api/v1/accounts/update_credentials", anna, json=sent)).body
    checker.check("CredentialAccount", shown)
    assert [one["shortcode"] for one in shown["emojis"]] == ["ecg", "heart", "stethoscope"]
    less = (await world.call("PATCH", "/api/v1/accounts/update_credentials", anna, json={"note": "Le coeur"})).body
    assert [one["shortcode"] for one in less["emojis"]] == ["ecg", "stethoscope"]


@pytest.mark.parametrize(
    "shortcode", ["verified_clinician", "VERIFIED", "my_verified2", "certifie", "clinicien", "Clinician_ok"]
)
def test_what_claims_verification_is_nobodys(shortcode: str) -> None:
    with pytest.raises(ShortcodeError) as caught:
        check_shortcode(shortcode)
    assert caught.value.claims


@pytest.mark.parametrize("shortcode", ["", "a", "a b", "é" * 3, "x" * 51, "a:b", "véri"])
def test_what_is_no_short_name(shortcode: str) -> None:
    with pytest.raises(ShortcodeError) as caught:
        check_shortcode(shortcode)
    assert not caught.value.claims


@given(st.from_regex(r"[A-Za-z0-9_]{2,50}", fullmatch=True))
def test_a_name_that_may_be_stays_in_names(shortcode: str) -> None:
    """Whatever is taken is not what is stripped from display names."""
    try:
        check_shortcode(shortcode)
    except ShortcodeError:
        return
    assert strip_badge(f"Anna :{shortcode}:") == f"Anna :{shortcode}:"
