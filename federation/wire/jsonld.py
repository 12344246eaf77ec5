"""JSON-LD documents as the plain JSON that Mastodon writes. Must not know what a document is for, nor fetch a context.

Nearly every document is plain already: its contexts are ours by heart and give our terms their usual meaning. Such a
document is returned as it is, after a look at its context only. Any other is expanded by pyld and written down again
with our terms. Proofs and digests are of the document as received: check them on that one, never on what `plain` gives.
"""

import warnings
from collections.abc import Iterator
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple

import orjson

from federation.wire.bounded import Document, measure
from federation.wire.contexts import VOCABULARY, find_context
from federation.wire.contexts.activitystreams import AS
from federation.wire.contexts.extensions import SCHEMA, SPELLINGS, TOOT
from federation.wire.contexts.security import SEC
from federation.wire.errors import Fault, ProtocolError

AS_CONTEXT = "https://www.w3.org/ns/activitystreams"

MAX_CONTEXT = 16_384
MAX_PROCESSED_BYTES = 131_072
MAX_PROCESSED_VALUES = 2_000  # 30 µs each

_VOCABULARY_URL = "urn:confrere:vocabulary"
_CHAIN = 4  # Announce of Create of Note of whatever
_ARRAY_NAMES = "to cc bto bcc tag attachment alsoKnownAs items orderedItems oneOf anyOf implements requires reach"
_ARRAYS = frozenset(_ARRAY_NAMES.split())  # what Mastodon writes as arrays, however few they are
_PREFIXES = {term: iri for term, iri in VOCABULARY.items() if isinstance(iri, str) and iri.endswith(("#", "/"))}
# A key under one of these is a term of ours in disguise; what else has a colon (`vcard:region`) is nothing we read.
_DISGUISES = ("as:", "sec:", "toot:", "schema:", AS, SEC, TOOT, SCHEMA)


class _Judged(NamedTuple):
    plain: bool
    unknown: tuple[str, ...]


def plain(document: Document) -> Document:
    """The document in Mastodon's shape and terms: itself, or a new one when its contexts ask for processing.

    Takes what `bounded.parse_json` gave. A remote context that we do not know counts as empty. ProtocolError when the
    document is not JSON-LD or too large to be processed (128 kB, 2,000 values).
    """
    if all(_is_plain(level) for level in _levels(document)):
        return document
    return _processed(document)


def unknown_contexts(document: Document) -> tuple[str, ...]:
    """The remote contexts of a document and the objects in it that were taken as empty, for the record."""
    contexts = [level["@context"] for level in _levels(document) if "@context" in level]
    return tuple(dict.fromkeys(url for context in contexts for url in _judge(context).unknown))


def _levels(document: Document) -> Iterator[Document]:
    """The document, its object, and the object in that: what we act on."""
    level: Any = document
    for _ in range(_CHAIN):
        if not isinstance(level, dict):
            return
        yield level
        level = level.get("object")


def _is_plain(level: Document) -> bool:
    if "@context" in level and not _judge(level["@context"]).plain:
        return False
    types = level.get("type")
    named = types if isinstance(types, list) else (types,)
    words = (word for word in (*level, *named) if isinstance(word, str) and (":" in word or "@" in word))
    return not any(word.startswith(_DISGUISES) or (word[0] == "@" and word != "@context") for word in words)


def _judge(context: Any) -> _Judged:
    written = orjson.dumps(context)
    if len(written) > MAX_CONTEXT:
        raise ProtocolError(Fault.TOO_COMPLEX, f"a context of {len(written)} bytes")
    return _judge_written(written)


@lru_cache(maxsize=512)
def _judge_written(written: bytes) -> _Judged:
    """Peers send the same few contexts again and again; at most 8 MB of them are remembered."""
    context = orjson.loads(written)
    parts = context if isinstance(context, list) else [context]
    unknown = tuple(part for part in parts if isinstance(part, str) and find_context(part) is None)
    inline = [part for part in parts if not isinstance(part, str)]
    return _Judged(not unknown and all(isinstance(part, dict) and _is_usual(part) for part in inline), unknown)


def _is_usual(context: Document) -> bool:
    """Whether an inline context gives no other meaning to a term of ours, and no other name to a meaning of ours."""
    prefixes = _PREFIXES | {term: iri for term, iri in context.items() if isinstance(iri, str)}
    return all(_is_usual_term(term, definition, prefixes) for term, definition in context.items())


def _is_usual_term(term: str, definition: Any, prefixes: dict[str, str]) -> bool:
    if term.startswith("@"):
        return term in {"@language", "@version"}
    detailed = definition if isinstance(definition, dict) else {"@id": definition}
    if not detailed.keys() <= {"@id", "@type", "@container", "@language", "@protected"}:
        return False
    iri = _full(detailed.get("@id"), prefixes)
    if term in _TERMS:
        return iri == _TERMS[term] and detailed.get("@container") in (None, "@set", "@list")
    return iri not in _NAMES


