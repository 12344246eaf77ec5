"""The two syntaxes of signature headers."""

import http_sf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.wire.errors import Fault, ProtocolError
from federation.wire.structured import parse_dictionary, parse_parameters

BASE64 = st.text("AQg+/=", max_size=9)


def test_parameters() -> None:
    assert parse_parameters('a="b",c=1 ,\td=""', Fault.SHAPE) == {"a": "b", "c": "1", "d": ""}
    assert parse_parameters("", Fault.SHAPE) == {}


@pytest.mark.parametrize("text", ["a", "a=", 'a="', 'a="b" c="d"', "a=b", 'a="b",,c="d"', 'a="b",a="b"', "=1", "a=-1"])
def test_what_are_no_parameters(text: str) -> None:
    with pytest.raises(ProtocolError, match=Fault.SHAPE):
        parse_parameters(text, Fault.SHAPE)


@given(st.sampled_from(["sig1", "sha-256", "*a.b_c", "Sig1", "1a", ""]), BASE64, st.sampled_from(["", " ", ";x", "\n"]))
def test_the_short_way_reads_as_the_long_one(key: str, value: str, after: str) -> None:
    text = f"{key}=:{value}:{after}"
    try:
        expected = http_sf.parse(text.encode(), tltype="dictionary")
    except ValueError:
        with pytest.raises(ProtocolError, match=Fault.SHAPE):
            parse_dictionary(text, Fault.SHAPE)
    else:
        assert parse_dictionary(text, Fault.SHAPE) == expected


@pytest.mark.parametrize("text", ["a=1, a=2", "a;b;b", "a=:AA==:, a=:AA==:", "a,", "é=1", "a=(", 'a=("x";y;y)'])
def test_what_is_no_dictionary(text: str) -> None:
    with pytest.raises(ProtocolError, match=Fault.SHAPE):
        parse_dictionary(text, Fault.SHAPE)


@given(st.text() | st.text('abc=",;() 1:?@%'))
def test_any_text_gives_a_value_or_a_fault(text: str) -> None:
    for parse in (parse_parameters, parse_dictionary):
        try:
            assert isinstance(parse(text, Fault.SHAPE), dict)
        except ProtocolError:
            continue
