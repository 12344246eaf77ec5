"""An author is told once of a post that was held or refused somewhere, with the reason; of nothing else, and nobody else is."""

from federation.outbox.telling import tell_stopped
from policies.terms import Audience
from storage.database import Reader
from tests.federation.home import Home
from tests.federation.peer import Peer


async def letters(home: Home) -> list[str]:
    async def unit(tx: Reader) -> list[str]:
        rows = await tx.rows(
            "SELECT s.content FROM statuses s JOIN actors a ON a.id = s.actor_id "
            "WHERE a.type = 'Application' AND s.audience = 'direct' ORDER BY s.id"
        )
        return [row[0] for row in rows]

    return await home.db.read(unit)


async def test_an_author_is_told_once_what_was_held_and_why(home: Home, peer: Peer) -> None:
    await home.rule(peer.host)
    anna, ben = await home.member("anna"), peer.actor("ben")
    await home.know(ben)
    assert await home.take(ben, peer.activity("Follow", ben, anna.uri)) == "done"
    await home.publish(anna, "Tout va bien")
    await tell_stopped(home.ctx)
    assert await letters(home) == [], "what went everywhere is nothing to be told of"

    await home.rule(peer.host, state="quarantined")
    held = await home.publish(anna, "zorglub", Audience.FOLLOWERS)
    for _ in range(2):
        await tell_stopped(home.ctx)
    (told,) = await letters(home)
    assert peer.host in told
    assert f"/settings/posts/{held.id}" in told
    assert "zorglub" not in told


async def test_what_was_stopped_long_ago_is_no_news(home: Home, peer: Peer) -> None:
    await home.rule(peer.host)
    anna, ben = await home.member("anna"), peer.actor("ben")
    await home.know(ben)
    assert await home.take(ben, peer.activity("Follow", ben, anna.uri)) == "done"
    await home.rule(peer.host, state="quarantined")
    await home.publish(anna, "zorglub")
    home.clock.pass_by(2 * 24 * 3_600_000)
    await tell_stopped(home.ctx)
    assert await letters(home) == []
