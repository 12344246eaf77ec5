"""Peers from files: a body's signed list becomes a version of the ruleset, Mastodon's files become blocks; and back."""

from datetime import date

import orjson
import pytest

from federation.outbox.peer_lists import (
    ListRefusedError,
    Outcome,
    export_csv,
    export_list,
    import_allows,
    import_blocks,
    read_csv,
    take_list,
)
from federation.outbox.peers import approve_draft, save_rules
from federation.rules import get_rules
from federation.wire.errors import ProtocolError
from policies.decision import Reason
from policies.terms import PeerState
from storage import rules
from tests.federation.home import Home

CSV = """\
#domain,#severity,#reject_media,#reject_reports,#public_comment,#obfuscate
bad.example,suspend,false,true,"harassment, spam",false
loud.example,silence,true,false,,true
BAD host,suspend,false,false,,false
odd.example,freeze,false,false,,false
"""


async def states(home: Home) -> dict[str, PeerState]:
    ruleset = (await home.db.read(get_rules)).ruleset
    return {host: peer.state for host, peer in ruleset.peers.items()}


async def trusting(home: Home, *hosts: str) -> bytes:
    """A list of our own peers, which we then trust as if it were another body's; the hosts are not peers any more."""
    await home.rule(*hosts)
    found = await export_list(home.ctx, "regional", 3, date(2027, 1, 1))
    await home.rule(more=f'[lists.regional]\nkey = "{found.key}"\n')
    return orjson.dumps(found.document)


async def test_a_signed_list_is_put_in_force(home: Home) -> None:
    body = await trusting(home, "b.example", "c.example")
    taken = await take_list(home.ctx, "regional", body, by="console")
    assert (taken.draft_id, taken.conflicts) == (None, ())
    assert await states(home) == {"b.example": PeerState.ACTIVE, "c.example": PeerState.ACTIVE}
    version = (await home.db.read(rules.list_versions))[0]
    assert (version.version, version.reason) == (taken.version, "list regional, version 3")


async def test_what_our_own_rules_say_otherwise_waits_as_a_draft(home: Home) -> None:
    body = await trusting(home, "b.example")
    text = (await home.db.read(rules.list_versions))[0].body
    shut = text + '[peers."b.example"]\norganisation = "Peer"\nstate = "suspended"\n'
    await save_rules(home.ctx, shut, by="console", reason="test")
    taken = await take_list(home.ctx, "regional", body, by="console")
    assert taken.conflicts == ("b.example",)
    assert await states(home) == {"b.example": PeerState.SUSPENDED}
    assert taken.draft_id is not None
    await approve_draft(home.ctx, taken.draft_id, by="")
    assert await states(home) == {"b.example": PeerState.ACTIVE}


async def test_a_list_that_is_not_taken_changes_nothing(home: Home) -> None:
    body = await trusting(home, "b.example")
    before = len(await home.db.read(rules.list_versions))
    with pytest.raises(ListRefusedError):
        await take_list(home.ctx, "unknown", body, by="console")
    with pytest.raises(ProtocolError):
        await take_list(home.ctx, "regional", body.replace(b"b.example", b"x.example"), by="console")
    home.clock.pass_by(400 * 24 * 3_600_000)
    with pytest.raises(ListRefusedError) as caught:
        await take_list(home.ctx, "regional", body, by="console")
    assert caught.value.decision.reason is Reason.LIST_EXPIRED
    assert len(await home.db.read(rules.list_versions)) == before


async def test_mastodons_blocks_come_in_and_go_out(home: Home) -> None:
    await home.rule()
    ended = await import_blocks(home.ctx, CSV, by="console")
    assert ended == [
        Outcome("bad.example", "done"),
        Outcome("loud.example", "done"),
        Outcome("bad host", "bad"),
        Outcome("odd.example", "bad"),
    ]
    assert await states(home) == {"bad.example": PeerState.SUSPENDED, "loud.example": PeerState.QUARANTINED}
    assert [each.ended for each in await import_blocks(home.ctx, "bad.example\n", by="console")] == ["known"]
    written = await export_csv(home.ctx, blocks=True)
    assert written.splitlines()[1:] == [
        'bad.example,suspend,false,true,"harassment, spam",false',
        "loud.example,silence,false,false,,true",
    ]
    assert await export_csv(home.ctx, blocks=False) == "#domain\n"


async def test_mastodons_allows_come_in_and_go_out(home: Home) -> None:
    await home.rule()
    ended = await import_allows(home.ctx, "\ufeff#domain\nb.example\n", by="console")
    assert ended == [Outcome("b.example", "done")]
    assert await states(home) == {"b.example": PeerState.ACTIVE}
    assert await export_csv(home.ctx, blocks=False) == "#domain\nb.example\n"
    await home.rule(more="")
    two = '[instance]\ntwo_person = true\norganisation = "A"\n'
    await save_rules(home.ctx, two, by="console", reason="test")
    assert [each.ended for each in await import_allows(home.ctx, "c.example", by="console")] == ["approval"]
    assert list(read_csv("")) == []
