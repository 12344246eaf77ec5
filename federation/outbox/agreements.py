"""Telling admins in time that the agreement with a peer ends: from then on everything is held, both ways."""

import logging

from federation.act import Act, perform
from federation.context import Context
from federation.outbox.telling import tell
from federation.rules import get_rules
from policies.agreements import days_left, warning_due
from policies.ruleset import Agreement, Peer, day_of
from policies.terms import Role
from storage import agreements, members
from storage.agreements import Warned
from storage.database import Reader

log = logging.getLogger(__name__)


async def warn_of_ends(ctx: Context) -> None:
    """Say it once for each agreement and each of the days set for it, in a direct message and in the log."""
    for warned in await ctx.db.read(lambda tx: _list_due(tx, ctx.now())):
        await perform(ctx, lambda act, warned=warned: _warn(act, warned))  # type: ignore[misc]


async def _list_due(tx: Reader, now: int) -> list[Warned]:
    found = [_warning(peer, now) for peer in (await get_rules(tx)).ruleset.peers.values()]
    due = {one for one in found if one is not None}
    return sorted(due - await agreements.list_warned(tx)) if due else []


def _warning(peer: Peer, now: int) -> Warned | None:
    days = warning_due(peer, day_of(now))
    return (peer.host, peer.agreement.until.isoformat(), days) if peer.agreement and days is not None else None


async def _warn(act: Act, warned: Warned) -> None:
    """Unless the ruleset has changed meanwhile, or another process was faster."""
    peer = act.rules.ruleset.peers.get(warned[0])
    if peer is None or peer.agreement is None or _warning(peer, act.now) != warned:
        return
    if not await agreements.insert_warned(act.tx, warned, now=act.now):
        return
    left = days_left(peer, day_of(act.now)) or 0
    log.warning("the agreement with %s ends in %d days, on %s", peer.host, left, peer.agreement.until)
    for admin_id in await members.list_ids_with_roles(act.tx, [Role.ADMIN]):
        admin = await members.get_person(act.tx, admin_id)
        if admin is not None:
            await tell(act, admin, _words(peer, peer.agreement, left, french=admin.member.locale == "fr"))


def _words(peer: Peer, agreement: Agreement, left: int, *, french: bool) -> str:
    after, whom = peer.on_expiry.value, ", ".join(peer.contacts)
    if french:
        return (
            f"La convention {agreement.reference} avec {peer.organisation} ({peer.host}) prend fin le {agreement.until}, "
            f"dans {left} jours. Ensuite : {_AFTER_FR[after]}. Pour la renouveler : confrere peer set {peer.host} --until"
            + (f" ; à qui en parler : {whom}" if whom else "")
        )
    return (
        f"The agreement {agreement.reference} with {peer.organisation} ({peer.host}) ends on {agreement.until}, "
        f"in {left} days. Then: {_AFTER_EN[after]}. To renew it: confrere peer set {peer.host} --until"
        + (f"; whom to speak to: {whom}" if whom else "")
    )


_AFTER_FR = {
    "quarantine": "les contenus sont retenus dans les deux sens",
    "suspend": "suivis et appartenances prennent fin, des deux côtés",
}
_AFTER_EN = {"quarantine": "content is held both ways", "suspend": "follows and memberships end, on both sides"}
