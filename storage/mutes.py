"""Whom members want to hear less of, for a time or until further notice. The muted are not told, and lose nothing."""

from collections.abc import Iterable

from storage.database import Reader, Transaction
from storage.records import Mute, columns, placeholders, values

FOR_EVER = 2**63 - 1

_COLUMNS = columns(Mute, "m")
_INSERT = "INSERT INTO mutes ({}) VALUES ({})".format(*placeholders(Mute))


async def list_mutes(tx: Reader, owner_id: int, target_ids: Iterable[int], *, now: int) -> dict[int, Mute]:
    """A member's mutes of these actors that have not run out."""
    found = await tx.rows(
        f"SELECT {_COLUMNS} FROM mutes m WHERE m.owner_id = :owner AND m.target_id IN :ids AND m.until > :now",
        owner=owner_id,
        ids=list(target_ids),
        now=now,
    )
    return {mute.target_id: mute for mute in (Mute(*row) for row in found)}


async def list_mutes_of(tx: Reader, target_id: int, *, now: int) -> list[Mute]:
    """Everybody's mutes of somebody that have not run out."""
    found = await tx.rows(
        f"SELECT {_COLUMNS} FROM mutes m WHERE m.target_id = :target AND m.until > :now", target=target_id, now=now
    )
    return [Mute(*row) for row in found]


async def upsert_mute(tx: Transaction, mute: Mute) -> None:
    """The later word holds: how long, and whether notifications too."""
    await tx.execute(
        f"{_INSERT} ON CONFLICT (owner_id, target_id) DO UPDATE SET notifications = excluded.notifications, "
        "until = excluded.until",
        **values(mute),
    )


async def delete_mute(tx: Transaction, owner_id: int, target_id: int) -> None:
    await tx.execute(
        "DELETE FROM mutes WHERE owner_id = :owner AND target_id = :target", owner=owner_id, target=target_id
    )


async def delete_mutes_before(tx: Transaction, moment: int) -> None:
    """Forget those that have run out (unix ms)."""
    await tx.execute("DELETE FROM mutes WHERE until <= :moment", moment=moment)
