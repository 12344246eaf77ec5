import json
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.wire.bounded import MAX_BODY, MAX_DEPTH, MAX_VALUES, measure, parse_json
from federation.wire.errors import Fault, ProtocolError
from tests.wire.documents import documents, fuzz, refused


def test_reads_every_reference_document_as_the_standard_library_does(reference: Path) -> None:
    paths = list((reference / "fixtures").rglob("*.json"))
    assert len(paths) > 200
    for path in paths:
        assert parse_json(path.read_bytes()) == json.loads(path.read_bytes())


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"nothing",
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": -Infinity}',
        b'{"a": 1e400}',
        b'{"a": 1} {}',
        b"\xef\xbb\xbf{}",
        b'{"a": "\xff"}',
        b'{"a": "\xed\xa0\x80"}',
        rb'{"a": "\ud800"}',
        rb'{"a": "\udc00\ud800"}',
        b'{"a": "\x00"}',
        b"[]",
        b'"text"',
        b"null",
        b"[" * 5000 + b"]" * 5000,
    ],
)
def test_what_is_not_one_json_object_is_refused(body: bytes) -> None:
    with refused(Fault.JSON_INVALID):
        parse_json(body)


@pytest.mark.parametrize("body", [rb'{"a": "x\u0000"}', rb'{"\u0000": 1}', rb'{"a": [{"b": "\\\u0000"}]}'])
def test_nul_is_refused_wherever_it_stands(body: bytes) -> None:
    with refused(Fault.JSON_INVALID):
        parse_json(body)


def test_a_text_about_nul_is_no_nul() -> None:
    assert parse_json(rb'{"a": "\\u0000"}') == {"a": r"\u0000"}


@pytest.mark.parametrize("number", [2**63 - 1, -(2**63) + 1, 0, 0.5, -1e18])
def test_numbers_within_64_bits_are_kept(number: float) -> None:
    assert parse_json(json.dumps({"a": number}).encode()) == {"a": number}


@pytest.mark.parametrize("number", ["9223372036854775808", "-9223372036854775809", "1e19", "-1e300", "1" + "0" * 400])
def test_numbers_beyond_64_bits_are_refused(number: str) -> None:
    with refused(Fault.JSON_INVALID):
        parse_json(f'{{"a": [{number}]}}'.encode())


def test_depth_is_bounded() -> None:
    def nested(depth: int) -> bytes:
        return b'{"a":' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"

    assert parse_json(nested(MAX_DEPTH))
    with refused(Fault.TOO_COMPLEX):
        parse_json(nested(MAX_DEPTH + 1))


def test_size_is_bounded_before_anything_is_read() -> None:
    filled = b'{"a": "' + b"x" * (MAX_BODY - 9) + b'"}'
    assert len(filled) == MAX_BODY
    assert parse_json(filled)
    with refused(Fault.TOO_LARGE):
        parse_json(filled + b" ")
    assert Fault.TOO_LARGE.status == 413


def test_the_number_of_values_is_bounded() -> None:
    assert parse_json(b'{"a": [' + b",".join([b"1"] * (MAX_VALUES - 2)) + b"]}")
    with refused(Fault.TOO_COMPLEX):
        parse_json(b'{"a": [' + b",".join([b"1"] * (MAX_VALUES - 1)) + b"]}")


def test_measure_counts_keys_and_values_of_all_levels() -> None:
    assert measure({"a": [1, {"b": 2, "c": {}}], "d": None}) == (4, 7)


@pytest.mark.parametrize(
    "body",
    [
        b'{"a": 1, "a": 2}',
        b'{"a":1,"a":1}',
        b'{"x": {"a" : 1, "a"\n:\t2}}',
        rb'{"a": 1, "\u0061": 2}',
        rb'{"a\\": 1, "a\\": 2}',
        rb'{"a\"": 1, "a\"": 2}',
        rb'{"\\\"": ":", "\\\"": "\":"}',
    ],
)
def test_duplicate_keys_are_refused(body: bytes) -> None:
    with refused(Fault.JSON_INVALID):
        parse_json(body)


_letters = st.text(alphabet='ab":\\{}[], \n', max_size=4)
_pairs: Any = st.deferred(lambda: st.lists(st.tuples(_letters, _letters | st.booleans() | _pairs), max_size=4))


def _written(pairs: Any, colon: str) -> str:
    if not isinstance(pairs, list):
        return json.dumps(pairs)
    return "{" + ", ".join(f"{json.dumps(key)}{colon}{_written(value, colon)}" for key, value in pairs) + "}"


def _has_duplicates(pairs: Any) -> bool:
    if not isinstance(pairs, list):
        return False
    return len({key for key, _ in pairs}) < len(pairs) or any(_has_duplicates(value) for _, value in pairs)


@fuzz
@given(_pairs, st.sampled_from([":", " : ", "\n:"]))
def test_exactly_the_documents_with_duplicate_keys_are_refused(pairs: Any, colon: str) -> None:
    with pytest.raises(ProtocolError, match="duplicate keys") if _has_duplicates(pairs) else nullcontext():
        parse_json(_written(pairs, colon).encode())


@fuzz
@given(st.binary(max_size=200) | st.text(alphabet='{}[]":,\\u0123456789abcdef-. ', max_size=100).map(str.encode))
def test_any_bytes_are_an_object_or_a_protocol_error(body: bytes) -> None:
    with suppress(ProtocolError):
        assert isinstance(parse_json(body), dict)


@fuzz
@given(documents)
def test_any_object_survives(document: dict[str, Any]) -> None:
    assert parse_json(json.dumps(document).encode()) == document
