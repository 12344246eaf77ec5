"""Which access tokens are good at this moment, by id: for what outlives a request, like open streams and links to files.

Must not know what a token allows: that is read once, with the request that brought the token (`storage.oauth`).
"""

from collections.abc import Iterable

from storage.database import Reader


async def list_live(tx: Reader, token_ids: Iterable[int]) -> dict[int, int]:
    """Those of these tokens that still stand, each with its member, neither of whose account nor actor is disabled."""
    found = await tx.rows(
        "SELECT t.id, t.actor_id FROM tokens t "
        "JOIN members m ON m.actor_id = t.actor_id AND m.disabled_at IS NULL "
        "JOIN actors a ON a.id = t.actor_id AND a.disabled_at IS NULL WHERE t.id IN :ids",
        ids=list(token_ids),
    )
    return {row[0]: row[1] for row in found}
