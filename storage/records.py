"""Frozen rows, one class for each table that others read. Knows column names, no SQL statement and no rule."""

from dataclasses import dataclass, fields
from functools import cache
from typing import Any, TypeVar, dataclass_transform

import orjson

from storage.database import Row

R = TypeVar("R")


@dataclass_transform(frozen_default=True)
def row(cls: type[R]) -> type[R]:
    """A class of frozen rows. Frozen for the type checker only: a frozen `__init__` costs four times as much, and a page
    of a timeline is made of a hundred rows. Equality looks at every field; the hash may look at fewer.
    """
    return dataclass(slots=True, unsafe_hash="__hash__" not in vars(cls))(cls)


@cache
def columns(record: type, alias: str) -> str:
    """The record's columns for a SELECT, in the order `make` wants them."""
    return ", ".join(f"{alias}.{field.name}" for field in fields(record))


def placeholders(record: type) -> tuple[str, str]:
    """The record's columns and its named parameters, for an INSERT that is given `asdict`-like parameters."""
    names = [field.name for field in fields(record)]
    return ", ".join(names), ", ".join(f":{name}" for name in names)


def values(one: Any) -> dict[str, Any]:
    """A record's fields as named parameters (not deep: every field is a plain value)."""
    return {field.name: getattr(one, field.name) for field in fields(one)}


def make(record: type[R], found: Row | None) -> R | None:
    """A record from a row that was selected with `columns`; None stays None."""
    return None if found is None else record(*found)


def listed(text: str) -> list[Any]:
    """A JSON column that holds a list."""
    found: list[Any] = orjson.loads(text)
    return found


def described(text: str) -> dict[str, Any]:
    """A JSON column that holds an object."""
    found: dict[str, Any] = orjson.loads(text)
    return found


def as_json(value: Any) -> str:
    """A value for a JSON column."""
    return orjson.dumps(value).decode()


@row
class Actor:
    """Anyone who can act: our members, groups and the instance itself, and those of other hosts."""

    id: int
    uri: str
    host: str
    type: str
    username: str
    handle_host: str
    name: str
    summary: str
    url: str
    avatar: str | None
    header: str | None
    fields: str
    emojis: str
    capabilities: str
    inbox: str
    shared_inbox: str | None
    outbox: str | None
    followers: str | None
    following: str | None
    credential: str | None
    locked: int
    discoverable: int
    indexable: int
    followers_count: int
    following_count: int
    statuses_count: int
    last_status_at: int | None
    created_at: int
    updated_at: int
    fetched_at: int | None
    disabled_at: int | None
    host_suspended: int
    moved_to_id: int | None = None
    moved_at: int | None = None
    disabled_by: str = ""
    silenced_at: int | None = None
    sensitized_at: int | None = None
    hide_collections: int = 0

    def __hash__(self) -> int:
        return hash(self.id)

    @property
    def suspended(self) -> bool:
        """By us or by its home; who suspended it may take that back."""
        return self.disabled_by in {"here", "home"}

    @property
    def local(self) -> bool:
        return self.host == ""

    @property
    def acct(self) -> str:
        """`name` for our own, `name@domain` for others: what clients call acct."""
        return f"{self.username}@{self.handle_host}" if self.handle_host else self.username


@row
class ActorKey:
    uri: str
    actor_id: int
    algorithm: str
    public: bytes
    private: bytes | None
    fetched_at: int


@row
class Member:
    """An account here. A person's says how they sign in and what they may administer; a channel's has neither address
    nor password.
    """

    actor_id: int
    email: str
    password_hash: str
    role: str
    locale: str
    default_audience: str
    created_at: int
    disabled_at: int | None
    default_sensitive: int = 0
    default_language: str = ""
    confirmed_at: int | None = None
    approved_at: int | None = None
    reason: str = ""
    default_quote_policy: str = "public"

    @property
    def admitted(self) -> bool:
        """Whether nothing of the sign-up is left to do; until then the actor is disabled."""
        return self.confirmed_at is not None and self.approved_at is not None

    @property
    def language(self) -> str:
        """Of the posts that say nothing else."""
        return self.default_language or self.locale


