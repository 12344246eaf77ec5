"""Admins hear in time that an agreement ends: once for each step, each in their language, and nobody else does."""

import logging
from datetime import timedelta

import pytest

from federation.outbox import peers
from federation.outbox.agreements import warn_of_ends
from policies.ruleset import day_of
from tests.federation.home import Home, ruleset
from tests.federation.peer import Peer

DAY = 24 * 3_600_000


async def letters(home: Home) -> list[tuple[str, str]]:
    """Direct messages of the instance: to whom, and what."""
    query = (
        "SELECT a.username, s.text FROM statuses s JOIN mentions m ON m.status_id = s.id JOIN actors a ON a.id = m.actor_id "
        "WHERE s.actor_id = 1 AND s.audience = 'direct' ORDER BY s.id, a.username"
    )
    return [(row[0], row[1]) for row in await home.rows(query)]


async def admit(home: Home, name: str, locale: str) -> None:
    """Somebody becomes an admin."""
    admin = await home.member(name)
    change = "UPDATE members SET role = 'admin', locale = :locale WHERE actor_id = :id"
    await home.db.transact(lambda tx: tx.execute(change, id=admin.id, locale=locale))


async def agree(home: Home, peer: Peer, reference: str, *, days: int) -> None:
    """An agreement that began yesterday and ends in so many days."""
    today = day_of(home.clock())
    agreement = (
        f'agreement = {{ reference = "{reference}", from = {today - timedelta(days=1)}, '
        f"until = {today + timedelta(days=days)} }}\n"
        'contacts = ["DPO, dpo@peer.example", "0199000000"]\n'
    )
    await peers.save_rules(home.ctx, ruleset(peer.host, more=agreement), by="console", reason="test")


async def test_admins_are_told_once_at_each_step(home: Home, peer: Peer, caplog: pytest.LogCaptureFixture) -> None:
    await home.member("olga")
    await admit(home, "anna", "fr")
    await admit(home, "nina", "en")
    await agree(home, peer, "2026-014", days=61)
    await warn_of_ends(home.ctx)
    assert await letters(home) == []
    with caplog.at_level(logging.WARNING):
        for days, told in ((1, 1), (10, 1), (20, 2), (23, 3), (6, 4), (1, 4), (1, 4)):
            home.clock.pass_by(days * DAY)
            for _ in range(2):
                await warn_of_ends(home.ctx)
            found = await letters(home)
            assert sorted(name for name, _ in found) == sorted(["anna", "nina"] * told), days
    first = dict(found[:2])
    assert first["anna"].startswith("@anna La convention 2026-014 avec Peer")
    assert "in 60 days. Then: content is held both ways." in first["nina"]
    assert all("DPO, dpo@peer.example, 0199000000" in text for text in first.values())
    assert [peer.host in one.getMessage() for one in caplog.records] == [True] * 4


async def test_an_agreement_that_is_renewed_is_warned_of_anew(home: Home, peer: Peer) -> None:
    await admit(home, "anna", "fr")
    for reference in ("2026-014", "2027-003"):
        await agree(home, peer, reference, days=7)
        await warn_of_ends(home.ctx)
        home.clock.pass_by(DAY)
    assert [text.split()[3] for _, text in await letters(home)] == ["2026-014", "2027-003"]
