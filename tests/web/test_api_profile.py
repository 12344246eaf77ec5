"""One's own profile: every way in which apps send changes, what is refused, portraits, and how posts begin."""

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from aiohttp import FormData
from PIL import Image

from federation.outbox.profiles import MAX_FIELD, MAX_NAME, MAX_NOTE
from storage.media import delete_unattached_before
from storage.media_store import MediaStore
from storage.members import Person
from tests.web.api_world import Answer, World
from tests.web.entity_checker import EntityChecker
from tests.web.live import picture
from tests.web.people import ORIGIN, add_token
from web.api.profile import LARGEST_PORTRAIT

CREDENTIALS = "/api/v1/accounts/update_credentials"
PROFILE = "/api/v1/profile"
CHANGES = (CREDENTIALS, PROFILE)
DAY = 24 * 3_600_000


async def change(world: World, who: Person, path: str = CREDENTIALS, **how: Any) -> Answer:
    return await world.call("PATCH", path, who, **how)


async def refused(world: World, who: Person, **how: Any) -> str:
    """The sentence of the refusal, which changed nothing."""
    before = (await world.get(PROFILE, who)).body
    answer = await change(world, who, **how)
    assert answer.status == 422
    assert (await world.get(PROFILE, who)).body == before
    return str(answer.body["error"])


def multipart(texts: dict[str, str] | None = None, **files: bytes) -> FormData:
    form = FormData(default_to_multipart=True)
    for name, text in (texts or {}).items():
        form.add_field(name, text)
    for name, data in files.items():
        form.add_field(name, BytesIO(data), filename="me.png", content_type="application/octet-stream")
    return form


def stored_in(folder: Path) -> list[Path]:
    return list(folder.glob("media/*/*/*"))


FLAT = {
    "display_name": "Anna Almeida",
    "note": "Cardiologue\r\nà Lyon #ecg\n\nhttps://chu-a.example/",
    "locked": "true",
    "discoverable": "1",
    "indexable": "on",
    "fields_attributes[0][name]": "Service",
    "fields_attributes[0][value]": "Cardiologie",
    "fields_attributes[1][name]": "Page",
    "fields_attributes[1][value]": "https://chu-a.example/ecg",
    "fields_attributes[2][name]": "",
    "fields_attributes[2][value]": "",
    "source[privacy]": "public",
    "source[sensitive]": "true",
    "source[language]": "de",
}
NESTED: dict[str, Any] = {
    "display_name": "Anna Almeida",
    "note": FLAT["note"],
    "locked": True,
    "discoverable": True,
    "indexable": True,
    "fields_attributes": [
        {"name": "Service", "value": "Cardiologie"},
        {"name": "Page", "value": "https://chu-a.example/ecg"},
        {"name": "", "value": ""},
    ],
    "source": {"privacy": "public", "sensitive": True, "language": "de"},
    "avatar": None,
}


@pytest.mark.parametrize("kind", ["multipart", "urlencoded", "json"])
async def test_all_forms_in_which_apps_send_a_profile(world: World, checker: EntityChecker, kind: str) -> None:
    anna = await world.person("anna")
    ways: dict[str, dict[str, Any]] = {
        "multipart": {"data": multipart(FLAT)},
        "urlencoded": {"data": FLAT},
        "json": {"json": NESTED},
    }
    answer = await change(world, anna, **ways[kind])
    assert answer.status == 200
    checker.check("CredentialAccount", answer.body)
    shown, source = answer.body, answer.body["source"]
    assert (shown["display_name"], shown["locked"]) == ("Anna Almeida", True)
    assert (shown["discoverable"], shown["indexable"], shown["noindex"]) == (True, True, False)
    assert shown["note"].startswith('<p>Cardiologue<br />à Lyon <a href="https://chu-a.example/tags/ecg"')
    assert [field["name"] for field in shown["fields"]] == ["Service", "Page"]
    assert shown["fields"][0]["value"] == "Cardiologie"
    assert shown["fields"][1]["value"].startswith('<a href="https://chu-a.example/ecg" rel="nofollow noopener"')
    assert source["note"] == "Cardiologue\nà Lyon #ecg\n\nhttps://chu-a.example/"
    assert [field["value"] for field in source["fields"]] == ["Cardiologie", "https://chu-a.example/ecg"]
    assert (source["privacy"], source["sensitive"], source["language"]) == ("public", True, "de")
    assert (await world.get("/api/v1/accounts/verify_credentials", anna)).body == answer.body
    public = (await world.get(f"/api/v1/accounts/{anna.actor.id}")).body
    assert (public["note"], public["fields"], public["locked"]) == (shown["note"], shown["fields"], True)


