"""What hosts with members were offered of a private group's policy, and what they agreed to. What counts is decided in
`policies.reach`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from storage.database import Reader, Transaction
from storage.records import as_json


@dataclass(frozen=True, slots=True)
class PolicyOffer:
    """One host. `agreed`: hosts, as JSON. `epoch`, `digest`: of the last offer, 0 and '' for none that holds.

    `agreed_digest`, `agreed_at`, `evidence`: of the last agreement, which is kept as it came; `refusal`: its last no.
    """

    host: str
    agreed: str
    epoch: int
    digest: str
    offered_at: int
    agreed_digest: str
    agreed_at: int
    evidence: str
    refusal: str

    @property
    def waiting(self) -> bool:
        """It was offered more, and has not agreed."""
        return self.digest != self.agreed_digest


_COLUMNS = "host, agreed, epoch, digest, offered_at, agreed_digest, agreed_at, evidence, refusal"


async def get_offer(tx: Reader, group_id: int, host: str) -> PolicyOffer | None:
    row = await tx.row(
        f"SELECT {_COLUMNS} FROM policy_offers WHERE group_id = :group AND host = :host", group=group_id, host=host
    )
    return None if row is None else PolicyOffer(*row)


async def list_offers(tx: Reader, group_id: int) -> list[PolicyOffer]:
    found = await tx.rows(f"SELECT {_COLUMNS} FROM policy_offers WHERE group_id = :group ORDER BY host", group=group_id)
    return [PolicyOffer(*row) for row in found]


async def list_groups_with_offers(tx: Reader) -> list[int]:
    """Open groups of ours whose reach was ever widened."""
    found = await tx.rows(
        "SELECT DISTINCT p.group_id FROM policy_offers p JOIN groups g ON g.actor_id = p.group_id "
        "WHERE g.local = 1 AND g.closed = '' ORDER BY p.group_id"
    )
    return [row[0] for row in found]


async def begin(tx: Transaction, group_id: int, hosts: Iterable[str]) -> None:
    """From now on the posts of each of these hosts' people go to these hosts, until it agrees to more."""
    names = sorted(hosts)
    for host in names:
        await tx.execute(
            "INSERT INTO policy_offers (group_id, host, agreed) VALUES (:group, :host, :agreed) ON CONFLICT DO NOTHING",
            group=group_id,
            host=host,
            agreed=as_json(names),
        )


async def update_offer(tx: Transaction, group_id: int, host: str, **changes: Any) -> None:
    assignments = ", ".join(f"{name} = :{name}" for name in changes)
    await tx.execute(
        f"UPDATE policy_offers SET {assignments} WHERE group_id = :group AND host = :at",
        group=group_id,
        at=host,
        **changes,
    )
