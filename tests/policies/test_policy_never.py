"""What must never happen, for any facts and any ruleset: the invariants of the policies as properties."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policies.admission import ActivityFacts, HostFacts, admit_activity, admit_host
from policies.decision import Allow, Decision, Deny, Hold, Limit, Reason
from policies.delivery import SendFacts, may_send
from policies.membership import JoinFacts, Joining, may_accept, may_join
from policies.posting import (
    WITHIN,
    EditFacts,
    GroupFacts,
    ParentFacts,
    PostFacts,
    ShareFacts,
    audience_after,
    decide,
    may_edit,
    may_share,
)
from policies.quoting import Circle, QuoteFacts, QuotePolicy
from policies.ruleset import (
    SEALED,
    Agreement,
    Direction,
    GroupRule,
    Network,
    Onward,
    Peer,
    Reach,
    Ruleset,
    Sharing,
    Strangers,
    day_of,
    peer_standing,
)
from policies.terms import Audience, Kind, Level, Part, PeerState
from policies.verification import AttestationFacts, Criteria, Purpose, Verified, standing
from policies.visibility import Door, FetchFacts, SeeFacts, may_fetch, may_see

T = TypeVar("T")

STEADY = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""On a busy machine a property takes longer; that is not a failure."""

NOW = 1_795_000_000_000
TODAY = day_of(NOW)
HOSTS = ("b.example", "sub.b.example", "c.example", "nobody.example")
LISTED = HOSTS[:3]
GROUP_URI = "https://a.example/ap/actors/1"

IN_FORCE = Agreement("1", TODAY - timedelta(days=9), TODAY)
EXPIRED = Agreement("1", TODAY - timedelta(days=9), TODAY - timedelta(days=1))
PHYSICIANS, NOBODY = frozenset({"physician"}), frozenset[str]()
CARDIOLOGISTS = frozenset({"cardiology"})

# For each value, those that only add refusals to it, itself included.
SHARINGS: Mapping[Sharing, Sequence[Sharing]] = {
    Sharing.ALLOW: (Sharing.ALLOW, Sharing.VERIFIED, Sharing.HOLD, Sharing.DENY),
    Sharing.VERIFIED: (Sharing.VERIFIED, Sharing.HOLD, Sharing.DENY),
    Sharing.MEMBERS: (Sharing.MEMBERS, Sharing.HOLD, Sharing.DENY),
    Sharing.HOLD: (Sharing.HOLD, Sharing.DENY),
    Sharing.DENY: (Sharing.DENY,),
}
STATES: Mapping[PeerState, Sequence[PeerState]] = {
    PeerState.ACTIVE: tuple(state for state in PeerState if state is not PeerState.UNKNOWN),
    PeerState.TRIAL: (PeerState.TRIAL, PeerState.QUARANTINED, PeerState.PROPOSED, PeerState.SUSPENDED),
    PeerState.QUARANTINED: (PeerState.QUARANTINED, PeerState.PROPOSED, PeerState.SUSPENDED),
    PeerState.PROPOSED: (PeerState.PROPOSED, PeerState.SUSPENDED),
    PeerState.SUSPENDED: (PeerState.SUSPENDED,),
}
AGREEMENTS: Mapping[Agreement | None, Sequence[Agreement | None]] = {
    None: (None, IN_FORCE, EXPIRED),
    IN_FORCE: (IN_FORCE, EXPIRED),
    EXPIRED: (EXPIRED,),
}
DIRECTIONS: Mapping[Direction, Sequence[Direction]] = {
    Direction.BOTH: tuple(Direction),
    Direction.IN: (Direction.IN,),
    Direction.OUT: (Direction.OUT,),
}
ONWARDS: Mapping[Onward, Sequence[Onward]] = {
    Onward.REACH: tuple(Onward),
    Onward.LISTED: (Onward.LISTED, Onward.DENY),
    Onward.DENY: (Onward.DENY,),
}
REACHES: Mapping[frozenset[str] | Reach | None, Sequence[frozenset[str] | Reach | None]] = {
    None: (None, Reach.ACTIVE, frozenset(LISTED), NOBODY, Reach.INSTANCE),
    Reach.ACTIVE: (Reach.ACTIVE, None, frozenset({"b.example"}), Reach.INSTANCE),
    frozenset(LISTED): (frozenset(LISTED), frozenset({"b.example"}), NOBODY, Reach.INSTANCE),
    Reach.INSTANCE: (Reach.INSTANCE, NOBODY),
}
PROFESSIONS: Mapping[frozenset[str] | None, Sequence[frozenset[str] | None]] = {
    None: (None, PHYSICIANS, NOBODY),
    PHYSICIANS: (PHYSICIANS, NOBODY),
    NOBODY: (NOBODY,),
}
SPECIALTIES = {None: None, PHYSICIANS: CARDIOLOGISTS, NOBODY: NOBODY}
LEVELS: Mapping[Level, Sequence[Level]] = {level: tuple(Level)[level:] for level in Level}
NETWORKS: Mapping[Network, Sequence[Network]] = {
    Network.OPEN: (Network.OPEN, Network.CLOSED),
    Network.CLOSED: (Network.CLOSED,),
}
STRANGERS: Mapping[Strangers, Sequence[Strangers]] = {
    Strangers.ALLOW: tuple(Strangers),
    Strangers.HOLD: (Strangers.HOLD, Strangers.DENY),
    Strangers.DENY: (Strangers.DENY,),
}


