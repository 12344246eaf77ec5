"""Institutions that work by themselves, and what people do with them: a browser's part, Mastodon.py, and toot.

Everything a person does here blocks: it belongs into a thread, so that the institutions go on working meanwhile.
"""

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urljoin

import requests
from mastodon import Mastodon, StreamListener

from federation.context import Context
from federation.outbox import attestations, groups, peers, profiles
from federation.setup import create_instance
from policies.membership import Joining
from policies.terms import Level
from server.app import running
from server.config import parse_config
from server.context import HANDLE_DOMAIN, open_context
from storage import actors, instance
from storage.records import Actor
from tests.scenarios.world import ruleset
from web.passwords import hash_password

PASSWORD = "correct horse battery staple"
SCOPES = ["read", "write", "follow"]
PATIENCE = 60.0
STEP = 0.05
TOOT = (sys.executable, "-m", "toot", "--no-color")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class House:
    """One institution at work."""

    ctx: Context
    base: str

    @property
    def host(self) -> str:
        return self.ctx.origin.host

    async def member(self, name: str) -> Actor:
        """A verified cardiologist, who signs in with PASSWORD."""
        hashed = await hash_password(PASSWORD)
        new = profiles.NewMember(name, f"{name}@clinic.example", hashed, display_name=f"Dr {name.title()}", locale="en")
        actor = await profiles.create_member(self.ctx, new, by="console")
        evidence = attestations.Evidence("physician", Level.CHECKED, ("cardiology",))
        await attestations.verify(self.ctx, actor.id, evidence, by="console")
        return actor

    async def group(self, name: str, moderator: Actor, *reach: str) -> Actor:
        new = groups.NewGroup(name, name.title(), Joining.REQUEST, reach, moderator.id)
        return await groups.create(self.ctx, new, by="console")

    async def accept(self, group: Actor, member: Actor) -> None:
        """Accept somebody of another institution, whose request to join may still be on its way."""
        async with asyncio.timeout(PATIENCE):
            while not await self._accepted(group, member):  # noqa: ASYNC110  # another institution sends it
                await asyncio.sleep(STEP)

    async def _accepted(self, group: Actor, member: Actor) -> bool:
        known = await self.ctx.db.read(lambda tx: actors.get_actor_by_uri(tx, member.uri))
        try:
            refused = await groups.accept(self.ctx, group.id, known.id, by="console") if known else None
        except LookupError:  # an actor is known a moment before its request is recorded
            return False
        assert refused is None, refused
        return known is not None


@asynccontextmanager
async def house(database: str, folder: Path, title: str, *, more: str = "") -> AsyncIterator[House]:
    """An institution on a migrated, empty database, at a port that is free now. `more`: settings besides."""
    listener = socket.create_server(("127.0.0.1", 0))
    host = f"localhost:{listener.getsockname()[1]}"
    text = (
        f'host = "{host}"\ntitle = "{title}"\ndevelopment = true\ndatabase = "{database}"\nmedia = "file://{folder}"\n'
        f'trusted_addresses = ["127.0.0.0/8", "::1/128"]\n{more}'
    )
    config = parse_config(text, {}, folder)
    async with open_context(config) as ctx:
        await create_instance(ctx, organisation=title)
        await ctx.db.transact(lambda tx: instance.insert_value(tx, HANDLE_DOMAIN, host))
    async with running(config, listener) as started:
        yield House(started.ctx, started.ctx.origin.base)


async def make_peers(*houses: House) -> None:
    """Let these institutions, and nobody else, talk to each other."""
    for one in houses:
        others = [other.host for other in houses if other is not one]
        await peers.save_rules(one.ctx, ruleset("CHU", *others), by="console", reason="test")


def until(ask: Callable[[], T], complaint: str) -> T:
    """Ask until the answer is true."""
    deadline, pause = time.monotonic() + PATIENCE, STEP
    while not (answer := ask()):
        assert time.monotonic() < deadline, complaint
        time.sleep(pause)
        pause = min(pause * 1.5, 0.5)  # a token is good for 300 requests in five minutes
    return answer


class _Page(HTMLParser):
    """The forms of a page, and the code that it shows to a person."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.forms: dict[str, dict[str, str]] = {}
        self.code = ""
        self._action = ""
        self._in_code = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._action = given["action"]
            self.forms[self._action] = {}
        elif tag == "input" and self._action and (given.get("type") != "radio" or "checked" in given):
            self.forms[self._action][given["name"]] = given.get("value", "")
        self._in_code = tag == "code" and given.get("class") == "oauth-code"

    def handle_endtag(self, tag: str) -> None:
        self._in_code = False
        if tag == "form":
            self._action = ""

    def handle_data(self, data: str) -> None:
        if self._in_code:
            self.code += data.strip()


class Browser:
    """Cookies, redirects and forms; no more is needed to let an app in."""

    def __init__(self) -> None:
        self._session = requests.Session()
        self._address = ""
        self._page = _Page("")

    def close(self) -> None:
        self._session.close()

    def open(self, address: str) -> None:
        self._show(self._session.get(address, timeout=PATIENCE))

    def submit(self, action: str, **filled: str) -> None:
        """Send the page's form with this action: its own fields, and what the person fills in or presses."""
        fields = self._page.forms[action]
        self._show(self._session.post(urljoin(self._address, action), data=fields | filled, timeout=PATIENCE))

    def _show(self, response: requests.Response) -> None:
        assert response.status_code == 200, (response.url, response.status_code, response.text)
        self._address, self._page = response.url, _Page(response.text)

    @property
    def code(self) -> str:
        assert self._page.code, f"no code at {self._address}"
        return self._page.code


