"""Posts that wait: kept for their author, judged when their time comes, published once by whichever process is first."""

import asyncio
from typing import Any
from urllib.parse import quote

import pytest

from federation.outbox.scheduled import AHEAD, MOST_SCHEDULED, publish_due
from policies.decision import Reason
from policies.sentences import WORDS
from policies.terms import Audience
from storage import actors, media, members, scheduled
from storage.database import Transaction
from storage.members import Person
from storage.records import Scheduled
from tests.web.api_world import HOUR, Answer, World
from tests.web.entity_checker import EntityChecker
from web.render import moment

PATH = "/api/v1/scheduled_statuses"
NOT_FOUND = (404, {"error": "Record not found"})
SOON = "Validation failed: Scheduled at The scheduled date must be in the future"


def ids(entities: list[dict[str, Any]]) -> list[int]:
    return [int(entity["id"]) for entity in entities]


async def ask(world: World, who: Person, ahead: int = HOUR, *, key: str = "", **more: Any) -> Answer:
    world.tick()
    sent = {"status": "Bonjour", "scheduled_at": moment(world.clock.now + ahead), **more}
    return await world.post("/api/v1/statuses", who, json=sent, headers={"Idempotency-Key": key} if key else {})


async def schedule(world: World, who: Person, ahead: int = HOUR, **more: Any) -> dict[str, Any]:
    answer = await ask(world, who, ahead, **more)
    assert answer.status == 200, answer.body
    entity: dict[str, Any] = answer.body
    return entity


async def pass_by(world: World, milliseconds: int = HOUR) -> None:
    world.tick(milliseconds)
    await publish_due(world.ctx)


async def posts_of(world: World, who: Person) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await world.get(f"/api/v1/accounts/{who.actor.id}/statuses", who)).body
    return found


async def test_a_post_waits_and_is_published_once(world: World, checker: EntityChecker) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    image = await world.attach(anna.actor)
    parent = await world.status(ben.actor)
    kept = await schedule(
        world,
        anna,
        status="Un cas #ECG",
        visibility="unlisted",
        spoiler_text="Cas",
        media_ids=[str(image.id)],
        in_reply_to_id=str(parent.id),
        language="fr",
    )
    checker.check("ScheduledStatus", kept)
    assert ids(kept["media_attachments"]) == [image.id]
    assert kept["params"]["text"] == "Un cas #ECG"
    assert kept["params"]["visibility"] == "unlisted"
    listed = await world.get(PATH, anna)
    checker.check_all("ScheduledStatus", listed.body)
    assert listed.body == [kept]
    assert (await world.get(f"{PATH}/{kept['id']}", anna)).body == kept
    await pass_by(world, HOUR - 10)
    assert await posts_of(world, anna) == []
    await pass_by(world, 10)
    await pass_by(world)
    [post] = await posts_of(world, anna)
    assert (post["visibility"], post["spoiler_text"], post["language"]) == ("unlisted", "Cas", "fr")
    assert (ids(post["media_attachments"]), post["in_reply_to_id"]) == ([image.id], str(parent.id))
    assert [tag["name"] for tag in post["tags"]] == ["ecg"]
    assert (await world.get(PATH, anna)).body == []


async def test_several_processes_publish_it_once(world: World) -> None:
    anna = await world.person("anna")
    for _ in range(3):
        await schedule(world, anna)
    world.tick(2 * HOUR)
    await asyncio.gather(*(publish_due(world.ctx) for _ in range(4)))
    assert len(await posts_of(world, anna)) == 3


@pytest.mark.parametrize(
    ("scheduled_at", "error"),
    [
        ("tomorrow", "Validation failed: Scheduled at is invalid"),
        ("0001-01-01T00:00:00+14:00", SOON),
        ("2000-01-01T00:00:00Z", SOON),
        ("2000-01-01", SOON),
    ],
)
async def test_dates_that_cannot_be(world: World, scheduled_at: str, error: str) -> None:
    anna = await world.person("anna")
    kept = await schedule(world, anna)
    sent = {"status": "a", "scheduled_at": scheduled_at}
    for method, path in (("POST", "/api/v1/statuses"), ("PUT", f"{PATH}/{kept['id']}")):
        answer = await world.call(method, path, anna, json=sent)
        assert (answer.status, answer.body) == (422, {"error": error})
    assert (await world.get(PATH, anna)).body == [kept]
    assert await posts_of(world, anna) == []


async def test_five_minutes_ahead_at_least(world: World) -> None:
    anna = await world.person("anna")
    assert (await ask(world, anna, AHEAD - 1)).body == {"error": SOON}
    assert (await ask(world, anna, AHEAD)).status == 200


