"""One of everything that we send or serve, said by a real instance to a real peer, with what changes from run to run made plain.

The golden files are these documents. `CONFRERE_WRITE_GOLDEN=1 .venv/bin/pytest tests/peers -n 0 -k sqlite` writes them anew;
read the difference before you commit it.
"""

import re
from collections.abc import Awaitable
from typing import Any

import orjson

from federation.outbox import blocks, emojis, follows, notes, pins, polls, profiles, public_groups, reactions, reports
from federation.outbox import moves as moving
from federation.outbox.moves import Obstacle
from federation.outbox.notes import Draft, Edit
from federation.outbox.polls import PollDraft
from federation.outbox.profiles import Profile
from federation.outbox.reports import NewReport
from federation.wire.values import PUBLIC
from policies.terms import Audience
from storage import featured
from storage import polls as stored_polls
from storage.media_store import MediaStore
from storage.records import Actor, Status
from tests.federation.home import Home
from tests.federation.peer import Peer, Someone
from tests.federation.test_doors import attached

MINUTE = 60_000
_PLAIN = (
    (
        re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"),
        lambda found: "2026-11-18T12:00:00" + (".000" if found[1] else "") + "Z",
    ),
    (
        re.compile(r"-----BEGIN PUBLIC KEY-----.*?-----END PUBLIC KEY-----"),
        lambda _: "-----BEGIN PUBLIC KEY-----\\nAAAA\\n-----END PUBLIC KEY-----",
    ),
    (re.compile(r'("publicKeyMultibase":"z6Mk)\w+'), lambda found: found[1] + "AAAA"),
    (re.compile(r'("proofValue":"z)\w+'), lambda found: found[1] + "AAAA"),
    (
        re.compile(r'(class=\\"ellipsis\\">)[^<]*(</span><span class=\\"invisible\\">)[^<]*'),
        lambda found: f"{found[1]}AAAA{found[2]}AAAA",
    ),
    (re.compile(r"/ap/credentials/[\w-]+"), lambda _: "/ap/credentials/AAAA"),
    # How often somebody looked at the clock is no shape.
    (re.compile(r'("epoch":)\d+'), lambda found: f"{found[1]}1795000000000"),
)
_NUMBER = re.compile(r"\d{15,}")


class Recording:
    """What was sent and served, by name, in order. Ids are numbered as they first appear."""

    def __init__(self, home: Home, peer: Peer) -> None:
        self.home, self.peer = home, peer
        self.documents: dict[str, Any] = {}
        self.headers: dict[str, str] = {}
        self._numbers: dict[str, str] = {}

    def keep(self, name: str, body: bytes) -> None:
        text = body.decode()
        for ours, called in ((self.home, "chu-a.example"), (self.peer, "chu-b.example")):
            text = text.replace(ours.base, f"https://{called}").replace(ours.base.partition("//")[2], called)
        for pattern, plain in _PLAIN:
            text = pattern.sub(plain, text)
        text = _NUMBER.sub(lambda found: self._numbers.setdefault(found[0], str(1001 + len(self._numbers))), text)
        assert name not in self.documents
        self.documents[name] = orjson.loads(text)

    async def sends(self, act: Awaitable[Any], **names: str) -> Any:
        """Do something; what is delivered then, by type, is known by these names."""
        done = await act
        assert not isinstance(done, Obstacle)
        await self.rest()
        posted = sorted((one for one in self.peer.posted if one.body), key=lambda one: str(one.document["type"]))
        assert [one.document["type"] for one in posted] == sorted(names)
        for one in posted:
            self.keep(names[one.document["type"]], one.body)
            self.headers = {key.lower(): value for key, value in one.headers.items()}
        self.peer.asked.clear()
        return done

    async def passes(self, act: Awaitable[Any], **names: str) -> None:
        """Do something; what a public group then announces, by the type of what is within, is known by these names."""
        await act
        await self.rest()
        found = [(one, one.document["object"]) for one in self.peer.posted if one.body]
        for one, inner in found:
            if one.document["type"] == "Announce" and isinstance(inner, dict) and inner["type"] in names:
                self.keep(names.pop(inner["type"]), one.body)
        assert not names
        self.peer.asked.clear()

    async def rest(self) -> None:
        """Deliver everything."""
        while await self.home.deliver():
            pass

    async def serves(self, address: str, name: str, asker: Someone | None, status: int = 200) -> Any:
        got, body = await self.home.fetch(address, asker)
        assert got == status, f"{got} for {address}"
        self.keep(name, body if body.startswith(b"{") else orjson.dumps({"text": body.decode()}))
        self.peer.asked.clear()
        return orjson.loads(body) if body.startswith(b"{") else None


