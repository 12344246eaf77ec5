"""Collections: who may be in one and who sees it, what their owner and those in them can do, and their page."""

from dataclasses import dataclass

import pytest

from storage import blocks
from storage.database import Transaction
from storage.ids import new_id
from storage.members import Person
from storage.records import Actor, Block
from tests.web.api_world import Answer, World
from tests.web.entity_checker import EntityChecker
from tests.web.people import add_token
from tests.web.streams import socket

V1, ALPHA = "/api/v1", "/api/v1_alpha"
NOT_FOUND = (404, {"error": "Record not found"})
FORBIDDEN = (403, {"error": "This action is not allowed"})


@dataclass
class Stage:
    """Anna makes collections; Ben wants to be found; Eve is somebody else."""

    world: World
    anna: Person
    ben: Person
    eve: Person

    async def make(self, name: str = "Cardiologues", *people: Actor, **how: object) -> dict[str, object]:
        self.world.tick()
        ids = [str(one.id) for one in people]
        body = {"name": name, "discoverable": True, "account_ids": ids, **how}
        made = await self.world.post(f"{V1}/collections", self.anna, json=body)
        assert made.status == 200, made.body
        found: dict[str, object] = made.body["collection"]
        return found

    async def add(self, one: dict[str, object], actor: Actor) -> Answer:
        self.world.tick()
        return await self.world.post(
            f"{V1}/collections/{one['id']}/items", self.anna, json={"account_id": str(actor.id)}
        )

    async def names(self, one: dict[str, object], who: Person | None = None) -> list[str]:
        """Who is in it, as somebody is shown it."""
        body = (await self.world.get(f"{V1}/collections/{one['id']}", who)).body
        assert body["collection"]["item_count"] == len(body["collection"]["items"]) == len(body["accounts"]) - 1
        return [account["username"] for account in body["accounts"][1:]]


@pytest.fixture
async def stage(world: World) -> Stage:
    people = [await world.person(name) for name in ("anna", "ben", "eve")]
    made = Stage(world, *people)
    await be_found(world, made.ben.actor)
    return made


async def be_found(world: World, actor: Actor, *, found: bool = True) -> None:
    async def unit(tx: Transaction) -> None:
        await tx.execute(
            "UPDATE actors SET discoverable = :found, version = version + 1 WHERE id = :id",
            found=int(found),
            id=actor.id,
        )

    await world.write(unit)


async def disable(world: World, actor: Actor) -> None:
    async def unit(tx: Transaction) -> None:
        await tx.execute("UPDATE actors SET disabled_at = 1, version = version + 1 WHERE id = :id", id=actor.id)

    await world.write(unit)


async def block(world: World, owner: Actor, target: Actor) -> None:
    now = world.tick()
    await world.write(lambda tx: blocks.insert_block(tx, Block(new_id(now), owner.id, target.id, "", now)))


