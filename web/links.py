"""Addresses of files, as apps are given them, and the proof that a private one carries. Pure but for `make_links`.

Apps keep posts for a while and send no token for images, so the address of a file that is not public names who was
given it and by which access token, with a MAC over both. It is the same within a UTC day and good until the end of the
next. It is no right by itself: `web.media_files` asks at every GET whether token, member and post still allow it.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass

from aiohttp import web

from federation.context import Origin, portrait
from storage.records import Actor, Media
from web.auth import Viewer
from web.forms import Form
from web.keys import CONTEXT

LINK_KEY: web.AppKey[bytes] = web.AppKey("link_key", bytes)
DAY = 24 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class Pass:
    """To whom an address was given: an actor's id, and the id of the access token they asked with."""

    viewer: int
    token: int


@dataclass(frozen=True, slots=True)
class Links:
    """Makes addresses for one viewer (None for nobody) on one day; `now` in unix ms."""

    origin: Origin
    key: bytes
    now: int
    given: Pass | None = None

    def file(self, media: Media, *, public: bool = False) -> str:
        """An attachment in full. `public`: it is in a post that everybody may see."""
        return self._attachment(media, "original", public=public)

    def preview(self, media: Media, *, public: bool = False) -> str | None:
        """A picture of it of at most 640 pixels a side; None for sound without a cover, and for others' recordings."""
        pictured = media.preview is not None or media.type == "image"
        return self._attachment(media, "small", public=public) if pictured else None

    def avatar(self, actor: Actor) -> str:
        return self._portrait("avatars", actor.id, actor.avatar) if actor.avatar else self.static("avatar.png")

    def header(self, actor: Actor) -> str:
        return self._portrait("headers", actor.id, actor.header) if actor.header else self.static("header.png")

    def emoji(self, address: str) -> str:
        """A custom emoji: ours as it is, another instance's by our proxy. Posts keep the addresses of their day, which are
        good also where files are kept apart since.
        """
        ours = (f"{base}/media/custom_emojis/" for base in (self.origin.media_base, self.origin.base))
        return address if address.startswith(tuple(ours)) else self._proxied("emojis", address)

    def card(self, address: str) -> str:
        """The picture of a page that a post links to."""
        return self._proxied("cards", address)

    def static(self, name: str) -> str:
        """An image of our own, the same on every instance (`web.pages.static`)."""
        return f"{self.origin.base}/static/{name}"

    def _portrait(self, kind: str, owner_id: int, source: str) -> str:
        return portrait(self.origin.media_base, kind, owner_id, source)

    def _proxied(self, kind: str, address: str) -> str:
        """By our proxy; the MAC keeps strangers from having it fetch for them."""
        return (
            f"{self.origin.media_base}/media/{kind}/{sign_address(self.key, address)}/{_encode(address.encode())}.webp"
        )

    def _attachment(self, media: Media, size: str, *, public: bool) -> str:
        name = media.file if size == "original" else media.preview
        extension = f".{name.rpartition('.')[2]}" if name and not media.remote_url else ""
        address = f"{self.origin.media_base}/media/{media.id}/{size}{extension}"
        if public or self.given is None:
            return address
        day = self.now // DAY
        mac = sign_pass(self.key, media.id, self.given, day)
        return f"{address}?viewer={self.given.viewer}&token={self.given.token}&day={day}&mac={mac}"


def make_links(request: web.Request, viewer: Viewer | None) -> Links:
    """For whoever asks now."""
    ctx = request.app[CONTEXT]
    given = Pass(viewer.actor_id, viewer.token_id) if viewer else None
    return Links(ctx.origin, request.app[LINK_KEY], ctx.now(), given)


def sign_pass(key: bytes, media_id: int, given: Pass, day: int) -> str:
    """`day` counts from 1970 in UTC."""
    return _mac(key, f"file {media_id} {given.viewer} {given.token} {day}")


def verify_pass(key: bytes, media_id: int, query: Form, *, now: int) -> Pass | None:
    """To whom the address of this attachment was given; None when its query is not ours, or too old."""
    given = Pass(query.identifier("viewer") or 0, query.identifier("token") or 0)
    day = query.identifier("day") or 0
    if day not in {now // DAY, now // DAY - 1}:
        return None
    return given if _equal(sign_pass(key, media_id, given, day), query.text("mac") or "") else None


def sign_address(key: bytes, address: str) -> str:
    return _mac(key, f"address {address}")


def verify_address(key: bytes, mac: str, encoded: str) -> str | None:
    """The address that `Links` encoded; None when it did not."""
    try:
        address = urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()
    except ValueError:
        return None
    return address if _equal(sign_address(key, address), mac) else None


def _mac(key: bytes, text: str) -> str:
    return _encode(hmac.digest(key, text.encode(), "sha256")[:18])


def _encode(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def _equal(expected: str, given: str) -> bool:
    return hmac.compare_digest(expected.encode(), given.encode())
