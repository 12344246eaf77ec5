"""Synthetic members for tests: an actor and its account, without keys (they cost an RSA key each)."""

from federation.context import Origin
from federation.local_actors import new_actor
from storage.actors import insert_actor
from storage.database import Database, Transaction
from storage.ids import new_id
from storage.members import Person, insert_member
from storage.records import Member
from web.oauth.tokens import issue_console_token
from web.passwords import hash_password

PASSWORD = "correct horse battery staple"
NOW = 1_795_000_000_000
ORIGIN = Origin("chu-a.example", "chu-a.example")
EVERYTHING = ("read", "write", "follow", "push", "admin:read", "admin:write")


async def add_person(
    db: Database,
    name: str,
    *,
    origin: Origin = ORIGIN,
    password: str = "",
    role: str = "member",
    locale: str = "en",
    now: int = NOW,
) -> Person:
    """A member called `name` whose mail is at clinic.example; without a password nobody signs in as them."""
    hashed = await hash_password(password) if password else ""

    async def unit(tx: Transaction) -> Person:
        actor = new_actor(origin, new_id(now), "Person", name, f"Dr {name.title()}", now)
        member = Member(
            actor.id,
            f"{name.lower()}@clinic.example",
            hashed,
            role,
            locale,
            "followers",
            now,
            None,
            confirmed_at=now,
            approved_at=now,
        )
        await insert_actor(tx, actor)
        await insert_member(tx, member)
        return Person(member, actor)

    return await db.transact(unit)


async def add_token(
    db: Database, person: Person, scopes: tuple[str, ...] = EVERYTHING, *, now: int = NOW
) -> dict[str, str]:
    """The headers of a request that this person makes."""
    return {"Authorization": f"Bearer {await issue_console_token(db, person.actor.id, scopes, now=now)}"}
