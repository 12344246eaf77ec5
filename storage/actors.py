"""Actors and their keys, ours and others'. Must not know what an actor is allowed to do."""

from collections.abc import Collection, Iterable
from typing import Any

from storage.database import Reader, Transaction
from storage.records import Actor, ActorKey, columns, make, placeholders, values

COLUMNS = columns(Actor, "a")
_KEY_COLUMNS = columns(ActorKey, "k")
_KEY_WIDTH = _KEY_COLUMNS.count(",") + 1
_INSERT = "INSERT INTO actors ({}) VALUES ({})".format(*placeholders(Actor))
_INSERT_KEY = "INSERT INTO actor_keys ({}) VALUES ({}) ON CONFLICT (uri) DO NOTHING".format(*placeholders(ActorKey))

# What a fresh copy of a remote actor may change. Counts, dates of creation and our own marks are not its to say.
_REFRESHED = [
    "type",
    "username",
    "handle_host",
    "name",
    "summary",
    "url",
    "avatar",
    "header",
    "fields",
    "emojis",
    "capabilities",
    "inbox",
    "shared_inbox",
    "outbox",
    "followers",
    "following",
    "credential",
    "locked",
    "discoverable",
    "indexable",
    "updated_at",
    "fetched_at",
]
_UPSERT = (
    f"{_INSERT} ON CONFLICT (uri) DO UPDATE SET version = actors.version + 1, "
    + ", ".join(f"{name} = excluded.{name}" for name in _REFRESHED)
    + " WHERE actors.host <> ''"
)


async def get_actor(tx: Reader, actor_id: int) -> Actor | None:
    return make(Actor, await tx.row(f"SELECT {COLUMNS} FROM actors a WHERE a.id = :id", id=actor_id))


async def get_actor_by_uri(tx: Reader, uri: str) -> Actor | None:
    return make(Actor, await tx.row(f"SELECT {COLUMNS} FROM actors a WHERE a.uri = :uri", uri=uri))


async def get_actor_by_address(tx: Reader, address: str) -> Actor | None:
    """By uri or by the page for people."""
    return make(
        Actor,
        await tx.row(
            f"SELECT {COLUMNS} FROM actors a WHERE a.uri = :address OR a.url = :address LIMIT 1", address=address
        ),
    )


async def get_actor_by_handle(tx: Reader, username: str, handle_host: str) -> Actor | None:
    """`handle_host` is '' for our own. Names compare without case."""
    return make(
        Actor,
        await tx.row(
            f"SELECT {COLUMNS} FROM actors a WHERE lower(a.username) = :name AND a.handle_host = :host",
            name=username.lower(),
            host=handle_host.lower(),
        ),
    )


async def list_actors(tx: Reader, ids: Iterable[int]) -> dict[int, Actor]:
    found = await tx.rows(f"SELECT {COLUMNS} FROM actors a WHERE a.id IN :ids", ids=list(ids))
    return {row[0]: Actor(*row) for row in found}


async def list_shown(tx: Reader, ids: Collection[int]) -> dict[int, Actor]:
    """`list_actors`, for pages that show the same people again and again: reads whole rows only where they changed."""
    versions = await tx.rows("SELECT a.id, a.version FROM actors a WHERE a.id IN :ids", ids=ids)
    shown: dict[int, Actor] = {}
    changed: dict[int, int] = {}
    for actor_id, version in versions:
        if actor := tx.kept.get(actor_id, version):
            shown[actor_id] = actor
        else:
            changed[actor_id] = version
    if changed:
        for actor_id, actor in (await list_actors(tx, changed)).items():
            tx.kept.put(actor_id, changed[actor_id], actor)
            shown[actor_id] = actor
    return shown


async def list_actors_by_uri(tx: Reader, uris: Iterable[str]) -> dict[str, Actor]:
    found = await tx.rows(f"SELECT {COLUMNS} FROM actors a WHERE a.uri IN :uris", uris=list(uris))
    return {row[1]: Actor(*row) for row in found}


async def search_handles(tx: Reader, *, prefix: str, limit: int) -> list[Actor]:
    """Actors whose name or displayed name begins with `prefix` (already lower case), ours first."""
    pattern = prefix.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    found = await tx.rows(
        f"SELECT {COLUMNS} FROM actors a WHERE a.type <> 'Application' AND a.disabled_at IS NULL AND a.host_suspended = 0 "
        "AND (lower(a.username) LIKE :pattern ESCAPE '\\' OR lower(a.name) LIKE :pattern ESCAPE '\\') "
        "ORDER BY a.host, a.followers_count DESC, a.id LIMIT :limit",
        pattern=pattern,
        limit=limit,
    )
    return [Actor(*row) for row in found]


async def has_capability(tx: Reader, *, host: str, capability: str) -> bool:
    """Whether any stored actor of a host declares a capability."""
    return bool(
        await tx.value(
            "SELECT count(*) FROM actors a WHERE a.host = :host AND a.capabilities LIKE :pattern",
            host=host,
            pattern=f'%"{capability}"%',
        )
    )


async def insert_actor(tx: Transaction, actor: Actor) -> None:
    await tx.execute(_INSERT, **values(actor))


