"""Somebody who tries every way in: each route of the route table, each alias, each signature scheme.

The demo shows what came of it, and the leak tests search what came back. Must not know any route by name but the streams,
which never end: a route that is added tomorrow is tried tomorrow.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any
from urllib.parse import quote

import aiohttp
import orjson
from aiohttp import web
from yarl import URL

from federation.client import Signing

FEDERATION = ("/ap/", "/.well-known/", "/nodeinfo/", "/@")
# What a stream answers is read by its own tests; here it would only keep the intruder waiting.
ENDLESS = ("/streaming",)
# Ending one's own session is no way in.
OWN_END = ("/auth/sign_out", "/oauth/revoke")
AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What the intruder has heard of: ids and addresses that may exist, names, and words that may be searched for."""

    ids: tuple[str, ...]
    uris: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Intruder:
    """Who tries: nobody, somebody with an app's token, or a server with a key (`sign`)."""

    name: str
    token: str = ""
    sign: Signing | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request. `body` is sent as JSON unless the method is GET."""

    method: str
    route: str
    path: str
    body: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Result:
    """What came back, every byte of it."""

    intruder: str
    attempt: Attempt
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def everything(self) -> bytes:
        head = "\n".join(f"{name}: {value}" for name, value in self.headers.items())
        return head.encode() + b"\n" + self.body


def list_attempts(app: web.Application, known: Knowledge, *, federation_only: bool) -> Iterator[Attempt]:
    """Every route, with everything the intruder knows in every place where it could go."""
    seen = set()
    for route in app.router.routes():
        template = route.resource.canonical if route.resource else ""
        if route.method in {"HEAD", "OPTIONS", "*"} or any(part in template for part in (*ENDLESS, *OWN_END)):
            continue
        if federation_only and not template.startswith(FEDERATION):
            continue
        bodies = _bodies(route.method, known)[: 1 if "{" in template else None]  # where an id leads, few bodies matter
        for path, body in product(_paths(template, known), bodies):
            for query in _queries(route.method, template, known):
                attempt = Attempt(route.method, template, path + query, body)
                if (key := (attempt.method, attempt.path, str(body))) not in seen:
                    seen.add(key)
                    yield attempt


def _paths(template: str, known: Knowledge) -> list[str]:
    """The template with its places filled; places other than ids get one plausible value each."""
    plausible = {
        "version": "2.0",
        "size": "original",
        "extension": ".png",
        "hashtag": known.words[0] if known.words else "x",
        "tag": "x",  # a word that was followed would come back as the intruder's own
        "name": known.names[0] if known.names else "x",
        "token": "x",
        "mac": "x",
        "address": "x",
        "key": "ungrouped-1",
        "quoting_id": known.ids[0] if known.ids else "1",
    }
    for place, value in plausible.items():
        template = template.replace(f"{{{place}}}", quote(value, safe=""))
    return [template.replace("{id}", one) for one in known.ids] if "{id}" in template else [template]


def _queries(method: str, template: str, known: Knowledge) -> list[str]:
    if method != "GET":
        return [""]
    common = "&".join(f"id[]={one}" for one in known.ids)
    if template.endswith(("/objects", "/media", "/webfinger")):
        return [f"?uri={quote(uri, safe='')}&resource={quote(uri, safe='')}" for uri in known.uris] + ["?host=me"]
    if template.endswith(("/search", "/lookup")):
        sought = (*known.words, *known.uris, *known.names)
        return [f"?q={quote(one)}&acct={quote(one)}&resolve=true&limit=40" for one in sought]
    if template.endswith("/followers"):
        return ["", "?host=me"]
    return [f"?{common}&limit=40"] if "{" not in template else [""]


def _bodies(method: str, known: Knowledge) -> list[dict[str, Any]]:
    """An answer to what was heard of, and what else may stand in a body: something is shown back of most acts."""
    if method == "GET" or not known.ids:
        return [{}]
    one, said = known.ids[0], {"status": "intruder", "visibility": "direct"}
    everything = dict.fromkeys(("id", "status_id", "quoted_status_id", "last_read_id"), one)
    everything |= dict.fromkeys(("account_id", "target_account_id"), known.ids[-1])
    return [
        {**said, "in_reply_to_id": one},
        {**said, **everything, "status_ids": known.ids, "account_ids": known.ids, "comment": "intruder"},
    ]


async def intrude(
    session: aiohttp.ClientSession, base: str, intruder: Intruder, attempts: list[Attempt]
) -> AsyncIterator[Result]:
    """Make every attempt, some at a time, and give what came back."""
    for start in range(0, len(attempts), AT_ONCE):
        some = attempts[start : start + AT_ONCE]
        for result in await asyncio.gather(*(_try(session, base, intruder, one) for one in some)):
            yield result


async def _try(session: aiohttp.ClientSession, base: str, intruder: Intruder, attempt: Attempt) -> Result:
    url = f"{base}{attempt.path}"
    headers = {"Host": base.partition("://")[2], "Accept": "application/activity+json, application/json"}
    if intruder.token:
        headers["Authorization"] = f"Bearer {intruder.token}"
    body = b"" if attempt.method == "GET" else orjson.dumps(dict(attempt.body))
    if body:
        headers["Content-Type"] = "application/activity+json" if intruder.sign else "application/json"
    if intruder.sign is not None:
        headers |= intruder.sign(attempt.method, url, headers, body)
    async with session.request(
        attempt.method, URL(url, encoded=True), headers=headers, data=body, allow_redirects=False
    ) as response:
        return Result(intruder.name, attempt, response.status, dict(response.headers), await response.read())
