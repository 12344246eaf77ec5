"""The ruleset's versions: appended, never changed."""

from dataclasses import dataclass

from storage.database import Reader, Transaction
from storage.records import columns, make


@dataclass(frozen=True, slots=True)
class RulesetVersion:
    version: int
    body: str
    author: str
    reason: str
    created_at: int


_COLUMNS = columns(RulesetVersion, "r")


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
