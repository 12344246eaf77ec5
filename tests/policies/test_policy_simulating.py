"""What a draft would have made of recorded decisions: counted by host, group and kind, with examples."""

from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.admission import ActivityFacts
from policies.delivery import SendFacts
from policies.rules import parse
from policies.simulating import Becomes, Line, Recorded, Replay, read_facts
from policies.terms import Audience, Kind, Part
from tests.examples import examples
from tests.policies.test_policy_never import activity_facts, send_facts
from tests.policies.test_policy_settings import BASE, HOST, NOW, PEER


def plain(value: Any) -> Any:
    """As the log keeps facts."""
    if isinstance(value, frozenset):
        return sorted(value)
    return {key: plain(each) for key, each in value.items()} if isinstance(value, dict) else value


def recorded(facts: SendFacts | ActivityFacts, number: int = 0, *, at: int = NOW) -> Recorded:
    point = "send" if isinstance(facts, SendFacts) else "admit"
    return Recorded(point, f"https://a.example/{number}", facts.host, str(hash(facts)), plain(asdict(facts)), at)


PUBLIC = SendFacts(HOST, Kind.CONTENT, Audience.PUBLIC, parts=frozenset({Part.POSTS}))
MEDIA = SendFacts(HOST, Kind.CONTENT, Audience.PUBLIC, parts=frozenset({Part.POSTS, Part.MEDIA}))
GROUP = SendFacts(HOST, Kind.CONTENT, Audience.GROUP, capable=True, members=True, in_reach=True, group="g")
COMES = ActivityFacts(HOST, Kind.CONTENT, Audience.PUBLIC)
STRANGE = ActivityFacts(HOST, Kind.CONTENT, Audience.DIRECT, approach=True)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", []),
        (
            'audiences = { group = "deny" }',
            [Line(Becomes.REFUSED, HOST, "g", "send group", 4, ("https://a.example/0", "https://a.example/1", "https://a.example/2"))],
        ),
        (
            'kinds = { media = "strip" }',
            [Line(Becomes.LIMITED, HOST, "", "send public", 1, ("https://a.example/0",))],
        ),
        (
            'direction = "out"',
            [
                Line(Becomes.REFUSED, HOST, "", "admit direct", 1, ("https://a.example/0",)),
                Line(Becomes.REFUSED, HOST, "", "admit public", 1, ("https://a.example/0",)),
            ],
        ),
    ],
)  # fmt: skip
def test_what_would_be_otherwise(line: str, expected: list[Line]) -> None:
    replay = Replay(parse(BASE), parse(BASE.replace(PEER, f"{PEER}\n{line}")))
    for facts in (PUBLIC, MEDIA, COMES, STRANGE):
        replay.add(recorded(facts))
    for number in range(4):
        replay.add(recorded(GROUP, number))
    assert replay.lines() == expected
    assert replay.seen == 8


def test_what_was_held_may_pass() -> None:
    open_ = parse(BASE.replace("[instance]", '[instance]\nstrangers = "allow"'))
    replay = Replay(parse(BASE), open_)
    replay.add(recorded(STRANGE))
    assert [line.becomes for line in replay.lines()] == [Becomes.ALLOWED]
    back = Replay(open_, parse(BASE))
    back.add(recorded(STRANGE))
    assert [line.becomes for line in back.lines()] == [Becomes.HELD]


def test_facts_are_of_the_day_on_which_they_were_judged() -> None:
    """An agreement that has ended since was in force then."""
    day = 24 * 3_600_000
    until = parse(
        BASE.replace(PEER, f"{PEER}\nagreement = {{ reference = '1', from = 2020-01-01, until = 2026-11-18 }}")
    )
    replay = Replay(parse(BASE), until)
    replay.add(recorded(PUBLIC, 1, at=NOW - day))
    replay.add(recorded(PUBLIC, 2, at=NOW + day))
    assert [line.examples for line in replay.lines()] == [("https://a.example/2",)]


@examples(60)
@given(st.one_of(send_facts, activity_facts))
def test_facts_are_read_as_they_were_written(facts: SendFacts | ActivityFacts) -> None:
    line = recorded(facts)
    assert read_facts(line.point, line.facts) == facts
    older = {key: value for key, value in line.facts.items() if key != "parts"}
    assert read_facts(line.point, older) == facts
