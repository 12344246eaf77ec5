"""Posts of other hosts as rows: a checked note, stored with what it mentions. Fetches nothing.

What a post may be (its audience, its group) is settled by the callers; here an edit can only ever change its text.
"""

from dataclasses import dataclass, replace

from federation.act import Act
from federation.fanout import fan_out
from federation.media import AUDIO, VIDEO
from federation.quoting import notify_quoting, record_quote, remote_policy, update_quote
from federation.wire.addressing import audience_of
from federation.wire.objects import NATIVE_TYPES, RemoteNote, RemotePoll
from federation.wire.parts import note_without, parts_of_note
from federation.wire.quotes import Stamp
from federation.wire.sanitize import clean_html
from policies.admission import ActivityFacts, admit_activity
from policies.decision import Allow, Deny, Limit
from policies.keeping import may_keep
from policies.ruleset import day_of
from policies.terms import Audience, Kind
from storage import actors, media, polls, statuses
from storage.ids import new_id
from storage.records import Actor, Media, Poll, Status, as_json

# Clients order posts by id, so an id tells when a post was written; a peer's clock may not put it in the future.
_IMAGES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp", "image/avif"})
_KINDS = {kind: name for name, kinds in (("image", _IMAGES), ("video", VIDEO), ("audio", AUDIO)) for kind in kinds}


@dataclass(frozen=True, slots=True)
class Placement:
    """Whom a post is for, as its handler has settled it."""

    audience: Audience
    group: Actor | None = None
    recipients: tuple[str, ...] = ()
    distributed: bool = True


async def store_note(
    act: Act, note: RemoteNote, author: Actor, placement: Placement, stamp: Stamp | None = None
) -> Status | None:
    """Insert a post and fan it out here; `stamp` is the one that it claims for what it quotes, fetched. None when it is
    stored already, was deleted before it came, or is older than we keep.
    """
    if _is_too_old(act, note, author):
        return None
    if await statuses.is_known(act.tx, note.uri, actor_uri=author.uri):
        return None
    status = await _status(act, note, author, placement)
    await _insert(act, note, author, status, placement)
    await record_quote(act, note, status, author, stamp)
    if placement.distributed:
        await fan_out(act.tx, status, author, now=act.now)
    return status


async def store_fetched_note(act: Act, note: RemoteNote, author: Actor, stamp: Stamp | None = None) -> Status | None:
    """A post that was looked up: kept only if it is public and its host may send us such, shown in nobody's home timeline.

    None when it is not kept; ProtocolError when it is not fit to be.
    """
    known = await statuses.get_status_by_uri(act.tx, note.uri)
    if known is not None:
        return known
    addressing = audience_of(note, author.followers, {})
    if addressing.audience not in {Audience.PUBLIC, Audience.UNLISTED} or author.disabled_at is not None:
        return None
    facts = ActivityFacts(author.host, Kind.CONTENT, addressing.audience, parts=parts_of_note(note))
    decision = admit_activity(facts, act.rules.ruleset, day_of(act.now))
    if not isinstance(decision, Allow | Limit) or _is_too_old(act, note, author):
        return None
    note = note_without(note, decision.changes if isinstance(decision, Limit) else ())
    if await statuses.is_deleted(act.tx, note.uri, actor_uri=author.uri):
        return None
    placement = Placement(addressing.audience, recipients=addressing.recipients)
    status = await _status(act, note, author, placement)
    await _insert(act, note, author, status, placement)
    await record_quote(act, note, status, author, stamp)
    return status


def _is_too_old(act: Act, note: RemoteNote, author: Actor) -> bool:
    written_at = min(note.published or act.now, act.now)
    return isinstance(may_keep(author.host, written_at, act.rules.ruleset, act.now), Deny)


async def _insert(act: Act, note: RemoteNote, author: Actor, status: Status, placement: Placement) -> None:
    """The post with all that hangs on it."""
    mentions = await _mentions(act, note, placement)
    await statuses.insert_status(act.tx, status, mentions=mentions, tags=_tags(note), beside=_beside(note))
    await _store_media(act, note, author, status)
    if note.poll is not None:
        await polls.insert_poll(act.tx, _poll(note.poll, status, act.now))


def _beside(note: RemoteNote) -> tuple[str, ...]:
    """What a post is found by besides its text."""
    return note.poll.options if note.poll else ()


def _poll(poll: RemotePoll, status: Status, now: int) -> Poll:
    return Poll(
        id=new_id(now),
        status_id=status.id,
        options=as_json(poll.options),
        tallies=as_json(poll.tallies),
        voters=poll.voters,
        multiple=int(poll.multiple),
        hide_totals=0,
        expires_at=_end(poll, now),
        ended=0,
        changed_at=now,
        told_at=now,
    )


def _end(poll: RemotePoll, now: int) -> int | None:
    """One that is over is over by now, whatever end it was to have."""
    return min(poll.expires_at or now, now) if poll.closed else poll.expires_at


async def _update_poll(act: Act, note: RemoteNote, status: Status) -> bool:
    """Take the results; with other options the votes begin anew. False when nothing changed."""
    known = await polls.get_poll_of(act.tx, status.id)
    made = _poll(note.poll, status, act.now) if note.poll else None
    if known is None and made is None:
        return False
    if known and made and (known.options, known.multiple) == (made.options, made.multiple):
        if (known.tallies, known.voters, known.expires_at) == (made.tallies, made.voters, made.expires_at):
            return False
        await polls.update_tallies(act.tx, known.id, made.tallies, voters=made.voters, changed_at=known.changed_at)
        if made.expires_at != known.expires_at:
            await polls.update_terms(act.tx, known.id, hide_totals=False, expires_at=made.expires_at)
        return True
    if known:
        await polls.delete_poll(act.tx, known.id)
    if made:
        await polls.insert_poll(act.tx, made)
    return True


