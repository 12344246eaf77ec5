"""What other servers are given: Mastodon's shapes, and nothing that a group-only post must not carry."""

from dataclasses import replace
from typing import Any

import pytest

from federation.wire import render
from federation.wire.actors import parse_actor
from federation.wire.addressing import audience_of
from federation.wire.dates import render_datetime
from federation.wire.jsonld import plain
from federation.wire.keys import generate_ed25519, generate_rsa
from federation.wire.objects import Emoji, RemotePoll, parse_emojis, parse_note
from federation.wire.quotes import CanQuote, RemoteQuote
from federation.wire.values import PUBLIC
from policies.quoting import CHOICES
from policies.terms import GROUP_ONLY, Audience
from storage.records import Actor, Attestation, Group, Media, Poll, PublicGroup, Status, as_json

NOW = 1_795_000_000_123
BASE = "https://chu-a.example"
HOME = render.Home(f"{BASE}/ap/actor", f"{BASE}/ap/inbox", "chu-a.example")


def actor(name: str, kind: str = "Person", number: int = 7) -> Actor:
    uri = f"{BASE}/ap/actors/{number}"
    return Actor(
        id=number, uri=uri, host="", type=kind, username=name, handle_host="", name="", summary="", url=f"{BASE}/@{name}",
        avatar=None, header=None, fields="[]", emojis="[]", capabilities=as_json([GROUP_ONLY]), inbox=f"{uri}/inbox",
        shared_inbox=None, outbox=f"{uri}/outbox", followers=f"{uri}/followers", following=f"{uri}/following",
        credential=None, locked=0, discoverable=0, indexable=0, followers_count=0, following_count=0, statuses_count=0,
        last_status_at=None, created_at=NOW, updated_at=NOW, fetched_at=None, disabled_at=None, host_suspended=0,
    )  # fmt: skip


ANNA, BEN, GROUP = actor("anna"), actor("ben", number=8), actor("cardiologie", "Group", 9)
RSA = generate_rsa(f"{ANNA.uri}#main-key", ANNA.uri).public
ED25519 = generate_ed25519(f"{ANNA.uri}#ed25519-key", ANNA.uri).public


def post(audience: Audience, **changes: Any) -> Status:
    made = Status(
        id=1, uri=f"{BASE}/ap/objects/1", actor_id=7, audience=audience, group_id=None, distributed=1, boost_of_id=None,
        in_reply_to_id=None, in_reply_to_actor_id=None, in_reply_to_uri=None, thread_id=1, content="<p>Bonjour</p>",
        text="Bonjour", summary="", sensitive=0, language=None, url=f"{BASE}/@anna/1", replies_count=0, boosts_count=0,
        favourites_count=0, app_id=None, emojis="[]", created_at=NOW, edited_at=None,
    )  # fmt: skip
    return replace(made, **changes)


def picture() -> tuple[Media, str]:
    media = Media(
        id=3, actor_id=7, status_id=1, position=0, type="image", mime="image/png", file="x.png", preview=None,
        remote_url=None, description="un ECG", blurhash="LEHV6nWB2yk8pyo0adR*", width=20, height=10, preview_width=None,
        preview_height=None, focus_x=0.5, focus_y=-0.5, created_at=NOW,
    )  # fmt: skip
    return media, f"{BASE}/media/3"


@pytest.mark.parametrize("audience", [Audience.PUBLIC, Audience.UNLISTED, Audience.FOLLOWERS, Audience.DIRECT])
def test_what_is_addressed_is_read_back_as_the_same_audience(audience: Audience) -> None:
    note = render.render_note(post(audience), render.NoteParts(ANNA, mentions=[BEN], silent=[f"{BASE}/ap/actors/5"]))
    found = audience_of(parse_note(note), ANNA.followers, {})
    assert found.audience is audience
    assert set(found.recipients) == {BEN.uri, f"{BASE}/ap/actors/5"}


def test_who_moved_says_what_they_were_called_and_who_they_are_now() -> None:
    before, after = "https://chu-b.example/ap/actors/3", "https://chu-c.example/ap/actors/4"
    assert render.render_identity([], None) == {}
    assert render.render_identity([before], None) == {"alsoKnownAs": [before]}
    assert render.render_identity([before], after) == {"alsoKnownAs": [before], "movedTo": after}


def test_a_group_only_post_addresses_its_group_alone_and_shows_no_picture() -> None:
    parts = render.NoteParts(ANNA, mentions=[BEN], media=[picture()], group=GROUP)
    note = render.render_note(post(Audience.GROUP), parts)
    assert (note["to"], note["cc"], note["audience"]) == ([GROUP.uri, GROUP.followers], [], GROUP.uri)
    assert [one["href"] for one in note["tag"]] == [GROUP.uri, BEN.uri]
    assert "blurhash" not in note["attachment"][0]
    assert PUBLIC not in str(note)
    with pytest.raises(LookupError):
        render.render_note(post(Audience.GROUP), render.NoteParts(ANNA))


