"""Who is shut out by where they come from or by their e-mail address, as those who look after the instance have it.

The network addresses are kept for a second: a block made by another process holds from then on.
"""

import hashlib
import time
from collections.abc import Collection
from dataclasses import dataclass
from enum import IntEnum
from ipaddress import IPv4Network, IPv6Network, ip_network

from aiohttp import web

from federation.context import Context
from storage import shut_out
from storage.database import Transaction
from storage.records import EmailBlock, EmailDomainBlock
from storage.tags import DAY
from web.proxies import Address

KEPT_SECONDS = 1.0


class Severity(IntEnum):
    """What a block of network addresses does, the mildest first. By Mastodon's names, in small letters."""

    NONE = 0
    SIGN_UP_REQUIRES_APPROVAL = 1
    SIGN_UP_BLOCK = 2
    NO_ACCESS = 3


SEVERITIES = {severity.name.lower(): severity for severity in Severity if severity}


@dataclass(frozen=True, slots=True)
class _Rule:
    network: IPv4Network | IPv6Network
    severity: Severity
    expires_at: int | None


class IpRules:
    """The blocked networks, as they were a moment ago."""

    def __init__(self) -> None:
        self._rules: list[_Rule] = []
        self._read_at: float | None = None

    def forget(self) -> None:
        """Something was changed here: the next question reads anew."""
        self._read_at = None

    async def judge(self, ctx: Context, address: Address | None) -> Severity:
        """The severest that holds for an address now."""
        moment = time.monotonic()
        if self._read_at is None or moment - self._read_at >= KEPT_SECONDS:
            self._read_at = moment
            found = await ctx.db.read(lambda tx: shut_out.list_ip_blocks(tx, now=ctx.now()))
            self._rules = [_Rule(ip_network(one.network), SEVERITIES[one.severity], one.expires_at) for one in found]
        now = ctx.now()
        return max((one.severity for one in self._rules if _holds(one, address, now)), default=Severity.NONE)


def _holds(rule: _Rule, address: Address | None, now: int) -> bool:
    return address is not None and address in rule.network and (rule.expires_at is None or rule.expires_at > now)


IP_RULES: web.AppKey[IpRules] = web.AppKey("ip_rules", IpRules)


async def is_email_shut_out(tx: Transaction, email: str, *, now: int) -> bool:
    """Whether nobody may sign up with an address: it is blocked, or its provider is, which counts that."""
    if await shut_out.list_named(tx, EmailBlock, [hash_email(email)]):
        return True
    found = await shut_out.list_named(tx, EmailDomainBlock, _domains(email))
    for block in found:
        await shut_out.count_use(tx, block.id, day=now // DAY)
    return bool(found)


def _domains(email: str) -> Collection[str]:
    """That of the address, and those above it."""
    labels = email.rpartition("@")[2].lower().split(".")
    return [".".join(labels[place:]) for place in range(len(labels))]


def hash_email(email: str) -> str:
    """Of the address without case, without dots before the @ and what follows a + there (Mastodon 4.5 `EmailHelper`)."""
    local, at, domain = email.strip().lower().rpartition("@")
    plain = local.partition("+")[0].replace(".", "")
    return hashlib.sha256(f"{plain}{at}{domain}".encode()).hexdigest()
