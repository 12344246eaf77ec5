"""What a change of ruleset does, in words: each case as something that hosts may now do, or no longer.

Must not know how changes are found: `policies.widening` does, in either direction.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import assert_never

from policies.cases import (
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
)
from policies.ruleset import Ruleset, day_of
from policies.terms import PROFESSIONS, SPECIALTIES, Audience, Kind, Part
from policies.widening import BELOW, ELSEWHERE, OTHER_GROUP, Widening, list_widenings

Text = tuple[str, str]
"""French and English."""

_AUDIENCES: dict[Audience, Text] = {
    Audience.PUBLIC: ("les messages publics", "public posts"),
    Audience.UNLISTED: ("les messages non listés", "unlisted posts"),
    Audience.FOLLOWERS: ("les messages pour abonnés", "posts for followers"),
    Audience.GROUP: ("les messages de groupe", "group posts"),
    Audience.DIRECT: ("les messages directs", "direct messages"),
}
_PARTS: dict[Part, Text] = {
    Part.POSTS: ("messages", "posts"),
    Part.REPLIES: ("réponses", "replies"),
    Part.MEDIA: ("fichiers", "files"),
    Part.POLLS: ("sondages", "polls"),
    Part.REACTIONS: ("réactions", "reactions"),
    Part.PROFILES: ("profils complets", "whole profiles"),
    Part.REPORTS: ("signalements", "reports"),
}
_MAY: dict[tuple[bool, bool], Text] = {
    (True, False): ("peut désormais", "may now"),
    (True, True): ("peuvent désormais", "may now"),
    (False, False): ("ne peut plus", "may no longer"),
    (False, True): ("ne peuvent plus", "may no longer"),
}


@dataclass(frozen=True, slots=True)
class Sentence:
    """One effect of a change. `widens`: it allows something new. `fr`, `en`: the same, in words."""

    widens: bool
    fr: str
    en: str


def describe_change(present: Ruleset, draft: Ruleset, now: int) -> list[Sentence]:
    """Everything that a draft allows anew, then everything that it takes away; each thing once, in its simplest case."""
    gained = _simplest(list_widenings(present, draft, now))
    lost = _simplest(list_widenings(draft, present, now))
    today = day_of(now)
    return [
        *(describe(each, present, draft, today, widens=True) for each in gained),
        *(describe(each, present, draft, today, widens=False) for each in lost),
    ]


def describe(found: Widening, present: Ruleset, draft: Ruleset, today: date, *, widens: bool) -> Sentence:
    """One case in words."""
    who, many = _who(found, present, draft)
    what = _what(found.case)
    french, english = (
        f"{who[place]} {_MAY[widens, many][place]} {what[place]}{_since(found.day, today)[place]}." for place in (0, 1)
    )
    return Sentence(widens, french[0].upper() + french[1:], english[0].upper() + english[1:])


def _simplest(found: Iterable[Widening]) -> Iterator[Widening]:
    """The first of all cases that differ only in who exactly, in what is carried, or in the group."""
    seen: set[object] = set()
    for each in found:
        topic, group = _topic(each.case), getattr(each.case, "group", "")
        if {(topic, group), (topic, OTHER_GROUP)}.isdisjoint(seen):
            seen.add((topic, group))
            yield each


def _topic(case: Case) -> object:  # noqa: PLR0911  # one line for each case
    """What goes to a host it may fetch, and who may join may post: that is said once."""
    match case:
        case Sending(host, Kind.CONTENT, audience, _, _, group, None):
            return "reads", host, audience, bool(group)
        case Sending(host, kind, _, _, _, _, onward):
            return "goes", host, kind, onward
        case Fetching(host, audience, _, _, group):
            return "reads", host, audience, bool(group)
        case Looks(host, _):
            return "looks", host
        case Arrival(host, kind, audience, _, approach, _):
            return "sends", host, kind, audience, approach
        case Joins(host, _, _, _, _) | Posts(host, _, _):
            return "belongs", host
        case Counts(host, _):
            return "counts", host
        case _:
            return case


def _who(found: Widening, present: Ruleset, draft: Ruleset) -> tuple[Text, bool]:
    if isinstance(found.case, Alone):
        return ("un administrateur", "one admin"), False
    if isinstance(found.case, Takes):
        return (f"la liste « {found.case.name} »", f"the list “{found.case.name}”"), False
    if not found.hosts:
        return ("les membres d’ici", "members here"), True
    names = [_name(host, present, draft) for host in found.hosts]
    plural = len(names) > 1 or found.hosts[0] == ELSEWHERE or found.hosts[0].startswith(BELOW)
    return (_listed([name[0] for name in names], "et"), _listed([name[1] for name in names], "and")), plural


def _name(host: str, present: Ruleset, draft: Ruleset) -> Text:
    if host == ELSEWHERE:
        return "les hôtes absents de la liste", "hosts that are not listed"
    if host.startswith(BELOW):
        above = host.removeprefix(BELOW)
        return f"les hôtes sous {above}", f"hosts below {above}"
    peer = draft.peers.get(host) or present.peers.get(host)
    name = f"{peer.organisation} ({host})" if peer and peer.organisation != host else host
    return name, name


def _listed(names: list[str], word: str) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {word} {names[-1]}"


def _since(day: date, today: date) -> Text:
    return ("", "") if day == today else (f", à partir du {day}", f", from {day} on")


def _what(case: Case) -> Text:  # noqa: C901, PLR0911, PLR0912  # one line for each case
    match case:
        case Knock():
            return "s’adresser à cette instance", "talk to this instance"
        case Arrival(_, kind, audience, part, approach, person):
            return _arrival(kind, audience, part, person, approach=approach)
        case Sending() | Fetching():
            return _reading(case)
        case Looks(_, part):
            carried = _with(part)
            return f"lire les profils d’ici{carried[0]}", f"read profiles here{carried[1]}"
        case Joins(_, group, person, joined_today, _):
            return _joining(group, person, joined_today)
        case Posts(_, group, person):
            people, where = _people(person), _group(group)
            return f"publier dans {where[0]} ({people[0]})", f"post to {where[1]} ({people[1]})"
        case Counts(_, person):
            people = _people(person)
            return f"compter comme vérifiés ({people[0]})", f"count as verified ({people[1]})"
        case Held(_, held):
            return f"avoir plus de {held} contenus retenus", f"have more than {held} things held"
        case Waits(_, days):
            return (
                f"avoir des contenus retenus plus de {days} jours",
                f"have things held for more than {days} days",
            )
        case Kept(_, days):
            return (
                f"avoir des messages conservés ici plus de {days} jours",
                f"have posts kept here for more than {days} days",
            )
        case Takes(_, key, version):
            return f"être reprise (clé {key}, version {version})", f"be taken (key {key}, version {version})"
        case Alone():
            return "élargir la politique sans un second", "widen the policy without a second one"
        case _ as never:
            assert_never(never)


def _arrival(kind: Kind, audience: Audience, part: Part | None, person: Person | None, *, approach: bool) -> Text:
    if approach:
        people = _people(person)
        if kind is Kind.CONTROL:
            return f"demander à suivre des membres ({people[0]})", f"ask to follow members ({people[1]})"
        return f"écrire directement à des membres ({people[0]})", f"write to members directly ({people[1]})"
    if kind is Kind.CONTROL:
        carried = _with(part)
        return f"envoyer des demandes{carried[0]}", f"send requests{carried[1]}"
    carried = _with(part)
    return f"nous envoyer {_AUDIENCES[audience][0]}{carried[0]}", f"send us {_AUDIENCES[audience][1]}{carried[1]}"


def _reading(case: Sending | Fetching) -> Text:
    carried = _with(case.part)
    people = _people(case.person) if case.audience in {Audience.DIRECT, Audience.FOLLOWERS} and not case.part else None
    also = (f" ({people[0]})", f" ({people[1]})") if people else ("", "")
    fetching = isinstance(case, Fetching)
    verbs = ("lire à leur source ", "fetch ") if fetching else ("recevoir ", "receive ")
    if isinstance(case, Sending) and case.kind is Kind.CONTROL:
        return f"recevoir nos demandes{carried[0]}", f"receive our requests{carried[1]}"
    if case.audience is not Audience.GROUP:
        french, english = _AUDIENCES[case.audience]
    elif isinstance(case, Sending) and case.onward:
        return (
            f"faire suivre à {_place(case.onward)[0]} les messages de nos membres dans ses groupes{carried[0]}",
            f"pass our members’ posts in its groups on to {_place(case.onward)[1]}{carried[1]}",
        )
    elif not case.group:
        french, english = "les messages de nos membres dans ses groupes", "our members’ posts in its groups"
    else:
        french, english = _AUDIENCES[Audience.GROUP]
        if case.group != OTHER_GROUP:
            french, english = f"{french} de « {case.group} »", f"{english} of “{case.group}”"
    return f"{verbs[0]}{french}{carried[0]}{also[0]}", f"{verbs[1]}{english}{carried[1]}{also[1]}"


def _place(host: str) -> Text:
    if host == ELSEWHERE:
        return "des hôtes absents de la liste", "hosts that are not listed"
    if host.startswith(BELOW):
        return f"des hôtes sous {host.removeprefix(BELOW)}", f"hosts below {host.removeprefix(BELOW)}"
    return host, host


def _joining(group: str, person: Person, joined_today: int) -> Text:
    people, where = _people(person), _group(group)
    more = (f", au-delà de {joined_today} par jour", f", beyond {joined_today} a day") if joined_today else ("", "")
    return f"entrer dans {where[0]} ({people[0]}){more[0]}", f"join {where[1]} ({people[1]}){more[1]}"


def _group(name: str) -> Text:
    return ("des groupes", "groups") if name == OTHER_GROUP else (f"« {name} »", f"“{name}”")


def _people(person: Person | None) -> Text:
    if person is None:
        return "personnes sans attestation", "people without attestation"
    level = person.level.name.lower()
    profession = PROFESSIONS[person.profession]
    french, english = f"{profession.fr.lower()}, niveau {level}", f"{profession.en.lower()}, level {level}"
    if person.specialty:
        french += f", {SPECIALTIES[person.specialty].fr.lower()}"
        english += f", {SPECIALTIES[person.specialty].en.lower()}"
    return french, english


def _with(part: Part | None) -> Text:
    return ("", "") if part is None else (f" avec {_PARTS[part][0]}", f" with {_PARTS[part][1]}")