async def test_a_date_without_a_zone_is_in_utc(world: World) -> None:
    anna = await world.person("anna")
    kept = await schedule(world, anna, scheduled_at="2030-01-01T10:00")
    assert kept["scheduled_at"] == "2030-01-01T10:00:00.000Z"
    other = await schedule(world, anna, scheduled_at="2030-01-01T10:00:00+01:00")
    assert other["scheduled_at"] == "2030-01-01T09:00:00.000Z"


async def test_moving_and_taking_back(world: World) -> None:
    anna = await world.person("anna")
    moved, taken = await schedule(world, anna), await schedule(world, anna)
    later = moment(world.clock.now + 3 * HOUR)
    answer = await world.call("PUT", f"{PATH}/{moved['id']}", anna, json={"scheduled_at": later})
    assert (answer.status, answer.body["scheduled_at"]) == (200, later)
    assert (await world.call("PUT", f"{PATH}/{moved['id']}", anna, json={})).status == 422
    deleted = await world.call("DELETE", f"{PATH}/{taken['id']}", anna)
    assert (deleted.status, deleted.body) == (200, {})
    await pass_by(world, 2 * HOUR)
    assert await posts_of(world, anna) == []
    await pass_by(world, 2 * HOUR)
    assert len(await posts_of(world, anna)) == 1


async def test_what_waits_is_its_authors_alone(world: World) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    kept = await schedule(world, anna)
    later = {"scheduled_at": moment(world.clock.now + 3 * HOUR)}
    assert (await world.get(PATH, ben)).body == []
    for scheduled_id in (kept["id"], "12345", "x"):
        for method in ("GET", "PUT", "DELETE"):
            answer = await world.call(method, f"{PATH}/{scheduled_id}", ben, json=later if method == "PUT" else None)
            assert (answer.status, answer.body) == NOT_FOUND
    assert (await world.get(PATH, anna)).body == [kept]


async def test_pages(world: World) -> None:
    anna = await world.person("anna")
    made = [await schedule(world, anna, ahead) for ahead in (3 * HOUR, HOUR, 2 * HOUR)]
    page = await world.get(f"{PATH}?limit=2", anna)
    assert ids(page.body) == ids(made)[:0:-1]
    assert ids((await world.get(page.next_url or "", anna)).body) == ids(made[:1])
    assert ids((await world.get(f"{PATH}?min_id={made[0]['id']}&limit=1", anna)).body) == [int(made[1]["id"])]


@pytest.mark.parametrize("locale", ["en", "fr"])
async def test_the_policies_are_asked_when_the_time_comes(world: World, checker: EntityChecker, locale: str) -> None:
    """A refusal then is told in the list, and is not tried again until the author moves the post."""
    anna = await world.person("anna", locale=locale)
    await world.attest(anna.actor)
    group = await world.group("cardiologie", [anna])
    image = await world.attach(anna.actor)
    kept = await schedule(world, anna, status="@cardiologie un cas", media_ids=[str(image.id)])
    await world.join(group, anna.actor, state="ended")
    await pass_by(world)
    await pass_by(world)
    [refused] = (await world.get(PATH, anna)).body
    checker.check("ScheduledStatus", refused)
    words = WORDS[Reason.NOT_A_MEMBER]
    told = words.member_en if locale == "en" else words.member_fr
    assert refused["params"]["refusal"].startswith(told[:-1])
    assert refused | {"params": kept["params"], "media_attachments": []} == kept | {"media_attachments": []}
    assert ids(refused["media_attachments"]) == [image.id]
    assert await posts_of(world, anna) == []
    await world.join(group, anna.actor, moderator=True)
    await pass_by(world)
    assert await posts_of(world, anna) == []
    later = {"scheduled_at": moment(world.clock.now + HOUR)}
    moved = await world.call("PUT", f"{PATH}/{kept['id']}", anna, json=later)
    assert "refusal" not in moved.body["params"]
    await pass_by(world)
    [post] = await posts_of(world, anna)
    assert (post["mentions"][0]["acct"], ids(post["media_attachments"])) == ("cardiologie", [image.id])


@pytest.mark.parametrize(("locale", "told"), [("en", "The post that you answer"), ("fr", "Le message auquel")])
async def test_an_answer_to_what_went_away(world: World, locale: str, told: str) -> None:
    anna, ben = await world.person("anna", locale=locale), await world.person("ben")
    parent = await world.status(ben.actor)
    hidden = await world.status(ben.actor, audience=Audience.DIRECT)
    for absent in (hidden.id, 12345):
        refused = await ask(world, anna, in_reply_to_id=str(absent))
        assert (refused.status, refused.body) == NOT_FOUND
    await schedule(world, anna, in_reply_to_id=str(parent.id))
    assert (await world.call("DELETE", f"/api/v1/statuses/{parent.id}", ben)).status == 200
    await pass_by(world)
    [refused] = (await world.get(PATH, anna)).body
    assert refused["params"]["refusal"].startswith(told)


