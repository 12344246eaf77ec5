"""Posts with everything that stands in them."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from html import escape
from typing import Any

import orjson

from policies.quoting import Approval, QuoteFacts, approval_of, policy_after
from policies.terms import Audience
from storage.quotes import read_policy
from storage.records import App, Media, Quote, Scheduled, Status, StatusEdit, described
from storage.views import Named, Posts
from web.filtering import list_matches, searchable
from web.render.cards import preview_card
from web.render.collections import collection
from web.render.filters import filter_result
from web.render.frame import VISIBILITY, Entity, Frame, emojis, maybe_id, moment
from web.render.moderation import report
from web.render.people import account
from web.render.polls import poll
from web.render.tags import tag_url

_PUBLIC: frozenset[str] = frozenset({Audience.PUBLIC, Audience.UNLISTED})


class Renderer:
    """One page's posts and people: an author who stands on it twenty times is rendered once."""

    def __init__(self, posts: Posts, frame: Frame) -> None:
        self._posts = posts
        self._frame = frame
        self._accounts: dict[int, Entity] = {}

    def account(self, actor_id: int) -> Entity:
        """The account of anybody whom `load_posts` was told of."""
        known = self._accounts.get(actor_id)
        if known is None:
            people = self._posts.people
            known = self._accounts[actor_id] = account(people.actors[actor_id], people, self._frame)
        return known

    def report(self, report_id: int | None) -> Entity:
        """What a notification says of a report; nothing when it is not about one."""
        found = self._posts.reports.get(report_id or 0)
        if found is None:
            return {}
        return {"report": report(found.report, found.status_ids, self.account(found.report.target_id))}

    def collection(self, collection_id: int | None) -> Entity:
        """What a notification says of a collection; nothing when it is not about one."""
        found = self._posts.collections.get(collection_id or 0)
        return {} if found is None else {"collection": collection(found, self._frame.origin)}

    def statuses(self, page: Iterable[Status]) -> list[Entity]:
        """A page of Status. A boost whose original the viewer may not see is left out."""
        return [self.status(status) for status in page if self.is_shown(status)]

    def is_shown(self, status: Status) -> bool:
        """Whether there is something to show: False for a boost of what the viewer may not see."""
        return status.boost_of_id is None or status.boost_of_id in self._posts.originals

    def status(self, status: Status) -> Entity:
        """Status. A boost carries its original; its own counts and marks are the original's."""
        if status.boost_of_id is None:
            return self._status(status, status, None)
        original = self._posts.originals[status.boost_of_id]
        return self._status(status, original, self._status(original, original, None))

    def _status(self, status: Status, meant: Status, original: Entity | None, *, quoted: bool = False) -> Entity:
        plain = original is None
        answers = status.in_reply_to_id in self._posts.parents
        entity = {
            "id": str(status.id),
            "uri": status.uri,
            "created_at": moment(status.created_at),
            "account": self.account(status.actor_id),
            "content": status.content,
            "visibility": VISIBILITY[status.audience],
            "sensitive": bool(status.sensitive) or self._is_covered(status),
            "spoiler_text": status.summary,
            "media_attachments": self._media(status) if plain else [],
            "mentions": self._mentions(status) if plain else [],
            "tags": self._tags(status) if plain else [],
            "emojis": emojis(status.emojis, self._frame.links) if plain else [],
            "reblogs_count": meant.boosts_count,
            "favourites_count": meant.favourites_count,
            "quotes_count": self._posts.quotes_counts.get(meant.id, 0),
            "replies_count": meant.replies_count,
            "url": status.url,
            "in_reply_to_id": maybe_id(status.in_reply_to_id) if answers else None,
            "in_reply_to_account_id": maybe_id(status.in_reply_to_actor_id) if answers else None,
            "reblog": original,
            "poll": self._poll(status),
            "card": self._card(status),
            "language": status.language,
            "edited_at": None if status.edited_at is None else moment(status.edited_at),
            "quote": self._quote(status, shallow=quoted),
            "quote_approval": self._quote_approval(meant),
            "tagged_collections": [],
        }
        if status.app_id in self._posts.apps:
            entity["application"] = _application(self._posts.apps[status.app_id])
        if self._frame.viewer:
            self._mark(entity, status, meant)
        return entity

    def _is_covered(self, status: Status) -> bool:
        """Whether all pictures of the author are hidden at first."""
        return self._posts.people.actors[status.actor_id].sensitized_at is not None

    def _quote(self, status: Status, *, shallow: bool) -> Entity | None:
        """Quote; ShallowQuote in what is itself quoted."""
        quote = self._posts.quotes.get(status.id)
        if quote is None:
            return None
        shown = self._posts.quoted.get(quote.quoted_id or 0) if quote.state == "accepted" else None
        state = self._quote_state(quote, shown)
        if shallow:
            return {"state": state, "quoted_status_id": None if shown is None else str(shown.id)}
        return {
            "state": state,
            "quoted_status": None if shown is None else self._status(shown, shown, None, quoted=True),
        }

    def _quote_state(self, quote: Quote, shown: Status | None) -> str:
        if quote.state != "accepted":
            return quote.state
        if quote.quoted_id is None:
            return "deleted"
        return "unauthorized" if shown is None else self._posts.unwelcome.get(shown.id, "accepted")

    def _quote_approval(self, meant: Status) -> Mapping[str, Any]:
        """QuoteApproval: what its author says, and what that means for the viewer."""
        viewer, marks = self._frame.viewer, self._posts.marks
        return _quote_approval(
            meant.audience,
            meant.quote_policy,
            anybody=viewer != 0,
            own=meant.actor_id == viewer,
            follower=meant.id in marks.follows_author,
            followed=meant.id in marks.followed_by_author,
        )

    def _poll(self, status: Status) -> Entity | None:
        found = self._posts.polls.get(status.id)
        return None if found is None else poll(found, status, self._posts.marks, self._frame)

    def _card(self, status: Status) -> Entity | None:
        found = self._posts.cards.get(status.id)
        return None if found is None else preview_card(found, self._frame)

    def _mark(self, entity: Entity, status: Status, meant: Status) -> None:
        """What only a member is told: their own marks."""
        entity["favourited"] = meant.id in self._posts.marks.favourited
        entity["reblogged"] = meant.id in self._posts.marks.boosted
        entity["bookmarked"] = meant.id in self._posts.marks.bookmarked
        entity["muted"] = meant.id in self._posts.marks.muted
        entity["filtered"] = self._filtered(status, meant) if self._posts.filters else []
        if self._frame.viewer in {status.actor_id, status.group_id} and status is meant:
            entity["pinned"] = meant.id in self._posts.marks.pinned

    def _filtered(self, status: Status, meant: Status) -> list[Entity]:
        text = searchable(meant, self._posts.media.get(meant.id, ()), self._posts.polls.get(meant.id))
        ids = dict.fromkeys((status.id, meant.id))
        return [filter_result(match) for match in list_matches(self._posts.filters, ids, text)]

    def _media(self, status: Status) -> list[Entity]:
        public = status.audience in _PUBLIC
        return [media_attachment(one, self._frame, public=public) for one in self._posts.media.get(status.id, ())]

    def _mentions(self, status: Status) -> list[Entity]:
        """Those named in the text; the group that a post is for always is."""
        named = [one for one in self._posts.mentions.get(status.id, ()) if not one.silent]
        group = self._posts.people.actors.get(status.group_id) if status.group_id is not None else None
        if group is not None:
            first = Named(group.id, group.username, group.handle_host, group.url or group.uri, silent=0)
            named = [first, *(one for one in named if one.actor_id != group.id)]
        return [_mention(one) for one in named]

    def _tags(self, status: Status) -> list[Entity]:
        origin = self._frame.origin
        return [{"name": name, "url": tag_url(name, origin)} for name in self._posts.tags.get(status.id, ())]


