"""What the admin API shows: entities whose names begin with `Admin::`."""

from collections.abc import Callable, Iterable, Sequence

from policies.terms import Role
from storage.administration import Known
from storage.records import Report, listed
from web.render.frame import Entity, moment
from web.render.moderation import rules as all_rules
from web.render.roles import role


def admin_account(one: Known, shown: Entity) -> Entity:
    """Admin::Account; `shown` is the Account. No address that anybody came from is stored, so none is told."""
    actor, member = one.actor, one.member
    return {
        "id": str(actor.id),
        "username": actor.username,
        "domain": actor.handle_host or None,
        "created_at": moment(actor.created_at),
        "email": member.email if member else "",
        "ip": None,
        "ips": [],
        "locale": member.locale if member else "",
        "invite_request": (member.reason or None) if member else None,
        "role": role(member.role if member else Role.MEMBER),
        "confirmed": member is not None and member.confirmed_at is not None,
        "approved": member is not None and member.approved_at is not None,
        "disabled": member is not None and member.disabled_at is not None,
        "sensitized": actor.sensitized_at is not None,
        "silenced": actor.silenced_at is not None,
        "suspended": actor.suspended,
        "account": shown,
    }


def admin_report(
    one: Report, people: Callable[[int], Entity], *, statuses: Sequence[Entity], rules: Iterable[str], text: bool
) -> Entity:
    """Admin::Report. `people` gives an Admin::Account by id; `text`: whether the reader is shown what was written."""
    named = {str(number) for number in listed(one.rules)}
    return {
        "id": str(one.id),
        "action_taken": one.resolved_at is not None,
        "action_taken_at": None if one.resolved_at is None else moment(one.resolved_at),
        "category": one.category,
        "comment": one.comment if text else "",
        "forwarded": bool(one.forwarded),
        "created_at": moment(one.created_at),
        "updated_at": moment(one.changed_at),
        "account": people(one.actor_id),
        "target_account": people(one.target_id),
        "assigned_account": None if one.assigned_to is None else people(one.assigned_to),
        "action_taken_by_account": None if one.resolved_by is None else people(one.resolved_by),
        "statuses": list(statuses) if text else [],
        "rules": [rule for rule in all_rules(rules) if rule["id"] in named],
    }
