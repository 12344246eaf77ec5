"""Posts as rows: counts that stay true, edits that keep history, deletions that leave nothing but a tombstone."""

from dataclasses import replace

from storage import deliveries, favourites, statuses
from storage.database import Database
from storage.records import Activity, Actor, Favourite, Status
from tests.storage.rows import NOW, Rows, ask, delivery, do, new_number


async def post_count(db: Database, author: Actor) -> int:
    ((number,),) = await Rows(db).read("SELECT statuses_count FROM actors WHERE id = :id", id=author.id)
    return int(number)


async def counts(db: Database, post: Status) -> tuple[int, int, int]:
    """Replies, boosts and favourites of a post."""
    sql = "SELECT replies_count, boosts_count, favourites_count FROM statuses WHERE id = :id"
    ((replies, boosts, liked),) = await Rows(db).read(sql, id=post.id)
    return replies, boosts, liked


async def test_only_what_everybody_may_see_is_counted(db: Database) -> None:
    """A count is read by everybody: it must not tell of posts that they may not see."""
    rows = Rows(db)
    group, author = await rows.group(), await rows.member()
    made = [await rows.status(author, audience) for audience in ("public", "unlisted", "followers", "direct")]
    made.append(await rows.status(author, "group", group_id=group.id))
    assert await post_count(db, author) == 2
    for post in made:
        await rows.delete(post)
    assert await post_count(db, author) == 0


async def test_a_reply_counts_where_all_who_see_the_parent_may_see_it(db: Database) -> None:
    rows = Rows(db)
    group, other, author = await rows.group(), await rows.group(), await rows.member()
    public, inside = await rows.status(author), await rows.status(author, "group", group_id=group.id)

    async def answer(parent: Status, audience: str, group_id: int | None = None) -> Status:
        return await rows.status(author, audience, in_reply_to_id=parent.id, group_id=group_id)

    narrow = [
        await answer(public, "followers"),
        await answer(public, "direct"),
        await answer(public, "group", group.id),
    ]
    narrow += [await answer(inside, "direct"), await answer(inside, "group", other.id)]
    assert (await counts(db, public))[0] == (await counts(db, inside))[0] == 0
    wide = [await answer(public, "public"), await answer(inside, "group", group.id)]
    assert (await counts(db, public))[0] == (await counts(db, inside))[0] == 1
    for reply in (*narrow, *wide):
        await rows.delete(reply)
    assert (await counts(db, public))[0] == (await counts(db, inside))[0] == 0


async def test_an_edit_keeps_what_was_and_moves_nothing(db: Database) -> None:
    """Audience, group, author, thread, parent and date of a post are for ever, whatever the caller passes."""
    rows = Rows(db)
    author, eve, group = await rows.member(), await rows.member(), await rows.group()
    post = await rows.status(author, "followers", content="1", text="1", summary="s")
    other = replace(
        post, content="2", text="2", summary="t", audience="public", group_id=group.id, actor_id=eve.id, thread_id=9,
        in_reply_to_id=8, in_reply_to_uri="x", distributed=0, created_at=1, url="u", uri="v", edited_at=NOW + 5,
    )  # fmt: skip
    await do(db, statuses.update_status, other)
    found = await ask(db, statuses.get_status, post.id)
    assert found == replace(post, content="2", text="2", summary="t", edited_at=NOW + 5)
    (former,) = await ask(db, statuses.list_edits, post.id)
    assert (former.content, former.summary, former.created_at) == ("1", "s", NOW)


async def test_edits_keep_their_order(db: Database) -> None:
    rows = Rows(db)
    post = await rows.status(await rows.member(), content="0")
    for number, moment in enumerate((NOW + 5, NOW + 5, NOW + 6), start=1):
        edited = replace(post, content=str(number), edited_at=moment)
        await do(db, statuses.update_status, edited)
    found = await ask(db, statuses.list_edits, post.id)
    assert [edit.content for edit in found] == ["0", "1", "2"]


