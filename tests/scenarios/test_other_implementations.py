"""Servers that others have written, against ours: Anna here and Zoé there follow each other, post, answer, like, edit, delete.

Zoé's servers are in `tests/peers/`. Each speaks one signature scheme and takes no other, so that ours has to find out. What
comes to them has passed their own verification.
"""

import asyncio
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import pytest
import requests
from mastodon import Mastodon

from federation.outbox import peers
from tests.conftest import Addresses
from tests.scenarios.clients import PATIENCE, House, house, mastodon_py, until
from tests.scenarios.world import ruleset

PEERS = Path(__file__).parents[1] / "peers"
FEDIFY = ("node", str(PEERS / "fedify" / "peer.mjs"))
PUBBY = (sys.executable, "-m", "tests.peers.pubby_server")

pytestmark = pytest.mark.timeout(300)
needs_fedify = pytest.mark.skipif(
    shutil.which("node") is None or not (PEERS / "fedify" / "node_modules").is_dir(),
    reason="no Node, or its packages are not there: `npm ci` in tests/peers/fedify",
)


@pytest.fixture
def engine() -> str:
    """Other servers cannot tell the engines apart."""
    return "sqlite"


@dataclass(frozen=True, slots=True)
class Zoe:
    """Somebody on the other server, as it is told what she does."""

    base: str
    to: str

    def act(self, act: str, **said: str) -> str:
        """The id of what was done it to, or made."""
        answer = requests.post(f"{self.base}/act", json={"act": act, "to": self.to, **said}, timeout=PATIENCE)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["object"])

    def wait_for(self, kind: str, fits: Callable[[Any], bool] = bool) -> Any:
        """The first activity of this type that came, was verified, and fits."""

        def ask() -> list[Any]:
            seen = requests.get(f"{self.base}/seen", timeout=PATIENCE).json()
            return [one for one in seen if one["type"] == kind and fits(one)]

        return until(ask, f"no {kind} came")[0]


@contextmanager
def started(*command: str) -> Iterator[str]:
    """The address of another server while it runs; what it complained of is shown when the test fails."""
    with (
        TemporaryFile("w+") as errors,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True) as process,
    ):
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.kill()
            errors.seek(0)
            sys.stderr.write(errors.read())


@pytest.mark.parametrize(
    ("command", "scheme"),
    [
        pytest.param(FEDIFY, "cavage", marks=needs_fedify, id="fedify-cavage"),
        pytest.param(FEDIFY, "rfc9421", marks=needs_fedify, id="fedify-rfc9421"),
        pytest.param(PUBBY, "cavage", id="pubby-cavage"),
    ],
)
async def test_another_implementation(
    addresses: Addresses, tmp_path: Path, command: tuple[str, ...], scheme: str
) -> None:
    async with house(await addresses.new(), tmp_path, "CHU A") as here:
        anna = await here.member("anna")
        with started(*command, scheme) as base:
            rules = ruleset("CHU", base.removeprefix("http://"))
            await peers.save_rules(here.ctx, rules, by="console", reason="test")
            await asyncio.to_thread(_walk, here, Zoe(base, anna.uri))


def _walk(here: House, zoe: Zoe) -> None:
    with mastodon_py(here, "anna") as anna:
        _follow(anna, zoe)
        _from_here(anna, zoe)
        _from_there(anna, zoe)


def _follow(anna: Mastodon, zoe: Zoe) -> None:
    zoe.act("follow")
    (follower,) = until(lambda: anna.account_followers(anna.me()), "nobody follows Anna")
    assert (follower.username, follower.display_name) == ("zoe", "Zoé")
    zoe.wait_for("Accept")
    assert anna.search_v2(f"@zoe@{zoe.base.removeprefix('http://')}", resolve=True).accounts[0].id == follower.id
    anna.account_follow(follower)
    zoe.wait_for("Follow")
    until(lambda: anna.account_relationships(follower)[0].following, "Zoé has not accepted")


def _from_here(anna: Mastodon, zoe: Zoe) -> None:
    """Anna posts; Zoé likes and answers; Anna edits and deletes."""
    post = anna.status_post("Bonjour à tous", visibility="public")
    created = zoe.wait_for("Create", lambda one: "Bonjour à tous" in one["object"]["content"])
    assert created["object"]["id"] == post.uri
    zoe.act("like", object=post.uri)
    until(lambda: [one for one in anna.notifications() if one.type == "favourite"], "nobody likes it")
    zoe.act("post", text="Bonjour Anna", inReplyTo=post.uri)
    (answer,) = until(lambda: anna.status_context(post).descendants, "nobody answers")
    assert (answer.content, answer.in_reply_to_id) == ("<p>Bonjour Anna</p>", post.id)
    anna.status_update(post, "Bonsoir à tous")
    zoe.wait_for("Update", lambda one: "Bonsoir" in one["object"].get("content", ""))
    anna.status_delete(post)
    zoe.wait_for("Delete", lambda one: post.uri in str(one["object"]))


def _from_there(anna: Mastodon, zoe: Zoe) -> None:
    """Zoé posts; Anna likes and answers; Zoé edits and deletes."""

    def home() -> dict[str, Any]:
        return {one.uri: one for one in anna.timeline_home()}

    uri = zoe.act("post", text="Un cas rare")
    until(lambda: uri in home(), "nothing came from Zoé")
    post = home()[uri]
    assert (post.content, post.account.username) == ("<p>Un cas rare</p>", "zoe")
    anna.status_favourite(post)
    zoe.wait_for("Like", lambda one: one["object"] == uri)
    anna.status_post(f"@{post.account.acct} Intéressant", in_reply_to_id=post, visibility="public")
    zoe.wait_for("Create", lambda one: one["object"].get("inReplyTo") == uri)
    zoe.act("edit", object=uri, text="Un cas très rare")
    until(lambda: home()[uri].content == "<p>Un cas très rare</p>", "the edit did not come")
    zoe.act("delete", object=uri)
    until(lambda: uri not in home(), "the deletion did not come")
