"""Who is at the other end, when proxies stand between. Must not know what the address is used for."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from aiohttp import web

from web.keys import SITE

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


def client_address(request: web.Request) -> Address | None:
    """The address of whoever asks; None when the socket has none."""
    return find_client(request.remote, request.headers.getall("X-Forwarded-For", []), request.app[SITE].trusted_proxies)


def find_client(peer: str | None, forwarded: Iterable[str], trusted: Sequence[Network]) -> Address | None:
    """The nearest address that no trusted proxy vouches for as another proxy.

    X-Forwarded-For is read from its end: what stands before the first address that is not a trusted proxy was written
    by a stranger.
    """
    address = _parse(peer or "")
    hops = [hop for line in forwarded for hop in line.split(",")]
    while hops and address is not None and any(address in network for network in trusted):
        earlier = _parse(hops.pop())
        if earlier is None:
            break
        address = earlier
    return address


@lru_cache(maxsize=4096)
def _parse(text: str) -> Address | None:
    try:
        address = ip_address(text.strip())
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
