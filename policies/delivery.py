"""May this go to that host, and when is it tried again.

Asked at distribution and again at every delivery attempt. Must not know: how anything is sent.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from policies.boundary import Flow, audience_step, direction_step, parts_steps, recipients_step, state_step
from policies.decision import Allow, Decision, Deny, Hold, Reason, decide
from policies.ruleset import Network, Onward, PeerStanding, Ruleset, group_reaches, peer_key, peer_standing
from policies.terms import Audience, Kind, Part, PeerState

SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE

RETRY_AFTER = (15 * SECOND, MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR) + 5 * (24 * HOUR,)
HOST_BACKOFF_FIRST = 10 * SECOND
HOST_BACKOFF_MOST = HOUR
PLACES = 4  # attempts at a time to one host, of all processes together
BREAKER = 3  # after so many failures in a row a host gets one attempt at a time, until one succeeds
PARKED_AFTER = 6 * 24 * HOUR
PARKED_REST = 24 * HOUR


@dataclass(frozen=True, slots=True)
class SendFacts:
    """One thing that would go to one host.

    `audience` is that of the content (of the post liked, boosted or answered for reactions); acts of control carry
    DIRECT. `verified`: every recipient at this host is verified (`verification.standing`). `parts`: what it carries.
    The rest matters for GROUP only. `capable`: the host declares the group-only profile. `members`: a membership of the
    group is recorded there; `unconfirmed`: of a restored copy, the host has not been told of its members since. `in_reach`: the group's own setting reaches the host. `group`: name of our group, "" for
    another host's. `onward`: set when the host is the group's home: every host, other than ours, that its posts may go to.
    """

    host: str
    kind: Kind
    audience: Audience
    verified: bool = False
    capable: bool = False
    members: bool = False
    in_reach: bool = False
    group: str = ""
    onward: frozenset[str] | None = None
    parts: frozenset[Part] = frozenset()
    unconfirmed: bool = False


def may_send(facts: SendFacts, ruleset: Ruleset, today: date) -> Decision:
    """Whether it goes (Allow), in part (Limit), waits for the peer's state or an admin (Hold), or does not go (Deny)."""
    return decide(send_steps(facts, ruleset, today))


def send_steps(facts: SendFacts, ruleset: Ruleset, today: date) -> Iterator[Decision]:
    """The trace of `may_send`."""
    if facts.kind is Kind.RETRACTION:
        yield Allow("retraction")
        return
    standing = peer_standing(ruleset, facts.host, today)
    yield state_step(standing, ruleset.network, facts.kind, Flow.OUT)
    if facts.kind is Kind.CONTROL:
        yield from parts_steps(standing, facts.parts)
        return
    yield direction_step(standing, Flow.OUT)
    yield audience_step(standing, facts.audience, ruleset)
    yield recipients_step(standing, facts.audience, ruleset, verified=facts.verified)
    if facts.audience is Audience.GROUP:
        yield _group_step(facts, ruleset)
        yield from _onward_steps(facts, standing, ruleset, today)
    yield from parts_steps(standing, facts.parts, whole=facts.audience is Audience.GROUP)


def _group_step(facts: SendFacts, ruleset: Ruleset) -> Decision:
    if not facts.capable:
        return Deny("group:capability", Reason.NOT_CAPABLE)
    if facts.onward is not None:
        return Allow("group:home")
    if not facts.members and not facts.unconfirmed:
        return Deny("group:members", Reason.NO_MEMBER_THERE)
    if not facts.in_reach:
        return Deny("group:reach", Reason.OUT_OF_REACH)
    if not group_reaches(ruleset, facts.group, facts.host):
        return Deny(f"group:groups.{facts.group}.reach", Reason.OUT_OF_REACH)
    return Allow("group:members") if facts.members else Hold("group:members", Reason.UNCONFIRMED)


def _onward_steps(facts: SendFacts, home: PeerStanding, ruleset: Ruleset, today: date) -> Iterator[Decision]:
    """Once at the group's home our member's post goes to every host in reach: one that we refuse stops all of it."""
    for host in sorted((facts.onward or frozenset()) - {facts.host}):
        yield _onward_step(host, facts.parts, home, ruleset, today)


def may_agree(home: str, reach: Iterable[str], ruleset: Ruleset, today: date) -> Decision:
    """Whether our members' posts may go on from a group's home to every host that its policy now names."""
    standing = peer_standing(ruleset, home, today)
    steps = [_onward_step(host, frozenset(), standing, ruleset, today) for host in sorted(set(reach) - {home})]
    return decide(steps or [Allow("group:home")])


def _onward_step(host: str, parts: frozenset[Part], home: PeerStanding, ruleset: Ruleset, today: date) -> Decision:
    onward = home.peer.onward if home.peer else Onward.DENY
    rule = f"onward:{peer_key(home.peer.host, 'onward')}" if home.peer else "onward"
    if onward is Onward.DENY:
        return Deny(rule, Reason.ONWARD_REFUSED, about=host)
    standing = peer_standing(ruleset, host, today)
    if standing.state is PeerState.UNKNOWN and onward is Onward.REACH and ruleset.network is Network.OPEN:
        return Allow(rule)
    answer = decide(
        (
            state_step(standing, ruleset.network, Kind.CONTENT, Flow.OUT),
            direction_step(standing, Flow.OUT),
            audience_step(standing, Audience.GROUP, ruleset),
            *parts_steps(standing, parts, whole=True),
        )
    )
    match answer:
        case Deny():
            return Deny(answer.rule, Reason.ONWARD_REFUSED, about=host)
        case Hold():
            return Hold(answer.rule, answer.reason, about=host)
        case _:
            return Allow(rule)


def next_attempt(attempts: int, now: int, jitter: float) -> int | None:
    """When to try again after `attempts` (1 or more) failures, in unix ms; None: give up (after about six days).

    `jitter` from 0 to 1 spreads the retries of one outage over a quarter of the wait.
    """
    if attempts > len(RETRY_AFTER):
        return None
    return now + int(RETRY_AFTER[attempts - 1] * (1 + jitter / 4))


def places(failures: int) -> int:
    """How many deliveries to a host may be under way together."""
    return PLACES if failures < BREAKER else 1


def is_parked(failing_since: int, now: int) -> bool:
    """Whether a host has failed for so many days that it counts as dead, until it talks to us or a daily attempt succeeds."""
    return failing_since > 0 and now - failing_since >= PARKED_AFTER


def host_rests_until(failures: int, now: int, jitter: float, *, parked: bool = False) -> int:
    """Until when (unix ms) a host is left alone after `failures` (1 or more) failures in a row, whatever waits for it."""
    rest = PARKED_REST if parked else min(HOST_BACKOFF_FIRST * 2 ** min(failures - 1, 20), HOST_BACKOFF_MOST)
    return now + int(rest * (1 + jitter / 4))
