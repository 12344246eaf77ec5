"""Lists that members make of people: who may be in one, what it shows, and that it is nobody else's."""

import pytest

from policies.terms import Audience
from storage import follows
from storage.database import Transaction
from storage.lists import MOST_LISTS
from storage.members import Person
from storage.records import Actor
from tests.web.api_world import World
from tests.web.entity_checker import EntityChecker
from tests.web.streams import socket, tell

NOT_FOUND = (404, {"error": "Record not found"})


async def make(world: World, owner: Person, *people: Actor, **manner: object) -> str:
    """A list with people whom its owner follows from now on."""
    made = await world.post("/api/v1/lists", owner, json={"title": "Collègues", **manner})
    assert made.status == 200
    for person in people:
        await world.follow(owner.actor, person)
    added = await world.post(
        f"/api/v1/lists/{made.body['id']}/accounts", owner, json={"account_ids": [str(one.id) for one in people]}
    )
    assert (added.status, added.body) == (200, {})
    return str(made.body["id"])


async def shown(world: World, owner: Person, path: str) -> list[int]:
    answer = await world.get(f"/api/v1/timelines/{path}", owner)
    assert answer.status == 200
    return [int(one["id"]) for one in answer.body]


async def test_a_list_is_made_changed_and_deleted(world: World, checker: EntityChecker) -> None:
    anna = await world.person("anna")
    group = await world.group("cardiologie", [anna])
    made = await world.post("/api/v1/lists", anna, data={"title": "Collègues", "replies_policy": "none"})
    checker.check("List", made.body)
    assert (made.body["title"], made.body["replies_policy"], made.body["exclusive"]) == ("Collègues", "none", False)
    path = f"/api/v1/lists/{made.body['id']}"
    changed = await world.call("PUT", path, anna, json={"title": "Amis", "exclusive": True})
    assert changed.body == {**made.body, "title": "Amis", "exclusive": True}
    assert (await world.get(path, anna)).body == changed.body
    assert [one["id"] for one in (await world.get("/api/v1/lists", anna)).body] == [str(group.id), made.body["id"]]
    gone = await world.call("DELETE", path, anna)
    assert (gone.status, gone.body) == (200, {})
    answer = await world.get(path, anna)
    assert (answer.status, answer.body) == NOT_FOUND


@pytest.mark.parametrize("wrong", [{"title": " "}, {"replies_policy": "all"}, {"title": "x" * 257}, {"exclusive": "?"}])
async def test_what_a_list_cannot_be(world: World, wrong: dict[str, str]) -> None:
    anna = await world.person("anna")
    list_id = await make(world, anna)
    assert (await world.post("/api/v1/lists", anna, json={"title": "a", **wrong})).status == 422
    assert (await world.call("PUT", f"/api/v1/lists/{list_id}", anna, json=wrong)).status == 422
    assert (await world.get(f"/api/v1/lists/{list_id}", anna)).body["title"] == "Collègues"


async def test_there_are_only_so_many_lists(world: World) -> None:
    anna = await world.person("anna")
    for _ in range(MOST_LISTS):
        await make(world, anna)
    assert (await world.post("/api/v1/lists", anna, json={"title": "a"})).status == 422


async def test_a_list_is_its_owners_alone(world: World) -> None:
    anna, ben, carl = [await world.person(name) for name in ("anna", "ben", "carl")]
    list_id = await make(world, anna, carl.actor)
    await world.follow(ben.actor, carl.actor)
    assert (await world.get("/api/v1/lists", ben)).body == []
    assert (await world.get(f"/api/v1/accounts/{carl.actor.id}/lists", ben)).body == []
    path, people = f"/api/v1/lists/{list_id}", {"account_ids": [str(carl.actor.id)]}
    answers = [
        await world.get(path, ben),
        await world.get(f"{path}/accounts", ben),
        await world.get(f"/api/v1/timelines/list/{list_id}", ben),
        await world.call("PUT", path, ben, json={"title": "a"}),
        await world.call("DELETE", path, ben),
        await world.post(f"{path}/accounts", ben, json=people),
        await world.call("DELETE", f"{path}/accounts", ben, json=people),
    ]
    assert [(one.status, one.body) for one in answers] == [NOT_FOUND] * len(answers)
    assert len((await world.get(f"{path}/accounts", anna)).body) == 1


