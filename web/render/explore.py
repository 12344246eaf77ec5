"""Suggestions, and what many speak of."""

from collections.abc import Iterable

from storage.tags import Use
from web.render.frame import Entity
from web.render.tags import history


def suggestion(friends: int, shown: Entity) -> Entity:
    """Suggestion: an Account, and why. `friends`: how many of those whom the viewer follows follow them."""
    old, new = ("past_interactions", "friends_of_friends") if friends else ("global", "most_followed")
    return {"source": old, "sources": [new], "account": shown}


def trending_link(card: Entity, uses: Iterable[Use], days: Iterable[int]) -> Entity:
    """Trends::Link: a PreviewCard with its history on these days."""
    return {**card, "history": history(uses, days)}