@pytest.mark.parametrize("root", [V1, ALPHA])
async def test_a_collection_from_its_making_to_its_end(stage: Stage, checker: EntityChecker, root: str) -> None:
    world, anna, ben = stage.world, stage.anna, stage.ben
    made = await world.post(
        f"{root}/collections",
        anna,
        json={
            "name": "Cardiologues",
            "description": "À suivre <b>de près</b>",
            "language": "fr",
            "sensitive": False,
            "discoverable": True,
            "tag_name": "#Cardio",
            "account_ids": [str(ben.actor.id)],
        },
    )
    checker.check("WrappedCollection", made.body)
    one = made.body["collection"]
    assert (one["name"], one["description"]) == ("Cardiologues", "À suivre &lt;b&gt;de près&lt;/b&gt;")
    assert (one["language"], one["tag"]["name"], one["item_count"]) == ("fr", "Cardio", 1)
    assert one["tag"]["url"].endswith("/tags/cardio")
    path = f"{root}/collections/{one['id']}"
    for who in (None, anna, ben, stage.eve):
        shown = await world.get(path, who)
        checker.check("CollectionWithAccounts", shown.body)
        assert shown.body["collection"] == one
        assert [account["username"] for account in shown.body["accounts"]] == ["anna", "ben"]
        listed = await world.get(f"{root}/accounts/{anna.actor.id}/collections", who)
        checker.check("Collections", listed.body)
        assert listed.body["collections"] == [one]

    await be_found(world, stage.eve.actor)
    world.tick()
    added = await world.post(f"{path}/items", anna, json={"account_id": str(stage.eve.actor.id)})
    checker.check("WrappedCollectionItem", added.body)
    item = added.body["collection_item"]
    assert (item["account_id"], item["state"]) == (str(stage.eve.actor.id), "accepted")
    assert await stage.names(one) == ["ben", "eve"]
    assert (await world.call("DELETE", f"{path}/items/{item['id']}", anna)).body == {}
    assert await stage.names(one) == ["ben"]
    assert (await stage.add(one, stage.eve.actor)).status == 200  # who was only taken out may come back

    world.tick(1000)
    for method, name in (("PUT", "Cœur"), ("PATCH", "Cœurs")):
        changed = await world.call(method, path, anna, json={"name": name, "sensitive": True, "tag_name": ""})
        checker.check("WrappedCollection", changed.body)
        after = changed.body["collection"]
        assert (after["name"], after["sensitive"], after["tag"], after["language"]) == (name, True, None, "fr")
        assert (after["description"], after["created_at"]) == (one["description"], one["created_at"])
        assert after["updated_at"] > one["updated_at"]
    assert (await world.call("DELETE", path, anna)).body == {}
    for who in (None, anna):
        assert (await world.get(path, who)).status == 404
    assert (await world.get(f"{root}/accounts/{anna.actor.id}/collections")).body == {"collections": []}


async def test_only_members_who_want_to_be_found_can_be_in_one(stage: Stage) -> None:
    world, anna = stage.world, stage.anna
    one = await stage.make()
    shy = await world.person("shy")
    group = await world.group("cardiologie", [anna])
    hidden = await world.group("urgences", [anna, stage.ben], listed=False)
    elsewhere = await world.stranger("olga", discoverable=1)
    blocked, blocking, gone = [await world.person(name) for name in ("blocked", "blocking", "gone")]
    for actor in (group, hidden, blocked.actor, blocking.actor, gone.actor):
        await be_found(world, actor)
    await block(world, anna.actor, blocked.actor)
    await block(world, blocking.actor, anna.actor)
    await disable(world, gone.actor)
    for actor in (shy.actor, group, hidden, elsewhere, blocked.actor, blocking.actor):
        for refused in (await stage.add(one, actor), await _make_with(stage, actor)):
            assert (refused.status, refused.body) == FORBIDDEN, actor.username
    unknown = await world.group("absents", [stage.ben], listed=False)
    for absent in (gone.actor, unknown):
        for refused in (await stage.add(one, absent), await _make_with(stage, absent)):
            assert (refused.status, refused.body) == NOT_FOUND, absent.username
    missing = await world.post(f"{V1}/collections/{one['id']}/items", anna)
    assert (missing.status, missing.body["error"]) == (422, "`account_id` parameter is missing")
    assert await stage.names(one, anna) == []
    assert (await stage.add(one, stage.ben.actor)).status == 200
    assert (await stage.add(one, stage.ben.actor)).body["error"] == "Validation failed: Account has already been taken"
    listed = (await world.get(f"{V1}/accounts/{anna.actor.id}/collections", anna)).body["collections"]
    assert [found["id"] for found in listed] == [one["id"]]  # what was refused was not half made


async def _make_with(stage: Stage, actor: Actor) -> Answer:
    body = {"name": "Autre", "account_ids": [str(actor.id)]}
    return await stage.world.post(f"{V1}/collections", stage.anna, json=body)


async def test_an_account_says_whether_it_can_be_in_one(stage: Stage) -> None:
    asked = {}
    for who in (stage.ben, stage.eve):
        body = (await stage.world.get(f"/api/v1/accounts/{who.actor.id}", stage.anna)).body
        asked[who.actor.username] = (body["feature_approval"]["automatic"], body["feature_approval"]["current_user"])
    assert asked == {"ben": (["public"], "automatic"), "eve": ([], "denied")}