def test_everything_a_note_has_is_read_back() -> None:
    status = post(
        Audience.PUBLIC,
        summary="cas",
        sensitive=1,
        language="fr",
        edited_at=NOW + 5,
        in_reply_to_uri=f"{BASE}/ap/objects/0",
    )
    parts = render.NoteParts(ANNA, mentions=[BEN], tags=["cardio"], media=[picture()])
    document = render.with_context(render.render_note(status, parts))
    note = parse_note(document)
    assert (note.summary, note.sensitive, note.language, note.in_reply_to) == (
        "cas",
        True,
        "fr",
        f"{BASE}/ap/objects/0",
    )
    assert (note.published, note.updated) == (NOW, NOW + 5)
    assert note.hashtags == ("cardio",)
    assert [(one.name, one.focal, one.blurhash) for one in note.attachments] == [
        ("un ECG", (0.5, -0.5), "LEHV6nWB2yk8pyo0adR*")
    ]
    assert document["@context"][0] == render.AS2


def test_custom_emoji_are_read_back_from_posts_and_people() -> None:
    stored = f'[["stethoscope", "{BASE}/media/custom_emojis/1/a.webp"]]'
    expected = (Emoji("stethoscope", f"{BASE}/media/custom_emojis/1/a.webp"),)
    document = render.render_note(post(Audience.PUBLIC, emojis=stored), render.NoteParts(ANNA))
    assert parse_note(document).emojis == expected
    assert document["tag"][0]["id"] == f"{BASE}/ap/emojis/stethoscope"
    actor = render.render_actor(replace(ANNA, emojis=stored), [], HOME)
    assert parse_emojis(actor) == expected


def test_a_quote_is_read_back_with_its_stamp_and_who_may_quote() -> None:
    quoted, stamp = "https://chu-b.example/notes/1", "https://chu-b.example/stamps/1"
    parts = render.NoteParts(ANNA, quote=(quoted, stamp), policy=CHOICES["public"])
    document = render.with_context(render.render_note(post(Audience.PUBLIC), parts))
    assert plain(document) is document, "peers need no JSON-LD to read it"
    note = parse_note(document)
    assert note.quote == RemoteQuote(quoted, stamp)
    assert note.can_quote == CanQuote((PUBLIC,))


def test_a_recording_says_how_long_it_is() -> None:
    image, address = picture()
    film = replace(image, type="video", mime="video/mp4", details='{"duration": 2.5, "audio": "aac"}')
    note = render.render_note(post(Audience.PUBLIC), render.NoteParts(ANNA, media=[(image, address), (film, address)]))
    assert [one.get("duration") for one in note["attachment"]] == [None, "PT2.500S"]
    assert [(one.media_type, one.duration) for one in parse_note(note).attachments] == [
        ("image/png", None),
        ("video/mp4", 2.5),
    ]


def test_a_stub_tells_keys_and_inbox_and_no_name() -> None:
    stub = render.render_stub(replace(ANNA, name="Anna Almeida"), [RSA, ED25519], HOME)
    assert "Anna Almeida" not in str(stub)
    assert set(stub) == {
        "@context", "id", "type", "preferredUsername", "inbox", "endpoints", "generator", "publicKey", "assertionMethod",
    }  # fmt: skip


def test_an_actor_is_read_back_with_keys_capability_credential_and_pictures() -> None:
    attestation = Attestation(
        7, f"{BASE}/ap/credentials/x", HOME.instance_actor, 3, "physician", "[]", "", "", 1, NOW, None, 1
    )
    person = replace(ANNA, name="Anna", avatar="a" * 64, fields=as_json([["Service", "Cardiologie"]]))
    portraits = {"icon": f"{BASE}/a.webp", "image": f"{BASE}/h.webp"}
    document = render.render_actor(
        person, [RSA, ED25519], HOME, attestation=attestation, profession="Physician", portraits=portraits
    )
    found = parse_actor(document)
    assert {key.id for key in found.keys} == {RSA.id, ED25519.id}
    assert GROUP_ONLY in found.implements
    assert found.credential == attestation.uri
    assert (found.icon, found.image, found.name) == (f"{BASE}/a.webp", f"{BASE}/h.webp", "Anna")
    assert [field.name for field in found.fields] == ["Service", "Profession"]
    assert document["image"]["mediaType"] == "image/webp"
    assert "a" * 64 not in str(document)
    assert "icon" not in render.render_actor(person, [], HOME)


def test_only_a_members_host_is_told_a_groups_epoch_and_reach() -> None:
    group = Group(9, 1, "request", "members", '["chu-b.example"]', 1, 24, 5, 0, NOW)
    told = render.render_actor(GROUP, [], HOME, group=group, policy=render.GroupPolicy(5, ["chu-b.example"]))
    found = parse_actor(told)
    assert found.access_type == "closed"
    assert found.group_policy is not None
    assert (found.group_policy.epoch, found.group_policy.reach) == (5, ("chu-b.example",))
    assert "groupPolicy" not in render.render_actor(GROUP, [], HOME, group=group)
    assert told["publicKey"] is None


