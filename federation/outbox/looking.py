"""Breaking the glass of a private group of ours: asking, agreeing, and reading for an hour. Audited, and said in the group."""

from federation.act import Act, perform
from federation.context import Context
from federation.groups import require_group
from federation.notices import Words, tell
from federation.telling import tell_group
from policies.decision import Allow, Deny, Hold, Limit
from policies.looking import ASKED_FOR, OPEN_FOR, LookFacts, may_look, may_read
from policies.moderation import Act as Managing
from policies.moderation import roles_for
from policies.terms import Role
from storage import audit, groups, looks
from storage.database import Reader
from storage.ids import new_id
from storage.looks import Look
from storage.members import Person, list_ids_with_roles
from storage.pages import Page
from storage.records import Status
from storage.timelines import list_group


async def ask(ctx: Context, group_id: int, person: Person, *, reason: str) -> Deny | Hold | None:
    """Break the glass, or ask a second administrator to agree (Hold); None when it is broken. ValueError without a reason."""
    if not reason.strip():
        raise ValueError("a reason is needed")

    async def unit(act: Act) -> Deny | Hold | None:
        await groups.lock_group(act.tx, group_id, change=True)
        decision = may_look(_facts(person, person.actor.username), act.rules.ruleset)
        if isinstance(decision, Deny | Limit):
            return Deny(decision.rule, decision.reason)
        name = person.actor.username
        look = Look(new_id(act.now), group_id, reason.strip(), name, "", 0, act.now)
        await looks.insert_look(act.tx, look)
        if isinstance(decision, Hold):
            await _ask_others(act, look, person)
            return decision
        await _open(act, look, approved_by="")
        return None

    return await perform(ctx, unit)


async def agree(ctx: Context, group_id: int, person: Person) -> Deny | Hold | None:
    """A second administrator agrees with what was asked last; None when the glass is broken. LookupError when nobody asks."""

    async def unit(act: Act) -> Deny | Hold | None:
        await groups.lock_group(act.tx, group_id, change=True)
        look = await looks.get_latest(act.tx, group_id)
        if look is None or look.open_until or look.created_at < act.now - ASKED_FOR:
            raise LookupError("nobody asks to look into this group")
        decision = may_look(_facts(person, look.asked_by, person.actor.username), act.rules.ruleset)
        if not isinstance(decision, Allow):
            return Deny(decision.rule, decision.reason)
        await _open(act, look, approved_by=person.actor.username)
        return None

    return await perform(ctx, unit)


async def read(ctx: Context, group_id: int, person: Person, *, most: int) -> list[Status] | Deny:
    """The latest posts of a group whose glass is broken, for an administrator; each time is audited."""

    async def unit(act: Act) -> list[Status] | Deny:
        look = await looks.get_latest(act.tx, group_id)
        decision = may_read(look.open_until if look else 0, act.now)
        role = may_look(LookFacts(Role(person.member.role), ""), act.rules.ruleset)
        refusal = next((one for one in (role, decision) if isinstance(one, Deny)), None)
        if refusal is not None:
            return refusal
        await _note(act, group_id, "group.read", person.actor.username)
        page = Page(limit=most)
        return await list_group(act.tx, group_id, group_id, page, now=act.now)  # as the group itself sees them

    return await perform(ctx, unit)


def _facts(person: Person, asked_by: str, approved_by: str = "") -> LookFacts:
    return LookFacts(Role(person.member.role), asked_by, approved_by)


async def _open(act: Act, look: Look, *, approved_by: str) -> None:
    await looks.open_look(act.tx, look.id, approved_by=approved_by, until=act.now + OPEN_FOR)
    await _note(act, look.group_id, "group.break_glass", look.asked_by, reason=look.reason, approved_by=approved_by)
    both = f"{look.asked_by}, {approved_by}" if approved_by else look.asked_by
    french = f"L’administration peut lire ce groupe pendant une heure ({both}). Motif : {look.reason}"
    english = f"Administrators can read this group for an hour ({both}). Reason: {look.reason}"
    await tell_group(act, look.group_id, Words(french, english))


async def _ask_others(act: Act, look: Look, person: Person) -> None:
    name = await _note(act, look.group_id, "group.break_glass_asked", look.asked_by, reason=look.reason)
    words = Words(
        f"{look.asked_by} demande à lire le groupe {name} ({look.reason}) : `confrere group break-glass {name} --approve`.",
        f"{look.asked_by} asks to read the group {name} ({look.reason}): `confrere group break-glass {name} --approve`.",
    )
    for admin in await _list_others(act.tx, person.actor.id):
        await tell(act.tx, admin, words, now=act.now)


async def _list_others(tx: Reader, person_id: int) -> list[int]:
    return [one for one in await list_ids_with_roles(tx, roles_for(Managing.BREAK_GLASS)) if one != person_id]


async def _note(act: Act, group_id: int, name: str, by: str, **detail: object) -> str:
    _, actor = await require_group(act.tx, group_id)
    await audit.append(act.tx, actor=by, act=name, subject=actor.username, now=act.now, **detail)
    return actor.username
