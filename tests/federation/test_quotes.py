"""Quotes as other servers ask for them, claim them and take them back (FEP-044f); and what lies about them come to."""

from typing import Any

import orjson
import pytest

from federation.wire.quotes import Stamp, render_stamp
from federation.wire.values import PUBLIC
from policies.quoting import NOBODY, Circle
from policies.terms import Audience
from storage import quotes
from storage.records import Actor, Quote, Status
from storage.visibility import get_visible
from tests.federation.home import Home
from tests.federation.peer import Document, Peer, Someone


async def published(home: Home, author: Actor, audience: Audience = Audience.PUBLIC, **more: Any) -> Status:
    return await home.publish(author, "Un article", audience, quote_policy=more.pop("policy", "public"), **more)


async def quote_in(home: Home, uri: str) -> Quote:
    status = await home.find(uri)
    assert status is not None
    found = await home.db.read(lambda tx: quotes.get_quote(tx, status.id))
    assert found is not None
    return found


def path_of(home: Home, uri: str) -> str:
    return uri.removeprefix(home.base)


def serve_note(peer: Peer, note: Document) -> Document:
    peer.serve(note["id"].removeprefix(peer.base), note)
    return note


def serve_stamp(peer: Peer, author: Someone, quoting: str, quoted: str, **changes: Any) -> str:
    uri = peer.new_id("stamps")
    peer.serve(uri.removeprefix(peer.base), render_stamp(Stamp(uri, author.uri, quoting, quoted)) | changes)
    return uri


def request(peer: Peer, author: Someone, quoted: str, instrument: Any) -> Document:
    return peer.activity("QuoteRequest", author, quoted, instrument=instrument)


def answers(peer: Peer) -> list[Document]:
    return [one.document for one in peer.posted if one.document["type"] in {"Accept", "Reject"}]


@pytest.mark.parametrize("embedded", [True, False])
async def test_a_request_is_stamped_told_and_answered(home: Home, peer: Peer, *, embedded: bool) -> None:
    ben, anna = peer.actor("ben"), await home.member("anna")
    post = await published(home, anna)
    note = serve_note(peer, peer.note(ben, quote=post.uri))
    asked = request(peer, ben, post.uri, note if embedded else note["id"])
    assert await home.take(ben, asked) == "done"
    quote = await quote_in(home, note["id"])
    assert (quote.state, quote.quoted_id, quote.request_uri) == ("accepted", post.id, asked["id"])
    assert await home.count("notifications", "type = 'quote'") == 1
    await home.deliver()
    (answer,) = answers(peer)
    assert (answer["type"], answer["actor"], answer["result"]) == ("Accept", anna.uri, quote.stamp)
    assert answer["object"]["id"] == asked["id"]
    assert answer["object"]["instrument"] == note["id"]
    _, body = await home.fetch(path_of(home, quote.stamp), ben)
    stamp = orjson.loads(body)
    assert stamp["interactingObject"] == note["id"]
    assert (stamp["interactionTarget"], stamp["attributedTo"]) == (post.uri, anna.uri)
    # the Create that comes later, and the Update that claims the stamp, change nothing
    assert (await home.take(ben, peer.activity("Create", ben, note))).startswith("refused: known")
    claimed = note | {"quoteAuthorization": quote.stamp}
    await home.take(ben, peer.activity("Update", ben, claimed))
    assert (await quote_in(home, note["id"])).state == "accepted"


async def test_what_may_not_be_quoted_is_refused_and_what_is_hidden_gets_no_answer(home: Home, peer: Peer) -> None:
    """Nor is anything fetched for a post that who asks may not see: the question would tell that it is there."""
    ben, anna = peer.actor("ben"), await home.member("anna", verified=True)
    group = await home.group("cardiologie", anna)
    await home.know(ben)
    closed = await published(home, anna, policy="nobody")
    note = peer.note(ben, quote=closed.uri)
    assert await home.take(ben, request(peer, ben, closed.uri, note)) == "done"
    assert (await quote_in(home, note["id"])).state == "rejected"
    await home.deliver()
    (answer,) = answers(peer)
    assert (answer["type"], answer["object"]["object"]) == ("Reject", closed.uri)
    hidden = [
        await published(home, anna, Audience.FOLLOWERS),
        await published(home, anna, Audience.DIRECT),
        await published(home, anna, Audience.PUBLIC),
    ]
    moved = "UPDATE statuses SET audience = 'group', group_id = :group WHERE id = :id"
    await home.db.transact(lambda tx: tx.execute(moved, group=group.id, id=hidden[2].id))
    for uri in (*(one.uri for one in hidden), home.ctx.origin.object(5)):
        other = serve_note(peer, peer.note(ben, quote=uri))
        ended = await home.take(ben, request(peer, ben, uri, other["id"]))
        assert ended == "refused: nothing here that could be quoted"
        assert peer.fetched(other["id"].removeprefix(peer.base)) == 0
    await home.deliver()
    assert len(answers(peer)) == 1
    assert await home.count("quotes", "state = 'accepted'") == 0


