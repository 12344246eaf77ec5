"""Records to entities: the forms that clients parse, the badge that nobody can forge, ids that stay hidden."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.local_actors import new_actor
from policies.terms import Audience, Level
from storage.marks import Marks
from storage.records import Actor, Attestation, Media, Member, Status, StatusEdit, as_json
from storage.relations import Relation
from storage.views import Named, People, Posts
from tests.web.api_world import RULES, YEAR
from tests.web.entity_checker import EntityChecker
from tests.web.people import NOW, ORIGIN
from web import render
from web.links import Links, Pass
from web.render import Frame, Renderer

FRAME = Frame(ORIGIN, Links(ORIGIN, b"key", NOW, Pass(1, 2)), NOW, viewer=1, locale="en")
ANNA = replace(new_actor(ORIGIN, 100, "Person", "anna", "Dr Anna", NOW), id=1, summary="<p>Bonjour</p>")
EVA = replace(ANNA, id=2, uri="https://b.example/users/eva", host="b.example", handle_host="b.example", username="eva")
ATTESTED = Attestation(
    actor_id=1,
    uri="https://chu-a.example/ap/credentials/x",
    issuer=ORIGIN.instance_actor,
    level=Level.CHECKED,
    profession="physician",
    specialties='["cardiology"]',
    jurisdiction="FR",
    register="",
    checked_at=NOW,
    valid_until=NOW + YEAR,
    revoked_at=None,
    fetched_at=NOW,
)
POST = Status(
    id=10,
    uri="https://chu-a.example/ap/objects/10",
    actor_id=1,
    audience=Audience.PUBLIC,
    group_id=None,
    distributed=1,
    boost_of_id=None,
    in_reply_to_id=None,
    in_reply_to_actor_id=None,
    in_reply_to_uri=None,
    thread_id=10,
    content="<p>Un cas</p>",
    text="Un cas",
    summary="",
    sensitive=0,
    language="fr",
    url="https://chu-a.example/@anna/10",
    replies_count=1,
    boosts_count=2,
    favourites_count=3,
    app_id=None,
    emojis="[]",
    created_at=NOW,
    edited_at=None,
)


def people(*attestations: Attestation, actors: tuple[Actor, ...] = (ANNA, EVA)) -> People:
    return People({actor.id: actor for actor in actors}, {one.actor_id: one for one in attestations}, RULES, "en")


def test_moments_have_three_decimals_and_z() -> None:
    assert render.moment(1_795_000_000_007) == "2026-11-18T11:06:40.007Z"
    assert render.moment(0) == "1970-01-01T00:00:00.000Z"


@given(st.integers(min_value=0, max_value=4_102_444_800_000))
def test_a_moment_never_loses_a_millisecond(milliseconds: int) -> None:
    assert render.moment(milliseconds).endswith(f".{milliseconds % 1000:03d}Z")


def test_the_badge_stands_in_three_places(checker: EntityChecker) -> None:
    shown = render.account(ANNA, people(ATTESTED), FRAME)
    checker.check("Account", shown)
    assert shown["display_name"] == "Dr Anna :verified_clinician:"
    assert [emoji["shortcode"] for emoji in shown["emojis"]] == ["verified_clinician"]
    assert shown["roles"] == [{"id": "verified_clinician", "name": "Verified clinician", "color": ""}]
    assert shown["fields"][0] == {
        "name": "Profession",
        "value": '<a href="https://chu-a.example/@anna" rel="nofollow noopener" target="_blank" translate="no">'
        "Physician, Cardiology</a>",
        "verified_at": render.moment(NOW),
    }


def test_the_badge_speaks_the_viewers_language() -> None:
    shown = render.account(ANNA, people(ATTESTED), replace(FRAME, locale="fr"))
    assert shown["roles"][0]["name"] == "Clinicien vérifié"
    assert "Médecin, Médecine cardiovasculaire (cardiologie)" in shown["fields"][0]["value"]


@pytest.mark.parametrize(
    "change",
    [
        {"level": Level.INSTITUTION},
        {"valid_until": NOW},
        {"revoked_at": NOW},
        {"profession": "librarian_health"},
        {"checked_at": NOW + YEAR},
    ],
)
def test_no_badge_without_standing(change: dict[str, Any]) -> None:
    shown = render.account(ANNA, people(replace(ATTESTED, **change)), FRAME)
    assert shown == render.account(ANNA, people(), FRAME)
    assert shown["display_name"] == "Dr Anna"
    assert shown["emojis"] == shown["roles"] == shown["fields"] == []


def test_no_badge_without_a_ruleset_that_says_whom_to_believe() -> None:
    nobody_knows = People({1: ANNA}, {1: ATTESTED}, "", "en")
    assert render.account(ANNA, nobody_knows, FRAME)["emojis"] == []


def test_another_instances_word_counts_only_when_the_ruleset_trusts_it() -> None:
    attested = replace(ATTESTED, actor_id=2, issuer="https://b.example/actor")
    assert render.account(EVA, people(attested), FRAME)["emojis"] == []
    trusted = f'{RULES}[peers."b.example"]\norganisation = "CHU B"\nstate = "active"\n'
    shown = render.account(EVA, People({2: EVA}, {2: attested}, trusted, "en"), FRAME)
    assert [emoji["shortcode"] for emoji in shown["emojis"]] == ["verified_clinician"]
    assert shown["roles"] == []  # roles are for local accounts


def test_nobody_brings_the_badge_along() -> None:
    brought = as_json([["verified_clinician", "https://b.example/x.png"], ["blobcat", "https://b.example/y.png"]])
    shown = render.account(replace(EVA, emojis=brought), people(), FRAME)
    assert [emoji["shortcode"] for emoji in shown["emojis"]] == ["blobcat"]
    posts = Posts(people())
    entity = Renderer(posts, FRAME).status(replace(POST, emojis=brought))
    assert [emoji["shortcode"] for emoji in entity["emojis"]] == ["blobcat"]


def test_a_home_does_not_fill_in_our_field() -> None:
    stored = as_json([["Profession", "Prix Nobel"], ["Ville", "Lyon"]])
    shown = render.account(replace(ANNA, fields=stored), people(ATTESTED), FRAME)
    assert [(field["name"], field["verified_at"]) for field in shown["fields"]] == [
        ("Profession", render.moment(NOW)),
        ("Ville", None),
    ]
    unverified = render.account(replace(ANNA, fields=stored), people(), FRAME)
    assert [field["verified_at"] for field in unverified["fields"]] == [None, None]


def test_expiry_shows_within_a_minute(checker: EntityChecker) -> None:
    soon = people(replace(ATTESTED, valid_until=NOW + 120_000))
    assert render.account(ANNA, soon, FRAME)["roles"]
    assert not render.account(ANNA, soon, replace(FRAME, now=NOW + 120_000))["roles"]


@pytest.mark.parametrize(
    ("audience", "visibility"),
    [
        (Audience.PUBLIC, "public"),
        (Audience.UNLISTED, "unlisted"),
        (Audience.FOLLOWERS, "private"),
        (Audience.GROUP, "private"),
        (Audience.DIRECT, "direct"),
    ],
)
def test_there_are_four_visibilities(audience: Audience, visibility: str) -> None:
    assert Renderer(Posts(people()), FRAME).status(replace(POST, audience=audience))["visibility"] == visibility


def test_every_audience_has_a_visibility() -> None:
    assert set(render.VISIBILITY) == set(Audience)


def test_a_parent_that_the_viewer_may_not_see_leaves_no_id() -> None:
    answer = replace(POST, id=11, in_reply_to_id=10, in_reply_to_actor_id=2)
    hidden = Renderer(Posts(people()), FRAME).status(answer)
    assert (hidden["in_reply_to_id"], hidden["in_reply_to_account_id"]) == (None, None)
    seen = Renderer(Posts(people(), parents=frozenset({10})), FRAME).status(answer)
    assert (seen["in_reply_to_id"], seen["in_reply_to_account_id"]) == ("10", "2")


def test_a_boost_of_what_the_viewer_may_not_see_is_left_out() -> None:
    boost = replace(POST, id=12, boost_of_id=10, content="")
    assert Renderer(Posts(people()), FRAME).statuses([boost]) == []


def test_a_boost_carries_its_original_and_its_marks(checker: EntityChecker) -> None:
    boost = replace(POST, id=12, actor_id=2, boost_of_id=10, content="", favourites_count=0)
    posts = Posts(people(), originals={10: POST}, marks=Marks(favourited={10}, boosted={10}))
    shown = Renderer(posts, FRAME).status(boost)
    checker.check("Status", shown)
    assert shown["reblog"]["id"] == "10"
    assert shown["reblog"]["reblog"] is None
    assert shown["favourites_count"] == 3
    assert shown["favourited"] is shown["reblogged"] is shown["reblog"]["reblogged"] is True
    assert "pinned" not in shown
    assert shown["reblog"]["pinned"] is False


def test_strangers_get_no_marks(checker: EntityChecker) -> None:
    shown = Renderer(Posts(people()), replace(FRAME, viewer=0)).status(POST)
    checker.check("Status", shown)
    assert not {"favourited", "reblogged", "muted", "bookmarked", "pinned", "filtered"} & set(shown)


def test_the_silently_addressed_are_not_named() -> None:
    named = Named(2, "eva", "b.example", "https://b.example/@eva", silent=0)
    posts = Posts(people(), mentions={10: [named, replace(named, actor_id=3, silent=1)]})
    assert Renderer(posts, FRAME).status(POST)["mentions"] == [
        {"id": "2", "username": "eva", "url": "https://b.example/@eva", "acct": "eva@b.example"}
    ]


def test_the_group_is_named_first_and_once() -> None:
    group = replace(ANNA, id=5, type="Group", username="cardiologie", url="https://chu-a.example/@cardiologie")
    eva = Named(2, "eva", "b.example", "https://b.example/@eva", silent=0)
    again = Named(5, "cardiologie", "", "https://chu-a.example/@cardiologie", silent=0)
    posts = Posts(people(actors=(ANNA, group)), mentions={10: [eva, again]})
    shown = Renderer(posts, FRAME).status(replace(POST, audience=Audience.GROUP, group_id=5))
    assert [one["acct"] for one in shown["mentions"]] == ["cardiologie", "eva@b.example"]


def test_a_private_file_has_an_address_of_its_own_for_the_viewer(checker: EntityChecker) -> None:
    media = Media(7, 1, 10, 0, "image", "image/png", "a.png", "b.png", None, "", None, 4, 3, None, None, 0.0, 0.0, NOW)
    posts = Posts(people(), media={10: [media]})
    private = Renderer(posts, FRAME).status(replace(POST, audience=Audience.GROUP))["media_attachments"][0]
    public = Renderer(posts, FRAME).status(POST)["media_attachments"][0]
    checker.check("MediaAttachment", private)
    assert "viewer=1&token=2" in private["url"]
    assert "viewer=" in private["preview_url"]
    assert "viewer" not in public["url"]
    assert private["meta"]["original"] == {"width": 4, "height": 3, "size": "4x3", "aspect": 4 / 3}
    assert private["description"] is None


def test_a_deleted_post_comes_with_its_text_instead_of_its_content(checker: EntityChecker) -> None:
    shown = render.deleted_status(Renderer(Posts(people()), FRAME).status(POST), "Un cas")
    checker.check("StatusDeleted", shown)
    assert shown["text"] == "Un cas"
    assert "content" not in shown


def test_history_ends_with_the_present(checker: EntityChecker) -> None:
    edited = replace(POST, edited_at=NOW + 5, content="<p>Corrigé</p>")
    former = StatusEdit(1, 10, "<p>Un cas</p>", "Un cas", "a < b", 1, NOW)
    shown = render.status_edits(edited, [former], Renderer(Posts(people()), FRAME).status(edited))
    checker.check_all("StatusEdit", shown)
    assert [one["content"] for one in shown] == ["<p>Un cas</p>", "<p>Corrigé</p>"]
    assert [one["created_at"] for one in shown] == [render.moment(NOW), render.moment(NOW + 5)]
    assert shown[0]["spoiler_text"] == "a &lt; b"


def test_source_gives_back_the_text_that_was_typed(checker: EntityChecker) -> None:
    actor = replace(ANNA, summary="<p>Cardiologue &amp; rythmologue<br />à Lyon</p><p>Garde le mardi</p>")
    member = Member(1, "a@b.example", "", "admin", "fr", "followers", NOW, None)
    shown = render.credential_account(actor, member, people(), FRAME, requests=4)
    checker.check("CredentialAccount", shown)
    assert shown["source"]["note"] == "Cardiologue & rythmologue\nà Lyon\n\nGarde le mardi"
    assert shown["source"]["privacy"] == "private"
    assert shown["source"]["follow_requests_count"] == 4
    assert shown["role"]["name"] == "admin"


def test_strangers_have_no_relationship(checker: EntityChecker) -> None:
    shown = render.relationship(Relation(3, None, None, None))
    checker.check("Relationship", shown)
    assert not any(value for name, value in shown.items() if name != "id")
