"""POST to an inbox: size, signature, admission, record, 202. Nothing is applied here and nothing is sent.

The order matters: the host is judged before any fetch, so that an unlisted one costs us nothing (federation_wire §1.1).
"""

import logging
from dataclasses import dataclass
from hashlib import sha256

from aiohttp import web

from federation.context import Context
from federation.failures import FetchError
from federation.rules import get_rules
from federation.synchronizing import compare
from federation.verifying import check_with_known, get_stored_key
from federation.wire.activities import Activity, is_retraction, parse_activity
from federation.wire.bounded import MAX_BODY, parse_json
from federation.wire.errors import Fault, ProtocolError
from federation.wire.forwarded import forwarded_by
from federation.wire.jsonld import plain
from federation.wire.keys import PublicKey
from federation.wire.messages import SYNCHRONIZATION
from federation.wire.signatures import ParsedSignature, Request, Signer, parse, require_actor, verify
from policies.admission import HostFacts, admit_host
from policies.decision import Allow, Decision
from policies.delivery import PARKED_AFTER
from policies.ruleset import Ruleset, day_of
from policies.terms import Kind
from storage import deliveries, inbox
from storage.database import Reader, Transaction
from storage.ids import new_id
from storage.records import InboxItem

log = logging.getLogger(__name__)

TYPES = ("application/activity+json", "application/ld+json", "application/json")


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer other than 202: the status, and the reason for the log."""

    status: int
    reason: str


def signed_request(ctx: Context, request: web.Request, body: bytes = b"") -> Request:
    """What signatures cover: our configured origin and the raw path, never what the sender says its target was."""
    headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in request.raw_headers)
    return Request(request.method, ctx.origin.base + request.raw_path, headers, body)


async def read_body(request: web.Request) -> bytes:
    """The body, given up at the cap without reading on."""
    if (request.content_length or 0) > MAX_BODY:
        raise ProtocolError(Fault.TOO_LARGE, f"{request.content_length} bytes")
    chunks, size = [], 0
    async for chunk in request.content.iter_any():
        chunks.append(chunk)
        size += len(chunk)
        if size > MAX_BODY:
            raise ProtocolError(Fault.TOO_LARGE, "more than announced")
    return b"".join(chunks)


async def post_inbox(ctx: Context, request: web.Request) -> web.Response:
    """Any inbox of ours: they are one, since what an activity is for stands in it."""
    try:
        if request.content_type not in TYPES:
            return _answer(request, Refusal(415, f"content type {request.content_type}"))
        body = await read_body(request)
        refusal = await receive(ctx, signed_request(ctx, request, body))
    except ProtocolError as error:
        status = 413 if error.reason is Fault.TOO_LARGE else error.reason.status
        refusal = Refusal(status, str(error))
    return _answer(request, refusal)


def _answer(request: web.Request, refusal: Refusal | None) -> web.Response:
    if refusal is None:
        return web.Response(status=202)
    log.info("inbox refused %s from %s: %s", refusal.status, request.remote, refusal.reason)
    return web.json_response({"error": _WORDS.get(refusal.status, "Bad request")}, status=refusal.status)


_WORDS = {
    401: "Request not signed, or the signature is not good",
    403: "Forbidden",
    413: "Too large",
    415: "Unsupported content type",
}


async def receive(ctx: Context, request: Request) -> Refusal | None:
    """Judge and record one request; None when it is taken (or need not be). ProtocolError: the sender's fault.

    The host is judged before its body is even read as JSON, unless we have its key: then it may be taking something back.
    """
    parsed = parse(request)
    known, ruleset = await ctx.db.read(lambda tx: get_key_and_ruleset(tx, parsed))
    today = day_of(ctx.now())
    decision = admit_host(HostFacts(parsed.host), ruleset, today)
    if not isinstance(decision, Allow) and known is None:
        return await _turn_away(ctx, parsed.host, ruleset, decision)
    activity = parse_activity(plain(parse_json(request.body)))
    if is_retraction(activity):
        decision = admit_host(HostFacts(parsed.host, Kind.RETRACTION, key_known=known is not None), ruleset, today)
    if not isinstance(decision, Allow):
        return await _turn_away(ctx, parsed.host, ruleset, decision)
    if known is None and activity.type in {"Delete", "Update"} and activity.object_id == activity.actor:
        return None  # an account we never knew is gone or changed; fetching its key would be pointless (Mastodon)
    signer = await authenticate(ctx, request, parsed, known)
    if forwarded_by(activity, signer.owner) is None:
        require_actor(signer, activity.actor)
    await record(ctx, signer, activity, request.body)
    if SYNCHRONIZATION in request.fields:
        await compare(ctx, signer.owner, request.fields[SYNCHRONIZATION])
    return None


async def get_key_and_ruleset(tx: Reader, parsed: ParsedSignature) -> tuple[PublicKey | None, Ruleset]:
    """The key, if it is stored, and the ruleset in force."""
    return await get_stored_key(tx, parsed.key_id), (await get_rules(tx)).ruleset


async def _turn_away(ctx: Context, host: str, ruleset: Ruleset, decision: Decision) -> Refusal:
    """Refuse a host; one that nobody listed is counted, so that admins learn who knocks."""
    if host not in ruleset.peers:
        await ctx.db.transact(lambda tx: inbox.count_unknown_host(tx, host, now=ctx.now()))
    return Refusal(403, f"{host}: {decision}")


async def authenticate(ctx: Context, request: Request, parsed: ParsedSignature, known: PublicKey | None) -> Signer:
    """The signer of a request whose host is admitted; `known` is the key if it is stored.

    ProtocolError when the signature is not good, or its key not to be had.
    """
    try:
        return await check_with_known(
            ctx, parsed.key_id, known, lambda key: verify(request, parsed, key, now=ctx.now())
        )
    except FetchError as error:
        raise ProtocolError(Fault.KEY_MISMATCH, f"no key {parsed.key_id[:200]}: {error}") from error


async def record(ctx: Context, signer: Signer, activity: Activity, body: bytes) -> None:
    """Put a verified activity into the queue. The only way into the inbox table, and it takes a Signer.

    Who talks to us is there: a host that was given up for dead is tried again.
    """
    item = InboxItem(
        id=new_id(ctx.now()),
        host=signer.host,
        signer=signer.owner,
        activity_uri=activity.id,
        type=activity.type,
        digest=sha256(body).hexdigest(),
        body=body,
        state="due",
        attempts=0,
        due_at=ctx.now(),
        lease_owner="",
        reason="",
        received_at=ctx.now(),
    )

    async def unit(tx: Transaction) -> None:
        await inbox.insert_item(tx, item)
        if not awake:
            await deliveries.revive(tx, item.host, parked_before=item.received_at - PARKED_AFTER, now=item.received_at)

    awake = ctx.awake.has(item.host, item.received_at)  # a host is given up after days: half a minute is no matter
    await ctx.db.transact(unit)
    if not awake:
        ctx.awake.remember(item.host, item.received_at)
