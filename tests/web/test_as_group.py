"""A moderator signed in as their group: what they can do, what they cannot, and that it ends at once."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from federation.outbox import groups as acts
from policies.terms import Audience
from storage import actors, groups, members
from storage.database import Transaction
from storage.events import insert_event
from storage.members import Person
from storage.records import Actor, Status
from tests.web.acting import act_as, list_acts, token_as
from tests.web.api_world import Answer, World
from tests.web.bad_input import PATHS
from tests.web.entity_checker import EntityChecker
from tests.web.streams import lines, socket
from tests.web.test_api_routes import served
from web.auth import Who, access_of, find_grant
from web.links import Pass
from web.media_files import find_attachment
from web.streams.outlets import End

# Everything that a group may do; whatever is not named here is 403.
OPEN_TO_GROUPS = {
    ("GET", "/api/v1/accounts"),
    ("GET", "/api/v1/accounts/lookup"),
    ("GET", "/api/v1/accounts/relationships"),
    ("GET", "/api/v1/accounts/verify_credentials"),
    ("GET", "/api/v1/accounts/{id}"),
    ("GET", "/api/v1/accounts/{id}/followers"),
    ("GET", "/api/v1/accounts/{id}/statuses"),
    ("POST", "/api/v1/accounts/{id}/block"),
    ("POST", "/api/v1/accounts/{id}/remove_from_followers"),
    ("POST", "/api/v1/accounts/{id}/unblock"),
    ("GET", "/api/v1/apps/verify_credentials"),
    ("GET", "/api/v1/blocks"),
    ("GET", "/api/v1/filters"),
    ("GET", "/api/v2/filters"),
    ("GET", "/api/v1/follow_requests"),
    ("POST", "/api/v1/follow_requests/{id}/authorize"),
    ("POST", "/api/v1/follow_requests/{id}/reject"),
    ("GET", "/api/v1/lists"),
    ("GET", "/api/v1/markers"),
    ("GET", "/api/v1/notifications"),
    ("POST", "/api/v1/notifications/clear"),
    ("GET", "/api/v1/notifications/unread_count"),
    ("DELETE", "/api/v1/notifications/{id}"),
    ("GET", "/api/v1/notifications/{id}"),
    ("DELETE", "/api/v1/notifications/{id}"),
    ("POST", "/api/v1/notifications/{id}/dismiss"),
    ("GET", "/api/v2/notifications"),
    ("POST", "/api/v2/notifications/clear"),
    ("GET", "/api/v2/notifications/unread_count"),
    ("GET", "/api/v2/notifications/{key}"),
    ("GET", "/api/v2/notifications/{key}/accounts"),
    ("POST", "/api/v2/notifications/{key}/dismiss"),
    ("GET", "/api/v1/preferences"),
    ("GET", "/api/v1/statuses"),
    ("DELETE", "/api/v1/statuses/{id}"),
    ("GET", "/api/v1/statuses/{id}"),
    ("GET", "/api/v1/statuses/{id}/context"),
    ("POST", "/api/v1/statuses/{id}/pin"),
    ("POST", "/api/v1/statuses/{id}/unpin"),
    ("GET", "/api/v1/streaming"),
    ("GET", "/api/v1/streaming/{name}"),
    ("GET", "/api/v1/timelines/home"),
    ("GET", "/oauth/userinfo"),
    ("POST", "/oauth/userinfo"),
}


class Ward:
    """Anna moderates a group in which Ben is; Carl asks to come in, and Eve moderates another."""

    def __init__(self, world: World) -> None:
        self.world = world

    @classmethod
    async def open(cls, world: World, *, listed: bool = True) -> "Ward":
        ward = cls(world)
        ward.anna, ward.ben, ward.carl, ward.eve = [await world.person(name) for name in ("anna", "ben", "carl", "eve")]
        for one in (ward.anna, ward.ben, ward.carl, ward.eve):
            await world.attest(one.actor)
        ward.group = await world.group("cardiologie", listed=listed, moderated=False)
        ward.other = await world.group("urgences", moderated=False)
        await world.join(ward.group, ward.anna.actor, moderator=True)
        await world.join(ward.group, ward.ben.actor)
        await world.join(ward.other, ward.eve.actor, moderator=True)
        ward.me = await act_as(world, ward.anna, ward.group)
        ward.them = await act_as(world, ward.eve, ward.other)
        return ward

    anna: Person
    ben: Person
    carl: Person
    eve: Person
    group: Actor
    other: Actor
    me: Person
    them: Person

    async def post(self, author: Person | None = None) -> Status:
        return await self.world.status((author or self.ben).actor, "<p>Un cas</p>", group=self.group)

    async def ask(self) -> None:
        answer = await self.world.post(f"/api/v1/accounts/{self.group.id}/follow", self.carl)
        assert answer.body["requested"], answer.body

    async def get(self, path: str) -> Answer:
        return await self.world.get(path, self.me)

    async def do(self, path: str, method: str = "POST") -> Answer:
        return await self.world.call(method, path, self.me)


# --- the closed list ---------------------------------------------------------------------------------------------


def doors(world: World) -> dict[tuple[str, str], Any]:
    """Every door that looks at tokens: what it asks."""
    found = {}
    for method, path, route in served(world):
        access = access_of(route.handler)
        if access is not None and access.who in {Who.MEMBER, Who.PUBLIC, Who.APP} and not path.endswith("/"):
            found[method, path] = access
    return found


async def test_a_group_may_do_what_is_listed_and_nothing_else(world: World) -> None:
    ward, asked = await Ward.open(world), doors(world)
    assert {door for door, access in asked.items() if access.group} == OPEN_TO_GROUPS
    before = await list_acts(world)
    closed = sorted(set(asked) - OPEN_TO_GROUPS)
    assert len(closed) > 100
    for method, path in closed:
        url = re.sub(r"{[^}]*}", str(ward.ben.actor.id), path)
        answer = await world.call(method, url, ward.me, **({} if method == "GET" else {"json": {"status": "a"}}))
        said = {"error": "This action is not available to a group: sign in as yourself"}
        assert (answer.status, answer.body) == (403, said), path
        world.tick(1000)
    assert await list_acts(world) == before


async def test_what_apps_ask_for_at_their_start_is_the_groups_own(world: World, checker: EntityChecker) -> None:
    ward = await Ward.open(world, listed=False)
    await world.post("/api/v2/filters", ward.anna, json={"title": "a", "context": ["home"]})
    await world.post("/api/v1/lists", ward.anna, json={"title": "a"})
    shown = await ward.get("/api/v1/accounts/verify_credentials")
    checker.check("CredentialAccount", shown.body)
    assert (shown.body["username"], shown.body["group"], shown.body["role"]["name"]) == ("cardiologie", True, "")
    checker.check("Preferences", (await ward.get("/api/v1/preferences")).body)
    for path in ("v1/lists", "v1/filters", "v2/filters", "v1/notifications", "v1/follow_requests"):
        assert (await ward.get(f"/api/{path}")).body == [], path
    assert (await ward.get("/api/v1/markers?timeline[]=home")).body == {}
    assert (await ward.get("/api/v2/notifications")).body["notification_groups"] == []
    assert (await ward.get("/oauth/userinfo")).body["preferred_username"] == "cardiologie"
    assert (await ward.get("/api/v1/accounts/lookup?acct=cardiologie")).body["id"] == str(ward.group.id)


# --- acts, each with its record ----------------------------------------------------------------------------------

Step = Callable[[Ward], Awaitable[str]]


async def _asked(ward: Ward) -> str:
    await ward.ask()
    return str(ward.carl.actor.id)


async def _ben(ward: Ward) -> str:
    return str(ward.ben.actor.id)


async def _banned(ward: Ward) -> str:
    await acts.ban(ward.world.ctx, ward.group.id, ward.ben.actor.id, by="console")
    return str(ward.ben.actor.id)


async def _posted(ward: Ward) -> str:
    return str((await ward.post()).id)


async def _pinned(ward: Ward) -> str:
    post = await ward.post()
    await acts.pin(ward.world.ctx, ward.group.id, post.id, by="console")
    return str(post.id)


async def _told(ward: Ward) -> str:
    await ward.ask()
    (told,) = (await ward.get("/api/v1/notifications")).body
    return str(told["id"])


async def _told_key(ward: Ward) -> str:
    return f"ungrouped-{await _told(ward)}"


ACTS: dict[tuple[str, str], tuple[Step, str]] = {
    ("POST", "/api/v1/follow_requests/{id}/authorize"): (_asked, "group.accept"),
    ("POST", "/api/v1/follow_requests/{id}/reject"): (_asked, "group.remove"),
    ("POST", "/api/v1/accounts/{id}/remove_from_followers"): (_ben, "group.remove"),
    ("POST", "/api/v1/accounts/{id}/block"): (_ben, "group.ban"),
    ("POST", "/api/v1/accounts/{id}/unblock"): (_banned, "group.unban"),
    ("DELETE", "/api/v1/statuses/{id}"): (_posted, "group.delete_post"),
    ("POST", "/api/v1/statuses/{id}/pin"): (_posted, "group.pin"),
    ("POST", "/api/v1/statuses/{id}/unpin"): (_pinned, "group.unpin"),
    ("POST", "/api/v1/notifications/clear"): (_told, "group.clear_notifications"),
    ("POST", "/api/v2/notifications/clear"): (_told, "group.clear_notifications"),
    ("DELETE", "/api/v1/notifications/{id}"): (_told, "group.clear_notifications"),
    ("POST", "/api/v1/notifications/{id}/dismiss"): (_told, "group.clear_notifications"),
    ("POST", "/api/v2/notifications/{key}/dismiss"): (_told_key, "group.clear_notifications"),
}


def test_every_door_that_writes_is_tried() -> None:
    assert {door for door in OPEN_TO_GROUPS if door[0] != "GET"} - {("POST", "/oauth/userinfo")} == set(ACTS)


@pytest.mark.parametrize("door", sorted(ACTS), ids=" ".join)
async def test_every_act_is_recorded_with_the_moderators_name(world: World, door: tuple[str, str]) -> None:
    ward, (prepare, act), (method, path) = await Ward.open(world), ACTS[door], door
    url = re.sub(r"{[^}]*}", await prepare(ward), path)
    before = await list_acts(world)
    # By somebody else's group nothing is done, and nothing is said but that there is no such thing.
    theirs = await world.call(method, url, ward.them)
    if "statuses" in path or "notifications/{" in path or "follow_requests" in path:
        assert theirs.status == 404, theirs.body
        assert await list_acts(world) == before
    before = await list_acts(world)
    world.tick()
    done = await ward.do(url, method)
    assert done.status == 200, done.body
    assert await list_acts(world) == [*before, ("anna", act, "cardiologie")]


async def test_nothing_strange_makes_an_act_fall_over(world: World) -> None:
    ward = await Ward.open(world)
    for method, path in sorted(ACTS):
        for strange in PATHS if "{" in path else ():
            answer = await ward.do(re.sub(r"{[^}]*}", strange, path), method)
            assert 400 <= answer.status < 500, (path, strange)
            world.tick(1000)


async def test_requests_are_heard_shown_and_answered(world: World, checker: EntityChecker) -> None:
    ward = await Ward.open(world)
    async with socket(world, ward.me, token=_bearer(world, ward.me)) as listening:
        await ward.ask()
        stream, event, heard = await listening.event()
    assert (stream, event, heard["type"], heard["account"]["username"]) == (
        ["user"],
        "notification",
        "follow_request",
        "carl",
    )
    (told,) = (await ward.get("/api/v1/notifications")).body
    checker.check("Notification", told)
    assert (await ward.get("/api/v1/accounts/verify_credentials")).body["source"]["follow_requests_count"] == 1
    (waiting,) = (await ward.get("/api/v1/follow_requests")).body
    assert waiting["username"] == "carl"
    assert await stand(ward, ward.carl) == {"requested_by"}
    accepted = await ward.do(f"/api/v1/follow_requests/{ward.carl.actor.id}/authorize")
    assert (accepted.body["followed_by"], accepted.body["requested_by"]) == (True, False)
    assert (await ward.get("/api/v1/follow_requests")).body == []
    assert (await ward.get("/api/v1/notifications")).body == []
    members_ = (await ward.get(f"/api/v1/accounts/{ward.group.id}/followers")).body
    assert [one["username"] for one in members_] == ["carl", "ben", "anna"]
    assert (await ward.do(f"/api/v1/follow_requests/{ward.carl.actor.id}/authorize")).status == 404
    assert (await ward.do(f"/api/v1/follow_requests/{ward.carl.actor.id}/reject")).status == 404
    await ward.do(f"/api/v1/accounts/{ward.carl.actor.id}/remove_from_followers")
    assert await stand(ward, ward.carl) == set()
    assert (await world.get(f"/api/v1/accounts/{ward.group.id}/followers", ward.them)).body == []


async def stand(ward: Ward, who: Person) -> set[str]:
    """How somebody stands to the group, as its moderator is told."""
    (found,) = (await ward.get(f"/api/v1/accounts/relationships?id[]={who.actor.id}")).body
    return {name for name, value in found.items() if value is True}


async def test_a_request_that_the_rules_refuse_stays_and_says_why(world: World) -> None:
    ward = await Ward.open(world)
    await ward.ask()
    await world.attest(ward.carl.actor, revoked_at=world.clock.now)
    refused = await ward.do(f"/api/v1/follow_requests/{ward.carl.actor.id}/authorize")
    assert refused.status == 403
    assert refused.body["error"].endswith(".")
    assert await stand(ward, ward.carl) == {"requested_by"}


async def test_to_block_is_to_ban_also_who_never_was_in(world: World) -> None:
    ward = await Ward.open(world)
    for who in (ward.ben, ward.carl):
        blocked = await ward.do(f"/api/v1/accounts/{who.actor.id}/block")
        assert (blocked.status, blocked.body["blocking"], blocked.body["followed_by"]) == (200, True, False)
        asked = await world.post(f"/api/v1/accounts/{ward.group.id}/follow", who)
        assert (asked.status, asked.body) == (403, {"error": "You cannot join this group."})
    assert [one["username"] for one in (await ward.get("/api/v1/blocks")).body] == ["carl", "ben"]
    assert (await world.get("/api/v1/blocks", ward.them)).body == []
    freed = await ward.do(f"/api/v1/accounts/{ward.carl.actor.id}/unblock")
    assert freed.body["blocking"] is False
    await ward.ask()


async def test_nobody_leaves_a_group_without_a_moderator(world: World) -> None:
    ward = await Ward.open(world)
    for act in ("block", "remove_from_followers"):
        refused = await ward.do(f"/api/v1/accounts/{ward.anna.actor.id}/{act}")
        assert refused.status == 403
    assert (await ward.get("/api/v1/timelines/home")).status == 200


async def test_posts_are_read_pinned_and_removed_inside_the_group_only(world: World, checker: EntityChecker) -> None:
    ward = await Ward.open(world)
    case = await ward.post()
    reply = await world.status(ward.anna.actor, group=ward.group, reply_to=case)
    elsewhere = await world.status(ward.eve.actor, group=ward.other)
    private = await world.status(ward.anna.actor, audience=Audience.FOLLOWERS, homes=[ward.anna.actor])
    home = (await ward.get("/api/v1/timelines/home")).body
    assert [one["id"] for one in home] == [str(reply.id), str(case.id)]
    context = (await ward.get(f"/api/v1/statuses/{case.id}/context")).body
    assert [one["id"] for one in context["descendants"]] == [str(reply.id)]
    for hidden in (elsewhere, private):
        for method, act in (("GET", ""), ("GET", "/context"), ("POST", "/pin"), ("POST", "/unpin"), ("DELETE", "")):
            answer = await ward.do(f"/api/v1/statuses/{hidden.id}{act}", method)
            assert (answer.status, answer.body) == (404, {"error": "Record not found"})
    public = await world.status(ward.ben.actor)
    for method, act in (("POST", "/pin"), ("DELETE", "")):
        assert (await ward.do(f"/api/v1/statuses/{public.id}{act}", method)).status == 404
    pinned = await ward.do(f"/api/v1/statuses/{case.id}/pin")
    checker.check("Status", pinned.body)
    assert pinned.body["pinned"] is True
    path = f"/api/v1/accounts/{ward.group.id}/statuses?pinned=true"
    for reader in (ward.me, ward.ben):
        assert [one["id"] for one in (await world.get(path, reader)).body] == [str(case.id)]
    for stranger in (ward.them, ward.carl, None):
        assert (await world.get(path, stranger)).body == []
    assert (await ward.do(f"/api/v1/statuses/{case.id}/unpin")).body["pinned"] is False
    for _ in range(5):
        assert (await ward.do(f"/api/v1/statuses/{(await ward.post()).id}/pin")).status == 200
    assert (await ward.do(f"/api/v1/statuses/{case.id}/pin")).status == 422
    async with socket(world, ward.ben) as bens:
        gone = await ward.do(f"/api/v1/statuses/{reply.id}", "DELETE")
        assert (gone.status, gone.body["text"]) == (200, "")
        assert bens.raw.closed is False
    assert (await world.get(f"/api/v1/statuses/{reply.id}", ward.anna)).status == 404


async def test_files_of_the_group_are_shown_to_it_while_its_moderator_is_one(world: World) -> None:
    ward = await Ward.open(world)
    file = await world.attach(ward.ben.actor, await ward.post())

    async def is_shown(reader: Person) -> bool:
        grant = await find_grant(world.ctx, _bearer(world, reader))
        assert grant is not None
        given = Pass(reader.actor.id, grant.token_id)
        found = await world.db.read(lambda tx: find_attachment(tx, file.id, given, now=world.clock.now))
        return found is not None

    assert [await is_shown(reader) for reader in (ward.me, ward.them)] == [True, False]
    await _lapse(ward)
    assert not await is_shown(ward.me)


async def test_reports_about_the_group_reach_it(world: World, checker: EntityChecker) -> None:
    ward = await Ward.open(world)
    await world.join(ward.other, ward.ben.actor)
    here, there = await ward.post(), await world.status(ward.ben.actor, group=ward.other)
    public = await world.status(ward.ben.actor)
    await world.join(ward.other, ward.anna.actor)
    report = {
        "account_id": str(ward.ben.actor.id),
        "status_ids": [str(one.id) for one in (here, there, public)],
        "comment": "Un nom y figure",
    }
    assert (await world.post("/api/v1/reports", ward.anna, json=report)).status == 200
    for reader, seen in ((ward.me, here), (ward.them, there)):
        (told,) = (await world.get("/api/v1/notifications", reader)).body
        checker.check("Notification", told)
        assert told["type"] == "admin.report"
        assert told["report"]["status_ids"] == [str(seen.id), str(public.id)]
    # About a person, not about what they wrote in the group: not the group's business.
    await world.post("/api/v1/notifications/clear", ward.me)
    await world.post("/api/v1/reports", ward.anna, json={"account_id": str(ward.carl.actor.id)})
    assert (await ward.get("/api/v1/notifications")).body == []


# --- streams -----------------------------------------------------------------------------------------------------


def _bearer(world: World, who: Person) -> str:
    return world.tokens[who.actor.id]["Authorization"].removeprefix("Bearer ")


async def test_a_group_hears_of_its_own_posts_and_of_nothing_else(world: World) -> None:
    ward = await Ward.open(world)
    async with (
        socket(world, ward.me, token=_bearer(world, ward.me)) as ours,
        socket(world, ward.them, token=_bearer(world, ward.them)) as theirs,
    ):
        for stream in ("public", "direct", "list", "hashtag"):
            await ours.ask(type="subscribe", stream=stream, tag="a", list=str(ward.group.id))
            assert (await ours.frame())["status"] == 403
        first = await world.post("/api/v1/statuses", ward.ben, json={"status": "@cardiologie Un cas"})
        await world.post("/api/v1/statuses", ward.anna, json={"status": "Bonjour", "visibility": "public"})
        heard, event, shown = await ours.event()
        assert (heard, event, shown["id"]) == (["user"], "update", first.body["id"])
        edited = {"status": "@cardiologie Un cas, suite"}
        await world.call("PUT", f"/api/v1/statuses/{first.body['id']}", ward.ben, json=edited)
        assert (await ours.event())[1] == "status.update"
        await ward.do(f"/api/v1/statuses/{first.body['id']}", "DELETE")
        assert await ours.event() == (["user"], "delete", first.body["id"])
        # The first thing that the other group hears is its own.
        own = await world.post("/api/v1/statuses", ward.eve, json={"status": "@urgences Un cas"})
        assert (await theirs.event())[2]["id"] == own.body["id"]
    answer = await world.get("/api/v1/streaming/public", ward.me)
    assert answer.status == 403


# --- the end -----------------------------------------------------------------------------------------------------


async def _lose_role(ward: Ward) -> None:
    await ward.world.join(ward.group, ward.ben.actor, moderator=True)
    assert not await acts.set_moderator(
        ward.world.ctx, ward.group.id, ward.anna.actor.id, by="console", moderator=False
    )


async def _lose_role_in_the_table(ward: Ward) -> None:
    await ward.world.join(ward.group, ward.anna.actor)


async def _lose_membership(ward: Ward) -> None:
    await ward.world.join(ward.group, ward.ben.actor, moderator=True)
    assert await acts.remove(ward.world.ctx, ward.group.id, ward.anna.actor.id, by="console") is True


async def _lapse(ward: Ward) -> None:
    await ward.world.join(ward.group, ward.anna.actor, moderator=True, lease_until=ward.world.clock.now)


async def _close_account(ward: Ward) -> None:
    now, anna = ward.world.clock.now, ward.anna.actor.id
    await ward.world.write(lambda tx: members.update_member(tx, anna, disabled_at=now))


async def _close_actor(ward: Ward) -> None:
    now, anna = ward.world.clock.now, ward.anna.actor.id
    await ward.world.write(lambda tx: actors.update_actor(tx, anna, disabled_at=now))


async def _close_group(ward: Ward) -> None:
    now, group = ward.world.clock.now, ward.group.id
    await ward.world.write(lambda tx: actors.update_actor(tx, group, disabled_at=now))


@pytest.mark.parametrize(
    ("end", "status"),
    [
        (_lose_role, 401),
        (_lose_role_in_the_table, 403),
        (_lose_membership, 401),
        (_lapse, 403),
        (_close_account, 403),
        (_close_actor, 403),
        (_close_group, 403),
    ],
)
async def test_it_ends_at_once_with_what_it_rests_on(
    world: World, end: Callable[[Ward], Awaitable[None]], status: int
) -> None:
    ward = await Ward.open(world)
    token = _bearer(world, ward.me)
    async with (
        socket(world, ward.me, token=token) as listening,
        lines(world, "user", token) as reading,
        socket(world, ward.ben) as unconcerned,
    ):
        assert await reading.line() == ":)\n"
        await end(ward)
        for path in ("/api/v1/timelines/home", "/api/v1/accounts/verify_credentials", "/api/v1/streaming/user"):
            assert (await ward.get(path)).status == status, path
        # What is written now is for nobody who has lost the right: not even its existence.
        await world.write(lambda tx: _tell(tx, ward.group))
        assert await listening.closed() == End.REVOKED.value[0]
        assert await reading.line() == ""
        assert not unconcerned.raw.closed


async def _tell(tx: Transaction, group: Actor) -> None:
    await insert_event(tx, owner_id=group.id, type_="delete", ref=7, now=1)


async def test_a_role_that_comes_back_does_not_bring_old_tokens_back(world: World) -> None:
    ward = await Ward.open(world)
    await _lose_role(ward)
    anna = ward.anna.actor.id
    assert not await acts.set_moderator(world.ctx, ward.group.id, anna, by="console", moderator=True)
    assert (await ward.get("/api/v1/timelines/home")).status == 401
    known = await world.db.read(lambda tx: groups.get_membership(tx, ward.group.id, anna))
    assert known is not None
    assert known.moderator == 1


async def test_a_token_for_somebody_else_gives_nothing(world: World) -> None:
    """Rows as no door makes them: a member as another member, as a group or a channel without being there."""
    ward = await Ward.open(world)
    remote = await world.stranger("dora")
    for actor in (ward.ben.actor, ward.other, remote):
        token = await token_as(world.db, ward.anna.actor, actor, now=world.tick())
        headers = {"Authorization": f"Bearer {token}"}
        answer = await world.call("GET", "/api/v1/accounts/verify_credentials", headers=headers)
        assert answer.status == 403, actor
