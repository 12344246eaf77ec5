"""Making actors of our own: the instance itself, members, groups. Keys are made outside transactions: RSA takes long."""

import asyncio
from dataclasses import dataclass

from federation.context import Origin
from federation.wire.keys import PrivateKey, generate_ed25519, generate_rsa
from policies.terms import GROUP_ONLY
from storage import actors
from storage.database import Transaction
from storage.records import Actor, ActorKey, as_json

INSTANCE_ACTOR_ID = 1


@dataclass(frozen=True, slots=True)
class NewKeys:
    rsa: PrivateKey
    ed25519: PrivateKey


async def make_keys(uri: str) -> NewKeys:
    """Both keys for a new actor, made in a thread."""
    rsa = await asyncio.to_thread(generate_rsa, f"{uri}#main-key", uri)
    return NewKeys(rsa, generate_ed25519(f"{uri}#ed25519-key", uri))


def new_actor(origin: Origin, actor_id: int, type_: str, username: str, name: str, now: int) -> Actor:
    """A local actor as it begins: locked for groups, unlisted until its owner says otherwise."""
    instance = actor_id == INSTANCE_ACTOR_ID
    uri = origin.instance_actor if instance else origin.actor(actor_id)
    return Actor(
        id=actor_id,
        uri=uri,
        host="",
        type=type_,
        username=username,
        handle_host="",
        name=name,
        summary="",
        url=f"{origin.base}/about" if instance else origin.profile(username),
        avatar=None,
        header=None,
        fields="[]",
        emojis="[]",
        capabilities=as_json([GROUP_ONLY]),
        inbox=f"{uri}/inbox",
        shared_inbox=origin.shared_inbox,
        outbox=f"{uri}/outbox",
        followers=f"{uri}/followers",
        following=f"{uri}/following",
        credential=None,
        locked=int(type_ in {"Group", "Application"}),
        discoverable=0,
        indexable=0,
        followers_count=0,
        following_count=0,
        statuses_count=0,
        last_status_at=None,
        created_at=now,
        updated_at=now,
        fetched_at=None,
        disabled_at=None,
        host_suspended=0,
    )


async def insert_local_actor(tx: Transaction, actor: Actor, keys: NewKeys, now: int) -> None:
    await actors.insert_actor(tx, actor)
    made = (keys.rsa, keys.ed25519)
    await actors.replace_keys(
        tx,
        actor.id,
        [ActorKey(key.id, actor.id, key.algorithm, key.public.material, key.material, now) for key in made],
    )
