"""A page costs the same number of statements whether it holds 5 entries or 40: counted where they reach the database.

Every five neighbours on a page have between them all that asks for a query of its own: files, polls, cards, mentions, tags,
apps, answers, boosts, groups, attestations, marks, filters, reports, collections.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar, cast

import pytest

from policies.terms import Audience
from storage import bookmarks, cards, featured_collections, oauth, polls, reports
from storage.database import Database, Reader, Transaction
from storage.ids import new_id
from storage.members import Person
from storage.notifications import insert_notification
from storage.records import Actor, App, CollectionItem, FeaturedCollection, Notification, Poll, Report, Status
from tests.web.api_world import CountingReader, World, api_world

T = TypeVar("T")
FEW, MANY = 5, 40
APP = App(7, "client", "", "An app", None, "[]", "read", 0)

# Each page by where its entries stand in the answer ("" for the answer itself), and the most statements it may cost.
PAGES = {
    "/api/v1/timelines/home": ("", 22),
    "/api/v1/timelines/public": ("", 22),
    "/api/v1/timelines/tag/cardio": ("", 22),
    "/api/v1/timelines/list/{people}": ("", 22),
    "/api/v1/timelines/list/{group}": ("", 22),
    "/api/v1/accounts/{author}/statuses": ("", 22),
    "/api/v1/bookmarks": ("", 22),
    "/api/v1/favourites": ("", 22),
    "/api/v1/conversations": ("", 22),
    "/api/v1/notifications": ("", 26),
    "/api/v2/notifications": ("notification_groups", 26),
    "/api/v2/search?type=statuses&q=bonjour": ("statuses", 22),
    "/api/v2/search?type=accounts&q=pers": ("accounts", 9),
    "/api/v1/accounts/{author}/followers": ("", 9),
    "/api/v1/accounts/{author}/following": ("", 9),
    "/api/v1/lists/{group}/accounts": ("", 9),
    "/api/v1/accounts/{author}/collections": ("collections", 9),
}
CONTEXT = ("descendants", 22)


@dataclass
class Counting:
    """A real database that counts what units that read ask of it. What they keep is forgotten between them, so that no
    page is cheaper for having been shown before.
    """

    db: Database
    statements: list[str] = field(default_factory=list)

    async def read(self, unit: Callable[[Reader], Awaitable[T]]) -> T:
        async def counted(tx: Reader) -> T:
            counting = CountingReader(tx)
            found = await unit(counting)
            self.statements += counting.statements
            return found

        return await self.db.read(counted)

    ask = read

    def __getattr__(self, name: str) -> Any:
        return getattr(self.db, name)


@dataclass
class Within:
    """One open transaction in place of a database: what a test prepares is written at once."""

    tx: Transaction

    async def transact(self, unit: Callable[[Transaction], Awaitable[T]]) -> T:
        return await unit(self.tx)


@dataclass
class Stage:
    """Anna, who reads, and what there is to read."""

    world: World
    counting: Counting
    anna: Person
    names: dict[str, object]
    threads: dict[int, Status]

    async def cost(self, path: str, where: str, entries: int) -> int:
        """Statements of one question, which must be answered with so many entries."""
        self.counting.statements.clear()
        answer = await self.world.get(path, self.anna)
        assert answer.status == 200, (path, answer.body)
        assert len(answer.body[where] if where else answer.body) == entries, path
        # Whom the door shuts out is read every few seconds, whoever asks for what.
        return len([sql for sql in self.counting.statements if "FROM ip_blocks" not in sql])


@pytest.fixture
async def stage(db: Database, tmp_path: Path) -> AsyncIterator[Stage]:
    counting = Counting(db)
    async with api_world(cast("Database", counting), tmp_path / "media") as world:
        anna = await world.person("anna", role="admin")
        asked = {"title": "a", "context": ["home"], "keywords_attributes": [{"keyword": "bonjour"}]}
        assert (await world.post("/api/v2/filters", anna, json=asked)).status == 200
        made = await world.post("/api/v1/lists", anna, json={"title": "Tous"})
        filling = Filling(anna.actor)
        await db.transact(lambda tx: filling.fill(replace(world, db=cast("Database", Within(tx)))))
        ids = [str(each.id) for each in (filling.author, *filling.people)]
        path = f"/api/v1/lists/{made.body['id']}/accounts"
        assert (await world.post(path, anna, json={"account_ids": ids})).status == 200
        names = {"people": made.body["id"], "group": filling.group.id, "author": filling.author.id}
        yield Stage(world, counting, anna, names, filling.threads)


class Filling:
    """Rows for forty entries on every page, in rounds that each have one of everything."""

    world: World
    author: Actor
    people: list[Actor]
    group: Actor
    threads: dict[int, Status]

    def __init__(self, anna: Actor) -> None:
        self.anna = anna

    async def fill(self, world: World) -> None:
        self.world = world
        tx = cast("Within", world.db).tx
        await oauth.insert_app(tx, APP)
        await tx.execute("UPDATE actors SET discoverable = 1, version = version + 1 WHERE id = :id", id=self.anna.id)
        await self._introduce()
        first = await self._post(tx, self.author)
        self.threads = {FEW: await self._post(tx, self.author), MANY: first}
        for number in range(FEW):
            await self._post(tx, self.people[number], reply_to=self.threads[FEW])
        for number in range(MANY):
            stranger = await self._meet(number)
            await self._round(tx, first, self.people[number % len(self.people)], stranger)

    async def _introduce(self) -> None:
        world = self.world
        members = [await world.person(name) for name in ("author", *(f"colleague{number}" for number in range(8)))]
        self.author, *self.people = [member.actor for member in members]
        for each in (self.author, *self.people):
            await world.attest(each)
            await world.follow(self.anna, each)
        self.group = await world.group("cardiologie")
        await world.join(self.group, self.anna)

    async def _meet(self, number: int) -> Actor:
        """Somebody of another instance, who and the author follow each other, and who is in the group."""
        world = self.world
        stranger = await world.stranger(f"person{number}")
        await world.attest(stranger)
        await world.follow(stranger, self.author)
        await world.follow(self.author, stranger)
        await world.join(self.group, stranger)
        return stranger

    async def _round(self, tx: Transaction, first: Status, person: Actor, stranger: Actor) -> None:
        world, anna = self.world, self.anna
        post = await self._post(tx, person)
        await world.boost(self.author, post, homes=[anna])
        await self._post(tx, self.author, reply_to=first)
        said = await self._post(tx, stranger, group=self.group)
        await self._post(tx, person, audience=Audience.DIRECT)
        for liked in (post, said):
            await world.favourite(anna, liked)
            now = world.tick()
            await bookmarks.insert_bookmark(tx, anna.id, liked.id, bookmark_id=new_id(now), now=now)
        await self._notify(tx, stranger, post)

    async def _post(self, tx: Transaction, author: Actor, **how: Any) -> Status:
        """A post that has everything."""
        world = self.world
        made = await world.status(
            author, **{"mentions": [self.anna], "tags": ["cardio"], "homes": [self.anna], "app_id": APP.id, **how}
        )
        await world.attach(author, made)
        poll = Poll(made.id + 1, made.id, '["Oui","Non"]', "[0,0]", 0, 0, 0, None, 0, made.created_at, made.created_at)
        await polls.insert_poll(tx, poll)
        url = f"https://a.example/{made.id}"
        await cards.attach_card(tx, made.id, url, now=made.created_at, wait=0)
        card = await cards.get_card(tx, url)
        assert card is not None
        await cards.update_card(tx, card.id, {"title": "ECG"}, now=made.created_at)
        return made

    async def _notify(self, tx: Transaction, by: Actor, post: Status) -> None:
        """Five kinds of notifications."""
        for type_, about in (("mention", post), ("favourite", post), ("follow", None)):
            await self.world.notify(self.anna, type_, by, about)
        now = self.world.tick()
        report = Report(new_id(now), f"{by.uri}#flag", by.id, post.actor_id, "spam", "", "[]", 0, now, now)
        await reports.insert_report(tx, report, [post.id])
        made = FeaturedCollection(new_id(now), self.author.id, "Tous", "", None, 0, 1, "", now, now)
        await featured_collections.insert_collection(tx, made)
        await featured_collections.insert_item(tx, CollectionItem(new_id(now), made.id, self.anna.id, None, now))
        for told in (
            Notification(new_id(now), self.anna.id, "admin.report", by.id, None, now, report_id=report.id),
            Notification(
                new_id(now), self.anna.id, "added_to_collection", self.author.id, None, now, collection_id=made.id
            ),
        ):
            await insert_notification(tx, told)


async def test_a_page_of_forty_costs_as_much_as_one_of_five(stage: Stage) -> None:
    await stage.cost("/api/v1/timelines/home?limit=1", "", 1)  # the use of the token is noted once a day
    for template, (where, most) in PAGES.items():
        path = template.format(**stage.names)
        asked = f"{path}{'&' if '?' in path else '?'}limit="
        few, many = [await stage.cost(f"{asked}{limit}", where, limit) for limit in (FEW, MANY)]
        assert (few, many <= most) == (many, True), (path, few, many)
    where, most = CONTEXT
    few, many = [
        await stage.cost(f"/api/v1/statuses/{first.id}/context", where, answers)
        for answers, first in stage.threads.items()
    ]
    assert (few, many <= most) == (many, True), ("context", few, many)