async def test_what_is_not_mentioned_or_null_stays(world: World) -> None:
    anna = await world.person("anna")
    before = (await change(world, anna, json=NESTED)).body
    nothing: list[dict[str, Any]] = [{}, dict.fromkeys(NESTED), {"display_name": "Anna Almeida"}]
    for said in nothing:
        assert (await change(world, anna, json=said)).body == before
    cleared = (await change(world, anna, json={"display_name": "", "note": "", "fields_attributes": []})).body
    assert (cleared["display_name"], cleared["note"], cleared["fields"]) == ("anna", "", [])
    assert cleared["locked"] is True
    unlocked = (await change(world, anna, data={"locked": "false", "source[language]": ""})).body
    assert (unlocked["locked"], unlocked["source"]["language"]) == (False, "en")


async def test_posts_begin_as_the_profile_says(world: World, checker: EntityChecker) -> None:
    anna = await world.person("anna")
    await change(world, anna, json={"source": {"privacy": "unlisted", "sensitive": True, "language": "de"}})
    preferences = (await world.get("/api/v1/preferences", anna)).body
    checker.check("Preferences", preferences)
    assert preferences["posting:default:visibility"] == "unlisted"
    assert preferences["posting:default:sensitive"] is True
    assert preferences["posting:default:language"] == "de"
    posted = (await world.post("/api/v1/statuses", anna, json={"status": "Guten Tag"})).body
    assert (posted["visibility"], posted["sensitive"], posted["language"]) == ("unlisted", True, "de")
    said = {"status": "Bonjour", "visibility": "private", "sensitive": False, "language": "fr"}
    posted = (await world.post("/api/v1/statuses", anna, json=said)).body
    assert (posted["visibility"], posted["sensitive"], posted["language"]) == ("private", False, "fr")


async def test_a_profile_is_read_and_changed_as_it_was_written(world: World, checker: EntityChecker) -> None:
    anna = await world.person("anna")
    first = await world.get(PROFILE, anna)
    checker.check("Profile", first.body)
    assert (first.body["avatar"], first.body["header"]) == (None, None)
    for method in ("PATCH", "PUT"):
        changed = await world.call(method, PROFILE, anna, data=multipart(FLAT, avatar=picture()))
        assert changed.status == 200
        checker.check("Profile", changed.body)
        assert changed.body["note"] == "Cardiologue\nà Lyon #ecg\n\nhttps://chu-a.example/"
        assert changed.body["fields"][1]["value"] == "https://chu-a.example/ecg"
        assert changed.body["avatar"].startswith(f"{ORIGIN.base}/media/avatars/")
        assert (await world.get(PROFILE, anna)).body == changed.body


async def test_markup_is_text_and_nobody_is_named(world: World) -> None:
    anna = await world.person("anna")
    await world.person("ben")
    text = "<script>alert(1)</script> @ben & <b>x"
    shown = (await change(world, anna, json={"note": text})).body
    assert shown["note"] == "<p>&lt;script&gt;alert(1)&lt;/script&gt; @ben &amp; &lt;b&gt;x</p>"
    assert shown["source"]["note"] == text
    fields = [{"name": "a\u202eb", "value": '"><img src=x onerror=alert(1)> 1 < 2'}]
    shown = (await change(world, anna, json={"fields_attributes": fields})).body
    assert shown["fields"] == [{"name": "ab", "value": "&quot;&gt; 1 &lt; 2", "verified_at": None}]


async def test_a_name_claims_nothing(world: World) -> None:
    """Apps send back the badge with the name that they were shown: it does not count, and does not stay."""
    anna = await world.person("anna")
    await world.attest(anna.actor)
    name = "A" * MAX_NAME
    shown = (await change(world, anna, json={"display_name": f"{name} :verified_clinician:"})).body
    assert shown["display_name"] == f"{name} :verified_clinician:"
    await world.attest(anna.actor, revoked_at=world.clock.now)
    assert (await world.get(f"/api/v1/accounts/{anna.actor.id}")).body["display_name"] == name


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"display_name": "x" * (MAX_NAME + 1)}, "Display name is too long (maximum is 100 characters)"),
        ({"note": "x" * (MAX_NOTE + 1)}, "Note is too long (maximum is 500 characters)"),
        ({"fields_attributes": [{"name": "x", "value": "y"}] * 5}, "Fields are limited to 4"),
        ({"fields_attributes": [{"name": " ", "value": "y"}]}, "Fields with a value must have a name"),
        (
            {"fields_attributes": [{"name": "x", "value": "y" * (MAX_FIELD + 1)}]},
            "Fields text is too long (maximum is 255 characters)",
        ),
        ({"fields_attributes": ["x"]}, "fields_attributes must be a list of objects"),
        ({"source": {"privacy": "group"}}, "Privacy is not included in the list"),
        ({"source": {"privacy": "direct"}}, "Privacy is not included in the list"),
        ({"source": {"language": "<fr>"}}, "Language is not included in the list"),
        ({"source": "public"}, "source must be an object"),
        ({"locked": "maybe"}, "locked must be true or false"),
        ({"avatar": "data:image/png;base64,AAAA"}, "avatar must be a file"),
        ({"bot": True}, "Bot accounts are not available on this server"),
    ],
)
async def test_what_is_refused_changes_nothing(world: World, said: dict[str, Any], sentence: str) -> None:
    anna = await world.person("anna")
    for path in CHANGES:
        told = await refused(world, anna, path=path, json={"locked": True, "note": "Bonjour", **said})
        assert told == f"Validation failed: {sentence}"


