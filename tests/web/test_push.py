"""Web Push: subscriptions, what is pushed, to whom, and what a locked screen may say."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from policies.terms import Audience
from storage.members import Person, update_member
from tests.conftest import Addresses
from tests.web.api_world import World
from tests.web.entity_checker import EntityChecker
from tests.web.live import found, live
from tests.web.push_service import PushService, Received, push_service, verify_token
from tests.web.serving import Clock
from web.outside import push

PATH = "/api/v1/push/subscription"
ALL = {"mention": True, "follow": True, "favourite": True, "reblog": True}


@dataclass(slots=True)
class Pushing:
    """An instance, a push service, and the worker between them, run by hand."""

    world: World
    service: PushService

    async def subscribe(self, who: Person, *, standard: bool = True, policy: str = "all") -> dict[str, Any]:
        body = self.service.subscription(standard=standard, alerts=ALL, policy=policy)
        answer = await self.world.post(PATH, who, json=body)
        assert answer.status == 200, answer.body
        return dict(answer.body)

    async def run(self) -> list[Received]:
        """Push what is due; answers what arrived."""
        before, ctx = len(self.service.requests), self.world.ctx
        vapid = await push.read_vapid(ctx)
        while claimed := (await push.claim(ctx, "test", limit=32, busy=frozenset()))[0]:
            for job in claimed:
                await push.deliver(ctx, vapid, job)
        return self.service.requests[before:]

    async def told(self) -> list[dict[str, Any]]:
        return [self.service.read(one) for one in await self.run()]

    async def waiting(self) -> int:
        return int(await self.world.db.read(lambda tx: tx.value("SELECT count(*) FROM push_deliveries")))


@pytest.fixture
async def pushing(addresses: Addresses, tmp_path: Path) -> AsyncIterator[Pushing]:
    address = await addresses.new()
    await found(address)
    async with live(address, tmp_path, Clock()) as world, push_service() as service:
        yield Pushing(world, service)


@pytest.mark.parametrize("how", ["json", "form"])
async def test_a_subscription_is_kept_for_each_token(pushing: Pushing, checker: EntityChecker, how: str) -> None:
    anna, ben = await pushing.world.person("anna"), await pushing.world.person("ben")
    given = pushing.service.subscription(alerts={"mention": True, "poll": False}, policy="followed")
    keys = given["subscription"]["keys"]
    form = {
        "subscription[endpoint]": pushing.service.endpoint,
        "subscription[keys][p256dh]": keys["p256dh"],
        "subscription[keys][auth]": keys["auth"],
        "subscription[standard]": "true",
        "data[alerts][mention]": "true",
        "data[alerts][poll]": "0",
        "data[policy]": "followed",
    }
    body: dict[str, Any] = {"json": given} if how == "json" else {"data": form}
    made = await pushing.world.post(PATH, anna, **body)
    checker.check("WebPushSubscription", made.body)
    assert (made.body["endpoint"], made.body["standard"]) == (pushing.service.endpoint, True)
    assert [type_ for type_, wanted in made.body["alerts"].items() if wanted] == ["mention"]
    assert made.body["policy"] == "followed"
    assert (await pushing.world.get(PATH, anna)).body == made.body
    instance = (await pushing.world.get("/api/v2/instance")).body
    assert made.body["server_key"] == instance["configuration"]["vapid"]["public_key"]
    absent = await pushing.world.get(PATH, ben)
    assert (absent.status, absent.body) == (404, {"error": "Record not found"})


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_what_is_wanted_may_change(pushing: Pushing, method: str) -> None:
    anna = await pushing.world.person("anna")
    alerts = {"data": {"alerts": {"follow": True, "admin.report": True, "quote": True}}}
    assert (await pushing.world.call(method, PATH, anna, json=alerts)).status == 404
    await pushing.subscribe(anna, policy="follower")
    changed = (await pushing.world.call(method, PATH, anna, json=alerts)).body
    assert {type_ for type_, wanted in changed["alerts"].items() if wanted} == {"follow", "admin.report", "quote"}
    assert changed["policy"] == "follower"
    assert (await pushing.world.call(method, PATH, anna, json={"data": {"policy": "none"}})).body == {
        **changed,
        "policy": "none",
    }
    assert (await pushing.world.call("DELETE", PATH, anna)).body == {}
    assert (await pushing.world.call("DELETE", PATH, anna)).status == 200
    assert (await pushing.world.get(PATH, anna)).status == 404


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("endpoint", "javascript:alert(1)"),
        ("endpoint", "https://user@push.example/x"),
        ("endpoint", "https://push.example/" + "x" * 3000),
        ("endpoint", ""),
        ("p256dh", "AAAA"),
        ("p256dh", "é"),
        ("auth", "AAAA"),
        ("auth", ""),
        ("policy", "nobody"),
    ],
)
async def test_what_cannot_be_pushed_to_is_refused(pushing: Pushing, part: str, value: str) -> None:
    anna = await pushing.world.person("anna")
    body = pushing.service.subscription(alerts=ALL)
    for place in (body["subscription"], body["subscription"]["keys"], body["data"]):
        if part in place or part == "policy":
            place[part] = value
    assert (await pushing.world.post(PATH, anna, json=body)).status == 422
    assert (await pushing.world.get(PATH, anna)).status == 404


async def test_the_scope_is_asked(pushing: Pushing) -> None:
    assert (await pushing.world.get(PATH)).status == 401


@pytest.mark.parametrize("standard", [True, False], ids=["rfc8291", "draft"])
async def test_the_app_reads_what_is_pushed(pushing: Pushing, standard: bool) -> None:  # noqa: FBT001
    world = pushing.world
    anna, ben = await world.person("anna", locale="fr"), await world.person("ben")
    key = (await pushing.subscribe(anna, standard=standard))["server_key"]
    status = await world.status(ben.actor, "<p>Un cas &amp; une question</p>", mentions=[anna.actor])
    told = await world.notify(anna.actor, "mention", ben.actor, status)
    [received] = await pushing.run()
    assert pushing.service.read(received) == {
        "access_token": world.tokens[anna.actor.id]["Authorization"].removeprefix("Bearer "),
        "preferred_locale": "fr",
        "notification_id": told.id,
        "notification_type": "mention",
        "icon": "https://chu-a.example/static/avatar.png",
        "title": "Dr Ben vous mentionne",
        "body": "Un cas & une question",
    }
    scheme, _, rest = received.headers["Authorization"].partition(" ")
    token = rest.split(",")[0].removeprefix("t=")
    assert scheme == ("vapid" if standard else "WebPush")
    assert key in (rest if standard else received.headers["Crypto-Key"])
    claims = verify_token(token, key)
    assert claims["aud"] == pushing.service.endpoint.removesuffix("/push/app")
    assert claims["sub"] == "https://chu-a.example"
    assert 0 < claims["exp"] - world.clock.now // 1000 <= 86_400
    assert (received.headers["TTL"], received.headers["Urgency"]) == ("172800", "normal")
    assert await pushing.run() == []


@pytest.mark.parametrize("locale", ["fr", "en"])
async def test_of_a_private_group_only_that_there_is_something(pushing: Pushing, locale: str) -> None:
    world = pushing.world
    anna, ben = await world.person("anna", locale=locale), await world.person("ben")
    group = await world.group("maladies-rares", [anna, ben])
    await pushing.subscribe(anna)
    status = await world.status(
        ben.actor, "<p>secret-patient</p>", group=group, mentions=[anna.actor], summary="secret-summary"
    )
    await world.notify(anna.actor, "mention", ben.actor, status)
    [told] = await pushing.told()
    for word in ("secret", "ben", "maladies", str(ben.actor.id), str(status.id), str(group.id)):
        assert word not in str({**told, "access_token": ""}).lower()
    assert told["title"] == {"fr": "Du nouveau dans un groupe privé", "en": "Something new in a private group"}[locale]


async def test_of_a_direct_post_not_a_word(pushing: Pushing) -> None:
    world = pushing.world
    anna, ben = await world.person("anna"), await world.person("ben")
    await pushing.subscribe(anna)
    status = await world.status(ben.actor, "<p>secret</p>", Audience.DIRECT, mentions=[anna.actor], summary="secret")
    await world.notify(anna.actor, "mention", ben.actor, status)
    [told] = await pushing.told()
    assert (told["title"], told["body"]) == ("Dr Ben mentioned you", "Open the app to read it.")


async def test_a_warning_stands_for_the_text(pushing: Pushing) -> None:
    world = pushing.world
    anna, ben = await world.person("anna"), await world.person("ben")
    await pushing.subscribe(anna)
    status = await world.status(ben.actor, "<p>hidden</p>", mentions=[anna.actor], summary="w" * 200)
    await world.notify(anna.actor, "mention", ben.actor, status)
    [told] = await pushing.told()
    assert told["body"] == "w" * 139 + "…"


async def test_rights_are_asked_when_it_is_pushed(pushing: Pushing) -> None:
    """Whoever left the group meanwhile, or whose account or token ended, is told nothing."""
    world = pushing.world
    anna, ben, dora = [await world.person(name) for name in ("anna", "ben", "dora")]
    group = await world.group("cardiologie", [anna, ben])
    for who in (anna, dora):
        await pushing.subscribe(who)
    status = await world.status(ben.actor, "<p>cas</p>", group=group, mentions=[anna.actor])
    await world.notify(anna.actor, "mention", ben.actor, status)
    await world.notify(dora.actor, "follow", ben.actor)
    assert await pushing.waiting() == 2
    await world.join(group, anna.actor, state="ended")
    await world.write(lambda tx: update_member(tx, dora.actor.id, disabled_at=1))
    assert (await pushing.run(), await pushing.waiting()) == ([], 0)


async def test_only_what_is_wanted_from_whom_it_is_wanted(pushing: Pushing) -> None:
    world = pushing.world
    anna, ben, dora = [await world.person(name) for name in ("anna", "ben", "dora")]
    await world.follow(anna.actor, ben.actor)
    await world.follow(dora.actor, anna.actor)
    for policy, told in (("all", 2), ("followed", 1), ("follower", 1), ("none", 0)):
        await pushing.subscribe(anna, policy=policy)
        status = await world.status(anna.actor)
        for who in (ben, dora):
            await world.notify(anna.actor, "favourite", who.actor, status)
            await world.notify(anna.actor, "poll", who.actor, status)
        assert [one["notification_type"] for one in await pushing.told()] == ["favourite"] * told


@pytest.mark.parametrize("status", [404, 410])
async def test_a_subscription_that_is_gone_is_forgotten(pushing: Pushing, status: int) -> None:
    world = pushing.world
    anna, ben = await world.person("anna"), await world.person("ben")
    await pushing.subscribe(anna)
    await world.notify(anna.actor, "follow", ben.actor)
    pushing.service.status = status
    assert len(await pushing.run()) == 1
    assert (await world.get(PATH, anna)).status == 404
    assert await pushing.waiting() == 0


async def test_a_service_that_is_busy_is_asked_again_later_and_not_for_ever(pushing: Pushing) -> None:
    world = pushing.world
    anna, ben = await world.person("anna"), await world.person("ben")
    await pushing.subscribe(anna)
    await world.notify(anna.actor, "follow", ben.actor)
    pushing.service.status = 429
    pushing.service.headers = {"Retry-After": "600"}
    assert len(await pushing.run()) == 1
    world.tick(599_000)
    assert await pushing.run() == []
    pushing.service.headers = {}
    for wait in (1_000, *push.RETRY_AFTER[1:]):
        world.tick(wait * 5 // 4 + 1)
        assert len(await pushing.run()) == 1
    assert await pushing.waiting() == 0


async def test_a_killed_workers_push_is_due_again(pushing: Pushing) -> None:
    world = pushing.world
    anna, ben = await world.person("anna"), await world.person("ben")
    await pushing.subscribe(anna)
    await world.notify(anna.actor, "follow", ben.actor)
    jobs, _ = await push.claim(world.ctx, "killed", limit=32, busy=frozenset())
    assert len(jobs) == 1
    assert await pushing.run() == []
    world.tick(push.LEASE_MS + 1)
    assert len(await pushing.run()) == 1
