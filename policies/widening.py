"""Does a draft allow anything that the present ruleset refuses? Exactly, and with a witness.

Facts are without number, but a ruleset tells few of them apart. Hosts of which both rulesets say the same are one host;
days matter where an agreement begins or ends; of professions, those that a group names and two that none does. What is
left is finite, and all of it is tried on the decision functions themselves. That one case at a time is enough follows from
how decisions are made: every step only takes away (`policies.decision.decide`), so that whatever one step alone refuses is
refused in a case where all other steps are at their best. Must not know: words for people (`policies.wording`).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from policies.cases import (
    PHYSICIAN,
    Alone,
    Arrival,
    Case,
    Counts,
    Fetching,
    Held,
    Joins,
    Kept,
    Knock,
    Looks,
    Person,
    Posts,
    Sending,
    Takes,
    Waits,
    permits_more,
)
from policies.decision import Decision
from policies.ruleset import USUAL_LIMITS, GroupRule, Limits, Peer, Ruleset, day_of, group_reaches, peer_standing
from policies.terms import CLINICIANS, PROFESSIONS, SPECIALTIES, Audience, Kind, Level, Part

ELSEWHERE = "-"
"""A host of which no ruleset says anything; no host can be called so."""

BELOW = "-."
"""Before a listed name: any host below it, or on another port of it, that is not listed itself."""

OTHER_GROUP = "\0"
"""A group of ours that no ruleset names; no group can be called so."""

_CONTENT: tuple[Part | None, ...] = (None, Part.POSTS, Part.REPLIES, Part.MEDIA, Part.POLLS, Part.REACTIONS)
_CONTROL: tuple[Part | None, ...] = (None, Part.PROFILES, Part.REPORTS)
"""What content carries, and what control does (`federation.wire.parts`)."""


@dataclass(frozen=True, slots=True)
class Widening:
    """A case that the draft permits on a day and the present ruleset does not. `hosts`: all those that it holds for."""

    case: Case
    day: date
    hosts: tuple[str, ...]
    present: Decision
    draft: Decision


def widens(present: Ruleset, draft: Ruleset, now: int) -> Widening | None:
    """The first thing that a draft permits and the present ruleset does not; None: there is nothing, at any time from now."""
    return next(list_widenings(present, draft, now), None)


def list_widenings(present: Ruleset, draft: Ruleset, now: int) -> Iterator[Widening]:
    """Everything that a draft permits and the present ruleset does not, each case on the first day on which it does."""
    if present == draft:
        return
    days = _days(present, draft, day_of(now))
    classes = _classes(present, draft, days)
    for case in _cases(present, draft, tuple(classes), days):
        for day in days:
            moment = now if day == days[0] else _moment(day)
            before, after = case.decide(present, moment), case.decide(draft, moment)
            if permits_more(after, before):
                yield Widening(case, day, classes.get(getattr(case, "host", None) or "", ()), before, after)
                break


def _moment(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000)


def _days(present: Ruleset, draft: Ruleset, today: date) -> tuple[date, ...]:
    """Today, and each later day on which an agreement begins, or has ended the day before."""
    agreements = [peer.agreement for each in (present, draft) for peer in each.peers.values() if peer.agreement]
    turns = {each.starts for each in agreements} | {
        each.until + timedelta(days=1) for each in agreements if each.until < date.max
    }
    turns |= {
        each.until + timedelta(days=1)
        for ruleset in (present, draft)
        for each in ruleset.lists.values()
        if each.until < date.max
    }
    return (today, *sorted(day for day in turns if day > today))


# --- hosts that both rulesets treat alike --------------------------------------------------------------------------


def _classes(present: Ruleset, draft: Ruleset, days: Iterable[date]) -> Mapping[str, tuple[str, ...]]:
    """One host of each class, and all of it."""
    days = tuple(days)
    found: dict[object, list[str]] = {}
    for host in _hosts(present, draft):
        found.setdefault((_profile(present, host, days), _profile(draft, host, days)), []).append(host)
    return {members[0]: tuple(members) for members in found.values()}


def _hosts(present: Ruleset, draft: Ruleset) -> list[str]:
    """Every host that a ruleset names, one below each, and one that none names."""
    named = {host for each in (present, draft) for host in (*each.peers, *_reached(each))}
    below = {BELOW + host for host in named if ":" not in host}
    return [*sorted(named), *sorted(below - named), ELSEWHERE]


def _reached(ruleset: Ruleset) -> set[str]:
    return {host for rule in ruleset.groups.values() if isinstance(rule.reach, frozenset) for host in rule.reach}


def _profile(ruleset: Ruleset, host: str, days: tuple[date, ...]) -> object:
    """All that a ruleset says of a host, but for its name."""
    standings = [peer_standing(ruleset, host, day) for day in days]
    peers = [
        repr(replace(each.peer, host="", organisation="", identifier="", contacts=(), agreement=None, list=""))
        if each.peer
        else ""
        for each in standings
    ]
    reach = tuple(group_reaches(ruleset, group, host) for group in sorted(ruleset.groups))
    return tuple((each.state, peer) for each, peer in zip(standings, peers, strict=True)), reach


# --- cases ---------------------------------------------------------------------------------------------------------


def _cases(present: Ruleset, draft: Ruleset, hosts: tuple[str, ...], days: tuple[date, ...]) -> Iterator[Case]:
    groups = (OTHER_GROUP, *sorted({*present.groups, *draft.groups}))
    yield Alone()
    for name, trusted in sorted(draft.lists.items()):
        yield Takes(name, trusted.key, trusted.version)
    for level in Level:
        yield Counts(None, Person(level))
    for group in groups:
        for person in _people(present.groups.get(group), draft.groups.get(group)):
            yield Joins(None, group, person)
            yield Posts(None, group, person)
    for host in hosts:
        yield from _of_host(host, groups)
        yield from _onward(host, hosts)
        limits = {each.limits if each else USUAL_LIMITS for each in _peers(present, host, days)}
        for group in groups:
            people = list(_people(present.groups.get(group), draft.groups.get(group)))
            yield from _membership(host, group, people, {0, *(each.new_members_per_day for each in limits)})
        yield from _bounds(host, limits)
        for peer in _peers(present, host, days):
            if peer is not None and peer.retention_days is not None:
                yield Kept(host, peer.retention_days)


def _of_host(host: str, groups: tuple[str, ...]) -> Iterator[Case]:
    yield Knock(host)
    for part in (None, Part.PROFILES):
        yield Looks(host, part)
    yield from _arrivals(host)
    for audience in Audience:
        yield from _outward(host, audience, groups)
    for part in _CONTROL:
        yield Sending(host, Kind.CONTROL, Audience.DIRECT, part)
    for level in Level:
        yield Counts(host, Person(level))


def _arrivals(host: str) -> Iterator[Case]:
    for part in _CONTROL:
        yield Arrival(host, Kind.CONTROL, Audience.DIRECT, part)
    for part in _CONTENT:
        for audience in Audience:
            yield Arrival(host, Kind.CONTENT, audience, part)
    for kind in (Kind.CONTROL, Kind.CONTENT):
        for person in (None, *map(Person, Level)):
            yield Arrival(host, kind, Audience.DIRECT, approach=True, person=person)


def _outward(host: str, audience: Audience, groups: tuple[str, ...]) -> Iterator[Case]:
    """What goes to a host and what it may fetch: to people of each level, then each part to the best of them."""
    for group in groups if audience is Audience.GROUP else ("",):
        for person in (None, *map(Person, Level)):
            yield Sending(host, Kind.CONTENT, audience, person=person, group=group)
            yield Fetching(host, audience, person=person, group=group)
        for part in _CONTENT[1:]:
            yield Sending(host, Kind.CONTENT, audience, part, Person(), group)
            yield Fetching(host, audience, part, Person(), group)


def _onward(home: str, hosts: tuple[str, ...]) -> Iterator[Case]:
    for part in _CONTENT:
        yield Sending(home, Kind.CONTENT, Audience.GROUP, part, Person())
        yield Fetching(home, Audience.GROUP, part, Person())
        for host in hosts:
            if host != home:
                yield Sending(home, Kind.CONTENT, Audience.GROUP, part, Person(), onward=host)


def _membership(host: str, group: str, people: Iterable[Person], joined: Iterable[int]) -> Iterator[Case]:
    for person in people:
        for joined_today in sorted(joined):
            yield Joins(host, group, person, joined_today)
        yield Joins(host, group, person, by_word=True)
        yield Posts(host, group, person)


def _people(present: GroupRule | None, draft: GroupRule | None) -> Iterator[Person]:
    """Everybody whom one of two rules about a group may tell from others: each trait by itself, the others as the draft
    wants them.
    """
    best = Person(profession=_any(draft.professions if draft else None, PHYSICIAN), asked=True)
    best = replace(best, specialty=_any(draft.specialties if draft else None, ""))
    for level in Level:
        yield replace(best, level=level)
    for profession in _told_apart(PROFESSIONS, [each.professions for each in (present, draft) if each]):
        yield replace(best, profession=profession)
        yield replace(best, profession=profession, asked=False)
    for specialty in ("", *_told_apart(SPECIALTIES, [each.specialties for each in (present, draft) if each])):
        yield replace(best, specialty=specialty)


def _any(codes: frozenset[str] | None, otherwise: str) -> str:
    return min(codes) if codes else otherwise


def _told_apart(table: Mapping[str, object], named: Iterable[frozenset[str] | None]) -> list[str]:
    """Every code that is named, and of those that are not, a clinician's and another."""
    codes = frozenset[str]().union(*(each for each in named if each))
    others = [code for code in table if code not in codes]
    clinicians = [code for code in others if code in CLINICIANS]
    rest = [code for code in others if code not in CLINICIANS]
    return [*sorted(codes), *clinicians[:1], *rest[:1]]


def _bounds(host: str, present: Iterable[Limits]) -> Iterator[Case]:
    """Just beyond what the present ruleset lets: a draft that lets more lets this."""
    for limits in present:
        yield Held(host, limits.held)
        yield Waits(host, limits.held_days)


def _peers(ruleset: Ruleset, host: str, days: Iterable[date]) -> list[Peer | None]:
    """The entries that speak of a host on some days, once each."""
    found = [peer_standing(ruleset, host, day).peer for day in days]
    return [peer for place, peer in enumerate(found) if peer not in found[:place]]