@pytest.mark.parametrize("path", CHANGES)
@pytest.mark.parametrize(("shape", "size"), [("avatar", (400, 400)), ("header", (1500, 500))])
async def test_a_portrait_is_written_anew_and_served_to_everybody(
    world: World, path: str, shape: str, size: tuple[int, int]
) -> None:
    anna = await world.person("anna")
    answer = await change(world, anna, path, data=multipart({}, **{shape: picture(640, 480)}))
    assert answer.status == 200
    url = (await world.get(f"/api/v1/accounts/{anna.actor.id}")).body[shape]
    assert url == answer.body[shape]
    async with world.browser.get(url.removeprefix(ORIGIN.base)) as response:
        assert (response.status, response.headers["Content-Type"]) == (200, "image/webp")
        shown = Image.open(BytesIO(await response.read()))
    assert (shown.format, shown.size) == ("WEBP", size)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "Validation failed: Avatar content type is invalid"),
        (b"\0" * 128 + b"DICM" + b"\x02\x00", "Validation failed: Avatar content type is invalid"),
        (picture(600, 600)[:-100], "File type of uploaded media could not be verified"),
        (b"x" * (LARGEST_PORTRAIT + 1), "Validation failed: Avatar file size must be less than 8 MB"),
    ],
    ids=["svg", "dicom", "half", "large"],
)
async def test_what_is_no_portrait(world: World, tmp_path: Path, data: bytes, sentence: str) -> None:
    anna = await world.person("anna")
    assert await refused(world, anna, data=multipart({"note": "Bonjour"}, avatar=data)) == sentence
    assert stored_in(tmp_path) == []


async def test_far_too_large_is_not_read_to_its_end(world: World) -> None:
    anna = await world.person("anna")
    answer = await change(world, anna, data=multipart(header=b"x" * (3 * LARGEST_PORTRAIT)))
    assert (answer.status, answer.body) == (413, {"error": "The request is too large"})


async def test_portraits_are_taken_away_and_their_files_forgotten(
    world: World, checker: EntityChecker, tmp_path: Path
) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    shared, own = picture(colour="red"), picture(colour="blue")
    await change(world, ben, data=multipart(avatar=shared))
    await change(world, anna, data=multipart(avatar=shared, header=shared))
    await change(world, anna, data=multipart(header=own))
    for shape in ("avatar", "header"):
        answer = await world.call("DELETE", f"{PROFILE}/{shape}", anna)
        checker.check("CredentialAccount", answer.body)
        assert answer.body[shape] == f"{ORIGIN.base}/static/{shape}.png"
        again = await world.call("DELETE", f"{PROFILE}/{shape}", anna)
        assert (again.status, again.body) == (200, answer.body)
    unused = await world.write(lambda tx: delete_unattached_before(tx, world.clock.now + DAY))
    store = MediaStore(tmp_path / "media")
    assert len(unused) == 2  # both headers of Anna; her avatar is still Ben's
    assert all(store.find(name) for name in unused)
    kept = await world.db.read(lambda tx: tx.value("SELECT avatar FROM actors WHERE id = :id", id=ben.actor.id))
    assert kept not in unused


async def test_scopes(world: World) -> None:
    anna = await world.person("anna")
    reading = await add_token(world.db, anna, ("read", "write:statuses"))
    for method, path in (
        ("PATCH", CREDENTIALS),
        ("PATCH", PROFILE),
        ("PUT", PROFILE),
        ("DELETE", f"{PROFILE}/avatar"),
        ("DELETE", f"{PROFILE}/header"),
    ):
        assert (await world.call(method, path, headers=reading)).status == 403
        assert (await world.call(method, path)).status == 401
    assert (await world.get(PROFILE)).status == 401


async def test_whom_one_follows_may_be_hidden(world: World, checker: EntityChecker) -> None:
    """From others: oneself goes on seeing both lists. Nobody learns of it from familiar followers either."""
    anna, ben, carl = [await world.person(name) for name in ("anna", "ben", "carl")]
    for follower, followed in ((anna, ben), (ben, carl)):
        assert (await world.post(f"/api/v1/accounts/{followed.actor.id}/follow", follower)).status == 200
    lists = [f"/api/v1/accounts/{ben.actor.id}/{name}" for name in ("followers", "following")]
    familiar = f"/api/v1/accounts/familiar_followers?id[]={carl.actor.id}"
    assert [one["id"] for one in (await world.get(familiar, anna)).body[0]["accounts"]] == [str(ben.actor.id)]
    answer = await change(world, ben, json={"hide_collections": True})
    checker.check("CredentialAccount", answer.body)
    assert (answer.body["hide_collections"], answer.body["source"]["hide_collections"]) == (True, True)
    for path in lists:
        assert (await world.get(path)).body == (await world.get(path, anna)).body == []
        assert len((await world.get(path, ben)).body) == 1
    assert (await world.get(familiar, anna)).body[0]["accounts"] == []
