"""Posts from other hosts: whose they are, whom they reach, what an edit or a deletion may do. Private groups: elsewhere."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from federation.resolve import resolve_actor
from federation.wire.objects import MAX_CONTENT
from federation.wire.values import PUBLIC
from policies.terms import Audience
from storage.records import Status
from tests.federation.home import Home
from tests.federation.peer import Document, Peer, Someone

HOUR = 3_600_000


async def stored(home: Home, uri: str) -> Status:
    found = await home.find(uri)
    assert found is not None
    return found


async def test_a_post_must_be_its_senders_own(home: Home, peer: Peer, stranger: Peer) -> None:
    """Author and origin of what is embedded are the sender's, or nothing is stored."""
    await home.rule(peer.host, stranger.host)
    ben, eve, carl = peer.actor("ben"), peer.actor("eve"), stranger.actor("carl")
    await home.know(ben)
    for name, note in {
        "of a colleague": peer.note(ben),
        "of another host": stranger.note(carl),
        "with a colleague as author": peer.note(eve, attributedTo=[ben.uri, eve.uri]),
        "with an id of another host": peer.note(eve, id=f"{stranger.base}/notes/9"),
        "with our id": peer.note(eve, id=home.ctx.origin.object(5)),
        "without author": peer.note(eve, attributedTo=None),
        "without id": peer.note(eve, id=None),
    }.items():
        ended = await home.take(eve, peer.activity("Create", eve, note))
        assert ended.startswith("refused"), name
    assert await home.count("statuses") == 0


async def test_what_is_no_post_is_refused_with_its_reason(home: Home, peer: Peer) -> None:
    ben = peer.actor("ben")
    for note, reason in (
        ({"type": "Tombstone"}, "tombstone"),
        ({"type": "Recipe"}, "type-unsupported"),
        ({"type": ["Recipe", "Note"]}, "type-unsupported"),
        ({"content": "x" * (MAX_CONTENT + 1)}, "too-large"),
        ({"content": "<b a>" * 100}, "too-complex"),
        ({"summary": "x" * 20_000}, "too-large"),
        ({"to": [], "cc": []}, "addressing"),
    ):
        assert (await home.take(ben, peer.create(ben, **note))).startswith(f"refused: {reason}")
    assert await home.count("statuses") == 0


async def test_activities_that_nobody_reads_are_recorded_and_left_alone(home: Home, peer: Peer) -> None:
    ben = peer.actor("ben")
    for kind in ("Travel", "Listen", "Dislike", "Lock", "View", "x" * 5000, "Ä\n"):
        assert (await home.take(ben, peer.activity(kind, ben, peer.note(ben)))).startswith("refused: type-unsupported")
    assert await home.count("statuses") == 0


async def test_each_audience_is_what_its_addressing_says(home: Home, peer: Peer) -> None:
    ben, anna = peer.actor("ben"), await home.member("anna")
    for addressing, audience in (
        ({"to": [PUBLIC]}, Audience.PUBLIC),
        ({"to": ["as:Public"]}, Audience.PUBLIC),
        ({"to": [ben.followers], "cc": [PUBLIC]}, Audience.UNLISTED),
        ({"to": [ben.followers], "cc": []}, Audience.FOLLOWERS),
        ({"to": [anna.uri], "cc": []}, Audience.DIRECT),
        ({"to": anna.uri, "cc": [ben.followers]}, Audience.FOLLOWERS),
    ):
        note = peer.note(ben, **addressing)
        assert await home.take(ben, peer.activity("Create", ben, note)) == "done"
        assert (await stored(home, note["id"])).audience == audience


async def test_the_posts_own_addressing_counts_not_its_wrappers(home: Home, peer: Peer) -> None:
    ben, anna = peer.actor("ben"), await home.member("anna")
    note = peer.note(ben, to=[anna.uri], cc=[])
    assert await home.take(ben, peer.activity("Create", ben, note, to=[PUBLIC])) == "done"
    assert (await stored(home, note["id"])).audience == Audience.DIRECT


async def test_files_are_what_their_types_say(home: Home, peer: Peer) -> None:
    """Four at most; what is none of ours is left out."""
    ben = peer.actor("ben")
    kinds = ("video/mp4", "application/pdf", "audio/ogg", "image/svg+xml", "image/png", "video/quicktime", "image/gif")
    files = [
        {"type": "Document", "mediaType": kind, "url": f"{peer.base}/{n}", "duration": "PT1.5S"}
        for n, kind in enumerate(kinds)
    ]
    note = peer.note(ben, attachment=files)
    assert await home.take(ben, peer.activity("Create", ben, note)) == "done"
    found = await home.rows("SELECT type, mime, details FROM media ORDER BY position")
    assert [tuple(row) for row in found] == [
        (type_, kind, '{"duration":1.5}')
        for type_, kind in (
            ("video", "video/mp4"), ("audio", "audio/ogg"), ("image", "image/png"), ("video", "video/quicktime")
        )
    ]  # fmt: skip


