"""Every setting of a ruleset changes a decision: which one, and how."""

from collections.abc import Callable
from dataclasses import fields, replace
from datetime import timedelta
from typing import NamedTuple

import pytest

from policies.admission import ActivityFacts, HostFacts, admit_activity, admit_host
from policies.changing import ALONE_AFTER, ChangeFacts, may_put_in_force, may_widen_alone
from policies.decision import Allow, Decision, Deny, Hold, Limit
from policies.delivery import SendFacts, may_send
from policies.keeping import (
    DAY,
    MOST_HELD_BYTES,
    HeldFacts,
    group_keeps_since,
    held_since,
    kept_since,
    may_hold,
    may_keep,
    may_wait,
)
from policies.lists import FederationList, may_take, may_trust
from policies.membership import JoinFacts, Joining, may_accept, may_join
from policies.rules import TREATMENTS, parse
from policies.ruleset import GroupRule, Limits, Peer, Ruleset, TrustedList, day_of, suspended_hosts
from policies.terms import Audience, Kind, Level, Part
from policies.verification import AttestationFacts, Unverified, standing, verified_here
from policies.visibility import may_carry

NOW = 1_795_000_000_000
TODAY = day_of(NOW)
HOST = "b.example"
LONG_AGO = f"{{ reference = '1', from = 2020-01-01, until = {TODAY - timedelta(days=1)} }}"

BASE = """
[instance]
organisation = "A"
[audiences]
public = "allow"
unlisted = "allow"
followers = "allow"
direct = "allow"
group = "members"
[peers."b.example"]
organisation = "B"
state = "active"
list = "l"
[groups.g]
reach = "active"
[lists.l]
key = "z6Mkwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww"
"""

Ask = Callable[[Ruleset], Decision]


class Effect(NamedTuple):
    """With `before` and with `after` in the place of a text of BASE, what a decision is."""

    setting: str
    place: str
    before: str
    after: str
    ask: Ask
    was: type[Decision]
    becomes: type[Decision]


def attested(**more: object) -> AttestationFacts:
    facts = AttestationFacts(
        Level.CHECKED,
        "physician",
        0,
        NOW + 1,
        frozenset({"cardiology"}),
        HOST,
        by_instance_actor=True,
        confirmed_at=NOW,
    )
    return replace(facts, **more)  # type: ignore[arg-type]


def verified(ruleset: Ruleset) -> Decision:
    answer = standing(attested(), verified_here(ruleset), ruleset, NOW)
    return Deny(answer.rule, answer.reason) if isinstance(answer, Unverified) else Allow("verified")


def sending(audience: Audience = Audience.PUBLIC, *parts: Part, **more: object) -> Ask:
    facts = SendFacts(HOST, Kind.CONTENT, audience, capable=True, members=True, in_reach=True, group="g")
    facts = replace(facts, parts=frozenset(parts), **more)  # type: ignore[arg-type]
    return lambda ruleset: may_send(facts, ruleset, TODAY)


def receiving(*parts: Part, **more: object) -> Ask:
    facts = replace(ActivityFacts(HOST, Kind.CONTENT, Audience.PUBLIC, parts=frozenset(parts)), **more)  # type: ignore[arg-type]
    return lambda ruleset: admit_activity(facts, ruleset, TODAY)


def joining(**more: object) -> Ask:
    facts = JoinFacts("g", Joining.AUTOMATIC, HOST, attested(), capable=True, in_reach=True)
    return lambda ruleset: may_join(replace(facts, **more), ruleset, NOW)  # type: ignore[arg-type]


def changing(**more: object) -> Ask:
    facts = replace(ChangeFacts(widens=True, author="anna"), **more)  # type: ignore[arg-type]
    return lambda ruleset: may_put_in_force(facts, ruleset)


def taking(version: int) -> Ask:
    found = FederationList("l", version, TODAY, {})
    return lambda ruleset: may_take(found, ruleset.lists["l"], TODAY)


def signed_by_w(ruleset: Ruleset) -> Decision:
    """Whose signature counts: the wire checks it (`tests/wire/test_lists.py`)."""
    return may_trust("l", KEY, ruleset)


