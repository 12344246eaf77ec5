"""Signed lists of peers: taken whole under the right key, or not at all."""

from datetime import date
from typing import Any

import orjson
import pytest
import rfc8785

from federation.wire.errors import ProtocolError
from federation.wire.keys import generate_ed25519, parse_multikey, render_multibase, render_multikey
from federation.wire.lists import parse_list, render_list
from policies.lists import Entry, FederationList
from policies.terms import PeerState

KEY = generate_ed25519("regional", "regional")
PUBLIC = parse_multikey(render_multikey(KEY.public), "regional", "regional")
LIST = FederationList(
    "regional",
    3,
    date(2027, 1, 1),
    {"b.example": Entry("CHU B", PeerState.ACTIVE, "FINESS 1"), "c.example": Entry("C", PeerState.SUSPENDED)},
)


def signed(**changes: Any) -> bytes:
    document = {name: value for name, value in render_list(LIST, KEY).items() if name != "signature"} | changes
    return orjson.dumps({**document, "signature": render_multibase(KEY.sign(rfc8785.dumps(document)))})


def test_a_list_comes_back_as_it_was() -> None:
    assert parse_list(orjson.dumps(render_list(LIST, KEY)), PUBLIC) == LIST


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "List"},
        {"version": 0},
        {"version": "3"},
        {"name": " "},
        {"until": "some day"},
        {"peers": []},
        {"peers": {f"h{number}.example": {"organisation": "H", "state": "active"} for number in range(1001)}},
        {"peers": {"https://b.example": {"organisation": "B", "state": "active"}}},
        {"peers": {"b.example": {"organisation": "", "state": "active"}}},
        {"peers": {"b.example": {"organisation": "B", "state": "quarantined"}}},
        {"peers": {"b.example": "active"}},
    ],
)
def test_a_list_that_is_not_as_it_should_be(changes: dict[str, Any]) -> None:
    with pytest.raises(ProtocolError):
        parse_list(signed(**changes), PUBLIC)


def test_nothing_in_a_list_can_be_changed_by_anybody_else() -> None:
    document = render_list(LIST, KEY)
    for name, value in (("name", "other"), ("version", 4), ("until", "2028-01-01"), ("peers", {}), ("more", 1)):
        with pytest.raises(ProtocolError):
            parse_list(orjson.dumps(document | {name: value}), PUBLIC)
    for body in (orjson.dumps({**document, "signature": "z1"}), orjson.dumps({**document, "signature": ""})):
        with pytest.raises(ProtocolError):
            parse_list(body, PUBLIC)
    with pytest.raises(ProtocolError):
        parse_list(orjson.dumps(document), generate_ed25519("other", "other").public)
