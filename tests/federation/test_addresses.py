from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.addresses import Guard, Network, Reach, decide_reach

PRIVATE = [
    "0.0.0.0",  # noqa: S104 - an address to refuse
    "0.1.2.3",
    "10.1.2.3",
    "100.64.0.1",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.9",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "224.0.1.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
]
PUBLIC = ["1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.1", "172.32.0.1", "193.0.6.139", "223.255.255.254"]
PRIVATE_IPV6 = [
    "::",
    "::1",
    "::2",
    "64:ff9b:1::808:808",  # local-use NAT64: the place of the IPv4 address is not known
    "64:ff9b:1:7f00:0:100::",
    "100::1",
    "2001:2::1",
    "2001:20::1",
    "2001:db8::1",
    "3fff::1",
    "3fff:fff::1",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
    "::ffff:0:808:808",  # IPv4-translated
]
PUBLIC_IPV6 = ["2001:4860:4860::8888", "2606:4700::1111", "2a00:1450::1", "3ffe:ffff::1"]


def embeddings(inner: IPv4Address) -> list[IPv6Address]:
    """Every way to write an IPv4 address inside an IPv6 one."""
    number = int(inner)
    return [
        IPv6Address(number),
        IPv6Address((0xFFFF << 32) + number),
        IPv6Address((0x0064_FF9B << 96) + number),
        IPv6Address((0x2002 << 112) + (number << 80) + 1),
        IPv6Address((0x2001_0000 << 96) + (number << 64) + (int(IPv4Address("8.8.8.8")) ^ 0xFFFF_FFFF)),
        IPv6Address((0x2001_0000 << 96) + (int(IPv4Address("8.8.8.8")) << 64) + (number ^ 0xFFFF_FFFF)),
    ]


@pytest.mark.parametrize("address", PRIVATE + PRIVATE_IPV6)
def test_what_is_not_global_unicast_is_refused(address: str) -> None:
    assert Guard().decide_address("peer.example", address) is Reach.REFUSED


@pytest.mark.parametrize("address", PUBLIC + PUBLIC_IPV6)
def test_global_unicast_is_reached(address: str) -> None:
    assert Guard().decide_address("peer.example", address) is Reach.GLOBAL


@pytest.mark.parametrize("inner", PRIVATE)
def test_a_private_ipv4_address_inside_an_ipv6_one_is_refused(inner: str) -> None:
    assert {decide_reach(address, trusted=()) for address in embeddings(IPv4Address(inner))} == {Reach.REFUSED}


@pytest.mark.parametrize("inner", PUBLIC)
def test_a_global_ipv4_address_inside_an_ipv6_one_is_reached(inner: str) -> None:
    assert {decide_reach(address, trusted=()) for address in embeddings(IPv4Address(inner))} == {Reach.GLOBAL}


@given(st.ip_addresses(v=4))
def test_every_embedding_is_judged_by_the_address_inside(inner: IPv4Address) -> None:
    verdict = decide_reach(inner, trusted=())
    assert {decide_reach(address, trusted=()) for address in embeddings(inner)} == {verdict}


@given(st.ip_addresses(v=4) | st.ip_addresses(v=6) | st.integers(0x2000 << 112, (0x4000 << 112) - 1).map(IPv6Address))
def test_never_reaches_what_python_does_not_call_global(address: IPv4Address | IPv6Address) -> None:
    tunnelled = isinstance(address, IPv6Address) and address.teredo  # judged by the addresses inside
    if decide_reach(address, trusted=()) is Reach.GLOBAL and not tunnelled:
        assert address.is_global
        assert not address.is_multicast


@pytest.mark.parametrize(
    "text", ["", "localhost", "127.1", "2130706433", "0x7f000001", "1.2.3.4/32", "::1::", "8.8.8.8 "]
)
def test_what_is_not_an_address_in_full_form_is_refused(text: str) -> None:
    guard = Guard(trusted_addresses=(ip_network("0.0.0.0/0"), ip_network("::/0")), development=True)
    assert guard.decide_address("peer.example", text) is Reach.REFUSED


LOOPBACK: tuple[Network, ...] = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
def test_trusted_addresses(address: str) -> None:
    assert decide_reach(ip_address(address), trusted=LOOPBACK) is Reach.TRUSTED


@pytest.mark.parametrize("address", ["10.0.0.1", "::2", "::127.0.0.1", "2002:7f00:1::1", "64:ff9b::7f00:1"])
def test_trust_does_not_spread(address: str) -> None:
    """In particular not to what a gateway elsewhere would make of an embedded address."""
    assert decide_reach(ip_address(address), trusted=LOOPBACK) is Reach.REFUSED


def test_a_trusted_host_may_have_its_own_private_addresses_only() -> None:
    guard = Guard(trusted_hosts={"chu-b.intra": (ip_network("10.2.0.5/32"),)})
    assert guard.decide_address("chu-b.intra", "10.2.0.5") is Reach.TRUSTED
    assert guard.decide_address("CHU-B.intra.", "10.2.0.5") is Reach.TRUSTED
    assert guard.decide_address("chu-b.intra", "10.2.0.6") is Reach.REFUSED
    assert guard.decide_address("chu-c.intra", "10.2.0.5") is Reach.REFUSED
    assert guard.decide_address("sub.chu-b.intra", "10.2.0.5") is Reach.REFUSED
    assert guard.decide_address("10.2.0.5", "10.2.0.5") is Reach.REFUSED
    assert guard.decide_address("chu-b.intra", "8.8.8.8") is Reach.GLOBAL


def test_trusted_addresses_are_for_development_only() -> None:
    with pytest.raises(ValueError, match="development"):
        Guard(trusted_addresses=LOOPBACK)