KEY = "z6Mkwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww"
LISTED = f'key = "{KEY}"'
OVER = f"{LISTED}\nuntil = 2020-01-01"
PEER = 'state = "active"'
GROUP = 'reach = "active"'
INSTANCE = 'organisation = "A"'
EXPIRED = f"{PEER}\nagreement = {LONG_AGO}"


def peer(setting: str, line: str, ask: Ask, becomes: type[Decision], was: type[Decision] = Allow) -> Effect:
    return Effect(f"peers.{setting}", PEER, PEER, f"{PEER}\n{line}", ask, was, becomes)


def instance(setting: str, value: str, ask: Ask, was: type[Decision], becomes: type[Decision]) -> Effect:
    return Effect(f"instance.{setting}", INSTANCE, INSTANCE, f'{INSTANCE}\n{setting} = "{value}"', ask, was, becomes)


def audience(name: str, value: str, ask: Ask, becomes: type[Decision]) -> Effect:
    line = f'{name} = "{"members" if name == "group" else "allow"}"'
    return Effect(f"audiences.{name}", line, line, f'{name} = "{value}"', ask, Allow, becomes)


def group(setting: str, value: str) -> Effect:
    return Effect(f"groups.{setting}", GROUP, GROUP, f"{GROUP}\n{setting} = {value}", joining(), Allow, Deny)


EFFECTS = [
    instance("network", "open", lambda rules: admit_host(HostFacts("new.example"), rules, TODAY), Deny, Allow),
    instance("verified_from", "register", verified, Allow, Deny),
    instance("strangers", "deny", receiving(approach=True), Hold, Deny),
    instance("strangers", "allow", receiving(approach=True), Hold, Allow),
    Effect("instance.two_person", INSTANCE, INSTANCE, f"{INSTANCE}\ntwo_person = true", changing(), Allow, Hold),
    audience("public", "deny", sending(Audience.PUBLIC), Deny),
    audience("unlisted", "hold", sending(Audience.UNLISTED), Hold),
    audience("followers", "verified", sending(Audience.FOLLOWERS), Deny),
    audience("direct", "verified", sending(Audience.DIRECT), Deny),
    audience("group", "hold", sending(Audience.GROUP), Hold),
    audience("group", "deny", sending(Audience.GROUP), Deny),
    Effect("peers.state", PEER, PEER, 'state = "quarantined"', receiving(), Allow, Hold),
    Effect("peers.state", PEER, PEER, 'state = "proposed"', receiving(), Allow, Deny),
    Effect("peers.state", PEER, PEER, 'state = "trial"', sending(Audience.FOLLOWERS), Allow, Deny),
    Effect("peers.state", PEER, PEER, 'state = "suspended"', joining(), Allow, Deny),
    peer("agreement", f"agreement = {LONG_AGO}", sending(), Hold),
    Effect("peers.on_expiry", PEER, EXPIRED, f'{EXPIRED}\non_expiry = "suspend"', sending(), Hold, Deny),
    peer("direction", 'direction = "in"', sending(), Deny),
    peer("direction", 'direction = "out"', receiving(), Deny),
    peer("audiences", 'audiences = { public = "deny" }', sending(), Deny),
    peer("onward", 'onward = "deny"', sending(Audience.GROUP, onward=frozenset({"c.example"})), Deny, was=Deny),
    peer("accept_levels_from", 'accept_levels_from = "strong"', verified, Deny),
    peer("kinds.posts", 'kinds = { posts = "deny" }', sending(Audience.PUBLIC, Part.POSTS), Deny),
    peer("kinds.replies", 'kinds = { replies = "deny" }', receiving(Part.REPLIES), Deny),
    peer("kinds.media", 'kinds = { media = "strip" }', sending(Audience.PUBLIC, Part.MEDIA), Limit),
    peer("kinds.media", 'kinds = { media = "strip" }', sending(Audience.GROUP, Part.MEDIA), Deny),
    peer("kinds.media", 'kinds = { media = "deny" }', receiving(Part.MEDIA), Deny),
    peer("kinds.polls", 'kinds = { polls = "strip" }', receiving(Part.POLLS), Limit),
    peer("kinds.reactions", 'kinds = { reactions = "deny" }', receiving(Part.REACTIONS), Deny),
    peer("kinds.profiles", 'kinds = { profiles = "strip" }', receiving(Part.PROFILES, kind=Kind.CONTROL), Limit),
    peer("kinds.profiles", 'kinds = { profiles = "strip" }', sending(Audience.DIRECT, Part.PROFILES, kind=Kind.CONTROL), Limit),
    peer("kinds.reports", 'kinds = { reports = "deny" }', receiving(Part.REPORTS, kind=Kind.CONTROL), Deny),
    peer("limits.new_members_per_day", "limits = { new_members_per_day = 1 }", joining(joined_today=1), Hold),
    peer("limits.held", "limits = { held = 1 }", lambda rules: may_hold(HeldFacts(HOST, 1), rules, NOW), Deny),
    peer("limits.held_days", "limits = { held_days = 1 }", lambda rules: may_wait(HOST, NOW - 2 * DAY, rules, NOW), Deny),
    peer("retention_days", "retention_days = 1", lambda rules: may_keep(HOST, NOW - 2 * DAY, rules, NOW), Deny),
    Effect("groups.reach", GROUP, GROUP, 'reach = "instance"', joining(), Allow, Deny),
    Effect("groups.reach", GROUP, GROUP, 'reach = ["c.example"]', sending(Audience.GROUP), Allow, Deny),
    Effect("lists.until", LISTED, LISTED, f"{LISTED}\nuntil = 2020-01-01", sending(), Allow, Hold),
    Effect("lists.on_expiry", LISTED, OVER, f'{OVER}\non_expiry = "keep"', sending(), Hold, Allow),
    Effect("lists.version", LISTED, LISTED, f"{LISTED}\nversion = 3", taking(2), Allow, Deny),
    Effect("lists.key", LISTED, LISTED, LISTED.replace("ww", "xx"), signed_by_w, Allow, Deny),
    group("verified_from", '"register"'),
    group("professions", '["nurse"]'),
    group("specialties", '["neurology"]'),
]  # fmt: skip