def test_a_public_group_is_a_community_that_lemmy_reads() -> None:
    """Its moderators are listed, and it is not said to approve its followers: such a one is private to Lemmy 1.0."""
    locked = replace(GROUP, locked=1)
    told = render.render_actor(locked, [], HOME, group=PublicGroup(9, "request", "moderators", NOW))
    assert parse_actor(told).access_type is None
    assert told["attributedTo"] == told["moderators"] == f"{GROUP.uri}/moderators"
    assert told["featured"] == f"{GROUP.uri}/featured"
    assert (told["postingRestrictedToMods"], told["manuallyApprovesFollowers"]) == (True, False)


@pytest.mark.parametrize("audience", [Audience.PUBLIC, Audience.UNLISTED])
def test_a_post_says_in_which_public_group_it_is(audience: Audience) -> None:
    parts = render.NoteParts(ANNA, mentions=[GROUP], public_group=GROUP)
    note = render.render_note(post(audience), parts)
    assert note["audience"] == GROUP.uri
    assert GROUP.uri in note["cc"]


@pytest.mark.parametrize("audience", [Audience.FOLLOWERS, Audience.DIRECT])
def test_a_post_for_fewer_is_in_no_public_group(audience: Audience) -> None:
    assert "audience" not in render.render_note(post(audience), render.NoteParts(ANNA, public_group=GROUP))


def test_activities_leave_out_what_is_not_said() -> None:
    made = render.render_activity("https://x/1", "Follow", ANNA.uri, BEN.uri, now=NOW, epoch=None, to=[BEN.uri])
    assert "epoch" not in made
    assert made["to"] == [BEN.uri]
    about_post = render.render_activity("https://x/2", "Create", ANNA.uri, {"type": "Note"}, now=NOW)
    assert about_post["@context"] == render.ACTIVITY_CONTEXT
    assert made["@context"] == render.CONTROL_CONTEXT


def test_a_short_collection_is_given_whole() -> None:
    collection = render.render_items("https://x/c", ["a", "b"])
    assert (collection["type"], collection["totalItems"], collection["orderedItems"]) == (
        "OrderedCollection",
        2,
        ["a", "b"],
    )


def test_tombstones_and_collections() -> None:
    assert render.render_tombstone("https://x/1") == {"id": "https://x/1", "type": "Tombstone"}
    assert render.render_tombstone("https://x/1", NOW)["deleted"] == render_datetime(NOW)
    assert "totalItems" not in render.render_collection("https://x/c", total=None)
    assert render.render_collection("https://x/c", total=0, first="https://x/c?page")["totalItems"] == 0
    page = render.render_page("https://x/c?page", "https://x/c", ["a"], following="https://x/c?page=2")
    assert (page["orderedItems"], page["next"]) == (["a"], "https://x/c?page=2")
    assert "next" not in render.render_page("https://x/c?page", "https://x/c", [], following=None)


def a_poll(**changes: Any) -> Poll:
    made = Poll(
        id=5, status_id=1, options='["Oui","Non"]', tallies="[2,1]", voters=3, multiple=0, hide_totals=0, expires_at=NOW,
        ended=0, changed_at=NOW, told_at=NOW,
    )  # fmt: skip
    return replace(made, **changes)


@pytest.mark.parametrize(("multiple", "ended"), [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_a_poll_is_read_back(multiple: int, ended: int) -> None:
    parts = render.NoteParts(ANNA, poll=a_poll(multiple=multiple, ended=ended))
    found = parse_note(render.render_note(post(Audience.PUBLIC), parts)).poll
    assert found == RemotePoll(
        ("Oui", "Non"), (2, 1), multiple=bool(multiple), voters=3, expires_at=NOW, closed=bool(ended)
    )


def test_hidden_counts_are_told_at_the_end_only() -> None:
    hidden = a_poll(hide_totals=1, expires_at=None)
    document = render.render_note(post(Audience.PUBLIC), render.NoteParts(ANNA, poll=hidden))
    assert "endTime" not in document
    open_, over = [
        parse_note(render.render_note(post(Audience.PUBLIC), render.NoteParts(ANNA, poll=one))).poll
        for one in (hidden, a_poll(hide_totals=1, ended=1))
    ]
    assert open_ is not None
    assert over is not None
    assert (open_.tallies, over.tallies) == ((0, 0), (2, 1))


def test_a_vote_is_read_back_and_says_nothing_else() -> None:
    vote = parse_note(render.render_vote(f"{BASE}/v", ANNA.uri, "Oui", "https://b.example/q", BEN.uri))
    assert vote.is_vote
    assert (vote.name, vote.in_reply_to, vote.to, vote.cc) == ("Oui", "https://b.example/q", (BEN.uri,), ())


def test_who_is_suspended_says_so_and_nothing_else() -> None:
    assert "suspended" not in render.render_stub(ANNA, [RSA, ED25519], HOME)
    for who, said in (("here", True), ("erasing", None)):
        stub = render.render_stub(replace(ANNA, disabled_by=who), [RSA, ED25519], HOME)
        assert stub.get("suspended") is said
        assert parse_actor(stub).suspended is bool(said)
