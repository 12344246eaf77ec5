"""Whatever a peer writes: every reader of the wire gives a value or a `ProtocolError`, and HTML costs what its length says.

The readers are found in the package by what they take, so that a new one cannot be forgotten.
"""

import inspect
import pkgutil
import time
import typing
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from copy import deepcopy
from functools import partial
from importlib import import_module
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation import wire
from federation.wire.errors import ProtocolError
from federation.wire.keys import PublicKey
from federation.wire.links import first_link
from federation.wire.messages import ParsedSignature, Request
from federation.wire.open_graph import parse_page
from federation.wire.sanitize import MAX_TAGS, clean_html, clean_text, strip_badge, to_text
from policies.decision import Change
from tests.examples import examples
from tests.wire import strategies
from tests.wire.documents import documents, values
from tests.wire.strategies import signing_keys

SHORT = 25_000  # characters: four times as much is the most that a post may have
MEASURABLE = 0.003  # seconds
COSTLIEST = 0.5  # seconds, for the worst nesting: it is about ten times what was measured

Kind = tuple[Any, ...]

# By the name of a parameter, where anything at all would seldom come far.
BY_NAME: dict[str, st.SearchStrategy[Any]] = {
    "html": strategies.html,
    "header": strategies.headers,
    "now": st.just(strategies.NOW),
    "limit": st.integers(0, 500),
    "default_port": st.just(443),
}
BY_TYPE: dict[Any, st.SearchStrategy[Any]] = {
    bytes: st.binary(max_size=200) | strategies.html.map(lambda text: text.encode(errors="replace")),
    str: strategies.anything,
    str | None: strategies.anything | st.none(),
    int: st.integers(-(2**70), 2**70),
    Any: values | strategies.anything | documents | strategies.proven(),
    dict[str, Any]: documents | strategies.proven(),
    Request: strategies.requests(),
    Iterable[str]: st.lists(strategies.anything, max_size=4),
    Iterable[Change]: st.lists(st.sampled_from(Change), max_size=3),
    PublicKey: st.deferred(lambda: st.sampled_from([key.public for key in signing_keys()])),
}
# Taken from peers as they are; all other parameters are values that somebody has read already.
RAW = (bytes, str, Any, dict[str, Any], Request)
# These write: their text is a member's, or their document our own.
WRITERS = ("render_", "sign", "generate_", "compose", "canonical_json", "with_context", "encode_signed")
# Not asked by peers: what a fault is called is our own word, and the tables are made of our own words.
# Dates say ValueError, which all that read documents make a fault of theirs.
INNER = ("structured.", "contexts.tables.", "dates.")


def _functions() -> Iterator[tuple[str, Callable[..., Any]]]:
    for found in pkgutil.walk_packages(wire.__path__, f"{wire.__name__}."):
        for name, function in vars(import_module(found.name)).items():
            if inspect.isfunction(function) and function.__module__ == found.name and not name.startswith("_"):
                yield f"{found.name.removeprefix('federation.wire.')}.{name}", function


def _parameters(function: Callable[..., Any]) -> dict[str, Any]:
    hints = typing.get_type_hints(function)
    return {name: hints[name] for name in inspect.signature(function).parameters}


def _reads(name: str, function: Callable[..., Any]) -> bool:
    first = next(iter(_parameters(function).values()), None)
    return first in RAW and not name.startswith(INNER) and not name.rpartition(".")[2].startswith(WRITERS)


READERS = {name: function for name, function in _functions() if _reads(name, function)}


def _kind(function: Callable[..., Any]) -> Kind:
    """What it is given, in order."""
    parameters = {name: hint for name, hint in _parameters(function).items() if hint is not ParsedSignature}
    return tuple(name if name in BY_NAME else hint for name, hint in parameters.items())


# Those that are given the same things get them together: making things up takes longer than reading them.
BY_KIND: dict[Kind, list[str]] = {}
for _name, _function in READERS.items():
    BY_KIND.setdefault(_kind(_function), []).append(_name)