async def update_note(
    act: Act, note: RemoteNote, status: Status, author: Actor, stamp: Stamp | None = None
) -> Status | None:
    """Take an edit that is newer than what is stored. Its addressing is not even looked at: an edit never widens."""
    beside = await _update_beside(act, note, status, author, stamp)
    if beside and (note.updated is None or note.updated <= (status.edited_at or status.created_at)):
        await fan_out(act.tx, status, author, now=act.now, edited=True)
        return status
    before = status.edited_at or status.created_at
    edited_at = min(note.updated or act.now, act.now)
    edited = replace(
        status,
        content=_content(note),
        summary=note.summary,
        sensitive=int(note.sensitive or bool(note.summary)),
        language=note.language,
        emojis=_emojis(note),
        edited_at=edited_at,
    )
    # Others' dates have whole seconds: two edits may bear the same one, and so does the same edit that comes again.
    if edited_at < before or (edited_at == before and edited == status):
        return None
    await statuses.update_status(act.tx, edited, tags=_tags(note), beside=_beside(note))
    await media.delete_of_status(act.tx, status.id)
    await _store_media(act, note, author, status)
    await fan_out(act.tx, edited, author, now=act.now, edited=True)
    await notify_quoting(act.tx, edited, now=act.now)
    return edited


async def _update_beside(act: Act, note: RemoteNote, status: Status, author: Actor, stamp: Stamp | None) -> bool:
    """Take what changes without an edit of the text: votes, quotes, who may quote. False when nothing of it did."""
    voted = await _update_poll(act, note, status)
    quoted = await update_quote(act, note, status, author, stamp)
    policy = remote_policy(note, author)
    if policy != status.quote_policy:
        await statuses.update_quote_policy(act.tx, status.id, policy)
    return voted or quoted or policy != status.quote_policy


async def _status(act: Act, note: RemoteNote, author: Actor, placement: Placement) -> Status:
    created_at = min(note.published or act.now, act.now)
    status_id = new_id(created_at)
    parent = await _parent(act, note, placement)
    return Status(
        id=status_id,
        uri=note.uri,
        actor_id=author.id,
        audience=placement.audience,
        group_id=placement.group.id if placement.group else None,
        distributed=int(placement.distributed),
        boost_of_id=None,
        in_reply_to_id=parent.id if parent else None,
        in_reply_to_actor_id=parent.actor_id if parent else None,
        in_reply_to_uri=note.in_reply_to,
        thread_id=parent.thread_id if parent else status_id,
        content=_content(note),
        text="",
        summary=note.summary,
        sensitive=int(note.sensitive or bool(note.summary)),
        language=note.language,
        url=note.url or note.uri,
        replies_count=0,
        boosts_count=0,
        favourites_count=0,
        app_id=None,
        emojis=_emojis(note),
        created_at=created_at,
        edited_at=min(note.updated, act.now) if note.updated and note.updated > created_at else None,
        quote_policy=remote_policy(note, author),
    )


async def _parent(act: Act, note: RemoteNote, placement: Placement) -> Status | None:
    """The post it answers, if it is here. A post for others is never attached to a group's thread, nor the reverse."""
    parent = await statuses.get_status_by_uri(act.tx, note.in_reply_to) if note.in_reply_to else None
    group_id = placement.group.id if placement.group else None
    return parent if parent is not None and parent.group_id == group_id else None


def _content(note: RemoteNote) -> str:
    content = clean_html(note.content)
    if note.type in NATIVE_TYPES:
        return content
    link = clean_html(f'<a href="{note.url or note.uri}">{note.name or note.url or note.uri}</a>')
    return f"<p>{link}</p>{content if note.type == 'ChatMessage' else ''}"


def _tags(note: RemoteNote) -> list[str]:
    return [tag.lower() for tag in note.hashtags]


def _emojis(note: RemoteNote) -> str:
    return as_json([[emoji.shortcode, emoji.url] for emoji in note.emojis])


async def _mentions(act: Act, note: RemoteNote, placement: Placement) -> list[statuses.Mention]:
    """Whom it names among actors we know. Somebody addressed without being named is mentioned silently."""
    named = {mention.href for mention in note.mentions}
    known = await actors.list_actors_by_uri(act.tx, {*named, *placement.recipients})
    group_id = placement.group.id if placement.group else None
    return [
        statuses.Mention(actor.id, silent=uri not in named)
        for uri, actor in known.items()
        if actor.id != group_id and (uri in placement.recipients or placement.audience is Audience.GROUP)
    ]


async def _store_media(act: Act, note: RemoteNote, author: Actor, status: Status) -> None:
    shown = [one for one in note.attachments if one.media_type in _KINDS][:4]
    for position, attachment in enumerate(shown):
        await media.insert_media(
            act.tx,
            Media(
                id=new_id(act.now),
                actor_id=author.id,
                status_id=status.id,
                position=position,
                type=_KINDS[attachment.media_type],
                mime=attachment.media_type,
                file=None,
                preview=None,
                remote_url=attachment.url,
                description=attachment.name,
                blurhash=attachment.blurhash,
                width=attachment.width,
                height=attachment.height,
                preview_width=None,
                preview_height=None,
                focus_x=attachment.focal[0] if attachment.focal else 0.0,
                focus_y=attachment.focal[1] if attachment.focal else 0.0,
                created_at=act.now,
                details=as_json({"duration": attachment.duration} if attachment.duration else {}),
            ),
        )
