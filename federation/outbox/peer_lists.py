"""Peers from files: signed lists of bodies that the ruleset trusts, Mastodon's lists of blocked and allowed domains; and ours
for others.
"""

import csv
import io
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from federation.act import Act, perform
from federation.context import Context
from federation.local_actors import INSTANCE_ACTOR_ID
from federation.outbox.hosts import Block, ListedError, allow, block, bring_up_to_date
from federation.outbox.peers import ApprovalNeededError, save_rules
from federation.rules import get_rules
from federation.signing import get_keys
from federation.wire.keys import parse_multikey, render_multikey
from federation.wire.lists import parse_list, render_list
from policies.decision import Deny, Reason
from policies.lists import Merged, may_take, may_trust, merge, own_list
from policies.rules import HOST, RulesetError
from policies.ruleset import day_of
from storage import audit, listed_hosts, rules
from storage.database import Reader, Transaction
from storage.ids import new_id
from storage.records import ListedHost
from storage.rules import RulesetDraft

BLOCKS = ("#domain", "#severity", "#reject_media", "#reject_reports", "#public_comment", "#obfuscate")
ALLOWS = ("#domain",)


class ListRefusedError(ValueError):
    """A list is not taken; `decision` says why."""

    def __init__(self, decision: Deny) -> None:
        super().__init__(decision.reason)
        self.decision = decision


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of a list: the version in force, and the draft that waits because our own rules say something else."""

    version: int
    draft_id: int | None
    conflicts: tuple[str, ...]


async def take_list(ctx: Context, name: str, body: bytes, *, by: str) -> Taken:
    """Put in force what follows from a list by itself, and keep the rest as a draft. ListRefusedError, ProtocolError for what is
    not signed as the ruleset says, RulesetError, ApprovalNeededError.
    """
    current = await ctx.db.read(get_rules)
    trusted = current.ruleset.lists.get(name)
    if trusted is None:
        raise ListRefusedError(Deny(f"lists.{name}", Reason.LIST_UNTRUSTED))
    found = parse_list(body, parse_multikey(trusted.key, name, name))
    for decision in (may_trust(found.name, trusted.key, current.ruleset), may_take(found, trusted, day_of(ctx.now()))):
        if isinstance(decision, Deny):
            raise ListRefusedError(decision)
    merged = merge(await ctx.db.read(_text), found)
    reason = f"list {name}, version {found.version}"
    version = await save_rules(ctx, merged.text, by=by, reason=reason)
    draft_id = await perform(ctx, lambda act: _keep_draft(act, merged, by, reason)) if merged.draft else None
    return Taken(version, draft_id, merged.conflicts)


async def _text(tx: Reader) -> str:
    current = await rules.get_current(tx)
    return current.body if current else ""


async def _keep_draft(act: Act, merged: Merged, by: str, reason: str) -> int:
    draft = RulesetDraft(new_id(act.now), act.rules.version, merged.draft, by, reason, act.now)
    await rules.insert_draft(act.tx, draft)
    await audit.append(act.tx, actor=by, act="policy.propose", subject=str(draft.id), now=act.now, reason=reason)
    return draft.id


@dataclass(frozen=True, slots=True)
class OwnList:
    """A list of ours, and the key that others put into their rulesets."""

    document: dict[str, object]
    key: str


async def export_list(ctx: Context, name: str, version: int, until: date) -> OwnList:
    """Our active peers, signed by the instance."""

    async def unit(tx: Reader) -> OwnList:
        keys = await get_keys(tx, INSTANCE_ACTOR_ID, ctx.origin.instance_actor)
        found = own_list((await get_rules(tx)).ruleset, name, version, until)
        return OwnList(render_list(found, keys.ed25519), render_multikey(keys.ed25519.public))

    return await ctx.db.read(unit)


# --- Mastodon's files --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one line of a file: `done`, `known`, `approval` (a second admin must see it) or `bad`."""

    host: str
    ended: str


def read_csv(text: str) -> Iterator[dict[str, str]]:
    """Lines by the names of their columns, as Mastodon exports them; without a heading each line is a domain."""
    lines = [line for line in csv.reader(io.StringIO(text.removeprefix("\ufeff"))) if line]
    heading = [name.strip().removeprefix("#") for name in lines[0]] if lines else []
    named = "domain" in heading
    for line in lines[1:] if named else lines:
        yield dict(zip(heading if named else ["domain"], (cell.strip() for cell in line), strict=False))


async def import_blocks(ctx: Context, text: str, *, by: str) -> list[Outcome]:
    """Block each domain as its line says: `suspend` unless it says `silence` or `noop`."""

    async def one(host: str, line: dict[str, str]) -> None:
        severity = line.get("severity") or "suspend"
        if severity not in {"suspend", "silence", "noop"}:
            raise ValueError(severity)
        notes = {
            "reject_reports": int(line.get("reject_reports") == "true"),
            "public_comment": line.get("public_comment", ""),
            "obfuscate": int(line.get("obfuscate") == "true"),
        }
        await block(ctx, host, Block(severity, notes), by=by)

    return [await _try(line, one) for line in read_csv(text)]


async def import_allows(ctx: Context, text: str, *, by: str) -> list[Outcome]:
    """Exchange with each domain by the rules."""

    async def one(host: str, _: dict[str, str]) -> None:
        await allow(ctx, host, by=by)

    return [await _try(line, one) for line in read_csv(text)]


async def _try(line: dict[str, str], act: Callable[[str, dict[str, str]], Awaitable[None]]) -> Outcome:
    host = line.get("domain", "").lower()
    if not HOST.fullmatch(host):
        return Outcome(host, "bad")
    try:
        await act(host, line)
    except ListedError:
        return Outcome(host, "known")
    except ApprovalNeededError:
        return Outcome(host, "approval")
    except (RulesetError, ValueError):
        return Outcome(host, "bad")
    return Outcome(host, "done")


async def export_csv(ctx: Context, *, blocks: bool) -> str:
    """Blocked or allowed domains, as Mastodon reads them."""

    async def unit(tx: Transaction) -> list[ListedHost]:
        await bring_up_to_date(tx, (await get_rules(tx)).ruleset, now=ctx.now())
        return list((await listed_hosts.list_hosts(tx)).values())

    found = sorted((await ctx.db.transact(unit)), key=lambda one: one.host)
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(BLOCKS if blocks else ALLOWS)
    writer.writerows(_rows(found, blocks=blocks))
    return file.getvalue()


def _rows(found: Iterable[ListedHost], *, blocks: bool) -> Iterator[tuple[str, ...]]:
    for one in found:
        if blocks and one.severity != "allow":
            reports, hidden = (str(bool(flag)).lower() for flag in (one.reject_reports, one.obfuscate))
            yield one.host, one.severity, "false", reports, one.public_comment, hidden
        elif not blocks and one.severity == "allow":
            yield (one.host,)
