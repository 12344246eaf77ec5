"""Holds JSON against `client_entities.tsv`: names, types, nullability, formats, for an entity and all within it.

Strict: an attribute that the table does not name is an error too, and null never stands in an array.
"""

import csv
import re
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

_DATETIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_DIGITS = re.compile(r"[1-9]\d*")
# Sent only by forks and removed ones: an honest 4.5 sends none of them.
_NOT_OURS = ("glitch-soc", "removed")
# A deleted status carries `text` where others carry `content` (notes of both rows).
_ELSEWHERE = {("Status", "text"), ("Status", "content")}
# The documentation of Mastodon says a number; its servers send a date or null, and apps parse that (4.5, Tusky, IceCubes).
# An address that there is not is an empty text.
_AS_SENT = {
    ("PreviewCard", "published_at"): ("string(datetime)", "yes"),
    **dict.fromkeys(
        (
            (entity, f"history[].{what}")
            for entity in ("Tag", "Trends::Link", "Admin::EmailDomainBlock")
            for what in ("accounts", "uses")
        ),
        ("string", "no"),
    ),
    **dict.fromkeys((("PreviewCard", f"{what}_url") for what in ("author", "provider", "embed")), ("string", "no")),
}
# A group of notifications carries a collection too, so it is of every type that one of them is.
_MORE_VALUES = {("NotificationGroup", "type"): frozenset({"added_to_collection", "collection_update"})}
# As the table calls it where it names what it is a list of.
_ALIASES = {"array<CohortData>": "array<Admin::Cohort::CohortData>"}
_BASES = {"StatusDeleted": "Status"}
# What is shown once, when an app registers, is all of the application and its credentials.
_EXTENDED = {"CredentialApplication": "Application"}


@dataclass(slots=True)
class Attribute:
    """One row of the table, or an object or array that only its inner rows name. `inner` holds `b` of `a.b` and `a[].b`."""

    type: str = "object"
    nullable: bool = False
    optional: bool = False
    values: frozenset[str] = frozenset()
    inner: "dict[str, Attribute]" = field(default_factory=dict)


Entity = dict[str, Attribute]


@cache
def load(table: Path) -> dict[str, Entity]:
    """Every entity with its attributes, those it inherits included."""
    entities: dict[str, Entity] = defaultdict(dict)
    parents = dict(_EXTENDED)
    with table.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines, delimiter="\t"):
            if row["attribute"].startswith("("):
                parents[row["entity"]] = _BASES.get(row["entity"], row["json_type"])
            elif not any(word in row["since_version"] for word in _NOT_OURS):
                _insert(entities[row["entity"]], row["attribute"].strip("."), _attribute(row))
    parents |= {"Admin::Trends::Link": "Trends::Link", "Admin::Trends::Status": "Status"}
    for entity, parent in parents.items():
        entities[entity] = entities.get(parent, {}) | entities.get(entity, {})
    return dict(entities)


def _insert(entity: Entity, path: str, attribute: Attribute) -> None:
    name, *more = re.split(r"(?<!\badmin)\.", path, maxsplit=1)  # `admin.report` is one name
    name, rest = name.removesuffix("[]"), "".join(more)
    if rest:
        _insert(entity.setdefault(name, Attribute()).inner, rest, attribute)
    else:
        attribute.inner = entity[name].inner if name in entity else {}
        entity[name] = attribute


def _attribute(row: dict[str, str]) -> Attribute:
    said = (row["json_type"], row["nullable"])
    kind, nullable = _AS_SENT.get((row["entity"], row["attribute"]), said)
    listed = re.match(r"values: ([^;]+)", row["notes"] or "")
    more = _MORE_VALUES.get((row["entity"], row["attribute"]), frozenset())
    return Attribute(
        type=_ALIASES.get(kind, kind),
        nullable=nullable in {"yes", "optional+nullable"},
        optional=nullable.startswith("optional") or (row["entity"], row["attribute"]) in _ELSEWHERE,
        values=more.union(listed[1].split(", ")) if listed and "enum" in row["json_type"] else frozenset(),
    )