async def record(home: Home, peer: Peer, files: MediaStore) -> Recording:
    """Everything."""
    made = Recording(home, peer)
    anna, ben = await home.member("anna", verified=True), peer.actor("ben")
    peer.attest(ben, now=home.clock())
    known = await home.know(ben)
    peer.asked.clear()
    await _people(made, anna, ben)
    post = await _posts(made, anna, ben, known, files)
    await _reactions(made, anna, ben, known, post)
    await _quotes(made, anna, ben)
    await _collections(made, anna, ben, post)
    await _endings(made, anna, ben, post)
    await _groups(made, anna, ben, known)
    await _public_groups(made, anna, ben, known)
    await _discovery(made, ben)
    return made


async def _people(made: Recording, anna: Actor, ben: Someone) -> None:
    home, peer = made.home, made.peer
    follow = peer.activity("Follow", ben, anna.uri)
    await made.sends(home.take(ben, follow), Accept="accept_follow")
    carl = peer.actor("carl")
    known = await home.know(carl)
    assert await home.take(carl, peer.activity("Follow", carl, anna.uri)) == "done"
    await made.rest()
    peer.asked.clear()
    await made.sends(follows.remove_follower(home.ctx, anna.id, known.id), Reject="reject_follow")
    await emojis.add_emoji(home.ctx, "stethoscope", f"{'0' * 64}.webp", category="", by="console")
    changed = Profile(
        name="Anna Almeida :stethoscope:",
        note="Cardiologue #ecg https://chu-a.example/",
        fields=(("Service", "Cardiologie"),),
        avatar=f"{'1' * 64}.webp",
        header=f"{'2' * 64}.webp",
        discoverable=True,
        indexable=True,
    )
    await made.sends(profiles.update_profile(home.ctx, anna.id, changed), Update="update_person")
    await made.serves(anna.uri, "actor_person", ben)
    await made.serves(anna.uri, "actor_stub", None)
    await made.serves((await home._insert("Service", "accueil")).uri, "actor_service", ben)
    await made.serves(home.ctx.origin.instance_actor, "actor_application", None)


async def _posts(made: Recording, anna: Actor, ben: Someone, known: Actor, files: MediaStore) -> Status:
    home, peer = made.home, made.peer
    name = f"@ben@{peer.host}"
    post: Status = await made.sends(
        home.publish(
            anna,
            f"{name} Un cas #ECG :stethoscope: https://chu-a.example/",
            summary="Un cas",
            language="fr",
            quote_policy="public",
        ),
        Create="create_public",
    )
    await home.db.transact(lambda tx: featured.insert_tag(tx, anna.id, "ECG", most=10, now=home.clock()))
    await made.sends(home.publish(anna, "Discret", Audience.UNLISTED), Create="create_unlisted")
    await made.sends(home.publish(anna, f"{name} Entre nous", Audience.FOLLOWERS), Create="create_followers")
    await made.sends(home.publish(anna, f"{name} Pour toi", Audience.DIRECT), Create="create_direct")
    await made.sends(home.publish(anna, f"{name} Suite", in_reply_to=post.id), Create="create_self_reply")
    note = peer.create(ben)
    assert await home.take(ben, note) == "done"
    theirs = await home.find(note["object"]["id"])
    assert theirs is not None
    await made.sends(home.publish(anna, f"{name} Merci", in_reply_to=theirs.id), Create="create_reply")
    poll = PollDraft(("Oui", "Non"), seconds=3600)
    asked: Status = await made.sends(home.publish(anna, "D'accord ?", poll=poll), Create="create_poll")
    vote = peer.activity(
        "Create",
        ben,
        {
            "id": peer.new_id("votes"),
            "type": "Note",
            "name": "Oui",
            "attributedTo": ben.uri,
            "inReplyTo": asked.uri,
            "to": [anna.uri],
        },
    )
    assert await home.take(ben, vote) == "done"
    home.clock.pass_by(2 * MINUTE)
    await made.sends(polls.tell_due(home.ctx), Update="update_poll")
    question = peer.activity(
        "Create",
        ben,
        peer.note(ben)
        | {
            "type": "Question",
            "oneOf": [{"type": "Note", "name": one} for one in ("Oui", "Non")],
            "endTime": "2027-11-17T12:00:00Z",
        },
    )
    assert await home.take(ben, question) == "done"
    stored = await home.find(question["object"]["id"])
    assert stored is not None
    theirs_poll = await home.db.read(lambda tx: stored_polls.get_poll_of(tx, stored.id))
    assert theirs_poll is not None
    await made.sends(polls.vote(home.ctx, anna.id, theirs_poll.id, [0]), Create="create_vote")
    pictured = await home.publish(anna, "Avec une image")
    await attached(home, files, pictured, description="un ECG", width=20, height=10, blurhash="LEHV6nWB2yk8pyo0adR*")
    await made.rest()
    peer.asked.clear()
    await made.sends(notes.edit(home.ctx, anna.id, pictured.id, Edit("Avec une image, mieux")), Update="update_note")
    await made.serves(pictured.uri, "note_with_image", ben)
    return post


