"""Another server on loopback: actors with keys of their own, WebFinger, credentials, an inbox, and whatever a test adds.

It speaks HTTP for real and keeps every request it gets. What it signs, and what it answers, is up to each test.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import count
from typing import Any, Self

import orjson
from aiohttp import web
from aiohttp.test_utils import TestServer

from federation.local_actors import NewKeys
from federation.wire.attestations import Credential, render_credential
from federation.wire.cavage import sign as sign_cavage
from federation.wire.keys import (
    Algorithm,
    PrivateKey,
    generate_ed25519,
    generate_rsa,
    render_multikey,
    render_pem,
)
from federation.wire.messages import Request, Scheme
from federation.wire.proofs import sign_document
from federation.wire.render import AS2, CONTROL_CONTEXT, DATA_INTEGRITY, MULTIKEY, SECURITY
from federation.wire.rfc9421 import sign as sign_rfc9421
from federation.wire.values import PUBLIC
from policies.terms import GROUP_ONLY, NS, Level

AS_TYPE = "application/activity+json"
DAY = 24 * 3_600_000
Document = dict[str, Any]
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]

_RSA_KEYS = 6
_numbers = count()


@cache
def _rsa(number: int) -> bytes:
    """A few RSA keys serve all actors of a test run in turn: making one takes longer than most tests."""
    return generate_rsa(f"https://key.example/{number}", "https://key.example/").material


def new_keys(uri: str) -> NewKeys:
    """Both keys of an actor, unlike those of the actors made just before."""
    rsa = PrivateKey(f"{uri}#main-key", uri, Algorithm.RSA, _rsa(next(_numbers) % _RSA_KEYS))
    return NewKeys(rsa, generate_ed25519(f"{uri}#ed25519-key", uri))


@dataclass(frozen=True, slots=True)
class Someone:
    """An actor of a peer. The document that the peer serves may be changed by tests, to lie."""

    uri: str
    name: str
    keys: NewKeys
    document: Document = field(repr=False)

    @property
    def followers(self) -> str:
        return f"{self.uri}/followers"

    def rotated(self) -> "Someone":
        """The same actor with new keys under the old ids; the peer serves them at once."""
        renewed = new_keys(self.uri)
        while renewed.rsa.material == self.keys.rsa.material:
            renewed = new_keys(self.uri)
        self.document.update(rendered_keys(renewed))
        return replace(self, keys=renewed)


def rendered_keys(keys: NewKeys) -> Document:
    rsa, ed25519 = keys.rsa.public, keys.ed25519.public
    return {
        "publicKey": {"id": rsa.id, "owner": rsa.owner, "publicKeyPem": render_pem(rsa)},
        "assertionMethod": [
            {
                "id": ed25519.id,
                "type": "Multikey",
                "controller": ed25519.owner,
                "publicKeyMultibase": render_multikey(ed25519),
            }
        ],
    }


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that the peer got. `path` is raw, with its query."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def document(self) -> Document:
        return dict(orjson.loads(self.body))

    @property
    def scheme(self) -> Scheme:
        return Scheme.RFC9421 if "Signature-Input" in self.headers else Scheme.CAVAGE


class Peer:
    """One remote server. `answers` maps a path (or the start of one, ending in `*`) to what stands there."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.answers: dict[str, Answer] = {}
        self.handles: dict[str, str] = {}
        self._ids = count(1)
        self._hanging: list[asyncio.Event] = []
        app = web.Application(client_max_size=4 << 20)
        app.router.add_route("*", "/{path:.*}", self._handle)
        self.server = TestServer(app, host="127.0.0.1")

    async def __aenter__(self) -> Self:
        await self.server.start_server()
        self.instance = self.actor("", kind="Application", path="/actor")
        return self

    async def __aexit__(self, *_: object) -> None:
        for event in self._hanging:
            event.set()
        await self.server.close()

    @property
    def host(self) -> str:
        return f"localhost:{self.server.port}"

    @property
    def base(self) -> str:
        return f"http://{self.host}"

    @property
    def shared_inbox(self) -> str:
        return f"{self.base}/inbox"

    @property
    def posted(self) -> list[Asked]:
        """What came to its inboxes."""
        return [one for one in self.asked if one.method == "POST"]

    def fetched(self, path: str) -> int:
        """How often a path was asked for."""
        return sum(one.method == "GET" and one.path.partition("?")[0] == path for one in self.asked)

    def new_id(self, kind: str = "activities") -> str:
        return f"{self.base}/{kind}/{next(self._ids)}"

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.asked.append(Asked(request.method, request.raw_path, dict(request.headers), body))
        known = self.answers.get(request.path) or next(
            (answer for path, answer in self.answers.items() if path[-1] == "*" and request.path.startswith(path[:-1])),
            None,
        )
        if known is not None:
            return await known(request)
        if request.path == "/.well-known/webfinger":
            return self._webfinger(request)
        return web.Response(status=202 if request.method == "POST" else 404)

    def _webfinger(self, request: web.Request) -> web.Response:
        name = request.query.get("resource", "").removeprefix("acct:").partition("@")[0]
        if name not in self.handles:
            return web.Response(status=404)
        link = {"rel": "self", "type": AS_TYPE, "href": self.handles[name]}
        jrd = {"subject": f"acct:{name}@{self.host}", "links": [link]}
        return web.Response(body=orjson.dumps(jrd), content_type="application/jrd+json")

    def serve(self, path: str, document: Document, *, content_type: str = AS_TYPE) -> None:
        """Put a document at a path; changes to it show at once."""

        async def answer(_request: web.Request) -> web.Response:
            return web.Response(body=orjson.dumps(document), content_type=content_type)

        self.answers[path] = answer

    def respond(self, path: str, *statuses: int, **headers: str) -> None:
        """Answer with these statuses in turn; the last one stays."""
        left = list(statuses)

        async def answer(_request: web.Request) -> web.Response:
            status = left.pop(0) if len(left) > 1 else left[0]
            return web.Response(status=status, headers={name.replace("_", "-"): text for name, text in headers.items()})

        self.answers[path] = answer

    def hang(self, path: str) -> asyncio.Event:
        """Answer nothing at a path until the event is set, or the test is over."""
        released = asyncio.Event()
        self._hanging.append(released)

        async def answer(_request: web.Request) -> web.Response:
            await released.wait()
            return web.Response(status=202)

        self.answers[path] = answer
        return released

    # --- people ---------------------------------------------------------------------------------------------------

    def actor(self, name: str, *, kind: str = "Person", path: str = "", capable: bool = True, **more: Any) -> Someone:
        """Somebody with keys and a WebFinger name; `more` goes into the document."""
        path = path or f"/users/{name}"
        uri = f"{self.base}{path}"
        handle = name or "localhost"
        keys = new_keys(uri)
        implements = {"implements": [{"href": GROUP_ONLY}]} if capable else {}
        document: Document = {
            "@context": [AS2, SECURITY, MULTIKEY],
            "id": uri,
            "type": kind,
            "preferredUsername": handle,
            "inbox": f"{uri}/inbox",
            "followers": f"{uri}/followers",
            "endpoints": {"sharedInbox": self.shared_inbox},
            "generator": {"type": "Application", "id": f"{self.base}/actor", **implements},
            **rendered_keys(keys),
            **more,
        }
        self.handles[handle] = uri
        self.serve(path, document)
        return Someone(uri, handle, keys, document)

    def group(self, name: str, *, reach: tuple[str, ...] = (), **more: Any) -> Someone:
        """A private group that this peer keeps."""
        policy = {"requires": [GROUP_ONLY], "epoch": 1, "reach": list(reach)}
        return self.actor(name, kind="Group", path=f"/groups/{name}", accessType="closed", groupPolicy=policy, **more)

    def attest(self, someone: Someone, *, now: int, signer: Someone | None = None, **changes: Any) -> Document:
        """Serve a credential about somebody, linked from their document; answers it. `changes` go into the credential."""
        path = f"/credentials/{someone.name}"
        credential = Credential(
            uri=f"{self.base}{path}",
            issuer=self.instance.uri,
            issuer_name="Peer",
            subject=someone.uri,
            profession="physician",
            specialties=frozenset({"cardiology"}),
            jurisdiction="FR",
            register="RPPS",
            level=Level.CHECKED,
            checked_at=now - DAY,
            valid_from=now - DAY,
            valid_until=now + 6 * DAY,
        )
        made = replace(credential, **changes)
        document = sign_document(
            render_credential(made), (signer or self.instance).keys.ed25519, created=made.valid_from
        )
        self.serve(path, document, content_type="application/vc")
        link = {"type": "Link", "rel": [NS + "HealthProfessionalCredential"], "mediaType": "application/vc"}
        someone.document["attachment"] = [{**link, "href": f"{self.base}{path}"}]
        return document

    # --- documents ------------------------------------------------------------------------------------------------

    def note(self, author: Someone, content: str = "<p>Bonjour</p>", **more: Any) -> Document:
        """A public post; `more` changes it."""
        return {
            "id": self.new_id("notes"),
            "type": "Note",
            "attributedTo": author.uri,
            "to": [PUBLIC],
            "cc": [author.followers],
            "content": content,
            "published": "2026-11-17T12:00:00Z",
            **more,
        }

    def activity(self, kind: str, actor: Someone, object_: Any, **more: Any) -> Document:
        return {
            "@context": [AS2, SECURITY, DATA_INTEGRITY],
            "id": self.new_id(),
            "type": kind,
            "actor": actor.uri,
            "object": object_,
            **more,
        }

    def create(self, author: Someone, **note: Any) -> Document:
        return self.activity("Create", author, self.note(author, **note))

    def group_note(
        self, author: Someone, group: Someone | str, content: str = "<p>Un cas</p>", **more: Any
    ) -> Document:
        """A post for a private group, in the profile's shape."""
        uri = group if isinstance(group, str) else group.uri
        addressing = {"to": [uri, f"{uri}/followers"], "cc": [], "audience": uri}
        return self.note(author, content, **{**addressing, **more})

    def group_activity(self, author: Someone, note: Document, *, kind: str = "Create", **more: Any) -> Document:
        """The proven activity around it."""
        addressing = {name: note[name] for name in ("to", "cc", "audience") if name in note}
        return proven(author, self.activity(kind, author, note, **addressing, **more))

    def announce(self, group: Someone, inner: Any, *, epoch: int = 1, **more: Any) -> Document:
        """What a private group says around an activity."""
        return {
            "@context": CONTROL_CONTEXT,
            "id": self.new_id(),
            "type": "Announce",
            "actor": group.uri,
            "object": inner,
            "to": [group.followers],
            "audience": group.uri,
            "epoch": epoch,
            **more,
        }


def proven(someone: Someone, document: Document, *, now: int = 1_795_000_000_000) -> Document:
    """The document with its author's proof."""
    return sign_document(document, someone.keys.ed25519, created=now)


def signed(
    someone: Someone,
    method: str,
    url: str,
    body: bytes = b"",
    *,
    now: int,
    scheme: Scheme = Scheme.CAVAGE,
    nonce: str | None = None,
    key: PrivateKey | None = None,
) -> dict[str, str]:
    """The headers of a good request by somebody; a test spoils what it likes afterwards."""
    host = url.split("/")[2]
    headers = {"Host": host, "Content-Type": AS_TYPE} if method != "GET" else {"Host": host, "Accept": AS_TYPE}
    request = Request(method, url, tuple(headers.items()), body)
    used = key or someone.keys.rsa
    if scheme is Scheme.RFC9421:
        return headers | dict(sign_rfc9421(request, used, now=now, nonce=nonce))
    return headers | dict(sign_cavage(request, used, now=now))
