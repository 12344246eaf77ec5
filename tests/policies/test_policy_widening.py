"""What a draft allows anew is found exactly: compared with facts tried one by one, and setting by setting."""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies import posting
from policies.admission import ActivityFacts, HostFacts, admit_activity, admit_host
from policies.cases import permits_more
from policies.decision import Allow, Change, Decision, Deny, Hold, Limit, Reason
from policies.delivery import SendFacts, may_send
from policies.keeping import DAY, HeldFacts, may_hold, may_keep, may_wait
from policies.membership import JoinFacts, Joining, may_accept, may_join
from policies.posting import GroupFacts, PostFacts
from policies.rules import parse
from policies.ruleset import Limits, OnExpiry, Ruleset, Treatment, day_of
from policies.terms import Audience, Kind, Level, Part
from policies.verification import AttestationFacts, Criteria, Verified, criteria_of_group, standing, verified_here
from policies.visibility import Door, FetchFacts, may_carry, may_fetch
from policies.widening import list_widenings, widens
from policies.wording import describe_change
from tests.examples import examples
from tests.policies.test_policy_never import HOSTS, NOW, TODAY, narrowings
from tests.policies.test_policy_settings import BASE, EFFECTS, EXPIRED, HOST, INSTANCE, PEER, Effect

ASKED = (*HOSTS, "b.example:8443", "x.sub.b.example")
CONTENT_PARTS = (Part.POSTS, Part.REPLIES, Part.MEDIA, Part.POLLS, Part.REACTIONS)


