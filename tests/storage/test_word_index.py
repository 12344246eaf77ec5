"""Both engines find the same posts by the same words, and none that is gone or says something else now."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage import actors, statuses
from storage.database import Database, Reader
from storage.pages import Page
from storage.records import Actor
from storage.search import Search, Within, list_found
from storage.word_index import every_phrase, matching, some_phrase
from storage.words import list_words
from tests.storage.rows import NOW, Rows, actor, ask, do, status


async def written(db: Database, *texts: str) -> tuple[Actor, list[int]]:
    author = actor(indexable=1)
    await do(db, actors.insert_actor, author)
    posts = [status(author, content=f"<p>{text}</p>") for text in texts]
    for post in posts:
        await do(db, statuses.insert_status, post)
    return author, [post.id for post in posts]


async def found(db: Database, *phrases: str, without: tuple[str, ...] = ()) -> list[int]:
    search = Search(
        phrases=tuple(tuple(list_words(one)) for one in phrases),
        without=tuple(tuple(list_words(one)) for one in without),
    )
    return [post.id for post in await ask(db, list_found, search, Page(), viewer=0, now=NOW)]


async def test_all_words_and_phrases_and_none_of_those_excluded(db: Database) -> None:
    _, (first, second, third) = await written(
        db, "Douleur thoracique, ECG normal", "ECG thoracique : douleurs au cœur", "Angines à répétition"
    )
    assert await found(db, "ecg") == [second, first]
    assert await found(db, "ecg", "coeur") == [second]
    assert await found(db, "douleur thoracique") == [first]
    assert await found(db, "ecg", without=("coeurs",)) == [first]
    assert await found(db, without=("ecg", "rien")) == [third]
    assert await found(db, "ANGINE") == [third]
    assert await found(db, "ecg", "angine") == []


async def test_an_edit_and_a_deletion_take_the_former_words_away(db: Database) -> None:
    author, (post_id, other) = await written(db, "Pneumonie", "Asthme")
    post = await ask(db, statuses.get_status, post_id)
    assert post is not None
    edited = replace(post, content="<p>Bronchite</p>", summary="toux", edited_at=NOW + 1)
    await do(db, statuses.update_status, edited)
    assert (await found(db, "pneumonie"), await found(db, "bronchite", "toux")) == ([], [post_id])
    await do(db, statuses.delete_status, edited, actor_uri=author.uri, now=NOW)
    assert await found(db, "bronchite") == []

    assert await Rows(db).read("SELECT count(*) FROM status_words") == [(1,)]  # the other's
    assert await found(db, "asthme") == [other]


async def test_when_an_author_goes_their_words_go(db: Database) -> None:
    author, _ = await written(db, "Pneumonie")
    await db.transact(lambda tx: tx.execute("DELETE FROM actors WHERE id = :id", id=author.id))
    assert await Rows(db).read("SELECT count(*) FROM status_words") == [(0,)]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(min_size=1, max_size=30), min_size=1, max_size=3))
async def test_no_text_breaks_a_question(db: Database, texts: list[str]) -> None:
    phrases = [tuple(words) for text in texts if (words := list_words(text))]

    async def unit(tx: Reader) -> None:
        for question in (every_phrase, some_phrase):
            await tx.rows(
                f"SELECT count(*) FROM statuses WHERE id IN ({matching(tx, 'asked')})", asked=question(tx, phrases)
            )

    if phrases:
        await db.read(unit)


@pytest.mark.parametrize("within", Within)
async def test_strangers_find_only_those_who_agreed(db: Database, within: Within) -> None:
    author, (post,) = await written(db, "Pneumonie")
    search = Search(phrases=(tuple(list_words("pneumonie")),), within=within)
    shown = [one.id for one in await ask(db, list_found, search, Page(), viewer=0, now=NOW)]
    assert shown == ([] if within is Within.LIBRARY else [post])
    await db.transact(lambda tx: actors.update_actor(tx, author.id, indexable=0))
    assert await ask(db, list_found, search, Page(), viewer=0, now=NOW) == []
