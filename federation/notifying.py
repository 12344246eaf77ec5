"""Whether a member of ours is notified of what somebody did, and whether at once. Must not know what a notification says.

What is held back waits with its sender, until the member accepts or dismisses them (Mastodon's notification requests).
"""

from dataclasses import dataclass
from enum import StrEnum

from policies.terms import Audience
from storage import actors, muted_threads, notification_policies, notifications, statuses, welcome
from storage.database import Reader, Transaction
from storage.ids import new_id
from storage.notification_policies import Acquaintance
from storage.records import Notification, NotificationPolicy, Status

DAY = 86_400_000
NEW_ACCOUNT = 30 * DAY
NEW_FOLLOWER = 3 * DAY

# What strangers can cause. The rest a member asked for, or concerns their own acts.
FROM_ANYBODY = frozenset({"mention", "reblog", "favourite", "follow", "follow_request", "quote", "added_to_collection"})
# What a group of ours is told, for whoever acts as it. Its posts are no notifications: each of them mentions it.
TO_GROUPS = frozenset({"follow_request", "admin.report"})


class Treatment(StrEnum):
    """What is done with a notification, the mildest first."""

    ACCEPT = "accept"
    FILTER = "filter"
    DROP = "drop"


@dataclass(frozen=True, slots=True)
class Contact:
    """Who turns to a member, as the member's policy looks at it. `private`: by a direct post that answers nothing."""

    acquaintance: Acquaintance
    now: int
    private: bool


def treat(policy: NotificationPolicy, contact: Contact) -> Treatment:
    """The severest of what the policy says of every kind of stranger that the sender is (Mastodon 4.3 `NotifyService`)."""
    sender, now = contact.acquaintance, contact.now
    follows_lately = sender.follower_since is None or sender.follower_since > now - NEW_FOLLOWER
    said = [
        (not sender.followed, policy.not_following),
        (follows_lately, policy.not_followers),
        (sender.created_at > now - NEW_ACCOUNT, policy.new_accounts),
        (contact.private and not sender.followed, policy.private_mentions),
        (sender.limited and not sender.followed, policy.limited_accounts),
        (sender.bot, policy.bots),
    ]
    severity = list(Treatment)
    return max((Treatment(one) for applies, one in said if applies), key=severity.index, default=Treatment.ACCEPT)


async def notify(
    tx: Transaction,
    owner_id: int,
    type_: str,
    actor_id: int,
    *,
    now: int,
    status_id: int | None = None,
    report_id: int | None = None,
    collection_id: int | None = None,
) -> None:
    """Tell a member, a channel or a group of ours. Left out is telling oneself (but of the end of one's poll) or somebody
    elsewhere, what comes from those whom they do not want to hear of, and what is about a muted thread.
    """
    owner = await actors.get_actor(tx, owner_id)
    if owner is None or not owner.local or (owner_id == actor_id and type_ != "poll"):
        return
    if owner.type == "Group" and type_ not in TO_GROUPS:
        return
    if not await welcome.is_welcome(tx, owner_id, actor_id, now=now):
        return
    if status_id is not None and await muted_threads.is_muted(tx, owner_id, status_id):
        return
    made = Notification(
        new_id(now),
        owner_id,
        type_,
        actor_id,
        status_id,
        created_at=now,
        report_id=report_id,
        collection_id=collection_id,
    )
    match Treatment.ACCEPT if owner.type == "Group" else await _judge(tx, made, now=now):
        case Treatment.ACCEPT:
            await notifications.insert_notification(tx, made)
        case Treatment.FILTER:
            await notifications.insert_filtered(tx, made)


async def _judge(tx: Reader, made: Notification, *, now: int) -> Treatment:
    if made.type not in FROM_ANYBODY:
        return Treatment.ACCEPT
    status = await statuses.get_status(tx, made.status_id) if made.status_id is not None else None
    if status is not None and status.group_id is not None:
        return Treatment.ACCEPT  # who shares a group is no stranger, and a question about a patient does not wait
    sender = await notification_policies.get_acquaintance(tx, made.owner_id, made.actor_id)
    if sender is None or sender.accepted:
        return Treatment.ACCEPT
    policy = await notification_policies.get_policy(tx, made.owner_id)
    return treat(policy, Contact(sender, now, private=await _is_unasked(tx, made, status)))


async def _is_unasked(tx: Reader, made: Notification, status: Status | None) -> bool:
    """Whether it is a direct post in a thread in which the member has not written to its author."""
    if made.type != "mention" or status is None or status.audience != Audience.DIRECT:
        return False
    return not await notification_policies.has_written_to(tx, made.owner_id, made.actor_id, thread_id=status.thread_id)