async def upsert_remote_actor(tx: Transaction, actor: Actor) -> Actor:
    """Store a fetched actor, or refresh the one stored under its uri; answers what is stored: ours are left as they are.

    A name that another uri of that host held before moves to this one: the host decides who bears it.
    """
    await tx.execute(
        "UPDATE actors SET version = version + 1, username = username || '-' || id "
        "WHERE username = :name AND handle_host = :host AND uri <> :uri",
        name=actor.username,
        host=actor.handle_host,
        uri=actor.uri,
    )
    await tx.execute(_UPSERT, **values(actor))
    stored = await get_actor_by_uri(tx, actor.uri)
    if stored is None:
        raise LookupError(actor.uri)
    return stored


async def update_actor(tx: Transaction, actor_id: int, **changes: Any) -> None:
    """Set named columns of one actor."""
    assignments = ", ".join(f"{name} = :{name}" for name in changes)
    await tx.execute(f"UPDATE actors SET version = version + 1, {assignments} WHERE id = :id", id=actor_id, **changes)
    if "disabled_at" in changes or "disabled_by" in changes:
        changed = await get_actor(tx, actor_id)
        if changed is not None:
            closed = int(changed.disabled_at is not None)
            tx.retracted("actor", uri=changed.uri, closed=closed, by=changed.disabled_by)


async def list_uris(tx: Reader, *actor_ids: int) -> list[str]:
    """What these actors are called by others, in the same order. LookupError when one is not here."""
    found = dict(map(tuple, await tx.rows("SELECT id, uri FROM actors WHERE id IN :ids", ids=list(actor_ids))))
    if missing := set(actor_ids) - found.keys():
        raise LookupError(f"no actor {missing}")
    return [found[one] for one in actor_ids]


async def update_counts(
    tx: Transaction,
    actor_id: int,
    *,
    followers: int = 0,
    following: int = 0,
    statuses: int = 0,
    last: int | None = None,
) -> None:
    """Add to the public counts of an actor. Group-only acts never call this."""
    await tx.execute(
        "UPDATE actors SET version = version + 1, followers_count = followers_count + :followers, "
        "following_count = following_count + :following, statuses_count = statuses_count + :statuses, last_status_at = coalesce(:last, last_status_at) WHERE id = :id",
        id=actor_id,
        followers=followers,
        following=following,
        statuses=statuses,
        last=last,
    )


async def get_key_and_owner(tx: Reader, uri: str) -> tuple[ActorKey, Actor] | None:
    """A key with the actor who lists it."""
    row = await tx.row(
        f"SELECT {_KEY_COLUMNS}, {COLUMNS} FROM actor_keys k JOIN actors a ON a.id = k.actor_id WHERE k.uri = :uri",
        uri=uri,
    )
    return None if row is None else (ActorKey(*tuple(row)[:_KEY_WIDTH]), Actor(*tuple(row)[_KEY_WIDTH:]))


async def list_keys(tx: Reader, actor_id: int) -> list[ActorKey]:
    """All keys of an actor, RSA first (`rsa` sorts after `ed25519`)."""
    found = await tx.rows(
        f"SELECT {_KEY_COLUMNS} FROM actor_keys k WHERE k.actor_id = :id ORDER BY k.algorithm DESC, k.uri", id=actor_id
    )
    return [ActorKey(*row) for row in found]


async def list_keys_of(tx: Reader, actor_ids: Iterable[int]) -> dict[int, list[ActorKey]]:
    found = await tx.rows(
        f"SELECT {_KEY_COLUMNS} FROM actor_keys k WHERE k.actor_id IN :ids ORDER BY k.algorithm DESC",
        ids=list(actor_ids),
    )
    keys: dict[int, list[ActorKey]] = {}
    for row in found:
        key = ActorKey(*row)
        keys.setdefault(key.actor_id, []).append(key)
    return keys


async def claim_key_refresh(tx: Transaction, uri: str, *, now: int, every: int) -> bool:
    """True for one caller when a key was last fetched, or tried to be, more than `every` milliseconds ago."""
    changed = await tx.execute(
        "UPDATE actor_keys SET fetched_at = :now WHERE uri = :uri AND fetched_at <= :before",
        uri=uri,
        now=now,
        before=now - every,
    )
    return changed > 0


async def replace_keys(tx: Transaction, actor_id: int, keys: Iterable[ActorKey]) -> None:
    """The actor has these keys and no others from now on. One that another actor has already stays with that one."""
    await tx.execute("DELETE FROM actor_keys WHERE actor_id = :id", id=actor_id)
    await tx.execute_many(_INSERT_KEY, [values(key) for key in keys])


async def get_erasing(tx: Reader) -> Actor | None:
    """Somebody whose posts are being erased."""
    return make(Actor, await tx.row(f"SELECT {COLUMNS} FROM actors a WHERE a.disabled_by = 'erasing' LIMIT 1"))


async def list_unsuspended(tx: Reader, hosts: Iterable[str]) -> list[str]:
    """Which of some hosts have actors here that are not marked as suspended."""
    found = await tx.rows(
        "SELECT DISTINCT host FROM actors WHERE host IN :hosts AND host_suspended = 0 ORDER BY host", hosts=list(hosts)
    )
    return [row[0] for row in found]


async def suspend_host(tx: Transaction, host: str, *, suspended: bool) -> None:
    """Mark or unmark every actor of a host and its subdomains; marked ones are shown to nobody."""
    await tx.execute(
        "UPDATE actors SET version = version + 1, host_suspended = :suspended WHERE host = :host OR host LIKE :below",
        suspended=int(suspended),
        host=host,
        below=f"%.{host}",
    )
