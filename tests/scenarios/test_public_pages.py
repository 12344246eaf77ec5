"""Pages that links lead to: public things are readable, everything else looks as if it never was."""

from tests.scenarios.world import World


async def test_public_posts_have_pages_and_others_have_none(world: World) -> None:
    house = await world.instance("a")
    anna = await house.member("anna", profession="physician")
    await house.group("cardiologie", anna)
    shown = await anna.post("Bonjour #cardio", visibility="public")
    hidden = [await anna.post("à mes abonnés", visibility="private"), await anna.post("@cardiologie un cas")]

    page = await house.ask("GET", f"/@anna/{shown['id']}")
    assert page.status == 200
    assert b"Bonjour" in page.raw
    absent = await house.ask("GET", "/@anna/100000000000000001")
    for post in hidden:
        answer = await house.ask("GET", f"/@anna/{post['id']}")
        assert answer.status == absent.status == 404
        assert answer.raw == absent.raw
    profile = await house.ask("GET", "/@anna")
    assert b"Bonjour" in profile.raw
    assert b"un cas" not in profile.raw
    assert b"Bonjour" in (await house.ask("GET", "/tags/cardio")).raw
    assert (await house.ask("GET", f"/@anna/{shown['id']}".replace("anna", "ben"))).status == 404
    assert (await house.ask("GET", "/@nobody")).status == 404


async def test_another_server_is_sent_to_the_id(world: World) -> None:
    house = await world.instance("a")
    anna = await house.member("anna")
    url = f"{house.ctx.origin.base}/@anna"
    async with house.session.get(
        url, headers={"Accept": "application/activity+json"}, allow_redirects=False
    ) as response:
        assert response.status == 302
        assert response.headers["Location"] == anna.actor.uri
