"""Two institutions at work, and people who use them with real clients: Mastodon.py and toot.

Nothing is moved along by hand: jobs run, posts travel by themselves, and the clients find out.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from mastodon import Mastodon, MastodonAPIError
from mastodon.return_types import Status

from federation.outbox.sign_ups import approve
from storage import sign_ups
from storage.records import Actor
from tests.conftest import Addresses
from tests.scenarios.clients import (
    PASSWORD,
    SCOPES,
    House,
    Toot,
    house,
    make_peers,
    mastodon_py,
    streaming,
    toot,
    until,
)
from tests.web.live import picture

# Real programs are started one after the other, on a machine that may be busy.
pytestmark = pytest.mark.timeout(300)


@dataclass(frozen=True, slots=True)
class Pair:
    """Anna at CHU A and Ben at CHU B. Everything below `home` is gone after the test."""

    a: House
    b: House
    anna: Actor
    ben: Actor
    home: Path


@pytest.fixture
async def pair(addresses: Addresses, tmp_path: Path) -> AsyncIterator[Pair]:
    async with AsyncExitStack() as stack:
        a, b = [
            await stack.enter_async_context(house(await addresses.new(), tmp_path, title))
            for title in ("CHU A", "CHU B")
        ]
        await make_peers(a, b)
        yield Pair(a, b, await a.member("anna"), await b.member("ben"), tmp_path)


async def test_mastodon_py_at_both_ends(pair: Pair) -> None:
    await asyncio.to_thread(_play_with_mastodon_py, pair)


def _play_with_mastodon_py(pair: Pair) -> None:
    with (
        mastodon_py(pair.a, "anna") as anna,
        mastodon_py(pair.b, "ben") as ben,
        streaming(anna) as anna_hears,
        streaming(ben) as ben_hears,
    ):
        found = ben.account_search(f"@anna@{pair.a.host}", resolve=True)[0]
        assert found.acct == f"anna@{pair.a.host}"
        ben.account_follow(found)
        anna_hears.wait_for_notification("follow")
        until(lambda: ben.account_relationships(found)[0].following, "Ben does not follow Anna")

        post = anna.status_post("Bonjour #cardio", visibility="public", spoiler_text="salut")
        seen = ben_hears.wait_for("update", lambda one: "Bonjour" in one.content)
        assert (seen.account.acct, seen.spoiler_text, seen.uri) == (found.acct, "salut", post.uri)
        assert [one.id for one in ben.timeline_home()] == [seen.id]

        ben.status_reply(seen, "merci")
        answered = anna_hears.wait_for_notification("mention").status
        assert answered.in_reply_to_id == post.id
        assert [one.id for one in anna.status_context(post).descendants] == [answered.id]

        ben.status_favourite(seen)
        ben.status_reblog(seen)
        for kind in ("favourite", "reblog"):
            assert anna_hears.wait_for_notification(kind).status.id == post.id
        ben.status_unfavourite(seen)
        ben.status_unreblog(seen)
        until(lambda: _is_plain(anna.status(post)), "Ben's favourite or boost is still counted")

        anna.status_update(post, "Bonsoir #cardio")
        changed = ben_hears.wait_for("status.update", lambda one: "Bonsoir" in one.content)
        assert (changed.id, bool(changed.edited_at)) == (seen.id, True)

        anna.status_delete(post)
        ben_hears.wait_for("delete", lambda one: str(one) == str(seen.id))
        assert seen.id not in [one.id for one in ben.timeline_home()]

        ben.account_unfollow(found)
        until(lambda: not anna.me().followers_count, "Ben still follows Anna")


def _is_plain(post: Status) -> bool:
    return post.favourites_count == post.reblogs_count == 0


async def test_mastodon_py_changes_a_profile(pair: Pair) -> None:
    await asyncio.to_thread(_change_with_mastodon_py, pair)


def _change_with_mastodon_py(pair: Pair) -> None:
    with mastodon_py(pair.a, "anna") as anna, mastodon_py(pair.b, "ben") as ben:
        found = ben.account_search(f"@anna@{pair.a.host}", resolve=True)[0]
        ben.account_follow(found)
        until(lambda: ben.account_relationships(found)[0].following, "Ben does not follow Anna")
        fields = [("Service", "Cardiologie"), ("Page", "https://chu-a.example/")]
        changed = anna.account_update_credentials(
            display_name="Anna Almeida", note="Bonjour", avatar=picture(), avatar_mime_type="image/png", fields=fields
        )
        assert (changed.source.note, [one.name for one in changed.source.fields]) == ("Bonjour", ["Service", "Page"])
        until(lambda: ben.account(found).note == "<p>Bonjour</p>", "Ben is shown the former profile")
        assert ben.account(found).avatar != found.avatar
        assert ben.account_note_set(found, "Vue au congrès").note == "Vue au congrès"
        assert ben.account_pin(found).endorsed is True
        assert [one.id for one in ben.endorsements()] == [found.id]
        assert ben.account_familiar_followers(found)[0].accounts == []
        made = anna.featured_tag_create("cardio")
        assert [one.name for one in anna.featured_tags()] == [made.name] == ["cardio"]
        anna.featured_tag_delete(made)
        assert anna.featured_tag_suggestions() == []


async def test_mastodon_py_signs_somebody_up(addresses: Addresses, tmp_path: Path) -> None:
    settings = 'registrations = "approval"\n'
    async with house(await addresses.new(), tmp_path, "CHU A", more=settings) as a:
        newcomer = await asyncio.to_thread(_sign_up_with_mastodon_py, a)
        (waiting,) = await a.ctx.db.read(sign_ups.list_waiting)
        await approve(a.ctx, waiting.actor.id, by="console")
        assert (await asyncio.to_thread(newcomer.account_verify_credentials)).acct == "nina"


def _sign_up_with_mastodon_py(at: House) -> Mastodon:
    key, secret = Mastodon.create_app("Ward notes", scopes=SCOPES, api_base_url=at.base)
    client = Mastodon(key, secret, api_base_url=at.base, version_check_mode="created", ratelimit_method="throw")
    who = {"username": "nina", "password": PASSWORD, "email": "nina@clinic.example", "scopes": SCOPES}
    token, wrong = client.create_account(**who, agreement=False, return_detailed_error=True)
    assert (token, wrong.details.agreement[0].error) == (None, "ERR_ACCEPTED")
    assert client.create_account(**who, agreement=True, reason="Infirmière", locale="fr")
    with pytest.raises(MastodonAPIError, match="pending approval"):
        client.account_verify_credentials()
    return client


async def test_toot_at_the_other_end_of_mastodon_py(pair: Pair) -> None:
    await asyncio.to_thread(_play_with_toot, pair)


def _play_with_toot(pair: Pair) -> None:
    with toot(pair.home / "ben") as ben, mastodon_py(pair.a, "anna") as anna, streaming(anna) as anna_hears:
        ben.sign_in(pair.b, "ben")
        assert "Physician, Cardiology" in ben.run("whoami")
        ben.run("follow", f"@anna@{pair.a.host}")
        known = anna_hears.wait_for_notification("follow").account
        anna.account_follow(known)
        until(lambda: anna.account_relationships(known)[0].following, "Anna does not follow Ben")
        until(lambda: ben.ask("following"), "Ben does not follow Anna")

        post = anna.status_post(f"@ben@{pair.b.host} Bonjour", visibility="unlisted")
        (seen,) = until(lambda: ben.ask("timelines", "home"), "Ben's home stays empty")
        assert seen["uri"] == post.uri
        assert "mentioned you" in ben.run("notifications")

        ben.run("favourite", seen["id"])
        ben.run("reblog", post.url)
        for kind in ("favourite", "reblog"):
            assert anna_hears.wait_for_notification(kind).status.id == post.id
        ben.run("unfavourite", seen["id"])
        ben.run("unreblog", seen["id"])

        ben.run("post", f"@anna@{pair.a.host} merci", "--reply-to", seen["id"])
        assert anna_hears.wait_for_notification("mention").status.in_reply_to_id == post.id
        assert "merci" in ben.run("thread", seen["id"])

        written = ben.ask("post", "Une autre idée", "--visibility", "private")
        heard = anna_hears.wait_for("update", lambda one: "autre" in one.content)
        assert (heard.uri, heard.visibility) == (written["uri"], "private")
        ben.run("delete", written["id"])
        anna_hears.wait_for("delete", lambda one: str(one) == str(heard.id))

        until(lambda: _is_plain(anna.status(post)), "Ben's favourite or boost is still counted")


async def test_both_clients_read_the_groups_list_on_both_sides(pair: Pair) -> None:
    group = await pair.a.group("cardiologie", pair.anna, pair.b.host)
    with toot(pair.home / "anna") as anna, toot(pair.home / "ben") as ben:
        await asyncio.to_thread(anna.sign_in, pair.a, "anna")
        await asyncio.to_thread(ben.sign_in, pair.b, "ben")
        await asyncio.to_thread(ben.run, "follow", f"@cardiologie@{pair.a.host}")
        await pair.a.accept(group, pair.ben)
        await asyncio.to_thread(_discuss, pair, anna, ben)


def _discuss(pair: Pair, anna: Toot, ben: Toot) -> None:
    until(lambda: ben.ask("lists", "list"), "Ben has no List of the group")
    with mastodon_py(pair.a, "anna") as at_a, mastodon_py(pair.b, "ben") as at_b, streaming(at_b) as ben_hears:
        case = at_a.status_post("@cardiologie un cas de péricardite", visibility="private")
        seen = ben_hears.wait_for("update", lambda one: "péricardite" in one.content)
        ben.run("post", "colchicine ?", "--reply-to", str(seen.id), "--visibility", "private")
        until(lambda: at_a.status_context(case).descendants, "Ben's reply does not reach Anna")

        for client in (at_a, at_b):
            (group,) = client.lists()
            assert group.title == "Cardiologie"
            texts = [one.content for one in client.timeline_list(group)]
            assert ["colchicine" in text for text in texts] == [True, False]
            assert ["péricardite" in text for text in texts] == [False, True]
        for shell in (anna, ben):
            told = shell.run("timelines", "list", "Cardiologie", "--no-pager", "--no-clear")
            assert told.index("colchicine") < told.index("péricardite")
