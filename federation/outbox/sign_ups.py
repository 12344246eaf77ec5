"""People who ask for an account themselves: until they have confirmed their address and are let in, or turned away.

Must not know how they were asked.
"""

from dataclasses import dataclass, replace

from federation.act import Act, perform
from federation.context import Context
from federation.letters import confirm_address, let_in, somebody_waits, write
from federation.notifying import notify
from federation.outbox.profiles import NewMember, draft_member, insert_drafted
from policies.moderation import Act as Duty
from policies.moderation import roles_for
from policies.names import skeleton
from storage import actors, audit, mails, members, sign_ups
from storage.database import Reader
from storage.members import Person
from storage.records import Actor
from storage.sign_ups import Confirmation

LINK_MS = 48 * 3600 * 1000
DOORKEEPERS = roles_for(Duty.MANAGE_MEMBERS)


class NotWaitingError(LookupError):
    """Nobody with this id waits to be let in, or to confirm an address."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What somebody else has already."""

    name: bool = False
    email: bool = False

    @property
    def any(self) -> bool:
        return self.name or self.email


class TakenError(ValueError):
    """`taken` says what."""

    def __init__(self, taken: Taken) -> None:
        super().__init__("the name or the address is taken")
        self.taken = taken


@dataclass(frozen=True, slots=True)
class Link:
    """A secret to mail, and its hash to keep. `back`: the path that they came from; '' for none."""

    token: str
    hash: str
    back: str = ""


async def find_taken(tx: Reader, name: str, email: str) -> Taken:
    """Whether the name looks like that of a member or a group of ours, or the address is a member's."""
    alike = skeleton(name)
    return Taken(
        any(skeleton(other) == alike for other in await sign_ups.list_names(tx)),
        await sign_ups.is_email_taken(tx, email),
    )


async def sign_up(ctx: Context, new: NewMember, link: Link) -> Actor:
    """An account for whoever asks. The link is mailed unless `new` says that the address is confirmed. TakenError."""
    drafted = await draft_member(ctx, new)
    person = Person(drafted.account, drafted.actor)

    async def unit(act: Act) -> Actor:
        await sign_ups.lock_names(act.tx)
        taken = await find_taken(act.tx, drafted.actor.username, drafted.account.email)
        if taken.any:
            raise TakenError(taken)
        await insert_drafted(act.tx, drafted, by=drafted.actor.username)
        if new.confirmed:
            await _announce(act, person)
        else:
            await _send_link(act, person, link)
        return drafted.actor

    return await perform(ctx, unit)


async def send_link(ctx: Context, actor_id: int, link: Link, email: str = "") -> None:
    """Mail another link to who has not confirmed, at another address if one is given. NotWaitingError, TakenError."""

    async def unit(act: Act) -> None:
        person = await members.get_person(act.tx, actor_id)
        if person is None or person.member.confirmed_at is not None:
            raise NotWaitingError(f"nobody {actor_id} has to confirm an address")
        if email and email != person.member.email:
            if await sign_ups.is_email_taken(act.tx, email):
                raise TakenError(Taken(email=True))
            await members.update_member(act.tx, actor_id, email=email)
            person = replace(person, member=replace(person.member, email=email))
        back = link.back or await sign_ups.get_back(act.tx, actor_id)
        await _send_link(act, person, replace(link, back=back))

    await perform(ctx, unit)


async def confirm(ctx: Context, hashed: str) -> tuple[Person, str] | None:
    """Who has shown by a link that the address is theirs, as they are now, and where they came from."""

    async def unit(act: Act) -> tuple[Person, str] | None:
        claimed = await sign_ups.claim_confirmation(act.tx, hashed, now=act.now)
        person = await members.get_person(act.tx, claimed.actor_id) if claimed else None
        if claimed is None or person is None:
            return None
        await members.update_member(act.tx, person.actor.id, confirmed_at=act.now)
        await _record(act, "member.confirm", person, person.actor.username)
        await _announce(act, person)
        if person.member.approved_at is not None:
            await _admit(act, person)
        now = await members.get_person(act.tx, person.actor.id)
        return None if now is None else (now, claimed.back)

    return await perform(ctx, unit)


async def approve(ctx: Context, actor_id: int, *, by: str) -> Person:
    """Let somebody in: at once, or as soon as they have confirmed their e-mail address. Raises NotWaitingError."""

    async def unit(act: Act) -> Person:
        person = await _get_waiting(act, actor_id)
        await members.update_member(act.tx, actor_id, approved_at=act.now, reason="")
        await _record(act, "member.approve", person, by)
        if person.member.confirmed_at is not None:
            await _admit(act, person)
            letter = let_in(ctx.origin, person.actor.username, person.member.locale)
            await write(act, person.member.email, letter)
        return person

    return await perform(ctx, unit)


async def reject(ctx: Context, actor_id: int, *, by: str) -> Person:
    """Turn somebody away: all that they said is erased, and their name is free again. Raises NotWaitingError."""

    async def unit(act: Act) -> Person:
        person = await _get_waiting(act, actor_id)
        await sign_ups.delete_waiting(act.tx, actor_id)
        await mails.delete_mails_to(act.tx, person.member.email)
        await _record(act, "member.reject", person, by)
        return person

    return await perform(ctx, unit)


async def _get_waiting(act: Act, actor_id: int) -> Person:
    person = await members.get_person(act.tx, actor_id)
    if person is None or person.member.approved_at is not None:
        raise NotWaitingError(f"nobody {actor_id} waits to be let in")
    return person


async def _send_link(act: Act, person: Person, link: Link) -> None:
    account, name = person.member, person.actor.username
    made = Confirmation(person.actor.id, link.hash, account.email, link.back, act.now + LINK_MS)
    await sign_ups.upsert_confirmation(act.tx, made)
    address = f"{act.ctx.origin.base}/auth/confirmation?token={link.token}"
    await write(act, account.email, confirm_address(act.ctx.origin, name, address, account.locale))


async def _announce(act: Act, person: Person) -> None:
    """Tell those who look after members: an address is confirmed now, and somebody waits for them, or is in."""
    for actor_id in sorted(await members.list_ids_with_roles(act.tx, DOORKEEPERS)):
        await notify(act.tx, actor_id, "admin.sign_up", person.actor.id, now=act.now)
        keeper = await members.get_person(act.tx, actor_id) if person.member.approved_at is None else None
        if keeper is not None:
            letter = somebody_waits(act.ctx.origin, person.actor.username, keeper.member.locale)
            await write(act, keeper.member.email, letter)


async def _admit(act: Act, person: Person) -> None:
    """From now on they are there: for others, other servers, and themselves."""
    await actors.update_actor(act.tx, person.actor.id, disabled_at=None, created_at=act.now, updated_at=act.now)


async def _record(act: Act, name: str, person: Person, by: str) -> None:
    await audit.append(act.tx, actor=by, act=name, subject=person.actor.username, now=act.now)
