"""People who ask for an account themselves: let in or turned away. Must not know how they were asked."""

from federation.act import Act, perform
from federation.context import Context
from storage import actors, audit, members, sign_ups
from storage.members import Person


class NotWaitingError(LookupError):
    """Nobody with this id waits to be let in."""


async def approve(ctx: Context, actor_id: int, *, by: str) -> Person:
    """Let somebody in: at once, or as soon as they have confirmed their e-mail address. Raises NotWaitingError."""

    async def unit(act: Act) -> Person:
        person = await _get_waiting(act, actor_id)
        await members.update_member(act.tx, actor_id, approved_at=act.now, reason="")
        await _record(act, "member.approve", person, by)
        if person.member.confirmed_at is not None:
            await _admit(act, person)
        return person

    return await perform(ctx, unit)


async def reject(ctx: Context, actor_id: int, *, by: str) -> Person:
    """Turn somebody away: all that they said is erased, and their name is free again. Raises NotWaitingError."""

    async def unit(act: Act) -> Person:
        person = await _get_waiting(act, actor_id)
        await sign_ups.delete_waiting(act.tx, actor_id)
        await _record(act, "member.reject", person, by)
        return person

    return await perform(ctx, unit)


async def _get_waiting(act: Act, actor_id: int) -> Person:
    person = await members.get_person(act.tx, actor_id)
    if person is None or person.member.approved_at is not None:
        raise NotWaitingError(f"nobody {actor_id} waits to be let in")
    return person


async def _admit(act: Act, person: Person) -> None:
    """From now on they are there: for others, other servers, and themselves."""
    await actors.update_actor(act.tx, person.actor.id, disabled_at=None, created_at=act.now, updated_at=act.now)


async def _record(act: Act, name: str, person: Person, by: str) -> None:
    await audit.append(act.tx, actor=by, act=name, subject=person.actor.username, now=act.now)