def narrowed(order: Mapping[T, Sequence[T]]) -> st.SearchStrategy[tuple[T, T]]:
    """A value and one that only adds refusals to it."""
    return st.sampled_from([(wide, narrow) for wide in order for narrow in order[wide]])


SHARED = st.dictionaries(st.sampled_from(Audience), narrowed(SHARINGS), max_size=2)
PEER = st.tuples(
    narrowed(STATES),
    narrowed(LEVELS),
    narrowed(AGREEMENTS),
    narrowed(DIRECTIONS),
    narrowed(ONWARDS),
    SHARED,
    st.sampled_from(["listed", "listed", "unlisted", "newly refused"]),
)


def peer_pair(host: str, drawn: tuple[Any, ...]) -> tuple[Peer | None, Peer | None]:
    *settings_, shared, listed = drawn
    wide, narrow = (
        Peer(
            host,
            "B",
            state[i],
            level[i],
            agreement=agreement[i],
            direction=direction[i],
            onward=onward[i],
            audiences={audience: pair[i] for audience, pair in shared.items()},
        )
        for i in (0, 1)
        for state, level, agreement, direction, onward in [settings_]
    )
    if listed == "newly refused":
        return None, replace(narrow, state=STATES[narrow.state][-1])
    return (wide, narrow) if listed == "listed" else (None, None)


@st.composite
def narrowings(draw: st.DrawFn) -> tuple[Ruleset, Ruleset]:
    """A ruleset and one that only adds refusals to it."""
    network, level, strangers = draw(st.tuples(narrowed(NETWORKS), narrowed(LEVELS), narrowed(STRANGERS)))
    shared = draw(st.fixed_dictionaries(dict.fromkeys(Audience, narrowed(SHARINGS))))
    listed = {host: peer_pair(host, draw(PEER)) for host in LISTED}
    reach, group_level, professions = draw(st.tuples(narrowed(REACHES), narrowed(LEVELS), narrowed(PROFESSIONS)))
    wide, narrow = (
        Ruleset(
            "A",
            network[i],
            level[i],
            strangers[i],
            audiences={audience: pair[i] for audience, pair in shared.items()},
            peers={host: peer for host, pair in listed.items() if (peer := pair[i])},
            groups={"g": GroupRule(reach[i], group_level[i], professions[i], SPECIALTIES[professions[i]])},
        )
        for i in (0, 1)
    )
    return wide, narrow