@lru_cache(maxsize=1024)
def _quote_approval(
    audience: str, stored: str, *, anybody: bool, own: bool, follower: bool, followed: bool
) -> Mapping[str, Any]:
    """The same for most posts of a page, so that it is made once; nobody may write into it."""
    policy = policy_after(Audience(audience), read_policy(stored))
    facts = QuoteFacts(Audience(audience), own=own, policy=policy, follower=follower, followed=followed)
    return {
        "automatic": sorted(policy.automatic),
        "manual": sorted(policy.manual),
        "current_user": approval_of(facts) if anybody else Approval.DENIED,
    }


def deleted_status(entity: Entity, text: str) -> Entity:
    """StatusDeleted: a post that was just deleted, with its text instead of its content, for writing it anew."""
    return {**{name: value for name, value in entity.items() if name != "content"}, "text": text}


def status_source(status: Status) -> Entity:
    return {"id": str(status.id), "text": status.text, "spoiler_text": status.summary}


def status_edits(status: Status, former: Sequence[StatusEdit], entity: Entity) -> list[Entity]:
    """StatusEdit, oldest first, ending with the present version. Attachments of former versions are not kept."""
    shared = {name: entity[name] for name in ("account", "media_attachments", "emojis")}
    if entity["quote"] is not None:
        shared["quote"] = entity["quote"]
    present = StatusEdit(
        id=0,
        status_id=status.id,
        content=status.content,
        text=status.text,
        summary=status.summary,
        sensitive=status.sensitive,
        created_at=status.edited_at or status.created_at,
    )
    return [
        {
            "content": edit.content,
            "spoiler_text": escape(edit.summary),
            "sensitive": bool(edit.sensitive),
            "created_at": moment(edit.created_at),
            **shared,
        }
        for edit in (*former, present)
    ]