async def test_a_request_is_its_actors_about_their_own_post_that_quotes(home: Home, peer: Peer, stranger: Peer) -> None:
    await home.rule(peer.host, stranger.host)
    ben, eve, anna = peer.actor("ben"), stranger.actor("eve"), await home.member("anna")
    post, other = await published(home, anna), await published(home, anna)
    bens = serve_note(peer, peer.note(ben, quote=post.uri))
    for asked in (
        request(stranger, eve, post.uri, bens),
        request(stranger, eve, post.uri, bens["id"]),
        request(stranger, eve, post.uri, stranger.note(eve)),
        request(stranger, eve, post.uri, stranger.note(eve, quote=other.uri)),
        request(stranger, eve, post.uri, f"{stranger.base}/notes/nothing"),
    ):
        assert (await home.take(eve, asked)).startswith("refused")
    await home.deliver()
    assert answers(stranger) == []
    assert await home.count("quotes", "state = 'accepted'") == 0


async def test_a_quote_counts_by_its_stamp_alone(home: Home, peer: Peer, stranger: Peer) -> None:
    """Fetched from the quoted author's origin, of that author, for these two posts; else it waits and shows nothing."""
    await home.rule(peer.host, stranger.host)
    ben, eve, dora = peer.actor("ben"), peer.actor("eve"), stranger.actor("dora")
    quoted = serve_note(stranger, stranger.note(dora))
    other = serve_note(stranger, stranger.note(dora))

    async def state(stamp: Any, note: Document) -> str:
        claimed = note | ({"quoteAuthorization": stamp} if stamp else {})
        assert await home.take(ben, peer.activity("Create", ben, claimed)) == "done"
        return (await quote_in(home, note["id"])).state

    carl = stranger.actor("carl")
    for make in range(8):
        note = peer.note(ben, quote=quoted["id"])
        lie = (
            None,
            stranger.new_id("stamps"),
            serve_stamp(peer, eve, note["id"], quoted["id"]),
            serve_stamp(stranger, dora, note["id"], other["id"]),
            serve_stamp(stranger, dora, peer.new_id("notes"), quoted["id"]),
            serve_stamp(stranger, carl, note["id"], quoted["id"]),
            serve_stamp(stranger, dora, note["id"], quoted["id"], type="Note"),
            home.ctx.origin.stamp(5),
        )[make]
        assert await state(lie, note) == "pending", make
    note = peer.note(ben, quote=quoted["id"])
    assert await state(serve_stamp(stranger, dora, note["id"], quoted["id"]), note) == "accepted"
    own = peer.note(ben, quote=serve_note(peer, peer.note(ben))["id"])
    assert await state(None, own) == "accepted"
    legacy = peer.note(ben, quoteUrl=quoted["id"])
    assert await state(None, legacy) == "pending"


async def test_a_stamp_of_a_host_that_we_do_not_listen_to_is_none(home: Home, peer: Peer, stranger: Peer) -> None:
    await home.rule(peer.host, stranger.host)
    ben, dora = peer.actor("ben"), stranger.actor("dora")
    quoted = serve_note(stranger, stranger.note(dora))
    await home.take(dora, stranger.activity("Create", dora, quoted))
    await home.rule(peer.host)
    note = peer.note(ben, quote=quoted["id"])
    stamp = serve_stamp(stranger, dora, note["id"], quoted["id"])
    assert await home.take(ben, peer.activity("Create", ben, note | {"quoteAuthorization": stamp})) == "done"
    assert (await quote_in(home, note["id"])).state == "pending"
    assert stranger.fetched(stamp.removeprefix(stranger.base)) == 0


