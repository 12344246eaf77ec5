"""What was told to those who look after the instance about people and their posts. Must not know who may read it."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from storage.database import Reader, Transaction
from storage.pages import Page
from storage.records import Report, columns, make, placeholders, values

_COLUMNS = columns(Report, "r")
_INSERT = "INSERT INTO reports ({}) VALUES ({})".format(*placeholders(Report))


async def insert_report(tx: Transaction, report: Report, status_ids: Iterable[int]) -> None:
    await tx.execute(_INSERT, **values(report))
    await tx.execute_many(
        "INSERT INTO report_statuses (report_id, status_id) VALUES (:report, :status)",
        [{"report": report.id, "status": status_id} for status_id in status_ids],
    )


async def get_report(tx: Reader, report_id: int) -> Report | None:
    return make(Report, await tx.row(f"SELECT {_COLUMNS} FROM reports r WHERE r.id = :id", id=report_id))


async def is_known(tx: Reader, uri: str, target_id: int) -> bool:
    """Whether this report of this person has come before."""
    return bool(
        await tx.value(
            "SELECT count(*) FROM reports WHERE uri = :uri AND target_id = :target", uri=uri, target=target_id
        )
    )


async def list_by_id(tx: Reader, report_ids: Collection[int]) -> dict[int, Report]:
    if not report_ids:
        return {}
    found = await tx.rows(f"SELECT {_COLUMNS} FROM reports r WHERE r.id IN :ids", ids=list(report_ids))
    return {row[0]: Report(*row) for row in found}


@dataclass(frozen=True, slots=True)
class Sought:
    """Which reports: settled, open, or both; of one person, about one person, about people of one host."""

    settled: bool = False
    open: bool = True
    actor_id: int = 0
    target_id: int = 0
    target_host: str = ""


async def list_reports(tx: Reader, page: Page, sought: Sought) -> list[Report]:
    """A page, newest first."""
    order = "ASC" if page.oldest_first else "DESC"
    found = await tx.rows(
        f"SELECT {_COLUMNS} FROM reports r WHERE r.id > :after AND r.id < :before "
        "AND ((:settled = 1 AND r.resolved_at IS NOT NULL) OR (:open = 1 AND r.resolved_at IS NULL)) "
        "AND (r.actor_id = :actor OR :actor = 0) AND (r.target_id = :target OR :target = 0) "
        "AND (:host = '' OR EXISTS (SELECT 1 FROM actors t WHERE t.id = r.target_id AND :host IN (t.host, t.handle_host))) "
        f"ORDER BY r.id {order} LIMIT :limit",
        after=page.after,
        before=page.before,
        settled=int(sought.settled),
        open=int(sought.open),
        actor=sought.actor_id,
        target=sought.target_id,
        host=sought.target_host,
        limit=page.limit,
    )
    listed = [Report(*row) for row in found]
    return listed[::-1] if page.oldest_first else listed


async def list_open_ids(tx: Reader, target_id: int) -> list[int]:
    """What is reported of a person and not settled."""
    found = await tx.rows(
        "SELECT id FROM reports WHERE target_id = :target AND resolved_at IS NULL ORDER BY id", target=target_id
    )
    return [row[0] for row in found]


async def list_status_ids(tx: Reader, report_ids: Collection[int]) -> dict[int, list[int]]:
    """The posts that reports name, by report; whoever shows them asks who may see them."""
    found = await tx.rows(
        "SELECT report_id, status_id FROM report_statuses WHERE report_id IN :ids ORDER BY status_id",
        ids=list(report_ids),
    )
    named: dict[int, list[int]] = {}
    for report_id, status_id in found:
        named.setdefault(report_id, []).append(status_id)
    return named


async def update_report(tx: Transaction, report_id: int, *, now: int, **changes: Any) -> None:
    """Set named columns of one report."""
    assignments = ", ".join(f"{name} = :{name}" for name in changes)
    await tx.execute(
        f"UPDATE reports SET changed_at = :now, {assignments} WHERE id = :id", id=report_id, now=now, **changes
    )
