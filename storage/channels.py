"""Channels: accounts of the institution, and the members who run them. May somebody act as one: `policies.operating`."""

from dataclasses import dataclass

from storage.actors import COLUMNS, list_uris
from storage.database import Reader, Transaction
from storage.oauth import delete_tokens_as
from storage.records import Actor

_OPERATORS = (
    f"SELECT o.created_at, {COLUMNS} FROM channel_operators o JOIN actors a ON a.id = o.actor_id "
    "WHERE o.channel_id = :channel ORDER BY a.username"
)


@dataclass(frozen=True, slots=True)
class Operator:
    """A member who runs a channel, since when."""

    actor: Actor
    since: int


async def list_channels(tx: Reader) -> list[Actor]:
    """Every channel here by name, the closed ones too."""
    found = await tx.rows(
        f"SELECT {COLUMNS} FROM actors a WHERE a.host = '' AND a.type = 'Service' ORDER BY a.username"
    )
    return [Actor(*row) for row in found]


async def list_operators(tx: Reader, channel_id: int) -> list[Operator]:
    return [Operator(Actor(*rest), since) for since, *rest in await tx.rows(_OPERATORS, channel=channel_id)]


async def insert_operator(tx: Transaction, channel_id: int, actor_id: int, *, now: int) -> bool:
    """Let a member run a channel; False when they do already."""
    inserted = await tx.execute(
        "INSERT INTO channel_operators (channel_id, actor_id, created_at) VALUES (:channel, :actor, :now) "
        "ON CONFLICT (channel_id, actor_id) DO NOTHING",
        channel=channel_id,
        actor=actor_id,
        now=now,
    )
    return inserted > 0


async def delete_operator(tx: Transaction, channel_id: int, actor_id: int) -> bool:
    """A member runs a channel no more: the tokens by which they did are gone. False when they did not."""
    await delete_tokens_as(tx, channel_id, operator_id=actor_id)
    deleted = await tx.execute(
        "DELETE FROM channel_operators WHERE channel_id = :channel AND actor_id = :actor",
        channel=channel_id,
        actor=actor_id,
    )
    if deleted > 0:
        channel, member = await list_uris(tx, channel_id, actor_id)
        tx.retracted("operator", channel=channel, member=member)
    return deleted > 0


async def list_guises(tx: Reader, actor_id: int, *, now: int) -> list[Actor]:
    """Whom else a member may act as now: the channels that they run, then the groups of ours that they moderate."""
    found = await tx.rows(
        f"SELECT {COLUMNS} FROM actors a WHERE a.host = '' AND a.disabled_at IS NULL AND (EXISTS "
        "(SELECT 1 FROM channel_operators o JOIN members c ON c.actor_id = o.channel_id AND c.disabled_at IS NULL "
        "WHERE o.channel_id = a.id AND o.actor_id = :actor) OR EXISTS "
        "(SELECT 1 FROM memberships m JOIN groups g ON g.actor_id = m.group_id AND g.local = 1 WHERE m.group_id = a.id "
        "AND m.actor_id = :actor AND m.state = 'active' AND m.moderator = 1 AND m.lease_until > :now) OR EXISTS "
        "(SELECT 1 FROM public_group_roles r WHERE r.group_id = a.id AND r.actor_id = :actor AND r.role = 'moderator')) "
        "ORDER BY a.type DESC, a.username",
        actor=actor_id,
        now=now,
    )
    return [Actor(*row) for row in found]
