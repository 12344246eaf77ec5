"""One instance as apps see it: the whole application on loopback, and rows written straight into its database."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, fields, replace
from functools import cache
from pathlib import Path
from typing import Any

import orjson
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from federation.addresses import Guard
from federation.client import Client
from federation.context import Context, Origin
from federation.local_actors import INSTANCE_ACTOR_ID, NewKeys, new_actor
from federation.wire.keys import generate_ed25519, generate_rsa
from policies.terms import Audience, Level
from storage import actors, attestations, favourites, follows, groups, instance, media, rules, statuses, timelines
from storage.database import Database, Reader, Transaction
from storage.groups import FOR_EVER
from storage.ids import new_id
from storage.kept import Kept
from storage.media_store import MediaStore
from storage.members import Person
from storage.notifications import insert_notification
from storage.records import (
    Actor,
    ActorKey,
    Attestation,
    Favourite,
    Follow,
    Group,
    Media,
    Membership,
    Notification,
    Status,
    as_json,
)
from storage.statuses import Mention
from tests.web.people import NOW, ORIGIN, add_person, add_token
from tests.web.serving import Browser, Clock
from web.keys import CONTEXT, SITE, Site
from web.rates import Rate, Rates
from web.routes import add_web_routes

HOUR = 3_600_000
RULES = '[instance]\norganisation = "CHU A"\n'
YEAR = 365 * 24 * HOUR
SITE_HERE = Site(
    "CHU A",
    "Un hôpital",
    "contact@chu-a.example",
    languages=("en", "fr"),
    rules=("Pas de nom de patient.", "Restez courtois."),
    development=True,
    rates=Rates(*(Rate(10**6, 300) for _ in fields(Rates))),  # tests ask more than people do
)


@cache
def shared_keys() -> NewKeys:
    """Making an RSA key takes longer than most tests: everybody here has the same ones."""
    return NewKeys(generate_rsa("#", "#"), generate_ed25519("#", "#"))


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, already decoded."""

    status: int
    body: Any
    headers: dict[str, str]

    @property
    def next_url(self) -> str | None:
        return self._link("next")

    @property
    def prev_url(self) -> str | None:
        return self._link("prev")

    def _link(self, rel: str) -> str | None:
        for part in self.headers.get("Link", "").split(", "):
            if part.endswith(f'rel="{rel}"'):
                return part[1 : part.index(">")].removeprefix(ORIGIN.base)
        return None


