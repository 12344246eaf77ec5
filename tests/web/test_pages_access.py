"""Apps and browsers that a member let in: what they are shown, and that what they end is over at once."""

from collections.abc import AsyncIterator

import pytest

from storage.database import Database
from storage.members import Person
from storage.records import App, Token
from tests.web.api_world import World
from tests.web.apps import code_in, consent, fetch_token, register
from tests.web.browsing import look, press, sign_in
from tests.web.people import PASSWORD, add_person
from tests.web.serving import Served, serving
from tests.web.streams import socket
from web.auth import DAY_MS
from web.pages.access import Admitted, group_apps
from web.pages.browsers import name_browser
from web.streams.outlets import End

APPS = "/oauth/authorized_applications"
SESSIONS = "/settings/sessions"


@pytest.fixture
async def alice(db: Database) -> Person:
    return await add_person(db, "alice", password=PASSWORD)


@pytest.fixture
async def served(db: Database) -> AsyncIterator[Served]:
    async with serving(db) as made:
        yield made


async def let_in(served: Served) -> str:
    """An app's token, for whoever is signed in."""
    app = await register(served.browser)
    code = code_in(await consent(served.browser, app.authorize_path(scope="read")))
    return str((await fetch_token(served.browser, app, code=code))[1]["access_token"])


async def status_with(served: Served, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    return (await served.browser.get("/oauth/userinfo", headers=headers)).status


def action_in(page: str) -> str:
    """Where the button that shuts the first app out leads."""
    return f"{APPS}/" + page.partition(f'action="{APPS}/')[2].partition('"')[0]


async def test_an_app_is_shown_with_its_last_use_and_shut_out_at_once(served: Served, alice: Person) -> None:
    await sign_in(served.browser, alice)
    assert "You let no app in yet." in await look(served.browser, APPS)
    first, second = await let_in(served), await let_in(served)
    page = await look(served.browser, APPS)
    assert page.count("Ice Cubes") == 2
    assert page.count("never") == 2
    assert "Read everything you can read" in page
    assert await status_with(served, first) == 200
    assert (await look(served.browser, APPS)).count("never") == 1
    page = await look(served.browser, APPS)
    assert (await press(served.browser, page, action_in(page))).headers["Location"] == APPS
    assert sorted([await status_with(served, first), await status_with(served, second)]) == [200, 401]


async def test_the_day_of_use_moves_once_a_day(served: Served, alice: Person, db: Database) -> None:
    await sign_in(served.browser, alice)
    token = await let_in(served)

    async def used_at() -> int:
        await status_with(served, token)
        return int(await db.read(lambda tx: tx.value("SELECT used_at FROM tokens")))

    first = await used_at()
    served.clock.now += DAY_MS - 1
    assert await used_at() == first
    served.clock.now += 1
    assert await used_at() == first + DAY_MS


async def test_nobody_shuts_out_what_others_let_in(served: Served, alice: Person, db: Database) -> None:
    await sign_in(served.browser, alice)
    token = await let_in(served)
    action = action_in(await look(served.browser, APPS))
    async with serving(db) as other:
        await sign_in(other.browser, await add_person(db, "bob", password=PASSWORD))
        page = await look(other.browser, SESSIONS)
        csrf = page.partition('name="csrf" value="')[2].partition('"')[0]
        assert (await other.browser.post(action, data={"csrf": csrf}, allow_redirects=False)).status == 303
        assert "You let no app in yet." in await look(other.browser, APPS)
        sessions = await db.read(lambda tx: tx.rows("SELECT id FROM sessions"))
        for row in sessions:
            await other.browser.post(SESSIONS, data={"csrf": csrf, "id": row[0]}, allow_redirects=False)
    assert await status_with(served, token) == 200
    assert "Browsers where you are signed in" in await look(served.browser, SESSIONS)


async def test_signing_out_elsewhere_leaves_this_browser(served: Served, alice: Person, db: Database) -> None:
    await sign_in(served.browser, alice)
    async with serving(db) as second, serving(db) as third:
        for later, other in enumerate((second, third), start=1):
            other.clock.now += later  # sessions of one moment have no order
            await sign_in(other.browser, alice)
        page = await look(served.browser, SESSIONS)
        assert page.count('class="card"') == 3
        assert page.count("this one") == 1
        await press(served.browser, page, SESSIONS, id=await _id_of_oldest_other(db))
        assert (await look(served.browser, SESSIONS)).count('class="card"') == 2
        await press(served.browser, await look(served.browser, SESSIONS), SESSIONS)
        page = await look(served.browser, SESSIONS)
        assert page.count('class="card"') == 1
        assert "this one" in page
        for other in (second, third):
            assert (await other.browser.get(SESSIONS, allow_redirects=False)).status == 302


async def _id_of_oldest_other(db: Database) -> str:
    rows = await db.read(lambda tx: tx.rows("SELECT id FROM sessions ORDER BY id"))
    return str(rows[1][0])


async def test_open_streams_of_an_app_end_when_it_is_shut_out(world: World) -> None:
    alice = await add_person(world.db, "alice", password=PASSWORD)
    await sign_in(world.browser, alice)
    async with socket(world, alice) as open_socket:
        page = await look(world.browser, APPS)
        assert "Console" in page
        await press(world.browser, page, action_in(page))
        assert await open_socket.closed() == End.REVOKED.value[0]


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox, Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0", "Edge, Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Safari/604.1", "Safari, iPhone"),
        ("Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 Chrome/140.0 Safari/537.36", "Chrome, Android"),
        ("curl/8", ""),
        ("", ""),
    ],
)
def test_browsers_are_called_what_people_call_them(agent: str, name: str) -> None:
    assert name_browser(agent) == name


def test_an_app_on_several_devices_is_one_app() -> None:
    app = App(1, "c", "", "Ice Cubes", None, "app://", "read write", 0)
    newer = Token(3, "h3", 1, 7, "read push", 30, 35)
    older = Token(2, "h2", 1, 7, "read write", 20, 40)
    assert group_apps([(app, newer, ""), (app, older, "cardiologie")]) == [
        Admitted(app, ("read", "push", "write"), 20, 40, ("cardiologie",))
    ]
