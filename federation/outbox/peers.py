"""Putting a ruleset in force, and what follows from it at once: a suspended host loses its follows and memberships."""

from collections.abc import Callable

from federation import memberships
from federation.act import Act, perform
from federation.context import Context
from federation.outbox.follows import end_follows_of_host
from federation.rules import NoRulesError, Rules
from policies.rules import parse
from policies.ruleset import Ruleset, day_of, suspended_hosts
from storage import actors, audit, rules


async def save_rules(ctx: Context, text: str, *, by: str, reason: str) -> int:
    """Put a ruleset in force; answers its version. RulesetError with every mistake when it cannot be read."""
    draft = parse(text)
    return await perform(ctx, lambda act: _save(act, text, draft, by=by, reason=reason))


async def edit_rules(act: Act, edit: Callable[[str, Ruleset], str], *, by: str, reason: str) -> None:
    """Change the ruleset in force within an act; nothing is saved when nothing changes. RulesetError."""
    current = await rules.get_current(act.tx)
    if current is None:
        raise NoRulesError("this instance has no ruleset: run `confrere init`")
    text = edit(current.body, act.rules.ruleset)
    if text != current.body:
        await _save(act, text, parse(text), by=by, reason=reason)


async def _save(act: Act, text: str, draft: Ruleset, *, by: str, reason: str) -> int:
    version = await rules.insert_version(act.tx, body=text, author=by, reason=reason, now=act.now)
    await audit.append(act.tx, actor=by, act="policy.apply", subject=str(version), now=act.now, reason=reason)
    await _follow_suspensions(Act(act.ctx, act.tx, Rules(version, draft), act.now), act.rules.ruleset)
    return version


async def follow_expiries(act: Act) -> None:
    """Hosts that the end of an agreement has suspended: nobody wrote a new version for them."""
    for host in await actors.list_unsuspended(act.tx, suspended_hosts(act.rules.ruleset, day_of(act.now))):
        await _suspend(act, host)


async def _follow_suspensions(act: Act, before: Ruleset) -> None:
    today = day_of(act.now)
    was, now = suspended_hosts(before, today), suspended_hosts(act.rules.ruleset, today)
    for host in sorted(was - now):
        await actors.suspend_host(act.tx, host, suspended=False)
    for host in sorted(now - was):
        await _suspend(act, host)


async def _suspend(act: Act, host: str) -> None:
    await memberships.end_all_of_host(act, host)
    await end_follows_of_host(act, host)
    await actors.suspend_host(act.tx, host, suspended=True)