async def test_a_groups_list_is_read_only(world: World) -> None:
    anna = await world.person("anna")
    group = await world.group("cardiologie", [anna])
    path = f"/api/v1/lists/{group.id}"
    for method, where in (("PUT", ""), ("DELETE", ""), ("POST", "/accounts"), ("DELETE", "/accounts")):
        answer = await world.call(method, path + where, anna, json={"title": "a"})
        assert answer.status == 422
        assert "private group" in answer.body["error"]


async def test_only_whom_one_follows_is_in_a_list(world: World, checker: EntityChecker) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    eva = await world.stranger("eva")
    hidden = await world.group("secret", [ben], listed=False)
    list_id = await make(world, anna, eva)
    path = f"/api/v1/lists/{list_id}/accounts"
    for ids, status in (([ben.actor.id], 422), ([12345], 404), ([hidden.id], 404), ([eva.id], 422)):
        answer = await world.post(path, anna, json={"account_ids": [str(one) for one in ids]})
        assert answer.status == status
    await world.follow(anna.actor, ben.actor, state="pending")
    assert (await world.post(path, anna, data={"account_ids[]": str(ben.actor.id)})).status == 200
    page = await world.get(f"{path}?limit=1", anna)
    checker.check_all("Account", page.body)
    assert [one["username"] for one in page.body] == ["ben"]
    assert [one["username"] for one in (await world.get(page.next_url or "", anna)).body] == ["eva"]
    assert len((await world.get(f"{path}?limit=0", anna)).body) == 2
    within = await world.get(f"/api/v1/accounts/{eva.id}/lists", anna)
    checker.check_all("List", within.body)
    assert [one["id"] for one in within.body] == [list_id]
    assert (await world.get(f"/api/v1/accounts/{hidden.id}/lists", anna)).status == 404
    assert (await world.call("DELETE", f"{path}?account_ids[]={eva.id}", anna)).status == 200
    assert [one["username"] for one in (await world.get(path, anna)).body] == ["ben"]


async def test_who_is_not_followed_any_more_leaves_the_lists(world: World) -> None:
    anna, ben, carl = [await world.person(name) for name in ("anna", "ben", "carl")]
    list_id, others = await make(world, anna), await make(world, carl, ben.actor)
    follow = await world.follow(anna.actor, ben.actor)
    await world.post(f"/api/v1/lists/{list_id}/accounts", anna, json={"account_ids": [ben.actor.id]})

    async def unit(tx: Transaction) -> None:
        await follows.delete_follow(tx, follow)

    await world.write(unit)
    assert (await world.get(f"/api/v1/lists/{list_id}/accounts", anna)).body == []
    assert len((await world.get(f"/api/v1/lists/{others}/accounts", carl)).body) == 1


async def test_a_list_shows_what_its_people_wrote_and_the_owner_may_see(world: World) -> None:
    anna, ben, carl = [await world.person(name) for name in ("anna", "ben", "carl")]
    group = await world.group("cardiologie", [anna, ben])
    list_id = await make(world, anna, ben.actor)
    homes = [anna.actor]
    posts = [await world.status(ben.actor, audience=one, homes=homes) for one in (Audience.PUBLIC, Audience.FOLLOWERS)]
    boost = await world.boost(ben.actor, await world.status(carl.actor), homes=homes)
    await world.status(carl.actor, homes=homes)
    await world.status(ben.actor, homes=homes, group=group)
    await world.status(ben.actor, homes=homes, audience=Audience.DIRECT, mentions=homes)
    await world.status(ben.actor)  # was not delivered
    assert await shown(world, anna, f"list/{list_id}") == [boost.id, posts[1].id, posts[0].id]
    assert await shown(world, anna, f"list/{list_id}?limit=1&max_id={boost.id}") == [posts[1].id]
    assert await shown(world, anna, f"list/{list_id}?min_id={posts[0].id}&limit=1") == [posts[1].id]


