"""Whom a name on the command line means, and telling that person what was done. Must not know any command."""

from federation.context import Context
from federation.local_actors import INSTANCE_ACTOR_ID
from federation.outbox.notes import Draft, publish
from policies.decision import Deny, Hold
from policies.sentences import sentence
from policies.terms import Audience
from server.cli.console import Refused
from server.speech import say
from storage import actors, groups, members, public_groups
from storage.database import Reader
from storage.members import Person
from storage.records import Actor, Group, PublicGroup


async def get_member(tx: Reader, name: str) -> Person:
    """A member of ours by name. Refused for anybody else, and for channels."""
    actor = await actors.get_actor_by_handle(tx, name.removeprefix("@"), "")
    person = await members.get_person(tx, actor.id) if actor and actor.type == "Person" else None
    if person is None:
        raise Refused(say(f"no member {name} here", f"pas de membre {name} ici"))
    return person


async def get_group(tx: Reader, name: str) -> tuple[Group, Actor]:
    """A group of ours by name. Refused for anything else."""
    actor = await actors.get_actor_by_handle(tx, name.removeprefix("@"), "")
    group = await groups.get_group(tx, actor.id) if actor else None
    if actor is None or group is None:
        raise Refused(say(f"no group {name} here", f"pas de groupe {name} ici"))
    return group, actor


async def get_any_group(tx: Reader, name: str) -> tuple[Group | PublicGroup, Actor]:
    """A group of ours by name, private or public. Refused for anything else."""
    actor = await actors.get_actor_by_handle(tx, name.removeprefix("@"), "")
    public = await public_groups.get_public_group(tx, actor.id) if actor else None
    return (public, actor) if public is not None and actor is not None else await get_group(tx, name)


async def get_channel(tx: Reader, name: str) -> Actor:
    """A channel of ours by name. Refused for anything else."""
    actor = await actors.get_actor_by_handle(tx, name.removeprefix("@"), "")
    if actor is None or actor.type != "Service":
        raise Refused(say(f"no channel {name} here", f"pas de chaîne {name} ici"))
    return actor


async def get_anyone(tx: Reader, name: str) -> Actor:
    """Anyone we know, as `name` here or `name@domain` elsewhere. Refused for others."""
    username, _, domain = name.removeprefix("@").partition("@")
    actor = await actors.get_actor_by_handle(tx, username, domain)
    if actor is None:
        raise Refused(say(f"nobody known as {name}", f"personne n'est connu sous le nom {name}"))
    return actor


async def tell_member(ctx: Context, person: Person, *, french: str, english: str) -> None:
    """A direct message from the instance: what gives access to an account is never done behind its owner's back."""
    text = french if person.member.locale == "fr" else english
    await publish(ctx, INSTANCE_ACTOR_ID, Draft(f"@{person.actor.username} {text}", Audience.DIRECT))


def refuse(decision: Deny | Hold) -> Refused:
    """A decision that stops a command, with its reason as an admin reads it."""
    words = {
        language: sentence(decision.reason, reader="admin", language=language, about=decision.about)
        for language in ("en", "fr")
    }
    return Refused(say(words["en"], words["fr"]))
