"""Canonical JSON (RFC 8785): the published documents and numbers, and what has no canonical form."""

import json
import math
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.wire.errors import Fault, ProtocolError
from federation.wire.proofs import canonical_json

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@pytest.fixture(scope="module")
def document(reference: Path) -> Any:
    return json.loads((reference / "vectors" / "rfc8785-jcs.json").read_text())


def test_documents(document: Any) -> None:
    for case in document["documents"]:
        assert canonical_json(json.loads(case["input_text"])).hex() == case["output_utf8_hex"], case["name"]


def test_numbers(document: Any) -> None:
    for case in document["numbers"]:
        (number,) = struct.unpack(">d", bytes.fromhex(case["ieee754_hex"]))
        assert canonical_json(number).decode() == case["expected"]


def nest(depth: int) -> list[Any]:
    nested: list[Any] = []
    for _ in range(depth):
        nested = [nested]
    return nested


UNCANONICAL: dict[str, Any] = {
    "nan": math.nan,
    "infinity": math.inf,
    "minus infinity": -math.inf,
    "lone surrogate": "\ud800",
    "lone surrogate in a name": {"\ud800": 1},
    "first integer too large": 2**53,
    "first integer too small": -(2**53),
    "integer too long to print": 10**5000,
    "name that is no text": {1: 2},
    "bytes": b"bytes",
    "too deep": nest(100_000),
}


@pytest.mark.parametrize("value", UNCANONICAL.values(), ids=UNCANONICAL)
def test_what_has_no_canonical_form_is_the_peers_fault(value: Any) -> None:
    with pytest.raises(ProtocolError) as caught:
        canonical_json({"value": value})
    assert caught.value.reason is Fault.NOT_CANONICAL


def test_member_names_are_sorted_as_utf16() -> None:
    assert canonical_json({"\ufb33": 1, "\U0001f602": 2}) == '{"\U0001f602":2,"\ufb33":1}'.encode()


@given(JSON)
def test_canonical_json_says_the_same_and_is_stable(value: Any) -> None:
    canonical = canonical_json(value)
    read = json.loads(canonical, parse_int=float)  # as JSON has it: one kind of number
    assert read == value
    assert canonical_json(read) == canonical
