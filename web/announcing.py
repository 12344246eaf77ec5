"""Announcements as apps show them: loaded in one unit of work, rendered for one member."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from storage import announcements, custom_emojis
from storage.announcements import Reaction
from storage.database import Reader
from storage.records import Actor, Announcement, CustomEmoji, Status, listed
from storage.relations import list_known
from storage.views import get_locale
from storage.visibility import list_visible
from web.render import Entity, Frame, announcement, announcement_reaction


@dataclass(frozen=True, slots=True)
class Announced:
    """Announcements with what a member is shown around them, by id; emoji by short name."""

    shown: Sequence[Announcement]
    read: frozenset[int]
    reactions: Sequence[Reaction]
    people: Mapping[int, Actor]
    statuses: Mapping[int, Status]
    emojis: Mapping[str, CustomEmoji]
    locale: str


async def load_announcements(tx: Reader, found: Sequence[Announcement], *, viewer: int, now: int) -> Announced:
    """People and posts that are named are those that the viewer may see now."""
    reactions = await announcements.list_reactions(tx, [one.id for one in found], viewer=viewer)
    named = [actor_id for one in found for actor_id in listed(one.mentions)]
    linked = [status_id for one in found for status_id in listed(one.statuses)]
    return Announced(
        shown=found,
        read=await announcements.list_read(tx, viewer),
        reactions=reactions,
        people=await list_known(tx, named, viewer=viewer, now=now),
        statuses=await list_visible(tx, linked, viewer=viewer, now=now),
        emojis=await _list_pictures(tx, reactions),
        locale=await get_locale(tx, viewer),
    )


def render_announcements(loaded: Announced, frame: Frame) -> list[Entity]:
    """In the order found."""
    return [
        announcement(
            one,
            [loaded.people[actor_id] for actor_id in listed(one.mentions) if actor_id in loaded.people],
            [loaded.statuses[status_id] for status_id in listed(one.statuses) if status_id in loaded.statuses],
            [
                {
                    **announcement_reaction(put, loaded.emojis.get(put.name), frame),
                    "me": bool(put.mine),
                }
                for put in loaded.reactions
                if put.announcement_id == one.id
            ],
            frame,
            read=one.id in loaded.read,
        )
        for one in loaded.shown
    ]


@dataclass(frozen=True, slots=True)
class Reacted:
    """What became of one reaction; `emoji` is its picture when it is one of our own."""

    reaction: Reaction
    emoji: CustomEmoji | None


async def load_reaction(tx: Reader, reaction_id: int) -> Reacted | None:
    """None when its announcement is gone."""
    reaction = await announcements.get_reaction(tx, reaction_id)
    if reaction is None:
        return None
    return Reacted(reaction, (await _list_pictures(tx, [reaction])).get(reaction.name))


def render_reaction(reacted: Reacted, frame: Frame) -> Entity:
    """As streams tell it: with the announcement, and without whose it is."""
    shown = announcement_reaction(reacted.reaction, reacted.emoji, frame)
    return {**shown, "announcement_id": str(reacted.reaction.announcement_id)}


async def _list_pictures(tx: Reader, reactions: Sequence[Reaction]) -> dict[str, CustomEmoji]:
    names = {one.name for one in reactions if one.name.isascii()}
    return {one.shortcode: one for one in await custom_emojis.list_named(tx, names)} if names else {}
