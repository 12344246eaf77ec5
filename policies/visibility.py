"""May this viewer see this, may this host fetch it: the one authorisation of every door.

`storage/visibility.py` says `may_see` once more in SQL; a test holds the two together for every combination of facts.
Must not know: who lists, searches, streams or serves. Whom viewers block, mute and filter is their choice, not policy;
whom authors block is theirs, and hides.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import assert_never

from policies.boundary import Flow, audience_step, direction_step, parts_steps, recipients_step, state_step
from policies.decision import Allow, Decision, Deny, Limit, Reason, decide
from policies.ruleset import Ruleset, group_reaches, peer_standing
from policies.terms import Audience, Kind, Part


@dataclass(frozen=True, slots=True)
class SeeFacts:
    """One post and one viewer here. Each field is a column or an EXISTS, and finite, so that all combinations can be tried.

    `viewer_active`: signed in with an account that is not disabled; False is the anonymous reader too, for whom every
    other fact about the viewer is False. `author_active`: the author's account (or remote actor) is not disabled;
    `host_suspended`: the author's host is suspended. `deleted`: the post is.
    `blocked`: the author has blocked the viewer, who then sees no more of them than a group shows both, or was sent by name.
    `mentioned`: the viewer is addressed by name. `is_group`: the viewer is the post's group itself, as which one of its
    moderators looks (`policies.operating`). `member`: the viewer is a present member of the post's group;
    `group_remote`: that group lives elsewhere; `lease_live`: the viewer's lease there has not run out;
    `distributed`: the group's home has announced the post (a post to our own group always is).
    """

    audience: Audience
    viewer_active: bool = False
    is_author: bool = False
    blocked: bool = False
    follows: bool = False
    mentioned: bool = False
    is_group: bool = False
    member: bool = False
    group_remote: bool = False
    lease_live: bool = False
    distributed: bool = True
    deleted: bool = False
    author_active: bool = True
    host_suspended: bool = False


def may_see(facts: SeeFacts) -> Decision:
    """Allow, or Deny(NOT_FOUND): hidden and absent look the same."""
    if facts.deleted or facts.host_suspended or not facts.author_active:
        return Deny("see:gone", Reason.NOT_FOUND)
    rule = f"see:{facts.audience}"
    return Allow(rule) if _sees(facts) else Deny(rule, Reason.NOT_FOUND)


def _sees(facts: SeeFacts) -> bool:
    match facts.audience:
        case Audience.PUBLIC | Audience.UNLISTED:
            return facts.is_author or not facts.blocked
        case Audience.FOLLOWERS:
            entitled = facts.follows or facts.mentioned
        case Audience.DIRECT:
            entitled = facts.mentioned
        case Audience.GROUP:
            present = facts.member and (facts.lease_live or not facts.group_remote)
            entitled = facts.distributed and (present or facts.is_group)
        case _ as never:
            assert_never(never)
    return facts.viewer_active and (facts.is_author or entitled)


@dataclass(frozen=True, slots=True)
class MeetFacts:
    """One person here and somebody whom they did not ask for. All false for who is not signed in."""

    silenced: bool = False
    is_self: bool = False
    follows: bool = False


def may_meet(facts: MeetFacts) -> Decision:
    """Whether somebody is shown, with what they post, where nobody asked for them: public timelines, searches, the
    directory, trends. It comes on top of `may_see`. Who looks at them on purpose, is addressed by them or shares a group
    with them is not asked.
    """
    met = not facts.silenced or facts.is_self or facts.follows
    return Allow("meet") if met else Deny("meet:silenced", Reason.NOT_FOUND)


class Door(StrEnum):
    """At which address a post is asked for: its own, at its author's home, or its group's, at the group's home."""

    AUTHOR = "author"
    GROUP = "group"