def scheduled_status(scheduled: Scheduled, files: Sequence[Media], refusal: str, frame: Frame) -> Entity:
    """ScheduledStatus. `params.refusal`, which Mastodon does not know, says why it was not published at its time."""
    return {
        "id": str(scheduled.id),
        "scheduled_at": moment(scheduled.due_at),
        "params": {
            "text": scheduled.text,
            "poll": _planned_poll(scheduled.poll),
            "media_ids": [str(one.id) for one in files] or None,
            "sensitive": bool(scheduled.sensitive),
            "spoiler_text": scheduled.summary or None,
            "visibility": VISIBILITY[scheduled.audience],
            "in_reply_to_id": scheduled.in_reply_to_id,
            "language": scheduled.language,
            "application_id": scheduled.app_id or 0,
            "scheduled_at": None,
            "idempotency": None,
            "with_rate_limit": False,
            "quoted_status_id": scheduled.quoted_id,
            "quote_approval_policy": scheduled.quote_policy or None,
            **({"refusal": refusal} if refusal else {}),
        },
        "media_attachments": [media_attachment(one, frame) for one in files],
    }


def _planned_poll(kept: str) -> Entity | None:
    """As an app asks for one."""
    if not kept:
        return None
    planned = orjson.loads(kept)
    return {"expires_in": planned.pop("seconds"), **planned}


def media_attachment(media: Media, frame: Frame, *, public: bool = False) -> Entity:
    """MediaAttachment. The address of a file that is not `public` names who was given it (`web.links`); there is none
    while an upload waits for its job.
    """
    preview = (media.preview_width or media.width, media.preview_height or media.height)
    ready = media.state == "ready"
    details = described(media.details)
    return {
        "id": str(media.id),
        "type": media.type,
        "url": frame.links.file(media, public=public) if ready else None,
        "preview_url": frame.links.preview(media, public=public) if ready else None,
        "remote_url": media.remote_url,
        "preview_remote_url": None,
        "meta": {
            **_recording(details),
            "original": _size(media.width, media.height) | _timing(details),
            "small": _size(*preview),
            "focus": {"x": media.focus_x, "y": media.focus_y},
        },
        "description": media.description or None,
        "blurhash": media.blurhash,
    }


def _timing(details: Mapping[str, Any]) -> Entity:
    """What Mastodon says of the file itself."""
    return {name: details[name] for name in ("frame_rate", "duration", "bitrate") if name in details}


def _recording(details: Mapping[str, Any]) -> Entity:
    """What Mastodon's documentation says of sound and film; nothing of an image."""
    shown: Entity = {}
    if "duration" in details:
        hours, seconds = divmod(details["duration"], 3_600)
        shown["length"] = f"{hours:.0f}:{seconds // 60:02.0f}:{seconds % 60:05.2f}"
        shown["duration"] = details["duration"]
    if "frame_rate" in details:
        frames, _, seconds = details["frame_rate"].partition("/")
        shown["fps"] = round(int(frames) / int(seconds))
    if "audio" in details:
        shown["audio_encode"] = details["audio"]
        shown["audio_bitrate"] = f"{details.get('sample_rate', 0)} Hz"
        shown["audio_channels"] = {1: "mono", 2: "stereo"}.get(details.get("channels", 0), "")
    return shown


def _size(width: int | None, height: int | None) -> Entity:
    if not width or not height:
        return {}
    return {"width": width, "height": height, "size": f"{width}x{height}", "aspect": width / height}


def _mention(named: Named) -> Entity:
    acct = f"{named.username}@{named.handle_host}" if named.handle_host else named.username
    return {"id": str(named.actor_id), "username": named.username, "url": named.url, "acct": acct}


def _application(app: App) -> Entity:
    return {"name": app.name, "website": app.website}
