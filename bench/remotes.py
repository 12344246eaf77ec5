"""Simulated members of other institutions: their documents, and activities that they sign. Starts no process.

Shapes are Mastodon's. Each host has one RSA key for all its people: making keys takes long, and whose they are is by id.
"""

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from bench.client import make_request
from federation.wire.dates import render_moment
from federation.wire.keys import PrivateKey, generate_rsa, render_pem
from federation.wire.signatures import Request, sign_cavage

CONTEXT = ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/v1"]
PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
INBOX = "/ap/inbox"
AP_TYPE = "application/activity+json"
JRD_TYPE = "application/jrd+json"
# As long as posts usually are, with the usual markup.
TEXT = (
    "<p>Patient de 72 ans, dyspnée d'effort depuis trois semaines, échographie rassurante, troponine négative. "
    "L'un de vous a-t-il déjà vu ce tracé sous amiodarone ? Le contrôle est prévu lundi, nous restons prudents "
    '<a href="https://chu.example/protocole" rel="nofollow noopener" target="_blank">protocole du service</a></p>'
    "<p>Merci pour vos avis, bonne garde à toutes et à tous.</p>"
)


@dataclass(frozen=True, slots=True)
class Remote:
    """One person elsewhere."""

    host: str
    name: str
    key: PrivateKey
    inbox: str
    shared_inbox: str | None

    @property
    def uri(self) -> str:
        return self.key.owner


def make_remotes(hosts: Iterable[str], each: int, *, shared_inbox: bool = True) -> list[Remote]:
    """So many people on each of these hosts, in turns: the first of every host, the second of every host ..."""
    keys = {host: generate_rsa("", "") for host in hosts}
    return [_remote(host, f"p{number}", keys[host], shared_inbox) for number in range(each) for host in keys]


def _remote(host: str, name: str, key: PrivateKey, shared_inbox: bool) -> Remote:  # noqa: FBT001  # private, passed through
    uri = f"http://{host}/users/{name}"
    own = PrivateKey(f"{uri}#main-key", uri, key.algorithm, key.material)
    return Remote(host, name, own, f"{uri}/inbox", f"http://{host}/inbox" if shared_inbox else None)


def documents(remotes: Iterable[Remote]) -> dict[str, tuple[str, str]]:
    """What their hosts serve: content type and body by host and request target."""
    served: dict[str, tuple[str, str]] = {}
    for remote in remotes:
        acct = f"{remote.name}@{remote.host}"
        served[f"{remote.host}/users/{remote.name}"] = (AP_TYPE, orjson.dumps(render_actor(remote)).decode())
        served[f"{remote.host}/.well-known/webfinger?resource=acct:{acct}"] = (JRD_TYPE, _jrd(acct, remote.uri))
    return served


def render_actor(remote: Remote) -> dict[str, Any]:
    """A person's document, as their host serves it."""
    return {
        "@context": CONTEXT,
        "id": remote.uri,
        "type": "Person",
        "preferredUsername": remote.name,
        "name": remote.name.upper(),
        "summary": "<p>Cardiologie</p>",
        "url": f"http://{remote.host}/@{remote.name}",
        "inbox": remote.inbox,
        "outbox": f"{remote.uri}/outbox",
        "followers": f"{remote.uri}/followers",
        "following": f"{remote.uri}/following",
        "publicKey": {"id": remote.key.id, "owner": remote.uri, "publicKeyPem": render_pem(remote.key.public)},
        **({"endpoints": {"sharedInbox": remote.shared_inbox}} if remote.shared_inbox else {}),
    }


def _jrd(acct: str, uri: str) -> str:
    links = [{"rel": "self", "type": AP_TYPE, "href": uri}]
    return orjson.dumps({"subject": f"acct:{acct}", "links": links}).decode()


def accept_follow(remote: Remote, follower_uri: str) -> dict[str, Any]:
    """The answer to a Follow by one of ours, which it embeds."""
    follow = {"type": "Follow", "actor": follower_uri, "object": remote.uri}
    return {
        "@context": CONTEXT,
        "id": f"{remote.uri}#accepts/{follower_uri}",
        "type": "Accept",
        "actor": remote.uri,
        "object": follow,
    }


def create_note(remote: Remote, number: int, published: int) -> dict[str, Any]:
    """A public post with its Create; its uri ends with its number. `published` in unix ms."""
    uri, when = f"{remote.uri}/statuses/{number}", render_moment(published)
    to, cc = [PUBLIC], [f"{remote.uri}/followers"]
    note = {
        "id": uri,
        "type": "Note",
        "attributedTo": remote.uri,
        "content": TEXT,
        "contentMap": {"fr": TEXT},
        "published": when,
        "url": f"http://{remote.host}/@{remote.name}/{number}",
        "to": to,
        "cc": cc,
        "sensitive": False,
        "summary": None,
        "inReplyTo": None,
        "tag": [{"type": "Hashtag", "href": f"http://{remote.host}/tags/cardio", "name": "#cardio"}],
        "attachment": [],
    }
    return {
        "@context": CONTEXT,
        "id": f"{uri}/activity",
        "type": "Create",
        "actor": remote.uri,
        "published": when,
        "to": to,
        "cc": cc,
        "object": note,
    }


def deliver(remote: Remote, activity: Mapping[str, Any], inbox_host: str, **unsigned: str) -> bytes:
    """An activity as the signed request that brings it to the shared inbox of ours; `unsigned`: more headers."""
    body = orjson.dumps(activity)
    headers = {"Host": inbox_host, "Content-Type": AP_TYPE}
    request = Request("POST", f"http://{inbox_host}{INBOX}", tuple(headers.items()), body)
    signed = dict(sign_cavage(request, remote.key, now=time.time_ns() // 1_000_000))
    return make_request("POST", inbox_host, INBOX, body=body, content_type=AP_TYPE, **signed, **unsigned)


def posts(remotes: list[Remote], inbox_host: str, numbers: range, first_published: int) -> Iterator[bytes]:
    """Signed deliveries of one post for each number, by these people in turns, published a millisecond apart: then
    their ids here are in the order of their numbers.
    """
    for number in numbers:
        remote = remotes[number % len(remotes)]
        yield deliver(remote, create_note(remote, number, first_published + number), inbox_host)
