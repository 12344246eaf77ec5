"""Records with all that they refer to, as documents for other servers. Reads and renders; decides nothing."""

from typing import Any

import orjson

from federation.context import Origin, portrait
from federation.facts import ACTIVE
from federation.signing import public_key
from federation.wire import render
from federation.wire.dates import render_datetime
from federation.wire.keys import PrivateKey
from federation.wire.proofs import sign_document
from policies.quoting import policy_after
from policies.ruleset import Ruleset
from policies.terms import PROFESSIONS, Audience, PeerState
from storage import actors, attestations, groups, media, moves, polls, public_groups, quotes, statuses, threads
from storage.database import Reader
from storage.records import Actor, Attestation, CustomEmoji, Group, Media, PublicGroup, Status

OPEN = frozenset({Audience.PUBLIC, Audience.UNLISTED})
FIRST_REPLIES = 5


def home(origin: Origin) -> render.Home:
    return render.Home(origin.instance_actor, origin.shared_inbox, origin.handle_domain)


async def actor_stub(tx: Reader, origin: Origin, actor: Actor) -> dict[str, Any]:
    """What an unsigned request gets of an actor of ours."""
    keys = [public_key(key, actor.uri) for key in await actors.list_keys(tx, actor.id)]
    return render.render_stub(actor, keys, home(origin))


async def actor_document(
    tx: Reader, origin: Origin, actor: Actor, *, now: int, policy: render.GroupPolicy | None = None
) -> dict[str, Any]:
    """An actor of ours as signed requests see it; `policy` only for hosts of a private group's members.

    One that is suspended is a stub that says so, and nothing of what it said of itself.
    """
    if actor.disabled_by == "here":
        return await actor_stub(tx, origin, actor)
    keys = [public_key(key, actor.uri) for key in await actors.list_keys(tx, actor.id)]
    attestation = await attestations.get_attestation(tx, actor.id)
    shown = attestation if attestation and in_force(attestation, now) else None
    moved = (await moves.list_moves(tx, [actor])).get(actor.id)
    document = render.render_actor(
        actor,
        keys,
        home(origin),
        portraits=_portraits(origin, actor),
        attestation=shown,
        profession=PROFESSIONS[shown.profession].en if shown else "",
        group=await _group(tx, actor) if actor.type == "Group" else None,
        policy=policy,
    )
    identity = render.render_identity(await moves.list_aliases(tx, actor.id), moved.uri if moved else None)
    return document | identity


async def _group(tx: Reader, actor: Actor) -> Group | PublicGroup | None:
    """What kind of group an actor is."""
    return await groups.get_group(tx, actor.id) or await public_groups.get_public_group(tx, actor.id)


def _portraits(origin: Origin, actor: Actor) -> dict[str, str]:
    shown = (("icon", "avatars", actor.avatar), ("image", "headers", actor.header))
    return {name: portrait(origin.media_base, kind, actor.id, file) for name, kind, file in shown if file}


def in_force(attestation: Attestation, now: int) -> bool:
    return attestation.revoked_at is None and attestation.valid_until > now


async def note_parts(tx: Reader, origin: Origin, status: Status) -> render.NoteParts:
    """Everything a note names: author, mentioned, tags, files, poll, group."""
    author = await actors.get_actor(tx, status.actor_id)
    if author is None:
        raise LookupError(f"post {status.uri} without author")
    mentioned = (await statuses.list_mentions(tx, [status.id])).get(status.id, [])
    tags = (await statuses.list_tags(tx, [status.id])).get(status.id, [])
    files = (await media.list_media(tx, [status.id])).get(status.id, [])
    group = await actors.get_actor(tx, status.group_id) if status.group_id is not None else None
    surroundings = await _surroundings(tx, origin, status) if status.audience in OPEN else ((), None)
    return render.NoteParts(
        author=author,
        mentions=[actor for mention, actor in mentioned if not mention.silent],
        silent=[actor.uri for mention, actor in mentioned if mention.silent],
        tags=tags,
        media=[(file, media_url(origin, file, Audience(status.audience))) for file in files],
        poll=await polls.get_poll_of(tx, status.id),
        group=group,
        public_group=await _public_group(tx, status, [actor for _, actor in mentioned]),
        quote=await _quote(tx, status),
        policy=policy_after(Audience(status.audience), quotes.read_policy(status.quote_policy)),
        answers=surroundings[0],
        context=surroundings[1],
    )


