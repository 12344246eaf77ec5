"""Who has become somebody else, and what our members are called elsewhere. Must not know how either was checked."""

from collections.abc import Iterable

from storage.actors import list_actors, update_actor
from storage.database import Reader, Transaction
from storage.records import Actor


async def list_moves(tx: Reader, actors: Iterable[Actor]) -> dict[int, Actor]:
    """Who these have become, as far as that may be shown. Asks nothing where nobody moved."""
    moved = {actor.id: actor.moved_to_id for actor in actors if actor.moved_to_id is not None}
    found = await list_actors(tx, set(moved.values())) if moved else {}
    shown = {actor.id: actor for actor in found.values() if actor.disabled_at is None and not actor.host_suspended}
    return {actor_id: shown[target] for actor_id, target in moved.items() if target in shown}


async def insert_move(tx: Transaction, actor_id: int, target_id: int, *, now: int) -> None:
    """Somebody has become somebody else; the last move counts."""
    await update_actor(tx, actor_id, moved_to_id=target_id, moved_at=now)


async def end_move(tx: Transaction, actor_id: int, *, unless: str | None = None) -> bool:
    """Somebody is themselves again, unless they have become the actor with this uri. When they moved stays known: they
    do not move again so soon. False when nothing changed.
    """
    ended = await tx.execute(
        "UPDATE actors SET version = version + 1, moved_to_id = NULL WHERE id = :id "
        "AND moved_to_id NOT IN (SELECT a.id FROM actors a WHERE a.uri = :uri)",
        id=actor_id,
        uri=unless or "",
    )
    return ended > 0


async def list_aliases(tx: Reader, actor_id: int) -> list[str]:
    """What a member of ours is called elsewhere, as uris."""
    found = await tx.rows("SELECT l.uri FROM aliases l WHERE l.actor_id = :id ORDER BY l.uri", id=actor_id)
    return [row[0] for row in found]


async def insert_alias(tx: Transaction, actor_id: int, uri: str) -> None:
    await tx.execute(
        "INSERT INTO aliases (actor_id, uri) VALUES (:id, :uri) ON CONFLICT (actor_id, uri) DO NOTHING",
        id=actor_id,
        uri=uri,
    )


async def delete_alias(tx: Transaction, actor_id: int, uri: str) -> None:
    await tx.execute("DELETE FROM aliases WHERE actor_id = :id AND uri = :uri", id=actor_id, uri=uri)
