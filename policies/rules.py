"""From the text of a ruleset to a `Ruleset`: all mistakes at once, each with its line.

A key that no policy enforces is a mistake, never ignored: an admin must not rely on what nobody does.
Must not know: where the text is kept, or who wrote it.
"""

import difflib
import json
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import TypeVar

from policies.ruleset import (
    Agreement,
    Direction,
    GroupRule,
    Limits,
    Network,
    OnExpiry,
    OnListExpiry,
    Onward,
    Peer,
    Reach,
    Ruleset,
    Sharing,
    Strangers,
    Treatment,
    TrustedList,
)
from policies.terms import PROFESSIONS, SPECIALTIES, Audience, Level, Part, PeerState
from policies.toml_text import Path, line_of

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)

HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?::[0-9]{1,5})?")
MULTIKEY = re.compile(r"z6Mk[1-9A-HJ-NP-Za-km-z]{44}")
MOST = 1_000_000
BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
STATES = tuple(state for state in PeerState if state is not PeerState.UNKNOWN)
SHARINGS = {
    Audience.PUBLIC: (Sharing.ALLOW, Sharing.HOLD, Sharing.DENY),
    Audience.UNLISTED: (Sharing.ALLOW, Sharing.HOLD, Sharing.DENY),
    Audience.FOLLOWERS: (Sharing.ALLOW, Sharing.VERIFIED, Sharing.HOLD, Sharing.DENY),
    Audience.GROUP: (Sharing.MEMBERS, Sharing.HOLD, Sharing.DENY),
    Audience.DIRECT: (Sharing.ALLOW, Sharing.VERIFIED, Sharing.HOLD, Sharing.DENY),
}
"""What each audience may be set to: public posts have no recipients to verify, group posts go to members or nowhere."""

_WHOLE = (Treatment.ALLOW, Treatment.DENY)
TREATMENTS = {
    Part.POSTS: _WHOLE,
    Part.REPLIES: _WHOLE,
    Part.MEDIA: tuple(Treatment),
    Part.POLLS: tuple(Treatment),
    Part.REACTIONS: _WHOLE,
    Part.PROFILES: (Treatment.ALLOW, Treatment.STRIP),
    Part.REPORTS: _WHOLE,
}
"""What each part may be set to: a post cannot be left out of itself, and without an actor's keys nothing can be checked."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing wrong with a text. `line` counts from 1; `suggestion` is what was perhaps meant, or ""."""

    line: int
    key: str
    message: str
    message_fr: str
    suggestion: str = ""


