"""Security keys: added with the password, asked for after it, and good only for the token, the origin and the member."""

import json
import re
from collections.abc import AsyncIterator
from html import unescape
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.context import Origin
from federation.local_actors import new_actor
from storage.audit import list_latest
from storage.database import Database
from storage.members import Person
from storage.records import SecurityKey
from tests.web.authenticator import Authenticator, text
from tests.web.browsing import look, press, sign_in
from tests.web.people import ORIGIN, PASSWORD, add_person
from tests.web.serving import Served, serving
from web.pages.security_keys import MOST_KEYS
from web.security_keys import Party, ask_for_key, ask_to_sign, check_key, check_signed, party_of
from web.tokens import new_token

PLACE = "/settings/two_factor"
STEP = "/auth/second_step"


@pytest.fixture
async def served(db: Database) -> AsyncIterator[Served]:
    async with serving(db) as made:
        yield made


@pytest.fixture
async def alice(served: Served) -> Person:
    person = await add_person(served.ctx.db, "alice", password=PASSWORD)
    await sign_in(served.browser, person)
    return person


def options_in(page: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(unescape(re.findall(r'data-options="([^"]*)"', page)[0]))
    return found


async def begin(served: Served, password: str = PASSWORD) -> str:
    page = await look(served.browser, PLACE)
    return await (await press(served.browser, page, f"{PLACE}/keys", password=password, name="Ma clé")).text()


async def add_key(served: Served, key: Authenticator) -> int:
    page = await begin(served)
    answer = key.create(options_in(page))
    return (await press(served.browser, page, f"{PLACE}/keys/confirm", answer=answer)).status


async def first_step(served: Served, person: Person) -> str:
    served.browser.session.cookie_jar.clear()
    return await (await sign_in(served.browser, person)).text()


async def answer_with(served: Served, page: str, answer: str) -> int:
    return (await press(served.browser, page, STEP, answer=answer)).status


async def test_a_key_is_added_and_asked_for(served: Served, alice: Person) -> None:
    key = Authenticator(ORIGIN.base)
    assert await add_key(served, key) == 200
    assert "Ma clé" in await look(served.browser, PLACE)
    page = await first_step(served, alice)
    assert options_in(page)["rpId"] == "chu-a.example"
    assert await answer_with(served, page, key.get(options_in(page))) == 303
    assert (await served.browser.get("/settings", allow_redirects=False)).status == 200
    [row] = await served.ctx.db.read(lambda tx: list_latest(tx, limit=9))
    assert tuple(row)[1:4] == ("alice", "member.add_second_factor", "alice")


async def test_only_pages_that_ask_for_a_key_run_a_script(served: Served, alice: Person) -> None:
    allowed = "; script-src https://chu-a.example/static/security_key.js"
    assert "script-src" not in (await served.browser.get(PLACE)).headers["Content-Security-Policy"]
    page = await look(served.browser, PLACE)
    answer = await press(served.browser, page, f"{PLACE}/keys", password=PASSWORD, name="x")
    assert answer.headers["Content-Security-Policy"].endswith(allowed)
    await add_key(served, Authenticator(ORIGIN.base))
    served.browser.session.cookie_jar.clear()
    assert (await sign_in(served.browser, alice)).headers["Content-Security-Policy"].endswith(allowed)
    script = await served.browser.get("/static/security_key.js")
    assert script.content_type == "text/javascript"


async def test_what_was_signed_is_good_once(served: Served, alice: Person) -> None:
    key = Authenticator(ORIGIN.base)
    await add_key(served, key)
    page = await first_step(served, alice)
    answer = key.get(options_in(page))
    assert await answer_with(served, page, answer) == 303
    assert await answer_with(served, await first_step(served, alice), answer) == 422


async def test_other_keys_and_copies_sign_nobody_in(served: Served, alice: Person) -> None:
    key, stranger = Authenticator(ORIGIN.base), Authenticator(ORIGIN.base)
    await add_key(served, key)
    page = await first_step(served, alice)
    assert await answer_with(served, page, stranger.get(options_in(page))) == 422
    stranger.credential = key.credential
    assert await answer_with(served, page, stranger.get(options_in(page))) == 422
    key.origin = "https://chu-a.evil.example"
    assert await answer_with(served, page, key.get(options_in(page))) == 422
    key.origin = ORIGIN.base
    assert await answer_with(served, page, key.get(options_in(page))) == 303
    page = await first_step(served, alice)
    key.count -= 1
    assert await answer_with(served, page, key.get(options_in(page))) == 422


async def test_nothing_is_added_without_the_password_or_the_right_answer(served: Served, alice: Person) -> None:
    page = await begin(served, "wrong")
    assert "The password is not right." in page
    page = await begin(served)
    confirm = f"{PLACE}/keys/confirm"
    other = await begin(served)
    for answer in ("", "{}", "x", Authenticator(ORIGIN.base).create(options_in(other))):
        await press(served.browser, page, confirm, answer=answer)
    assert await served.ctx.db.read(lambda tx: tx.value("SELECT count(*) FROM security_keys")) == 0


async def test_a_key_is_one_member_s(served: Served, alice: Person, db: Database) -> None:
    key = Authenticator(ORIGIN.base)
    await add_key(served, key)
    async with serving(db) as other:
        bob = await add_person(db, "bob", password=PASSWORD)
        await sign_in(other.browser, bob)
        assert await add_key(other, key) == 303
        page = await begin(other)
        answer = Authenticator(ORIGIN.base).create(options_in(page))
        form = {"token": re.findall(r'name="token" value="([^"]*)"', page)[0], "answer": answer}
        await press(served.browser, await begin(served), f"{PLACE}/keys/confirm", **form)
        key_id = await db.read(lambda tx: tx.value("SELECT id FROM security_keys"))
        csrf = re.findall(r'name="csrf" value="([^"]*)"', page)[0]
        form = {"csrf": csrf, "id": str(key_id), "password": PASSWORD}
        await other.browser.post(f"{PLACE}/keys/remove", data=form, allow_redirects=False)
    owners = await db.read(lambda tx: tx.rows("SELECT actor_id FROM security_keys"))
    assert [row[0] for row in owners] == [alice.actor.id]


async def test_taking_a_key_off_needs_the_password(served: Served, alice: Person) -> None:
    await add_key(served, Authenticator(ORIGIN.base))
    page = await look(served.browser, PLACE)
    assert (await press(served.browser, page, f"{PLACE}/keys/remove", password="wrong")).status == 422
    assert (await press(served.browser, page, f"{PLACE}/keys/remove", password=PASSWORD)).status == 303
    served.browser.session.cookie_jar.clear()
    assert (await sign_in(served.browser, alice)).status == 303


async def test_so_many_keys_and_no_more(served: Served, alice: Person) -> None:
    page = await begin(served)
    statuses = []
    for _ in range(MOST_KEYS):
        statuses.append(await add_key(served, Authenticator(ORIGIN.base)))
        served.clock.now += 3_600_000  # attempts at the password are counted
    assert statuses == [200] + [303] * (MOST_KEYS - 1)
    page = await look(served.browser, PLACE)
    assert (await press(served.browser, page, f"{PLACE}/keys", password=PASSWORD, name="x")).status == 422


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "[::1]:8000", "10.2.0.5"])
async def test_a_server_without_a_name_says_that_keys_do_not_work(db: Database, host: str) -> None:
    alice = await add_person(db, "alice", password=PASSWORD)
    async with serving(db, origin=Origin(host, host, "http")) as served:
        await sign_in(served.browser, alice)
        page = await look(served.browser, PLACE)
        assert "localhost works and 127.0.0.1 does not" in page
        csrf = re.findall(r'name="csrf" value="([^"]*)"', page)[0]
        for action in ("keys", "keys/confirm"):
            form = {"csrf": csrf, "password": PASSWORD, "name": "x"}
            assert (await served.browser.post(f"{PLACE}/{action}", data=form)).status == 422