@row
class Attestation:
    """What a home instance states about its member; for our own members, what the officer recorded."""

    actor_id: int
    uri: str
    issuer: str
    level: int
    profession: str
    specialties: str
    jurisdiction: str
    register: str
    checked_at: int
    valid_until: int
    revoked_at: int | None
    fetched_at: int


@row
class Group:
    actor_id: int
    local: int
    joining: str
    posting: str
    reach: str
    listed: int
    lease_hours: int
    epoch: int
    pulled_at: int
    created_at: int
    description: str = ""
    rules: str = "[]"
    level: int = 0
    professions: str = "[]"
    specialties: str = "[]"
    countries: str = "[]"
    files: int = 1
    members_shown: str = "members"
    retention_days: int = 0
    case_days: int = 365
    closed: str = ""
    question_tag: str = "doctoctoc"
    questions_of: str = ""
    reviewed_rules: int = 0
    unconfirmed: int = 0
    silent_since: int = 0
    lost_until: int = 0


@row
class PublicGroup:
    """A group of ours whose posts are for everybody. It is a type of its own, so that none is ever taken for a private one."""

    actor_id: int
    joining: str
    posting: str
    created_at: int
    description: str = ""
    rules: str = "[]"


@row
class Membership:
    id: int
    group_id: int
    actor_id: int
    state: str
    moderator: int
    follow_uri: str
    epoch: int
    generation: int
    lease_until: int
    created_at: int
    changed_at: int


@row
class Follow:
    id: int
    follower_id: int
    followee_id: int
    uri: str
    state: str
    boosts: int
    notify: int
    created_at: int


@row
class Status:
    """A post, or a boost of one (`boost_of_id`): they share one space of ids."""

    id: int
    uri: str
    actor_id: int
    audience: str
    group_id: int | None
    distributed: int
    boost_of_id: int | None
    in_reply_to_id: int | None
    in_reply_to_actor_id: int | None
    in_reply_to_uri: str | None
    thread_id: int
    content: str
    text: str
    summary: str
    sensitive: int
    language: str | None
    url: str
    replies_count: int
    boosts_count: int
    favourites_count: int
    app_id: int | None
    emojis: str
    created_at: int
    edited_at: int | None
    quote_policy: str = ""


@row
class Quote:
    """That a post quotes another. `quoted_id` is None when the other is not here, is gone, or is nobody's to quote."""

    status_id: int
    quoted_id: int | None
    quoted_uri: str
    state: str
    request_uri: str
    stamp: str
    created_at: int


@row
class StatusEdit:
    id: int
    status_id: int
    content: str
    text: str
    summary: str
    sensitive: int
    created_at: int


@row
class Scheduled:
    """A post that waits for its time. `reason`: why it was refused when that had come; "" while it waits."""

    id: int
    actor_id: int
    due_at: int
    text: str
    audience: str
    in_reply_to_id: int | None
    summary: str
    sensitive: int
    language: str | None
    app_id: int | None
    reason: str
    about: str
    poll: str
    created_at: int
    quoted_id: int | None = None
    quote_policy: str = ""


@row
class Poll:
    """`options` and `tallies` are JSON lists. `voters` is None where it is not known how many voted, `expires_at` where
    it has no end; `ended`: whoever should know has been told that it is over. Times are unix ms.
    """

    id: int
    status_id: int
    options: str
    tallies: str
    voters: int | None
    multiple: int
    hide_totals: int
    expires_at: int | None
    ended: int
    changed_at: int
    told_at: int


@row
class Media:
    """`state`: `waiting` for its job, `ready`, `failed`, `gone`. `details`: JSON of what is known of sound and film."""

    id: int
    actor_id: int
    status_id: int | None
    position: int
    type: str
    mime: str
    file: str | None
    preview: str | None
    remote_url: str | None
    description: str
    blurhash: str | None
    width: int | None
    height: int | None
    preview_width: int | None
    preview_height: int | None
    focus_x: float
    focus_y: float
    created_at: int
    state: str = "ready"
    details: str = "{}"


@row
class MediaJob:
    """An upload that waits to be written anew, with the folder of the store in which it lies."""

    id: int
    media_id: int
    host: str
    folder: str
    state: str
    attempts: int
    due_at: int
    lease_owner: str


@row
class Block:
    """`uri`: of the activity that said so."""

    id: int
    owner_id: int
    target_id: int
    uri: str
    created_at: int