class RulesetError(ValueError):
    """The text is no ruleset; `mistakes` says all that is wrong with it, in the order of its lines."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("; ".join(f"line {each.line}: {each.key}: {each.message}" for each in self.mistakes))


def parse(text: str) -> Ruleset:
    """Understand a ruleset, or raise `RulesetError` with every mistake (of TOML syntax: the first)."""
    notes: list[_Note] = []
    ruleset = _read_ruleset(_Table(load(text), (), notes))
    if notes:
        found = (Mistake(line_of(text, note.path), key_text(note.path), *note.what) for note in notes)
        raise RulesetError(sorted(found, key=lambda mistake: mistake.line))
    return ruleset


def load(text: str) -> dict[str, object]:
    """The text as TOML; raises `RulesetError` with the first mistake of syntax."""
    try:
        return tomllib.loads(text)
    except ValueError as error:
        place = re.search(r"at line (\d+)", str(error))
        line = int(place[1]) if place else max(text.count("\n"), 1)
        raise RulesetError([Mistake(line, "", f"not TOML: {error}", f"pas du TOML : {error}")]) from None
    except RecursionError:
        raise RulesetError([Mistake(1, "", "nested too deeply", "trop d'imbrications")]) from None


def key_text(path: Path) -> str:
    """A path as it is written in TOML."""
    return ".".join(part if BARE_KEY.fullmatch(part) else json.dumps(part, ensure_ascii=False) for part in path)


What = tuple[str, str, str]
"""Message in English, in French, suggestion."""


@dataclass(frozen=True, slots=True)
class _Note:
    path: Path
    what: What


class _WrongError(Exception):
    """A value is not what its key wants, in one way or several."""

    def __init__(self, *whats: What) -> None:
        self.whats = whats
        super().__init__(*whats)


NO_SUCH_SETTING = ("no such setting, or not enforced yet", "réglage inconnu, ou pas encore appliqué")
NO_HOST = (
    "must be a host name in small letters, without scheme or path (international names as xn--...)",
    "doit être un nom d'hôte en minuscules, sans protocole ni chemin (noms internationaux en xn--...)",
)


class _Table:
    """One table being read: notes what is wrong and goes on. Nothing else remembers which keys exist."""

    def __init__(self, value: object, path: Path, notes: list[_Note]) -> None:
        self.path, self.notes = path, notes
        self.left: dict[str, object] = dict(value) if isinstance(value, dict) else {}
        self.known: list[str] = []
        if not isinstance(value, dict):
            self.note((), _WrongError(("must be a table", "doit être une table", "")))

    def take(self, key: str, read: Callable[[object], T], default: T) -> T:
        """The value of a key as `read` understands it; the default when it is absent or wrong."""
        self.known.append(key)
        if key not in self.left:
            return default
        try:
            return read(self.left.pop(key))
        except _WrongError as wrong:
            self.note((key,), wrong)
            return default

    def need(self, key: str, read: Callable[[object], T], default: T) -> T:
        """`take` of a key that must be there."""
        if key not in self.left:
            self.note((key,), _WrongError(("is missing", "est absent", "")))
        return self.take(key, read, default)

    def table(self, key: str) -> "_Table":
        """The table under a key; absent, an empty one."""
        self.known.append(key)
        return _Table(self.left.pop(key, {}), (*self.path, key), self.notes)

    def tables(self, key: str, name: Callable[[object], str]) -> "list[tuple[str, _Table]]":
        """All tables under a key, whose own keys are names."""
        parent = self.table(key)
        for each in parent.left:
            try:
                name(each)
            except _WrongError as wrong:
                parent.note((each,), wrong)
        return [(each, parent.table(each)) for each in tuple(parent.left)]

    def end(self) -> None:
        """Note every key that nobody took."""
        for key in self.left:
            self.note((key,), _WrongError((*NO_SUCH_SETTING, _closest(key, self.known))))

    def note(self, below: Path, wrong: _WrongError) -> None:
        self.notes.extend(_Note(self.path + below, what) for what in wrong.whats)


def _read_ruleset(root: _Table) -> Ruleset:
    instance = root.table("instance")
    verified_from = instance.take("verified_from", _level, Level.CHECKED)
    ruleset = Ruleset(
        organisation=instance.need("organisation", _text, ""),
        network=instance.take("network", _word(tuple(Network)), Network.CLOSED),
        verified_from=verified_from,
        strangers=instance.take("strangers", _word(tuple(Strangers)), Strangers.HOLD),
        two_person=instance.take("two_person", _flag, default=False),
        audiences=_read_audiences(root.table("audiences")),
        peers=MappingProxyType(
            {host: _read_peer(host, table, verified_from) for host, table in root.tables("peers", _host)}
        ),
        groups=MappingProxyType({name: _read_group(table) for name, table in root.tables("groups", _text)}),
        lists=MappingProxyType({name: _read_list(table) for name, table in root.tables("lists", _text)}),
    )
    for host, peer in ruleset.peers.items():
        if peer.list and peer.list not in ruleset.lists:
            root.note(("peers", host, "list"), _not_one_of(peer.list, ruleset.lists))
    instance.end()
    root.end()
    return ruleset


def _read_audiences(table: _Table) -> Mapping[Audience, Sharing]:
    found = {audience: table.take(audience, _word(allowed), None) for audience, allowed in SHARINGS.items()}
    table.end()
    return MappingProxyType({audience: sharing for audience, sharing in found.items() if sharing is not None})


def _read_peer(host: str, table: _Table, verified_from: Level) -> Peer:
    peer = Peer(
        host=host,
        organisation=table.need("organisation", _text, ""),
        state=table.need("state", _word(STATES), PeerState.SUSPENDED),
        identifier=table.take("identifier", _text, ""),
        contacts=table.take("contacts", _texts, ()),
        agreement=_read_agreement(table.table("agreement")) if "agreement" in table.left else None,
        direction=table.take("direction", _word(tuple(Direction)), Direction.BOTH),
        audiences=_read_audiences(table.table("audiences")),
        onward=table.take("onward", _word(tuple(Onward)), Onward.LISTED),
        accept_levels_from=table.take("accept_levels_from", _level, verified_from),
        kinds=_read_kinds(table.table("kinds")),
        limits=_read_limits(table.table("limits")),
        retention_days=table.take("retention_days", _number(1), None),
        on_expiry=table.take("on_expiry", _word(tuple(OnExpiry)), OnExpiry.QUARANTINE),
        list=table.take("list", _text, ""),
    )
    table.known.append("agreement")
    table.end()
    return peer


def _read_kinds(table: _Table) -> Mapping[Part, Treatment]:
    found = {part: table.take(part, _word(allowed), Treatment.ALLOW) for part, allowed in TREATMENTS.items()}
    table.end()
    return MappingProxyType({part: each for part, each in found.items() if each is not Treatment.ALLOW})


def _read_limits(table: _Table) -> Limits:
    usual = Limits()
    limits = Limits(
        new_members_per_day=table.take("new_members_per_day", _number(0), usual.new_members_per_day),
        held=table.take("held", _number(0), usual.held),
        held_days=table.take("held_days", _number(1), usual.held_days),
    )
    table.end()
    return limits


def _read_agreement(table: _Table) -> Agreement:
    agreement = Agreement(
        reference=table.need("reference", _text, ""),
        starts=table.need("from", _day, date.min),
        until=table.need("until", _day, date.max),
    )
    if agreement.until < agreement.starts:
        table.note(("until",), _WrongError(("ends before it starts", "finit avant de commencer", "")))
    table.end()
    return agreement


def _read_list(table: _Table) -> TrustedList:
    trusted = TrustedList(
        key=table.need("key", _key, ""),
        version=table.take("version", _number(0), 0),
        until=table.take("until", _day, date.max),
        on_expiry=table.take("on_expiry", _word(tuple(OnListExpiry)), OnListExpiry.QUARANTINE),
    )
    table.end()
    return trusted


def _read_group(table: _Table) -> GroupRule:
    rule = GroupRule(
        reach=table.take("reach", _reach, None),
        verified_from=table.take("verified_from", _level, None),
        professions=table.take("professions", _codes(PROFESSIONS), None),
        specialties=table.take("specialties", _codes(SPECIALTIES), None),
    )
    table.end()
    return rule


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _WrongError(("must be a text", "doit être un texte", ""))
    return value


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise _WrongError(("must be a list of texts", "doit être une liste de textes", ""))
    return tuple(_each(value, _text))


def _word(allowed: tuple[E, ...]) -> Callable[[object], E]:
    def read(value: object) -> E:
        for each in allowed:
            if value == each.value:
                return each
        raise _not_one_of(value, allowed)

    return read


def _level(value: object) -> Level:
    levels = {level.name.lower(): level for level in Level}
    if not isinstance(value, str) or value not in levels:
        raise _not_one_of(value, levels)
    return levels[value]


def _key(value: object) -> str:
    if not isinstance(value, str) or not MULTIKEY.fullmatch(value):
        raise _WrongError(("must be an Ed25519 key (z6Mk...)", "doit être une clé Ed25519 (z6Mk...)", ""))
    return value


def _number(least: int) -> Callable[[object], int]:
    def read(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= MOST:
            raise _WrongError(
                (f"must be a number from {least} to {MOST}", f"doit être un nombre de {least} à {MOST}", "")
            )
        return value

    return read


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise _WrongError(("must be true or false", "doit être true ou false", ""))
    return value


def _day(value: object) -> date:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise _WrongError(("must be a day such as 2026-01-10", "doit être un jour tel que 2026-01-10", ""))
    return value


def _host(value: object) -> str:
    if not isinstance(value, str) or not HOST.fullmatch(value):
        bare = re.sub(r"^https?://|/.*$|\.$", "", str(value).strip().lower())
        raise _WrongError((*NO_HOST, bare if HOST.fullmatch(bare) else ""))
    return value


def _reach(value: object) -> frozenset[str] | Reach:
    return frozenset(_each(value, _host)) if isinstance(value, list) else _word(tuple(Reach))(value)


def _codes(table: Mapping[str, object]) -> Callable[[object], frozenset[str]]:
    def read(value: object) -> str:
        if not isinstance(value, str) or value not in table:
            raise _WrongError((f"unknown code {value}", f"code inconnu {value}", _closest(str(value), table)))
        return value

    def read_all(value: object) -> frozenset[str]:
        if not isinstance(value, list) or not value:
            raise _WrongError(("must be a list of codes", "doit être une liste de codes", ""))
        return frozenset(_each(value, read))

    return read_all


def _each(values: list[object], read: Callable[[object], T]) -> list[T]:
    """Every value as `read` understands it, or one error with all that is wrong."""
    good: list[T] = []
    wrong: list[What] = []
    for value in values:
        try:
            good.append(read(value))
        except _WrongError as error:
            wrong.extend(error.whats)
    if wrong:
        raise _WrongError(*wrong)
    return good


def _not_one_of(value: object, allowed: Iterable[str]) -> _WrongError:
    words = list(allowed)
    listed = ", ".join(words)
    return _WrongError((f"must be one of: {listed}", f"doit être l'un de : {listed}", _closest(str(value), words)))


def _closest(word: str, known: Iterable[str]) -> str:
    return next((str(each) for each in difflib.get_close_matches(word[:60], known, n=1)), "")