rulesets = narrowings().map(lambda pair: pair[0])
hosts = st.sampled_from(HOSTS)
some_hosts = st.frozensets(hosts, max_size=2)
group_names = st.sampled_from(["g", ""])
criteria = st.builds(
    Criteria, st.sampled_from(Level), st.sampled_from([None, PHYSICIANS, NOBODY]), st.sampled_from([None, NOBODY])
)
attestations = st.none() | st.builds(
    AttestationFacts,
    level=st.sampled_from(Level),
    profession=st.sampled_from(["physician", "nurse", "system_actor"]),
    valid_from=st.sampled_from([NOW - 1, NOW + 1]),
    valid_until=st.sampled_from([NOW, NOW + 1]),
    specialties=st.sampled_from([NOBODY, CARDIOLOGISTS]),
    issuer=st.none() | hosts,
    by_instance_actor=st.booleans(),
    confirmed_at=st.sampled_from([0, NOW]),
    revoked=st.booleans(),
)
host_facts = st.builds(HostFacts, hosts, st.sampled_from(Kind), st.booleans())
activity_facts = st.builds(
    ActivityFacts,
    hosts,
    st.sampled_from(Kind),
    st.sampled_from(Audience),
    some_hosts,
    *(st.booleans() for _ in range(4)),
)
send_facts = st.builds(
    SendFacts,
    hosts,
    st.sampled_from(Kind),
    st.sampled_from(Audience),
    *(st.booleans() for _ in range(4)),
    group=group_names,
    onward=st.none() | some_hosts,
)
fetch_facts = st.builds(
    FetchFacts,
    st.sampled_from((*HOSTS, "")),
    st.sampled_from(Audience),
    st.booleans(),
    st.sampled_from(Door),
    *(st.booleans() for _ in range(8)),
    group=group_names,
)
join_facts = st.builds(
    JoinFacts,
    group=group_names,
    joining=st.sampled_from(Joining),
    host=st.none() | hosts,
    attestation=attestations,
    criteria=criteria,
    banned=st.booleans(),
    invited=st.booleans(),
    capable=st.booleans(),
    in_reach=st.booleans(),
    joined_today=st.sampled_from([0, 5]),
    members_there=st.sampled_from([0, 1]),
)
group_facts = st.builds(
    GroupFacts,
    st.sampled_from([GROUP_URI, "https://b.example/g"]),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    criteria,
)
parents = st.sampled_from([ParentFacts(each, GROUP_URI if each is Audience.GROUP else "") for each in Audience])
circles = st.frozensets(st.sampled_from(Circle))
quote_facts = st.builds(
    QuoteFacts,
    st.sampled_from(Audience),
    own=st.booleans(),
    policy=st.builds(QuotePolicy, circles, circles),
    follower=st.booleans(),
    named=st.booleans(),
)
post_facts = st.builds(
    PostFacts,
    st.sampled_from(Audience),
    st.lists(group_facts, max_size=2, unique_by=lambda group: group.uri).map(tuple),
    st.booleans(),
    st.booleans(),
    st.none() | parents,
    attestations,
    st.none() | send_facts.map(lambda facts: replace(facts, kind=Kind.CONTENT, audience=Audience.GROUP)),
    quoted=st.none() | quote_facts,
)


def passes(decision: Decision) -> bool:
    return isinstance(decision, Allow | Limit)


def every(facts: type[T], **fixed: object) -> list[T]:
    """All combinations of facts whose fields are enums and booleans."""
    finite: dict[str, Sequence[object]] = {
        name: [fixed[name]] if name in fixed else (False, True) for name in facts.__annotations__
    }
    return [facts(**dict(zip(finite, values, strict=True))) for values in itertools.product(*finite.values())]


BASE = Ruleset(
    "A",
    audiences=dict.fromkeys(Audience, Sharing.ALLOW) | {Audience.GROUP: Sharing.MEMBERS},
    peers={"b.example": Peer("b.example", "B", PeerState.ACTIVE, Level.DECLARED, onward=Onward.REACH)},
)
"""A ruleset that lets through what can be let through: what chance seldom draws is tried in full by it."""


def with_peer(**changes: Any) -> Ruleset:
    return replace(BASE, peers={"b.example": replace(BASE.peers["b.example"], **changes)})


EACH_STATE = [with_peer(state=state) for state in PeerState if state is not PeerState.UNKNOWN]