async def test_rights_are_asked_when_a_collection_is_read(stage: Stage) -> None:
    world, anna, ben, eve = stage.world, stage.anna, stage.ben, stage.eve
    await be_found(world, eve.actor)
    one = await stage.make("Cardiologues", ben.actor, eve.actor)
    viewer = await world.person("viewer")
    assert await stage.names(one, viewer) == ["ben", "eve"]
    await block(world, viewer.actor, ben.actor)
    assert await stage.names(one, viewer) == ["eve"]
    assert await stage.names(one) == ["ben", "eve"]
    await be_found(world, eve.actor, found=False)
    assert await stage.names(one) == ["ben"]
    assert (await world.get(f"{V1}/accounts/{eve.actor.id}/in_collections", eve)).body == {"collections": []}
    await be_found(world, eve.actor)
    await block(world, eve.actor, anna.actor)
    assert await stage.names(one) == ["ben"]
    await disable(world, ben.actor)
    assert await stage.names(one) == []
    await block(world, anna.actor, viewer.actor)
    path = f"{V1}/collections/{one['id']}"
    refused = await world.get(path, viewer)
    assert (refused.status, refused.body) == NOT_FOUND
    assert (await world.get(f"{V1}/accounts/{anna.actor.id}/collections", viewer)).body == {"collections": []}
    await disable(world, anna.actor)
    assert (await world.get(path)).status == 404
    async with world.browser.get(f"/collections/{one['id']}") as page:
        assert page.status == 404


async def test_one_that_is_not_to_be_come_upon_is_listed_to_its_owner_alone(stage: Stage) -> None:
    one = await stage.make("À moi", discoverable=False)
    path = f"{V1}/accounts/{stage.anna.actor.id}/collections"
    assert (await stage.world.get(path)).body == {"collections": []}
    assert (await stage.world.get(path, stage.ben)).body == {"collections": []}
    assert (await stage.world.get(path, stage.anna)).body["collections"] == [one]
    assert (await stage.world.get(f"{V1}/collections/{one['id']}", stage.ben)).status == 200


async def test_who_is_in_one_may_leave_it_for_good(stage: Stage) -> None:
    world, anna, ben, eve = stage.world, stage.anna, stage.ben, stage.eve
    await be_found(world, eve.actor)
    one = await stage.make("Cardiologues", ben.actor, eve.actor)
    mine = f"{V1}/accounts/{ben.actor.id}/in_collections"
    assert (await world.get(mine, ben)).body["collections"] == [one]
    assert (await world.get(mine, anna)).status == 403
    assert (await world.get(mine)).status == 401
    item = next(item for item in one["items"] if item["account_id"] == str(ben.actor.id))  # type: ignore[attr-defined]
    leave = f"{V1}/collections/{one['id']}/items/{item['id']}/revoke"
    for other in (anna, eve):
        refused = await world.post(leave, other)
        assert (refused.status, refused.body) == NOT_FOUND
    assert await stage.names(one) == ["ben", "eve"]
    assert (await world.post(leave, ben)).body == {}
    assert await stage.names(one) == ["eve"]
    assert (await world.get(mine, ben)).body == {"collections": []}
    assert (await world.get("/api/v1/notifications", ben)).body == []
    assert (await world.post(leave, ben)).status == 404
    assert (await stage.add(one, ben.actor)).status == 422
    assert (
        await world.call("DELETE", leave.removesuffix("/revoke"), anna)
    ).status == 404  # nor by taking him out first
    assert (await stage.add(one, ben.actor)).status == 422


async def test_those_in_it_are_told(stage: Stage, checker: EntityChecker) -> None:
    world, anna, ben = stage.world, stage.anna, stage.ben
    async with socket(world, ben, "user:notification") as listening:
        one = await stage.make("Cardiologues", ben.actor)
        heard = (await listening.event())[2]
    checker.check("Notification", heard)
    assert (heard["type"], heard["account"]["username"], heard["collection"]) == ("added_to_collection", "anna", one)
    path = f"{V1}/collections/{one['id']}"
    for name in ("Cœur", "Cœurs"):
        await world.call("PUT", path, anna, json={"name": name})
        world.tick()
    await world.call("PUT", path, anna, json={"sensitive": True})  # of no word that stands over anybody
    told = (await world.get("/api/v1/notifications", ben)).body
    checker.check_all("Notification", told)
    assert [(each["type"], each["collection"]["name"]) for each in told] == [
        ("collection_update", "Cœurs"),
        ("added_to_collection", "Cœurs"),
    ]
    grouped = (await world.get("/api/v2/notifications", ben)).body
    checker.check("GroupedNotificationsResults", grouped)
    assert [group["collection"]["id"] for group in grouped["notification_groups"]] == [one["id"]] * 2
    for nobody in (anna, stage.eve):
        assert (await world.get("/api/v1/notifications", nobody)).body == []
    await be_found(world, ben.actor, found=False)  # and is in it no longer
    assert (await world.get("/api/v1/notifications", ben)).body == []
    assert (await world.get("/api/v1/notifications/unread_count", ben)).body == {"count": 0}
    await be_found(world, ben.actor)
    await world.call("DELETE", path, anna)
    assert (await world.get("/api/v1/notifications", ben)).body == []