async def test_what_may_not_be_seen_any_more_is_in_no_list(world: World) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    list_id = await make(world, anna, ben.actor)
    await world.status(ben.actor, audience=Audience.FOLLOWERS, homes=[anna.actor])
    await world.write(
        lambda tx: tx.execute("UPDATE follows SET state = 'pending' WHERE followee_id = :id", id=ben.actor.id)
    )
    assert await shown(world, anna, f"list/{list_id}") == []


@pytest.mark.parametrize(("policy", "seen"), [("none", 2), ("list", 3), ("followed", 4)])
async def test_a_list_shows_the_answers_that_its_owner_wants(world: World, policy: str, seen: int) -> None:
    anna, ben, carl, dora, eva = [await world.person(name) for name in ("anna", "ben", "carl", "dora", "eva")]
    list_id = await make(world, anna, ben.actor, carl.actor, replies_policy=policy)
    await world.follow(anna.actor, dora.actor)
    posts = []
    for answered in (anna, ben, carl, dora, eva):  # oneself, the author, in the list, followed, a stranger
        post = await world.status(answered.actor)
        posts.append((await world.status(ben.actor, reply_to=post, homes=[anna.actor])).id)
    assert await shown(world, anna, f"list/{list_id}") == posts[:seen][::-1]
    assert len(await shown(world, anna, "home")) == len(posts)


async def test_a_list_does_not_tell_who_wrote_what_is_hidden(world: World) -> None:
    """Otherwise whoever puts people into lists one by one learns who was answered."""
    anna, ben, carl = [await world.person(name) for name in ("anna", "ben", "carl")]
    group = await world.group("cardiologie", [ben, carl])
    secret = await world.status(carl.actor, group=group)
    list_id = await make(world, anna, ben.actor, carl.actor)
    await world.status(ben.actor, reply_to=secret, homes=[anna.actor])
    assert await shown(world, anna, f"list/{list_id}") == []


async def test_an_exclusive_list_leaves_the_home_timeline(world: World) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    group = await world.group("cardiologie", [anna, ben])
    list_id = await make(world, anna, ben.actor, anna.actor)
    homes = [anna.actor]
    post, own = await world.status(ben.actor, homes=homes), await world.status(anna.actor, homes=homes)
    inside = await world.status(ben.actor, homes=homes, group=group)
    assert await shown(world, anna, "home") == [inside.id, own.id, post.id]
    await world.call("PUT", f"/api/v1/lists/{list_id}", anna, json={"exclusive": True})
    assert await shown(world, anna, "home") == [inside.id, own.id]
    assert await shown(world, anna, f"list/{list_id}") == [own.id, post.id]


async def test_streams_tell_lists_and_keep_exclusive_ones_from_home(world: World) -> None:
    anna, ben, carl = [await world.person(name) for name in ("anna", "ben", "carl")]
    near, far = await make(world, anna, ben.actor), await make(world, anna)
    async with socket(world, anna) as one:
        for list_id in (near, far, await make(world, carl, ben.actor)):
            await one.ask(type="subscribe", stream="list", list=list_id)
        assert (await one.frame())["status"] == 404
        post = await world.status(ben.actor, homes=[anna.actor])
        told = [await one.event() for _ in range(2)]
        assert sorted(stream for stream, _, _ in told) == [["list", near], ["user"]]
        assert {payload["id"] for _, _, payload in told} == {str(post.id)}
        await world.call("PUT", f"/api/v1/lists/{near}", anna, json={"exclusive": True})
        await tell(world, anna, "status.update", post.id)
        assert (await one.event())[:2] == (["list", near], "status.update")
        other = await world.status(carl.actor, homes=[anna.actor])
        stream, _, payload = await one.event()
        assert (stream, payload["id"]) == (["user"], str(other.id))