async def test_what_fails_is_tried_again_and_keeps_nobody_waiting(world: World) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    await schedule(world, anna)
    await schedule(world, ben)

    async def spoil(tx: Transaction) -> None:
        await tx.execute("UPDATE scheduled_statuses SET audience = 'x' WHERE actor_id = :id", id=anna.actor.id)

    await world.write(spoil)
    await pass_by(world)
    assert len(await posts_of(world, ben)) == 1
    await world.write(lambda tx: tx.execute("UPDATE scheduled_statuses SET audience = 'public'"))
    await pass_by(world)
    assert len(await posts_of(world, anna)) == 1


@pytest.mark.parametrize("disable", ["actor", "member"])
async def test_nothing_of_a_disabled_member_is_published(world: World, disable: str) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    await schedule(world, anna, visibility="public")

    async def unit(tx: Transaction, moment: int | None) -> None:
        if disable == "actor":
            await actors.update_actor(tx, anna.actor.id, disabled_at=moment)
        else:
            await members.update_member(tx, anna.actor.id, disabled_at=moment)

    await world.write(lambda tx: unit(tx, world.clock.now))
    await pass_by(world)
    await world.write(lambda tx: unit(tx, None))
    assert (await world.get(f"/api/v1/accounts/{anna.actor.id}/statuses", ben)).body == []
    await pass_by(world)
    assert len(await posts_of(world, anna)) == 1


async def test_files_of_what_waits_are_kept_and_in_no_other_post(world: World) -> None:
    anna = await world.person("anna")
    image = await world.attach(anna.actor)
    named: dict[str, Any] = {"media_ids": [str(image.id)]}
    kept = await schedule(world, anna, 48 * HOUR, **named)
    assert await world.write(lambda tx: media.delete_unattached_before(tx, world.clock.now + HOUR)) == []
    for answer in (
        await ask(world, anna, **named),
        await world.post("/api/v1/statuses", anna, json={"status": "a", **named}),
    ):
        assert (answer.status, answer.body) == (422, {"error": "Validation failed: Media attachment not found"})
    assert ids((await world.get(PATH, anna)).body[0]["media_attachments"]) == [image.id]
    await world.call("DELETE", f"{PATH}/{kept['id']}", anna)
    assert (await world.post("/api/v1/statuses", anna, json={"status": "a", **named})).status == 200


async def test_the_same_key_answers_the_same_post_before_and_after(world: World, checker: EntityChecker) -> None:
    anna = await world.person("anna")
    await world.get(PATH, anna)  # makes her token
    first, *others = await asyncio.gather(*(ask(world, anna, AHEAD + 100, key="abc") for _ in range(3)))
    assert {other.body["id"] for other in others} == {first.body["id"]}
    await pass_by(world, AHEAD + 200)
    again = await ask(world, anna, key="abc")
    checker.check("Status", again.body)
    assert [again.body["id"]] == [one["id"] for one in await posts_of(world, anna)]
    assert (await world.get(PATH, anna)).body == []


async def test_so_many_may_wait_and_no_more(world: World) -> None:
    anna = await world.person("anna")

    async def fill(tx: Transaction) -> None:
        for number in range(1, MOST_SCHEDULED):
            row = Scheduled(number, anna.actor.id, 2**50, "a", "public", None, "", 0, None, None, "", "", "", 0)
            await scheduled.insert_scheduled(tx, row, [])

    await world.write(fill)
    assert (await ask(world, anna)).status == 200
    refused = await ask(world, anna)
    sentence = "Validation failed: You have exceeded the limit of 300 scheduled posts"
    assert (refused.status, refused.body) == (422, {"error": sentence})


async def test_an_edit_cannot_wait(world: World) -> None:
    anna = await world.person("anna")
    post = await world.status(anna.actor)
    sent = {"status": "a", "scheduled_at": "2030-01-01T00:00:00Z"}
    answer = await world.call("PUT", f"/api/v1/statuses/{post.id}", anna, json=sent)
    assert (answer.status, answer.body) == (422, {"error": "Validation failed: An edit cannot be scheduled"})


async def test_a_form_schedules_as_well_as_json(world: World) -> None:
    anna = await world.person("anna")
    await world.get(PATH, anna)
    body = f"status=a&scheduled_at={quote(moment(world.clock.now + HOUR))}"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await world.post("/api/v1/statuses", anna, data=body, headers=headers)
    assert (answer.status, answer.body["params"]["text"]) == (200, "a")
