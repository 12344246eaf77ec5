"""People as those who look after the instance look for them. Private groups are no people: whoever is not in one does not
find it here either. Must not know who may look.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from storage.actors import COLUMNS
from storage.database import Reader, Row
from storage.pages import Page
from storage.records import Actor, Member, columns

_MEMBER = columns(Member, "m")
_WIDTH = COLUMNS.count(",") + 1
_PEOPLE = f"SELECT {COLUMNS}, {_MEMBER} FROM actors a LEFT JOIN members m ON m.actor_id = a.id"
_LISTED = (
    "a.type IN ('Person', 'Service') AND (a.disabled_at IS NULL OR a.disabled_by IN ('here', 'home') "
    "OR (:waiting = 1 AND m.actor_id IS NOT NULL AND (m.confirmed_at IS NULL OR m.approved_at IS NULL))) "
    "AND NOT EXISTS (SELECT 1 FROM groups g WHERE g.actor_id = a.id)"
)
STATES = {
    "active": "a.disabled_at IS NULL",
    "disabled": "m.disabled_at IS NOT NULL",
    "silenced": "a.silenced_at IS NOT NULL",
    "suspended": "a.disabled_by IN ('here', 'home')",
    "pending": "m.actor_id IS NOT NULL AND m.approved_at IS NULL",
    "sensitized": "a.sensitized_at IS NOT NULL",
}


@dataclass(frozen=True, slots=True)
class Known:
    """Somebody, with their account when it is here."""

    actor: Actor
    member: Member | None


@dataclass(frozen=True, slots=True)
class Sought:
    """Whom to list; what is empty is not asked. `origin`: local or remote; `states`: names of `STATES`, all of which hold;
    `roles`: any of them; names and e-mail address by how they begin; `waiting`: who is not in yet as well.
    """

    origin: str = ""
    states: tuple[str, ...] = ()
    host: str = ""
    username: str = ""
    name: str = ""
    email: str = ""
    roles: tuple[str, ...] = ()
    waiting: bool = False


async def list_known(tx: Reader, sought: Sought, page: Page) -> list[Known]:
    """Newest first."""
    order = "ASC" if page.oldest_first else "DESC"
    states = "".join(f" AND {STATES[state]}" for state in sought.states)
    found = await tx.rows(
        f"{_PEOPLE} WHERE {_LISTED}{states} AND a.id > :after AND a.id < :before "
        "AND (:origin = '' OR (:origin = 'local' AND a.host = '') OR (:origin = 'remote' AND a.host <> '')) "
        "AND (:host = '' OR a.host = :host OR a.handle_host = :host) "
        "AND (:username = '' OR lower(a.username) LIKE :username ESCAPE '\\') "
        "AND (:name = '' OR lower(a.name) LIKE :name ESCAPE '\\') AND (:email = '' OR m.email LIKE :email ESCAPE '\\') "
        f"AND (:all_roles = 1 OR m.role IN :roles) ORDER BY a.id {order} LIMIT :limit",
        after=page.after,
        before=page.before,
        limit=page.limit,
        **_parameters(sought),
    )
    listed = [_known(row) for row in found]
    return listed[::-1] if page.oldest_first else listed


def _parameters(sought: Sought) -> dict[str, Any]:
    return {
        "origin": sought.origin,
        "host": sought.host.lower(),
        "username": _beginning(sought.username),
        "name": _beginning(sought.name),
        "email": _beginning(sought.email),
        "all_roles": int(not sought.roles),
        "roles": sought.roles,
        "waiting": int(sought.waiting),
    }


def _beginning(text: str) -> str:
    escaped = text.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"{escaped}%" if escaped else ""


async def list_known_by_id(tx: Reader, actor_ids: Collection[int]) -> dict[int, Known]:
    """Whoever these are: what a report names, deleted people and instances' own actors too."""
    found = await tx.rows(f"{_PEOPLE} WHERE a.id IN :ids", ids=list(actor_ids))
    return {row[0]: _known(row) for row in found}


async def get_known(tx: Reader, actor_id: int, *, waiting: bool) -> Known | None:
    """Somebody who would be listed."""
    row = await tx.row(f"{_PEOPLE} WHERE a.id = :id AND {_LISTED}", id=actor_id, waiting=int(waiting))
    return None if row is None else _known(row)


def _known(row: Row) -> Known:
    fields = tuple(row)
    member = fields[_WIDTH:]
    return Known(Actor(*fields[:_WIDTH]), None if member[0] is None else Member(*member))
