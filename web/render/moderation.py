"""What those who look after the instance are shown, and what who reports is answered."""

from collections.abc import Iterable, Sequence

from storage.records import Report, listed
from web.render.frame import Entity, moment


def report(one: Report, status_ids: Sequence[int], target: Entity) -> Entity:
    """Report. `target`: the Account of whom it is about."""
    return {
        "id": str(one.id),
        "action_taken": one.resolved_at is not None,
        "action_taken_at": None if one.resolved_at is None else moment(one.resolved_at),
        "category": one.category,
        "comment": one.comment,
        "forwarded": bool(one.forwarded),
        "created_at": moment(one.created_at),
        "status_ids": [str(status_id) for status_id in status_ids],
        "rule_ids": [str(number) for number in listed(one.rules)],
        "collection_ids": [],
        "target_account": target,
    }


def rules(texts: Iterable[str]) -> list[Entity]:
    """Rule, numbered from 1 in the admin's order."""
    return [
        {"id": str(number), "text": text, "hint": "", "translations": {}} for number, text in enumerate(texts, start=1)
    ]