@row
class Mute:
    """Until a time in unix ms; `notifications`: these are not wanted either."""

    id: int
    owner_id: int
    target_id: int
    notifications: int
    until: int
    created_at: int


@row
class Favourite:
    id: int
    actor_id: int
    status_id: int
    uri: str
    created_at: int


@row
class CustomEmoji:
    """One of our own. `file` is in the media store; `category` sorts it in apps, '' for none."""

    id: int
    shortcode: str
    file: str
    category: str
    created_at: int


@row
class Announcement:
    """What the institution tells its members: HTML in French and English, '' where it has no such text."""

    id: int
    french: str
    english: str
    starts_at: int | None
    ends_at: int | None
    all_day: int
    mentions: str
    statuses: str
    tags: str
    emojis: str
    published_at: int
    updated_at: int


@row
class Mail:
    """A message to somebody's mailbox, in plain text."""

    id: int
    host: str
    recipient: str
    subject: str
    body: str
    state: str
    attempts: int
    due_at: int
    lease_owner: str = ""


@row
class Card:
    """What stands at an address, as far as it was looked at. `width` and `height` are its image's, 0 when not said."""

    id: int
    url: str
    host: str
    state: str
    due_at: int
    attempts: int = 0
    lease_owner: str = ""
    fetched_at: int = 0
    title: str = ""
    description: str = ""
    provider: str = ""
    author: str = ""
    author_url: str = ""
    image: str | None = None
    image_description: str = ""
    width: int = 0
    height: int = 0
    published_at: int | None = None


@row
class Notification:
    id: int
    owner_id: int
    type: str
    actor_id: int
    status_id: int | None
    created_at: int
    filtered: int = 0
    report_id: int | None = None
    collection_id: int | None = None


@row
class Report:
    """Somebody tells those who look after the instance about a person and some of their posts."""

    id: int
    uri: str
    actor_id: int
    target_id: int
    category: str
    comment: str
    rules: str
    forwarded: int
    created_at: int
    changed_at: int
    assigned_to: int | None = None
    resolved_at: int | None = None
    resolved_by: int | None = None


@row
class ListedHost:
    """Another host as the admin API shows it: allowed (`severity` allow) or blocked."""

    id: int
    host: str
    severity: str
    former: str
    reject_reports: int
    private_comment: str
    public_comment: str
    obfuscate: int
    created_at: int


@row
class EmailDomainBlock:
    id: int
    domain: str
    created_at: int


@row
class EmailBlock:
    """`hash`: of an address without what makes several of one."""

    id: int
    hash: str
    created_at: int


@row
class IpBlock:
    """Until a time in unix ms, or for ever."""

    id: int
    network: str
    severity: str
    comment: str
    expires_at: int | None
    created_at: int


@row
class NotificationPolicy:
    """What a member wants done with notifications from each kind of stranger: accept, filter or drop."""

    owner_id: int
    not_following: str = "accept"
    not_followers: str = "accept"
    new_accounts: str = "accept"
    private_mentions: str = "accept"
    limited_accounts: str = "filter"
    bots: str = "accept"


@row
class Delivery:
    """One activity on its way to one inbox."""

    id: int
    activity_id: int
    sender_id: int
    host: str
    inbox: str
    kind: str
    audience: str
    object_uri: str
    group_id: int | None
    state: str
    attempts: int
    due_at: int
    lease_owner: str
    reason: str
    created_at: int
    finished_at: int | None


@row
class InboxItem:
    """One verified activity that waits to be applied."""

    id: int
    host: str
    signer: str
    activity_uri: str
    type: str
    digest: str
    body: bytes | None
    state: str
    attempts: int
    due_at: int
    lease_owner: str
    reason: str
    received_at: int


@row
class Activity:
    """An activity of ours, with the bytes that are sent."""

    id: int
    uri: str
    actor_id: int
    type: str
    status_id: int | None
    body: bytes
    created_at: int


@row
class HostState:
    """What we remember of another server between deliveries."""

    host: str
    scheme: str
    failures: int
    retry_at: int
    last_success_at: int
    last_error: str
    failing_since: int = 0


@row
class App:
    id: int
    client_id: str
    secret_hash: str
    name: str
    website: str | None
    redirect_uris: str
    scopes: str
    created_at: int


