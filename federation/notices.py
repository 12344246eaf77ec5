"""What members of ours are to be told by the instance itself: written with the act that it tells of, sent soon after as a
direct message by `federation.telling`. For acts that cannot post by themselves, and for what must not be lost with a process.
"""

from typing import NamedTuple

from storage import notices
from storage.database import Transaction
from storage.members import get_person


class Words(NamedTuple):
    """The same in both languages. Nobody is named by it: an @ in it addresses nobody."""

    french: str
    english: str


async def tell(tx: Transaction, owner_id: int, words: Words, *, now: int) -> None:
    """Have a member here told something, in their language; somebody elsewhere is not."""
    person = await get_person(tx, owner_id)
    if person is not None:
        text = words.french if person.member.locale == "fr" else words.english
        await notices.insert_notice(tx, owner_id, text, now=now)