def every_fetch(**fixed: Any) -> list[FetchFacts]:
    """Each asker at the peer, for each of the doors, unless `fixed` says otherwise."""
    doors = [fixed.pop("door")] if "door" in fixed else list(Door)
    given_ = {"host": "b.example", "group": "g", **fixed}
    return [facts for door in doors for facts in every(FetchFacts, door=door, **given_)]


def every_sending(**fixed: Any) -> list[SendFacts]:
    """A post of a group of ours on its way to the peer, unless `fixed` says otherwise."""
    given_ = {
        "host": "b.example",
        "kind": Kind.CONTENT,
        "group": "g",
        "onward": None,
        "parts": frozenset[Part](),
        **fixed,
    }
    return every(SendFacts, **given_)


# 1. No leak.


def test_nobody_but_the_group_its_present_members_and_the_author_sees_a_group_post() -> None:
    for facts in every(SeeFacts, audience=Audience.GROUP):
        member = facts.member and (facts.lease_live or not facts.group_remote)
        present = facts.distributed and (member or facts.is_group)
        gone = facts.deleted or facts.host_suspended or not facts.author_active
        assert passes(may_see(facts)) == (facts.viewer_active and not gone and (facts.is_author or present))


def test_what_is_gone_is_gone_for_everybody() -> None:
    for audience in Audience:
        for gone in ({"deleted": True}, {"host_suspended": True}, {"author_active": False}):
            assert not any(passes(may_see(facts)) for facts in every(SeeFacts, audience=audience, **gone))


def test_without_signing_in_one_sees_what_is_public() -> None:
    for audience in Audience:
        seen = any(passes(may_see(facts)) for facts in every(SeeFacts, audience=audience, viewer_active=False))
        assert seen == (audience in {Audience.PUBLIC, Audience.UNLISTED})


def test_more_rights_never_hide_and_fewer_never_show() -> None:
    """Each fact pushes one way only: the SQL twin may rely on it."""
    names = (
        "viewer_active",
        "is_author",
        "follows",
        "mentioned",
        "member",
        "lease_live",
        "distributed",
        "author_active",
    )
    rights: list[dict[str, Any]] = [{name: True} for name in names]
    for audience in Audience:
        for facts in every(SeeFacts, audience=audience):
            if passes(may_see(facts)):
                assert all(passes(may_see(replace(facts, **right))) for right in rights)


@STEADY
@given(fetch_facts, rulesets)
def test_a_group_post_is_fetched_only_through_its_doors_under_any_ruleset(facts: FetchFacts, ruleset: Ruleset) -> None:
    check_doors(replace(facts, audience=Audience.GROUP), ruleset)


def test_a_group_post_is_fetched_only_through_its_doors() -> None:
    for ruleset, facts in itertools.product(EACH_STATE, every_fetch(audience=Audience.GROUP)):
        check_doors(facts, ruleset)
    assert any(passes(may_fetch(facts, BASE, TODAY)) for facts in every_fetch(audience=Audience.GROUP))


def check_doors(facts: FetchFacts, ruleset: Ruleset) -> None:
    if passes(may_fetch(facts, ruleset, TODAY)):
        assert facts.fresh
        assert facts.capable
        assert facts.exists
        assert facts.group_home if facts.door is Door.AUTHOR else facts.member and facts.in_reach
        assert peer_standing(ruleset, facts.host, TODAY).state is PeerState.ACTIVE


@STEADY
@given(fetch_facts, rulesets)
def test_hidden_and_absent_answer_alike_under_any_ruleset(facts: FetchFacts, ruleset: Ruleset) -> None:
    check_alike(facts, ruleset)


def test_hidden_and_absent_answer_alike() -> None:
    for ruleset, audience in itertools.product(EACH_STATE, Audience):
        for facts in every_fetch(audience=audience):
            check_alike(facts, ruleset)


