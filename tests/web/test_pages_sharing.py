"""Pages that other pages lead to: somebody to follow, a post, and a text to publish."""

from urllib.parse import quote

from policies.terms import Audience
from storage.members import Person, update_member
from tests.web.api_world import World
from tests.web.browsing import look, press, sign_in
from tests.web.people import PASSWORD
from web.passwords import hash_password

FOLLOW = "/authorize_interaction"


async def signed_in(world: World) -> Person:
    anna = await world.person("anna")
    hashed = await hash_password(PASSWORD)
    await world.write(lambda tx: update_member(tx, anna.actor.id, password_hash=hashed))
    await sign_in(world.browser, anna)
    return anna


async def test_somebody_is_followed_from_elsewhere(world: World) -> None:
    asked = await world.browser.get(f"{FOLLOW}?uri=acct:ben@chu-b.example", allow_redirects=False)
    assert asked.headers["Location"].startswith("/auth/sign_in?next=")
    anna = await signed_in(world)
    ben = await world.stranger("ben")
    for name in ("acct:ben@chu-b.example", "@Ben@chu-b.example", ben.uri, ben.url):
        page = await look(world.browser, f"{FOLLOW}?uri={quote(name)}")
        assert "Dr Ben" in page, name
        assert 'action="/authorize_interaction"' in page
    answer = await press(world.browser, page, FOLLOW)
    assert answer.status == 303
    after = await look(world.browser, answer.headers["Location"], language="fr")
    assert 'action="/authorize_interaction"' not in after
    [relation] = (await world.get(f"/api/v1/accounts/relationships?id[]={ben.id}", anna)).body
    assert relation["requested"] or relation["following"]
    assert "This is you." in await look(world.browser, f"{FOLLOW}?uri=anna@chu-a.example")


async def test_a_group_is_asked_to_let_one_in_and_a_hidden_one_is_not_there(world: World) -> None:
    await signed_in(world)
    await world.group("cardiologie")
    hidden = await world.group("secret", listed=False)
    page = await look(world.browser, f"{FOLLOW}?uri=cardiologie@chu-a.example")
    assert "Ask to join" in page
    absent = await look(world.browser, f"{FOLLOW}?uri=nobody@chu-a.example")
    for name in ("secret@chu-a.example", hidden.uri):
        async with world.browser.get(f"{FOLLOW}?uri={name}") as response:
            assert (response.status, await response.text()) == (404, absent)
    forged = await press(world.browser, page, FOLLOW, id=str(hidden.id))
    assert forged.status in {303, 404}
    async with world.browser.post(FOLLOW, data={"id": "1"}) as response:
        assert response.status == 403


async def test_posts_are_shown_that_are_for_everybody(world: World) -> None:
    anna = await signed_in(world)
    ben = await world.stranger("ben")
    group = await world.group("cardiologie", [anna])
    public = await world.status(ben, "<p>Lisible</p>")
    assert "Lisible" in await look(world.browser, f"{FOLLOW}?uri={public.uri}")
    for status in (
        await world.status(ben, audience=Audience.DIRECT, mentions=[anna.actor]),
        await world.status(anna.actor, group=group),
    ):
        async with world.browser.get(f"{FOLLOW}?uri={status.uri}") as response:
            assert response.status == 404


async def test_a_text_from_elsewhere_is_published_once_by_a_button(world: World) -> None:
    assert (await world.browser.get("/share?text=a", allow_redirects=False)).status == 302
    anna = await signed_in(world)
    page = await look(world.browser, "/share?title=T&text=%3Cb%3E&url=https://x.example/")
    assert "T\n\n&lt;b&gt;\n\nhttps://x.example/</textarea>" in page
    assert (await world.get(f"/api/v1/accounts/{anna.actor.id}/statuses", anna)).body == []
    for _ in range(2):
        answer = await press(world.browser, page, "/share", status="Bonjour", visibility="public", spoiler_text="cas")
        assert answer.status == 200
        assert "/@anna/" in await answer.text()
    [made] = (await world.get(f"/api/v1/accounts/{anna.actor.id}/statuses", anna)).body
    assert (made["content"], made["visibility"], made["spoiler_text"]) == ("<p>Bonjour</p>", "public", "cas")
    private = await press(
        world.browser, await look(world.browser, "/share"), "/share", status="a", visibility="private"
    )
    assert "/@anna/" not in await private.text()


async def test_what_cannot_be_published_stays_in_the_form(world: World) -> None:
    anna = await signed_in(world)
    for name in ("cardiologie", "neurologie"):
        await world.group(name, [anna])
    page = await look(world.browser, "/share")
    empty = await press(world.browser, page, "/share", status="  ")
    assert "Write something" in await empty.text()
    refused = await press(world.browser, page, "/share", status="@cardiologie @neurologie cas", visibility="direct")
    text = await refused.text()
    assert 'class="problem"' in text
    assert "@cardiologie @neurologie cas</textarea>" in text
