"""Allowing and blocking hosts as Mastodon's admins do, in the ruleset and by it alone: each act is a new version of it.

A block that suspends is the state `suspended`, one that silences `quarantined`; who is allowed is `active`. What a block
replaced comes back when it is lifted. How a host is written of in the ruleset beyond its state is left as it is.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from federation.act import Act, perform
from federation.context import Context
from federation.outbox.peers import edit_rules
from policies import edits
from policies.ruleset import Ruleset
from policies.terms import PeerState
from storage import audit, listed_hosts
from storage.database import Transaction
from storage.ids import new_id
from storage.records import ListedHost

ALLOWED = ("allow",)
STATES = {"suspend": PeerState.SUSPENDED, "silence": PeerState.QUARANTINED}
BLOCKED = ("noop", *STATES)
UNKNOWN = "?"
_SEVERITIES = {state: severity for severity, state in STATES.items()} | {PeerState.ACTIVE: "allow"}


class ListedError(ValueError):
    """The host is blocked already, or allowed."""

    def __init__(self, listed: ListedHost) -> None:
        super().__init__(listed.host)
        self.listed = listed


@dataclass(frozen=True, slots=True)
class Block:
    """What an admin wants of a host. `notes`: columns of its row."""

    severity: str
    notes: dict[str, Any]


async def bring_up_to_date(tx: Transaction, ruleset: Ruleset, *, now: int) -> None:
    """Rows for what the ruleset says now, also where it was changed by other means."""
    wanted = {host: _SEVERITIES[peer.state] for host, peer in ruleset.peers.items() if peer.state in _SEVERITIES}
    known = await listed_hosts.list_hosts(tx)
    for host, row in known.items():
        severity = wanted.get(host, "noop" if row.severity == "noop" and host not in ruleset.peers else "")
        if not severity:
            await listed_hosts.delete_host(tx, row.id)
        elif severity != row.severity:
            await listed_hosts.update_host(tx, row, severity=severity, former=UNKNOWN)
    for host in sorted(wanted.keys() - known.keys()):
        await listed_hosts.insert_host(tx, _new(host, wanted[host], UNKNOWN, now))


def _new(host: str, severity: str, former: str, now: int) -> ListedHost:
    return ListedHost(new_id(now), host, severity, former, 0, "", "", 0, now)


async def allow(ctx: Context, host: str, *, by: str) -> ListedHost:
    """Exchange with a host by the rules. ListedError for a blocked one; RulesetError."""

    async def unit(act: Act) -> ListedHost:
        known = await _known(act, host)
        if known is not None and known.severity in ALLOWED:
            return known
        if known is not None:
            raise ListedError(known)
        return await _enter(act, _new(host, "allow", _state(act, host), act.now), PeerState.ACTIVE, by)

    return await perform(ctx, unit)


async def block(ctx: Context, host: str, wanted: Block, *, by: str) -> ListedHost:
    """ListedError for who is blocked already; RulesetError."""

    async def unit(act: Act) -> ListedHost:
        known = await _known(act, host)
        if known is not None and known.severity in BLOCKED:
            raise ListedError(known)
        if known is not None:
            await listed_hosts.delete_host(act.tx, known.id)
        made = await _enter(
            act, _new(host, wanted.severity, _state(act, host), act.now), STATES.get(wanted.severity), by
        )
        return await listed_hosts.update_host(act.tx, made, **wanted.notes)

    return await perform(ctx, unit)


async def change(ctx: Context, host_id: int, wanted: Block, *, by: str) -> ListedHost | None:
    """Block a blocked host otherwise; None when there is no such block. RulesetError."""

    async def unit(act: Act) -> ListedHost | None:
        await bring_up_to_date(act.tx, act.rules.ruleset, now=act.now)
        known = await listed_hosts.get_host(act.tx, host_id, BLOCKED)
        if known is None:
            return None
        if wanted.severity != known.severity:
            state = STATES.get(wanted.severity)
            await edit_rules(act, _to_state(known.host, state) if state else _release(known), by=by, reason=_why(known))
        await audit.append(act.tx, actor=by, act="host.change", subject=known.host, now=act.now)
        return await listed_hosts.update_host(act.tx, known, severity=wanted.severity, **wanted.notes)

    return await perform(ctx, unit)


async def withdraw(ctx: Context, host_id: int, severities: tuple[str, ...], *, by: str) -> ListedHost | None:
    """Neither allow nor block it any more: it is what it was. None when there is no such row; RulesetError."""

    async def unit(act: Act) -> ListedHost | None:
        await bring_up_to_date(act.tx, act.rules.ruleset, now=act.now)
        known = await listed_hosts.get_host(act.tx, host_id, severities)
        if known is None:
            return None
        if known.host in act.rules.ruleset.peers:
            await edit_rules(act, _release(known), by=by, reason=_why(known))
        await listed_hosts.delete_host(act.tx, known.id)
        await audit.append(act.tx, actor=by, act="host.withdraw", subject=known.host, now=act.now)
        return known

    return await perform(ctx, unit)


async def _known(act: Act, host: str) -> ListedHost | None:
    await bring_up_to_date(act.tx, act.rules.ruleset, now=act.now)
    return (await listed_hosts.list_hosts(act.tx)).get(host)


async def _enter(act: Act, made: ListedHost, state: PeerState | None, by: str) -> ListedHost:
    if state is not None:
        await edit_rules(act, _to_state(made.host, state), by=by, reason=_why(made))
    await listed_hosts.insert_host(act.tx, made)
    await audit.append(act.tx, actor=by, act=f"host.{made.severity}", subject=made.host, now=act.now)
    return made


def _why(listed: ListedHost) -> str:
    return f"admin API: {listed.host}"


def _state(act: Act, host: str) -> str:
    peer = act.rules.ruleset.peers.get(host)
    return peer.state.value if peer else ""


def _to_state(host: str, state: PeerState) -> Callable[[str, Ruleset], str]:
    def edit(text: str, ruleset: Ruleset) -> str:
        if host in ruleset.peers:
            return edits.set_peer(text, host, {"state": state.value})
        return edits.add_peer(text, host, organisation=host, state=state)

    return edit


def _release(listed: ListedHost) -> Callable[[str, Ruleset], str]:
    """As it was. Where that is not known, nothing but retractions passes until an admin has looked (`proposed`)."""

    def edit(text: str, ruleset: Ruleset) -> str:
        if listed.host not in ruleset.peers:
            return text
        if not listed.former:
            return edits.remove_peer(text, listed.host)
        state = PeerState.PROPOSED if listed.former == UNKNOWN else PeerState(listed.former)
        return edits.set_peer(text, listed.host, {"state": state.value})

    return edit