async def test_strangers_who_add_somebody_are_held_back_as_they_wish(stage: Stage) -> None:
    world, ben = stage.world, stage.ben
    await world.call("PATCH", "/api/v2/notifications/policy", ben, json={"for_not_following": "filter"})
    await stage.make("Cardiologues", ben.actor)
    assert (await world.get("/api/v1/notifications", ben)).body == []
    requests = (await world.get("/api/v1/notifications/requests", ben)).body
    assert [(one["account"]["username"], one["notifications_count"]) for one in requests] == [("anna", "1")]


async def test_only_its_owner_changes_one(stage: Stage) -> None:
    world, ben, eve = stage.world, stage.ben, stage.eve
    one = await stage.make("Cardiologues", ben.actor)
    path, item = f"{V1}/collections/{one['id']}", one["items"][0]["id"]  # type: ignore[index]
    acts: tuple[tuple[str, str, dict[str, str]], ...] = (
        ("PUT", path, {"name": "Autre"}),
        ("PATCH", path, {"name": "Autre"}),
        ("POST", f"{path}/items", {"account_id": str(ben.actor.id)}),
        ("DELETE", f"{path}/items/{item}", {}),
        ("DELETE", path, {}),
    )
    for method, act, body in acts:
        refused = await world.call(method, act, eve, json=body)
        assert (refused.status, refused.body) == FORBIDDEN, act
        absent = await world.call(method, act.replace(str(one["id"]), "12345"), eve, json=body)
        assert (absent.status, absent.body) == NOT_FOUND, act
    assert (await world.get(path)).body["collection"] == one
    second = await stage.make("Autre")
    elsewhere = await world.call("DELETE", f"{V1}/collections/{second['id']}/items/{item}", stage.anna)
    assert (elsewhere.status, elsewhere.body) == NOT_FOUND
    assert await stage.names(one) == ["ben"]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, "Validation failed: name can't be blank"),
        ({"name": "  "}, "Validation failed: name can't be blank"),
        ({"name": "a" * 41}, "Validation failed: Name is too long (maximum is 40 characters)"),
        ({"name": "a", "description": "a" * 101}, "Validation failed: Description is too long (maximum is 100 characters)"),
        ({"name": "a", "language": "!"}, "Validation failed: Language is invalid"),
        ({"name": "a", "tag_name": "a b"}, "Validation failed: Tag is invalid"),
        ({"name": "a", "sensitive": "vielleicht"}, "Validation failed: sensitive must be true or false"),
    ],
)  # fmt: skip
async def test_what_is_no_collection_is_refused(world: World, body: dict[str, str], error: str) -> None:
    anna = await world.person("anna")
    refused = await world.post(f"{V1}/collections", anna, json=body)
    assert (refused.status, refused.body) == (422, {"error": error})
    assert (await world.get(f"{V1}/accounts/{anna.actor.id}/collections", anna)).body == {"collections": []}
    kept = (await world.post(f"{V1}/collections", anna, json={"name": "Bien", "description": "d"})).body["collection"]
    if body.get("name") != "a" and "name" in body:
        assert (await world.call("PUT", f"{V1}/collections/{kept['id']}", anna, json=body)).status == 422
    assert (await world.get(f"{V1}/collections/{kept['id']}")).body["collection"] == kept


