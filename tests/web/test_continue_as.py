"""The consent page of who runs a channel or moderates a group: as whom the app will act."""

from storage.members import list_people, update_member
from storage.oauth import delete_tokens_of
from tests.web.acting import act_as, list_acts, make_channel
from tests.web.api_world import World
from tests.web.apps import TestApp, code_in, consent, fetch_token, register
from tests.web.browsing import look, press, sign_in
from tests.web.people import PASSWORD, add_person
from web.oauth.authorize import Problem


async def open_ward(world: World) -> tuple[TestApp, dict[str, str]]:
    """An app, and by name the ids of whom Anna may be; she is signed in. Eve is in her group and moderates another."""
    anna = await add_person(world.db, "anna", password=PASSWORD, now=world.tick())
    eve = await world.person("eve")
    group = await world.group("cardiologie", [eve], moderated=False)
    other = await world.group("urgences", [anna], moderated=False)
    await world.join(group, anna.actor, moderator=True)
    await world.join(other, eve.actor, moderator=True)
    channel = await make_channel(world, "actualites", anna)
    foreign = await make_channel(world, "presse", eve)
    app = await register(world.browser)
    await sign_in(world.browser, anna)
    ids = {one.username: str(one.id) for one in (anna.actor, eve.actor, group, other, channel, foreign)}
    return app, ids


async def test_the_page_offers_what_one_runs_and_nothing_else(world: World) -> None:
    app, ids = await open_ward(world)
    page = await look(world.browser, app.authorize_path())
    offered = [name for name, id_ in ids.items() if f'value="{id_}"' in page]
    assert offered == ["anna", "cardiologie", "actualites"]
    assert "Continue as:" in page
    await world.write(lambda tx: update_member(tx, int(ids["anna"]), locale="fr"))
    assert "Continuer en tant que :" in await look(world.browser, app.authorize_path())


async def test_who_runs_nothing_is_asked_nothing(world: World) -> None:
    anna = await add_person(world.db, "anna", password=PASSWORD, now=world.tick())
    app = await register(world.browser)
    await sign_in(world.browser, anna)
    page = await look(world.browser, app.authorize_path())
    assert ("Continue as:" in page, "@anna@chu-a.example" in page) == (False, True)


async def test_the_token_acts_as_who_was_chosen(world: World) -> None:
    app, ids = await open_ward(world)
    for name in ("cardiologie", "actualites", "anna"):
        page = await look(world.browser, app.authorize_path())
        answer = await press(world.browser, page, "/oauth/authorize", **{"as": ids[name], "decision": "allow"})
        status, token = await fetch_token(world.browser, app, code=code_in(answer))
        assert status == 200
        headers = {"Authorization": f"Bearer {token['access_token']}"}
        shown = await world.call("GET", "/api/v1/accounts/verify_credentials", headers=headers)
        assert shown.body["username"] == name
        world.tick(1000)
    acts = [one for one in await list_acts(world) if one[1] == "operator.sign_in"]
    assert acts == [("anna", "operator.sign_in", "cardiologie"), ("anna", "operator.sign_in", "actualites")]
    apps = await look(world.browser, "/oauth/authorized_applications")
    assert "Acts as:" in apps
    assert "@cardiologie" in apps


async def test_nobody_else_can_be_chosen(world: World) -> None:
    app, ids = await open_ward(world)
    page = await look(world.browser, app.authorize_path())
    for name in ("eve", "urgences", "presse"):
        refused = await press(world.browser, page, "/oauth/authorize", **{"as": ids[name], "decision": "allow"})
        assert (refused.status, Problem.GUISE in await refused.text()) == (403, True)
    assert await world.db.read(lambda tx: tx.value("SELECT count(*) FROM oauth_codes")) == 0


async def test_a_code_is_worth_what_its_owner_may_do_when_it_is_fetched(world: World) -> None:
    app, ids = await open_ward(world)
    page = await look(world.browser, app.authorize_path())
    answer = await press(world.browser, page, "/oauth/authorize", **{"as": ids["cardiologie"], "decision": "allow"})
    await world.write(lambda tx: tx.execute("UPDATE memberships SET moderator = 0"))
    status, said = await fetch_token(world.browser, app, code=code_in(answer))
    assert (status, said["error"]) == (400, "invalid_grant")
    assert await world.db.read(lambda tx: tx.value("SELECT count(*) FROM tokens")) == 0


async def test_shutting_an_app_out_ends_all_that_one_was_by_it(world: World) -> None:
    app, ids = await open_ward(world)
    anna = next(one for one in await world.db.read(list_people) if one.actor.username == "anna")
    for name in ("cardiologie", "anna"):
        page = await look(world.browser, app.authorize_path())
        answer = await press(world.browser, page, "/oauth/authorize", **{"as": ids[name], "decision": "allow"})
        assert (await fetch_token(world.browser, app, code=code_in(answer)))[0] == 200
    await consent(world.browser, app.authorize_path())
    assert await count(world) == (2, 1)
    page = await look(world.browser, "/oauth/authorized_applications")
    action = page.partition('action="/oauth/authorized_applications/')[2].partition('"')[0]
    await press(world.browser, page, f"/oauth/authorized_applications/{action}")
    assert await count(world) == (0, 0)
    await act_as(world, anna, anna.actor)
    await world.write(lambda tx: delete_tokens_of(tx, anna.actor.id))
    assert await count(world) == (0, 0)


async def count(world: World) -> tuple[int, int]:
    """How many tokens and codes there are."""
    tokens = await world.db.read(lambda tx: tx.value("SELECT count(*) FROM tokens"))
    return tokens, await world.db.read(lambda tx: tx.value("SELECT count(*) FROM oauth_codes"))
