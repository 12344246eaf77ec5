from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.wire.activities import parse_activity
from federation.wire.addressing import PUBLIC_ALIASES, Addressing, audience_of
from federation.wire.errors import Fault, ProtocolError
from federation.wire.objects import parse_note
from policies.terms import Audience
from tests.wire.documents import fuzz, load, refused

PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
FOLLOWERS = "https://b.example/ap/actors/1/followers"
BEN = "https://a.example/ap/actors/2"
GROUP = "https://a.example/ap/actors/9"
MEMBERS = GROUP + "/followers"
GROUPS = {GROUP: MEMBERS, "https://a.example/ap/actors/8": "https://a.example/ap/actors/8/followers"}


@dataclass(frozen=True, slots=True)
class To:
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    audience: tuple[str, ...] = ()


@pytest.mark.parametrize(
    ("addressed", "audience", "recipients"),
    [
        (To(to=(PUBLIC,)), Audience.PUBLIC, ()),
        (To(to=("as:Public",), cc=(FOLLOWERS, BEN)), Audience.PUBLIC, (BEN,)),
        (To(to=("Public",)), Audience.PUBLIC, ()),
        (To(to=(FOLLOWERS,), cc=(PUBLIC,)), Audience.UNLISTED, ()),
        (To(to=(FOLLOWERS,), cc=("as:Public", BEN)), Audience.UNLISTED, (BEN,)),
        (To(to=(FOLLOWERS,)), Audience.FOLLOWERS, ()),
        (To(to=(BEN,), cc=(FOLLOWERS,)), Audience.FOLLOWERS, (BEN,)),
        (To(to=(BEN,)), Audience.DIRECT, (BEN,)),
        (To(cc=(BEN,)), Audience.DIRECT, (BEN,)),
        (To(to=("https://c.example/other/followers",)), Audience.DIRECT, ("https://c.example/other/followers",)),
        # A stock Mastodon member writes to the group so; without `audience` it is a letter to the group, no group post.
        (To(to=(GROUP, MEMBERS)), Audience.DIRECT, (GROUP, MEMBERS)),
        # A public group's post (FEP-1b12): the audience is no private group that we know.
        (To(to=(PUBLIC,), audience=("https://c.example/c/1",)), Audience.PUBLIC, ()),
        (To(to=(BEN,), audience=("https://c.example/c/1",)), Audience.DIRECT, (BEN,)),
    ],
)
def test_ordinary_audiences(addressed: To, audience: Audience, recipients: tuple[str, ...]) -> None:
    assert audience_of(addressed, FOLLOWERS, GROUPS) == Addressing(audience, None, recipients)


def test_an_author_without_followers_collection_has_none() -> None:
    assert audience_of(To(to=(FOLLOWERS,)), None, {}).audience is Audience.DIRECT


def test_the_group_only_shape() -> None:
    for to in ((GROUP, MEMBERS), (MEMBERS, GROUP)):
        assert audience_of(To(to=to, audience=(GROUP,)), FOLLOWERS, GROUPS) == Addressing(Audience.GROUP, GROUP, ())


@pytest.mark.parametrize(
    "addressed",
    [
        To(to=(GROUP, MEMBERS, PUBLIC), audience=(GROUP,)),
        To(to=(GROUP, MEMBERS), cc=(PUBLIC,), audience=(GROUP,)),
        To(to=(GROUP, MEMBERS), cc=("as:Public",), audience=(GROUP,)),
        To(to=(GROUP, MEMBERS, BEN), audience=(GROUP,)),
        To(to=(GROUP, MEMBERS), cc=(BEN,), audience=(GROUP,)),
        To(to=(GROUP, MEMBERS), cc=(FOLLOWERS,), audience=(GROUP,)),
        To(to=(GROUP,), audience=(GROUP,)),
        To(to=(MEMBERS,), audience=(GROUP,)),
        To(to=(PUBLIC,), audience=(GROUP,)),
        To(to=(FOLLOWERS,), audience=(GROUP,)),
        To(to=(GROUP, MEMBERS), audience=(GROUP, "https://a.example/ap/actors/8")),
        To(to=(GROUP, "https://a.example/ap/actors/8/followers"), audience=(GROUP,)),
    ],
)
def test_a_private_group_is_addressed_alone_or_not_at_all(addressed: To) -> None:
    with refused(Fault.ADDRESSING):
        audience_of(addressed, FOLLOWERS, GROUPS)


def test_nobody_is_refused() -> None:
    for addressed in (To(), To(audience=(GROUP,))):
        with refused(Fault.ADDRESSING):
            audience_of(addressed, FOLLOWERS, GROUPS)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("c46_create_public", Audience.PUBLIC),
        ("c46_create_unlisted", Audience.UNLISTED),
        ("c46_create_private", Audience.FOLLOWERS),
        ("c46_create_private_reply_in_group", Audience.FOLLOWERS),
        ("c46_create_direct_to_group", Audience.DIRECT),
    ],
)
def test_what_mastodon_sends(reference: Path, name: str, expected: Audience) -> None:
    activity = parse_activity(load(reference, f"mastodon/{name}.json"))
    followers = activity.actor + "/followers"
    groups = {"https://local.test/groups/oncology": "https://local.test/groups/oncology/followers"}
    assert audience_of(activity, followers, groups).audience is expected
    assert activity.embedded is not None
    assert audience_of(parse_note(activity.embedded), followers, groups).audience is expected


def test_the_proposed_group_post(reference: Path) -> None:
    announce = parse_activity(load(reference, "proposed/announce_create.json"))
    assert announce.embedded is not None
    create = parse_activity(announce.embedded)
    group = "https://local.test/groups/oncology"
    assert audience_of(create, None, {group: group + "/followers"}) == Addressing(Audience.GROUP, group, ())


_uris = st.lists(st.sampled_from([*PUBLIC_ALIASES, FOLLOWERS, BEN, GROUP, MEMBERS]), max_size=4).map(tuple)


@fuzz
@given(_uris, _uris, _uris)
def test_never_wider_than_written(to: tuple[str, ...], cc: tuple[str, ...], audience: tuple[str, ...]) -> None:
    try:
        found = audience_of(To(to, cc, audience), FOLLOWERS, GROUPS)
    except ProtocolError:
        return
    written = {*to, *cc}
    if found.audience in {Audience.PUBLIC, Audience.UNLISTED}:
        assert written & PUBLIC_ALIASES
        assert GROUP not in audience
    if found.audience is Audience.FOLLOWERS:
        assert FOLLOWERS in written
    if found.audience is Audience.GROUP:
        assert written == {GROUP, MEMBERS}
    assert set(found.recipients) <= written - PUBLIC_ALIASES - {FOLLOWERS}
