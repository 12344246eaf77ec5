"""Three institutions on loopback, one group, one case: played by real client calls, then attacked, then told as a table.

CHU A has the group `cardiologie` with Anna; at CHU B Ben is a member and Nina, a nurse, is not; C has nothing to do with
either. All three are started by the same code as `confrere serve`. The exit status is not 0 when anything leaked or got
lost. Everything and everybody here is invented.
"""

import asyncio
import logging
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp

from federation.context import Context
from federation.outbox import attestations, groups, peers, profiles
from federation.setup import create_instance
from federation.signing import get_keys, signing
from federation.wire.signatures import Scheme
from policies.decision import Reason
from policies.edits import add_peer, set_peer
from policies.membership import Joining
from policies.ruleset import Agreement, day_of
from policies.sentences import sentence
from policies.terms import Level, PeerState
from server.app import Running, running
from server.config import Config, parse_config
from server.context import HANDLE_DOMAIN, open_context
from server.intruder import Intruder, Knowledge, intrude, list_attempts
from server.speech import say
from storage import actors, decisions, instance, rules
from storage.database import Reader
from storage.migrate import migrate
from storage.records import Actor
from web.oauth.tokens import issue_console_token

PLANTED = "zorglub-7431"
CASE = f"@cardiologie Péricardite récidivante chez un sujet jeune, colchicine insuffisante. {PLANTED}"
REPLY = f"Anakinra après avis : bonne réponse ici. {PLANTED}"
LATER = f"@cardiologie Suite du cas. {PLANTED}"
PATIENCE = 20.0
STEP = 0.05


class DemoError(RuntimeError):
    """Something that must hold does not: a leak, or something lost."""


@dataclass(slots=True)
class House:
    """One institution at work."""

    title: str
    running: Running
    session: aiohttp.ClientSession

    @property
    def ctx(self) -> Context:
        return self.running.ctx

    @property
    def host(self) -> str:
        return self.ctx.origin.host

    @property
    def base(self) -> str:
        return self.ctx.origin.base


@dataclass(slots=True)
class Person:
    """Somebody with an app that is signed in."""

    house: House
    actor: Actor
    token: str

    async def ask(self, method: str, path: str, **given: Any) -> Any:
        """One call of the client API; DemoError when it is refused."""
        query, sent = (given, None) if method == "GET" else ({}, given)
        headers = {"Authorization": f"Bearer {self.token}"}
        url = self.house.base + path
        async with self.house.session.request(method, url, headers=headers, params=query, json=sent) as response:
            body = await response.json()
            if response.status != 200:
                raise DemoError(f"{method} {path}: {response.status} {body}")
            return body

    async def sees(self, text: str) -> dict[str, Any] | None:
        """The post in this person's home timeline that holds a text."""
        found = await self.ask("GET", "/api/v1/timelines/home", limit=40)
        return next((one for one in found if text in one["content"]), None)


@dataclass(slots=True)
class Story:
    """What has happened so far, and the rows of the table."""

    a: House
    b: House
    c: House
    rows: list[tuple[str, str, str]] = field(default_factory=list)

    def tell(self, who: str, what: str, why: str = "") -> None:
        self.rows.append((who, what, why))


def main() -> int:
    """Play the demo; the exit status. On a terminal the three go on serving until interrupted."""
    logging.getLogger().setLevel(logging.CRITICAL)
    with tempfile.TemporaryDirectory(prefix="confrere-demo-") as folder:
        return asyncio.run(_play(Path(folder)))


async def _play(folder: Path) -> int:
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())
        a, b, c = [await stack.enter_async_context(_house(folder, title, session)) for title in ("CHU A", "CHU B", "C")]
        story = Story(a, b, c)
        try:
            await _tell_story(story)
        except DemoError as error:
            _print_table(story)
            print(f"\n{say('FAILED', 'ÉCHEC')}: {error}")  # noqa: T201  # the demo speaks to a person
            return 1
        _print_table(story)
        _print_where(story)
        if sys.stdin.isatty():
            await _until_interrupted()
    return 0


@asynccontextmanager
async def _house(folder: Path, title: str, session: aiohttp.ClientSession) -> AsyncIterator[House]:
    """An institution of its own folder, on a port that is free now."""
    listener = socket.create_server(("127.0.0.1", 0))
    home = folder / title.replace(" ", "-").lower()
    home.mkdir()
    config = _config(home, f"localhost:{listener.getsockname()[1]}", title)
    async with open_context(config) as ctx:
        await migrate(ctx.db)
        await create_instance(ctx, organisation=title)
        await ctx.db.transact(lambda tx: instance.insert_value(tx, HANDLE_DOMAIN, config.handle_domain))
    async with running(config, listener) as started:
        yield House(title, started, session)


