"""May this person follow a public group of ours, and may this go on from it to all its followers (FEP-1b12).

A public group passes on what is for everybody and nothing else: whatever the group's own settings say, a post of a private
group, or one for followers or named people, is refused here. Must not know: documents, storage, who is told.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from policies.boundary import OPEN_AUDIENCES
from policies.decision import Allow, Decision, Deny, Reason, Remedy, decide
from policies.membership import Joining, joining_step
from policies.terms import Audience


@dataclass(frozen=True, slots=True)
class EnterFacts:
    """Somebody who wants to follow the group. The boundary is asked elsewhere, as for every follow."""

    joining: Joining
    invited: bool = False
    banned: bool = False


def may_enter(facts: EnterFacts) -> Decision:
    """A follower at once (Allow), a request that waits for a moderator (Hold), or refused (Deny)."""
    if facts.banned:
        return Deny("group:banned", Reason.BANNED)
    return joining_step(facts.joining, invited=facts.invited)


@dataclass(frozen=True, slots=True)
class PassFacts:
    """A new post that names the group `group`, or an act about a post that it shows. `audience`: the post's.

    `present`: its author follows the group, or moderates it; of an edit, that the post is their own. `moderators_only`:
    only moderators post. `locked`: the thread that a new post adds to is closed.
    """

    group: str
    audience: Audience
    present: bool
    moderator: bool = False
    banned: bool = False
    moderators_only: bool = False
    locked: bool = False


def may_pass(facts: PassFacts) -> Decision:
    """Whether the group shows it to everybody who follows it. Retractions are not asked about: they always pass."""
    return decide(pass_steps(facts))


def pass_steps(facts: PassFacts) -> Iterator[Decision]:
    """The trace of `may_pass`."""
    yield _open_step(facts.audience)
    yield Deny("group:banned", Reason.BANNED) if facts.banned else Allow("group:banned")
    if not facts.present:
        yield Deny("group:member", Reason.NOT_A_MEMBER, Remedy.JOIN)
    if facts.moderators_only and not facts.moderator:
        yield Deny("group:posting", Reason.MODERATORS_ONLY)
    if facts.locked and not facts.moderator:
        yield Deny("group:locked", Reason.THREAD_LOCKED)


def _open_step(audience: Audience) -> Decision:
    if audience is Audience.GROUP:
        return Deny("audience:share", Reason.GROUP_NOT_SHAREABLE)
    return Allow("audience:share") if audience in OPEN_AUDIENCES else Deny("audience:share", Reason.NOT_SHAREABLE)


def may_moderate(*, moderator: bool) -> Decision:
    """Whether somebody's word counts as the group's: nobody elsewhere moderates, so only a member here can."""
    return Allow("group:moderator") if moderator else Deny("group:moderator", Reason.NOT_MODERATOR)
