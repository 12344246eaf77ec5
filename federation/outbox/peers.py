"""Putting a ruleset in force, and what follows from it at once: a suspended host loses its follows and memberships.

Where the ruleset in force asks for two people, what widens it waits as a draft for somebody else's word.
"""

from collections.abc import Callable

from federation import memberships
from federation.act import Act, perform
from federation.context import Context
from federation.outbox.follows import end_follows_of_host
from federation.rules import NoRulesError, Rules
from policies.changing import ChangeFacts, may_put_in_force
from policies.decision import Decision, Deny, Hold
from policies.rules import parse
from policies.ruleset import Ruleset, day_of, suspended_hosts
from policies.terms import Role
from policies.widening import widens
from storage import actors, audit, members, rules
from storage.ids import new_id
from storage.rules import RulesetDraft


class ApprovalNeededError(Exception):
    """A change of the ruleset is not in force: it widens, and a second admin has not approved it. `draft_id`: what waits
    for them; None when nothing was kept.
    """

    def __init__(self, decision: Hold | Deny, draft_id: int | None = None) -> None:
        super().__init__(decision.reason)
        self.decision, self.draft_id = decision, draft_id


class StaleDraftError(LookupError):
    """There is no such draft, or the ruleset has changed since it was written: it would undo that change."""


async def save_rules(ctx: Context, text: str, *, by: str, reason: str) -> int:
    """Put a ruleset in force; answers its version. RulesetError with every mistake when it cannot be read;
    ApprovalNeededError when it is kept as a draft.
    """
    draft = parse(text)

    async def unit(act: Act) -> int | ApprovalNeededError:
        decision = await _decide(act, draft, author=by)
        if isinstance(decision, Hold | Deny):
            waiting = RulesetDraft(new_id(act.now), act.rules.version, text, by, reason, act.now)
            await rules.insert_draft(act.tx, waiting)
            await audit.append(
                act.tx, actor=by, act="policy.propose", subject=str(waiting.id), now=act.now, reason=reason
            )
            return ApprovalNeededError(decision, waiting.id)
        return await put_in_force(act, text, draft, by=by, reason=reason)

    outcome = await perform(ctx, unit)
    if isinstance(outcome, ApprovalNeededError):
        raise outcome
    return outcome


async def approve_draft(ctx: Context, draft_id: int, *, by: str) -> int:
    """Put a draft in force in the name of an admin who has read it, "" for nobody; answers the version. StaleDraftError;
    ApprovalNeededError while nobody else has approved it.
    """

    async def unit(act: Act) -> int:
        waiting = await rules.get_draft(act.tx, draft_id)
        if waiting is None or waiting.base != act.rules.version:
            raise StaleDraftError(str(draft_id))
        draft = parse(waiting.body)
        decision = await _decide(act, draft, author=waiting.author, approver=by, waited=act.now - waiting.created_at)
        if isinstance(decision, Hold | Deny):
            raise ApprovalNeededError(decision, draft_id)
        await rules.delete_draft(act.tx, draft_id)
        await audit.append(act.tx, actor=by or waiting.author, act="policy.approve", subject=str(draft_id), now=act.now)
        return await put_in_force(act, waiting.body, draft, by=waiting.author, reason=waiting.reason)

    return await perform(ctx, unit)


async def drop_draft(ctx: Context, draft_id: int, *, by: str) -> None:
    """A draft is not wanted. StaleDraftError when there is none."""

    async def unit(act: Act) -> None:
        if await rules.get_draft(act.tx, draft_id) is None:
            raise StaleDraftError(str(draft_id))
        await rules.delete_draft(act.tx, draft_id)
        await audit.append(act.tx, actor=by, act="policy.drop", subject=str(draft_id), now=act.now)

    await perform(ctx, unit)


async def _decide(act: Act, draft: Ruleset, *, author: str, approver: str = "", waited: int = 0) -> Decision:
    present = act.rules.ruleset
    facts = ChangeFacts(
        widens=present.two_person and widens(present, draft, act.now) is not None,
        author=author,
        approver=approver,
        waited=waited,
        admins=len(await members.list_ids_with_roles(act.tx, [Role.ADMIN])),
    )
    return may_put_in_force(facts, present)


async def edit_rules(act: Act, edit: Callable[[str, Ruleset], str], *, by: str, reason: str) -> None:
    """Change the ruleset in force within an act; nothing is saved when nothing changes. RulesetError; ApprovalNeededError
    when somebody else must approve it: such a change is made as a draft, by `save_rules`.
    """
    current = await rules.get_current(act.tx)
    if current is None:
        raise NoRulesError("this instance has no ruleset: run `confrere init`")
    text = edit(current.body, act.rules.ruleset)
    if text != current.body:
        draft = parse(text)
        decision = await _decide(act, draft, author=by)
        if isinstance(decision, Hold | Deny):
            raise ApprovalNeededError(decision)
        await put_in_force(act, text, draft, by=by, reason=reason)


async def put_in_force(act: Act, text: str, draft: Ruleset, *, by: str, reason: str) -> int:
    """A new version, with what follows for hosts that it suspends; nobody is asked. Answers its number."""
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