def _given(kind: Kind) -> st.SearchStrategy[tuple[Any, ...]]:
    """A KeyError here: say above what peers could write there."""
    return st.tuples(*(BY_NAME[item] if item in BY_NAME else BY_TYPE[item] for item in kind))


def _read(function: Callable[..., Any], values: tuple[Any, ...]) -> None:
    """With what the request says about its signature, as that scheme reads it, where a function wants to know."""
    hints = _parameters(function)
    arguments = dict(zip((name for name, hint in hints.items() if hint is not ParsedSignature), values, strict=True))
    claims = (name for name, hint in hints.items() if hint is ParsedSignature)
    with suppress(ProtocolError):
        function(**arguments, **{name: import_module(function.__module__).parse(values[0]) for name in claims})


def test_the_readers_are_found() -> None:
    """Those that the issue of hostile peers is about, one for each kind of thing that is read."""
    expected = {
        "bounded.parse_json", "jsonld.plain", "activities.parse_activity", "actors.parse_actor", "objects.parse_note",
        "signatures.parse", "signatures.verify", "keys.parse_pem", "keys.parse_multikey", "proofs.verify_activity_proof",
        "digests.verify_digest", "digests.verify_content_digest", "discovery.parse_jrd", "discovery.parse_nodeinfo",
        "discovery.parse_nodeinfo_links", "sanitize.clean_html", "sanitize.to_text", "open_graph.parse_page",
        "attestations.parse_credential", "quotes.parse_stamp", "origins.parse_handle", "digests.parse_collection_synchronization",
    }  # fmt: skip
    assert expected <= READERS.keys()


@pytest.mark.parametrize("kind", BY_KIND)
def test_a_reader_gives_a_value_or_a_protocol_error(kind: Kind) -> None:
    @examples(40)
    @given(_given(kind))
    def read(values: tuple[Any, ...]) -> None:
        for name in BY_KIND[kind]:
            _read(READERS[name], deepcopy(values))

    read()


# What parsers of HTML are known to stumble over, repeated: never closed, closed without opening, nested, half written.
COSTLY = (
    "<p>", "<b><p>", "<div>", "<a href=x>", "</p>", "<", "<<", "<!--", "<!", "<?", "&", "&amp", "&#x", "<a ", "<a b=", "<a b='",
    "<p class='h-card x ", "<table><b>", "<b><i><u>", "<ul><li>", "<select><option>", "<svg><p>", "<br/>", "https://a.example/ ",
    "<p>\n", "\u202e", ":verified:", "x", " ", "]]>", "<script>", "<span></p>", "<em><blockquote>", "<meta property='og:title' content='",
)  # fmt: skip


def _seconds(read: Callable[[str], Any], html: str) -> float:
    """CPU time, so that what else the machine does counts little."""
    start = time.process_time()
    with suppress(ProtocolError):
        read(html)
    return time.process_time() - start


def _is_linear(read: Callable[[str], Any], piece: str) -> bool:
    """Four times as much takes about four times as long; squared it would take sixteen times as long."""
    short = piece * (SHORT // len(piece))
    return _seconds(read, short * 4) < 9 * max(_seconds(read, short), MEASURABLE)


def _is_soon_read(read: Callable[[str], Any], piece: str) -> bool:
    """What nests takes the square of its depth to clean, up to the cap on tags."""
    return _seconds(read, piece * (MAX_TAGS // max(piece.count("<"), 1))) < COSTLIEST


def _read_page(html: str) -> None:
    parse_page("https://a.example/", "text/html", html.encode(errors="replace"))


def _read_link(html: str) -> None:
    first_link(clean_html(html))


HTML_READERS = (to_text, _read_link, _read_page, strip_badge, partial(clean_text, limit=500))


@pytest.mark.parametrize("holds", [_is_linear, _is_soon_read])
@pytest.mark.parametrize("read", HTML_READERS)
def test_html_costs_what_its_length_says(
    read: Callable[[str], Any], holds: Callable[[Callable[[str], Any], str], bool]
) -> None:
    """What is too slow is too slow each time; what was only unlucky is not."""
    for piece in COSTLY:
        assert any(holds(read, piece) for _ in range(4)), piece