async def test_there_are_limits_and_pages(stage: Stage) -> None:
    world, anna = stage.world, stage.anna
    made = [await stage.make(f"Numéro {number}") for number in range(10)]
    refused = await world.post(f"{V1}/collections", anna, json={"name": "Trop"})
    assert (refused.status, "maximum number" in refused.body["error"]) == (422, True)
    role = (await world.get("/api/v1/accounts/verify_credentials", anna)).body["role"]
    assert role["collection_limit"] == 10
    path = f"{V1}/accounts/{anna.actor.id}/collections"
    first = await world.get(f"{path}?limit=4")
    second = await world.get(first.next_url or "")
    last = await world.get(second.next_url or "")
    pages = [[one["name"] for one in page.body["collections"]] for page in (first, second, last)]
    assert pages == [[one["name"] for one in made[::-1]][start : start + 4] for start in (0, 4, 8)]
    assert (last.next_url, first.prev_url) == (None, None)
    assert (await world.get(last.prev_url or "")).body == second.body
    assert (await world.get(f"{path}?offset=x")).status == 400

    people = [await world.person(f"person{number}") for number in range(26)]
    for person in people:
        await be_found(world, person.actor)
    answers = [await stage.add(made[0], person.actor) for person in people]
    assert [one.status for one in answers] == [200] * 25 + [422]
    holding = f"{V1}/accounts/{people[0].actor.id}/in_collections"
    for one in made[1:4]:
        await stage.add(one, people[0].actor)
    first = await world.get(f"{holding}?limit=3", people[0])
    assert [one["id"] for one in first.body["collections"]] == [one["id"] for one in made[3:0:-1]]
    rest = await world.get(first.next_url or "", people[0])
    assert [one["id"] for one in rest.body["collections"]] == [made[0]["id"]]


async def test_tokens_need_the_scopes_of_collections(stage: Stage) -> None:
    one = await stage.make("Cardiologues", stage.ben.actor)
    reading = await add_token(stage.world.db, stage.anna, ("read:collections",))
    writing = await add_token(stage.world.db, stage.anna, ("write:collections",))
    narrow = await add_token(stage.world.db, stage.anna, ("read:lists", "write:lists"))
    for root in (V1, ALPHA):
        reads = [f"accounts/{stage.anna.actor.id}/collections", f"accounts/{stage.anna.actor.id}/in_collections",
                 f"collections/{one['id']}"]  # fmt: skip
        for path in reads:
            assert (await stage.world.call("GET", f"{root}/{path}", headers=reading)).status == 200
            for wrong in (writing, narrow):
                assert (await stage.world.call("GET", f"{root}/{path}", headers=wrong)).status == 403
        change = f"{root}/collections/{one['id']}"
        for method, path in (("PUT", change), ("PATCH", change), ("DELETE", change), ("POST", f"{root}/collections"),
                             ("POST", f"{change}/items"), ("DELETE", f"{change}/items/1"), ("POST", f"{change}/items/1/revoke")):  # fmt: skip
            assert (await stage.world.call(method, path)).status == 401
            for wrong in (reading, narrow):
                assert (await stage.world.call(method, path, headers=wrong)).status == 403, path
        assert (await stage.world.call("PATCH", change, headers=writing, json={"name": root})).status == 200


async def test_its_address_leads_to_a_page_for_everybody(stage: Stage) -> None:
    await be_found(stage.world, stage.anna.actor)
    one = await stage.make(
        "<i>Cœur</i>", stage.ben.actor, stage.anna.actor, description="Des <script>gens</script>", sensitive=True
    )
    assert one["uri"] == one["url"] == f"https://chu-a.example/collections/{one['id']}"
    for language, words in (("en", "A collection by"), ("fr", "Une collection de")):
        async with stage.world.browser.get(f"/collections/{one['id']}?lang={language}") as page:
            text = await page.text()
            assert page.status == 200
        assert words in text
        assert "&lt;i&gt;Cœur&lt;/i&gt;" in text
        assert "Des &lt;script&gt;gens&lt;/script&gt;" in text
        assert (text.count("Dr Ben"), text.count("Dr Anna")) == (1, 2)  # she made it, and is in it
        assert "<details>" in text
    empty = await stage.make("Vide")
    async with stage.world.browser.get(f"/collections/{empty['id']}?lang=fr") as page:
        text = await page.text()
    assert "Il n'y a personne." in text.replace("&#39;", "'")
    assert "<details>" not in text
    for absent in ("1", str(2**63)):
        async with stage.world.browser.get(f"/collections/{absent}") as page:
            assert page.status == 404
