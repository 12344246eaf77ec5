"""Where a post of ours went and where it did not, host by host, and by which rule: from the boundary log, the queue and
the receipts. Decides nothing, and never reads what the post says.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from federation.rules import get_rules
from policies.decision import Reason
from policies.sentences import sentence
from storage import decisions, deliveries, receipts, statuses
from storage.database import Reader
from storage.deliveries import Waiting
from storage.receipts import Receipt
from storage.records import RecordedDecision, Status

Reading = Literal["member", "admin"]


class Fate(StrEnum):
    """What became of one post at one host."""

    SENT = "sent"
    WAITING = "waiting"
    HELD = "held"
    REFUSED = "refused"
    FAILED = "failed"
    ASKED_TO_DELETE = "asked_to_delete"
    DELETED = "deleted"
    NOT_CONCERNED = "not_concerned"


@dataclass(frozen=True, slots=True)
class Crossing:
    """One post and one host; `host` is "" for what was decided about the post before any host was asked. What nobody
    decided has no `rule`, `version` and `decided_at`. Times in unix ms.
    """

    host: str
    fate: Fate
    rule: str = ""
    reason: Reason | None = None
    version: int | None = None
    decided_at: int | None = None
    sent_at: int | None = None
    deleted_at: int | None = None

    def sentence(self, reader: Reading, language: Literal["fr", "en"]) -> str:
        """Why, for a member or an admin; "" where there is nothing to explain."""
        return sentence(self.reason, reader=reader, language=language) if self.reason else ""


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of one post and one host."""

    decision: RecordedDecision | None = None
    waiting: Waiting | None = None
    receipt: Receipt | None = None


async def explain(tx: Reader, object_uri: str) -> list[Crossing]:
    """One crossing for each host that was asked about, was sent the post, or is a peer; what needs an eye comes first.

    Also of a post that is deleted: its receipts stay.
    """
    decided = {one.host: one for one in await decisions.list_about(tx, [object_uri])}
    status = await statuses.get_status_by_uri(tx, object_uri)
    queued = await _list_waiting(tx, status)
    sent = {one.host: one for one in await _list_receipts(tx, object_uri)}
    peers = (await get_rules(tx)).ruleset.peers
    hosts = sorted({*decided, *queued, *sent, *peers})
    known = {host: _Known(decided.get(host), queued.get(host), sent.get(host)) for host in hosts}
    return sorted((_crossing(host, one) for host, one in known.items()), key=_urgency)


async def _list_receipts(tx: Reader, object_uri: str) -> list[Receipt]:
    """Hosts that we sent it to, or that the home of its group says it did; what is deleted at that home is deleted by it."""
    sent = await receipts.list_about(tx, object_uri)
    known, retracted = {one.host for one in sent}, max((one.retracted_at or 0 for one in sent), default=0)
    served = await receipts.list_served(tx, object_uri)
    return sent + [Receipt(host, at, retracted or None, None) for host, at in served if host not in known]


async def _list_waiting(tx: Reader, status: Status | None) -> dict[str, Waiting]:
    if status is None:
        return {}
    return {one.host: one for one in await deliveries.list_waiting(tx, status.id)}


def _crossing(host: str, known: _Known) -> Crossing:
    decision, receipt = known.decision, known.receipt
    return Crossing(
        host=host,
        fate=_fate(known),
        rule=decision.rule if decision else "",
        reason=_reason(known),
        version=decision.version if decision else None,
        decided_at=decision.decided_at if decision else None,
        sent_at=receipt.sent_at if receipt else None,
        deleted_at=receipt.confirmed_at if receipt else None,
    )


def _reason(known: _Known) -> Reason | None:
    """What was decided last: when a delivery was attempted, or else when the post was published."""
    given = known.waiting.reason if known.waiting and known.waiting.state in {"held", "refused"} else ""
    given = given or (known.decision.reason if known.decision else "")
    return Reason(given) if given else None


def _fate(known: _Known) -> Fate:
    """What happened last counts most: what was deleted there is not held any more, however it was decided once."""
    receipt, waiting = known.receipt, known.waiting
    if receipt and receipt.retracted_at:
        return Fate.DELETED if receipt.confirmed_at else Fate.ASKED_TO_DELETE
    if waiting:
        return _UNFINISHED[waiting.state]
    if known.decision and known.decision.outcome in _STOPPED:
        return _STOPPED[known.decision.outcome]
    return Fate.SENT if receipt else Fate.NOT_CONCERNED


_UNFINISHED = {"due": Fate.WAITING, "held": Fate.HELD, "refused": Fate.REFUSED, "dead": Fate.FAILED}
_STOPPED = {"deny": Fate.REFUSED, "hold": Fate.HELD}
_ORDER = (
    Fate.REFUSED,
    Fate.HELD,
    Fate.FAILED,
    Fate.ASKED_TO_DELETE,
    Fate.WAITING,
    Fate.SENT,
    Fate.DELETED,
    Fate.NOT_CONCERNED,
)


def _urgency(crossing: Crossing) -> tuple[int, str]:
    return _ORDER.index(crossing.fate), crossing.host


def concerned(crossings: Iterable[Crossing]) -> list[Crossing]:
    """Without the hosts that the post had nothing to do with."""
    return [one for one in crossings if one.fate is not Fate.NOT_CONCERNED]
