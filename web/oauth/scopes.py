"""The scopes of Mastodon's client API and which contains which. Pure."""

from collections.abc import Iterable

# fmt: off
_READ = (
    "accounts", "blocks", "bookmarks", "collections", "favourites", "filters", "follows", "lists", "mutes",
    "notifications", "search", "statuses",
)
_WRITE = (
    "accounts", "blocks", "bookmarks", "collections", "conversations", "favourites", "filters", "follows", "lists",
    "media", "mutes", "notifications", "reports", "statuses",
)
_ADMIN = (
    "accounts", "canonical_email_blocks", "domain_allows", "domain_blocks", "email_domain_blocks", "ip_blocks",
    "reports",
)
# fmt: on

SCOPES = (
    "profile",
    "read",
    *(f"read:{noun}" for noun in _READ),
    "write",
    *(f"write:{noun}" for noun in _WRITE),
    "follow",
    "push",
    "admin:read",
    *(f"admin:read:{noun}" for noun in _ADMIN),
    "admin:write",
    *(f"admin:write:{noun}" for noun in _ADMIN),
)
DEFAULT = ("read",)

# Deprecated since Mastodon 3.5 and still asked for by every app.
_FOLLOW = frozenset(f"{verb}:{noun}" for verb in ("read", "write") for noun in ("blocks", "follows", "mutes"))


def parse_scopes(text: str) -> tuple[str, ...] | None:
    """The scopes in a text, each once, in the order given; None when one is unknown."""
    names = tuple(dict.fromkeys(text.split()))
    return names if all(name in SCOPES for name in names) else None


def covers(granted: Iterable[str], wanted: str) -> bool:
    """Whether one of the granted scopes is the wanted one or contains it."""
    return any(
        scope == wanted or wanted.startswith(f"{scope}:") or (scope == "follow" and wanted in _FOLLOW)
        for scope in granted
    )


def covers_all(granted: Iterable[str], wanted: Iterable[str]) -> bool:
    """Whether an app that was granted these may have those: asking for less is no offence."""
    held = tuple(granted)
    return all(covers(held, scope) for scope in wanted)
