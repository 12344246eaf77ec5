"""The accounts of people here, their browser sessions and one-time sign-in links.

Secrets come as hashes only, and e-mail addresses in lower case. Must not know passwords, cookies, or what a role allows.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from storage.actors import COLUMNS as ACTOR_COLUMNS
from storage.actors import list_uris
from storage.database import Reader, Row, Transaction
from storage.ids import new_id
from storage.records import Actor, Member, Session, columns, placeholders, values

_MEMBER = columns(Member, "m")
_INSERT = "INSERT INTO members ({}) VALUES ({})".format(*placeholders(Member))
PEOPLE = f"SELECT {_MEMBER}, {ACTOR_COLUMNS} FROM members m JOIN actors a ON a.id = m.actor_id"
_ENABLED = "m.disabled_at IS NULL AND a.disabled_at IS NULL"
_SESSION = columns(Session, "s")
_INSERT_SESSION = "INSERT INTO sessions ({}) VALUES ({})".format(*placeholders(Session))
_WIDTH = _MEMBER.count(",") + 1


@dataclass(frozen=True, slots=True)
class Person:
    """A member with the actor they act as."""

    member: Member
    actor: Actor

    @property
    def enabled(self) -> bool:
        """Neither the account nor the actor has been disabled."""
        return self.member.disabled_at is None and self.actor.disabled_at is None


async def insert_member(tx: Transaction, member: Member) -> None:
    await tx.execute(_INSERT, **values(member))


async def update_member(tx: Transaction, actor_id: int, **changes: Any) -> None:
    """Set named columns of one member."""
    assignments = ", ".join(f"{name} = :{name}" for name in changes)
    await tx.execute(f"UPDATE members SET {assignments} WHERE actor_id = :id", id=actor_id, **changes)
    if "disabled_at" in changes:
        (uri,) = await list_uris(tx, actor_id)
        tx.retracted("account", uri=uri, closed=int(changes["disabled_at"] is not None))


async def delete_member(tx: Transaction, actor_id: int) -> None:
    """The account is gone with all that signs in to it; the actor stays."""
    for table in ("sessions", "sign_in_links", "tokens", "oauth_codes"):
        await tx.execute(f"DELETE FROM {table} WHERE actor_id = :id", id=actor_id)
    await tx.execute("DELETE FROM members WHERE actor_id = :id", id=actor_id)


async def lock_member(tx: Transaction, actor_id: int) -> None:
    """Let nobody else do what locks this member until the transaction ends: for counting before adding."""
    await tx.row("SELECT actor_id FROM members WHERE actor_id = :id /*pg FOR UPDATE*/", id=actor_id)


async def get_person(tx: Reader, actor_id: int) -> Person | None:
    return _person(await tx.row(f"{PEOPLE} WHERE m.actor_id = :id", id=actor_id))


async def get_person_by_login(tx: Reader, login: str) -> Person | None:
    """Whoever signs in by this e-mail address or name, without case."""
    return _person(
        await tx.row(
            f"{PEOPLE} WHERE a.type = 'Person' AND (m.email = :login OR lower(a.username) = :login)",
            login=login.lower(),
        ),
    )


async def list_ids_with_roles(tx: Reader, roles: Collection[str]) -> list[int]:
    """The actors of those members who have one of these roles and whose accounts are open."""
    found = await tx.rows(
        f"SELECT m.actor_id FROM members m JOIN actors a ON a.id = m.actor_id WHERE m.role IN :roles AND {_ENABLED}",
        roles=list(roles),
    )
    return [row[0] for row in found]


async def list_people(tx: Reader) -> list[Person]:
    """Every member by name, the disabled ones too; channels are none."""
    return [joined(row) for row in await tx.rows(f"{PEOPLE} WHERE a.type = 'Person' ORDER BY a.username")]


async def insert_session(
    tx: Transaction, *, hashed: str, actor_id: int, now: int, expires_at: int, browser: str = ""
) -> None:
    """Open a browser session, and forget all that have expired."""
    await tx.execute("DELETE FROM sessions WHERE expires_at <= :now", now=now)
    await tx.execute(_INSERT_SESSION, **values(Session(new_id(now), hashed, actor_id, browser, now, expires_at)))


async def list_sessions_of(tx: Reader, actor_id: int, *, now: int) -> list[Session]:
    """Where a member is signed in now, newest first."""
    rows = await tx.rows(
        f"SELECT {_SESSION} FROM sessions s WHERE s.actor_id = :actor AND s.expires_at > :now ORDER BY s.id DESC",
        actor=actor_id,
        now=now,
    )
    return [Session(*row) for row in rows]


async def get_person_by_session(tx: Reader, hashed: str, *, now: int) -> Person | None:
    """Whose live session this is; nobody's once the member is disabled."""
    return _person(
        await tx.row(
            f"{PEOPLE} JOIN sessions s ON s.actor_id = m.actor_id "
            f"WHERE s.hash = :hash AND s.expires_at > :now AND {_ENABLED}",
            hash=hashed,
            now=now,
        )
    )


async def delete_session(tx: Transaction, hashed: str) -> None:
    await tx.execute("DELETE FROM sessions WHERE hash = :hash", hash=hashed)


async def delete_session_of(tx: Transaction, actor_id: int, session_id: int) -> None:
    """End one session of this member."""
    await tx.execute("DELETE FROM sessions WHERE id = :id AND actor_id = :actor", id=session_id, actor=actor_id)


async def delete_sessions_of(tx: Transaction, actor_id: int, *, but: str = "") -> None:
    """End every session of a member, except the one with the hash `but`."""
    await tx.execute("DELETE FROM sessions WHERE actor_id = :actor AND hash <> :but", actor=actor_id, but=but)


async def delete_all_sessions(tx: Transaction) -> None:
    """Nobody is signed in any more, and nobody can be by a link that was sent."""
    for table in ("sessions", "sign_in_links", "challenges"):
        await tx.execute(f"DELETE FROM {table}")


async def insert_link(tx: Transaction, *, hashed: str, actor_id: int, now: int, expires_at: int) -> None:
    """Record a sign-in link, and forget all that have expired."""
    await tx.execute("DELETE FROM sign_in_links WHERE expires_at <= :now", now=now)
    await tx.execute(
        "INSERT INTO sign_in_links (hash, actor_id, expires_at) VALUES (:hash, :actor, :expires)",
        hash=hashed,
        actor=actor_id,
        expires=expires_at,
    )


async def get_person_by_link(tx: Reader, hashed: str, *, now: int) -> Person | None:
    """Whom a live link would sign in; the link stays good."""
    return _person(
        await tx.row(
            f"{PEOPLE} JOIN sign_in_links l ON l.actor_id = m.actor_id "
            f"WHERE l.hash = :hash AND l.expires_at > :now AND {_ENABLED}",
            hash=hashed,
            now=now,
        )
    )


async def claim_link(tx: Transaction, hashed: str, *, now: int) -> Person | None:
    """Whom the link signs in. It is good once: of two who claim it, one gets None."""
    claimed = await tx.rows(
        "DELETE FROM sign_in_links WHERE hash = :hash AND expires_at > :now RETURNING actor_id", hash=hashed, now=now
    )
    person = await get_person(tx, claimed[0][0]) if claimed else None
    return person if person is not None and person.enabled else None


def joined(row: Row) -> Person:
    fields = tuple(row)
    return Person(Member(*fields[:_WIDTH]), Actor(*fields[_WIDTH:]))


def _person(row: Row | None) -> Person | None:
    return None if row is None else joined(row)
