"""Who asked for an account and waits: nothing shows them until they are let in, and nothing is kept of who is not."""

import asyncio

import pytest

from federation.outbox.profiles import NameTakenError, NewMember, create_member
from federation.outbox.sign_ups import Link, NotWaitingError, approve, reject, sign_up
from storage import audit, members, sign_ups
from storage.records import Actor
from tests.federation.home import Home
from tests.federation.peer import Peer, Someone


async def ask(home: Home, name: str, *, confirmed: bool = True) -> Actor:
    new = NewMember(name, f"{name}@a.example", "", confirmed=confirmed, approved=False, reason="I am a nurse in Lyon.")
    return await create_member(home.ctx, new, by=name)


async def is_there(home: Home, ben: Someone, actor: Actor) -> bool:
    """Whether another server finds them, in any of the ways that there are; all ways agree."""
    resource = f"acct:{actor.username}@{home.ctx.origin.handle_domain}"
    paths = (actor.uri, f"{actor.uri}/outbox", f"{actor.uri}/followers", f"/.well-known/webfinger?resource={resource}")
    found = {(await home.fetch(path, ben))[0] for path in paths}
    assert found in ({200}, {404})
    return found == {200}


async def test_who_waits_is_nowhere_until_let_in(home: Home, peer: Peer) -> None:
    ben, nina = peer.actor("ben"), await ask(home, "nina")
    assert not await is_there(home, ben, nina)
    await approve(home.ctx, nina.id, by="anna")
    assert await is_there(home, ben, nina)
    person = await home.db.read(lambda tx: members.get_person(tx, nina.id))
    assert person is not None
    assert (person.enabled, person.member.reason) == (True, "")
    with pytest.raises(NotWaitingError):
        await approve(home.ctx, nina.id, by="anna")
    with pytest.raises(NotWaitingError):
        await reject(home.ctx, nina.id, by="anna")
    assert await is_there(home, ben, nina)


async def test_who_is_approved_before_confirming_waits_on(home: Home, peer: Peer) -> None:
    ben, nina = peer.actor("ben"), await ask(home, "nina", confirmed=False)
    await approve(home.ctx, nina.id, by="anna")
    assert not await is_there(home, ben, nina)
    assert [person.actor.id for person in await home.db.read(sign_ups.list_waiting)] == [nina.id]


async def test_a_name_is_taken_by_one_of_two_who_ask_at_once(home: Home) -> None:
    """Both were told before that it is free; of names that an eye takes for each other, too."""
    wanted = [NewMember(name, f"{name}@a.example", "") for name in ("marie", "rnarie")]
    asked = [sign_up(home.ctx, new, Link("token", "hash")) for new in wanted]
    ended = await asyncio.gather(*asked, return_exceptions=True)
    assert sorted(type(one).__name__ for one in ended) == ["Actor", "TakenError"]


async def test_nothing_is_kept_of_who_is_turned_away(home: Home) -> None:
    nina = await ask(home, "nina")
    with pytest.raises(NameTakenError):
        await ask(home, "Nina")
    await reject(home.ctx, nina.id, by="anna")
    assert await home.count("members") == 0
    assert await home.count("actors", "username = 'nina'") == 0
    assert await home.count("actor_keys", "actor_id = :id", id=nina.id) == 0
    again = await ask(home, "nina")
    assert [person.actor.id for person in await home.db.read(sign_ups.list_waiting)] == [again.id]
    said = await home.db.read(lambda tx: audit.list_latest(tx, limit=3))
    assert [tuple(row)[1:4] for row in said] == [
        ("nina", "member.create", "nina"),
        ("anna", "member.reject", "nina"),
        ("nina", "member.create", "nina"),
    ]


async def test_members_are_neither_let_in_nor_turned_away(home: Home, peer: Peer) -> None:
    ben, anna = peer.actor("ben"), await home.member("anna")
    for act in (approve, reject):
        with pytest.raises(NotWaitingError):
            await act(home.ctx, anna.id, by="console")
    await home.db.transact(lambda tx: sign_ups.delete_waiting(tx, anna.id))
    assert await is_there(home, ben, anna)
