"""docs/policies.md says every key, value and reason that the policies know, and no other key."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from policies.decision import Reason
from policies.rules import RulesetError, parse
from policies.ruleset import (
    Direction,
    GroupRule,
    Limits,
    Network,
    OnExpiry,
    OnListExpiry,
    Onward,
    Peer,
    Reach,
    Ruleset,
    Sharing,
    Strangers,
    Treatment,
    TrustedList,
)
from policies.sentences import sentence
from policies.terms import Audience, Level, Part, PeerState

DOCUMENT = (Path(__file__).parents[2] / "docs" / "policies.md").read_text(encoding="utf-8")


def names(kind: type[Ruleset | Peer | GroupRule | Limits | TrustedList]) -> set[str]:
    return {each.name for each in fields(kind)} - {"host", "peers", "groups", "lists"}


@pytest.mark.parametrize(
    ("section", "header", "known"),
    [
        ("[instance]", "instance", names(Ruleset) - {"audiences"}),
        ("[audiences]", "audiences", set(Audience)),
        ('[peers."host"]', "peers.h", names(Peer)),
        ('[peers."host".kinds]', "peers.h.kinds", set(Part)),
        ('[peers."host".limits]', "peers.h.limits", names(Limits)),
        ("[lists.name]", "lists.l", names(TrustedList)),
        ("[groups.name]", "groups.g", names(GroupRule)),
    ],
)
def test_documented_keys_are_those_that_are_enforced(section: str, header: str, known: set[str]) -> None:
    table = DOCUMENT.split(f"## `{section}`")[1].split("\n\n")[1]
    documented = set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE))
    assert documented == known
    with pytest.raises(RulesetError) as caught:
        parse(f"[{header}]\n" + "".join(f"{key} = 1\n" for key in documented | {"zzz"}))
    refused = [each.key for each in caught.value.mistakes if "no such setting" in each.message]
    assert refused == [f"{header}.zzz"]


@pytest.mark.parametrize(
    "words", [Network, Strangers, Sharing, Direction, Onward, Reach, PeerState, Treatment, OnExpiry, OnListExpiry]
)
def test_every_value_is_documented(words: type[PeerState]) -> None:
    values = {word.value for word in words} - {PeerState.UNKNOWN.value}
    assert {value for value in values if not re.search(rf'`"?{value}"?`', DOCUMENT)} == set()


def test_every_level_and_reason_is_documented() -> None:
    assert all(f"`{level.name.lower()}`" in DOCUMENT for level in Level)
    for reason in Reason:
        assert f"| `{reason}` | {sentence(reason, reader='admin', language='en')} |" in DOCUMENT
