"""Questions in private groups: which posts are one, whose specialty they are of, and who may do what about them.

A question may be offered to the group of its specialty; nothing crosses by itself, and only its author's word brings it
there, as a new post of theirs. Must not know: texts, groups' names, how an offer is shown.
"""

import unicodedata
from dataclasses import dataclass

from policies.decision import Allow, Decision, Deny, Reason
from policies.terms import SPECIALTIES

QUESTION_TAG = "doctoctoc"  # a French habit of clinicians: knock, knock, doctor


@dataclass(frozen=True, slots=True)
class OfferFacts:
    """A question in one group, and another group. `tags` are the post's, in lower case; `question_tag` is what the first
    group calls a question; `reply`: it answers something; `takes`: the specialty whose questions the other group takes,
    "" for none; `member`: its author is in the other group too; `shut`: that one takes no posts.
    """

    tags: frozenset[str]
    question_tag: str
    reply: bool
    takes: str
    member: bool
    shut: bool = False


def may_offer(facts: OfferFacts) -> Decision:
    """Whether the author is asked if the other group shall have the question too."""
    if not is_question(facts.tags, facts.question_tag, reply=facts.reply) or facts.takes not in specialties_of(
        facts.tags
    ):
        return Deny("routing:tags", Reason.NOT_ROUTED)
    if not facts.member:
        return Deny("group:member", Reason.NOT_A_MEMBER)
    return Deny("group:closed", Reason.GROUP_CLOSED) if facts.shut else Allow("routing:tags")


def is_question(tags: frozenset[str], question_tag: str, *, reply: bool) -> bool:
    """Whether a post asks something of its group; an answer does not."""
    return bool(question_tag) and question_tag in tags and not reply


def specialties_of(tags: frozenset[str]) -> frozenset[str]:
    """The specialties that tags name: by code or label, in French or English, with or without accents."""
    said = {_plain(tag) for tag in tags}
    return frozenset(code for code, names in _NAMES.items() if names & said)


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKD", text.lower())
    return "".join(letter for letter in folded if letter.isalnum() and not unicodedata.combining(letter))


def _names(code: str) -> frozenset[str]:
    labels = [code, SPECIALTIES[code].fr, SPECIALTIES[code].en]
    parts = [part.strip(" )") for label in labels for part in label.replace("/", "(").split("(")]
    return frozenset(_plain(part) for part in parts if part)


_NAMES = {code: _names(code) for code in SPECIALTIES}


def may_bring(*, author: bool) -> Decision:
    """Whether somebody's word brings a question to another group: its author's, and nobody else's (invariant 2)."""
    return Allow("routing:author") if author else Deny("routing:author", Reason.NOT_AUTHOR)


def may_mark(*, author: bool, moderator: bool) -> Decision:
    """Whether somebody says that a question is answered, or is not after all."""
    return Allow("routing:mark") if author or moderator else Deny("routing:mark", Reason.NOT_MODERATOR)