@dataclass(frozen=True, slots=True)
class FetchFacts:
    """One request for an object or a media file, whether or not it exists.

    `host`: the verified signer's host, "" when the request is unsigned. `exists`: it is stored here, neither deleted nor
    by a disabled author. The signer is an actor, or the instance actor for everybody at its host: `follower` (of the
    author), `addressed` (by name), `member` (a present member of the group), `verified` (all those who would read it).
    For GROUP: `fresh`: an RFC 9421 signature of the last minute with a nonce not seen before; `capable`: its host declares
    the group-only profile; `group_home`: it is the group's home that asks; `in_reach`: the group's own setting reaches the
    host; `group`: name of our group, "" for another host's.
    """

    host: str
    audience: Audience
    exists: bool
    door: Door = Door.AUTHOR
    follower: bool = False
    addressed: bool = False
    verified: bool = False
    member: bool = False
    fresh: bool = False
    capable: bool = False
    group_home: bool = False
    in_reach: bool = False
    group: str = ""


def may_ask(host: str, ruleset: Ruleset, today: date) -> Decision:
    """Whether this signer's host ("" when unsigned) gets any answer: the part of `may_fetch` that looks nothing up."""
    if not host:
        return Deny("fetch:unsigned", Reason.UNSIGNED)
    standing = peer_standing(ruleset, host, today)
    return _as(Reason.HOST_NOT_ADMITTED, state_step(standing, ruleset.network, Kind.CONTENT, Flow.OUT))


def may_fetch(facts: FetchFacts, ruleset: Ruleset, today: date) -> Decision:
    """Allow, or Deny with UNSIGNED (401), HOST_NOT_ADMITTED (403) or NOT_FOUND (404).

    The third is the same for what is hidden, held back by a rule, and absent.
    """
    return decide(fetch_steps(facts, ruleset, today))


def fetch_steps(facts: FetchFacts, ruleset: Ruleset, today: date) -> Iterator[Decision]:
    """The trace of `may_fetch`."""
    yield may_ask(facts.host, ruleset, today)
    yield Allow("fetch:exists") if facts.exists else Deny("fetch:exists", Reason.NOT_FOUND)
    standing = peer_standing(ruleset, facts.host, today)
    yield _as(Reason.NOT_FOUND, direction_step(standing, Flow.OUT))
    yield _as(Reason.NOT_FOUND, audience_step(standing, facts.audience, ruleset))
    yield _as(Reason.NOT_FOUND, recipients_step(standing, facts.audience, ruleset, verified=facts.verified))
    yield _entitled_step(facts, ruleset)


def may_carry(host: str, parts: frozenset[Part], ruleset: Ruleset, today: date, *, whole: bool = False) -> Decision:
    """How much of what a host may fetch it is given: all of it, part (Limit), or nothing, as if it were not there.

    `whole`: it bears the proof of somebody else, and cannot be given in part.
    """
    steps = parts_steps(peer_standing(ruleset, host, today), parts, whole=whole)
    return decide(
        (Allow("fetch:parts"), *(each if isinstance(each, Limit) else _as(Reason.NOT_FOUND, each) for each in steps))
    )


def _as(reason: Reason, decision: Decision) -> Decision:
    """A fetch is answered at once: what would be held is refused, and the true reason stays in the rule."""
    return decision if isinstance(decision, Allow) else Deny(decision.rule, reason)


def _entitled_step(facts: FetchFacts, ruleset: Ruleset) -> Decision:
    match facts.audience:
        case Audience.PUBLIC | Audience.UNLISTED:
            entitled = True
        case Audience.FOLLOWERS:
            entitled = facts.follower or facts.addressed
        case Audience.DIRECT:
            entitled = facts.addressed
        case Audience.GROUP:
            entitled = facts.fresh and facts.capable and _passes_door(facts, ruleset)
        case _ as never:
            assert_never(never)
    rule = f"fetch:{facts.audience}"
    return Allow(rule) if entitled else Deny(rule, Reason.NOT_FOUND)


def _passes_door(facts: FetchFacts, ruleset: Ruleset) -> bool:
    """The group's home is the only door for its members; the author's home opens to the group's home alone."""
    if facts.door is Door.AUTHOR:
        return facts.group_home
    return facts.member and facts.in_reach and group_reaches(ruleset, facts.group, facts.host)