def check_alike(facts: FetchFacts, ruleset: Ruleset) -> None:
    hidden = may_fetch(facts, ruleset, TODAY)
    absent = may_fetch(replace(facts, exists=False), ruleset, TODAY)
    if not passes(hidden):
        assert isinstance(hidden, Deny)
        assert isinstance(absent, Deny)
        assert hidden.reason is absent.reason
        assert hidden.reason in {Reason.UNSIGNED, Reason.HOST_NOT_ADMITTED, Reason.NOT_FOUND}


@STEADY
@given(send_facts, rulesets)
def test_a_group_post_goes_only_to_capable_active_peers_with_members_or_to_its_home_under_any_ruleset(
    facts: SendFacts, ruleset: Ruleset
) -> None:
    check_sending(replace(facts, kind=Kind.CONTENT, audience=Audience.GROUP), ruleset)


def test_a_group_post_goes_only_to_capable_active_peers_with_members_or_to_its_home() -> None:
    for ruleset, facts in itertools.product(EACH_STATE, every_sending(audience=Audience.GROUP)):
        check_sending(facts, ruleset)
    assert any(passes(may_send(facts, BASE, TODAY)) for facts in every_sending(audience=Audience.GROUP))


def check_sending(facts: SendFacts, ruleset: Ruleset) -> None:
    decision = may_send(facts, ruleset, TODAY)
    if facts.onward is None and not facts.members and not facts.unconfirmed:
        assert isinstance(decision, Deny)  # what is held is sent some day
    if passes(decision):
        assert facts.capable
        assert facts.onward is not None or (facts.members and facts.in_reach)
        assert peer_standing(ruleset, facts.host, TODAY).state is PeerState.ACTIVE
        for host in (facts.onward or frozenset()) - {facts.host}:
            state = peer_standing(ruleset, host, TODAY).state
            assert state is PeerState.ACTIVE or (state is PeerState.UNKNOWN and ruleset.network is Network.OPEN)


@STEADY
@given(join_facts, rulesets)
def test_nobody_joins_from_a_host_that_does_not_enforce(facts: JoinFacts, ruleset: Ruleset) -> None:
    if facts.host is not None and passes(may_accept(facts, ruleset, NOW)):
        assert facts.capable
        assert facts.in_reach
        assert not facts.banned
        assert peer_standing(ruleset, facts.host, TODAY).state is PeerState.ACTIVE
    assert passes(may_accept(facts, ruleset, NOW)) or not passes(may_join(facts, ruleset, NOW))


# 2. No widening.


@STEADY
@given(post_facts, rulesets)
def test_a_post_never_reaches_beyond_what_was_asked_nor_beyond_its_parent_under_any_ruleset(
    facts: PostFacts, ruleset: Ruleset
) -> None:
    check_reach(facts, ruleset)


def test_a_post_never_reaches_beyond_what_was_asked_nor_beyond_its_parent() -> None:
    groups = [(), (GroupFacts(GROUP_URI, member=True),), (GroupFacts(GROUP_URI, member=False),)]
    above = [None, *(ParentFacts(each, GROUP_URI if each is Audience.GROUP else "") for each in Audience)]
    for audience, parent, named, others in itertools.product(Audience, above, groups, (False, True)):
        check_reach(PostFacts(audience, named, mentions_others=others, parent=parent), BASE)


def check_reach(facts: PostFacts, ruleset: Ruleset) -> None:
    decision = decide(facts, ruleset, NOW)
    if isinstance(decision, Deny):
        return
    result = audience_after(facts.audience, decision)
    if facts.parent:
        assert result in WITHIN[facts.parent.audience]
    if facts.quoted:
        assert result in WITHIN[facts.quoted.original]
    if result is Audience.GROUP:
        [group] = facts.groups
        assert group.member
        assert group.moderator or not group.moderators_only
        assert facts.parent is None or facts.parent.group in {"", group.uri}
    else:
        assert result in WITHIN[facts.audience]
        assert facts.audience is Audience.DIRECT or not facts.groups


