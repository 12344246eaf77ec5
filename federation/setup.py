"""The first act of an instance: its own actor with keys, its first ruleset, its secrets."""

import secrets

from federation.context import Context
from federation.local_actors import INSTANCE_ACTOR_ID, insert_local_actor, make_keys, new_actor
from policies.edits import closed_network
from storage import audit, instance, rules
from storage.database import Transaction

SECRETS = ("media_links", "sessions", "vapid")


async def create_instance(ctx: Context, *, organisation: str) -> None:
    """Fill an empty, migrated database. An instance that exists already is left as it is, with an error."""
    now = ctx.now()
    # Mastodon names the instance actor after its domain, and resolves it by WebFinger like any other.
    name = ctx.origin.host.partition(":")[0]
    actor = new_actor(ctx.origin, INSTANCE_ACTOR_ID, "Application", name, organisation, now)
    keys = await make_keys(actor.uri)

    async def unit(tx: Transaction) -> None:
        await insert_local_actor(tx, actor, keys, now)
        await rules.insert_version(
            tx, body=closed_network(organisation), author="console", reason="a closed network to begin with", now=now
        )
        for name in SECRETS:
            await instance.insert_value(tx, name, secrets.token_hex(32))
        await instance.insert_value(tx, "created_at", str(now))
        await audit.append(tx, actor="console", act="instance.create", subject=ctx.origin.host, now=now)

    await ctx.db.transact(unit)
