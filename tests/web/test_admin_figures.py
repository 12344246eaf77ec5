"""Trends, tags and numbers in the admin API: what is rejected trends no more, and what groups say is in no number."""

from typing import Any

from storage import trends
from storage.database import Transaction
from storage.records import Actor
from storage.tags import tag_id
from tests.web.api_stage import LINK
from tests.web.api_world import World
from tests.web.entity_checker import EntityChecker

TRENDS = "/api/v1/admin/trends"
WHEN = {"start_at": "2026-11-17", "end_at": "2026-11-19"}


async def speak(world: World, people: list[Actor]) -> None:
    """All of them want to be found, and speak in public of one tag and one link."""
    for actor in people:
        post = await world.status(actor, tags=["ecg"])

        async def unit(tx: Transaction, actor: Actor = actor, post_id: int = post.id) -> None:
            await tx.execute("UPDATE actors SET discoverable = 1 WHERE id = :id", id=actor.id)
            await tx.execute(
                "INSERT INTO cards (id, url, host, state, due_at, title) VALUES (7, :url, 'site.example', 'shown', 0, 'ECG') "
                "ON CONFLICT DO NOTHING",
                url=LINK,
            )
            await tx.execute("INSERT INTO status_cards (status_id, card_id) VALUES (:id, 7)", id=post_id)
            await tx.execute("UPDATE statuses SET favourites_count = 2 WHERE id = :id", id=post_id)

        await world.write(unit)
    await world.write(lambda tx: trends.count_trends(tx, now=world.clock.now))


async def test_what_is_rejected_trends_no_more(world: World, checker: EntityChecker) -> None:
    moderator, auditor = (
        await world.person("moderator", role="moderator"),
        await world.person("auditor", role="auditor"),
    )
    anna, ben = await world.person("anna"), await world.person("ben")
    await speak(world, [anna.actor, ben.actor])
    group = await world.group("cardiologie", [anna])
    await world.status(anna.actor, group=group, tags=["zorglub"])

    async def trending(what: str) -> int:
        return len((await world.get(f"/api/v1/trends/{what}", ben)).body)

    entities = {"tags": "Admin::Tag", "links": "Admin::Trends::Link", "statuses": "Admin::Trends::Status"}
    for what, entity in entities.items():
        count = await trending(what)
        assert count > 0, what
        listed = (await world.get(f"{TRENDS}/{what}", moderator)).body
        checker.check_all(entity, listed)
        assert len(listed) == count
        assert listed[0]["requires_review"] is True
        rejected = await world.post(f"{TRENDS}/{what}/{listed[0]['id']}/reject", moderator)
        checker.check(entity, rejected.body)
        assert rejected.body["requires_review"] is False
        assert await trending(what) == count - 1
        assert len((await world.get(f"{TRENDS}/{what}", moderator)).body) == count
        assert (await world.post(f"{TRENDS}/{what}/{listed[0]['id']}/approve", moderator)).status == 200
        assert await trending(what) == count
        for verb in ("approve", "reject"):
            assert (await world.post(f"{TRENDS}/{what}/7777/{verb}", moderator)).status == 404
            assert (await world.post(f"{TRENDS}/{what}/{listed[0]['id']}/{verb}", auditor)).status == 403
    await world.write(lambda tx: tx.execute("DELETE FROM trend_reviews"))
    (site,) = (await world.get(f"{TRENDS}/links/publishers", moderator)).body
    checker.check("PreviewCardProvider", site)
    assert site["domain"] == "site.example"
    assert (await world.post(f"{TRENDS}/links/publishers/{site['id']}/reject", moderator)).body["trendable"] is False
    assert await trending("links") == 0
    assert (await world.post(f"{TRENDS}/links/7/approve", moderator)).status == 200
    assert await trending("links") == 1

    tags = "/api/v1/admin/tags"
    assert [one["name"] for one in (await world.get(tags, moderator)).body] == ["ecg"]
    assert (await world.get(f"{tags}/{tag_id('zorglub')}", moderator)).status == 404
    assert (await world.call("PUT", f"{tags}/{tag_id('zorglub')}", moderator, json={"usable": False})).status == 404
    path = f"{tags}/{tag_id('ecg')}"
    for body in ({"listable": False}, {"usable": False}):
        changed = (await world.call("PUT", path, moderator, json=body)).body
        checker.check("Admin::Tag", changed)
        assert changed | body == changed
    assert (await world.get("/api/v2/search?q=ec&type=hashtags", ben)).body["hashtags"] == []
    await world.status(ben.actor, "<p>#ecg</p>", tags=["ecg"])
    uses = await world.db.read(lambda tx: tx.value("SELECT count(*) FROM status_tags WHERE tag = 'ecg'"))
    assert uses == 2