class Facts:
    """One world of concrete facts, drawn at random: everything that facts can be, at its best more often than not."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311  # facts, no secret
        pick = self.random.choice
        self.host, self.kind, self.audience = pick(ASKED), pick((Kind.CONTENT, Kind.CONTROL)), pick(tuple(Audience))
        self.others = frozenset(self.random.sample(ASKED, pick((0, 1, 1, 2))))
        parts = CONTENT_PARTS if self.kind is Kind.CONTENT else (Part.PROFILES, Part.REPORTS)
        self.parts = frozenset(self.random.sample(parts, pick((0, 1, 2))))
        self.capable, self.member, self.reached = (self.random.random() < 0.9 for _ in range(3))
        self.approach = pick((False, True))
        self.group, self.home = pick(("g", "other")), pick((False, True))
        self.level, self.profession = pick(tuple(Level)), pick(("physician", "nurse", "student_physician"))
        self.own_professions = pick((None, None, frozenset({self.profession}), frozenset({"physician", "nurse"})))
        self.joined, self.number = pick((0, 1, 4, 5, 6)), pick((0, 1, 2, 10, 14, 20, 999, 1000))
        self.attested, self.days = self.random.random() < 0.8, pick((0, 0, 1, 2, 40))
        self.door = pick(tuple(Door))

    @property
    def now(self) -> int:
        return NOW + self.days * DAY

    def attestation(self, issuer: str | None) -> AttestationFacts | None:
        facts = AttestationFacts(
            self.level, self.profession, 0, 2**60, frozenset({"cardiology"}), issuer, by_instance_actor=True,
            confirmed_at=self.now,
        )  # fmt: skip
        return facts if self.attested else None

    def verified(self, host: str | None, ruleset: Ruleset) -> bool:
        return isinstance(standing(self.attestation(host), verified_here(ruleset), ruleset, self.now), Verified)

    def criteria(self, ruleset: Ruleset) -> Criteria:
        return Criteria(verified_here(ruleset).level, self.own_professions)


def answers(facts: Facts, ruleset: Ruleset) -> Iterator[Decision]:
    """What every decision point says of the facts."""
    today, verified = day_of(facts.now), facts.verified(facts.host, ruleset)
    yield admit_host(HostFacts(facts.host), ruleset, today)
    yield admit_activity(
        ActivityFacts(
            facts.host, facts.kind, facts.audience, facts.others, facts.approach, verified, facts.capable, facts.member,
            facts.parts,
        ),
        ruleset,
        today,
    )  # fmt: skip
    yield may_send(
        SendFacts(
            facts.host, facts.kind, facts.audience, verified, facts.capable, facts.member, facts.reached,
            "" if facts.home else facts.group, facts.others if facts.home else None, facts.parts,
        ),
        ruleset,
        today,
    )  # fmt: skip
    fetched = may_fetch(
        FetchFacts(
            facts.host, facts.audience, True, facts.door, facts.member, facts.member, verified, facts.member, True,  # noqa: FBT003
            facts.capable, facts.reached, facts.reached, facts.group if facts.door is Door.GROUP else "",
        ),
        ruleset,
        today,
    )  # fmt: skip
    whole = facts.door is Door.GROUP
    parts = facts.parts if facts.kind is Kind.CONTENT else frozenset[Part]()
    yield may_carry(facts.host, parts, ruleset, today, whole=whole) if isinstance(fetched, Allow) else fetched
    for host in (None, facts.host):
        join = JoinFacts(
            facts.group, Joining.AUTOMATIC, host, facts.attestation(host), facts.criteria(ruleset),
            capable=facts.capable, in_reach=facts.reached, joined_today=facts.joined,
        )  # fmt: skip
        yield may_join(join, ruleset, facts.now)
        yield may_accept(join, ruleset, facts.now)
        criteria = criteria_of_group(ruleset.groups.get(facts.group), facts.criteria(ruleset))
        group = GroupFacts("g", facts.member, criteria=criteria)
        yield posting.decide(
            PostFacts(Audience.GROUP, (group,), attestation=facts.attestation(host)), ruleset, facts.now
        )
        attested = standing(facts.attestation(host), verified_here(ruleset), ruleset, facts.now)
        yield Allow("") if isinstance(attested, Verified) else Deny("", Reason.NOT_ATTESTED)
    yield may_hold(HeldFacts(facts.host, facts.number), ruleset, facts.now)
    yield may_wait(facts.host, facts.now - facts.number * DAY, ruleset, facts.now)
    yield may_keep(facts.host, facts.now - facts.number * DAY, ruleset, facts.now)


def tried(present: Ruleset, draft: Ruleset, seed: int, count: int) -> Facts | None:
    """The first of so many worlds in which the draft permits what the present ruleset does not."""
    for number in range(count):
        facts = Facts(seed * count + number)
        pairs = zip(answers(facts, draft), answers(facts, present), strict=True)
        if any(permits_more(after, before) for after, before in pairs):
            return facts
    return None


def mixed(ruleset: Ruleset, number: int) -> Ruleset:
    """The ruleset with settings of peers that `narrowings` does not draw, by a number."""
    drawn = random.Random(number)  # noqa: S311
    peers = {
        host: replace(
            peer,
            kinds={
                drawn.choice((Part.MEDIA, Part.POLLS)): Treatment.STRIP,
                drawn.choice(CONTENT_PARTS): Treatment.DENY,
            },
            limits=Limits(drawn.choice((1, 5)), drawn.choice((1, 1000)), drawn.choice((2, 14))),
            retention_days=drawn.choice((None, 1, 10)),
            on_expiry=drawn.choice(tuple(OnExpiry)),
        )
        for host, peer in ruleset.peers.items()
    }
    return replace(ruleset, peers=peers)


@examples(25)
@given(narrowings(), narrowings(), st.integers(0, 999))
def test_whatever_is_found_by_trying_is_found(
    one: tuple[Ruleset, Ruleset], other: tuple[Ruleset, Ruleset], seed: int
) -> None:
    """In pairs that have nothing to do with each other, and in those that differ by little."""
    for present, draft in (
        (one[0], other[0]),
        (one[1], one[0]),
        (mixed(one[0], seed), mixed(one[0], seed + 1)),
        (one[0], replace(one[0], peers=other[0].peers)),
    ):
        if tried(present, draft, seed, 100) is not None:
            assert widens(present, draft, NOW) is not None


@examples(12)
@given(narrowings(), st.integers(0, 999))
def test_a_draft_that_only_adds_refusals_widens_nothing(pair: tuple[Ruleset, Ruleset], seed: int) -> None:
    wide, narrow = pair
    assert widens(wide, narrow, NOW) is None
    assert tried(wide, narrow, seed, 50) is None
    assert widens(wide, wide, NOW) is None


@examples(6)
@given(narrowings(), narrowings())
def test_every_witness_is_one(one: tuple[Ruleset, Ruleset], other: tuple[Ruleset, Ruleset]) -> None:
    for found in list_widenings(one[0], other[0], NOW):
        moment = NOW + (found.day - TODAY).days * DAY
        assert permits_more(found.case.decide(other[0], moment), found.case.decide(one[0], moment))
    for said in describe_change(one[0], other[0], NOW):
        assert said.fr.endswith(".")
        assert said.en.endswith(".")
        assert "\0" not in said.fr + said.en


@pytest.mark.parametrize("effect", EFFECTS, ids=[f"{each.setting}: {each.after.splitlines()[-1]}" for each in EFFECTS])
def test_a_change_of_any_setting_is_seen_from_both_sides(effect: Effect) -> None:
    """What a setting takes away is a widening when it is taken out again; nothing that only narrows is called one."""
    before, after = (parse(BASE.replace(effect.place, text)) for text in (effect.before, effect.after))
    was, becomes = effect.ask(before), effect.ask(after)
    if permits_more(becomes, was):
        assert widens(before, after, NOW) is not None
        assert all(said.widens for said in describe_change(before, after, NOW))
    if permits_more(was, becomes):
        assert widens(after, before, NOW) is not None
        both = effect.setting == "lists.key"  # who trusts another key no longer trusts the first
        assert any(said.widens for said in describe_change(before, after, NOW)) == both


def said(before: str, after: str) -> list[tuple[str, str]]:
    return [(each.fr, each.en) for each in describe_change(parse(before), parse(after), NOW)]


def with_peer(line: str) -> str:
    return BASE.replace(PEER, f"{PEER}\n{line}")


def test_a_change_in_words() -> None:
    assert (
        "B (b.example) ne peut plus recevoir les messages de groupe.",
        "B (b.example) may no longer receive group posts.",
    ) in said(BASE, with_peer('audiences = { group = "deny" }'))
    assert (
        "Un administrateur ne peut plus élargir la politique sans un second.",
        "One admin may no longer widen the policy without a second one.",
    ) in said(BASE, BASE.replace(INSTANCE, f"{INSTANCE}\ntwo_person = true"))
    opened = said(BASE, BASE.replace(INSTANCE, f'{INSTANCE}\nnetwork = "open"'))
    assert (
        "Les hôtes sous b.example et les hôtes absents de la liste peuvent désormais s’adresser à cette instance.",
        "Hosts below b.example and hosts that are not listed may now talk to this instance.",
    ) in opened
    assert said(BASE, BASE + "# a comment\n") == []


def test_where_posts_go_on_to_in_words() -> None:
    opened = BASE.replace(INSTANCE, f'{INSTANCE}\nnetwork = "open"')
    listed = BASE + '[peers."c.example"]\norganisation = "C"\nstate = "active"\n'
    for base, word, where in (
        (opened, "reach", "hosts below b.example"),
        (opened.replace("b.example", "b.example:8443"), "reach", "hosts that are not listed"),
        (listed.replace(PEER, f'{PEER}\nonward = "deny"', 1), "listed", "c.example"),
    ):
        draft = base.replace('onward = "deny"', f'onward = "{word}"')
        draft = base.replace(PEER, f'{PEER}\nonward = "{word}"', 1) if draft == base else draft
        ends = {each.split(" may ")[1] for _, each in said(base, draft)}
        assert ends == {f"now pass our members’ posts in its groups on to {where}."}


def test_a_longer_agreement_widens_from_the_day_on_which_it_would_have_ended() -> None:
    present, draft = (
        parse(with_peer(f"agreement = {{ reference = '1', from = 2026-01-01, until = {day} }}"))
        for day in (TODAY, TODAY + timedelta(days=30))
    )
    found = widens(present, draft, NOW)
    assert found is not None
    assert found.day == TODAY + timedelta(days=1)
    assert f"from {found.day} on" in describe_change(present, draft, NOW)[0].en
    assert widens(draft, present, NOW) is None
    for_ever = parse(with_peer("agreement = { reference = '1', from = 2026-01-01, until = 9999-12-31 }"))
    assert widens(for_ever, parse(BASE), NOW) is None
    assert date.max.year == 9999


def test_an_agreement_that_suspends_reaches_the_hosts_below() -> None:
    suspends = parse(
        BASE.replace(PEER, f'{EXPIRED}\non_expiry = "suspend"').replace(INSTANCE, f'{INSTANCE}\nnetwork = "open"')
    )
    holds = parse(BASE.replace(PEER, EXPIRED).replace(INSTANCE, f'{INSTANCE}\nnetwork = "open"'))
    found = [each for each in list_widenings(suspends, holds, NOW) if each.hosts]
    assert {each.hosts for each in found} == {(HOST,), (f"-.{HOST}",)} or any(
        f"-.{HOST}" in each.hosts for each in found
    )


def test_what_counts_as_more() -> None:
    refused, held, allowed = Deny("", Reason.DIRECTION), Hold("", Reason.STRANGER), Allow("")
    part = Limit("", (Change.WITHOUT_MEDIA,), Reason.KIND_LEFT_OUT)
    assert permits_more(allowed, refused)
    assert permits_more(allowed, held)
    assert permits_more(part, refused)
    assert permits_more(allowed, part)
    assert not permits_more(part, allowed)
    assert not permits_more(part, part)
    assert not permits_more(held, refused)
    assert not permits_more(allowed, allowed)