def _config(home: Path, host: str, title: str) -> Config:
    text = (
        f'host = "{host}"\nhandle_domain = "{host}"\ntitle = "{title}"\ndevelopment = true\n'
        f'database = "sqlite:///{home}/confrere.sqlite3"\nmedia = "file://{home}/media"\n'
        'trusted_addresses = ["127.0.0.0/8", "::1/128"]\n'
    )
    return parse_config(text, {}, home)


async def _tell_story(story: Story) -> None:
    await _agree(story)
    anna = await _person(story.a, "anna", "Anna Almeida", "physician", "cardiology")
    ben = await _person(story.b, "ben", "Ben Baur", "physician", "cardiology")
    nina = await _person(story.b, "nina", "Nina Novak", "nurse")
    carl = await _person(story.c, "carl", "Carl Conti", "physician")
    group = await _join(story, anna, ben)
    posted, seen = await _discuss(story, anna, ben)
    await _intrude(story, group, posted, seen, nina, carl)
    await _expire(story, anna, ben)


async def _agree(story: Story) -> None:
    """A and B conclude an agreement; C stays what it is to them: unknown."""
    for here, there in ((story.a, story.b), (story.b, story.a)):
        today = day_of(here.ctx.now())
        agreement = Agreement("DEMO-1", today - timedelta(days=30), today + timedelta(days=300))
        await _rule(
            here,
            lambda text, there=there, agreement=agreement: add_peer(  # type: ignore[misc]
                text, there.host, organisation=there.title, state=PeerState.ACTIVE, agreement=agreement
            ),
        )


async def _rule(house: House, change: Callable[[str], str]) -> None:
    current = await house.ctx.db.read(rules.get_current)
    await peers.save_rules(house.ctx, change(current.body if current else ""), by="console", reason="demo")


async def _person(house: House, name: str, shown: str, profession: str, *specialties: str) -> Person:
    new = profiles.NewMember(name, f"{name}@example.org", "", display_name=shown)
    actor = await profiles.create_member(house.ctx, new, by="console")
    await attestations.verify(
        house.ctx, actor.id, attestations.Evidence(profession, Level.CHECKED, specialties), by="console"
    )
    token = await issue_console_token(house.ctx.db, actor.id, ("read", "write", "follow"), now=house.ctx.now())
    return Person(house, actor, token)


async def _join(story: Story, anna: Person, ben: Person) -> Actor:
    """Ben follows the group from B, and Anna's institution accepts him."""
    new = groups.NewGroup("cardiologie", "Cardiologie", Joining.REQUEST, (story.b.host,), anna.actor.id)
    group = await groups.create(story.a.ctx, new, by="console")
    found = await ben.ask("GET", "/api/v2/search", q=f"@cardiologie@{story.a.host}", resolve="true", type="accounts")
    if not found["accounts"]:
        raise DemoError("B does not find the group at A")
    await ben.ask("POST", f"/api/v1/accounts/{found['accounts'][0]['id']}/follow")
    asked = await _until(lambda: _remote(story.a, ben.actor.uri), "the request to join did not arrive at A")
    refused = await _until(lambda: _accepted(story.a, group.id, asked.id), "the request could not be accepted at A")
    if refused != "accepted":
        raise DemoError(f"Ben was not accepted: {refused}")
    await _until(lambda: ben.ask("GET", "/api/v1/lists"), "Ben's app does not list the group")
    return group


async def _remote(house: House, uri: str) -> Actor | None:
    return await house.ctx.db.read(lambda tx: actors.get_actor_by_uri(tx, uri))


async def _accepted(house: House, group_id: int, actor_id: int) -> str:
    """`accepted`, a refusal, or nothing yet: the actor may be known a moment before its request is recorded."""
    try:
        answer = await groups.accept(house.ctx, group_id, actor_id, by="anna")
    except LookupError:
        return ""
    return "accepted" if answer is None else str(answer)


async def _discuss(story: Story, anna: Person, ben: Person) -> tuple[dict[str, Any], dict[str, Any]]:
    posted = await anna.ask("POST", "/api/v1/statuses", status=CASE, spoiler_text=f"Cas {PLANTED}", visibility="public")
    seen = await _until(lambda: ben.sees("Péricardite"), "the case did not reach Ben at B")
    await ben.ask("POST", "/api/v1/statuses", status=REPLY, in_reply_to_id=seen["id"])
    await _until(lambda: anna.sees("Anakinra"), "Ben's reply did not reach Anna at A")
    story.tell(f"Anna ({story.a.title})", say("case and reply", "cas et réponse"), say("author", "auteure"))
    story.tell(f"Ben ({story.b.title})", say("case and reply", "cas et réponse"), say("member", "membre"))
    return posted, seen