async def test_numbers_of_what_is_public_alone(world: World, checker: EntityChecker) -> None:
    auditor, anna, ben = (
        await world.person("auditor", role="auditor"),
        await world.person("anna"),
        await world.person("ben"),
    )
    carl = await world.stranger("carl")
    group = await world.group("cardiologie", [anna, ben])

    async def measured(keys: list[str], **about: Any) -> dict[str, str]:
        answer = await world.post("/api/v1/admin/measures", auditor, json={**WHEN, "keys": keys, **about})
        assert answer.status == 200, answer.body
        checker.check_all("Admin::Measure", answer.body)
        for one in answer.body:
            assert len(one["data"]) == 3
        return {one["key"]: one["total"] for one in answer.body}

    async def everything() -> list[Any]:
        tag, host = {"id": str(tag_id("ecg"))}, {"domain": "chu-b.example"}
        about = dict.fromkeys(("tag_accounts", "tag_uses", "tag_servers", "tag_languages"), tag)
        instance = ("accounts", "media_attachments", "reports", "statuses", "follows", "followers", "languages")
        about |= {f"instance_{name}": host for name in instance}
        keys = ["active_users", "new_users", "interactions", "opened_reports", "resolved_reports"]
        keys += [key for key in about if not key.endswith("languages")]
        wanted = [
            "languages",
            "sources",
            "servers",
            "tag_servers",
            "tag_languages",
            "instance_accounts",
            "instance_languages",
        ]
        asked = {**WHEN, "keys": wanted, "tag_servers": tag, "instance_accounts": host, **about}
        dimensions = await world.post("/api/v1/admin/dimensions", auditor, json=asked)
        assert dimensions.status == 200, dimensions.body
        checker.check_all("Admin::Dimension", dimensions.body)
        return [await measured(keys, **about), {one["key"]: one["data"] for one in dimensions.body}]

    post = await world.status(anna.actor, tags=["ecg"])
    await world.status(carl, tags=["ecg"])
    await world.follow(anna.actor, carl)
    await world.favourite(ben.actor, post)
    await world.boost(ben.actor, post)
    measures, dimensions = before = await everything()
    assert measures == measures | {
        "new_users": "3", "interactions": "2", "tag_accounts": "2", "tag_uses": "2", "tag_servers": "2",
        "instance_accounts": "1", "instance_statuses": "1", "instance_follows": "1", "instance_followers": "0",
        "opened_reports": "0", "resolved_reports": "0", "instance_media_attachments": "0",
    }  # fmt: skip
    assert {one["key"]: one["value"] for one in dimensions["servers"]} == {"chu-a.example": "1", "chu-b.example": "1"}
    secret = await world.status(anna.actor, group=group, tags=["ecg"])
    await world.favourite(ben.actor, secret)
    await world.status(carl, group=group, tags=["ecg"])
    await world.status(ben.actor, group=group, reply_to=secret)
    await world.join(group, carl)
    assert await everything() == before
    own = (
        await world.post(
            "/api/v1/admin/dimensions", auditor, json={**WHEN, "keys": ["space_usage", "software_versions"]}
        )
    ).body
    checker.check_all("Admin::Dimension", own)
    assert int(own[0]["data"][0]["value"]) % 100_000_000 == 0
    cohorts = (await world.post("/api/v1/admin/retention", auditor, json={**WHEN, "frequency": "day"})).body
    checker.check_all("Admin::Cohort", cohorts)
    assert [len(one["data"]) for one in cohorts] == [3, 2, 1]
    assert cohorts[1]["data"][0] == {"date": "2026-11-18T00:00:00.000Z", "rate": 1.0, "value": "3"}
    monthly = await world.post(
        "/api/v1/admin/retention",
        auditor,
        json={"start_at": "2026-10-05", "end_at": "2026-11-18T23:00:00+01:00", "frequency": "month"},
    )
    assert [one["period"][:10] for one in monthly.body] == ["2026-10-01", "2026-11-01"]
    for wrong in ({"keys": ["nonsense"]}, {"start_at": "yesterday"}, {"start_at": ""}, {"end_at": "2026-01-01"}):
        assert (
            await world.post("/api/v1/admin/measures", auditor, json={**WHEN, "keys": ["new_users"], **wrong})
        ).status == 422
