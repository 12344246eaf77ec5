"""Posting, replying, boosting, quoting and editing: whom it reaches, and why not more."""

from dataclasses import replace

import pytest

from policies.decision import Allow, Change, Decision, Deny, Hold, Limit, Reason, Remedy
from policies.delivery import SendFacts
from policies.posting import (
    EditFacts,
    GroupFacts,
    ParentFacts,
    PostFacts,
    ShareFacts,
    audience_after,
    decide,
    may_edit,
    may_share,
    post_steps,
)
from policies.rules import parse
from policies.terms import Audience, Kind, Level
from policies.verification import AttestationFacts, Criteria

RULES = parse("""
[instance]
organisation = "CHU A"
[audiences]
group = "members"
[peers."b.example"]
organisation = "CHU B"
state = "active"
[peers."held.example"]
organisation = "Held"
state = "quarantined"
[peers."bad.example"]
organisation = "Bad"
state = "suspended"
""")
NOW = 1_795_000_000_000
PUBLIC, UNLISTED, FOLLOWERS, GROUP, DIRECT = Audience
CARDIO = GroupFacts("https://a.example/ap/actors/1", member=True)
NEURO = GroupFacts("https://a.example/ap/actors/2", member=True)
IN_CARDIO = ParentFacts(GROUP, CARDIO.uri)
SENDING = SendFacts("b.example", Kind.CONTENT, GROUP, capable=True, onward=frozenset())
NOT_JOINED = Deny("group:member", Reason.NOT_A_MEMBER, Remedy.JOIN, about=CARDIO.uri)
TO_GROUP = Limit("audience:group", (Change.AUDIENCE_GROUP,), Reason.MENTIONS_GROUP)
OWN = AttestationFacts(Level.CHECKED, "physician", NOW - 1, NOW + 1)


