"""What every act on the federation needs: the database, the guarded client, who we are, what time it is."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

from federation.client import Client
from federation.failures import Lately
from federation.wire.origins import is_http_uri, same_origin
from storage.database import Database


@dataclass(frozen=True, slots=True)
class Origin:
    """Our own address. `handle_domain` is what stands after the second @ of our members' names; `media_host` where files
    are, when they are kept apart.
    """

    host: str
    handle_domain: str
    scheme: str = "https"
    media_host: str = ""

    @property
    def base(self) -> str:
        return f"{self.scheme}://{self.host}"

    @property
    def media_base(self) -> str:
        """Where people and other servers find files. Nothing else is there when it is an origin of its own."""
        return f"{self.scheme}://{self.media_host or self.host}"

    @property
    def instance_actor(self) -> str:
        return f"{self.base}/ap/actor"

    @property
    def shared_inbox(self) -> str:
        return f"{self.base}/ap/inbox"

    def actor(self, actor_id: int) -> str:
        """ActivityPub ids never contain names: a member may be renamed, an id may not."""
        return f"{self.base}/ap/actors/{actor_id}"

    def object(self, status_id: int) -> str:
        return f"{self.base}/ap/objects/{status_id}"

    def activity(self, activity_id: int) -> str:
        return f"{self.base}/ap/activities/{activity_id}"

    def stamp(self, status_id: int) -> str:
        """Where a member of ours allows the quote in this post, whosever the post is."""
        return f"{self.base}/ap/stamps/{status_id}"

    def context(self, thread_id: int) -> str:
        """Where a thread that began here is listed."""
        return f"{self.base}/ap/contexts/{thread_id}"

    def credential(self, token: str) -> str:
        return f"{self.base}/ap/credentials/{token}"

    def emoji(self, shortcode: str) -> str:
        return f"{self.base}/ap/emojis/{shortcode}"

    def profile(self, username: str) -> str:
        """The page for people."""
        return f"{self.base}/@{username}"

    def page(self, username: str, status_id: int) -> str:
        return f"{self.base}/@{username}/{status_id}"

    def owns(self, uri: str) -> bool:
        """Whether a uri is on our own origin, however it is spelt."""
        return is_http_uri(uri) and same_origin(uri, self.base)


def portrait(base: str, kind: str, owner_id: int, source: str) -> str:
    """Where `web` serves a picture to everybody: `kind` is an actor's `avatars` or `headers`, or our `custom_emojis`;
    `base` the address of our files.

    It changes when the picture does, because copies are kept; which picture is meant is told by its owner alone.
    """
    return f"{base}/media/{kind}/{owner_id}/{hashlib.sha256(source.encode()).hexdigest()[:16]}.webp"


@dataclass(frozen=True, slots=True)
class Context:
    """Handed to every orchestration; frozen, so that a test can build one by hand.

    `mail`: whether letters are sent; `joinable`: whether people may sign up by themselves.
    """

    db: Database
    client: Client
    origin: Origin
    now: Callable[[], int]
    mail: bool = False
    joinable: bool = False
    missing_keys: Lately = field(default_factory=Lately)
    forwarded: Lately = field(default_factory=Lately)
    awake: Lately = field(default_factory=Lately)
