"""The type that handlers take: an activity whose sender is beyond doubt. Made here and nowhere else."""

from dataclasses import InitVar, dataclass

from federation.wire.activities import Activity, parse_activity
from federation.wire.bounded import Document, parse_json
from federation.wire.errors import Fault, ProtocolError
from federation.wire.forwarded import Forwarded, forwarded_by
from federation.wire.jsonld import plain
from federation.wire.origins import host_of
from federation.wire.proofs import Proven
from policies.decision import Hold
from storage.records import InboxItem

# What a handler answers: why nothing came of an activity, that it must wait, or None when it was applied.
Answer = str | Hold | None

_seal = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """An activity and whoever vouches for it.

    `by` is the uri of its actor, who signed the request that brought it, or whose proof it carries. `relayed_by` is the
    group whose Announce brought it, "" when it came directly.
    """

    activity: Activity
    by: str
    host: str
    relayed_by: str = ""
    seal: InitVar[object]

    def __post_init__(self, seal: object) -> None:
        if seal is not _seal:
            raise TypeError("a Verified comes from an inbox row, a proof or its origin")


def from_inbox(item: InboxItem) -> Verified | Forwarded:
    """From the inbox table, which takes only what a Signer vouches for. Of what is not the signer's own nothing but a hint
    is left; ProtocolError where it is none.
    """
    document: Document = plain(parse_json(item.body or b""))
    activity = parse_activity(document)
    if told := forwarded_by(activity, item.signer):
        return told
    if activity.actor != item.signer:
        raise ProtocolError(Fault.ACTOR_MISMATCH, f"{activity.actor[:200]} signed by {item.signer}")
    return Verified(activity=activity, by=item.signer, host=item.host, seal=_seal)


def from_origin(document: Document, *, relayed_by: str) -> Verified:
    """From an activity that a group relayed and that was fetched from its own id (`federation.resolve.fetch`)."""
    activity = parse_activity(document)
    return Verified(
        activity=activity, by=activity.actor, host=host_of(activity.actor), relayed_by=relayed_by, seal=_seal
    )


def from_proof(proven: Proven, *, host: str, relayed_by: str) -> Verified:
    """From an activity that a group relayed and its actor has proven."""
    activity = parse_activity(dict(proven.document))
    if activity.actor != proven.owner:
        raise ProtocolError(Fault.ACTOR_MISMATCH, f"{activity.actor[:200]} proven by {proven.owner}")
    return Verified(activity=activity, by=proven.owner, host=host, relayed_by=relayed_by, seal=_seal)