def test_no_boost_quote_or_edit_reaches_beyond_the_post() -> None:
    for original, asked, own in itertools.product(Audience, Audience, (False, True)):
        shared = may_share(ShareFacts(original, asked, own))
        if passes(shared):
            assert audience_after(asked, shared) in WITHIN[original]
            assert original is not Audience.GROUP
            assert own or original in {Audience.PUBLIC, Audience.UNLISTED}
    for before, after in itertools.product(Audience, Audience):
        for facts in every(EditFacts, before=before, after=after):
            if passes(may_edit(facts)):
                assert facts.own
                assert after in WITHIN[before]
                assert before is not Audience.GROUP or (facts.same_group and facts.member)


# 3. Narrowing is monotone.

Point = Callable[[Any, Ruleset], Decision]
POINTS: list[tuple[st.SearchStrategy[Any], Point]] = [
    (host_facts, lambda facts, ruleset: admit_host(facts, ruleset, TODAY)),
    (activity_facts, lambda facts, ruleset: admit_activity(facts, ruleset, TODAY)),
    (send_facts, lambda facts, ruleset: may_send(facts, ruleset, TODAY)),
    (fetch_facts, lambda facts, ruleset: may_fetch(facts, ruleset, TODAY)),
    (join_facts, lambda facts, ruleset: may_join(facts, ruleset, NOW)),
    (join_facts, lambda facts, ruleset: may_accept(facts, ruleset, NOW)),
    (post_facts, lambda facts, ruleset: decide(facts, ruleset, NOW)),
]


@pytest.mark.parametrize(("strategy", "point"), POINTS)
@STEADY
@given(data=st.data(), narrowing=narrowings())
def test_a_ruleset_that_only_adds_refusals_allows_nothing_new(
    strategy: st.SearchStrategy[Any], point: Point, data: st.DataObject, narrowing: tuple[Ruleset, Ruleset]
) -> None:
    wide, narrow = narrowing
    facts = data.draw(strategy)
    if passes(point(facts, narrow)):
        assert passes(point(facts, wide))


def pairs_of(order: Mapping[T, Sequence[T]]) -> list[tuple[T, T]]:
    return [(wide, narrow) for wide in order for narrow in order[wide] if narrow is not wide]


def single_narrowings() -> list[tuple[Ruleset, Ruleset]]:
    """The base, and with it each setting of a peer or a group alone, wide and narrower."""
    peers: list[tuple[str, Mapping[Any, Sequence[Any]]]] = [
        ("state", STATES),
        ("agreement", AGREEMENTS),
        ("direction", DIRECTIONS),
        ("onward", ONWARDS),
    ]
    found = [(with_peer(**{name: a}), with_peer(**{name: b})) for name, order in peers for a, b in pairs_of(order)]
    for audience in Audience:
        found += [
            (with_peer(audiences={audience: a}), with_peer(audiences={audience: b})) for a, b in pairs_of(SHARINGS)
        ]
    for a, b in pairs_of(REACHES):
        found.append((replace(BASE, groups={"g": GroupRule(a)}), replace(BASE, groups={"g": GroupRule(b)})))
    return found


def test_no_setting_that_adds_refusals_allows_anything_new() -> None:
    sent = [facts for audience in Audience for facts in every_sending(audience=audience)]
    asked = [
        facts
        for audience in Audience
        for facts in every_fetch(audience=audience, exists=True, fresh=True, capable=True, group_home=False)
    ]
    for wide, narrow in single_narrowings():
        for leaving in sent:
            assert passes(may_send(leaving, wide, TODAY)) or not passes(may_send(leaving, narrow, TODAY)), (
                narrow,
                leaving,
            )
        for asking in asked:
            assert passes(may_fetch(asking, wide, TODAY)) or not passes(may_fetch(asking, narrow, TODAY)), (
                narrow,
                asking,
            )


@STEADY
@given(attestations, criteria, narrowings(), st.sampled_from(Purpose))
def test_nobody_becomes_verified_by_a_refusal(
    facts: AttestationFacts | None, asked: Criteria, narrowing: tuple[Ruleset, Ruleset], purpose: Purpose
) -> None:
    wide, narrow = narrowing
    if isinstance(standing(facts, asked, narrow, NOW, purpose), Verified):
        assert isinstance(standing(facts, asked, wide, NOW, purpose), Verified)


# 4. Fail closed.


