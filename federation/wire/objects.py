"""Notes and their like as typed values. Must not know who may see one, nor how it is stored or shown.

`parse_note` keeps `content` as the HTML that came (clean it with sanitize.clean_html before anybody sees it); every
other string is text already. What has an odd shape is left out, what would change the meaning of a post is refused.
"""

import re
from dataclasses import dataclass
from typing import Any

from federation.wire import origins
from federation.wire.activities import recipients
from federation.wire.bounded import Document
from federation.wire.compose import paragraphs
from federation.wire.errors import Fault, ProtocolError
from federation.wire.quotes import CanQuote, RemoteQuote, parse_can_quote, parse_quote
from federation.wire.sanitize import clean_lines, clean_text
from federation.wire.values import documents, href_of, id_of, integer, many, moment, text, type_of, uri_of

MAX_CONTENT = 100_000
MAX_SUMMARY = 10_000
MAX_NAME = 1_000
MAX_DESCRIPTION = 10_000
MAX_TAGS = 250
MAX_ATTACHMENTS = 32
MAX_PIXELS = 65_535
MAX_OPTIONS = 50
MAX_VOTES = 2**53

NATIVE_TYPES = frozenset({"Note", "Question"})
# Shown as a title with a link (Mastodon does the same); ChatMessage is a direct note of the Pleroma family.
CONVERTED_TYPES = frozenset({"Article", "Page", "Image", "Audio", "Video", "Event", "ChatMessage"})

_NOBODY = CanQuote()
_MEDIA_TYPES = frozenset({"Document", "Image", "Video", "Audio"})
_IMAGE_TYPES = {
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "gif": "image/gif",
    "webp": "image/webp",
    "avif": "image/avif",
}
_SHORTCODE = re.compile(r":?([A-Za-z0-9_]{2,100}):?")
_HASHTAG = re.compile(r"#?([\w·・]{1,100})")
_BLURHASH = re.compile(r"[0-9A-Za-z#$%*+,\-.:;=?@\[\]^_{|}~]{6,100}")
# XML Schema part 2 §3.2.6, as far as a recording is long.
_DURATION = re.compile(r"PT(?:([0-9]{1,3})H)?(?:([0-9]{1,5})M)?(?:([0-9]{1,6}(?:\.[0-9]{1,9})?)S)?")
_MEDIA_TYPE = re.compile(r"[a-z]{1,20}/[A-Za-z0-9.+_-]{1,80}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8}){0,3}")


@dataclass(frozen=True, slots=True)
class Mention:
    """Somebody named in a post: the actor's uri, and the name as written."""

    href: str
    name: str