@pytest.mark.parametrize(
    ("facts", "expected", "audience"),
    [
        *((PostFacts(asked), Allow("audience:asked"), asked) for asked in (PUBLIC, UNLISTED, FOLLOWERS, DIRECT)),
        (PostFacts(PUBLIC, mentions_others=True, mentions_outsiders=True), Allow("audience:asked"), PUBLIC),
        # a mention of a private group
        (PostFacts(PUBLIC, (CARDIO,)), TO_GROUP, GROUP),
        (PostFacts(PUBLIC, (CARDIO,), mentions_others=True), TO_GROUP, GROUP),
        (
            PostFacts(PUBLIC, (CARDIO,), mentions_others=True, mentions_outsiders=True),
            Limit("audience:group", (Change.AUDIENCE_GROUP, Change.OUTSIDERS_AS_TEXT), Reason.MENTIONS_GROUP),
            GROUP,
        ),
        (PostFacts(GROUP, (CARDIO,)), Allow("audience:asked"), GROUP),
        (PostFacts(DIRECT, (CARDIO,)), TO_GROUP, GROUP),
        (
            PostFacts(DIRECT, (CARDIO,), mentions_others=True),
            Limit("audience:direct", (Change.GROUP_AS_TEXT,), Reason.GROUP_AS_TEXT),
            DIRECT,
        ),
        (
            PostFacts(DIRECT, (replace(CARDIO, member=False), NEURO), mentions_others=True),
            Limit("audience:direct", (Change.GROUP_AS_TEXT,), Reason.GROUP_AS_TEXT),
            DIRECT,
        ),
        (PostFacts(PUBLIC, (CARDIO, NEURO)), Deny("group:one", Reason.TWO_GROUPS), None),
        (PostFacts(PUBLIC, (replace(CARDIO, member=False),)), NOT_JOINED, None),
        (PostFacts(GROUP), Deny("group:member", Reason.NOT_A_MEMBER), None),
        # a name that nobody has and that looks like a joined group's
        *((PostFacts(asked, misspelt="@cardio"), Allow("audience:asked"), asked) for asked in (PUBLIC, UNLISTED)),
        *(
            (
                PostFacts(asked, groups, misspelt="@cardio"),
                Deny("audience:name", Reason.GROUP_MISSPELT, Remedy.CONFIRM, about="@cardio"),
                None,
            )
            for asked, groups in ((FOLLOWERS, ()), (DIRECT, ()), (PUBLIC, (CARDIO,)))
        ),
        # posting rights
        (
            PostFacts(GROUP, (replace(CARDIO, moderators_only=True),)),
            Deny("group:posting", Reason.MODERATORS_ONLY, about=CARDIO.uri),
            None,
        ),
        (PostFacts(GROUP, (replace(CARDIO, moderators_only=True, moderator=True),)), Allow("audience:asked"), GROUP),
        (
            PostFacts(GROUP, (replace(CARDIO, criteria=Criteria(Level.REGISTER)),), attestation=OWN),
            Deny("verification:level", Reason.LEVEL_TOO_LOW, Remedy.VERIFY),
            None,
        ),
        (
            PostFacts(GROUP, (replace(CARDIO, criteria=Criteria(Level.CHECKED)),), attestation=OWN),
            Allow("audience:asked"),
            GROUP,
        ),
        # how the group is
        (PostFacts(GROUP, (replace(CARDIO, closed=True),)), Deny("group:closed", Reason.GROUP_CLOSED), None),
        (
            PostFacts(GROUP, (replace(CARDIO, unmoderated=True, moderator=True),)),
            Deny("group:moderators", Reason.GROUP_UNMODERATED),
            None,
        ),
        (
            PostFacts(DIRECT, (replace(CARDIO, closed=True),), parent=IN_CARDIO),
            Limit("audience:direct", (Change.GROUP_AS_TEXT, Change.DETACH_REPLY), Reason.GROUP_AS_TEXT),
            DIRECT,
        ),
        (PostFacts(GROUP, (replace(CARDIO, files=False),)), Allow("audience:asked"), GROUP),
        (
            PostFacts(GROUP, (replace(CARDIO, files=False),), with_files=True),
            Deny("group:media", Reason.GROUP_WITHOUT_FILES),
            None,
        ),
        # replies inside a group
        (PostFacts(GROUP, (CARDIO,), parent=IN_CARDIO), Allow("audience:asked"), GROUP),
        (
            PostFacts(PUBLIC, (CARDIO,), parent=IN_CARDIO),
            Limit("audience:group", (Change.AUDIENCE_GROUP,), Reason.REPLY_NARROWED),
            GROUP,
        ),
        (PostFacts(PUBLIC, (CARDIO, NEURO), parent=IN_CARDIO), Deny("group:one", Reason.TWO_GROUPS), None),
        (PostFacts(PUBLIC, (replace(CARDIO, member=False),), parent=IN_CARDIO), NOT_JOINED, None),
        (PostFacts(PUBLIC, parent=IN_CARDIO), Deny("audience:parent", Reason.REPLY_WIDENS), None),
        (
            PostFacts(DIRECT, (CARDIO,), mentions_others=True, parent=IN_CARDIO),
            Limit("audience:direct", (Change.GROUP_AS_TEXT, Change.DETACH_REPLY), Reason.GROUP_AS_TEXT),
            DIRECT,
        ),
        (
            PostFacts(DIRECT, (CARDIO,), mentions_others=True, mentions_outsiders=True, parent=IN_CARDIO),
            Limit(
                "audience:direct",
                (Change.GROUP_AS_TEXT, Change.OUTSIDERS_AS_TEXT, Change.DETACH_REPLY),
                Reason.GROUP_AS_TEXT,
            ),
            DIRECT,
        ),
        (
            PostFacts(DIRECT, (CARDIO,), parent=IN_CARDIO),
            Limit("audience:direct", (Change.GROUP_AS_TEXT, Change.DETACH_REPLY), Reason.GROUP_AS_TEXT),
            DIRECT,
        ),
        (
            PostFacts(DIRECT, (replace(CARDIO, member=False), NEURO), mentions_others=True, parent=IN_CARDIO),
            NOT_JOINED,
            None,
        ),
        (PostFacts(DIRECT, mentions_others=True, parent=IN_CARDIO), Deny("group:member", Reason.NOT_A_MEMBER), None),
        (
            PostFacts(DIRECT, (replace(CARDIO, moderators_only=True),), mentions_others=True, parent=IN_CARDIO),
            Limit("audience:direct", (Change.GROUP_AS_TEXT, Change.DETACH_REPLY), Reason.GROUP_AS_TEXT),
            DIRECT,
        ),
        # other replies
        (PostFacts(PUBLIC, parent=ParentFacts(PUBLIC)), Allow("audience:asked"), PUBLIC),
        (PostFacts(DIRECT, parent=ParentFacts(FOLLOWERS)), Allow("audience:asked"), DIRECT),
        (
            PostFacts(PUBLIC, parent=ParentFacts(UNLISTED)),
            Limit("audience:parent", (Change.AUDIENCE_UNLISTED,), Reason.REPLY_NARROWED),
            UNLISTED,
        ),
        (
            PostFacts(PUBLIC, parent=ParentFacts(FOLLOWERS)),
            Limit("audience:parent", (Change.AUDIENCE_FOLLOWERS,), Reason.REPLY_NARROWED),
            FOLLOWERS,
        ),
        (
            PostFacts(FOLLOWERS, parent=ParentFacts(DIRECT)),
            Limit("audience:parent", (Change.AUDIENCE_DIRECT,), Reason.REPLY_NARROWED),
            DIRECT,
        ),
        (PostFacts(PUBLIC, (CARDIO,), parent=ParentFacts(UNLISTED)), TO_GROUP, GROUP),
        (
            PostFacts(PUBLIC, (CARDIO,), parent=ParentFacts(FOLLOWERS)),
            Deny("audience:parent", Reason.REPLY_WIDENS),
            None,
        ),
        (PostFacts(PUBLIC, (CARDIO,), parent=ParentFacts(DIRECT)), Deny("audience:parent", Reason.REPLY_WIDENS), None),
        # a group at another home
        (PostFacts(GROUP, (CARDIO,), sending=SENDING), Allow("audience:asked"), GROUP),
        (
            PostFacts(PUBLIC, (CARDIO,), sending=replace(SENDING, host="held.example")),
            Hold('state:peers."held.example".state', Reason.PEER_QUARANTINED, changes=(Change.AUDIENCE_GROUP,)),
            GROUP,
        ),
        (
            PostFacts(GROUP, (CARDIO,), sending=replace(SENDING, onward=frozenset({"bad.example"}))),
            Deny('state:peers."bad.example".state', Reason.ONWARD_REFUSED, about="bad.example"),
            None,
        ),
    ],
)
def test_posting(facts: PostFacts, expected: Decision, audience: Audience | None) -> None:
    answer = decide(facts, RULES, NOW)
    assert answer == expected
    if audience:
        assert audience_after(facts.audience, answer) is audience


