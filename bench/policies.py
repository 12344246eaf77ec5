"""What decisions cost: each by itself, a draft compared with the ruleset in force, and 100,000 recorded ones replayed."""

import time
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial
from typing import Any

from bench.figures import Figure, Plan, Report, milliseconds
from bench.instance import new_instance
from federation.outbox.peers import save_rules
from federation.simulating import replay
from policies import posting
from policies.admission import ActivityFacts, HostFacts, admit_activity, admit_host
from policies.delivery import SendFacts, may_send
from policies.membership import JoinFacts, Joining, may_join
from policies.posting import GroupFacts, PostFacts
from policies.rules import parse
from policies.ruleset import Ruleset, day_of
from policies.terms import Audience, Kind, Level, Part, PeerState
from policies.verification import AttestationFacts, standing, verified_here
from policies.visibility import FetchFacts, SeeFacts, may_fetch, may_see
from policies.wording import describe_change
from storage import decisions
from storage.database import Transaction
from storage.decisions import Outcome

DECISIONS = 100_000
PEERS = 50
BATCH = 2_000
NOW = 1_795_000_000_000
TODAY = day_of(NOW)
HOST = "peer7.example"


def ruleset(state: PeerState = PeerState.ACTIVE) -> Ruleset:
    """Fifty peers; one of them in a state."""
    return parse(_text(state))


def _text(state: PeerState) -> str:
    peers = "".join(
        f'[peers."peer{number}.example"]\norganisation = "P{number}"\nonward = "reach"\n'
        f'state = "{state if number == 7 else PeerState.ACTIVE}"\n'
        for number in range(PEERS)
    )
    return (
        '[instance]\norganisation = "A"\n[audiences]\npublic = "allow"\nunlisted = "allow"\nfollowers = "allow"\n'
        f'direct = "verified"\ngroup = "members"\n{peers}[groups.cardiologie]\nprofessions = ["physician"]\n'
    )


async def measure(plan: Plan, report: Report) -> None:
    for name, decide in _points(ruleset()).items():
        report(Figure(f"decision: {name}", _microseconds(decide, plan.count(20_000, 1_000)), "µs", "-", 1, {}))
    present, draft = ruleset(), ruleset(PeerState.SUSPENDED)
    started = time.perf_counter()
    said = describe_change(present, draft, NOW)
    report(
        Figure(
            f"a draft of {PEERS} peers compared, all cases",
            time.perf_counter() - started,
            "s",
            "-",
            1,
            {"effects": str(len(said))},
        )
    )
    for engine in plan.engines:
        await _replay(plan, report, engine)


def _points(rules: Ruleset) -> dict[str, Callable[[], object]]:
    attested = AttestationFacts(
        Level.CHECKED, "physician", 0, NOW + 1, issuer=HOST, by_instance_actor=True, confirmed_at=NOW
    )
    sent = SendFacts(HOST, Kind.CONTENT, Audience.GROUP, capable=True, members=True, in_reach=True, group="cardiologie")
    onward = replace(sent, group="", onward=frozenset(f"peer{number}.example" for number in range(3)))
    arrives = ActivityFacts(HOST, Kind.CONTENT, Audience.PUBLIC, parts=frozenset({Part.POSTS, Part.MEDIA}))
    fetched = FetchFacts(HOST, Audience.GROUP, exists=True, fresh=True, capable=True, group_home=True)
    joins = JoinFacts("cardiologie", Joining.AUTOMATIC, HOST, attested, capable=True, in_reach=True)
    post = PostFacts(Audience.GROUP, (GroupFacts("https://a.example/g", member=True),))
    sees = SeeFacts(Audience.GROUP, viewer_active=True, member=True)
    return {
        "admit_host": lambda: admit_host(HostFacts(HOST), rules, TODAY),
        "admit_activity": lambda: admit_activity(arrives, rules, TODAY),
        "may_send, a group's post": lambda: may_send(sent, rules, TODAY),
        "may_send, on to three hosts": lambda: may_send(onward, rules, TODAY),
        "may_fetch": lambda: may_fetch(fetched, rules, TODAY),
        "may_see": lambda: may_see(sees),
        "may_join": lambda: may_join(joins, rules, NOW),
        "posting.decide": lambda: posting.decide(post, rules, NOW),
        "standing": lambda: standing(attested, verified_here(rules), rules, NOW),
    }


def _microseconds(decide: Callable[[], object], times: int) -> float:
    started = time.perf_counter()
    for _ in range(times):
        decide()
    return (time.perf_counter() - started) / times * 1e6


async def _replay(plan: Plan, report: Report, engine: str) -> None:
    """Each decision about a post of its own; facts differ by host, audience and group, as they do in life."""
    count = plan.count(DECISIONS, BATCH)
    async with new_instance(engine) as instance, instance.opened() as ctx:
        await save_rules(ctx, _text(PeerState.ACTIVE), by="console", reason="bench")
        for first in range(0, count, BATCH):
            await ctx.db.transact(partial(_record, first=first))
        started = time.perf_counter()
        seen = lines = 0
        async for running, size in replay(ctx, ruleset(PeerState.SUSPENDED), 0):
            seen, lines = seen + size, len(running.lines())
        seconds = time.perf_counter() - started
    more = {"per decision": milliseconds(seconds / seen), "lines": str(lines)}
    report(Figure(f"{seen:,} decisions replayed", seconds, "s", engine, 1, more))


async def _record(tx: Transaction, *, first: int) -> None:
    for number in range(first, first + BATCH):
        audience = tuple(Audience)[number % 5]
        facts = SendFacts(
            f"peer{number % PEERS}.example", Kind.CONTENT, audience, capable=True, members=True, in_reach=True,
            group=f"g{number % 40}" if audience is Audience.GROUP else "",
        )  # fmt: skip
        await decisions.record(
            tx,
            point="send",
            object_uri=f"https://a.example/{number}",
            host=facts.host,
            outcome=Outcome("allow", "", "", 1),
            facts=_plain(asdict(facts)),
            now=NOW + number,
        )


def _plain(facts: dict[str, Any]) -> dict[str, Any]:
    return {key: sorted(value) if isinstance(value, frozenset) else value for key, value in facts.items()}
