"""A member's new name and picture reach those who follow them elsewhere, by way of their own server."""

from io import BytesIO

from aiohttp import FormData

from tests.scenarios.world import Member, World, ruleset
from tests.web.live import picture


async def test_a_new_name_and_picture_cross(world: World) -> None:
    a, b = await world.instance("a"), await world.instance("b")
    await a.rule(ruleset("CHU A", b.host))
    await b.rule(ruleset("CHU B", a.host))
    anna, ben = await a.member("anna", profession="physician"), await b.member("ben")
    await ben.follow(f"@anna@{a.host}")
    await world.settle()
    before = await ben.find(f"@anna@{a.host}")

    await change(anna, display_name="Anna Almeida", note="Cardiologue", avatar=picture())
    await world.settle()
    after = await ben.find(f"@anna@{a.host}")
    assert (after["display_name"], after["note"]) == ("Anna Almeida :verified_clinician:", "<p>Cardiologue</p>")
    assert after["avatar"] != before["avatar"]
    assert after["avatar"].startswith(b.ctx.origin.base)
    assert (await b.ask("GET", after["avatar"].removeprefix(b.ctx.origin.base))).headers["Content-Type"] == "image/webp"

    await anna.ask("DELETE", "/api/v1/profile/avatar")
    await world.settle()
    assert (await ben.find(f"@anna@{a.host}"))["avatar"] == before["avatar"]


async def change(who: Member, *, avatar: bytes, **texts: str) -> None:
    """As mastodon-ios does: everything in one multipart form."""
    form = FormData(default_to_multipart=True)
    for name, text in texts.items():
        form.add_field(name, text)
    form.add_field("avatar", BytesIO(avatar), filename="avatar.png", content_type="image/png")
    url = f"{who.instance.ctx.origin.base}/api/v1/accounts/update_credentials"
    headers = {"Authorization": f"Bearer {who.token}"}
    async with who.instance.session.patch(url, data=form, headers=headers) as response:
        assert response.status == 200
