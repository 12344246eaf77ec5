"""Who is at the other end: trusted proxies are believed, strangers are not, whatever they write."""

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.proxies import find_client

TRUSTED = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("192.0.2.1", [], "192.0.2.1"),
        ("192.0.2.1", ["198.51.100.7"], "192.0.2.1"),  # not a proxy of ours: anybody can write that
        ("10.0.0.1", ["198.51.100.7"], "198.51.100.7"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["192.0.2.66, 198.51.100.7"], "198.51.100.7"),  # the first was written by a stranger
        ("10.0.0.1", ["198.51.100.7, 10.0.0.2"], "198.51.100.7"),
        ("10.0.0.1", ["198.51.100.7", "10.0.0.2"], "198.51.100.7"),  # the header given twice
        ("10.0.0.1", ["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        ("10.0.0.1", ["nonsense, 10.0.0.2"], "10.0.0.2"),
        ("10.0.0.1", ["198.51.100.7, nonsense"], "10.0.0.1"),
        ("fd00::1", ["2001:db8::1"], "2001:db8::1"),
        ("::ffff:10.0.0.1", ["198.51.100.7"], "198.51.100.7"),
        ("10.0.0.1", ["::ffff:198.51.100.7"], "198.51.100.7"),
    ],
)
def test_the_nearest_address_that_is_no_trusted_proxy(peer: str, forwarded: list[str], client: str) -> None:
    assert find_client(peer, forwarded, TRUSTED) == ip_address(client)


@pytest.mark.parametrize("peer", [None, "", "unix"])
def test_a_socket_without_address_has_no_client(peer: str | None) -> None:
    assert find_client(peer, ["198.51.100.7"], TRUSTED) is None


@given(st.text(), st.sampled_from(["192.0.2.1", "2001:db8::1"]))
def test_a_stranger_never_becomes_another(forwarded: str, peer: str) -> None:
    assert find_client(peer, [forwarded], TRUSTED) == ip_address(peer)


@given(st.lists(st.text(st.characters(exclude_characters=","))), st.sampled_from(["192.0.2.1", "2001:db8::1"]))
def test_what_stands_before_the_client_never_counts(written: list[str], client: str) -> None:
    assert find_client("10.0.0.1", [", ".join([*written, client])], TRUSTED) == ip_address(client)