class EntityChecker:
    """`problems(name, value)` lists what is wrong, each with the path to it; nothing wrong is an empty list."""

    def __init__(self, table: Path) -> None:
        self._entities = load(table)

    def problems(self, entity: str, value: Any) -> list[str]:
        return self._entity(entity, value, entity)

    def problems_of(self, kind: str, value: Any) -> list[str]:
        """The same for any word that the table uses for a type."""
        return self._typed(kind, value, kind)

    def check(self, entity: str, value: Any) -> None:
        """AssertionError with every problem."""
        found = self.problems(entity, value)
        assert not found, "\n".join(found)

    def check_all(self, entity: str, values: Any) -> None:
        """The same for a page of entities, which must not be empty: an empty one shows nothing."""
        assert isinstance(values, list)
        assert values, f"no {entity} to check"
        for value in values:
            self.check(entity, value)

    def _entity(self, entity: str, value: Any, where: str) -> list[str]:
        if not isinstance(value, dict):
            return [f"{where}: {value!r} is no {entity}"]
        attributes = self._entities[entity]
        unknown = [f"{where}.{name}: not in the table" for name in value if name not in attributes]
        return unknown + self._attributes(attributes, value, where)

    def _attributes(self, attributes: Entity, value: dict[str, Any], where: str) -> list[str]:
        found: list[str] = []
        for name, attribute in attributes.items():
            if name in value:
                found += self._value(attribute, value[name], f"{where}.{name}")
            elif not attribute.optional:
                found.append(f"{where}.{name}: missing")
        return found

    def _value(self, attribute: Attribute, value: Any, where: str) -> list[str]:
        if value is None:
            return [] if attribute.nullable else [f"{where}: null"]
        if attribute.values and value not in attribute.values:
            return [f"{where}: {value!r} is none of {sorted(attribute.values)}"]
        found = self._typed(attribute.type, value, where)
        for place, item in enumerate(value if isinstance(value, list) else [value]):
            if attribute.inner and isinstance(item, dict):
                found += self._attributes(attribute.inner, item, f"{where}[{place}]")
        return found

    def _typed(self, kind: str, value: Any, where: str) -> list[str]:
        if kind.startswith("array<"):
            if not isinstance(value, list):
                return [f"{where}: {value!r} is no array"]
            inner = kind.removeprefix("array<").removesuffix(">")
            return [
                problem for place, item in enumerate(value) for problem in self._typed(inner, item, f"{where}[{place}]")
            ]
        if kind == "Quote" and ".quoted_status" in where:
            kind = "ShallowQuote"  # what is quoted within a quote is only named ("Shallow form when nested")
        if kind in self._entities:
            return self._entity(kind, value, where)
        return [] if _TYPES[kind](value) else [f"{where}: {value!r} is no {kind}"]


def _is_string(value: Any) -> bool:
    return isinstance(value, str)


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_url(value: Any) -> bool:
    return isinstance(value, str) and urlsplit(value).scheme in {"http", "https", "ws", "wss"} and "//" in value


def _matches(pattern: re.Pattern[str]) -> Any:
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


_TYPES: dict[str, Any] = {
    "string": _is_string,
    "string(enum)": _is_string,
    "string(html)": _is_string,
    "string(iso code)": _is_string,
    "string(url)": _is_url,
    "string(email)": lambda value: isinstance(value, str) and "@" in value,
    "string(id)": _matches(_DIGITS),
    "string(datetime)": _matches(_DATETIME),
    "string(date)": _matches(_DATE),
    "string(unix time)": _matches(_DIGITS),
    "boolean": lambda value: isinstance(value, bool),
    "integer": _is_integer,
    "number": _is_number,
    "object": lambda value: isinstance(value, dict),
    "Null": lambda value: value is None,
}
