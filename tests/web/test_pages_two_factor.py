"""Second factors: set up with the password, asked for after it, each code good once, and guessing cut short."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.audit import list_latest
from storage.database import Database
from storage.members import Person
from tests.web.browsing import hidden, look, press, sign_in
from tests.web.people import NOW, PASSWORD, add_person
from tests.web.serving import PLENTY, SITE_HERE, Served, serving
from web.one_time_codes import STEP_MS, find_step, new_recovery_codes, plain_recovery_code
from web.pages import second_step
from web.pages.sign_in import issue_link
from web.rates import Rate, Rates

PLACE = "/settings/two_factor"
STEP = "/auth/second_step"


@dataclass(slots=True)
class Owner:
    """Alice, who has set up her app: its secret, and her recovery codes."""

    person: Person
    served: Served
    secret: str = ""
    codes: list[str] = field(default_factory=list)

    def code(self, *, steps: int = 0) -> str:
        return pyotp.TOTP(self.secret).generate_otp(self.served.clock.now // STEP_MS + steps)

    async def set_up(self) -> None:
        page = await look(self.served.browser, PLACE)
        answer = await press(self.served.browser, page, f"{PLACE}/app", password=PASSWORD)
        page = await answer.text()
        self.secret = re.findall(r'oauth-code">([A-Z2-7]{32})<', page)[0]
        assert "<svg" in page
        answer = await press(self.served.browser, page, f"{PLACE}/app/confirm", code=self.code())
        assert answer.status == 200
        self.codes = re.findall(r"<code>([a-z0-9-]{19})</code>", await answer.text())
        assert len(set(self.codes)) == 10
        self.served.clock.now += STEP_MS

    async def first_step(self) -> str:
        """The page that asks for the second."""
        self.served.browser.session.cookie_jar.clear()
        answer = await sign_in(self.served.browser, self.person)
        assert answer.status == 200
        return await answer.text()

    async def try_code(self, page: str, code: str) -> int:
        return (await press(self.served.browser, page, STEP, code=code)).status

    async def signed_in(self) -> bool:
        return (await self.served.browser.get("/settings", allow_redirects=False)).status == 200


@pytest.fixture
async def served(db: Database) -> AsyncIterator[Served]:
    async with serving(db, site=replace(SITE_HERE, rates=Rates(sign_ins_of_address=PLENTY))) as made:
        yield made


@pytest.fixture
async def alice(served: Served) -> Owner:
    person = await add_person(served.ctx.db, "alice", password=PASSWORD)
    await sign_in(served.browser, person)
    return Owner(person, served)


async def acts(db: Database) -> list[str]:
    return [row[2] for row in await db.read(lambda tx: list_latest(tx, limit=100))]


async def test_the_password_alone_signs_nobody_in_any_more(alice: Owner, served: Served) -> None:
    await alice.set_up()
    page = await alice.first_step()
    assert not await alice.signed_in()
    assert await alice.try_code(page, "000000") == 422
    assert not await alice.signed_in()
    answer = await press(served.browser, page, STEP, code=alice.code())
    assert (answer.status, answer.headers["Location"]) == (303, "/settings")
    assert await alice.signed_in()
    assert await acts(served.ctx.db) == ["member.add_second_factor"]


async def test_a_sign_in_link_asks_too(alice: Owner, served: Served) -> None:
    await alice.set_up()
    served.browser.session.cookie_jar.clear()
    link = await issue_link(served.ctx.db, served.ctx.origin, alice.person.actor.id, now=served.clock.now)
    page = await look(served.browser, link.removeprefix(served.ctx.origin.base))
    answer = await press(served.browser, page, "/auth/link")
    assert answer.status == 200
    assert not await alice.signed_in()
    assert await alice.try_code(await answer.text(), alice.code()) == 303


async def test_a_code_is_good_once_and_none_older_after_it(alice: Owner) -> None:
    await alice.set_up()
    assert await alice.try_code(await alice.first_step(), alice.code()) == 303
    page = await alice.first_step()
    assert await alice.try_code(page, alice.code()) == 422
    assert await alice.try_code(page, alice.code(steps=-1)) == 422
    assert await alice.try_code(page, alice.code(steps=2)) == 422
    assert await alice.try_code(page, alice.code(steps=1)) == 303


async def test_the_code_that_set_it_up_signs_nobody_in(alice: Owner, served: Served) -> None:
    await alice.set_up()
    served.clock.now -= STEP_MS
    assert await alice.try_code(await alice.first_step(), alice.code()) == 422


async def test_five_attempts_and_no_more(alice: Owner) -> None:
    await alice.set_up()
    page = await alice.first_step()
    assert [await alice.try_code(page, "123") for _ in range(5)] == [422] * 5
    assert await alice.try_code(page, alice.code()) == 403
    assert await alice.try_code(await alice.first_step(), alice.code()) == 303


async def test_beginning_anew_gives_no_more_guesses(db: Database) -> None:
    rates = Rates(sign_ins_of_address=PLENTY, sign_ins_to_account=Rate(7, 3600))
    async with serving(db, site=replace(SITE_HERE, rates=rates)) as served:
        alice = Owner(await add_person(db, "alice", password=PASSWORD), served)
        await sign_in(served.browser, alice.person)
        await alice.set_up()
        tried = [await alice.try_code(await alice.first_step(), "123") for _ in range(4)]
        page = await alice.first_step()
        tried += [await alice.try_code(page, "123") for _ in range(4)]
        assert tried == [422] * 7 + [403]
        assert await alice.try_code(page, alice.code()) == 403


async def test_the_second_step_waits_ten_minutes(alice: Owner, served: Served) -> None:
    await alice.set_up()
    page = await alice.first_step()
    served.clock.now += second_step.STEP_MS
    assert await alice.try_code(page, alice.code()) == 403
    assert await alice.try_code(page.replace(hidden(page, STEP)["token"], "x" * 43), alice.code()) == 403


async def test_a_step_is_over_once_it_was_taken(alice: Owner, served: Served) -> None:
    await alice.set_up()
    page = await alice.first_step()
    form = hidden(page, STEP)
    assert await alice.try_code(page, alice.codes[0]) == 303
    served.browser.session.cookie_jar.clear()
    fresh = hidden(await look(served.browser, "/auth/sign_in"), "/auth/sign_in")["csrf"]
    again = await served.browser.post(STEP, data={**form, "csrf": fresh, "code": alice.codes[1]}, allow_redirects=False)
    assert again.status == 403


async def test_recovery_codes_are_good_once_and_stored_as_hashes(alice: Owner, db: Database) -> None:
    await alice.set_up()
    stored = str([tuple(row) for row in await db.read(lambda tx: tx.rows("SELECT hash FROM recovery_codes"))])
    assert all(plain_recovery_code(code) not in stored for code in alice.codes)
    typed = f" {alice.codes[3].upper().replace('-', ' ')} "
    assert await alice.try_code(await alice.first_step(), typed) == 303
    assert "Left: 9" in await look(alice.served.browser, PLACE)
    assert await alice.try_code(await alice.first_step(), typed) == 422


async def test_new_recovery_codes_end_the_ones_before(alice: Owner, served: Served) -> None:
    await alice.set_up()
    page = await look(served.browser, PLACE)
    assert (await press(served.browser, page, f"{PLACE}/codes", password="wrong")).status == 422
    answer = await press(served.browser, page, f"{PLACE}/codes", password=PASSWORD)
    new = re.findall(r"<code>([a-z0-9-]{19})</code>", await answer.text())
    page = await alice.first_step()
    assert await alice.try_code(page, alice.codes[0]) == 422
    assert await alice.try_code(page, new[0]) == 303
    assert (await acts(served.ctx.db))[0] == "member.renew_recovery_codes"


async def test_nothing_changes_without_the_password(alice: Owner, served: Served) -> None:
    page = await look(served.browser, PLACE)
    assert (await press(served.browser, page, f"{PLACE}/app", password="wrong")).status == 422
    await alice.set_up()
    page = await look(served.browser, PLACE)
    assert (await press(served.browser, page, f"{PLACE}/app/remove", password="wrong")).status == 422
    assert "Take it off" in await look(served.browser, PLACE)
    assert (await press(served.browser, page, f"{PLACE}/app/remove", password=PASSWORD)).status == 303
    served.browser.session.cookie_jar.clear()
    assert (await sign_in(served.browser, alice.person)).status == 303
    left = await served.ctx.db.read(lambda tx: tx.value("SELECT count(*) FROM recovery_codes"))
    assert left == 0
    assert (await acts(served.ctx.db))[0] == "member.remove_second_factor"


async def test_without_a_factor_there_are_no_recovery_codes(alice: Owner, served: Served) -> None:
    csrf = hidden(await look(served.browser, PLACE), f"{PLACE}/app")["csrf"]
    form = {"csrf": csrf, "password": PASSWORD}
    assert (await served.browser.post(f"{PLACE}/codes", data=form, allow_redirects=False)).status == 303
    assert "Left:" not in await look(served.browser, PLACE)


async def test_a_wrong_first_code_sets_nothing_up(alice: Owner, served: Served) -> None:
    page = await look(served.browser, PLACE)
    page = await (await press(served.browser, page, f"{PLACE}/app", password=PASSWORD)).text()
    assert (await press(served.browser, page, f"{PLACE}/app/confirm", code="000000")).status == 422
    assert "Set it up" in await look(served.browser, PLACE)


async def test_what_one_member_began_another_does_not_end(alice: Owner, served: Served, db: Database) -> None:
    page = await look(served.browser, PLACE)
    page = await (await press(served.browser, page, f"{PLACE}/app", password=PASSWORD)).text()
    token = hidden(page, f"{PLACE}/app/confirm")["token"]
    secret = re.findall(r'oauth-code">([A-Z2-7]{32})<', page)[0]
    async with serving(db) as other:
        await sign_in(other.browser, await add_person(db, "bob", password=PASSWORD))
        csrf = hidden(await look(other.browser, PLACE), f"{PLACE}/app")["csrf"]
        code = pyotp.TOTP(secret).generate_otp(other.clock.now // STEP_MS)
        form = {"csrf": csrf, "token": token, "code": code}
        await other.browser.post(f"{PLACE}/app/confirm", data=form, allow_redirects=False)
        # Nor does it sign anybody in: it was begun for something else.
        await other.browser.post(STEP, data=form, allow_redirects=False)
    assert await db.read(lambda tx: tx.value("SELECT count(*) FROM authenticators")) == 0


class TestCodes:
    @given(st.integers(-5, 5))
    def test_clocks_may_differ_by_one_step(self, steps: int) -> None:
        secret = pyotp.random_base32()
        code = pyotp.TOTP(secret).generate_otp(NOW // STEP_MS + steps)
        found = find_step(secret, f"{code[:3]} {code[3:]}", now=NOW)
        assert found == (NOW // STEP_MS + steps if abs(steps) <= 1 else None)

    @given(st.text())
    def test_no_text_is_an_accident(self, text: str) -> None:
        find_step("JBSWY3DPEHPK3PXP" * 2, text, now=NOW)
        plain_recovery_code(text)

    def test_the_published_vectors(self) -> None:
        """RFC 6238, appendix B, with six digits."""
        secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
        for seconds, code in ((59, "287082"), (1111111109, "081804"), (2000000000, "279037")):
            assert find_step(secret, code, now=seconds * 1000) == seconds // 30

    def test_recovery_codes_hold_no_letters_that_look_alike(self) -> None:
        assert not set("".join(new_recovery_codes())) & set("ilo01")
