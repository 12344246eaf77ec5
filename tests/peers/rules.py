"""What a program may require of a document: small rules, and tables of them by kind of document. Every rule refuses `GARBAGE`."""

import re
from collections.abc import Callable, Iterator, Mapping
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

Document = dict[str, Any]
Rule = Callable[[Any, Document], bool]
Table = Mapping[str, Rule]
Tables = Mapping[str, Table]

AS2 = "https://www.w3.org/ns/activitystreams"
PUBLIC = f"{AS2}#Public"
GARBAGE: Document = {"nothing": 7}
ACTORS = ("Person", "Service", "Group", "Application")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z")
_MEDIA_TYPE = re.compile(r"[a-z]+/[a-z0-9.+-]+")


def https(value: Any, _: Document) -> bool:
    """An address without blanks, fragment allowed."""
    return isinstance(value, str) and urlsplit(value).scheme == "https" and bool(urlsplit(value).hostname)


def same_host(value: Any, document: Document) -> bool:
    """An address on the host of the document's own id."""
    return https(value, document) and urlsplit(value).netloc == urlsplit(str(document["id"])).netloc


def text(value: Any, _: Document) -> bool:
    return isinstance(value, str) and bool(value.strip())


def flag(value: Any, _: Document) -> bool:
    return isinstance(value, bool)


def no(value: Any, _: Document) -> bool:
    return value is False


def number(value: Any, _: Document) -> bool:
    """How many: a count that is told."""
    return isinstance(value, int) and not isinstance(value, bool)


def moment(value: Any, _: Document) -> bool:
    """RFC 3339 in UTC, with at most microseconds: what every date parser of the fediverse reads."""
    return isinstance(value, str) and _MOMENT.fullmatch(value) is not None


def media_type(value: Any, _: Document) -> bool:
    return isinstance(value, str) and _MEDIA_TYPE.fullmatch(value) is not None


def context(value: Any, _: Document) -> bool:
    """The AS2 context stands in it literally."""
    return isinstance(value, str | list) and AS2 in (value, *value)


def pem(value: Any, _: Document) -> bool:
    return (
        isinstance(value, str)
        and value.startswith("-----BEGIN PUBLIC KEY-----\n")
        and "-----END PUBLIC KEY-----" in value
    )


def one_of(*wanted: Any) -> Rule:
    return lambda value, _: value in wanted


def optional(rule: Rule) -> Rule:
    """Absent or null, or as the rule says."""
    return lambda value, document: value is None or rule(value, document)


def either(*rules: Rule) -> Rule:
    return lambda value, document: any(rule(value, document) for rule in rules)


def many(rule: Rule, *, least: int = 0) -> Rule:
    return lambda value, document: (
        isinstance(value, list) and len(value) >= least and all(rule(one, document) for one in value)
    )


def has(wanted: Any) -> Rule:
    return lambda value, _: isinstance(value, list) and wanted in value


def shape(table: Table) -> Rule:
    """An object whose own fields are as the table says. One without an id is on the host of what it stands in."""

    def rule(value: Any, document: Document) -> bool:
        if not isinstance(value, dict) or ("id" in table and "id" not in value):
            return False
        return not list(problems(table, {"id": document.get("id"), **value}))

    return rule


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.even = True

    def handle_starttag(self, tag: str, _: list[tuple[str, str | None]]) -> None:
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self.even &= bool(self.open) and self.open.pop() == tag


def html(value: Any, _: Document) -> bool:
    """Paragraphs whose tags are all closed."""
    if not isinstance(value, str) or not value.startswith(("<p>", "<p class=")):
        return False
    tags = _Tags()
    tags.feed(value)
    return tags.even and not tags.open


def addressed_alike(value: Any, activity: Document) -> bool:
    """The object stands under the same `to` and `cc` as the activity around it."""
    return isinstance(value, dict) and all(value.get(name, []) == activity.get(name, []) for name in ("to", "cc"))


def has_self(value: Any, _: Document) -> bool:
    """Exactly one link to the actor."""
    if not isinstance(value, list):
        return False
    return [link.get("type") for link in value].count("application/activity+json") == 1


KEY: Table = {"id": same_host, "owner": same_host, "publicKeyPem": pem}


def problems(table: Table, document: Document) -> Iterator[str]:
    """The fields that are not as they must be."""
    for field, rule in table.items():
        if not rule(document.get(field), document):
            yield f"{field}: {document.get(field)!r:.100}"


def kinds(document: Any) -> Iterator[tuple[str, Document]]:
    """A document, and what stands in it, by the names that the tables use."""
    if not isinstance(document, dict):
        return
    type_ = document.get("type")
    if type_ in ACTORS and "publicKey" in document:
        yield _actor_kind(document), document
    elif type_ in {"Note", "Question"}:
        yield from _note_kinds(document)
    elif "actor" in document and "epoch" not in document:  # a private group's goes to nobody but our like
        yield "activity", document
        if type_ == "Announce" and isinstance(document["object"], dict):  # a public group's, around a whole activity
            yield "passed_on", document
            yield from kinds(document["object"])
            return
        yield str(type_).lower(), document
        if type_ in {"Create", "Update"}:
            yield from kinds({"@context": document["@context"], **document["object"]})
    elif str(type_).endswith("Collection"):
        yield "collection", document
    elif "subject" in document:
        yield "jrd", document
    elif "software" in document:
        yield "nodeinfo", document


def _actor_kind(document: Document) -> str:
    if "outbox" not in document:
        return "stub"
    if document["type"] != "Group":
        return "actor"
    return "group" if "accessType" in document else "community"


def _note_kinds(note: Document) -> Iterator[tuple[str, Document]]:
    if "content" not in note:
        yield "vote", note
        return
    yield "post", note
    yield str(note["type"]).lower(), note
    if note["inReplyTo"]:
        yield "reply", note
    if PUBLIC in (*note["to"], *note["cc"]):
        yield "open", note
    for tag in note["tag"]:
        yield str(tag["type"]).lower(), tag
    for attachment in note["attachment"]:
        yield "attachment", attachment