@dataclass(slots=True)
class World:
    """Makes rows and asks as somebody. Every row gets a later moment than the one before."""

    db: Database
    ctx: Context
    clock: Clock
    browser: Browser
    tokens: dict[int, dict[str, str]] = field(default_factory=dict)

    async def call(
        self, method: str, path: str, who: Person | None = None, *, headers: dict[str, str] | None = None, **how: Any
    ) -> Answer:
        """Ask as somebody; `data`, `json` as aiohttp takes them."""
        async with self.browser.request(
            method, path, headers={**(headers or {}), **(await self._token(who) if who else {})}, **how
        ) as response:
            data = await response.read()
            return Answer(response.status, orjson.loads(data or b"null"), dict(response.headers))

    async def get(self, path: str, who: Person | None = None) -> Answer:
        return await self.call("GET", path, who)

    async def post(self, path: str, who: Person | None = None, **how: Any) -> Answer:
        return await self.call("POST", path, who, **how)

    async def _token(self, who: Person) -> dict[str, str]:
        if who.actor.id not in self.tokens:
            self.tokens[who.actor.id] = await add_token(self.db, who)
        return self.tokens[who.actor.id]

    def tick(self, milliseconds: int = 1) -> int:
        self.clock.now += milliseconds
        return self.clock.now

    async def person(self, name: str, *, locale: str = "en", role: str = "member") -> Person:
        """A member with keys."""
        person = await add_person(self.db, name, locale=locale, role=role, now=self.tick())
        await self.write(lambda tx: give_keys(tx, person.actor))
        return person

    async def stranger(self, name: str, host: str = "chu-b.example", **changes: Any) -> Actor:
        """A person of another instance."""
        now = self.tick()
        uri = f"https://{host}/users/{name}"
        actor = replace(
            new_actor(ORIGIN, new_id(now), "Person", name, f"Dr {name.title()}", now),
            uri=uri,
            host=host,
            handle_host=host,
            url=f"https://{host}/@{name}",
            inbox=f"{uri}/inbox",
            shared_inbox=f"https://{host}/inbox",
            fetched_at=now,
        )
        actor = replace(actor, **changes)
        await self.write(lambda tx: actors.insert_actor(tx, actor))
        return actor

    async def group(
        self, name: str, members: Iterable[Person] = (), *, listed: bool = True, moderated: bool = True
    ) -> Actor:
        """A private group of ours, which its first member moderates; without members, somebody who is nobody's business."""
        now = self.tick()
        actor = new_actor(ORIGIN, new_id(now), "Group", name, name.title(), now)
        row = Group(actor.id, 1, "request", "members", "[]", int(listed), 24, now, 0, now)

        async def unit(tx: Transaction) -> None:
            await actors.insert_actor(tx, actor)
            await give_keys(tx, actor)
            await groups.insert_group(tx, row)

        await self.write(unit)
        people = [member.actor for member in members]
        if moderated and not people:
            people = [new_actor(ORIGIN, new_id(now), "Person", f"steward_of_{name}", "", now)]
            await self.write(lambda tx: actors.insert_actor(tx, people[0]))
        for member in people:
            await self.join(actor, member, moderator=moderated and member is people[0])
        return actor

    async def join(
        self, group: Actor, actor: Actor, *, state: str = "active", lease_until: int = FOR_EVER, moderator: bool = False
    ) -> Membership:
        now = self.tick()
        made = Membership(
            id=new_id(now),
            group_id=group.id,
            actor_id=actor.id,
            state=state,
            moderator=int(moderator),
            follow_uri=f"{actor.uri}#join-{group.id}",
            epoch=now,
            generation=1,
            lease_until=lease_until,
            created_at=now,
            changed_at=now,
        )
        await self.write(lambda tx: groups.upsert_membership(tx, made))
        return made

    async def follow(self, follower: Actor, followee: Actor, *, state: str = "accepted", boosts: int = 1) -> Follow:
        now = self.tick()
        made = Follow(new_id(now), follower.id, followee.id, f"{follower.uri}#follow-{now}", state, boosts, 0, now)
        await self.write(lambda tx: follows.insert_follow(tx, made))
        return made

    async def status(
        self,
        author: Actor,
        content: str = "<p>Bonjour</p>",
        audience: Audience = Audience.PUBLIC,
        *,
        group: Actor | None = None,
        reply_to: Status | None = None,
        mentions: Iterable[Actor] = (),
        tags: Iterable[str] = (),
        homes: Iterable[Actor] = (),
        **changes: Any,
    ) -> Status:
        """A stored post; in the home timelines of `homes`."""
        now = self.tick()
        status_id = new_id(now)
        made = replace(
            Status(
                id=status_id,
                uri=f"{author.uri}/statuses/{status_id}",
                actor_id=author.id,
                audience=Audience.GROUP if group else audience,
                group_id=group.id if group else None,
                distributed=1,
                boost_of_id=None,
                in_reply_to_id=reply_to.id if reply_to else None,
                in_reply_to_actor_id=reply_to.actor_id if reply_to else None,
                in_reply_to_uri=reply_to.uri if reply_to else None,
                thread_id=reply_to.thread_id if reply_to else status_id,
                content=content,
                text="Bonjour",
                summary="",
                sensitive=0,
                language="fr",
                url=f"{author.url}/{status_id}",
                replies_count=0,
                boosts_count=0,
                favourites_count=0,
                app_id=None,
                emojis="[]",
                created_at=now,
                edited_at=None,
            ),
            **changes,
        )

        async def unit(tx: Transaction) -> None:
            await statuses.insert_status(tx, made, mentions=[Mention(actor.id) for actor in mentions], tags=tags)
            await timelines.insert_home(tx, made.id, [home.id for home in homes], now=now)

        await self.write(unit)
        return made

    async def boost(self, actor: Actor, original: Status, *, homes: Iterable[Actor] = ()) -> Status:
        return await self.status(actor, "", boost_of_id=original.id, text="", language=None, homes=homes)

    async def favourite(self, actor: Actor, status: Status) -> Favourite:
        now = self.tick()
        made = Favourite(new_id(now), actor.id, status.id, f"{actor.uri}#like-{now}", now)
        await self.write(lambda tx: favourites.insert_favourite(tx, made))
        return made

    async def attach(self, owner: Actor, status: Status | None = None, **changes: Any) -> Media:
        """An image of one pixel less than it says."""
        now = self.tick()
        made = Media(
            id=new_id(now),
            actor_id=owner.id,
            status_id=status.id if status else None,
            position=0,
            type="image",
            mime="image/png",
            file="0" * 64 + ".png",
            preview="1" * 64 + ".png",
            remote_url=None,
            description="Radiographie",
            blurhash="LEHV6nWB2yk8pyo0adR*.7kCMdnj",
            width=640,
            height=480,
            preview_width=320,
            preview_height=240,
            focus_x=0.0,
            focus_y=0.5,
            created_at=now,
        )
        made = replace(made, **changes)
        await self.write(lambda tx: media.insert_media(tx, made))
        return made

    async def attest(self, actor: Actor, **changes: Any) -> Attestation:
        """The actor's home says: physician, cardiology, checked against the register's list."""
        now = self.tick()
        made = Attestation(
            actor_id=actor.id,
            uri=f"{actor.uri}/credential",
            issuer=f"https://{actor.host}/actor" if actor.host else ORIGIN.instance_actor,
            level=Level.CHECKED,
            profession="physician",
            specialties=as_json(["cardiology"]),
            jurisdiction="FR",
            register="",
            checked_at=now,
            valid_until=now + YEAR,
            revoked_at=None,
            fetched_at=now,
        )
        made = replace(made, **changes)
        await self.write(lambda tx: attestations.upsert_attestation(tx, made))
        return made

    async def notify(self, owner: Actor, type_: str, actor: Actor, status: Status | None = None) -> Notification:
        now = self.tick()
        made = Notification(new_id(now), owner.id, type_, actor.id, status.id if status else None, now)
        await self.write(lambda tx: insert_notification(tx, made))
        return made

    async def ruleset(self, text: str) -> None:
        await self.write(lambda tx: rules.insert_version(tx, body=text, author="test", reason="", now=self.clock.now))

    async def institution(self) -> Actor:
        """The instance's own actor."""
        actor = new_actor(ORIGIN, INSTANCE_ACTOR_ID, "Application", ORIGIN.host, "", NOW)
        await self.write(lambda tx: actors.insert_actor(tx, actor))
        return actor

    def change_site(self, **changes: Any) -> None:
        """Other settings, from the next request on."""
        app = self.browser.app
        assert app is not None
        app._state[SITE] = replace(app[SITE], **changes)  # aiohttp freezes what runs

    async def write(self, unit: Any) -> Any:
        return await self.db.transact(unit)


