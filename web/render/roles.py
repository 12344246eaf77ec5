"""Roles as apps understand them: they offer what Mastodon's bits say."""

from policies.moderation import MAY, Act
from policies.terms import Role
from storage.featured_collections import MOST_COLLECTIONS
from web.render.frame import Entity

# Mastodon 4.5, app/models/user_role.rb.
_BITS = {
    Act.READ_FIGURES: 1 << 3,
    Act.READ_REPORTS: 1 << 4,
    Act.READ_POLICY: 1 << 5,
    Act.READ_SHUT_OUT: 1 << 7,
    Act.REVIEW_TRENDS: 1 << 8,
    Act.READ_ACCOUNTS: 1 << 10,
    Act.GIVE_ROLES: 1 << 17,
    Act.MODERATE_ACCOUNTS: 1 << 18,
    Act.ERASE_ACCOUNTS: 1 << 19,
}


def role(name: str) -> Entity:
    """Role."""
    plain = name == Role.MEMBER
    return {
        "id": name,
        "name": "" if plain else name,
        "color": "",
        "permissions": str(sum(bit for act, bit in _BITS.items() if act in MAY[Role(name)])),
        "highlighted": False,
        "collection_limit": MOST_COLLECTIONS,
    }
