"""Members' accounts as actors: making one, changing its profile, telling others about it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from federation.act import Act, perform
from federation.composing import list_emojis
from federation.context import Context
from federation.distribution import Outgoing, send
from federation.documents import actor_document
from federation.facts import Parcel
from federation.local_actors import NewKeys, insert_local_actor, make_keys, new_actor
from federation.signing import get_keys
from federation.wire.compose import compose, compose_line
from federation.wire.proofs import sign_document
from federation.wire.render import DATA_INTEGRITY, render_activity
from federation.wire.sanitize import clean_text, strip_badge
from federation.wire.values import PUBLIC
from policies.terms import Audience, Kind
from storage import actors, audit, follows, groups, media, members
from storage.database import Reader, Transaction
from storage.follows import Inbox
from storage.ids import new_id
from storage.records import Actor, Member, as_json

NAME = re.compile(r"[a-z0-9_]{1,30}")
MAX_NAME = 100
MAX_NOTE = 500
MAX_FIELDS = 4
MAX_FIELD = 255


class NameTakenError(ValueError):
    """A name is never given out twice, nor in two spellings."""


def check_name(name: str) -> str:
    """A user name as it may be: ValueError with a sentence otherwise."""
    lowered = name.lower()
    if NAME.fullmatch(lowered) is None:
        raise ValueError("a name has 1 to 30 characters: letters without accents, digits and _")
    return lowered


async def require_free(tx: Reader, name: str) -> None:
    """NameTakenError when an actor of ours bears the name, or bore it."""
    if await actors.get_actor_by_handle(tx, name, "") is not None:
        raise NameTakenError(f"the name {name} is taken")


@dataclass(frozen=True, slots=True)
class NewMember:
    """A person's account as it begins. `password_hash` '' leaves only a sign-in link to open it."""

    name: str
    email: str
    password_hash: str
    display_name: str = ""
    role: str = "member"
    locale: str = "fr"
    confirmed: bool = True
    approved: bool = True
    reason: str = ""

    @property
    def admitted(self) -> bool:
        return self.confirmed and self.approved


@dataclass(frozen=True, slots=True)
class Drafted:
    """An account that is all there but for the database."""

    actor: Actor
    keys: NewKeys
    account: Member


async def create_member(ctx: Context, member: NewMember, *, by: str) -> Actor:
    """A person's account with its actor. NameTakenError, or ValueError for a name that may not be."""
    drafted = await draft_member(ctx, member)

    async def unit(tx: Transaction) -> Actor:
        await insert_drafted(tx, drafted, by=by)
        return drafted.actor

    return await ctx.db.transact(unit)


async def draft_member(ctx: Context, member: NewMember) -> Drafted:
    """What takes long of making an account, outside any transaction. ValueError for a name that may not be."""
    now = ctx.now()
    name = check_name(member.name)
    shown = strip_badge(clean_text(member.display_name, MAX_NAME))
    actor = new_actor(ctx.origin, new_id(now), "Person", name, shown, now)
    if not member.admitted:
        actor = replace(actor, disabled_at=now)
    return Drafted(actor, await make_keys(actor.uri), _account(actor.id, member, now))


async def insert_drafted(tx: Transaction, drafted: Drafted, *, by: str) -> None:
    """Raises NameTakenError."""
    name, now = drafted.actor.username, drafted.account.created_at
    await require_free(tx, name)
    await insert_local_actor(tx, drafted.actor, drafted.keys, now)
    await members.insert_member(tx, drafted.account)
    await audit.append(tx, actor=by, act="member.create", subject=name, now=now, role=drafted.account.role)


def _account(actor_id: int, member: NewMember, now: int) -> Member:
    return Member(
        actor_id=actor_id,
        email=member.email.strip().lower(),
        password_hash=member.password_hash,
        role=member.role,
        locale=member.locale,
        default_audience=Audience.FOLLOWERS,
        created_at=now,
        disabled_at=None,
        confirmed_at=now if member.confirmed else None,
        approved_at=now if member.approved else None,
        reason=member.reason,
    )


@dataclass(frozen=True, slots=True)
class Profile:
    """What a member changes of themselves, as they wrote it; None leaves what is there.

    `avatar` and `header` are files of the media store, '' for no picture. `settings` are columns of the member's row,
    which nobody else is told.
    """

    name: str | None = None
    note: str | None = None
    fields: tuple[tuple[str, str], ...] | None = None
    locked: bool | None = None
    discoverable: bool | None = None
    indexable: bool | None = None
    hide_collections: bool | None = None
    avatar: str | None = None
    header: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)