def test_a_refused_post_keeps_the_audience_that_was_asked() -> None:
    assert audience_after(PUBLIC, Deny("x", Reason.BANNED)) is PUBLIC


def test_the_trace_names_the_rules_in_order() -> None:
    facts = PostFacts(PUBLIC, (CARDIO,), parent=IN_CARDIO, sending=SENDING)
    assert [step.rule.partition(":")[0] for step in post_steps(facts, RULES, NOW)] == [
        *("audience", "audience", "audience", "group", "verification", "group", "group"),
        *("state", "direction", "audience", "verification", "group"),
    ]


NOT_SHAREABLE = Deny("audience:share", Reason.NOT_SHAREABLE)


@pytest.mark.parametrize(
    ("original", "asked", "own", "expected"),
    [
        (PUBLIC, PUBLIC, False, Allow("audience:share")),
        (PUBLIC, GROUP, False, Allow("audience:share")),
        (UNLISTED, PUBLIC, False, Limit("audience:share", (Change.AUDIENCE_UNLISTED,), Reason.SHARE_NARROWED)),
        (UNLISTED, FOLLOWERS, False, Allow("audience:share")),
        (FOLLOWERS, FOLLOWERS, False, NOT_SHAREABLE),
        (FOLLOWERS, FOLLOWERS, True, Allow("audience:share")),
        (FOLLOWERS, PUBLIC, True, Limit("audience:share", (Change.AUDIENCE_FOLLOWERS,), Reason.SHARE_NARROWED)),
        (FOLLOWERS, GROUP, True, NOT_SHAREABLE),
        (DIRECT, DIRECT, True, NOT_SHAREABLE),
        (GROUP, GROUP, False, Deny("audience:share", Reason.GROUP_NOT_SHAREABLE)),
        (GROUP, DIRECT, True, Deny("audience:share", Reason.GROUP_NOT_SHAREABLE)),
    ],
)
def test_boosts_and_quotes(original: Audience, asked: Audience, expected: Decision, *, own: bool) -> None:
    assert may_share(ShareFacts(original, asked, own)) == expected


EDIT = EditFacts(FOLLOWERS, FOLLOWERS, own=True)
IN_GROUP = EditFacts(GROUP, GROUP, own=True)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (EDIT, Allow("audience:edit")),
        (replace(EDIT, own=False), Deny("edit:author", Reason.NOT_AUTHOR)),
        (replace(EDIT, after=UNLISTED), Deny("audience:edit", Reason.EDIT_WIDENS)),
        (replace(EDIT, after=GROUP), Deny("audience:edit", Reason.EDIT_WIDENS)),
        (replace(EDIT, after=DIRECT), Allow("audience:edit")),
        (
            replace(EDIT, adds_mentions=True),
            Limit("audience:mentions", (Change.OUTSIDERS_AS_TEXT,), Reason.OUTSIDERS_NOT_TOLD),
        ),
        (EditFacts(UNLISTED, UNLISTED, own=True, adds_mentions=True), Allow("audience:edit")),
        (EditFacts(PUBLIC, PUBLIC, own=True, adds_mentions=True, member=False), Allow("audience:edit")),
        (IN_GROUP, Allow("audience:edit")),
        (replace(IN_GROUP, same_group=False), Deny("audience:edit", Reason.EDIT_WIDENS)),
        (replace(IN_GROUP, after=FOLLOWERS), Deny("audience:edit", Reason.EDIT_WIDENS)),
        (replace(IN_GROUP, member=False), Deny("group:member", Reason.NOT_A_MEMBER, Remedy.JOIN)),
        (replace(IN_GROUP, closed=True), Deny("group:closed", Reason.GROUP_CLOSED)),
        (replace(IN_GROUP, files=False), Allow("audience:edit")),
        (replace(IN_GROUP, files=False, adds_files=True), Deny("group:media", Reason.GROUP_WITHOUT_FILES)),
    ],
)
def test_edits(facts: EditFacts, expected: Decision) -> None:
    assert may_edit(facts) == expected