def test_who_keys_are_for() -> None:
    assert party_of(Origin("localhost:8000", "localhost:8000", "http")) == Party("localhost", "http://localhost:8000")
    assert party_of(ORIGIN) == Party("chu-a.example", "https://chu-a.example")


class TestAnswers:
    PARTY = Party("chu-a.example", "https://chu-a.example")
    JSON = st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=9),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["id", "rawId", "type", "response", "clientDataJSON", "attestationObject", "signature"]
                ),
                inner,
                max_size=5,
            )
        ),
        max_leaves=12,
    )

    @given(st.text() | JSON.map(json.dumps))
    def test_no_answer_is_an_accident(self, answer: str) -> None:
        known = [SecurityKey(1, 1, "AAAA", "AAAA", 0, "x", 1)]
        assert check_key(self.PARTY, answer, new_token()) is None
        assert check_signed(self.PARTY, answer, new_token(), known) is None

    @given(st.data())
    def test_no_answer_that_was_tampered_with_is_an_accident(self, data: st.DataObject) -> None:
        """One field of a good answer is replaced, by other bytes or by another type."""
        token, key = new_token(), Authenticator(self.PARTY.origin)
        actor = new_actor(ORIGIN, 1, "Person", "alice", "Alice", 1)
        made = key.create(json.loads(ask_for_key(self.PARTY, token, actor, [], site="CHU A")))
        good = check_key(self.PARTY, made, token)
        assert good is not None
        known = [SecurityKey(1, 1, good.credential, good.public_key, 0, "x", 1)]
        signed = key.get(json.loads(ask_to_sign(self.PARTY, token, known)))
        assert check_signed(self.PARTY, signed, token, known) is not None
        for answer in (made, signed):
            tree = json.loads(answer)
            place = data.draw(st.sampled_from([tree, tree["response"]]))
            name = data.draw(st.sampled_from(sorted(place)))
            place[name] = data.draw(self.JSON | st.binary(max_size=80).map(text))
            check_key(self.PARTY, json.dumps(tree), token)
            check_signed(self.PARTY, json.dumps(tree), token, known)
