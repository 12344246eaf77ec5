"""Documents of other programs, served and sent as these programs would, by servers on loopback under invented names.

Every fixture plays on hosts of its own (`f7-0.localhost`), so that many share one instance. Whoever it names and does
not describe is made up, with keys, on the host that it names.
"""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urldefrag

import orjson
from aiohttp import web
from aiohttp.test_utils import TestServer

from federation.wire.values import PUBLIC, id_of, many
from storage.records import Actor, Status
from tests.federation.home import Home
from tests.federation.peer import AS_TYPE, Document, Someone, new_keys, rendered_keys

_URL = re.compile(r"https?://([A-Za-z0-9.:{}_-]+)")
_NAMESPACES = ("www.w3.org", "w3id.org", "purl.org", "joinmastodon.org", "schema.org", "ostatus.org")
_SCRUBBED = "SCRUBBED_ID"


def replaced(value: Any, old: str, new: str) -> Any:
    """The same document about another: every string that is exactly the one."""
    if isinstance(value, dict):
        return {name: replaced(one, old, new) for name, one in value.items()}
    if isinstance(value, list):
        return [replaced(one, old, new) for one in value]
    return new if value == old else value


def _address(uri: str) -> str:
    """Where a document stands that has this id."""
    found = urldefrag(uri)[0]
    return found if found.count("/") > 2 else f"{found}/"


@dataclass(slots=True)
class Scene:
    """One fixture on hosts of its own, before us: the member whom it concerns, if it concerns one."""

    stage: "Stage"
    number: int
    member: Actor
    hosts: dict[str, str] = field(default_factory=dict)
    people: dict[str, Someone] = field(default_factory=dict)
    ids: "count[int]" = field(default_factory=count)

    @property
    def home(self) -> Home:
        return self.stage.home

    def load(self, path: Path) -> Document:
        written = path.read_text()
        _URL.sub(self._host, written)  # its hosts are known before the first name on one of them
        return dict(self._moved(orjson.loads(written)))

    def _moved(self, value: Any) -> Any:
        """The same on our hosts; contexts and namespaces stay where they are."""
        if isinstance(value, dict):
            return {name: one if name == "@context" else self._moved(one) for name, one in value.items()}
        if isinstance(value, list):
            return [self._moved(one) for one in value]
        if not isinstance(value, str):
            return value
        if value == _SCRUBBED:
            return self._moved(f"https://kbin.test/scrubbed/{next(self.ids)}")
        moved = _URL.sub(self._host, value.replace("//{{DOMAIN}}", "//mastodon.test")).replace("{{DOMAIN}}", "domain")
        for old, new in self.hosts.items():
            moved = moved.replace(f"@{old}", f"@{new}")
        return moved

    def _host(self, found: re.Match[str]) -> str:
        if found[1].startswith(_NAMESPACES):
            return found[0]
        return f"http://{self.host(found[1])}"

    def host(self, name: str) -> str:
        if name not in self.hosts:
            self.hosts[name] = f"f{self.number}-{len(self.hosts)}.localhost:{self.stage.port}"
        return self.hosts[name]

    def new_id(self, beside: str) -> str:
        return f"http://{beside.split('/')[2]}/made-up/{next(self.ids)}"

    def serve(self, document: Document) -> Document:
        self.stage.documents[_address(document["id"])] = document
        return document

    # --- people -------------------------------------------------------------------------------------------------------

    def somebody(self, uri: str, *, kind: str = "Person", **more: Any) -> Someone:
        """An actor at this address: as the fixture has it, with keys of ours, or made up."""
        if uri not in self.people:
            described = {"id": uri, "type": kind, "preferredUsername": f"somebody{len(self.people)}", **more}
            self.people[uri] = self.introduce(described, keys=True)
        return self.people[uri]

    def introduce(self, document: Document, *, keys: bool = False) -> Someone:
        """Serve an actor, found by its name too. `keys`: ours instead of those in the document, so that it can sign."""
        uri = document["id"]
        host = uri.split("/")[2]
        made = new_keys(uri)
        document = {"inbox": f"{uri}/inbox", "followers": f"{uri}/followers", **document}
        if keys:
            document |= rendered_keys(made)
        name = document.get("preferredUsername", "")
        self.stage.names[f"{name}@{host}"] = uri
        self.serve(document)
        return Someone(uri, name, made, document)

    # --- what they say ------------------------------------------------------------------------------------------------

    def complete(self, document: Document, *, author: str = "", public: bool = True) -> Document:
        """What an example leaves out and every program sends: an id, its author, whom it is for, some text."""
        beside = (
            document.get("id")
            or author
            or id_of(document.get("attributedTo"))
            or f"http://{self.host('examples.test')}/"
        )
        uri = document.get("id") or self.new_id(beside)
        made = author or f"http://{uri.split('/')[2]}/made-up/author"
        to: Document = {} if document.get("to") or document.get("cc") or not public else {"to": [PUBLIC]}
        return {"attributedTo": made, **document, "id": uri, **to}

    def author_of(self, document: Document) -> Someone:
        """The author of a post: of several the person, as PeerTube means it."""
        authors = many(document.get("attributedTo"))
        people = [one for one in authors if isinstance(one, dict) and one.get("type") == "Person"]
        return self.somebody(id_of(people or authors) or "")

    def create(self, note: Document) -> Document:
        addressing: Document = {name: note[name] for name in ("to", "cc") if name in note}
        author = self.author_of(note)
        return {"id": self.new_id(author.uri), "type": "Create", "actor": author.uri, "object": note, **addressing}

    def note(self, uri: str, **more: Any) -> Document:
        """A public post at this address, made up with its author."""
        return self.complete({"id": uri, "type": "Note", "content": "<p>Bonjour</p>", **more})

    async def send(self, activity: Document) -> str:
        """POSTed to us, signed by its actor; how it ended."""
        actor = id_of(activity["actor"]) or ""
        return await self.home.take(self.somebody(actor), activity)

    async def published(self, **more: Any) -> Status:
        return await self.home.publish(self.member, "Un article", **more)