async def give_keys(tx: Transaction, actor: Actor) -> None:
    keys = shared_keys()
    await actors.replace_keys(
        tx,
        actor.id,
        [
            ActorKey(f"{actor.uri}#{name}", actor.id, key.algorithm, key.public.material, key.material, NOW)
            for name, key in (("main-key", keys.rsa), ("ed25519-key", keys.ed25519))
        ],
    )


@asynccontextmanager
async def api_world(
    db: Database, folder: Path, *, site: Site = SITE_HERE, origin: Origin = ORIGIN
) -> AsyncIterator[World]:
    """An instance with a ruleset and its secrets, and nobody in it."""
    clock = Clock()

    async def found(tx: Transaction) -> None:
        await rules.insert_version(tx, body=RULES, author="test", reason="", now=NOW)
        for secret in ("media_links", "vapid"):
            await instance.insert_value(tx, secret, "00" * 32)

    await db.transact(found)
    async with Client(Guard(), user_agent="test", now=clock) as client:
        app = web.Application()
        app[CONTEXT] = ctx = Context(db, client, origin, clock, mail=site.mail)
        app[SITE] = site
        add_web_routes(app, MediaStore(folder))
        async with TestClient(TestServer(app)) as browser:
            yield World(db, ctx, clock, browser)


class CountingReader:
    """Counts the statements of a unit that only reads."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.kept = Kept()
        self.dialect = reader.dialect
        self.statements: list[str] = []

    async def rows(self, sql: str, **params: Any) -> Any:
        self.statements.append(sql)
        return await self._reader.rows(sql, **params)

    async def row(self, sql: str, **params: Any) -> Any:
        self.statements.append(sql)
        return await self._reader.row(sql, **params)

    async def value(self, sql: str, **params: Any) -> Any:
        self.statements.append(sql)
        return await self._reader.value(sql, **params)