@row
class Token:
    """An access token. `used_at` is noted once a day, None when it never was used. `operator_id`: the member who acts by
    it as `actor_id`, a channel or a group; None for who acts as themselves.
    """

    id: int
    hash: str
    app_id: int
    actor_id: int | None
    scopes: str
    created_at: int
    used_at: int | None = None
    operator_id: int | None = None


@row
class Authenticator:
    """An app of a member's that shows one-time codes. `last_step` is that of the newest code that was taken."""

    actor_id: int
    secret: str
    last_step: int
    created_at: int


@row
class SecurityKey:
    """A security key or passkey of a member's. `credential` and `public_key` are base64url."""

    id: int
    actor_id: int
    credential: str
    public_key: str
    sign_count: int
    name: str
    created_at: int


@row
class Challenge:
    """What a member has begun and ends with a second request. What `data` means depends on the purpose."""

    hash: str
    actor_id: int
    purpose: str
    data: str
    attempts: int
    expires_at: int


@row
class Session:
    """A member signed in with one browser, which calls itself `browser`."""

    id: int
    hash: str
    actor_id: int
    browser: str
    created_at: int
    expires_at: int


@row
class PushSubscription:
    """Where an app wants to be told of notifications, of which ones and how. One for each token at most."""

    id: int
    token_id: int
    owner_id: int
    endpoint: str
    p256dh: str
    auth: str
    standard: int
    alerts: str
    policy: str
    access_token: str
    created_at: int


@row
class PushDelivery:
    """One notification on its way to one app."""

    id: int
    subscription_id: int
    notification_id: int
    host: str
    state: str
    attempts: int
    due_at: int
    lease_owner: str


@row
class Event:
    """Something a member's open streams should be told; rendered, and its rights checked, when it is sent."""

    id: int
    xid: int
    owner_id: int
    type: str
    ref: int
    created_at: int


@row
class RecordedDecision:
    id: int
    point: str
    object_uri: str
    host: str
    outcome: str
    rule: str
    reason: str
    version: int
    facts: str
    decided_at: int


@row
class ImportLine:
    """A line of a file that a member brought from elsewhere. `state`: `due` or `failed`, then with a reason."""

    id: int
    owner_id: int
    host: str
    kind: str
    cells: str
    state: str
    reason: str
    attempts: int
    due_at: int
    lease_owner: str


@row
class PeopleList:
    """A member's own list of people. `replies_policy`: `followed`, `list` or `none`."""

    id: int
    owner_id: int
    title: str
    replies_policy: str
    exclusive: int
    created_at: int


@row
class AnnualReport:
    """What a member's year was, as it was counted; `data` is JSON."""

    owner_id: int
    year: int
    data: str
    viewed: int
    created_at: int


@row
class FeaturedCollection:
    """People whom a member shows together, for everybody. `tag` is "" for none."""

    id: int
    owner_id: int
    name: str
    description: str
    language: str | None
    sensitive: int
    discoverable: int
    tag: str
    created_at: int
    updated_at: int


@row
class CollectionItem:
    """Somebody's place in a collection; `revoked_at` is when they took themselves out."""

    id: int
    collection_id: int
    actor_id: int
    revoked_at: int | None
    created_at: int


@row
class Filter:
    """What a member wants hidden or marked in some places (`context`, JSON), until `expires_at`."""

    id: int
    owner_id: int
    title: str
    context: str
    action: str
    expires_at: int | None
    created_at: int


@row
class FilterKeyword:
    id: int
    filter_id: int
    keyword: str
    whole_word: int


@row
class FilterStatus:
    """A single post that a filter is for."""

    id: int
    filter_id: int
    status_id: int


@row
class Marker:
    """How far a member has read in `home` or `notifications`, the same for all their apps."""

    owner_id: int
    timeline: str
    last_read_id: int
    version: int
    updated_at: int


@row
class Refresh:
    """That replies to a post of another host are looked for there. Its id is the post's."""

    id: int
    host: str
    state: str
    attempts: int
    due_at: int
    asked_at: int
    found: int = 0
    lease_owner: str = ""


@row
class Reading:
    """That a collection of an actor elsewhere is to be read at its home."""

    id: int
    actor_id: int
    kind: str
    url: str
    host: str
    state: str
    attempts: int
    due_at: int
    asked_at: int
    lease_owner: str = ""
