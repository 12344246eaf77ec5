"""Signing up by an app: what is taken, what is refused and how, and what a newcomer's token is good for meanwhile."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from federation.outbox.sign_ups import LINK_MS, approve, confirm, reject
from federation.upkeep import KEEP_UNCONFIRMED
from storage import members, sign_ups
from storage.database import Database
from storage.members import Person
from tests.web.api_world import SITE_HERE, Answer, World, api_world
from tests.web.entity_checker import EntityChecker
from tests.web.people import ORIGIN
from web.rates import Rate
from web.tokens import hash_token

PASSWORD = "correct horse battery"
NINA = {
    "username": "Nina",
    "email": "Nina@Clinic.example",
    "password": PASSWORD,
    "agreement": "true",
    "locale": "fr-FR",
    "reason": "Infirmière en cardiologie",
}
UNCONFIRMED = (403, {"error": "Your login is missing a confirmed e-mail address"})
PENDING = (403, {"error": "Your login is currently pending approval"})


@asynccontextmanager
async def joinable(
    db: Database, folder: Path, registrations: str = "open", *, confirming: bool = True, **changes: Any
) -> AsyncIterator[tuple[World, dict[str, str]]]:
    """An instance that people may join, and the headers of an app."""
    site = replace(SITE_HERE, registrations=registrations, confirm_email=confirming, mail=True, **changes)
    async with api_world(db, folder, site=site) as world:
        yield world, await app_of(world)


async def app_of(world: World, scopes: str = "read write follow push") -> dict[str, str]:
    said = {"client_name": "Tusky", "redirect_uris": "tusky://", "scopes": scopes}
    app = (await world.post("/api/v1/apps", json=said)).body
    asked = {"grant_type": "client_credentials", "scope": scopes} | {
        name: app[name] for name in ("client_id", "client_secret")
    }
    return bearer(await world.post("/oauth/token", json=asked))


def bearer(answer: Answer) -> dict[str, str]:
    assert answer.status == 200, answer.body
    return {"Authorization": f"Bearer {answer.body['access_token']}"}


async def join(world: World, app: dict[str, str], **changes: str) -> Answer:
    return await world.post("/api/v1/accounts", headers=app, data=NINA | changes)


async def asked(world: World, headers: dict[str, str], path: str = "/api/v1/accounts/verify_credentials") -> Any:
    answer = await world.call("GET", path, headers=headers)
    return answer.status, answer.body


async def letters(world: World) -> list[tuple[str, str, str]]:
    """Recipient, subject and text of all that waits to be sent, oldest first."""
    found = await world.db.read(lambda tx: tx.rows("SELECT recipient, subject, body FROM mails ORDER BY id"))
    return [tuple(row) for row in found]


async def link(world: World) -> str:
    """The secret of the newest letter."""
    found = re.search(rf"{ORIGIN.base}/auth/confirmation\?token=([\w-]+)", (await letters(world))[-1][2])
    assert found
    return found[1]


async def waiting(world: World) -> list[Person]:
    return await world.db.read(sign_ups.list_waiting)


async def is_shown(world: World, person: Person) -> bool:
    """Whether anybody finds them, in any of the ways that there are; all ways agree."""
    alice = await world.db.read(lambda tx: members.get_person_by_login(tx, "alice")) or await world.person("alice")
    name = person.actor.username
    everybody = await world.db.read(members.list_people)
    others = sum(one.enabled for one in everybody if one.actor.id != person.actor.id)
    found = [
        (await world.get(f"/api/v1/accounts/{person.actor.id}", alice)).status == 200,
        (await world.get(f"/api/v1/accounts/lookup?acct={name}", alice)).status == 200,
        bool((await world.get(f"/api/v2/search?q={name}&type=accounts", alice)).body["accounts"]),
        (await world.browser.get(f"/@{name}")).status == 200,
        (await world.get("/api/v1/instance")).body["stats"]["user_count"] > others,
    ]
    assert len(set(found)) == 1, found
    return all(found)


async def test_who_signs_up_is_a_member_once_the_address_is_confirmed(
    db: Database, tmp_path: Path, checker: EntityChecker
) -> None:
    async with joinable(db, tmp_path) as (world, app):
        admin = await world.person("chief", role="admin")
        answer = await join(world, app)
        checker.check("Token", answer.body)
        assert answer.body["scope"] == "read write follow push"
        nina = bearer(answer)
        for path in ("/api/v1/accounts/verify_credentials", "/api/v1/timelines/public", "/api/v1/streaming/user"):
            assert await asked(world, nina, path) == UNCONFIRMED
        assert (await asked(world, nina, "/api/v1/apps/verify_credentials"))[0] == 200
        assert await asked(world, nina, "/api/v1/emails/check_confirmation") == (200, False)
        assert (await world.get("/api/v1/notifications", admin)).body == []
        (person,) = await waiting(world)
        assert (person.member.email, person.member.locale, person.member.reason) == ("nina@clinic.example", "fr", "")
        assert not await is_shown(world, person)
        ((recipient, subject, _),) = await letters(world)
        assert (recipient, subject) == ("nina@clinic.example", "Confirmez votre adresse pour chu-a.example")
        done = await confirm(world.ctx, hash_token(await link(world)))
        assert done is not None
        assert await confirm(world.ctx, hash_token(await link(world))) is None
        assert await is_shown(world, done[0])
        status, me = await asked(world, nina)
        assert (status, me["username"]) == (200, "nina")
        assert await asked(world, nina, "/api/v1/emails/check_confirmation") == (200, True)
        (told,) = (await world.get("/api/v1/notifications", admin)).body
        assert (told["type"], told["account"]["acct"]) == ("admin.sign_up", "nina")
        assert not [field for field in me["fields"] if field["verified_at"]]


async def test_who_waits_for_approval_is_known_to_those_who_decide_alone(
    db: Database, tmp_path: Path, checker: EntityChecker
) -> None:
    async with joinable(db, tmp_path, "approval", confirming=False) as (world, app):
        admin, moderator = await world.person("chief", role="admin"), await world.person("mod", role="moderator")
        nina = bearer(await join(world, app))
        assert await asked(world, nina) == PENDING
        (person,) = await waiting(world)
        assert person.member.reason == "Infirmière en cardiologie"
        assert not await is_shown(world, person)
        (told,) = (await world.get("/api/v1/notifications", admin)).body
        checker.check("Notification", told)
        assert (told["type"], told["account"]["acct"]) == ("admin.sign_up", "nina")
        assert (await world.get("/api/v1/notifications", moderator)).body == []
        assert [(one[0], "cardio" in one[2]) for one in await letters(world)] == [("chief@clinic.example", False)]
        await world.write(lambda tx: members.update_member(tx, admin.actor.id, role="member"))
        assert (await world.get("/api/v1/notifications", admin)).body == []
        assert (await world.get(f"/api/v1/notifications/{told['id']}", admin)).status == 404
        world.tick()
        await approve(world.ctx, person.actor.id, by="chief")
        assert (await asked(world, nina))[0] == 200
        assert await is_shown(world, person)
        assert (await letters(world))[-1][:2] == ("nina@clinic.example", "Votre compte sur chu-a.example est ouvert")


async def test_nothing_is_left_of_who_is_turned_away(db: Database, tmp_path: Path) -> None:
    async with joinable(db, tmp_path, "approval") as (world, app):
        nina = bearer(await join(world, app))
        (person,) = await waiting(world)
        await reject(world.ctx, person.actor.id, by="chief")
        assert (await asked(world, nina))[0] == 401
        assert await letters(world) == []
        assert (await join(world, app)).status == 200


WRONG: list[tuple[dict[str, str], str, str]] = [
    ({"username": ""}, "ERR_BLANK", "Username can't be blank"),
    ({"username": "nina martin"}, "ERR_INVALID", "Username must contain only letters, numbers and underscores"),
    ({"username": "ｎｉｎａ"}, "ERR_INVALID", "Username must contain only letters, numbers and underscores"),
    ({"username": "n" * 31}, "ERR_TOO_LONG", "Username is too long (maximum is 30 characters)"),
    ({"username": "Adm1n_"}, "ERR_RESERVED", "Username is reserved"),
    ({"username": "ANNA"}, "ERR_TAKEN", "Username has already been taken"),
    ({"username": "cardi0logie"}, "ERR_TAKEN", "Username has already been taken"),
    ({"email": ""}, "ERR_BLANK", "E-mail address can't be blank"),
    ({"email": "nina"}, "ERR_INVALID", "E-mail address is invalid"),
    ({"email": "nina@clinic.example\nBcc: x@y.example"}, "ERR_INVALID", "E-mail address is invalid"),
    ({"email": "n@" + "a." * 130 + "example"}, "ERR_TOO_LONG", "E-mail address is too long (maximum is 254 characters)"),
    ({"email": "ANNA@clinic.example"}, "ERR_TAKEN", "E-mail address has already been taken"),
    ({"password": ""}, "ERR_BLANK", "Password can't be blank"),
    ({"password": "1234567"}, "ERR_TOO_SHORT", "Password is too short (minimum is 8 characters)"),
    ({"password": "x" * 1001}, "ERR_TOO_LONG", "Password is too long (maximum is 1000 characters)"),
    ({"agreement": "false"}, "ERR_ACCEPTED", "Service agreement must be accepted"),
    ({"reason": " "}, "ERR_BLANK", "Reason can't be blank"),
    ({"reason": "x" * 421}, "ERR_TOO_LONG", "Reason is too long (maximum is 420 characters)"),
]  # fmt: skip


async def test_what_cannot_be_taken_is_said_as_mastodon_says_it(db: Database, tmp_path: Path) -> None:
    async with joinable(db, tmp_path, "approval") as (world, app):
        anna = await world.person("anna")
        await world.group("cardiologie", [anna])
        for changes, code, sentence in WRONG:
            answer = await join(world, app, **changes)
            assert (answer.status, answer.body.get("error")) == (422, f"Validation failed: {sentence}")
            said = {field: [one["error"] for one in several] for field, several in answer.body["details"].items()}
            assert said == {next(iter(changes)): [code]}
        assert await waiting(world) == []


async def test_everything_wrong_is_said_at_once(db: Database, tmp_path: Path, checker: EntityChecker) -> None:
    async with joinable(db, tmp_path, "approval") as (world, app):
        answer = await world.post("/api/v1/accounts", headers=app, json={})
        assert set(answer.body["details"]) == {"username", "email", "password", "agreement", "reason"}
        checker.check("ValidationError", answer.body)


async def test_only_an_app_signs_people_up_and_only_where_they_may(world: World, db: Database) -> None:
    assert (await join(world, await app_of(world))).body == {"error": "Forbidden"}
    anna = await world.person("anna")
    answer = await world.post("/api/v1/accounts", anna, data=NINA)
    expected = (403, {"error": "This method requires an client credentials authentication"})
    assert (answer.status, answer.body) == expected
    assert (await join(world, await app_of(world, "read"))).status == 403
    assert (await join(world, {})).status == 401
    instance = (await world.get("/api/v2/instance")).body["registrations"]
    assert (instance["enabled"], instance["approval_required"], instance["reason_required"]) == (False, False, False)


async def test_the_instance_says_how_to_join(db: Database, tmp_path: Path, checker: EntityChecker) -> None:
    async with joinable(db, tmp_path, "approval") as (world, _):
        document = (await world.get("/api/v2/instance")).body
        checker.check("Instance", document)
        assert document["registrations"] == {
            "enabled": True,
            "approval_required": True,
            "message": None,
            "min_age": None,
            "reason_required": True,
            "url": None,
        }
        first = (await world.get("/api/v1/instance")).body
        assert (first["registrations"], first["approval_required"], first["invites_enabled"]) == (True, True, False)


@pytest.mark.parametrize("path", ["/api/v1/accounts", "/api/v1/accounts/"])
async def test_nobody_signs_up_a_crowd(db: Database, tmp_path: Path, path: str) -> None:
    async with joinable(db, tmp_path, rates=replace(SITE_HERE.rates, sign_ups=Rate(2, 1800))) as (world, app):
        answers = [(await world.post(path, headers=app, data={})).status for _ in range(3)]
        assert answers == [422, 422, 429]


async def test_another_letter_goes_to_another_address(db: Database, tmp_path: Path) -> None:
    async with joinable(db, tmp_path, rates=replace(SITE_HERE.rates, confirmations=Rate(5, 1800))) as (world, app):
        await world.person("anna")
        nina, path = bearer(await join(world, app)), "/api/v1/emails/confirmations"
        first = await link(world)
        for email, sentence in (("nobody", "is invalid"), ("anna@clinic.example", "has already been taken")):
            answer = await world.post(path, headers=nina, data={"email": email})
            assert (answer.status, answer.body["error"]) == (422, f"Validation failed: E-mail address {sentence}")
        world.tick()
        assert (await world.post(path, headers=nina)).body == {}
        world.tick()
        assert (await world.post(path, headers=nina, data={"email": "Nina@home.example"})).status == 200
        assert [one[0] for one in await letters(world)] == ["nina@clinic.example"] * 2 + ["nina@home.example"]
        assert await confirm(world.ctx, hash_token(first)) is None
        expected = (403, "This method is only available to the application the user originally signed-up with")
        answer = await world.post(path, headers=app)
        assert (answer.status, answer.body["error"]) == expected
        assert await confirm(world.ctx, hash_token(await link(world))) is not None
        expected = (403, "This method is only available while the e-mail is awaiting confirmation")
        answer = await world.post(path, headers=nina)
        assert (answer.status, answer.body["error"]) == expected
        assert (await world.post(path, headers=nina)).status == 429


async def test_links_end_and_who_never_confirms_is_forgotten(db: Database, tmp_path: Path) -> None:
    async with joinable(db, tmp_path) as (world, app):
        await join(world, app)
        world.tick(LINK_MS)
        assert await confirm(world.ctx, hash_token(await link(world))) is None
        world.tick(KEEP_UNCONFIRMED - LINK_MS - 1000)
        for left in (1, 0):
            before = world.ctx.now() - KEEP_UNCONFIRMED
            await world.write(lambda tx, before=before: sign_ups.delete_unconfirmed(tx, before=before))
            assert len(await waiting(world)) == left
            world.tick(10_000)
        assert (await join(world, app)).status == 200
