"""A post that is told to many is loaded once for all who see the same around it: nobody is shown another's view."""

import pytest

from policies.terms import Audience
from storage import bookmarks, muted_threads, pins, views
from storage.database import Transaction
from storage.members import Person
from storage.records import Actor, Status
from storage.sights import list_seen
from storage.visibility import get_visible
from tests.web.api_world import World
from tests.web.people import NOW, ORIGIN
from web.links import Links, Pass
from web.render import Entity, Frame, Renderer
from web.streams.messages import load_sights


async def scene(world: World) -> tuple[list[Person], list[Status]]:
    """Everybody stands differently to the same posts."""
    people = [
        await world.person(name, locale=locale) for name, locale in (("anne", "fr"), ("bruno", "en"), ("clara", "en"))
    ]
    anne, bruno, clara = people
    boris = await world.stranger("boris", host="localhost")
    await world.attest(anne.actor)
    await world.follow(bruno.actor, anne.actor)
    await world.follow(clara.actor, anne.actor, state="pending")
    group = await world.group("cardiologie", [anne, bruno])
    await world.join(group, clara.actor, lease_until=world.clock.now)

    public = await world.status(anne.actor, mentions=[clara.actor], tags=["ecg"])
    hidden = await world.status(anne.actor, audience=Audience.FOLLOWERS)
    whispered = await world.status(anne.actor, audience=Audience.DIRECT, mentions=[clara.actor])
    case = await world.status(bruno.actor, group=group)
    answer = await world.status(boris, reply_to=hidden)
    statuses = [
        public,
        hidden,
        whispered,
        case,
        answer,
        await world.status(anne.actor, group=group, reply_to=case),
        await world.status(boris, reply_to=public),
        await world.status(boris, reply_to=answer),
        await world.status(anne.actor, reply_to=whispered, audience=Audience.DIRECT, mentions=[bruno.actor]),
        await world.boost(boris, public),
        await world.boost(bruno.actor, answer),
        await world.status(await world.stranger("eve", host_suspended=1)),
        await world.status(anne.actor, group=group, distributed=0),
    ]
    for status in (public, hidden, case, answer):
        await world.attach(anne.actor, status)
    await world.favourite(anne.actor, public)
    await world.favourite(bruno.actor, answer)
    await world.favourite(clara.actor, answer)
    await world.boost(clara.actor, public)
    await world.write(lambda tx: mark(tx, anne.actor, bruno.actor, public))
    for who, keyword in ((anne, "bonjour"), (bruno, "radiographie")):
        asked = {"title": "a", "context": ["home"], "keywords_attributes": [{"keyword": keyword}]}
        assert (await world.post("/api/v2/filters", who, json=asked)).status == 200
    return people, statuses


async def mark(tx: Transaction, author: Actor, reader: Actor, post: Status) -> None:
    """What each of them keeps for themselves."""
    await pins.insert_pin(tx, author.id, post.id, now=NOW)
    await bookmarks.insert_bookmark(tx, reader.id, post.id, bookmark_id=1, now=NOW)
    await muted_threads.insert_muted(tx, reader.id, post.thread_id, now=NOW)


def show(world: World, viewer: int, status: Status, posts: views.Posts) -> Entity | None:
    links = Links(ORIGIN, b"\0" * 32, world.clock.now, Pass(viewer, 5))
    renderer = Renderer(posts, Frame(ORIGIN, links, world.clock.now, viewer, posts.people.locale or "fr"))
    return renderer.status(status) if renderer.is_shown(status) else None


async def show_alone(world: World, viewer: int, status_id: int) -> Entity | None:
    """As the API would show it to this viewer."""
    status = await world.db.read(lambda tx: get_visible(tx, status_id, viewer=viewer, now=world.clock.now))
    if status is None:
        return None
    posts = await world.db.read(lambda tx: views.load_posts(tx, [status], viewer=viewer, now=world.clock.now))
    return show(world, viewer, status, posts)


async def test_everybody_is_shown_their_own_view(world: World) -> None:
    people, statuses = await scene(world)
    wanted = {(person.actor.id, status.id) for person in people for status in statuses}
    sights = await world.db.read(lambda tx: load_sights(tx, wanted, now=world.clock.now))
    hidden = 0
    for viewer, status_id in wanted:
        alone = await show_alone(world, viewer, status_id)
        sight = sights.get((viewer, status_id))
        assert (None if sight is None else show(world, viewer, *sight)) == alone
        hidden += alone is None
    assert 0 < hidden < len(wanted)


@pytest.mark.parametrize("disabled", [False, True])
async def test_the_rule_for_many_is_the_rule_for_one(world: World, *, disabled: bool) -> None:
    people, statuses = await scene(world)
    if disabled:
        await world.write(lambda tx: tx.execute("UPDATE actors SET disabled_at = 1 WHERE username = 'bruno'"))
    viewers, ids = [person.actor.id for person in people], [status.id for status in statuses]
    seen = await world.db.read(lambda tx: list_seen(tx, ids, viewers, now=world.clock.now))
    for viewer in viewers:
        alone = [status_id for status_id in ids if await is_visible(world, status_id, viewer)]
        assert sorted(seen.get(viewer, {})) == sorted(alone)


async def is_visible(world: World, status_id: int, viewer: int) -> bool:
    now = world.clock.now
    return await world.db.read(lambda tx: get_visible(tx, status_id, viewer=viewer, now=now)) is not None