def clean_name(text: str) -> str:
    """A display name as others are shown it: one line, which claims nothing."""
    return strip_badge(clean_text(text, len(text)))


async def update_profile(ctx: Context, actor_id: int, profile: Profile) -> Actor:
    """Change a member's own actor, and tell those who keep a copy, where anything is different now."""

    async def unit(act: Act) -> Actor:
        former = await actors.get_actor(act.tx, actor_id)
        if former is None:
            raise LookupError(f"no actor {actor_id}")
        if profile.settings:
            await members.update_member(act.tx, actor_id, **profile.settings)
        wanted = _columns(profile, ctx.origin.base)
        wanted["emojis"] = await _list_emojis(act, replace(former, **wanted))
        changed = {name: value for name, value in wanted.items() if value != getattr(former, name)}
        if not changed:
            return former
        await actors.update_actor(act.tx, actor_id, updated_at=act.now, **changed)
        await _forget_pictures(act, former, changed)
        actor = replace(former, updated_at=act.now, **changed)
        await send_update(act, actor)
        return actor

    return await perform(ctx, unit)


async def _list_emojis(act: Act, actor: Actor) -> str:
    return await list_emojis(act.tx, act.ctx.origin, actor.name, actor.summary, actor.fields)


def _columns(profile: Profile, base: str) -> dict[str, Any]:
    """The actor's columns that something is said about. Nobody is named in a profile: names stay plain text."""

    def hashtag(tag: str) -> str:
        return f"{base}/tags/{tag.lower()}"

    said: dict[str, Any] = {
        name: int(value)
        for name in ("locked", "discoverable", "indexable", "hide_collections")
        if (value := getattr(profile, name)) is not None
    }
    said |= {name: value or None for name in ("avatar", "header") if (value := getattr(profile, name)) is not None}
    if profile.name is not None:
        said["name"] = clean_name(profile.name)[:MAX_NAME]
    if profile.note is not None:
        said["summary"] = compose(profile.note, {}, hashtag)
    if profile.fields is not None:
        rows = [(clean_text(name, MAX_FIELD), clean_text(value, MAX_FIELD)) for name, value in profile.fields]
        said["fields"] = as_json([[name, compose_line(value, hashtag)] for name, value in rows if name])
    return said


async def _forget_pictures(act: Act, former: Actor, changed: Mapping[str, Any]) -> None:
    """A picture that nobody is shown any more is not kept for ever."""
    for name in ("avatar", "header"):
        file = getattr(former, name)
        if name in changed and file is not None:
            await media.insert_replaced(act.tx, file, media_id=new_id(act.now), actor_id=former.id, now=act.now)


async def send_update(act: Act, actor: Actor, *, kind: Kind = Kind.CONTROL, also: Iterable[Inbox] = ()) -> None:
    """Update(Person) to the hosts of followers and of groups, and `also` others: the whole actor, so that old claims disappear.

    One that takes a claim back is a RETRACTION and reaches every host, whatever its state.
    """
    targets = [
        *also,
        *await follows.list_follower_inboxes(act.tx, actor.id),
        *[Inbox(group.host, group.inbox) for group in await _remote_groups(act, actor)],
    ]
    if not targets:
        return
    activity_id = new_id(act.now)
    document = await actor_document(act.tx, act.ctx.origin, actor, now=act.now)
    context = document.pop("@context")
    update = render_activity(
        act.ctx.origin.activity(activity_id), "Update", actor.uri, document, now=act.now, to=[PUBLIC]
    )
    keys = await get_keys(act.tx, actor.id, actor.uri)
    proven = sign_document(update | {"@context": [*context, DATA_INTEGRITY]}, keys.ed25519, created=act.now)
    # What an actor is travels like an act of control: a host that may hear of it must also hear that it ended.
    await send(act, Outgoing(activity_id, proven, actor.id), Parcel(kind, Audience.DIRECT), targets)


async def _remote_groups(act: Act, actor: Actor) -> list[Actor]:
    known = [one.group_id for one in await groups.list_memberships_of(act.tx, actor.id)]
    return [group for group in (await actors.list_actors(act.tx, known)).values() if not group.local]
