"""What other programs send, spoilt, signed by a stranger: answered below 500, never an accident, soon done with, and nothing
of anybody else is stored or changed by it.
"""

import asyncio
import re
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
import pytest
from hypothesis import given

from federation.inbox.process import HANDLERS
from tests.examples import examples
from tests.federation.home import Home
from tests.federation.mutations import Document, spoilt
from tests.federation.peer import Peer, Someone

# CPU time of everything on this side and the sender's: signing, HTTP, reading, storing. About twenty times what it takes.
MOST_SECONDS = 1.0
MOST_SECONDS_PER_KB = 0.02
ADDRESS = re.compile(r"https?://[^/\"\s?#\\<>]+(?=[/\"\s?#\\<>])")
ANCHORS = ("www.w3.org", "w3id.org", "purl.org", "schema.org", "joinmastodon.org")

# Rows that only their owner, or whose home they are, may change. Counts are everybody's.
OTHERS = (
    "SELECT a.uri, a.type, a.username, a.name, a.summary, a.inbox, a.followers, a.disabled_at, a.moved_to_id FROM actors a",
    "SELECT k.* FROM actor_keys k JOIN actors a ON a.id = k.actor_id",
    "SELECT s.uri, s.content, s.summary, s.audience, s.group_id, s.edited_at FROM statuses s JOIN actors a ON a.id = s.actor_id",
    "SELECT f.uri, f.followee_id, f.state FROM follows f JOIN actors a ON a.id = f.follower_id",
    "SELECT f.uri, f.status_id FROM favourites f JOIN actors a ON a.id = f.actor_id",
    "SELECT m.group_id, m.state, m.moderator, m.epoch FROM memberships m JOIN actors a ON a.id = m.actor_id",
    "SELECT b.uri, b.target_id FROM blocks b JOIN actors a ON a.id = b.owner_id",
    "SELECT g.actor_id, g.epoch, g.reach, g.joining FROM groups g JOIN actors a ON a.id = g.actor_id",
)  # fmt: skip


def adopted(document: Document, eve: Someone, peer: Peer) -> Document:
    """As if Eve's server had sent it: its addresses are on that server, and she is who does it."""
    text = orjson.dumps(document).decode()

    def moved(found: re.Match[str]) -> str:
        return found[0] if urlsplit(found[0]).netloc in ANCHORS else peer.base

    moved_in: Document = orjson.loads(ADDRESS.sub(moved, text))
    if isinstance(moved_in.get("attributedTo"), str | list):
        moved_in["attributedTo"] = eve.uri
    if moved_in.get("type") not in (*HANDLERS, "Undo", "Add", "Remove"):
        moved_in = peer.activity("Create", eve, moved_in)
    elif isinstance(moved_in.get("object"), dict) and "attributedTo" in moved_in["object"]:
        moved_in["object"]["attributedTo"] = eve.uri
    return {**moved_in, "actor": eve.uri}


class Scene:
    """Our server with people and posts, Victor on his server, and Eve on hers."""

    def __init__(self, home: Home, victims: Peer, eves: Peer) -> None:
        self.home = home
        self.victims = victims
        self.eves = eves
        self.eve = eves.actor("eve")
        self.accepted = 0

    async def set(self) -> None:
        home, victims = self.home, self.victims
        await home.rule(victims.host, self.eves.host, network="open")
        anna, ben = await home.member("anna", verified=True), await home.member("ben", verified=True)
        victor = victims.actor("victor")
        known = await home.know(victor)
        await home.know(self.eve)
        group = await home.group("cardiologie", anna)
        await home.enroll(group, ben)
        post = await home.publish(anna, "Bonjour")
        note = victims.note(victor, "<p>Salut</p>")
        victims.serve(urlsplit(note["id"]).path, note)
        assert await home.take(victor, victims.activity("Create", victor, note)) == "done"
        follow = victims.activity("Follow", victor, anna.uri)
        assert await home.take(victor, follow) == "done"
        self.planted: list[Any] = [
            anna.uri, ben.uri, group.uri, f"{group.uri}/followers", post.uri, victor.uri, f"{known.uri}#main-key", note, note["id"],
            follow, follow["id"], victor.document, self.eve.uri, self.eves.host, f"{self.eve.uri}/followers",
            f"acct:victor@{victims.host}", {"type": "Tombstone", "id": note["id"]}, {**note, "attributedTo": self.eve.uri},
            {**note, "content": "<p>Autre</p>"}, {**victor.document, "publicKey": self.eve.document["publicKey"]}, *HANDLERS, "Undo",
        ]  # fmt: skip
        self.before = await self.others()

    async def others(self) -> list[list[Any]]:
        return [
            sorted(map(repr, await self.home.rows(f"{sql} WHERE a.host <> :eve", eve=self.eves.host))) for sql in OTHERS
        ]

    async def send(self, document: Document) -> None:
        body = orjson.dumps(document)
        start = time.process_time()
        status = await self.home.send(self.eve, body)
        ended = await self.home.process()
        took = time.process_time() - start
        assert status < 500, (status, document)
        assert took < MOST_SECONDS + MOST_SECONDS_PER_KB * len(body) / 1000, (took, len(body), document)
        assert await self.others() == self.before, document
        assert await self.home.count("statuses", "audience = 'group'") == 0, document
        self.accepted += ended == ["done"]


@pytest.fixture
async def scene(home: Home, peer: Peer, stranger: Peer) -> Scene:
    made = Scene(home, peer, stranger)
    await made.set()
    return made


async def test_spoilt_documents_of_others_change_nothing_of_others(
    scene: Scene, reference: Path, caplog: pytest.LogCaptureFixture
) -> None:
    loop = asyncio.get_running_loop()
    read = [orjson.loads(path.read_bytes()) for path in sorted((reference / "fixtures").rglob("*.json"))]
    documents = [adopted(document, scene.eve, scene.eves) for document in read if isinstance(document, dict)]

    @examples(60, database=None)
    @given(spoilt(documents, scene.planted))
    def send(document: Document) -> None:
        asyncio.run_coroutine_threadsafe(scene.send(document), loop).result()

    await asyncio.to_thread(send)
    assert scene.accepted, "nothing came through: what is tried here is no longer what others send"
    accidents = [record for record in caplog.records if record.levelname in {"ERROR", "CRITICAL"}]
    assert not accidents, [record.exc_info for record in accidents]


async def test_no_act_of_a_strangers_changes_what_others_have(scene: Scene) -> None:
    """Every act there is, on everything of others that can be named or forged: chance would seldom try these."""
    for kind in (*HANDLERS, "Undo"):
        for about in scene.planted:
            if isinstance(about, dict) or str(about).startswith("http"):
                await scene.send(scene.eves.activity(kind, scene.eve, about, target=scene.eve.uri))
