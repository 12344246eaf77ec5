"""Notifications: one, several told together, what is done with those of strangers."""

from collections.abc import Sequence

from storage.notification_policies import Request
from storage.records import Notification, NotificationPolicy, Status
from web.render.frame import Entity, moment
from web.render.posts import Renderer

_SAMPLE = 8


def notification(told: Notification, renderer: Renderer, status: Status | None) -> Entity:
    """Notification, with the post that it is about."""
    shown = {} if status is None else {"status": renderer.status(status)}
    return {
        "id": str(told.id),
        "type": told.type,
        "group_key": f"ungrouped-{told.id}",
        "created_at": moment(told.created_at),
        "account": renderer.account(told.actor_id),
        **shown,
        **renderer.report(told.report_id),
        **renderer.collection(told.collection_id),
        **({"filtered": True} if told.filtered else {}),
    }


def notification_group(key: str, told: Sequence[Notification], renderer: Renderer) -> Entity:
    """NotificationGroup of notifications that are newest first."""
    newest, oldest = told[0], told[-1]
    people = list(dict.fromkeys(str(one.actor_id) for one in told))
    return {
        "group_key": key,
        "notifications_count": len(told),
        "type": newest.type,
        "most_recent_notification_id": str(newest.id),
        "page_min_id": str(oldest.id),
        "page_max_id": str(newest.id),
        "latest_page_notification_at": moment(newest.created_at),
        "sample_account_ids": people[:_SAMPLE],
        **({} if newest.status_id is None else {"status_id": str(newest.status_id)}),
        **renderer.report(newest.report_id),
        **renderer.collection(newest.collection_id),
    }


def notification_policy(policy: NotificationPolicy, waiting: tuple[int, int]) -> Entity:
    """NotificationPolicy; `waiting`: how many senders, and how many notifications."""
    return {
        "for_not_following": policy.not_following,
        "for_not_followers": policy.not_followers,
        "for_new_accounts": policy.new_accounts,
        "for_private_mentions": policy.private_mentions,
        "for_limited_accounts": policy.limited_accounts,
        "for_bots": policy.bots,
        "summary": _summary(waiting),
    }


def notification_policy_v1(policy: NotificationPolicy, waiting: tuple[int, int]) -> Entity:
    """V1::NotificationPolicy, which knows held back or not."""
    return {
        "filter_not_following": policy.not_following != "accept",
        "filter_not_followers": policy.not_followers != "accept",
        "filter_new_accounts": policy.new_accounts != "accept",
        "filter_private_mentions": policy.private_mentions != "accept",
        "filter_bots": policy.bots != "accept",
        "summary": _summary(waiting),
    }


def _summary(waiting: tuple[int, int]) -> Entity:
    senders, notifications = waiting
    return {"pending_requests_count": senders, "pending_notifications_count": notifications}


def notification_request(one: Request, renderer: Renderer, status: Status | None) -> Entity:
    """NotificationRequest. The count is a text: so Mastodon writes it."""
    return {
        "id": str(one.id),
        "created_at": moment(one.created_at),
        "updated_at": moment(one.updated_at),
        "account": renderer.account(one.actor_id),
        "notifications_count": str(one.count),
        **({} if status is None else {"last_status": renderer.status(status)}),
    }
