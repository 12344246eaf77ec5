"""Which hosts keep nothing of a private group any more, as they say. Must not know how a group's posts are deleted."""

from storage.database import Reader, Transaction
from storage.groups import PRESENT

_SAID = "coalesce((SELECT p.epoch FROM purges p WHERE p.group_id = m.group_id AND p.host = a.host), -1)"


async def get_unsaid(tx: Reader, group_id: int, host: str) -> int | None:
    """The epoch of the last act on a membership of a host's people, if they are gone and that is not said of it yet."""
    epoch = await tx.value(
        "SELECT max(m.epoch) FROM memberships m JOIN actors a ON a.id = m.actor_id "
        f"WHERE m.group_id = :group AND a.host = :host AND m.epoch > {_SAID}",
        group=group_id,
        host=host,
    )
    return None if epoch is None else int(epoch)


async def list_unsaid(tx: Reader, group_id: int) -> list[str]:
    """Hosts without members that were sent posts of a group of ours, and have not said that they purged them."""
    found = await tx.rows(
        "SELECT a.host FROM memberships m JOIN actors a ON a.id = m.actor_id WHERE m.group_id = :group AND a.host <> '' "
        f"GROUP BY m.group_id, a.host HAVING max(CASE WHEN m.state IN {PRESENT} THEN 1 ELSE 0 END) = 0 "
        f"AND max(m.epoch) > {_SAID} AND EXISTS (SELECT 1 FROM receipts r JOIN statuses s ON s.uri = r.object_uri "
        "WHERE s.group_id = m.group_id AND r.host = a.host) ORDER BY a.host",
        group=group_id,
    )
    return [row[0] for row in found]


async def upsert_purge(tx: Transaction, group_id: int, host: str, *, epoch: int, now: int) -> None:
    """A later word of a host counts, an earlier one changes nothing."""
    await tx.execute(
        "INSERT INTO purges (group_id, host, epoch, purged_at) VALUES (:group, :host, :epoch, :now) "
        "ON CONFLICT (group_id, host) DO UPDATE SET epoch = excluded.epoch, purged_at = excluded.purged_at "
        "WHERE purges.epoch < excluded.epoch",
        group=group_id,
        host=host,
        epoch=epoch,
        now=now,
    )
