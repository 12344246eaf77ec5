"""A private group's policy on the wire: what is sent is read back, and what names not all of it is no offer."""

from typing import Any

import pytest

from federation.wire.actors import MAX_REACH
from federation.wire.errors import ProtocolError
from federation.wire.offers import parse_offer, parse_reach
from federation.wire.render import render_offered
from policies.reach import Offer

GROUP = "https://a.example/ap/actors/1"


def test_an_offer_is_read_back() -> None:
    offered = render_offered(GROUP, epoch=7, digest="sha-256=abc", reach=["b.example", "C.example"])
    assert parse_offer(offered) == Offer(7, "sha-256=abc")
    assert parse_reach(offered) == ["b.example", "c.example"]
    assert parse_reach({**offered, "reach": []}) == []
    assert parse_reach("x") == []


@pytest.mark.parametrize(
    "raw",
    [
        "x",
        None,
        {},
        {"epoch": 7},
        {"epoch": -1, "digest": "x"},
        {"epoch": "7", "digest": "x"},
        {"epoch": 7, "digest": "x" * 201},
    ],
)
def test_what_does_not_say_which_it_is_is_no_offer(raw: Any) -> None:
    with pytest.raises(ProtocolError):
        parse_offer(raw)


@pytest.mark.parametrize("reach", [["b.example", 3], [""], ["x" * 301], ["b.example"] * (MAX_REACH + 1), [{"id": "x"}]])
def test_a_reach_with_anything_but_hosts_is_none(reach: list[Any]) -> None:
    with pytest.raises(ProtocolError):
        parse_reach({"reach": reach})
