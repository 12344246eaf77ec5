"""Which network addresses this server may speak to when somebody else chose them.

Addresses, host names and settings in, a verdict out. Must not know sockets, DNS or HTTP: `federation.client` asks.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


class Reach(StrEnum):
    """What the guard says of one address."""

    GLOBAL = "global"  # global unicast, and so is every IPv4 address inside it
    TRUSTED = "trusted"  # not judged further, because the settings name it
    REFUSED = "refused"


# Written out rather than taken from `ipaddress`, whose tables differ between patch releases of Python 3.11 to 3.13.
# Sources: IANA special-purpose address registries (RFC 6890 and updates), RFC 5771, RFC 1112 §4, RFC 4291 §2.4.
_SPECIAL_IPV4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network: connects to the local machine on Linux
        "10.0.0.0/8",
        "100.64.0.0/10",  # shared by carriers, RFC 6598
        "127.0.0.0/8",
        "169.254.0.0/16",  # link-local, with the metadata services of clouds
        "172.16.0.0/12",
        "192.0.0.0/24",  # IETF protocol assignments
        "192.0.2.0/24",
        "192.88.99.0/24",  # former 6to4 relays, RFC 7526
        "192.168.0.0/16",
        "198.18.0.0/15",  # benchmarking, RFC 2544
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and the limited broadcast address
    )
)
_GLOBAL_IPV6 = IPv6Network("2000::/3")  # the only block from which global unicast addresses are given out
_SPECIAL_IPV6 = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # IETF protocol assignments: benchmarking, ORCHID, anycast services
        "2001:db8::/32",
        "3fff::/20",  # documentation, RFC 9637
    )
)
# The IPv4 address is in the last 32 bits. The local-use NAT64 block 64:ff9b:1::/48 (RFC 8215) is not here and so is
# refused: where an address sits in it is each network's own choice, so that no reading of it is safe for all.
_ENDS_IN_IPV4 = tuple(
    IPv6Network(network)
    for network in (
        "::/96",  # IPv4-compatible, with `::` and `::1`
        "::ffff:0:0/96",  # IPv4-mapped
        "64:ff9b::/96",  # NAT64, RFC 6052
    )
)


@dataclass(frozen=True, slots=True)
class Guard:
    """The settings of the address guard.

    `trusted_hosts` maps a host name (lower case, no final dot) to the networks its addresses may be in besides the
    global ones. `trusted_addresses` trusts networks whatever the name, and `development` allows plain http and any
    port; the former only with the latter.
    """

    trusted_addresses: tuple[Network, ...] = ()
    trusted_hosts: Mapping[str, tuple[Network, ...]] = field(default_factory=dict)
    development: bool = False

    def __post_init__(self) -> None:
        if self.trusted_addresses and not self.development:
            raise ValueError("trusted_addresses is for development only")

    def trusted_networks(self, host: str) -> tuple[Network, ...]:
        """Every network in which `host` may have an address that is not global."""
        return self.trusted_addresses + self.trusted_hosts.get(host.rstrip(".").lower(), ())

    def decide_address(self, host: str, address: str) -> Reach:
        """May a connection meant for `host` go to `address`? What is not an IP address in full form is refused."""
        try:
            parsed = ip_address(address)
        except ValueError:
            return Reach.REFUSED
        return decide_reach(parsed, trusted=self.trusted_networks(host))


def decide_reach(address: Address, *, trusted: tuple[Network, ...]) -> Reach:
    """Global, trusted or refused.

    IPv6 addresses that carry an IPv4 address (mapped, compatible, NAT64, 6to4, Teredo) are as good as the one they
    carry, and are trusted by it only when mapped: there the system itself connects by IPv4.
    """
    meant = (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address
    if any(meant in network for network in trusted):
        return Reach.TRUSTED
    return Reach.GLOBAL if _is_global(address) else Reach.REFUSED


def _is_global(address: Address) -> bool:
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _SPECIAL_IPV4)
    if carried := _carried_ipv4(address):
        return all(map(_is_global, carried))
    return address in _GLOBAL_IPV6 and not any(address in network for network in _SPECIAL_IPV6)


def _carried_ipv4(address: IPv6Address) -> tuple[IPv4Address, ...]:
    if any(address in network for network in _ENDS_IN_IPV4):
        return (IPv4Address(address.packed[12:]),)
    if address.sixtofour:
        return (address.sixtofour,)
    return address.teredo or ()