def fetch_code(address: str, name: str, guise: Actor | None = None) -> str:
    """What a person does at the address that an app sends them to: sign in, let it in (as somebody else), copy the code."""
    browser = Browser()
    try:
        browser.open(address)
        browser.submit("/auth/sign_in", login=name, password=PASSWORD)
        browser.submit("/oauth/authorize", decision="allow", **({"as": str(guise.id)} if guise else {}))
        return browser.code
    finally:
        browser.close()


@contextmanager
def mastodon_py(
    at: House, name: str, scopes: list[str] | None = None, *, guise: Actor | None = None
) -> Iterator[Mastodon]:
    """Mastodon.py, registered by itself and signed in by the page, as oneself or as a channel or a group."""
    scopes = scopes or SCOPES
    with requests.Session() as session:
        key, secret = Mastodon.create_app("Ward notes", scopes=scopes, api_base_url=at.base, session=session)
        client = Mastodon(
            key,
            secret,
            api_base_url=at.base,
            session=session,
            version_check_mode="created",  # no call that our version does not promise
            ratelimit_method="throw",  # rather than to wait for minutes
        )
        address = client.auth_request_url(scopes=scopes, allow_http=True, state="a-state")
        client.log_in(code=fetch_code(address, name, guise), scopes=scopes, allow_http=True)
        yield client


class Listener(StreamListener):
    """Keeps the events of a stream."""

    def __init__(self) -> None:
        self._events: list[tuple[str, Any]] = []

    def on_any_event(self, name: str, data: Any = None, for_stream: str | None = None) -> None:  # noqa: ARG002  # theirs
        self._events.append((name, data))

    def wait_for(self, name: str, fits: Callable[[Any], bool]) -> Any:
        """The first event with this name that fits; it may have come already."""
        found = until(
            lambda: [data for seen, data in self._events if seen == name and fits(data)],
            f"the stream did not bring the {name}",
        )
        return found[0]

    def count(self, name: str, fits: Callable[[Any], bool]) -> int:
        """How many such events there were until now."""
        return sum(seen == name and fits(data) for seen, data in self._events)

    def wait_for_notification(self, kind: str) -> Any:
        return self.wait_for("notification", lambda one: one.type == kind)


@contextmanager
def streaming(client: Mastodon) -> Iterator[Listener]:
    """The user's stream, in a thread of Mastodon.py, until the app signs out."""
    listener = Listener()
    handle = client.stream_user(listener, run_async=True)
    until(lambda: handle.connection, "the stream was not opened")
    try:
        yield listener
    finally:
        # Signing out first: closing alone waits for whatever the server says next, if only that it is there.
        client.revoke_access_token(allow_http=True)
        handle.join(PATIENCE)
        assert not handle.is_alive(), "the stream outlives the token"
        handle.close()


class Toot:
    """toot's command line, with a home of its own. Commands run in children of one process (`toot_forks`)."""

    def __init__(self, home: Path, environ: dict[str, str], forks: "subprocess.Popen[str]") -> None:
        self._output = home / "output"
        self._environ = environ
        self._forks = forks

    def sign_in(self, at: House, name: str) -> None:
        """`toot login`: it registers itself, prints an address, and waits for the code."""
        with subprocess.Popen(
            (*TOOT, "login", "--instance", at.base),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self._environ,
        ) as process:
            try:
                assert process.stdout is not None
                address = next(line.strip() for line in process.stdout if line.startswith("http"))
                output, errors = process.communicate(f"n\n{fetch_code(address, name)}\n", timeout=PATIENCE)
            finally:
                process.kill()
        assert "Successfully logged in" in output, errors

    def run(self, *args: str, succeeds: bool = True) -> str:
        """A command and whether it must succeed; what it prints."""
        assert self._forks.stdin is not None
        assert self._forks.stdout is not None
        self._output.write_bytes(b"")
        self._forks.stdin.write(json.dumps({"args": ["--no-color", *args], "output": str(self._output)}) + "\n")
        self._forks.stdin.flush()
        code, printed = int(self._forks.stdout.readline()), self._output.read_text("utf-8")
        assert (code == 0) == succeeds, (args, code, printed)
        return printed

    def ask(self, *args: str) -> Any:
        """What a command that must succeed answers by `--json`."""
        return json.loads(self.run(*args, "--json"))


@contextmanager
def toot(home: Path) -> Iterator[Toot]:
    home.mkdir()
    environ = {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_CACHE_HOME": str(home / "cache"),
        "PATH": os.defpath,
        "LC_ALL": "C.UTF-8",
    }
    forks = (sys.executable, str(Path(__file__).with_name("toot_forks.py")))
    with subprocess.Popen(
        forks, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ, cwd=home
    ) as process:
        try:
            yield Toot(home, environ, process)
        finally:
            process.kill()
