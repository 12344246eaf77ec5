"""OEmbed: public posts of ours within other pages, and nothing else."""

from policies.terms import Audience
from tests.web.api_world import World

NOT_FOUND = (404, {"error": "Record not found"})


async def test_a_public_post_can_be_shown_elsewhere(world: World) -> None:
    anna = await world.person("anna")
    status = await world.status(anna.actor)
    page = f"https://chu-a.example/@anna/{status.id}"
    body = (await world.get(f"/api/oembed?url={page}&maxwidth=300")).body
    assert (body["type"], body["version"], body["width"], body["height"]) == ("rich", "1.0", 300, 400)
    assert f'src="{page}/embed"' in body["html"]
    async with world.browser.get(f"/@anna/{status.id}/embed") as response:
        assert response.status == 200
        assert "X-Frame-Options" not in response.headers
        assert "frame-ancestors *" in response.headers["Content-Security-Policy"]
        assert "script-src" not in response.headers["Content-Security-Policy"]
        assert "Bonjour" in await response.text()
    async with world.browser.get(f"/@anna/{status.id}") as response:
        assert response.headers["X-Frame-Options"] == "DENY"
        assert "application/json+oembed" in await response.text()


async def test_sound_and_film_are_links(world: World) -> None:
    anna = await world.person("anna")
    status = await world.status(anna.actor)
    film = await world.attach(anna.actor, status, type="video", file="0" * 64 + ".mp4")
    sound = await world.attach(anna.actor, status, type="audio", file="0" * 64 + ".mp3", preview=None)
    async with world.browser.get(f"/@anna/{status.id}/embed", headers={"Accept-Language": "fr"}) as response:
        page = await response.text()
    assert f'<a href="https://chu-a.example/media/{film.id}/original.mp4">Regarder</a>' in page
    assert f'src="https://chu-a.example/media/{film.id}/small.png"' in page
    assert f'<a href="https://chu-a.example/media/{sound.id}/original.mp3">Écouter</a>' in page
    assert f'src="https://chu-a.example/media/{sound.id}' not in page


async def test_hidden_and_absent_look_the_same(world: World) -> None:
    anna, stranger = await world.person("anna"), await world.stranger("ben")
    group = await world.group("cardiologie", [anna])
    hidden = [await world.status(anna.actor, group=group)]
    hidden += [await world.status(anna.actor, audience=one) for one in (Audience.FOLLOWERS, Audience.DIRECT)]
    remote = await world.status(stranger)
    addresses = [f"/@anna/{one.id}" for one in hidden] + ["/@anna/1", f"/@ben/{remote.id}", "/@anna", f"/@anna/{2**70}"]
    for address in addresses:
        answer = await world.get(f"/api/oembed?url=https://chu-a.example{address}", anna)
        assert (answer.status, answer.body) == NOT_FOUND
        async with world.browser.get(f"{address}/embed") as response:
            assert response.status == 404
    for address in ("", "https://chu-b.example/@anna/1", f"https://chu-a.example.evil.example/@anna/{remote.id}"):
        answer = await world.get(f"/api/oembed?url={address}")
        assert (answer.status, answer.body) == NOT_FOUND