async def test_a_stamp_comes_with_an_edit_and_goes_by_its_authors_word(home: Home, peer: Peer, stranger: Peer) -> None:
    await home.rule(peer.host, stranger.host)
    ben, dora, eve = peer.actor("ben"), stranger.actor("dora"), stranger.actor("eve")
    quoted = serve_note(stranger, stranger.note(dora))
    note = peer.note(ben, quote=quoted["id"])
    await home.take(ben, peer.activity("Create", ben, note))
    stamp = serve_stamp(stranger, dora, note["id"], quoted["id"])
    claimed = note | {"quoteAuthorization": stamp}
    assert await home.take(ben, peer.activity("Update", ben, claimed)) == "done"
    assert (await quote_in(home, note["id"])).state == "accepted"
    for who, at in ((eve, stranger), (ben, peer)):
        await home.take(who, at.activity("Delete", who, stamp))
        assert (await quote_in(home, note["id"])).state == "accepted", who.name
    assert await home.take(dora, stranger.activity("Delete", dora, stamp)) == "done"
    assert (await quote_in(home, note["id"])).state == "revoked"
    await home.take(ben, peer.activity("Update", ben, claimed))
    assert (await quote_in(home, note["id"])).state == "revoked"
    later = peer.note(ben, quote=quoted["id"])
    early = serve_stamp(stranger, dora, later["id"], quoted["id"])
    await home.take(dora, stranger.activity("Delete", dora, early))
    await home.take(ben, peer.activity("Create", ben, later | {"quoteAuthorization": early}))
    assert (await quote_in(home, later["id"])).state == "pending"


async def test_an_edit_may_quote_something_else_or_nothing(home: Home, peer: Peer) -> None:
    ben = peer.actor("ben")
    first, second = [serve_note(peer, peer.note(ben)) for _ in range(2)]
    note = peer.note(ben, quote=first["id"])
    await home.take(ben, peer.activity("Create", ben, note))
    await home.take(ben, peer.activity("Update", ben, note | {"quote": second["id"]}))
    assert (await quote_in(home, note["id"])).quoted_uri == second["id"]
    plain = {name: value for name, value in note.items() if name != "quote"}
    await home.take(ben, peer.activity("Update", ben, plain))
    assert await home.count("quotes") == 0


async def test_another_servers_quote_never_shows_more_than_its_reader_may_see(home: Home, peer: Peer) -> None:
    """Whatever it claims: our restricted posts are to it as if they were not there."""
    ben, anna = peer.actor("ben"), await home.member("anna", verified=True)
    for audience in (Audience.FOLLOWERS, Audience.DIRECT):
        post = await published(home, anna, audience)
        note = peer.note(ben, quote=post.uri, quoteAuthorization=home.ctx.origin.stamp(7))
        assert await home.take(ben, peer.activity("Create", ben, note)) == "done"
        quote = await quote_in(home, note["id"])
        assert (quote.state, quote.quoted_id) == ("pending", None)
    own = serve_note(peer, peer.note(ben, to=[ben.followers], cc=[]))
    await home.take(ben, peer.activity("Create", ben, own))
    note = peer.note(ben, quote=own["id"])
    await home.take(ben, peer.activity("Create", ben, note))
    quote = await quote_in(home, note["id"])
    assert quote.quoted_id is not None
    seen = await home.db.read(lambda tx: get_visible(tx, quote.quoted_id or 0, viewer=anna.id, now=home.clock()))
    assert seen is None


async def test_who_may_quote_is_read_and_follows_its_changes(home: Home, peer: Peer) -> None:
    ben = peer.actor("ben")
    note = peer.note(ben)

    async def stored() -> Any:
        status = await home.find(note["id"])
        assert status is not None
        return quotes.read_policy(status.quote_policy)

    await home.take(ben, peer.activity("Create", ben, note))
    assert await stored() == NOBODY
    for uri, circle in ((PUBLIC, Circle.PUBLIC), (ben.followers, Circle.FOLLOWERS)):
        policy = {"canQuote": {"automaticApproval": [uri]}}
        assert await home.take(ben, peer.activity("Update", ben, note | {"interactionPolicy": policy})) == "done"
        assert (await stored()).automatic == {circle}


