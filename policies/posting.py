"""May this member post, edit, boost or quote this here; and whom it then reaches.

Asked for members here and, at a group's home, for posts from elsewhere: those cannot be changed, so for them anything
but Allow is a refusal. Must not know: texts, documents, the screening of texts.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import assert_never

from policies.boundary import OPEN_AUDIENCES
from policies.decision import Allow, Change, Decision, Deny, Hold, Limit, Reason, Remedy
from policies.decision import decide as strongest
from policies.delivery import SendFacts, send_steps
from policies.membership import open_step
from policies.quoting import QuoteFacts, consent_steps
from policies.ruleset import Ruleset, day_of
from policies.terms import Audience
from policies.verification import ANYONE, AttestationFacts, Criteria, Purpose, criteria_step

WITHIN = {
    Audience.PUBLIC: frozenset(Audience),
    Audience.UNLISTED: frozenset(Audience) - {Audience.PUBLIC},
    Audience.FOLLOWERS: frozenset({Audience.FOLLOWERS, Audience.DIRECT}),
    Audience.GROUP: frozenset({Audience.GROUP, Audience.DIRECT}),
    Audience.DIRECT: frozenset({Audience.DIRECT}),
}
"""For each audience, those that do not reach beyond it. Followers and a group are strangers to each other."""

NARROW_TO = {
    Audience.UNLISTED: Change.AUDIENCE_UNLISTED,
    Audience.FOLLOWERS: Change.AUDIENCE_FOLLOWERS,
    Audience.GROUP: Change.AUDIENCE_GROUP,
    Audience.DIRECT: Change.AUDIENCE_DIRECT,
}
"""From the widest to the narrowest: of several narrowings the last one counts."""


@dataclass(frozen=True, slots=True)
class GroupFacts:
    """One private group and its author-to-be. `member`: present member, under a live lease when the group is remote.

    `moderators_only`: only moderators post. `files`: posts may have some. `closed`, `unmoderated`: it takes no posts any more,
    or until somebody moderates it. `criteria`: for a group of ours, as `criteria_of_group` leaves them; a remote
    group's home asks its own.
    """

    uri: str
    member: bool
    moderator: bool = False
    moderators_only: bool = False
    files: bool = True
    closed: bool = False
    unmoderated: bool = False
    criteria: Criteria = ANYONE


@dataclass(frozen=True, slots=True)
class ParentFacts:
    """The post that is answered, which the author may see; `group` is the uri of its group when it is group-only."""

    audience: Audience
    group: str = ""


@dataclass(frozen=True, slots=True)
class PostFacts:
    """A post as asked for.

    `groups`: each private group that it mentions, or that its parent belongs to, once. A hidden group that the author has
    not joined is an unresolved name and not here. `mentions_others`: it mentions anybody besides those groups;
    `mentions_outsiders`: somebody who is not of the audience it will have (for a direct reply to a group-only post: neither
    a local member nor a participant of the thread in reach). `misspelt`: the handle of a group that the author has joined,
    when a name in the post means nobody and looks like it.
    `sending`: when the group's home is another host, the facts of sending the post there. `quoted`: the post that it quotes.
    """

    audience: Audience
    groups: tuple[GroupFacts, ...] = ()
    mentions_others: bool = False
    mentions_outsiders: bool = False
    parent: ParentFacts | None = None
    attestation: AttestationFacts | None = None
    sending: SendFacts | None = None
    misspelt: str = ""
    quoted: QuoteFacts | None = None
    with_files: bool = False


def decide(facts: PostFacts, ruleset: Ruleset, now: int) -> Decision:
    """Allow, Limit (see `audience_after` and the other changes), Hold (kept from its recipients for now) or Deny."""
    return strongest(post_steps(facts, ruleset, now))


def post_steps(facts: PostFacts, ruleset: Ruleset, now: int) -> Iterator[Decision]:
    """The trace of `decide`."""
    result = _audience(facts)
    yield from _audience_steps(facts, result)
    yield _name_step(facts, result)
    yield _parent_step(facts, result)
    if facts.quoted is not None:
        yield from quote_steps(facts.quoted, _under_parent(facts, result))
    yield from _member_steps(facts, result)
    if result is not Audience.GROUP:
        return
    for group in facts.groups:
        yield criteria_step(facts.attestation, group.criteria, ruleset, now, Purpose.ACT)
        yield open_step(closed=group.closed, unmoderated=group.unmoderated)
        yield files_step(allowed=group.files, there=facts.with_files)
    if facts.sending:
        yield from send_steps(facts.sending, ruleset, day_of(now))


def files_step(*, allowed: bool, there: bool) -> Decision:
    """A group that takes no files takes no post with one."""
    return Deny("group:media", Reason.GROUP_WITHOUT_FILES) if there and not allowed else Allow("group:media")


def audience_after(asked: Audience, decision: Decision) -> Audience:
    """The audience that is left of the one asked for, once a decision is followed."""
    match decision:
        case Limit() | Hold():
            narrowed = [audience for audience, change in NARROW_TO.items() if change in decision.changes]
            return narrowed[-1] if narrowed else asked
        case Allow() | Deny():
            return asked
        case _ as never:
            assert_never(never)


def _audience(facts: PostFacts) -> Audience:
    """A post that mentions a private group is for it, unless it is direct and mentions somebody else or answers the group.

    Apps prefill all mentions of the parent: "reply privately" must not reach the group.
    """
    private = facts.audience is Audience.DIRECT and (facts.mentions_others or _answers_group(facts))
    return Audience.GROUP if facts.groups and not private else facts.audience


def _answers_group(facts: PostFacts) -> bool:
    return facts.parent is not None and facts.parent.audience is Audience.GROUP


def _audience_steps(facts: PostFacts, result: Audience) -> Iterator[Decision]:
    if result is not Audience.GROUP and facts.groups:
        yield Limit("audience:direct", (Change.GROUP_AS_TEXT,), Reason.GROUP_AS_TEXT)
    elif result is not facts.audience:
        reason = Reason.REPLY_NARROWED if _answers_group(facts) else Reason.MENTIONS_GROUP
        yield Limit("audience:group", (Change.AUDIENCE_GROUP,), reason)
    else:
        yield Allow("audience:asked")
    if facts.groups and facts.mentions_outsiders:
        yield Limit("audience:mentions", (Change.OUTSIDERS_AS_TEXT,), Reason.OUTSIDERS_NOT_TOLD)


def _name_step(facts: PostFacts, result: Audience) -> Decision:
    """A restricted post with a slip in the group's name would go to the author's followers instead of the group."""
    if facts.misspelt and result not in OPEN_AUDIENCES:
        return Deny("audience:name", Reason.GROUP_MISSPELT, Remedy.CONFIRM, about=facts.misspelt)
    return Allow("audience:name")


def _parent_step(facts: PostFacts, result: Audience) -> Decision:
    parent = facts.parent
    if parent is None:
        return Allow("audience:parent")
    if parent.audience is Audience.GROUP and result is Audience.DIRECT:
        return Limit("audience:parent", (Change.DETACH_REPLY,), Reason.REPLY_NARROWED)
    return _within(result, parent.audience, Reason.REPLY_NARROWED, Deny("audience:parent", Reason.REPLY_WIDENS))


def _under_parent(facts: PostFacts, result: Audience) -> Audience:
    """The audience that the parent leaves of one, where it leaves any."""
    parent = facts.parent
    return result if parent is None or result in WITHIN[parent.audience] else parent.audience


def _within(result: Audience, most: Audience, narrowed: Reason, refusal: Deny) -> Decision:
    """Narrow a wider audience to the most it may be; between a group and followers there is no narrower."""
    if result in WITHIN[most]:
        return Allow(refusal.rule)
    if result is Audience.GROUP or most is Audience.GROUP:
        return refusal
    return Limit(refusal.rule, (NARROW_TO[most],), narrowed)


def _member_steps(facts: PostFacts, result: Audience) -> Iterator[Decision]:
    parent = facts.parent.group if facts.parent else ""
    concerned = [group for group in facts.groups if result is Audience.GROUP or group.uri == parent]
    if len(concerned) > 1:
        yield Deny("group:one", Reason.TWO_GROUPS)
    if (result is Audience.GROUP or _answers_group(facts)) and not concerned:
        yield Deny("group:member", Reason.NOT_A_MEMBER)
    for group in concerned:
        yield _member_step(group, result)


def _member_step(group: GroupFacts, result: Audience) -> Decision:
    if not group.member:
        return Deny("group:member", Reason.NOT_A_MEMBER, Remedy.JOIN, about=group.uri)
    if result is Audience.GROUP and group.moderators_only and not group.moderator:
        return Deny("group:posting", Reason.MODERATORS_ONLY, about=group.uri)
    return Allow("group:member")


@dataclass(frozen=True, slots=True)
class ShareFacts:
    """A boost or a quote, `asked` for an audience, of a post that the sharer may see; `own`: the sharer wrote it."""

    original: Audience
    asked: Audience
    own: bool


def may_share(facts: ShareFacts) -> Decision:
    """Whether a post may be boosted or quoted: in public ones as asked, one's own to followers only, others never."""
    if facts.original is Audience.GROUP:
        return Deny("audience:share", Reason.GROUP_NOT_SHAREABLE)
    refusal = Deny("audience:share", Reason.NOT_SHAREABLE)
    if facts.original is Audience.DIRECT or (facts.original is Audience.FOLLOWERS and not facts.own):
        return refusal
    return _within(facts.asked, facts.original, Reason.SHARE_NARROWED, refusal)