@dataclass(frozen=True, slots=True)
class Emoji:
    """A custom emoji: its shortcode without colons, and the address of its picture."""

    shortcode: str
    url: str


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file attached to a post; `name` describes it for who cannot see it, `focal` is x and y in -1..1, `duration` is in
    seconds.
    """

    url: str
    media_type: str
    name: str
    width: int | None
    height: int | None
    blurhash: str | None
    focal: tuple[float, float] | None
    duration: float | None = None


@dataclass(frozen=True, slots=True)
class RemotePoll:
    """What one can vote for and how many did, as its origin says. `voters` is None where it does not say how many voted;
    `expires_at` is unix milliseconds. `closed`: it is over, whatever its end was to be.
    """

    options: tuple[str, ...]
    tallies: tuple[int, ...]
    multiple: bool
    voters: int | None
    expires_at: int | None
    closed: bool


@dataclass(frozen=True, slots=True)
class RemoteNote:
    """A post as its origin describes it. Times are unix milliseconds as claimed: clamp them to now."""

    uri: str
    type: str
    attributed_to: str
    content: str
    name: str
    summary: str
    sensitive: bool
    language: str | None
    published: int | None
    updated: int | None
    in_reply_to: str | None
    url: str | None
    to: tuple[str, ...]
    cc: tuple[str, ...]
    audience: tuple[str, ...]
    context: str | None
    conversation: str | None
    mentions: tuple[Mention, ...]
    hashtags: tuple[str, ...]
    emojis: tuple[Emoji, ...]
    attachments: tuple[Attachment, ...]
    poll: RemotePoll | None
    quote: RemoteQuote | None = None
    can_quote: CanQuote = _NOBODY

    @property
    def is_vote(self) -> bool:
        """A name and nothing else, in answer to a poll (FEP-9967)."""
        return self.type == "Note" and bool(self.name and self.in_reply_to) and not self.content


@dataclass(frozen=True, slots=True)
class Tombstone:
    """What a deleted object leaves behind; `deleted` is unix milliseconds."""

    uri: str
    deleted: int | None


def parse_note(document: Document) -> RemoteNote:
    """Read a post (federation_wire.md §3.2). ProtocolError for another type, a Tombstone, an author of another origin
    than the post (FEP-fe34), or more text than we keep: a shortened post could say the opposite.
    """
    kind = type_of(document)
    if kind == "Tombstone":
        raise ProtocolError(Fault.TOMBSTONE, str(document.get("id"))[:200])
    if kind not in NATIVE_TYPES | CONVERTED_TYPES:
        raise ProtocolError(Fault.TYPE_UNSUPPORTED, kind[:100])
    uri, author = _identity(document)
    tags = documents(document.get("tag"), MAX_TAGS)
    return RemoteNote(
        uri=uri,
        type=kind,
        attributed_to=author,
        content=_content(document),
        name=clean_text(text(document.get("name")), MAX_NAME),
        summary=_summary(document),
        sensitive=document.get("sensitive") is True,
        language=_language(document),
        published=moment(document.get("published")),
        updated=moment(document.get("updated")),
        in_reply_to=uri_of(document.get("inReplyTo")),
        url=href_of(document.get("url")),
        to=recipients(document, "to"),
        cc=recipients(document, "cc"),
        audience=recipients(document, "audience"),
        context=id_of(document.get("context")),
        conversation=id_of(document.get("conversation")),
        mentions=tuple(filter(None, map(_mention, tags))),
        hashtags=tuple(dict.fromkeys(filter(None, map(_hashtag, tags)))),
        emojis=parse_emojis(document),
        attachments=_attachments(document),
        poll=_poll(document) if kind == "Question" else None,
        quote=parse_quote(document),
        can_quote=parse_can_quote(document),
    )


def parse_tombstone(document: Document) -> Tombstone:
    """Read what stands where a post was (ActivityPub §6.11); ProtocolError for anything else."""
    if type_of(document) != "Tombstone":
        raise ProtocolError(Fault.TYPE_UNSUPPORTED, type_of(document)[:100])
    uri = text(document.get("id"))
    origins.parse_origin(uri)
    return Tombstone(uri, moment(document.get("deleted")))


def parse_emojis(document: Document) -> tuple[Emoji, ...]:
    """The custom emoji that a post or an actor brings along."""
    return tuple(dict.fromkeys(filter(None, map(_emoji, documents(document.get("tag"), MAX_TAGS)))))


def _identity(document: Document) -> tuple[str, str]:
    """The post's id and its author's; of several authors (PeerTube names its channel too) the person."""
    authors = many(document.get("attributedTo"))
    people = [one for one in authors if isinstance(one, dict) and type_of(one) == "Person"]
    uri, author = id_of(document.get("id")) or "", id_of(people or authors) or ""
    if origins.parse_origin(uri) != origins.parse_actor_uri(author):
        raise ProtocolError(Fault.ORIGIN_MISMATCH, f"{uri} attributed to {author}")
    return uri, author


def _content(document: Document) -> str:
    by_language = document.get("contentMap")
    written = text(document.get("content"))
    if not written and isinstance(by_language, dict):
        written = next(filter(None, map(text, by_language.values())), "")
    if len(written) > MAX_CONTENT and type_of(document) in CONVERTED_TYPES:
        return ""  # a title and a link stand for it
    if len(written) > MAX_CONTENT:
        raise ProtocolError(Fault.TOO_LARGE, f"{len(written)} characters")
    if document.get("mediaType") in ("text/plain", "text/markdown"):  # PeerTube comments
        return paragraphs(written)
    return written


def _summary(document: Document) -> str:
    summary = text(document.get("summary"))
    if len(summary) > MAX_SUMMARY:
        raise ProtocolError(Fault.TOO_LARGE, f"a summary of {len(summary)} characters")
    return clean_text(summary, MAX_SUMMARY)


def _language(document: Document) -> str | None:
    """From the map that repeats the content (Mastodon), else Lemmy's `language`."""
    by_language, lemmy = document.get("contentMap"), document.get("language")
    named = [lemmy.get("identifier")] if isinstance(lemmy, dict) else [lemmy]
    if isinstance(by_language, dict):
        same = [code for code, content in by_language.items() if content == document.get("content")]
        named = [*same, *by_language, *named]
    code = next(iter(named), None)
    return code if isinstance(code, str) and _LANGUAGE.fullmatch(code) and code != "und" else None