async def _public_group(tx: Reader, status: Status, mentioned: list[Actor]) -> Actor | None:
    """The public group, ours or another host's, that a post for everybody is addressed to; private ones are no such thing."""
    named = [actor for actor in mentioned if actor.type == "Group"] if status.audience in OPEN else []
    private = await groups.list_groups(tx, [actor.id for actor in named]) if named else {}
    return next((actor for actor in named if actor.id not in private), None)


async def _surroundings(tx: Reader, origin: Origin, status: Status) -> tuple[list[str], str | None]:
    """The author's own first replies to a post for everybody, and where its thread is listed."""
    own = await threads.list_replies(tx, status.id, own=True, after=0, limit=FIRST_REPLIES)
    return [reply.uri for reply in own], await _context(tx, origin, status)


async def _context(tx: Reader, origin: Origin, status: Status) -> str | None:
    """A thread is listed where it began, if that was here and for everybody."""
    root = status if status.thread_id == status.id else await statuses.get_status(tx, status.thread_id)
    listed = root is not None and root.audience in OPEN and origin.owns(root.uri)
    return origin.context(status.thread_id) if listed else None


async def _quote(tx: Reader, status: Status) -> tuple[str, str] | None:
    """What a post quotes as far as that is there, and the stamp while it is good."""
    quote = await quotes.get_quote(tx, status.id)
    if quote is None or quote.quoted_id is None:
        return None
    return quote.quoted_uri, quote.stamp if quote.state == "accepted" else ""


def media_url(origin: Origin, file: Media, audience: Audience) -> str:
    """Where other servers fetch a file of ours; a public post's file is given to everybody."""
    if audience in {Audience.PUBLIC, Audience.UNLISTED}:
        return f"{origin.media_base}/media/{file.id}/original.{(file.file or '').rpartition('.')[2]}"
    return f"{origin.base}/ap/media/{file.id}"


async def note_document(tx: Reader, origin: Origin, status: Status) -> dict[str, Any]:
    """A post of ours, without context."""
    return render.render_note(status, await note_parts(tx, origin, status))


async def create_document(
    tx: Reader, origin: Origin, status: Status, *, uri: str, now: int, kind: str = "Create"
) -> dict[str, Any]:
    """The Create (or Update) around a post of ours."""
    parts = await note_parts(tx, origin, status)
    return render.render_activity(
        uri,
        kind,
        parts.author.uri,
        render.render_note(status, parts),
        now=now,
        **render.render_addressing(status, parts),
    )


def emoji_document(origin: Origin, emoji: CustomEmoji) -> dict[str, Any]:
    """An emoji of ours, without context. When it was made tells others whether their copy is old."""
    url = portrait(origin.media_base, "custom_emojis", emoji.id, emoji.file)
    document = render.render_emoji(origin.emoji(emoji.shortcode), emoji.shortcode, url)
    return document | {"updated": render_datetime(emoji.created_at)}


def prove(document: dict[str, Any], key: PrivateKey, audience: Audience, now: int) -> dict[str, Any]:
    """Add our proof (FEP-8b32) where one belongs: public things, and group-only ones in transit.

    Direct and followers-only posts carry none: a proof makes a leaked text attributable for ever.
    """
    if audience in {Audience.PUBLIC, Audience.UNLISTED, Audience.GROUP}:
        return sign_document(document, key, created=now)
    return document


def reach_of(group: Group, ruleset: Ruleset) -> list[str]:
    """The hosts that a group's posts may go to, by name: every active peer's where the group says so."""
    reach: Any = orjson.loads(group.reach)
    if reach == ACTIVE:
        return sorted(host for host, peer in ruleset.peers.items() if peer.state is PeerState.ACTIVE)
    return list(reach)