def may_quote(facts: QuoteFacts, audience: Audience) -> Decision:
    """Whether a post may be quoted in one for this audience, by whoever sees it."""
    return strongest(quote_steps(facts, audience))


def quote_steps(facts: QuoteFacts, audience: Audience) -> Iterator[Decision]:
    """The trace of `may_quote`: as far as it may be shared, and as its author allows."""
    yield may_share(ShareFacts(facts.original, audience, own=facts.own))
    yield from consent_steps(facts, audience)


@dataclass(frozen=True, slots=True)
class EditFacts:
    """An edit of a stored post. `own`: by its author. For GROUP: `same_group`, `member`: the author is one now, `closed`: the
    group takes nothing any more, `files`: its posts may have some.
    """

    before: Audience
    after: Audience
    own: bool
    same_group: bool = True
    member: bool = True
    adds_mentions: bool = False
    closed: bool = False
    adds_files: bool = False
    files: bool = True


def may_edit(facts: EditFacts) -> Decision:
    """Whether an edit is taken. It never widens: people newly mentioned in a restricted post are not addressed."""
    if not facts.own:
        return Deny("edit:author", Reason.NOT_AUTHOR)
    if facts.after not in WITHIN[facts.before] or (facts.before is Audience.GROUP and not facts.same_group):
        return Deny("audience:edit", Reason.EDIT_WIDENS)
    if facts.before is Audience.GROUP and not facts.member:
        return Deny("group:member", Reason.NOT_A_MEMBER, Remedy.JOIN)
    group = strongest(
        (open_step(closed=facts.closed, unmoderated=False), files_step(allowed=facts.files, there=facts.adds_files))
    )
    if isinstance(group, Deny):
        return group
    if facts.adds_mentions and facts.before not in {Audience.PUBLIC, Audience.UNLISTED}:
        return Limit("audience:mentions", (Change.OUTSIDERS_AS_TEXT,), Reason.OUTSIDERS_NOT_TOLD)
    return Allow("audience:edit")