async def test_a_deletion_takes_everything_that_hangs_on_a_post(db: Database) -> None:
    """Boosts with their counts, likes, mentions, tags, entries, notifications, what waits to be sent; replies stay."""
    rows = Rows(db)
    author, reader = await rows.member(), await rows.member()
    post = await rows.status(author, "public", reader)
    reply = await rows.status(reader, in_reply_to_id=post.id)
    boost = await rows.status(reader, boost_of_id=post.id)
    like = Favourite(new_number(), reader.id, post.id, "https://a.example/like", NOW)
    await do(db, favourites.insert_favourite, like)
    for one in (post, boost):
        activity = Activity(new_number(), f"{one.uri}#a", author.id, "Create", one.id, b"{}", NOW)
        await do(db, deliveries.insert_activity, activity)
        waiting = delivery(activity.id, author, "b.example")
        await do(db, deliveries.insert_deliveries, [waiting])
    await do(db, statuses.insert_group_activity, status_id=post.id, activity_uri="u", announce_id=1, body=b"secret")
    assert await counts(db, post) == (1, 1, 1)
    assert await post_count(db, reader) == 2
    await rows.delete(post)
    for table in ("favourites", "mentions", "activities", "deliveries", "group_activities"):
        assert await rows.read(f"SELECT count(*) FROM {table}") == [(0,)], table
    assert await rows.read("SELECT id FROM statuses") == [(reply.id,)]
    assert await post_count(db, reader) == 1


async def test_a_tombstone_is_its_authors_and_tells_strangers_of_public_posts_only(db: Database) -> None:
    rows = Rows(db)
    author, group = await rows.member(), await rows.group()
    for audience in ("public", "unlisted", "followers", "direct", "group"):
        post = await rows.status(author, audience, group_id=group.id if audience == "group" else None)
        await do(db, statuses.delete_status, post, actor_uri=author.uri, now=NOW)
        gone = await ask(db, statuses.is_gone, post.uri)
        assert gone is (audience in {"public", "unlisted"}), audience
        assert await ask(db, statuses.is_deleted, post.uri, actor_uri=author.uri)
        assert not await ask(db, statuses.is_deleted, post.uri, actor_uri=group.uri)


async def test_several_may_say_that_a_post_is_gone(db: Database) -> None:
    """Somebody else's word does not take the place of the author's."""
    for actor in ("https://b.example/eve", "https://b.example/ben", "https://b.example/ben"):
        await do(db, statuses.insert_tombstone, uri="u", actor_uri=actor, hidden=True, now=NOW)
    assert await ask(db, statuses.is_deleted, "u", actor_uri="https://b.example/ben")
    assert not await ask(db, statuses.is_gone, "u")


async def test_a_groups_door_finds_a_post_by_either_of_its_names(db: Database) -> None:
    """By the post's uri or its activity's; an edit takes the place of what it edits."""
    rows = Rows(db)
    group = await rows.group()
    post = await rows.status(await rows.member(), "group", group_id=group.id)
    for number in (1, 2):
        await do(
            db,
            statuses.insert_group_activity,
            status_id=post.id,
            activity_uri=f"a{number}",
            announce_id=number,
            body=b"%d" % number,
        )
    for uri, found in ((post.uri, True), ("a2", True), ("a1", False), ("", False)):
        row = await ask(db, statuses.get_group_activity, uri)
        assert (row is not None) is found, uri
        if row is not None:
            assert (row[0].id, row[1], bytes(row[2])) == (post.id, 2, b"2")


async def test_a_key_is_forgotten_with_its_time(db: Database) -> None:
    rows = Rows(db)
    author = await rows.member()
    for key, moment in (("old", NOW), ("new", NOW + 1)):
        await do(db, statuses.insert_idempotent, author.id, key, 7, now=moment)
    await do(db, statuses.delete_idempotent_before, NOW + 1)
    kept = [await ask(db, statuses.get_idempotent, author.id, key, since=0) for key in ("old", "new")]
    assert kept == [None, 7]