async def test_a_direct_post_for_nobody_here_is_not_kept(home: Home, peer: Peer) -> None:
    """Nor one for a private group that we know nothing of: it would be taken for a direct post to the group."""
    ben, carl = peer.actor("ben"), peer.actor("carl")
    await home.know(carl)
    for note in (
        peer.note(ben, to=[carl.uri], cc=[]),
        peer.note(ben, to=[f"{home.base}/ap/actors/77"], cc=[]),
        peer.group_note(ben, f"{peer.base}/groups/unknown"),
    ):
        assert (await home.take(ben, peer.activity("Create", ben, note))).startswith("refused")
    assert await home.count("statuses") == 0


async def test_a_stranger_may_be_kept_from_writing_directly(home: Home, peer: Peer) -> None:
    """`strangers`: held or refused, unless attested, or asked by somebody here."""
    ben, anna = peer.actor("ben"), await home.member("anna")
    await home.know(ben)
    direct = peer.note(ben, to=[anna.uri], cc=[])
    await home.rule(peer.host, strangers="deny")
    assert await home.take(ben, peer.activity("Create", ben, direct)) == "refused: stranger"
    await home.rule(peer.host, strangers="hold")
    assert await home.take(ben, peer.activity("Create", ben, direct)) == "held: stranger"
    post = await home.publish(anna, f"@ben@{peer.host} ?", Audience.DIRECT)
    answer = peer.note(ben, to=[anna.uri], cc=[], inReplyTo=post.uri)
    assert await home.take(ben, peer.activity("Create", ben, answer)) == "done"
    peer.attest(ben, now=home.clock())
    await home.know(ben)
    again = peer.note(ben, to=[anna.uri], cc=[])
    assert await home.take(ben, peer.activity("Create", ben, again)) == "done"


# --- edits -------------------------------------------------------------------------------------------------------


def edit(peer: Peer, author: Someone, note: Document, **changes: Any) -> Document:
    return peer.activity("Update", author, {**note, **changes})


async def test_an_edit_takes_the_text_and_nothing_else(home: Home, peer: Peer) -> None:
    """CVE-2024-37903: addressing that is wider, mentions of others, another parent or another date change nothing."""
    ben, anna, olga = peer.actor("ben"), await home.member("anna"), await home.member("olga")
    note = peer.note(ben, to=[anna.uri], cc=[])
    await home.take(ben, peer.activity("Create", ben, note))
    before = await stored(home, note["id"])
    wider = edit(
        peer,
        ben,
        note,
        content="<p>changed</p>",
        to=[PUBLIC, olga.uri],
        cc=[ben.followers],
        inReplyTo=f"{peer.base}/x",
        published="2026-11-19T00:00:00Z",
        url=f"{peer.base}/elsewhere",
        tag=[{"type": "Mention", "href": olga.uri, "name": "@olga"}],
    )
    assert await home.take(ben, wider) == "done"
    after = await stored(home, note["id"])
    assert after.content == "<p>changed</p>"
    for name in ("audience", "group_id", "in_reply_to_uri", "created_at", "url", "thread_id", "actor_id"):
        assert getattr(after, name) == getattr(before, name), name
    assert await home.count("mentions", "actor_id = :id", id=olga.id) == 0
    assert await home.count("home_entries", "owner_id = :id", id=olga.id) == 0
    assert await home.count("status_edits") == 1


async def test_an_edit_is_its_authors_and_never_goes_back(home: Home, peer: Peer) -> None:
    ben, eve = peer.actor("ben"), peer.actor("eve")
    note = peer.note(ben)
    await home.take(ben, peer.activity("Create", ben, note))
    assert (await home.take(eve, edit(peer, eve, note, content="<p>eve</p>"))).startswith("refused: actor-mismatch")
    stolen = {**note, "attributedTo": eve.uri}
    assert await home.take(eve, edit(peer, eve, stolen, content="<p>eve</p>")) == "refused: not_author"
    assert await home.take(ben, edit(peer, ben, note, content="<p>2</p>", updated="2026-11-17T12:02:00Z")) == "done"
    for older in ("2026-11-17T12:01:00Z", "2026-11-17T11:00:00Z"):
        late = edit(peer, ben, note, content="<p>1</p>", updated=older)
        assert await home.take(ben, late) == "refused: not newer than what is stored"
    assert (await stored(home, note["id"])).content == "<p>2</p>"
    assert await home.count("status_edits") == 1