DESCRIPTIONS = {"instance.organisation", "peers.organisation", "peers.identifier", "peers.contacts", "peers.list"}
"""What says who somebody is, and decides nothing; a list decides by its own table."""


@pytest.mark.parametrize("effect", EFFECTS, ids=[f"{each.setting}: {each.after.splitlines()[-1]}" for each in EFFECTS])
def test_what_a_setting_decides(effect: Effect) -> None:
    assert effect.place in BASE
    before, after = (parse(BASE.replace(effect.place, text)) for text in (effect.before, effect.after))
    assert isinstance(effect.ask(before), effect.was)
    answer = effect.ask(after)
    assert isinstance(answer, effect.becomes)
    *_, key = effect.setting.split(".")
    named = key in answer.rule or key in {"verified_from", "audiences", "professions", "specialties"}
    assert named or isinstance(answer, Allow)


def test_no_setting_is_without_effect() -> None:
    known = {
        *(f"instance.{each.name}" for each in fields(Ruleset)),
        *(f"audiences.{each}" for each in Audience),
        *(f"peers.{each.name}" for each in fields(Peer)),
        *(f"peers.kinds.{each}" for each in TREATMENTS),
        *(f"peers.limits.{each.name}" for each in fields(Limits)),
        *(f"groups.{each.name}" for each in fields(GroupRule)),
        *(f"lists.{each.name}" for each in fields(TrustedList)),
    }
    tables = {
        "instance.audiences",
        "instance.peers",
        "instance.groups",
        "instance.lists",
        "peers.host",
        "peers.kinds",
        "peers.limits",
    }
    assert {each.setting for each in EFFECTS} == known - tables - DESCRIPTIONS
    assert set(TREATMENTS) == set(Part)


def test_onward_lets_a_post_go_on_as_far_as_it_says() -> None:
    """Each word lets through a host that the next one does not."""
    listed = '\n[peers."c.example"]\norganisation = "C"\nstate = "active"\n'
    ask = sending(Audience.GROUP, onward=frozenset({"c.example"}))
    for word, others, expected in (
        ("reach", "", Allow),
        ("listed", "", Deny),
        ("listed", listed, Allow),
        ("deny", listed, Deny),
    ):
        text = BASE.replace(INSTANCE, f'{INSTANCE}\nnetwork = "open"').replace(PEER, f'{PEER}\nonward = "{word}"')
        assert isinstance(ask(parse(text + others)), expected), word
    barred = listed + 'kinds = { media = "strip" }\n'
    rules = parse(BASE.replace(PEER, f'{PEER}\nonward = "reach"') + barred)
    assert isinstance(ask(rules), Allow)
    with_media = sending(Audience.GROUP, Part.MEDIA, onward=frozenset({"c.example"}))(rules)
    assert isinstance(with_media, Deny)
    assert with_media.about == "c.example"


