"""Confrère's own entity: where a post went, and why not."""

from typing import Literal

from federation.explaining import Crossing, Reading
from web.render.frame import Entity, moment


def crossing(one: Crossing, *, reader: Reading, language: Literal["fr", "en"]) -> Entity:
    """Crossing: `state` is one of `federation.explaining.Fate`; `reason` a code, `explanation` its sentence, "" for none."""
    return {
        "host": one.host,
        "state": one.fate.value,
        "rule": one.rule,
        "reason": one.reason.value if one.reason else None,
        "explanation": one.sentence(reader, language),
        "version": one.version,
        "decided_at": _maybe(one.decided_at),
        "sent_at": _maybe(one.sent_at),
        "deleted_at": _maybe(one.deleted_at),
    }


def _maybe(milliseconds: int | None) -> str | None:
    return None if milliseconds is None else moment(milliseconds)
