"""The worked examples of docs/policies.md: each is a ruleset, and each answer that it claims is the answer of the rules."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from policies.admission import ActivityFacts, HostFacts, admit_activity, admit_host
from policies.cases import Arrival, Joins, Knock, Person, Sending
from policies.decision import Allow, Decision, Deny, Hold, Limit
from policies.delivery import SendFacts, may_send
from policies.rules import parse
from policies.ruleset import Ruleset, day_of
from policies.terms import Audience, Kind, Level, Part
from policies.widening import OTHER_GROUP

DOCUMENT = (Path(__file__).parents[2] / "docs" / "policies.md").read_text(encoding="utf-8")
SECTION = DOCUMENT.split("## Five policies, worked")[1].split("\n## ")[0]
EXAMPLES = dict(part.split("\n", 1) for part in SECTION.split("\n### ")[1:])

ANSWERS: dict[str, type[Decision]] = {"yes": Allow, "in part": Limit, "held": Hold, "refused": Deny}
AUDIENCES = {
    "public posts": Audience.PUBLIC,
    "posts for followers": Audience.FOLLOWERS,
    "group posts": Audience.GROUP,
    "direct messages": Audience.DIRECT,
}
WHAT = "|".join(AUDIENCES)

Ask = Callable[[Ruleset, int], Decision]


def knocks(host: str) -> Ask:
    return Knock(host).decide


def arrives(host: str, what: str) -> Ask:
    return Arrival(host, Kind.CONTENT, AUDIENCES[what]).decide


def goes(what: str, part: str, group: str, host: str, profession: str, level: str) -> Ask:
    person = Person(Level[(level or "checked").upper()], profession or "physician")
    audience = AUDIENCES[what]
    name = (group or OTHER_GROUP) if audience is Audience.GROUP else ""
    return Sending(host, Kind.CONTENT, audience, Part(part) if part else None, person, name).decide


def goes_on(home: str, host: str) -> Ask:
    return Sending(home, Kind.CONTENT, Audience.GROUP, onward=host).decide


def joins(profession: str, level: str, specialty: str, host: str, group: str) -> Ask:
    return Joins(host, group, Person(Level[level.upper()], profession, specialty)).decide


def comes_back(host: str) -> Ask:
    def ask(ruleset: Ruleset, now: int) -> Decision:
        taken = admit_activity(ActivityFacts(host, Kind.RETRACTION, Audience.GROUP), ruleset, day_of(now))
        heard = admit_host(HostFacts(host, Kind.RETRACTION, key_known=True), ruleset, day_of(now))
        return taken if isinstance(heard, Allow) else heard

    return ask


def is_taken_back(host: str) -> Ask:
    return lambda ruleset, now: may_send(SendFacts(host, Kind.RETRACTION, Audience.GROUP), ruleset, day_of(now))


QUESTIONS: list[tuple[str, Callable[..., Ask]]] = [
    (r"`(\S+)` may talk to us", knocks),
    (rf"`(\S+)` sends us ({WHAT})", arrives),
    (rf"({WHAT})(?: with (\w+))?(?: of `(\w+)`)? go to `(\S+)`(?:, to a (\w+) of level `(\w+)`)?", goes),
    (r"posts of ours in a group of `(\S+)` go on to `(\S+)`", goes_on),
    (r"a (\w+) of level `(\w+)`(?: in `(\w+)`)? at `(\S+)` joins `(\w+)`", joins),
    (r"`(\S+)` takes a post back", comes_back),
    (r"we take a post back from `(\S+)`", is_taken_back),
]


def question(text: str) -> Ask:
    for pattern, ask in QUESTIONS:
        if found := re.fullmatch(pattern, text):
            return ask(*(each or "" for each in found.groups()))
    raise AssertionError(f"nobody can ask: {text}")


def claims(example: str) -> list[tuple[int, str, str]]:
    """(moment, question, answer) of every table of an example."""
    found = []
    for day, rows in re.findall(r"\| asked on (\S+) \| answer \|\n\|---\|---\|\n((?:\|.*\n)+)", example):
        moment = int(datetime.fromisoformat(day).replace(hour=12, tzinfo=UTC).timestamp() * 1000)
        found += [(moment, *(cell.strip() for cell in row.strip("|").split("|"))) for row in rows.splitlines()]
    return [(moment, asked, answer) for moment, asked, answer in found]


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_does_what_it_says(name: str) -> None:
    [text] = re.findall(r"```toml\n(.*?)```", EXAMPLES[name], re.DOTALL)
    ruleset, asked = parse(text), claims(EXAMPLES[name])
    assert len(asked) >= 5
    wrong = [
        f"{each}: {decision}"
        for moment, each, answer in asked
        if not isinstance(decision := question(each)(ruleset, moment), ANSWERS[answer])
    ]
    assert wrong == []


def test_there_are_five() -> None:
    assert len(EXAMPLES) == 5
