"""What those who look after the instance do to an account: each act has effect at once, is in the audit log, and all but
erasing can be taken back.

Closing is for our members alone: they sign in no more, and what they wrote stays. Suspending hides a person and all they
wrote, here and at the hosts that are told, and ends their follows and memberships, which do not come back.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import assert_never

from federation import memberships
from federation.act import Act, perform
from federation.context import Context
from federation.distribution import Outgoing, send
from federation.facts import Parcel
from federation.fanout import announce_deletion
from federation.groups import require_group
from federation.outbox.follows import end_follows
from federation.outbox.profiles import send_update
from federation.outbox.retracting import retract
from federation.signing import get_keys
from federation.wire.proofs import sign_document
from federation.wire.render import render_activity
from federation.wire.values import PUBLIC
from policies.terms import Audience, Kind
from storage import (
    actors,
    attestations,
    audit,
    deliveries,
    follows,
    groups,
    mails,
    media,
    members,
    oauth,
    receipts,
    reports,
    statuses,
)
from storage.database import Reader, Transaction
from storage.ids import new_id
from storage.records import Actor

ERASED_AT_ONCE = 50


class Sanction(StrEnum):
    """As Mastodon calls them. NONE is a warning."""

    NONE = "none"
    SENSITIVE = "sensitive"
    DISABLE = "disable"
    SILENCE = "silence"
    SUSPEND = "suspend"


class UnfitError(ValueError):
    """This cannot be done to this account, as it is."""


@dataclass(frozen=True, slots=True)
class Officer:
    """Who acts, and how the audit log calls them."""

    actor_id: int
    name: str


@dataclass(frozen=True, slots=True)
class Letter:
    """What the person concerned is written."""

    subject: str
    body: str


async def punish(
    ctx: Context, target_id: int, sanction: Sanction, *, by: Officer, report_id: int = 0, letter: Letter | None = None
) -> None:
    """Do it, settle the reports that it answers, and write to a member of ours. UnfitError."""

    async def unit(act: Act) -> None:
        target = await _require(act.tx, target_id)
        await _APPLY[sanction](act, target)
        if report_id or sanction is not Sanction.NONE:
            await _settle(act, target, by, 0 if sanction is not Sanction.NONE else report_id)
        person = await members.get_person(act.tx, target_id)
        if letter is not None and person is not None and person.member.email:  # a channel has none
            recipient = person.member.email
            await mails.insert_mail(act.tx, recipient=recipient, subject=letter.subject, body=letter.body, now=act.now)
        await _note(act, by.name, f"account.{sanction}", target, report=report_id or None)

    await perform(ctx, unit)


async def lift(ctx: Context, target_id: int, sanction: Sanction, *, by: Officer) -> None:
    """Take it back. UnfitError when it is not in force."""

    async def unit(act: Act) -> None:
        target = await _require(act.tx, target_id)
        match sanction:
            case Sanction.DISABLE:
                await open_account(act.tx, target.id)
            case Sanction.SENSITIVE:
                await actors.update_actor(act.tx, target.id, sensitized_at=None)
            case Sanction.SILENCE:
                await actors.update_actor(act.tx, target.id, silenced_at=None)
            case Sanction.SUSPEND:
                await _unsuspend(act, target)
            case Sanction.NONE:
                raise UnfitError("a warning cannot be taken back")
            case _ as never:
                assert_never(never)
        await _note(act, by.name, f"account.lift_{sanction}", target)

    await perform(ctx, unit)


async def close_account(tx: Transaction, actor_id: int, *, now: int) -> None:
    """Nobody signs in to it, and what is signed in ends: sessions, tokens, streams."""
    await members.update_member(tx, actor_id, disabled_at=now)
    await members.delete_sessions_of(tx, actor_id)
    await oauth.delete_tokens_of(tx, actor_id)


async def open_account(tx: Transaction, actor_id: int) -> None:
    """Its owner may sign in again."""
    await members.update_member(tx, actor_id, disabled_at=None)


async def erase(ctx: Context, target_id: int, *, by: Officer) -> None:
    """For ever: the account, what it says of a person, and what they wrote, in the next rounds (`erase_some`). Hosts that
    know them are told that they are gone. The name stays taken. UnfitError for who is not suspended here.
    """

    async def unit(act: Act) -> None:
        target = await _require(act.tx, target_id)
        if target.disabled_by != "here":
            raise UnfitError("only a suspended account can be erased")
        if target.local:
            await _send_farewell(act, target)
            await members.delete_member(act.tx, target.id)
        for file in filter(None, (target.avatar, target.header)):
            if target.local:
                await media.insert_replaced(act.tx, file, media_id=new_id(act.now), actor_id=target.id, now=act.now)
        await attestations.revoke_attestation(act.tx, target.id, now=act.now)
        blank = {"name": "", "summary": "", "fields": "[]", "emojis": "[]", "avatar": None, "header": None}
        await actors.update_actor(act.tx, target.id, disabled_by="erasing", updated_at=act.now, **blank)
        await _note(act, by.name, "account.erase", target)

    await perform(ctx, unit)


async def erase_some(ctx: Context) -> None:
    """Delete posts of the erased, some in each transaction, until none is left."""

    async def unit(act: Act) -> bool:
        author = await actors.get_erasing(act.tx)
        if author is None:
            return False
        found = await statuses.list_of_erased(act.tx, author.id, limit=ERASED_AT_ONCE)
        for status in found:
            if author.local and status.boost_of_id is None:
                await retract(act, status, author)
            else:
                await announce_deletion(act.tx, status, now=act.now)
                await statuses.delete_status(act.tx, status, actor_uri=author.uri, now=act.now)
        if not found:
            await actors.update_actor(act.tx, author.id, disabled_by="")
        return True

    while await perform(ctx, unit):
        pass


async def _nothing(_: Act, __: Actor) -> None:
    """A warning is the letter alone."""


async def _disable(act: Act, target: Actor) -> None:
    if await members.get_person(act.tx, target.id) is None:
        raise UnfitError("only an account that is here can be closed")
    await close_account(act.tx, target.id, now=act.now)


async def _sensitize(act: Act, target: Actor) -> None:
    await actors.update_actor(act.tx, target.id, sensitized_at=act.now)


async def _silence(act: Act, target: Actor) -> None:
    await actors.update_actor(act.tx, target.id, silenced_at=act.now)


async def _suspend(act: Act, target: Actor) -> None:
    """Hosts are told before the follows end, by which they are found."""
    if target.disabled_at is not None:
        return
    suspended = replace(target, disabled_at=act.now, disabled_by="here")
    await actors.update_actor(act.tx, target.id, disabled_at=act.now, disabled_by="here", updated_at=act.now)
    if target.local:
        told = await deliveries.list_inboxes_of_author(act.tx, target.id)
        await send_update(act, suspended, kind=Kind.RETRACTION, also=told)
    await _end_everything(act, target)


async def _unsuspend(act: Act, target: Actor) -> None:
    if target.disabled_by != "here":
        raise UnfitError("it is not suspended here")
    await actors.update_actor(act.tx, target.id, disabled_at=None, disabled_by="", updated_at=act.now)
    if target.local:
        back = replace(target, disabled_at=None, disabled_by="", updated_at=act.now)
        await send_update(act, back, also=await deliveries.list_inboxes_of_author(act.tx, target.id))


_APPLY: dict[Sanction, Callable[[Act, Actor], Awaitable[None]]] = {
    Sanction.NONE: _nothing,
    Sanction.SENSITIVE: _sensitize,
    Sanction.DISABLE: _disable,
    Sanction.SILENCE: _silence,
    Sanction.SUSPEND: _suspend,
}


async def _end_everything(act: Act, target: Actor) -> None:
    """Every follow and membership of a person is over, and homes elsewhere are told so."""
    known = await follows.list_of_actor(act.tx, target.id)
    others = await actors.list_actors(act.tx, {one.follower_id for one in known} | {one.followee_id for one in known})
    for other in (one for one in others.values() if one.id != target.id):
        owner, stranger = (target, other) if target.local else (other, target)
        await end_follows(act, owner, stranger)
    for membership in await groups.list_memberships_of(act.tx, target.id):
        group, group_actor = await require_group(act.tx, membership.group_id)
        if group.local:
            await memberships.end(act, group.actor_id, target)
        elif target.local:
            await memberships.leave(act, group_actor, target)


async def _send_farewell(act: Act, target: Actor) -> None:
    """Delete(Person), as far as anything of theirs went."""
    targets = await deliveries.list_inboxes_of_author(act.tx, target.id)
    if not targets:
        return
    activity_id = new_id(act.now)
    uri = act.ctx.origin.activity(activity_id)
    document = render_activity(uri, "Delete", target.uri, target.uri, now=act.now, to=[PUBLIC])
    keys = await get_keys(act.tx, target.id, target.uri)
    proven = sign_document(document, keys.ed25519, created=act.now)
    await deliveries.insert_receipts(act.tx, [(target.uri, one.host, one.inbox) for one in targets], now=act.now)
    await receipts.mark_retracted(act.tx, target.uri, now=act.now)
    parcel = Parcel(Kind.RETRACTION, Audience.DIRECT, target.uri)
    await send(act, Outgoing(activity_id, proven, target.id), parcel, targets)


async def _settle(act: Act, target: Actor, by: Officer, report_id: int) -> None:
    """One report, or (0) all that are open about a person."""
    for open_id in await reports.list_open_ids(act.tx, target.id):
        if report_id in (0, open_id):
            await reports.update_report(act.tx, open_id, now=act.now, resolved_at=act.now, resolved_by=by.actor_id)


async def _require(tx: Reader, target_id: int) -> Actor:
    """A person; a private group is looked after by its moderators and on the command line."""
    target = await actors.get_actor(tx, target_id)
    if target is None or target.type not in {"Person", "Service"}:
        raise UnfitError("no such person")
    return target


async def _note(act: Act, by: str, name: str, target: Actor, **detail: object) -> None:
    said = {key: value for key, value in detail.items() if value is not None}
    await audit.append(act.tx, actor=by, act=name, subject=target.acct, now=act.now, **said)
