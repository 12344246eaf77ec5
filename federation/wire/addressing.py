"""From `to`, `cc` and `audience` to one of our five audiences (federation_wire.md §3.3, profile group-only/1).

Must not know members or permissions: GROUP here means that the post asks for it in the profile's exact shape.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from federation.wire.errors import Fault, ProtocolError
from federation.wire.values import PUBLIC
from policies.terms import Audience

PUBLIC_ALIASES = frozenset({PUBLIC, "as:Public", "Public"})


class Addressed(Protocol):
    """What notes and activities have in common: whom they are for, as uris."""

    @property
    def to(self) -> tuple[str, ...]: ...
    @property
    def cc(self) -> tuple[str, ...]: ...
    @property
    def audience(self) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True)
class Addressing:
    """The audience asked for; the private group for GROUP, and the uris addressed one by one for all but GROUP."""

    audience: Audience
    group: str | None
    recipients: tuple[str, ...]


def audience_of(addressed: Addressed, followers: str | None, groups: Mapping[str, str]) -> Addressing:
    """Whom a note or activity is for. `followers` is its author's followers collection, `groups` maps the private
    groups known here to theirs. A note's own addressing counts; its activity's only where the note has none.

    ProtocolError when nobody is addressed, or when a private group is the audience but not in the profile's shape
    (`to` the group and its followers, no `cc`): guessing would widen or narrow what the author meant.
    """
    everyone = (*addressed.to, *addressed.cc)
    if not everyone:
        raise ProtocolError(Fault.ADDRESSING, "nobody is addressed")
    group = next((uri for uri in addressed.audience if uri in groups), None)
    if group is not None:
        return _group_only(addressed, group, groups[group])
    recipients = tuple(uri for uri in everyone if uri not in PUBLIC_ALIASES and uri != followers)
    return Addressing(_ordinary(addressed, followers), None, recipients)


def _group_only(addressed: Addressed, group: str, followers: str) -> Addressing:
    if addressed.audience != (group,) or set(addressed.to) != {group, followers} or addressed.cc:
        raise ProtocolError(Fault.ADDRESSING, f"for the private group {group}, but not for it alone")
    return Addressing(Audience.GROUP, group, ())


def _ordinary(addressed: Addressed, followers: str | None) -> Audience:
    if not PUBLIC_ALIASES.isdisjoint(addressed.to):
        return Audience.PUBLIC
    if not PUBLIC_ALIASES.isdisjoint(addressed.cc):
        return Audience.UNLISTED
    if followers is not None and followers in (*addressed.to, *addressed.cc):
        return Audience.FOLLOWERS
    return Audience.DIRECT