def _poll(document: Document) -> RemotePoll | None:
    """`oneOf` or `anyOf` (ActivityStreams §Question). Too many options are refused: a vote for one left out would be lost."""
    multiple = bool(document.get("anyOf"))
    found = many(document.get("anyOf") if multiple else document.get("oneOf"))
    if len(found) > MAX_OPTIONS:
        raise ProtocolError(Fault.TOO_LARGE, f"a poll of {len(found)} options")
    options = [one for one in found if isinstance(one, dict) and text(one.get("name"))]
    titles = tuple(clean_text(text(one.get("name")), MAX_NAME) for one in options)
    if not titles or len(set(titles)) != len(titles):
        return None
    expires_at, closed = moment(document.get("endTime")), document.get("closed")
    return RemotePoll(
        options=titles,
        tallies=tuple(_votes(one) for one in options),
        multiple=multiple,
        voters=integer(document.get("votersCount"), 0, MAX_VOTES),
        expires_at=moment(closed) if expires_at is None else expires_at,
        closed=closed is True or moment(closed) is not None,
    )


def _votes(option: Document) -> int:
    replies = option.get("replies")
    return (integer(replies.get("totalItems"), 0, MAX_VOTES) or 0) if isinstance(replies, dict) else 0


def _mention(tag: Document) -> Mention | None:
    href = uri_of(tag.get("href"))
    return Mention(href, clean_text(text(tag.get("name")), MAX_NAME)) if href and type_of(tag) == "Mention" else None


def parse_hashtags(document: Document, limit: int) -> tuple[str, ...]:
    """The hashtags that somebody shows, as they write them: the first `limit` items of a collection."""
    items = documents(document.get("orderedItems") or document.get("items"), limit)
    return tuple(dict.fromkeys(filter(None, map(_hashtag, items))))


def _hashtag(tag: Document) -> str | None:
    found = _HASHTAG.fullmatch(text(tag.get("name")))
    return found[1] if found and type_of(tag) == "Hashtag" else None


def _emoji(tag: Document) -> Emoji | None:
    found, url = _SHORTCODE.fullmatch(text(tag.get("name"))), href_of(tag.get("icon"))
    return Emoji(found[1], url) if found and url and type_of(tag) == "Emoji" else None


def _attachments(document: Document) -> tuple[Attachment, ...]:
    """The files of a post. What is shown as a title with a link has its picture in `image`, or in `icon` (PeerTube)."""
    found = tuple(filter(None, map(_attachment, documents(document.get("attachment"), MAX_ATTACHMENTS))))
    if type_of(document) not in CONVERTED_TYPES or any(one.media_type.startswith("image/") for one in found):
        return found
    pictures = [*many(document.get("image")), *many(document.get("icon"))]
    shown = filter(None, map(_picture, pictures[:MAX_ATTACHMENTS]))
    return (*found, *list(shown)[:1])


def _picture(value: Any) -> Attachment | None:
    return _attachment(value if isinstance(value, dict) else {"type": "Image", "url": value})


def _attachment(value: Document) -> Attachment | None:
    url = href_of(value.get("url") or value.get("href"))
    if url is None or type_of(value) not in _MEDIA_TYPES:
        return None
    return Attachment(
        url=url,
        media_type=_matching(_MEDIA_TYPE, value.get("mediaType")) or _image_type(value, url),
        name=clean_lines(text(value.get("name")) or text(value.get("summary")), MAX_DESCRIPTION),
        width=integer(value.get("width"), 1, MAX_PIXELS),
        height=integer(value.get("height"), 1, MAX_PIXELS),
        blurhash=_matching(_BLURHASH, value.get("blurhash")),
        focal=_focal(value.get("focalPoint")),
        duration=parse_duration(value.get("duration")),
    )


def _image_type(value: Document, url: str) -> str:
    """Lemmy and WordPress say of a picture only that it is one: then its name says which."""
    ending = url.partition("?")[0].rpartition(".")[2].lower()
    return _IMAGE_TYPES.get(ending, "") if type_of(value) == "Image" else ""


def parse_duration(value: Any) -> float | None:
    """Seconds of hours, minutes and seconds of XML Schema (`PT1M2.5S`); None for what is none, or a day long."""
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return None
    hours, minutes, seconds = (float(part or 0) for part in found.groups())
    total = hours * 3_600 + minutes * 60 + seconds
    return total if 0 < total < 86_400 else None


def _focal(value: Any) -> tuple[float, float] | None:
    match value:
        case [int() | float() as x, int() | float() as y] if -1 <= x <= 1 and -1 <= y <= 1:
            return float(x), float(y)
        case _:
            return None


def _matching(pattern: re.Pattern[str], value: Any) -> str | None:
    return value if isinstance(value, str) and pattern.fullmatch(value) else None