class Stage:
    """The one server behind all names, and our instance."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.documents: dict[str, Document] = {}
        self.names: dict[str, str] = {}
        self._numbers = count(1)
        app = web.Application()
        app.router.add_get("/{path:.*}", self._answer)
        self.server = TestServer(app, host="127.0.0.1")

    @property
    def port(self) -> int:
        return int(self.server.port or 0)

    async def _answer(self, request: web.Request) -> web.Response:
        if request.path == "/.well-known/webfinger":
            return self._webfinger(request)
        document = self.documents.get(f"http://{request.host}{request.raw_path}")
        if document is None:
            return web.Response(status=404)
        return web.Response(body=orjson.dumps(document), content_type=AS_TYPE)

    def _webfinger(self, request: web.Request) -> web.Response:
        handle = request.query.get("resource", "").removeprefix("acct:")
        if handle not in self.names:
            return web.Response(status=404)
        known = self.documents.get(f"http://{request.host}/jrd/{handle}")
        link = {"rel": "self", "type": AS_TYPE, "href": self.names[handle]}
        jrd = known or {"subject": f"acct:{handle}", "links": [link]}
        return web.Response(body=orjson.dumps(jrd), content_type="application/jrd+json")

    async def scene(self) -> Scene:
        number = next(self._numbers)
        return Scene(self, number, await self.home.member(f"member{number}"))


@asynccontextmanager
async def open_stage(home: Home, scenes: int) -> AsyncIterator[Stage]:
    """All hosts that so many scenes may have are peers."""
    stage = Stage(home)
    async with stage.server:
        hosts = [f"f{number + 1}-{host}.localhost:{stage.port}" for number in range(scenes) for host in range(8)]
        await home.rule(*hosts)
        yield stage