async def asked(home: Home, peer: Peer, anna: Actor, ben: Someone) -> tuple[Status, Document]:
    """A post of Anna's that quotes one of Ben's, and the request that Ben's server got."""
    policy = {"canQuote": {"automaticApproval": [PUBLIC]}}
    note = peer.note(ben, interactionPolicy=policy)
    await home.take(ben, peer.activity("Create", ben, note))
    quoted = await home.find(note["id"])
    assert quoted is not None
    post = await published(home, anna, quoted_id=quoted.id)
    await home.deliver()
    sent = [one.document for one in peer.posted if one.document["type"] == "QuoteRequest"]
    return post, sent[-1]


async def test_our_request_names_both_posts_and_is_answered_by_the_quoted_author_alone(
    home: Home, peer: Peer, stranger: Peer
) -> None:
    await home.rule(peer.host, stranger.host)
    ben, eve, dora = peer.actor("ben"), peer.actor("eve"), stranger.actor("dora")
    anna = await home.member("anna")
    post, sent = await asked(home, peer, anna, ben)
    assert (sent["actor"], sent["instrument"]["id"]) == (anna.uri, post.uri)
    assert sent["instrument"]["quote"] == sent["object"]
    answer = {name: sent[name] for name in ("id", "type", "actor", "object")} | {"instrument": post.uri}
    stamp = peer.new_id("stamps")
    for who, at, result in (
        (eve, peer, stamp),
        (dora, stranger, stranger.new_id("stamps")),
        (ben, peer, stranger.new_id("stamps")),
        (ben, peer, None),
    ):
        ended = await home.take(who, at.activity("Accept", who, answer, result=result))
        assert ended.startswith("refused"), who.name
    assert (await home.take(eve, peer.activity("Reject", eve, answer))).startswith("refused")
    assert (await quote_in(home, post.uri)).state == "pending"
    assert await home.take(ben, peer.activity("Accept", ben, sent["id"], result=stamp)) == "done"
    quote = await quote_in(home, post.uri)
    assert (quote.state, quote.stamp) == ("accepted", stamp)
    await home.deliver()
    updates = [one.document for one in peer.posted if one.document["type"] == "Update"]
    assert updates[-1]["object"]["quoteAuthorization"] == stamp
    assert await home.take(ben, peer.activity("Reject", ben, answer)) == "done"
    assert (await quote_in(home, post.uri)).state == "revoked"
    assert (await home.take(ben, peer.activity("Accept", ben, answer, result=stamp))).startswith("refused")


async def test_a_refused_request_may_be_granted_later(home: Home, peer: Peer) -> None:
    ben, anna = peer.actor("ben"), await home.member("anna")
    post, sent = await asked(home, peer, anna, ben)
    assert await home.take(ben, peer.activity("Reject", ben, sent["id"])) == "done"
    assert (await quote_in(home, post.uri)).state == "rejected"
    accepted = peer.activity("Accept", ben, sent["id"], result=peer.new_id("stamps"))
    assert await home.take(ben, accepted) == "done"
    assert (await quote_in(home, post.uri)).state == "accepted"


async def test_a_stamp_is_for_who_may_have_both_posts(home: Home, peer: Peer, stranger: Peer) -> None:
    await home.rule(peer.host, stranger.host)
    ben, dora = peer.actor("ben"), stranger.actor("dora")
    anna, olga = await home.member("anna"), await home.member("olga")
    post = await published(home, anna)
    note = peer.note(ben, quote=post.uri, to=[ben.followers, anna.uri], cc=[])
    assert await home.take(ben, request(peer, ben, post.uri, note)) == "done"
    restricted = (await quote_in(home, note["id"])).stamp
    everybodys = await published(home, olga, quoted_id=post.id)
    own = await published(home, olga, Audience.FOLLOWERS, quoted_id=post.id)
    for uri, statuses_ in (
        (restricted, (200, 404)),
        (home.ctx.origin.stamp(everybodys.id), (200, 200)),
        (home.ctx.origin.stamp(own.id), (404, 404)),
        (home.ctx.origin.stamp(5), (404, 404)),
    ):
        for who, expected in zip((ben, dora), statuses_, strict=True):
            assert (await home.fetch(path_of(home, uri), who))[0] == expected, (uri, who.name)
    assert (await home.fetch(path_of(home, restricted)))[0] == 401
    await home.db.transact(lambda tx: quotes.update_quote(tx, everybodys.id, state="revoked"))
    assert (await home.fetch(path_of(home, home.ctx.origin.stamp(everybodys.id)), ben))[0] == 404