async def _reactions(made: Recording, anna: Actor, ben: Someone, known: Actor, post: Status) -> None:
    home, peer = made.home, made.peer
    note = peer.create(ben)
    assert await home.take(ben, note) == "done"
    theirs = await home.find(note["object"]["id"])
    assert theirs is not None
    await made.sends(reactions.favourite(home.ctx, anna.id, theirs.id), Like="like")
    await made.sends(reactions.unfavourite(home.ctx, anna.id, theirs.id), Undo="undo_like")
    await made.sends(reactions.boost(home.ctx, anna.id, theirs.id, None), Announce="announce")
    await made.sends(reactions.unboost(home.ctx, anna.id, theirs.id), Undo="undo_announce")
    await made.sends(pins.pin(home.ctx, anna.id, post.id), Add="add_featured")
    await made.sends(follows.follow(home.ctx, anna.id, known.id), Follow="follow")
    await made.sends(follows.unfollow(home.ctx, anna.id, known.id), Undo="undo_follow")
    flagged = NewReport(known.id, "spam", "De la publicité", (theirs.id,), forward=True)
    await made.sends(reports.report(home.ctx, anna.id, flagged), Flag="flag")


async def _quotes(made: Recording, anna: Actor, ben: Someone) -> None:
    home, peer = made.home, made.peer
    open_, closed = [await home.publish(anna, "Un article", quote_policy=policy) for policy in ("public", "nobody")]
    await made.rest()
    peer.asked.clear()
    for quoted, kind in ((open_, "Accept"), (closed, "Reject")):
        asked = peer.activity("QuoteRequest", ben, quoted.uri, instrument=peer.note(ben, quote=quoted.uri))
        await made.sends(home.take(ben, asked), **{kind: f"{kind.lower()}_quote"})
    stamp = await home.rows("SELECT stamp FROM quotes WHERE state = 'accepted'")
    await made.serves(stamp[0][0], "stamp", ben)
    await made.sends(home.publish(anna, "Voir", quoted_id=open_.id), Create="create_quote")
    anybody = {"interactionPolicy": {"canQuote": {"automaticApproval": [PUBLIC]}}}
    note = peer.create(ben, **anybody)
    assert await home.take(ben, note) == "done"
    theirs = await home.find(note["object"]["id"])
    assert theirs is not None
    await made.sends(
        home.publish(anna, "Voir aussi", quoted_id=theirs.id),
        Create="create_quote_waiting",
        QuoteRequest="quote_request",
    )


