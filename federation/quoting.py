"""What a quote comes to here: the facts that policies ask, and the row that a post of another host gets. No network.

A post of others is shown within another only by the leave of its author: their stamp, or their policy where nobody may be
asked. What is nobody's to quote is treated as if it were not here.
"""

from federation.act import Act
from federation.notifying import notify
from federation.spreading import spread_change
from federation.wire.objects import RemoteNote
from federation.wire.origins import same_origin
from federation.wire.quotes import RemoteQuote, Stamp, read_can_quote
from policies.admission import ActivityFacts, admit_activity
from policies.decision import Allow, Deny
from policies.posting import ShareFacts, may_quote, may_share
from policies.quoting import QuoteFacts
from policies.ruleset import day_of
from policies.terms import Audience, Kind
from storage import actors, follows, quotes, statuses
from storage.database import Reader, Transaction
from storage.records import Actor, Quote, Status

PENDING, ACCEPTED, REJECTED, REVOKED = "pending", "accepted", "rejected", "revoked"


def remote_policy(note: RemoteNote, author: Actor) -> str:
    """Whom a post's author lets quote it, as it is stored."""
    policy = read_can_quote(note.can_quote, author=author.uri, followers=author.followers, following=author.following)
    return quotes.write_policy(policy)


async def get_quote_facts(tx: Reader, quoted: Status, quoter: Actor, *, named: bool = False) -> QuoteFacts:
    """A post as its would-be quoter stands to its author now."""
    outgoing = await follows.get_follow(tx, quoter.id, quoted.actor_id)
    incoming = await follows.get_follow(tx, quoted.actor_id, quoter.id)
    return QuoteFacts(
        original=Audience(quoted.audience),
        own=quoted.actor_id == quoter.id,
        policy=quotes.read_policy(quoted.quote_policy),
        follower=outgoing is not None and outgoing.state == "accepted",
        followed=incoming is not None and incoming.state == "accepted",
        named=named,
    )


async def get_quoted(tx: Reader, status_id: int) -> Status | None:
    """The post that one quotes, as far as it is here."""
    quote = await quotes.get_quote(tx, status_id)
    return await statuses.get_status(tx, quote.quoted_id) if quote and quote.quoted_id else None


async def record_quote(act: Act, note: RemoteNote, status: Status, author: Actor, stamp: Stamp | None) -> None:
    """Keep what a new post of another host quotes."""
    if note.quote is not None:
        await quotes.insert_quote(act.tx, await _judge(act, note.quote, status, author, stamp))


async def update_quote(act: Act, note: RemoteNote, status: Status, author: Actor, stamp: Stamp | None) -> bool:
    """Take what an edit says of a quote; False when it changes nothing."""
    known = await quotes.get_quote(act.tx, status.id)
    if note.quote is None and known is None:
        return False
    if known is not None and note.quote is not None and known.quoted_uri == note.quote.uri:
        return await _review(act, known, note.quote, status, author, stamp)
    await quotes.delete_quote(act.tx, status.id)
    await record_quote(act, note, status, author, stamp)
    return True


async def _review(
    act: Act, known: Quote, said: RemoteQuote, status: Status, author: Actor, stamp: Stamp | None
) -> bool:
    """The same quote again: a stamp may have come, or be claimed no more. What our own members said of it stands."""
    if known.state == ACCEPTED:
        if not known.stamp or known.stamp == said.stamp or act.ctx.origin.owns(known.stamp):
            return False
        await quotes.update_quote(act.tx, status.id, state=REVOKED, stamp="")
    made = await _judge(act, said, status, author, stamp)
    if made.state != ACCEPTED:
        return known.state == ACCEPTED
    await quotes.update_quote(act.tx, status.id, state=ACCEPTED, stamp=made.stamp, quoted_id=made.quoted_id)
    return True


async def _judge(act: Act, said: RemoteQuote, status: Status, author: Actor, stamp: Stamp | None) -> Quote:
    quoted = await find_quotable(act.tx, said.uri, status)
    allowed = quoted is not None and await _is_allowed(act, quoted, status, author, stamp)
    return Quote(
        status_id=status.id,
        quoted_id=quoted.id if quoted else None,
        quoted_uri=said.uri,
        state=ACCEPTED if allowed else PENDING,
        request_uri="",
        stamp=stamp.uri if stamp and allowed and status.group_id is None else "",
        created_at=act.now,
    )


async def find_quotable(tx: Reader, uri: str, quoting: Status) -> Status | None:
    """A stored post that may be shown within this one at all; a group's, or one for few, is as if it were not here."""
    quoted = await statuses.get_status_by_uri(tx, uri)
    if quoted is None or quoted.boost_of_id is not None:
        return None
    facts = ShareFacts(Audience(quoted.audience), Audience(quoting.audience), own=quoted.actor_id == quoting.actor_id)
    return None if isinstance(may_share(facts), Deny) else quoted


async def _is_allowed(act: Act, quoted: Status, status: Status, author: Actor, stamp: Stamp | None) -> bool:
    if quoted.actor_id == author.id:
        return True
    if status.group_id is not None:
        facts = await get_quote_facts(act.tx, quoted, author)
        return isinstance(may_quote(facts, Audience.GROUP), Allow)
    return stamp is not None and await _is_good(act, stamp, quoted, status, author)


async def _is_good(act: Act, stamp: Stamp, quoted: Status, status: Status, author: Actor) -> bool:
    """A stamp is the quoted author's word, for these two posts, not taken back, and that of a host that we listen to."""
    owner = await actors.get_actor(act.tx, quoted.actor_id)
    if owner is None or (stamp.author, stamp.quoted, stamp.quoting) != (owner.uri, quoted.uri, status.uri):
        return False
    if not same_origin(stamp.uri, owner.uri) or await statuses.is_deleted(act.tx, stamp.uri, actor_uri=owner.uri):
        return False
    embedded = frozenset({owner.host}) - {author.host, ""}
    facts = ActivityFacts(author.host, Kind.CONTENT, Audience.PUBLIC, embedded=embedded)
    return isinstance(admit_activity(facts, act.rules.ruleset, day_of(act.now)), Allow)


async def notify_quoted(tx: Transaction, quoted: Status, quoting: Status, *, now: int) -> None:
    """The quoted author learns of a quote that they may see. Of one in a group nobody is told (decision 0027)."""
    if quoting.group_id is None:
        await notify(tx, quoted.actor_id, "quote", quoting.actor_id, status_id=quoting.id, now=now)


async def notify_quoting(tx: Transaction, edited: Status, *, now: int) -> None:
    """Those here who quote a post learn that it says something else now."""
    for owner, quoting_id in await quotes.list_local_quoting(tx, edited.id):
        await notify(tx, owner, "quoted_update", edited.actor_id, status_id=quoting_id, now=now)


async def withdraw_stamp(act: Act, uri: str, actor: Actor) -> None:
    """A stamp is taken back, by whose word it was."""
    quote = await quotes.get_quote_by_stamp(act.tx, uri)
    quoted = await statuses.get_status(act.tx, quote.quoted_id) if quote and quote.quoted_id else None
    if quote is None or quoted is None or quoted.actor_id != actor.id or quote.state != ACCEPTED:
        return
    await quotes.update_quote(act.tx, quote.status_id, state=REVOKED)
    quoting = await statuses.get_status(act.tx, quote.status_id)
    author = await actors.get_actor(act.tx, quoting.actor_id) if quoting else None
    if quoting is not None and author is not None:
        await spread_change(act, quoting, author)
