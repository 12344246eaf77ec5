"""People who asked for an account and are not in yet, and the links that show whose an e-mail address is.

Until they are let in their actor is disabled, so that nothing shows that they are here but the name, which is taken.
Links come as hashes only. Must not know who lets them in.
"""

from storage.database import Reader, Transaction
from storage.members import PEOPLE, Person, joined

_WAITING = "(m.confirmed_at IS NULL OR m.approved_at IS NULL)"


async def list_waiting(tx: Reader) -> list[Person]:
    """Who is not in yet, those who came first first."""
    return [joined(row) for row in await tx.rows(f"{PEOPLE} WHERE {_WAITING} ORDER BY m.actor_id")]


async def delete_waiting(tx: Transaction, actor_id: int) -> None:
    """Forget somebody who is not in yet, whole: account, name, address, tokens. Nobody who ever was in."""
    await tx.execute(
        "DELETE FROM actors WHERE id = :id AND EXISTS "
        f"(SELECT 1 FROM members m WHERE m.actor_id = actors.id AND {_WAITING})",
        id=actor_id,
    )