async def _collections(made: Recording, anna: Actor, ben: Someone, post: Status) -> None:
    for name in ("outbox", "followers", "following", "featured", "tags"):
        await made.serves(f"{anna.uri}/{name}", f"collection_{name}", ben)
    await made.serves(f"{anna.uri}/outbox?page=true", "collection_outbox_page", ben)
    for name in ("replies", "likes", "shares"):
        await made.serves(f"{post.uri}/{name}", f"collection_{name}", ben)
    await made.serves(f"{post.uri}/replies?page=true&only_other_accounts=true", "collection_replies_page", ben)
    await made.serves(made.home.ctx.origin.context(post.id), "collection_context", ben)
    await made.serves(made.home.ctx.origin.emoji("stethoscope"), "emoji", ben)


async def _endings(made: Recording, anna: Actor, ben: Someone, post: Status) -> None:
    home, peer = made.home, made.peer
    known = await home.stored(ben.uri)
    await made.sends(pins.unpin(home.ctx, anna.id, post.id), Remove="remove_featured")
    await made.sends(notes.delete(home.ctx, anna.id, post.id), Delete="delete_note")
    await made.serves(post.uri, "tombstone", ben, 410)
    await made.sends(blocks.block(home.ctx, anna.id, known.id), Block="block", Reject="reject_follow_by_block")
    await made.sends(blocks.unblock(home.ctx, anna.id, known.id), Undo="undo_block")
    mona = await home.member("mona")
    assert await home.take(ben, peer.activity("Follow", ben, mona.uri)) == "done"
    while await home.deliver():
        pass
    peer.actor("mona", alsoKnownAs=[mona.uri])
    peer.asked.clear()
    await made.sends(moving.move(home.ctx, mona.id, f"mona@{peer.host}"), Move="move", Update="update_moved")


async def _groups(made: Recording, anna: Actor, ben: Someone, known: Actor) -> None:
    home = made.home
    group = await home.group("cardiologie", anna, reach=(made.peer.host,))
    await home.enroll(group, known)
    await made.serves(group.uri, "actor_group", ben)
    await made.sends(home.publish(anna, "@cardiologie Un cas", Audience.GROUP), Announce="group_announce")


async def _public_groups(made: Recording, anna: Actor, ben: Someone, known: Actor) -> None:
    """Of what goes out twice, the activity within the Announce; the plain boost has the shape of `announce`."""
    home = made.home
    group = await home.public_group("ecg", anna)
    assert await home.take(ben, made.peer.activity("Follow", ben, group.uri)) == "done"
    post = await home.publish(anna, "@ecg Un cas")
    await made.passes(
        notes.publish(home.ctx, anna.id, Draft("@ecg Un article", Audience.PUBLIC)), Create="public_group_create"
    )
    await made.passes(reactions.favourite(home.ctx, anna.id, post.id), Like="public_group_like")
    await made.passes(reactions.unfavourite(home.ctx, anna.id, post.id), Undo="public_group_undo_like")
    await made.passes(notes.edit(home.ctx, anna.id, post.id, Edit("@ecg Un cas résolu")), Update="public_group_update")
    await made.passes(public_groups.pin(home.ctx, group.id, post.id, by="anna"), Add="public_group_add")
    for name, address in (("actor", group.uri), *((one, f"{group.uri}/{one}") for one in ("moderators", "featured"))):
        await made.serves(address, f"public_group_{name}", ben)
    await made.serves(f"{group.uri}/outbox", "public_group_outbox", ben)
    lock = public_groups.lock(home.ctx, group.id, post.id, moderator="anna", by="console")
    await made.passes(lock, Lock="public_group_lock")
    await made.passes(public_groups.remove_post(home.ctx, group.id, post.id, by="anna"), Delete="public_group_delete")
    await made.passes(public_groups.ban(home.ctx, group.id, known.id, by="anna"))


async def _discovery(made: Recording, ben: Someone) -> None:
    home = made.home
    await made.serves(f"/.well-known/webfinger?resource=acct:anna@{home.ctx.origin.host}", "webfinger", None)
    await made.serves(f"/.well-known/webfinger?resource={home.base}/", "webfinger_service", None)
    for path, name in (
        ("/.well-known/host-meta", "host_meta"),
        ("/.well-known/host-meta.json", "host_meta_json"),
        ("/.well-known/nodeinfo", "nodeinfo_links"),
        ("/nodeinfo/2.0", "nodeinfo_2_0"),
        ("/nodeinfo/2.1", "nodeinfo_2_1"),
    ):
        await made.serves(path, name, None)