async def test_an_edit_that_says_the_same_again_is_no_edit(home: Home, peer: Peer) -> None:
    ben = peer.actor("ben")
    note = peer.note(ben)
    await home.take(ben, peer.activity("Create", ben, note))
    changed = edit(peer, ben, note, content="<p>2</p>", updated="2026-11-17T12:02:00Z")
    assert await home.take(ben, changed) == "done"
    assert (await home.take(ben, {**changed, "id": peer.new_id()})).startswith("refused")
    same_second = edit(peer, ben, note, content="<p>3</p>", updated="2026-11-17T12:02:00Z")
    assert await home.take(ben, same_second) == "done", "others' dates have whole seconds"
    assert await home.count("status_edits") == 2


async def test_an_edit_of_what_is_not_here_stores_nothing(home: Home, peer: Peer) -> None:
    ben = peer.actor("ben")
    assert (await home.take(ben, edit(peer, ben, peer.note(ben)))).startswith("refused: not stored here")
    assert await home.count("statuses") == 0


async def test_an_edit_dated_ahead_does_not_lock_the_post(home: Home, peer: Peer) -> None:
    """A peer's clock may be wrong: what it dates ahead of us counts as of now."""
    ben = peer.actor("ben")
    note = peer.note(ben)
    await home.take(ben, peer.activity("Create", ben, note))
    assert await home.take(ben, edit(peer, ben, note, content="<p>2</p>", updated="2199-01-01T00:00:00Z")) == "done"
    assert await home.take(ben, edit(peer, ben, note, content="<p>3</p>", updated="2199-01-02T00:00:00Z")) == "done"
    found = await stored(home, note["id"])
    assert found.content == "<p>3</p>"
    assert (found.edited_at or 0) <= home.clock()


async def test_dates_of_posts_are_cut_to_what_can_be(home: Home, peer: Peer) -> None:
    ben = peer.actor("ben")
    for published in ("2199-01-01T00:00:00Z", "1950-01-01T00:00:00Z", "yesterday", None, 5, "9999-12-31T23:59:59Z"):
        note = peer.note(ben, published=published)
        assert await home.take(ben, peer.activity("Create", ben, note)) == "done"
        found = await stored(home, note["id"])
        assert found.id > 0
        assert 0 <= found.created_at <= home.clock()


# --- deletions ---------------------------------------------------------------------------------------------------


async def test_a_post_is_deleted_by_its_author_alone(home: Home, peer: Peer, stranger: Peer) -> None:
    await home.rule(peer.host, stranger.host)
    ben, eve, carl, anna = peer.actor("ben"), peer.actor("eve"), stranger.actor("carl"), await home.member("anna")
    note = peer.note(ben)
    await home.take(ben, peer.activity("Create", ben, note))
    ours = await home.publish(anna, "bonjour")
    for uri in (note["id"], ours.uri):
        assert await home.take(eve, peer.activity("Delete", eve, uri)) == "refused: not_author"
        assert (await home.take(carl, stranger.activity("Delete", carl, uri))).startswith("refused")
    await home.take(eve, peer.activity("Delete", eve, ben.uri))
    assert (await home.stored(ben.uri)).disabled_at is None
    assert await home.take(eve, peer.activity("Delete", eve, anna.uri)) == "refused: not_author"
    assert await home.count("statuses") == 2
    tombstone = {"id": note["id"], "type": "Tombstone"}
    assert await home.take(ben, peer.activity("Delete", ben, tombstone)) == "done"
    assert await home.find(note["id"]) is None


async def test_a_post_that_was_deleted_does_not_come_back(home: Home, peer: Peer) -> None:
    """Also when its deletion comes first; an Undo of the deletion brings nothing back either."""
    ben = peer.actor("ben")
    for deleted_first in (False, True):
        note = peer.note(ben)
        create, delete = peer.activity("Create", ben, note), peer.activity("Delete", ben, note["id"])
        for activity in (delete,) if deleted_first else (create, delete):
            assert await home.take(ben, activity) == "done"
        assert (await home.take(ben, {**create, "id": peer.new_id()})).startswith("refused: known or deleted")
        await home.take(ben, peer.activity("Undo", ben, delete))
        assert await home.find(note["id"]) is None


async def test_nobody_can_forbid_anothers_post_or_shield_it_from_deletion(
    home: Home, peer: Peer, stranger: Peer
) -> None:
    """A deletion of what we do not have is remembered for its sender's own posts only."""
    await home.rule(peer.host, stranger.host)
    ben, eve, carl = peer.actor("ben"), peer.actor("eve"), stranger.actor("carl")
    note = peer.note(ben)
    create, delete = peer.activity("Create", ben, note), peer.activity("Delete", ben, note["id"])
    await home.take(eve, peer.activity("Delete", eve, note["id"]))
    await home.take(carl, stranger.activity("Delete", carl, note["id"]))
    await home.take(carl, stranger.activity("Undo", carl, note["id"]))
    assert await home.take(ben, create) == "done"
    assert await home.take(ben, delete) == "done"
    assert (await home.take(ben, {**create, "id": peer.new_id()})).startswith("refused: known or deleted")
    assert await home.find(note["id"]) is None