async def _intrude(
    story: Story, group: Actor, posted: dict[str, Any], seen: dict[str, Any], nina: Person, carl: Person
) -> None:
    """The nurse and the stranger try every way in, with all that an insider could have told them."""
    known = Knowledge(
        ids=(posted["id"], seen["id"], str(group.id)),
        uris=(posted["uri"], group.uri),
        names=("cardiologie", f"cardiologie@{story.a.host}"),
        words=(PLANTED,),
    )
    for house, intruder, why in (
        (
            story.b,
            Intruder(f"Nina ({story.b.title})", token=nina.token),
            say("no member of the group", "pas membre du groupe"),
        ),
        (story.c, Intruder("Carl (C)", token=carl.token), say("nothing ever came to C", "rien n'est arrivé à C")),
        (story.a, Intruder(say("anybody", "n'importe qui")), _why(Reason.UNSIGNED)),
        *[(story.a, one, _why(Reason.PEER_UNKNOWN)) for one in await _signers(story.c, carl.actor)],
        *[
            (story.a, one, say("no member of the group", "pas membre du groupe"))
            for one in (await _signers(story.b, nina.actor))[3:]
        ],
    ):
        made = await _try_everything(house, intruder, known)
        story.tell(f"{intruder.name} → {house.title}", say(f"nothing ({made} tries)", f"rien ({made} essais)"), why)


def _why(reason: Reason) -> str:
    return sentence(reason, reader="admin", language="fr" if say("en", "fr") == "fr" else "en")


async def _signers(house: House, actor: Actor) -> list[Intruder]:
    """The instance and one of its people as servers, by both signature schemes, and as group-only doors want it."""

    async def unit(tx: Reader) -> list[Intruder]:
        own = await actors.get_actor_by_uri(tx, house.ctx.origin.instance_actor)
        found = []
        for one in (own, actor):
            if one is None:
                raise DemoError(f"{house.title} has no instance actor")
            keys, name = await get_keys(tx, one.id, one.uri), f"{one.name} ({house.title})"
            found += [
                Intruder(f"{name}, cavage", sign=signing(keys, house.ctx.now)),
                Intruder(f"{name}, RFC 9421", sign=signing(keys, house.ctx.now, scheme=Scheme.RFC9421)),
                Intruder(f"{name}, RFC 9421 + nonce", sign=signing(keys, house.ctx.now, fresh=True)),
            ]
        return found

    return await house.ctx.db.read(unit)


async def _try_everything(house: House, intruder: Intruder, known: Knowledge) -> int:
    attempts = list(list_attempts(house.running.app, known, federation_only=intruder.sign is not None))
    async for result in intrude(house.session, house.base, intruder, attempts):
        asked = PLANTED in result.attempt.path
        if result.everything.count(PLANTED.encode()) > int(asked):
            raise DemoError(f"LEAK: {intruder.name} read the case by {result.attempt.method} {result.attempt.path}")
    return len(attempts)


async def _expire(story: Story, anna: Person, ben: Person) -> None:
    """The agreement ends yesterday: the next post waits at the boundary, and says why."""
    today = day_of(story.a.ctx.now())
    ended = Agreement("DEMO-1", today - timedelta(days=30), today - timedelta(days=1))
    await _rule(story.a, lambda text: set_peer(text, story.b.host, {"agreement": ended}))
    later = await anna.ask("POST", "/api/v1/statuses", status=LATER)
    held = await _until(lambda: _held(story.a, later["uri"]), "the post after the agreement's end was not held")
    if await ben.sees("Suite du cas"):
        raise DemoError("LEAK: the post after the agreement's end reached B")
    story.tell(
        f"Ben ({story.b.title}), {say('next post', 'message suivant')}", say("held at A", "retenu à A"), _why(held)
    )


async def _held(house: House, uri: str) -> Reason | None:
    found = await house.ctx.db.read(lambda tx: decisions.list_about(tx, [uri]))
    return next((Reason(one.reason) for one in found if one.outcome == "hold"), None)


async def _until(ask: Callable[[], Awaitable[Any]], complaint: str) -> Any:
    """Ask until there is an answer; DemoError when there is none in time."""
    try:
        async with asyncio.timeout(PATIENCE):
            while not (answer := await ask()):  # noqa: ASYNC110  # what is waited for happens at another institution
                await asyncio.sleep(STEP)
    except TimeoutError as error:
        raise DemoError(f"LOST: {complaint}") from error
    return answer


def _print_table(story: Story) -> None:
    heading = (say("who", "qui"), say("saw", "a vu"), say("why (not)", "pourquoi (pas)"))
    rows = [heading, *story.rows]
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    for row in rows:
        print(f"{row[0]:<{widths[0]}}  {row[1]:<{widths[1]}}  {row[2]}")  # noqa: T201  # the demo speaks to a person


def _print_where(story: Story) -> None:
    print()  # noqa: T201
    for house in (story.a, story.b, story.c):
        print(f"{house.title}: {house.base}/")  # noqa: T201


async def _until_interrupted() -> None:
    print(say("Serving until interrupted (Ctrl-C).", "En service jusqu'à interruption (Ctrl-C)."))  # noqa: T201
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)
    await stop.wait()
