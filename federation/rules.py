"""The ruleset in force, and the boundary log. Decides nothing itself."""

from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any, assert_never

from policies.decision import Allow, Decision, Deny, Hold, Limit
from policies.rules import parse
from policies.ruleset import Ruleset
from storage import decisions
from storage import rules as storage_rules
from storage.database import Reader, Transaction


@dataclass(frozen=True, slots=True)
class Rules:
    """A ruleset with the version that decisions are recorded under."""

    version: int
    ruleset: Ruleset


class NoRulesError(RuntimeError):
    """There is no readable ruleset. Nothing is allowed then: callers let this stop the act."""


async def get_rules(tx: Reader) -> Rules:
    """The version in force at this moment, in this transaction: a new one counts at the next decision everywhere."""
    current = await storage_rules.get_current(tx)
    if current is None:
        raise NoRulesError("this instance has no ruleset: run `confrere init`")
    return Rules(current.version, _parsed(current.body))


@lru_cache(maxsize=8)
def _parsed(text: str) -> Ruleset:
    return parse(text)


@dataclass(frozen=True, slots=True)
class Subject:
    """What was decided about: a decision point, the uri of a post or activity, the other host."""

    point: str
    object_uri: str
    host: str


async def record(tx: Transaction, rules: Rules, decision: Decision, subject: Subject, facts: Any, now: int) -> None:
    """Write a decision about the boundary to the log, with the facts (a dataclass) it rests on; never any content."""
    await decisions.record(
        tx,
        point=subject.point,
        object_uri=subject.object_uri,
        host=subject.host,
        outcome=_outcome(decision, rules.version),
        facts=_plain(asdict(facts)),
        now=now,
    )


def _outcome(decision: Decision, version: int) -> decisions.Outcome:
    match decision:
        case Allow(rule):
            return decisions.Outcome("allow", rule, "", version)
        case Limit(rule, _, reason):
            return decisions.Outcome("limit", rule, reason, version)
        case Hold(rule, reason, _):
            return decisions.Outcome("hold", rule, reason, version)
        case Deny(rule, reason, _, _):
            return decisions.Outcome("deny", rule, reason, version)
        case _ as never:
            assert_never(never)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, frozenset | set):
        return sorted(_plain(item) for item in value)
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
