"""Anna moderates her group with Mastodon.py, signed in as the group; Ben is elsewhere and asks to come in."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from mastodon.errors import MastodonAPIError
from mastodon.return_types import Status

from federation.outbox import groups
from storage.database import Reader
from storage.records import Actor
from tests.conftest import Addresses
from tests.scenarios.clients import House, Listener, house, make_peers, mastodon_py, streaming, until

# Real programs are started one after the other, on a machine that may be busy.
pytestmark = pytest.mark.timeout(300)


async def test_a_group_is_moderated_by_an_ordinary_app(addresses: Addresses, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        a, b = [
            await stack.enter_async_context(house(await addresses.new(), tmp_path, title))
            for title in ("CHU A", "CHU B")
        ]
        await make_peers(a, b)
        anna, olga, _ = await a.member("anna"), await a.member("olga"), await b.member("ben")
        group, other = await a.group("cardiologie", anna, b.host), await a.group("urgences", olga, b.host)
        await _let_in(a, group, olga)
        loop = asyncio.get_running_loop()
        await asyncio.to_thread(_play, a, b, group, other, loop)
        assert await a.ctx.db.read(_list_acts) == {
            ("operator.sign_in", "cardiologie"),
            ("group.accept", "cardiologie"),
            ("group.pin", "cardiologie"),
            ("group.delete_post", "cardiologie"),
            ("group.remove", "cardiologie"),
        }


async def _let_in(a: House, group: Actor, member: Actor) -> None:
    await groups.invite(a.ctx, group.id, member.id, by="console")

    def join() -> None:
        with mastodon_py(a, member.username) as client:
            client.account_follow(group.id)

    await asyncio.to_thread(join)
    assert not await groups.set_moderator(a.ctx, group.id, member.id, by="console", moderator=True)


async def _list_acts(tx: Reader) -> set[tuple[str, str]]:
    """What Anna did, by the audit log."""
    found = await tx.rows("SELECT act, subject FROM audit WHERE actor = 'anna'")
    return {(row[0], row[1]) for row in found}


def _play(a: House, b: House, group: Actor, other: Actor, loop: asyncio.AbstractEventLoop) -> None:
    with (
        mastodon_py(a, "anna", guise=group) as we,
        mastodon_py(a, "olga", guise=other) as they,
        mastodon_py(a, "anna") as anna,
        mastodon_py(b, "ben") as ben,
        streaming(anna) as anna_hears,
    ):
        handle = we.stream_user(Listener(), run_async=True)
        assert we.me().username == "cardiologie"
        until(lambda: handle.connection, "the group's stream was not opened")

        found = ben.account_search(f"@cardiologie@{a.host}", resolve=True)[0]
        ben.account_follow(found)
        asked = until(lambda: we.notifications(types=["follow_request"]), "nobody asked")[0]
        assert asked.account.acct == f"ben@{b.host}"
        assert [one.id for one in we.follow_requests()] == [asked.account.id]
        assert (they.notifications(), they.follow_requests()) == ([], [])
        assert we.follow_request_authorize(asked.account).followed_by
        until(lambda: ben.account_relationships(found)[0].following, "Ben is not let in")

        case = anna.status_post("@cardiologie un cas de péricardite", visibility="private")
        seen = until(ben.timeline_home, "the case does not reach Ben")[0]
        ben.status_reply(seen, "son nom est Zorglub")
        slip = until(lambda: we.status_context(case).descendants, "Ben's reply does not reach the group")[0]
        assert [one.id for one in we.timeline_home()] == [slip.id, case.id]
        assert they.timeline_home() == []
        for post in (case, slip):
            with pytest.raises(MastodonAPIError, match="404"):
                they.status(post)
        with pytest.raises(MastodonAPIError, match="403"):
            we.status_post("Bonjour")

        assert we.status_pin(case).pinned
        we.status_delete(slip)
        anna_hears.wait_for("delete", lambda one: str(one) == str(slip.id))
        until(lambda: "Zorglub" not in _texts(ben.timeline_home()), "what was removed stays with Ben")

        we.account_remove_from_followers(asked.account)
        until(lambda: not ben.account_relationships(found)[0].following, "Ben stays in")
        anna.status_post("@cardiologie sans Ben", visibility="private")
        assert "sans Ben" not in _texts(ben.timeline_home())

        lost = groups.set_moderator(a.ctx, group.id, anna.me().id, by="console", moderator=False)
        assert asyncio.run_coroutine_threadsafe(lost, loop).result(60) is None
        with pytest.raises(MastodonAPIError, match="401"):
            we.timeline_home()
        handle.join(60)
        assert not handle.is_alive(), "the stream outlives the role"
        assert anna.timeline_home()


def _texts(posts: list[Status]) -> str:
    return " ".join(post.content for post in posts)