def _full(iri: Any, prefixes: dict[str, str]) -> str:
    """`toot:Emoji` in full."""
    if not isinstance(iri, str):
        return ""
    prefix, colon, rest = iri.partition(":")
    whole = prefixes[prefix] + rest if colon and prefix in prefixes else iri
    return _canonical(whole)


def _canonical(iri: str) -> str:
    spelling = next((start for start in SPELLINGS if iri.startswith(start)), "")
    return SPELLINGS.get(spelling, "") + iri.removeprefix(spelling)


def _processed(document: Document) -> Document:
    written = orjson.dumps(document)
    if len(written) > MAX_PROCESSED_BYTES or measure(document).values > MAX_PROCESSED_VALUES:
        raise ProtocolError(Fault.TOO_COMPLEX, "a document that is not plain must be small")
    if b'"@import"' in written:  # pyld would write what stands beside it into the shared copy of the imported context
        raise ProtocolError(Fault.JSONLD_INVALID, "@import")
    nodes = _expand(document)
    if len(nodes) != 1:
        raise ProtocolError(Fault.JSONLD_INVALID, f"{len(nodes)} nodes instead of one")
    return {"@context": AS_CONTEXT, **_read_node(nodes[0])}


def _expand(document: Document) -> list[Document]:
    from pyld import jsonld  # noqa: PLC0415  0.3 s and 20 MB that an instance without odd peers never needs

    options = {"documentLoader": _load, "base": "relative:/", "expandContext": _VOCABULARY_URL}
    try:
        with warnings.catch_warnings(action="ignore"):  # about terms that look like keywords
            nodes: list[Document] = jsonld.expand(document, options)
    except (jsonld.JsonLdError, LookupError, TypeError, ValueError, AttributeError) as error:
        # pyld stumbles over some malformed contexts instead of refusing them.
        raise ProtocolError(Fault.JSONLD_INVALID, f"{type(error).__name__}: {error}".partition("\n")[0]) from error
    return nodes


def _load(url: str, _options: object) -> Document:
    """What pyld calls a document loader; this one loads nothing."""
    known = VOCABULARY if url == _VOCABULARY_URL else find_context(url)
    context = {"@context": dict(known or {})}
    return {"contextUrl": None, "documentUrl": url, "document": context, "tag": "static" if known else None}


def _read_node(node: Document) -> Document:
    """One node of an expanded document in our terms; properties without a term of ours are left out."""
    plain_node: Document = {"id": node["@id"]} if "@id" in node else {}
    if "@type" in node:
        types = [_term_of(iri) or iri for iri in node["@type"]]
        plain_node["type"] = types[0] if len(types) == 1 else types
    for iri, values in node.items():
        term = None if iri.startswith("@") else _term_of(iri)
        if term is not None:
            plain_node.update(_read_property(term, values))
    return plain_node


def _term_of(iri: str) -> str | None:
    """Our term for an IRI; a word that no context defines stays itself, unless we know it as something else."""
    if iri.startswith("_:"):
        word = iri.removeprefix("_:")
        return None if word in _TERMS else word
    return _NAMES.get(_canonical(iri))


def _read_property(term: str, values: list[Document]) -> Document:
    if term + "Map" in VOCABULARY:
        return _read_text(term, values)
    if term == "items" and any("@list" in value for value in values):
        term = "orderedItems"
    flat = [_read_value(item) for value in values for item in value.get("@list", [value])]
    return {term: flat[0] if len(flat) == 1 and term not in _ARRAYS else flat}


def _read_text(term: str, values: list[Document]) -> Document:
    """`content` and `contentMap` are one property in JSON-LD; as JSON the first is the text, the second by language."""
    by_language = {value["@language"]: value["@value"] for value in values if "@language" in value}
    bare = [_read_value(value) for value in values if "@language" not in value]
    text = {term: next(iter([*bare, *by_language.values()]), None)}
    return text | ({term + "Map": by_language} if by_language else {})


def _read_value(value: Document) -> Any:
    if "@value" in value:
        return value["@value"]
    return value["@id"] if value.keys() == {"@id"} else _read_node(value)


def _terms() -> Iterator[tuple[str, str]]:
    for term, definition in VOCABULARY.items():
        iri = definition["@id"] if isinstance(definition, dict) else definition
        if not (term.startswith("@") or term in _PREFIXES):
            yield term, iri


_TERMS = MappingProxyType(dict(_terms()))
_NAMES = MappingProxyType({iri: term for term, iri in reversed(list(_TERMS.items())) if not term.endswith("Map")})