async def test_a_deletion_names_what_is_deleted(home: Home, peer: Peer) -> None:
    ben = peer.actor("ben")
    nothing: list[Any] = [None, {}, [], 5, {"type": "Tombstone"}]
    for gone in nothing:
        assert (await home.take(ben, peer.activity("Delete", ben, gone))).startswith("refused: shape")


# --- anything ----------------------------------------------------------------------------------------------------

ODD: list[Any] = [
    None, True, 0, -1, 1.5, 2**62, "", "x", "\u202e\u0007", "http://[", "https://a.example:99999/", "x" * 3000,
    [], [[]], [None], {}, {"id": 5}, {"id": []}, [{}], {"type": "Link", "href": {"href": []}}, {"@value": "x"}, {"@id": "x"},
    "&#0;&#55296;<p>&nbsp;",
]  # fmt: skip


def paths(document: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where something stands in a document."""
    below = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    for key, value in below:
        yield (*at, key)
        yield from paths(value, (*at, key))


def changed(document: Document, path: tuple[Any, ...], value: Any) -> Document:
    made = copy.deepcopy(document)
    place: Any = made
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return made


def whole_note(peer: Peer, author: Someone) -> Document:
    """A post with everything that we read."""
    return peer.note(
        author,
        summary="sujet",
        sensitive=True,
        contentMap={"fr": "<p>Bonjour</p>"},
        updated="2026-11-17T12:01:00Z",
        inReplyTo=peer.new_id("notes"),
        url=[{"type": "Link", "mediaType": "text/html", "href": f"{peer.base}/@ben/1"}],
        context=peer.new_id("contexts"),
        audience=peer.new_id("groups"),
        tag=[
            {"type": "Mention", "href": author.uri, "name": "@ben"},
            {"type": "Hashtag", "href": f"{peer.base}/tags/a", "name": "#a"},
            {"type": "Emoji", "name": ":a:", "icon": {"type": "Image", "url": f"{peer.base}/a.png"}},
        ],
        attachment=[
            {"type": "Document", "mediaType": "image/png", "url": f"{peer.base}/a.png", "name": "une image",
             "width": 3, "height": 4, "focalPoint": [0.5, 0.5], "blurhash": "UBL_:rOpGG-oBUNG"},
        ],
    )  # fmt: skip


async def test_no_value_at_no_place_of_an_activity_troubles_us(
    home: Home, peer: Peer, caplog: pytest.LogCaptureFixture
) -> None:
    """Each field of a Create, of an Update and of a boost, in turn, holds what it should not: applied or refused."""
    ben = peer.actor("ben")
    await home.know(ben)
    first, number = whole_note(peer, ben), 0
    await home.take(ben, peer.activity("Create", ben, first))
    for kind, note in (("Create", whole_note(peer, ben)), ("Update", first), ("Announce", first)):
        activity = peer.activity(kind, ben, note, published="2026-11-17T12:00:00Z", to=[PUBLIC], epoch=4)
        for path in paths(activity):
            if path[0] not in {"actor", "@context"} and (kind == "Create" or len(path) < 3):
                for _ in range(3 if home.db.dialect == "sqlite" else 1):
                    number += 5
                    await home.put(ben, changed(activity, path, ODD[number % len(ODD)]))
    ended = await home.process()
    assert len(ended) == number // 5 > 100
    assert "could not be applied" not in caplog.text
    assert {end.partition(":")[0] for end in ended} == {"done", "refused"}


async def test_no_value_at_no_place_of_an_actor_troubles_us(home: Home, peer: Peer) -> None:
    """Each field of an actor, in turn: known, or not known."""
    ben = peer.actor(
        "ben", summary="<p>a</p>", url=f"{peer.base}/@ben", published="2026-01-01T00:00:00Z",
        icon={"type": "Image", "url": f"{peer.base}/a.png"}, accessType="closed", webfinger=f"ben@{peer.host}",
        attachment=[{"type": "PropertyValue", "name": "a", "value": "b"}], groupPolicy={"reach": ["a.example"], "epoch": 1},
    )  # fmt: skip
    whole = copy.deepcopy(ben.document)
    for number, path in enumerate(paths(whole)):
        for value in (ODD[number % len(ODD)], ODD[-number % len(ODD)]):
            ben.document.clear()
            ben.document.update(changed(whole, path, value))
            await resolve_actor(home.ctx, ben.uri, refresh=True)
