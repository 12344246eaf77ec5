"""Members who act as a channel or a group, with tokens as the consent page makes them."""

from federation.outbox import channels
from storage.database import Database, Reader
from storage.ids import new_id
from storage.members import Person
from storage.oauth import get_app_by_client_id, insert_token
from storage.records import Actor, Token
from tests.web.api_world import World
from tests.web.people import EVERYTHING
from web.oauth.tokens import CONSOLE, issue_console_token
from web.tokens import hash_token, new_token


async def token_as(db: Database, operator: Actor, actor: Actor, *, now: int) -> str:
    """An access token by which a member acts as somebody, whether or not they may."""
    await issue_console_token(db, operator.id, EVERYTHING, now=now)
    app = await db.read(lambda tx: get_app_by_client_id(tx, CONSOLE))
    assert app is not None
    token = new_token()
    row = Token(new_id(now), hash_token(token), app.id, actor.id, " ".join(EVERYTHING), now, operator_id=operator.id)
    await db.transact(lambda tx: insert_token(tx, row))
    return token


async def act_as(world: World, operator: Person, actor: Actor) -> Person:
    """Whom a world's questions are asked as from now on: the channel or the group, by this member."""
    world.tokens[actor.id] = {
        "Authorization": f"Bearer {await token_as(world.db, operator.actor, actor, now=world.tick())}"
    }
    return Person(operator.member, actor)


async def make_channel(world: World, name: str, operator: Person) -> Actor:
    world.tick()
    return await channels.create(world.ctx, name, name.title(), operator.actor.id, by="console")


async def list_acts(world: World) -> list[tuple[str, str, str]]:
    """The audit log: who, what, about whom; oldest first."""

    async def unit(tx: Reader) -> list[tuple[str, str, str]]:
        return [tuple(row) for row in await tx.rows("SELECT actor, act, subject FROM audit ORDER BY id")]

    return await world.db.read(unit)