@STEADY
@given(activity_facts, send_facts, fetch_facts, host_facts)
def test_without_a_ruleset_nothing_crosses_but_retractions(
    activity: ActivityFacts, send: SendFacts, fetch: FetchFacts, host: HostFacts
) -> None:
    assert passes(admit_activity(activity, SEALED, TODAY)) == (activity.kind is Kind.RETRACTION)
    assert passes(may_send(send, SEALED, TODAY)) == (send.kind is Kind.RETRACTION)
    assert passes(admit_host(host, SEALED, TODAY)) == (host.kind is Kind.RETRACTION and host.key_known)
    assert not passes(may_fetch(fetch, SEALED, TODAY))


@STEADY
@given(
    activity_facts, send_facts, fetch_facts, join_facts, rulesets, st.sampled_from([PeerState.ACTIVE, PeerState.TRIAL])
)
def test_an_agreement_that_is_not_in_force_stops_content_both_ways(
    activity: ActivityFacts, send: SendFacts, fetch: FetchFacts, join: JoinFacts, ruleset: Ruleset, state: PeerState
) -> None:
    host = "b.example"
    for agreement in (EXPIRED, Agreement("1", TODAY + timedelta(days=1), date.max)):
        peer = Peer(host, "B", state, Level.DECLARED, agreement=agreement)
        lapsed = replace(ruleset, peers={**ruleset.peers, host: peer})
        assert not passes(admit_activity(replace(activity, host=host, kind=Kind.CONTENT), lapsed, TODAY))
        embedding = replace(activity, embedded=frozenset({host}), kind=Kind.CONTENT)
        assert not passes(admit_activity(embedding, lapsed, TODAY))
        assert not passes(may_send(replace(send, host=host, kind=Kind.CONTENT), lapsed, TODAY))
        assert not passes(may_fetch(replace(fetch, host=host), lapsed, TODAY))
        assert not passes(may_join(replace(join, host=host), lapsed, NOW))


@STEADY
@given(activity_facts, send_facts, rulesets)
def test_a_held_peer_is_never_passed_and_never_lost(activity: ActivityFacts, send: SendFacts, ruleset: Ruleset) -> None:
    """Quarantine alone holds; only another rule may refuse."""
    peer = Peer("q.example", "Q", PeerState.QUARANTINED, Level.DECLARED)
    held = replace(
        ruleset,
        peers={**ruleset.peers, peer.host: peer},
        audiences=dict.fromkeys(Audience, Sharing.ALLOW),
        strangers=Strangers.ALLOW,
        groups={},
    )
    calm = replace(activity, host=peer.host, kind=Kind.CONTENT, embedded=NOBODY, capable=True, joined=True)
    assert isinstance(admit_activity(calm, held, TODAY), Hold)
    full = replace(send, host=peer.host, kind=Kind.CONTENT, capable=True, members=True, in_reach=True, onward=None)
    assert isinstance(may_send(full, held, TODAY), Hold)


# First rule: retractions always pass.


@STEADY
@given(activity_facts, send_facts, rulesets, st.sampled_from(PeerState), st.sampled_from(Direction))
def test_retractions_pass_in_every_state_direction_and_agreement(
    activity: ActivityFacts, send: SendFacts, ruleset: Ruleset, state: PeerState, direction: Direction
) -> None:
    for agreement in (None, IN_FORCE, EXPIRED):
        peer = Peer("r.example", "R", state, Level.STRONG, agreement=agreement, direction=direction)
        listed = {} if state is PeerState.UNKNOWN else {peer.host: peer}
        rules = replace(ruleset, peers={**ruleset.peers, **listed}, audiences={})
        knock = HostFacts(peer.host, Kind.RETRACTION, key_known=True)
        assert admit_host(knock, rules, TODAY) == Allow("retraction")
        inbound = replace(activity, host=peer.host, kind=Kind.RETRACTION)
        assert admit_activity(inbound, rules, TODAY) == Allow("retraction")
        outbound = replace(send, host=peer.host, kind=Kind.RETRACTION)
        assert may_send(outbound, rules, TODAY) == Allow("retraction")
