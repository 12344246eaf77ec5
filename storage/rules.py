"""The ruleset's versions: appended, never changed; and drafts that wait for a second admin."""

from dataclasses import dataclass

from storage.database import Reader, Transaction
from storage.records import columns, make, placeholders, values


@dataclass(frozen=True, slots=True)
class RulesetVersion:
    version: int
    body: str
    author: str
    reason: str
    created_at: int


@dataclass(frozen=True, slots=True)
class RulesetDraft:
    """A text that would widen what version `base` allows."""

    id: int
    base: int
    body: str
    author: str
    reason: str
    created_at: int


_COLUMNS = columns(RulesetVersion, "r")
_DRAFT = columns(RulesetDraft, "d")
_INSERT_DRAFT = "INSERT INTO ruleset_drafts ({}) VALUES ({})".format(*placeholders(RulesetDraft))


async def get_current(tx: Reader) -> RulesetVersion | None:
    """The version in force; None before `init`."""
    return make(RulesetVersion, await tx.row(f"SELECT {_COLUMNS} FROM rulesets r ORDER BY version DESC LIMIT 1"))


async def get_version(tx: Reader, version: int) -> RulesetVersion | None:
    return make(
        RulesetVersion, await tx.row(f"SELECT {_COLUMNS} FROM rulesets r WHERE version = :version", version=version)
    )


async def list_versions(tx: Reader) -> list[RulesetVersion]:
    """Every version, newest first."""
    return [RulesetVersion(*row) for row in await tx.rows(f"SELECT {_COLUMNS} FROM rulesets r ORDER BY version DESC")]


async def insert_version(tx: Transaction, *, body: str, author: str, reason: str, now: int) -> int:
    """Put a new version in force; answers its number. Two admins at once: the second one's number collides and fails."""
    version = 1 + (await tx.value("SELECT coalesce(max(version), 0) FROM rulesets") or 0)
    tx.retracted("rules", version=version, body=body, author=author, reason=reason)
    await tx.execute(
        "INSERT INTO rulesets (version, body, author, reason, created_at) "
        "VALUES (:version, :body, :author, :reason, :now)",
        version=version,
        body=body,
        author=author,
        reason=reason,
        now=now,
    )
    return version


async def list_drafts(tx: Reader) -> list[RulesetDraft]:
    """Every draft that waits, oldest first."""
    return [RulesetDraft(*row) for row in await tx.rows(f"SELECT {_DRAFT} FROM ruleset_drafts d ORDER BY d.id")]


async def get_draft(tx: Reader, draft_id: int) -> RulesetDraft | None:
    row = await tx.row(f"SELECT {_DRAFT} FROM ruleset_drafts d WHERE d.id = :id", id=draft_id)
    return make(RulesetDraft, row)


async def insert_draft(tx: Transaction, draft: RulesetDraft) -> None:
    await tx.execute(_INSERT_DRAFT, **values(draft))


async def delete_draft(tx: Transaction, draft_id: int) -> None:
    """It was put in force, or dropped: the audit log says which."""
    await tx.execute("DELETE FROM ruleset_drafts WHERE id = :id", id=draft_id)
