"""How often people and apps have asked, over all processes. Kept for as long as a window lasts; names are hashes."""

from collections.abc import Mapping

from storage.database import Transaction

Key = tuple[str, str, int]


async def add_counts(tx: Transaction, counts: Mapping[Key, int]) -> dict[Key, int]:
    """Add to the counts of (rate, who, start of the window in unix ms); answers what each is now."""
    await tx.execute_many(
        "INSERT INTO rate_counts (rate, who, started_at, count) VALUES (:rate, :who, :started, :count) "
        "ON CONFLICT (who, rate, started_at) DO UPDATE SET count = rate_counts.count + excluded.count",
        [
            {"rate": rate, "who": who, "started": started, "count": counts[rate, who, started]}
            for rate, who, started in sorted(counts)  # in one order, so that two processes do not wait for each other
        ],
    )
    rows = await tx.rows(
        "SELECT r.rate, r.who, r.started_at, r.count FROM rate_counts r WHERE r.who IN :who",
        who=sorted({who for _, who, _ in counts}),
    )
    return {(row[0], row[1], row[2]): row[3] for row in rows if (row[0], row[1], row[2]) in counts}


async def delete_counts_before(tx: Transaction, moment: int) -> None:
    """Forget windows that began before a moment (unix ms)."""
    await tx.execute("DELETE FROM rate_counts WHERE started_at < :moment", moment=moment)
