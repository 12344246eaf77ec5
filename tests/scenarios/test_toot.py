"""A whole session of toot's command line, from login to logout, against an institution at work."""

import asyncio
from pathlib import Path

import pytest

from tests.conftest import Addresses
from tests.scenarios.clients import House, Toot, house, toot
from tests.web.live import picture

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def engine() -> str:
    """A client cannot tell the engines apart."""
    return "sqlite"


async def test_a_session_from_login_to_logout(addresses: Addresses, tmp_path: Path) -> None:
    async with house(await addresses.new(), tmp_path, "CHU A") as here:
        for name in ("anna", "ben"):
            await here.member(name)
        await asyncio.to_thread(_session, here, tmp_path)


def _session(here: House, folder: Path) -> None:
    (folder / "ecg.png").write_bytes(picture())
    with toot(folder / "anna") as anna, toot(folder / "ben") as ben:
        for client, name in ((anna, "anna"), (ben, "ben")):
            client.sign_in(here, name)
        _look_around(anna, here)
        _write(anna, ben, str(folder / "ecg.png"))
        _read(anna, ben)
        _keep(anna, ben)
        _choose_people(anna, ben)
        _vote(anna, ben)
        anna.run("logout", f"anna@{here.host}")
        assert "logged in" in anna.run("whoami", succeeds=False)


def _look_around(anna: Toot, here: House) -> None:
    assert "anna" in anna.run("auth")
    assert "Physician, Cardiology" in anna.run("whoami")
    assert anna.ask("whois", "ben")["username"] == "ben"
    assert "CHU A" in anna.run("instance")
    assert anna.ask("instance", here.base)["version"].startswith("4.")
    anna.run("update_account", "--display-name", "Anna A.", "--note", "Cardiologue", "--privacy", "public")
    assert anna.ask("whoami")["source"]["privacy"] == "public"


def _write(anna: Toot, ben: Toot, file: str) -> None:
    described = ("--media", file, "--description", "Un tracé", "--spoiler-text", "cas", "--language", "fr")
    ben.run("follow", "anna")
    post = anna.ask("post", "Un cas #ecg", *described)
    assert (post["media_attachments"][0]["description"], post["spoiler_text"]) == ("Un tracé", "cas")
    assert anna.ask("upload", file, "--description", "Un autre tracé")["description"] == "Un autre tracé"
    answer = ben.ask("post", "@anna merci", "--reply-to", post["id"])
    thread = anna.ask("thread", post["id"])
    assert [one["id"] for one in thread["descendants"]] == [answer["id"]]
    assert "merci" in anna.run("thread", post["id"])
    assert "Un cas" in anna.run("status", post["id"])
    assert "mentioned you" in anna.run("notifications")
    assert "Demain" in anna.ask("post", "Demain", "--scheduled-in", "2 hours")["params"]["text"]
    gone = anna.ask("post", "à reprendre")
    anna.run("delete", gone["id"])
    assert "not found" in anna.run("status", gone["id"], succeeds=False)


def _read(anna: Toot, ben: Toot) -> None:
    (post,) = [one for one in ben.ask("timelines", "home") if "cas" in one["spoiler_text"]]
    for timeline in (("public", "--local"), ("tag", "ecg"), ("account", "anna")):
        assert post["id"] in [one["id"] for one in ben.ask("timelines", *timeline)], timeline
    assert "Un cas" in ben.run("timelines", "tag", "ecg", "--no-pager", "--no-clear")
    assert [one["id"] for one in anna.ask("search", "cas", "--type", "statuses")["statuses"]] == [post["id"]]
    assert "#ecg" in ben.run("search", "ecg", "--type", "hashtags")
    assert [one["username"] for one in ben.ask("following", "ben")] == ["anna"]
    assert [one["username"] for one in anna.ask("followers", "anna")] == ["ben"]


def _keep(anna: Toot, ben: Toot) -> None:
    (post,) = [one["id"] for one in anna.ask("timelines", "tag", "ecg")]
    for act in ("favourite", "bookmark", "reblog"):
        ben.run(act, post)
    assert "ben" in anna.run("reblogged-by", post)
    assert "Un cas" in ben.run("bookmarks", "--once")
    assert [one["id"] for one in ben.ask("timelines", "favourites")] == [post]
    told = anna.run("notifications")
    assert "favourited" in told
    assert "boosted" in told
    assert anna.ask("pin", post)["pinned"]
    assert not anna.ask("unpin", post)["pinned"]
    for act in ("unfavourite", "unbookmark", "unreblog"):
        ben.run(act, post)
    ben.run("tags", "follow", "ecg")
    assert "ecg" in ben.run("tags", "followed")
    ben.run("tags", "unfollow", "ecg")
    ben.run("tags", "feature", "ecg")
    assert "ecg" in ben.run("tags", "featured")
    ben.run("tags", "unfeature", "ecg")


def _choose_people(anna: Toot, ben: Toot) -> None:
    anna.run("follow", "ben")
    anna.run("lists", "create", "Service")
    anna.run("lists", "add", "Service", "ben")
    assert "ben" in anna.run("lists", "accounts", "Service")
    written = ben.ask("post", "Astreinte", "--visibility", "public")
    assert anna.ask("timelines", "list", "Service")[0]["id"] == written["id"]
    anna.run("lists", "remove", "Service", "ben")
    anna.run("lists", "delete", "Service")
    assert anna.ask("lists", "list") == []
    for act, listed, undo in (("mute", "muted", "unmute"), ("block", "blocked", "unblock")):
        anna.run(act, "ben")
        assert "ben" in anna.run(listed)
        anna.run(undo, "ben")
        assert anna.ask(listed) == []
    anna.run("unfollow", "ben")
    anna.run("update_account", "--locked")
    ben.run("unfollow", "anna")
    for answer in ("reject", "accept"):
        ben.run("follow", "anna")
        assert "ben" in anna.run("follow-requests", "list")
        anna.run("follow-requests", answer, "ben")
    anna.run("notifications", "--clear")


def _vote(anna: Toot, ben: Toot) -> None:
    options = ("--poll-option", "oui", "--poll-option", "non", "--poll-expires-in", "1 day")
    asked = ben.ask("post", "Colchicine ?", "--visibility", "public", *options)
    poll = asked["poll"]["id"]
    assert "oui" in anna.run("polls", "show", poll)
    anna.run("polls", "vote", poll, "1")
    assert "already voted" in anna.run("polls", "vote", poll, "1", succeeds=False)
