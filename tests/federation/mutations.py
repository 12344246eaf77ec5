"""Documents of other programs, spoilt: strategies over any JSON. Knows no activity."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from hypothesis import strategies as st

Document = dict[str, Any]
Place = tuple[Any, Any]  # a dict or list in the document, and a key or index in it

LONG = 20_000
DEEP: Any = "deep"
for _ in range(60):
    DEEP = [DEEP]
ODD: tuple[Any, ...] = (
    None, True, 0, -1, 1.5, 2**62, "", " ", "x", "\u202e", "\ufeff", "🩺\u0301", "a" * LONG, "&" * LONG, "<b>" * 900, [], {}, [[]], [None],
    {"id": None}, {"type": []}, DEEP, ["x"] * 3_000, {f"k{n}": n for n in range(500)}, "9999-12-31T23:59:59Z", "0000-00-00T00:00:00Z",
    "https://", "http://[::1", "https://a.example:99999/", "acct:@", "as:Public", "https://www.w3.org/ns/activitystreams#Public",
)  # fmt: skip


def places(node: Any) -> Iterator[Place]:
    """Everywhere where something stands."""
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in list(children):
        yield node, key
        yield from places(value)


@st.composite
def spoilt(draw: st.DrawFn, documents: list[Document], planted: list[Any]) -> Document:
    """One of these documents with up to four things dropped, repeated, retyped, nested, blown up, or planted."""
    document = deepcopy(documents[draw(st.integers(0, len(documents) - 1))])
    for _ in range(draw(st.integers(0, 4))):
        found = list(places(document))
        if found:
            _spoil(draw, *found[draw(st.integers(0, len(found) - 1))], planted)
    return document


def _spoil(draw: st.DrawFn, node: Any, key: Any, planted: list[Any]) -> None:
    value = node[key]
    match draw(st.sampled_from(["drop", "repeat", "nest", "wrap", "odd", "plant", "plant"])):
        case "drop":
            del node[key]
        case "repeat":
            node[key] = [deepcopy(value) for _ in range(draw(st.sampled_from([2, 40])))]
        case "nest":
            node[key] = {"type": "Create", "object": value}
        case "wrap":
            node[key] = [[value]]
        case "odd":
            node[key] = deepcopy(ODD[draw(st.integers(0, len(ODD) - 1))])
        case _:
            node[key] = deepcopy(planted[draw(st.integers(0, len(planted) - 1))])