def test_a_moderator_lets_in_more_than_the_daily_cap() -> None:
    rules = parse(BASE.replace(PEER, f"{PEER}\nlimits = {{ new_members_per_day = 0 }}"))
    facts = JoinFacts("g", Joining.AUTOMATIC, HOST, attested(), capable=True, in_reach=True)
    assert isinstance(may_join(facts, rules, NOW), Hold)
    assert isinstance(may_accept(facts, rules, NOW), Allow)


@pytest.mark.parametrize(
    ("facts", "decision"),
    [
        (ChangeFacts(widens=False, author="anna"), Allow),
        (ChangeFacts(widens=True, author="anna", admins=2), Hold),
        (ChangeFacts(widens=True, author="anna", approver="ben", admins=2), Allow),
        (ChangeFacts(widens=True, author="anna", approver="anna", admins=2), Deny),
        (ChangeFacts(widens=True, author="anna", approver="anna", waited=ALONE_AFTER, admins=2), Deny),
        (ChangeFacts(widens=True, author="anna", waited=ALONE_AFTER, admins=2), Hold),
        (ChangeFacts(widens=True, author="anna", approver="anna", waited=ALONE_AFTER - 1, admins=1), Hold),
        (ChangeFacts(widens=True, author="anna", waited=ALONE_AFTER, admins=1), Allow),
    ],
)
def test_who_puts_a_draft_in_force(facts: ChangeFacts, decision: type[Decision]) -> None:
    two = parse(BASE.replace(INSTANCE, f"{INSTANCE}\ntwo_person = true"))
    assert isinstance(may_put_in_force(facts, two), decision)
    assert isinstance(may_put_in_force(facts, parse(BASE)), Allow)
    assert isinstance(may_widen_alone(two), Hold)
    assert isinstance(may_widen_alone(parse(BASE)), Allow)


def test_what_is_fetched_comes_without_what_is_not_wanted() -> None:
    rules = parse(BASE.replace(PEER, f'{PEER}\nkinds = {{ media = "strip", polls = "deny" }}'))
    media, poll = frozenset({Part.MEDIA}), frozenset({Part.POLLS})
    assert isinstance(may_carry(HOST, media, rules, TODAY), Limit)
    assert isinstance(may_carry(HOST, media, rules, TODAY, whole=True), Deny)
    assert isinstance(may_carry(HOST, poll, rules, TODAY), Deny)
    assert may_carry(HOST, frozenset(), rules, TODAY) == Allow("fetch:parts")
    assert may_carry("new.example", media, rules, TODAY) == Allow("fetch:parts")


def test_what_is_kept_of_hosts_that_say_nothing() -> None:
    rules = parse(BASE)
    for host in (HOST, "new.example"):
        assert isinstance(may_hold(HeldFacts(host, 999), rules, NOW), Allow)
        assert isinstance(may_hold(HeldFacts(host, 1000), rules, NOW), Deny)
        assert isinstance(may_hold(HeldFacts(host, 1, MOST_HELD_BYTES), rules, NOW), Deny)
        assert held_since(rules, host, NOW) == NOW - 14 * DAY
        assert kept_since(rules, host, NOW) is None
        assert isinstance(may_keep(host, 0, rules, NOW), Allow)


def test_who_is_suspended_today() -> None:
    rules = parse(
        BASE.replace(PEER, f'{EXPIRED}\non_expiry = "suspend"')
        + '[peers."s.example"]\norganisation = "S"\nstate = "suspended"\n'
    )
    assert suspended_hosts(rules, TODAY) == {HOST, "s.example"}
    assert suspended_hosts(rules, TODAY - timedelta(days=1)) == {"s.example"}
    assert isinstance(admit_host(HostFacts(f"sub.{HOST}"), rules, TODAY), Deny)


def test_a_group_keeps_its_posts_for_as_long_as_it_is_set() -> None:
    assert group_keeps_since(365, NOW) == NOW - 365 * DAY
    assert group_keeps_since(0, NOW) is None
