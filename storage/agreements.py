"""Which ends of agreements with peers the admins were told of. Must not know when that is due."""

from storage.database import Reader, Transaction

Warned = tuple[str, str, int]  # host, last day of its agreement (ISO 8601), how many days before it


async def list_warned(tx: Reader) -> set[Warned]:
    return {(row[0], row[1], row[2]) for row in await tx.rows("SELECT host, until, days FROM agreement_warnings")}


async def insert_warned(tx: Transaction, warned: Warned, *, now: int) -> bool:
    """False when they were told before."""
    host, until, days = warned
    return (
        await tx.execute(
            "INSERT INTO agreement_warnings (host, until, days, warned_at) VALUES (:host, :until, :days, :now) "
            "ON CONFLICT DO NOTHING",
            host=host,
            until=until,
            days=days,
            now=now,
        )
        > 0
    )
