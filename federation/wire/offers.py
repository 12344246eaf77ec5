"""Reads the policy of a private group, as an Offer carries it and as an answer repeats it.

Must not know which offers there were, nor who may make or answer one.
"""

from typing import Any

from federation.wire.actors import MAX_REACH
from federation.wire.errors import Fault, ProtocolError
from federation.wire.values import integer, many, text
from policies.reach import Offer

_LONGEST_DIGEST = 200
_LONGEST_HOST = 300


def parse_offer(raw: Any) -> Offer:
    """What of an offer says which it is. Raises `ProtocolError`."""
    offered = raw if isinstance(raw, dict) else {}
    epoch, digest = integer(offered.get("epoch"), 0, 2**63 - 1), text(offered.get("digest"))
    if epoch is None or not digest or len(digest) > _LONGEST_DIGEST:
        raise ProtocolError(Fault.SHAPE, "an offer without epoch or digest")
    return Offer(epoch, digest)


def parse_reach(raw: Any) -> list[str]:
    """The hosts that an offer names: all of them are asked about, so none may be left out. Raises `ProtocolError`."""
    found = many(raw.get("reach")) if isinstance(raw, dict) else []
    if len(found) > MAX_REACH or not all(isinstance(host, str) and 0 < len(host) <= _LONGEST_HOST for host in found):
        raise ProtocolError(Fault.SHAPE, "a reach that is no list of hosts")
    return [str(host).lower() for host in found]
