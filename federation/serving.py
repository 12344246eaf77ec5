"""GET by other servers: actors, posts, activities, collections, credentials, and a private group's doors.

One authorisation for every door and alias: `policies.visibility.may_fetch`. Unsigned is 401 before anything is looked
up, a host that is not admitted 403, and what is hidden the same 404 as what never was.
"""

import logging
from dataclasses import dataclass
from typing import Any

import orjson
from aiohttp import web

from federation import documents
from federation.act import Act, perform
from federation.attested import credential_document
from federation.context import Context
from federation.facts import Parcel, goes_on, in_reach, is_present, is_verified
from federation.followers import MOST, list_followers_at, partial_uri
from federation.groups import render_announce
from federation.receiving import authenticate, get_key_and_ruleset, signed_request
from federation.reconciling import confirm_host
from federation.rules import get_rules
from federation.signing import get_keys
from federation.wire.dates import render_datetime
from federation.wire.errors import ProtocolError
from federation.wire.parts import parts_of, without
from federation.wire.proofs import sign_document
from federation.wire.render import (
    AS2,
    CONTROL_CONTEXT,
    GroupPolicy,
    render_activity,
    render_collection,
    render_items,
    render_tombstone,
    with_context,
)
from federation.wire.signatures import Signer, parse, require_fresh
from policies.decision import Allow, Decision, Deny, Limit, Reason
from policies.membership import LEASE_HOURS_MOST
from policies.ruleset import day_of
from policies.terms import GROUP_ONLY, Audience, Kind
from policies.visibility import Door, FetchFacts, may_ask, may_carry, may_fetch
from storage import actors, attestations, custom_emojis, deliveries, follows, groups, inbox, statuses
from storage.database import Reader
from storage.records import Actor, Status

log = logging.getLogger(__name__)

TYPE = "application/activity+json"
PRIVATE = {"Cache-Control": "private, no-store", "Vary": "Signature, Authorization"}
PUBLIC_FOR = {"Cache-Control": "private, max-age=180", "Vary": "Signature, Authorization"}
NOBODY = 0
LARGEST = 2**63


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks: a verified signer, and what we know of it. `fresh`: fit for group-only doors."""

    signer: Signer
    actor: Actor
    fresh: bool


def answer(document: dict[str, Any], *, status: int = 200, private: bool = True) -> web.Response:
    """A document for another server. Nothing of ours may lie in a cache that others share."""
    return web.Response(
        body=orjson.dumps(document), status=status, content_type=TYPE, headers=PRIVATE if private else PUBLIC_FOR
    )


def refuse(decision: Decision) -> web.Response:
    """401, 403 or 404 as the policy's reason says; the bodies tell no more than the status."""
    reason = decision.reason if isinstance(decision, Deny) else Reason.NOT_FOUND
    status = {Reason.UNSIGNED: 401, Reason.HOST_NOT_ADMITTED: 403}.get(reason, 404)
    words = {401: "Request not signed", 403: "Forbidden", 404: "Record not found"}[status]
    return web.json_response({"error": words}, status=status, headers=PRIVATE)


NOT_FOUND = Deny("fetch", Reason.NOT_FOUND)


async def identify(ctx: Context, request: web.Request) -> Asker | Deny:
    """The signer of a GET, admitted; otherwise why not. A signature that is there must be good."""
    if "Signature" not in request.headers:
        return Deny("fetch:unsigned", Reason.UNSIGNED)
    signed = signed_request(ctx, request)
    try:
        parsed = parse(signed)
        known, ruleset = await ctx.db.read(lambda tx: get_key_and_ruleset(tx, parsed))
        allowed = may_ask(parsed.host, ruleset, day_of(ctx.now()))
        if isinstance(allowed, Deny):
            return allowed
        signer = await authenticate(ctx, signed, parsed, known)
    except ProtocolError as error:
        log.info("signed GET refused: %s", error)
        return Deny("fetch:signature", Reason.UNSIGNED)
    actor = await ctx.db.read(lambda tx: actors.get_actor_by_uri(tx, signer.owner))
    if actor is None or actor.disabled_at is not None:
        return Deny("fetch:signature", Reason.UNSIGNED)
    return Asker(signer, actor, fresh=await _is_fresh(ctx, signer))


async def _is_fresh(ctx: Context, signer: Signer) -> bool:
    """Made within a minute, with a nonce that this key has not used before."""
    try:
        require_fresh(signer, ctx.now())
    except ProtocolError:
        return False
    nonce = signer.nonce or ""
    return await ctx.db.transact(lambda tx: inbox.insert_nonce(tx, key_uri=signer.key_id, nonce=nonce, now=ctx.now()))


async def get_instance_actor(ctx: Context, _request: web.Request) -> web.Response:
    """Fetchable unsigned, always: otherwise two secure servers could never begin."""

    async def unit(tx: Reader) -> dict[str, Any] | None:
        actor = await actors.get_actor_by_uri(tx, ctx.origin.instance_actor)
        return None if actor is None else await documents.actor_document(tx, ctx.origin, actor, now=ctx.now())

    document = await ctx.db.read(unit)
    return refuse(NOT_FOUND) if document is None else answer(document, private=False)


async def get_actor(ctx: Context, request: web.Request) -> web.Response:
    """The whole actor for signed requests of admitted hosts, a stub for everybody else."""
    asker = await identify(ctx, request) if "Signature" in request.headers else None
    if isinstance(asker, Deny):
        return refuse(asker)

    async def unit(tx: Reader) -> dict[str, Any] | None:
        actor = await actors.get_actor(tx, path_id(request))
        if actor is None or not actor.local or (actor.disabled_at is not None and actor.disabled_by != "here"):
            return None
        if asker is None:
            return (
                None
                if await _is_hidden(tx, actor, None, ctx.now())
                else await documents.actor_stub(tx, ctx.origin, actor)
            )
        if await _is_hidden(tx, actor, asker.actor.host, ctx.now()):
            return None
        policy = await _group_policy(tx, actor, asker)
        document = await documents.actor_document(tx, ctx.origin, actor, now=ctx.now(), policy=policy)
        return await _wanted(tx, ctx, asker, document)

    document = await ctx.db.read(unit)
    return refuse(NOT_FOUND) if document is None else answer(document)


async def _is_hidden(tx: Reader, actor: Actor, host: str | None, now: int) -> bool:
    """A hidden group is there for its members' hosts only."""
    group = await groups.get_group(tx, actor.id) if actor.type == "Group" else None
    if group is None or group.listed:
        return False
    return host is None or not await groups.has_active_member_of(tx, actor.id, host=host, now=now)


async def _group_policy(tx: Reader, actor: Actor, asker: Asker) -> GroupPolicy | None:
    """Epoch and reach, for hosts that have a member there or one who has asked."""
    group = await groups.get_group(tx, actor.id) if actor.type == "Group" else None
    if group is None or not await groups.has_any_member_of(tx, actor.id, host=asker.actor.host):
        return None
    rules = await get_rules(tx)
    return GroupPolicy(group.epoch, documents.reach_of(group, rules.ruleset))


def path_id(request: web.Request) -> int:
    """The id in the path."""
    return parse_id(request.match_info["id"])


def parse_id(text: str) -> int:
    """An id as it stands in an address; what is none of ours is an id that nothing has."""
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 20 else NOBODY
    return number if number < LARGEST else NOBODY


# --- posts and activities ----------------------------------------------------------------------------------------


async def get_object(ctx: Context, request: web.Request) -> web.Response:
    """A post of ours, to whom the rules let it go."""
    return await _serve_post(ctx, request, lambda tx: statuses.get_status(tx, path_id(request)), wrap=False)


async def get_activity(ctx: Context, request: web.Request) -> web.Response:
    """The Create of a post or the Announce of a boost: the same rule under another address."""

    async def find(tx: Reader) -> Status | None:
        activity = await deliveries.get_activity(tx, path_id(request))
        if activity is not None and activity.status_id is not None:
            return await statuses.get_status(tx, activity.status_id)
        return await statuses.get_status(tx, path_id(request))

    return await _serve_post(ctx, request, find, wrap=True)


async def _serve_post(ctx: Context, request: web.Request, find: Any, *, wrap: bool) -> web.Response:
    asker = await identify(ctx, request)
    if isinstance(asker, Deny):
        return refuse(asker)

    async def unit(tx: Reader) -> web.Response:
        status: Status | None = await find(tx)
        decision = await decide_fetch(tx, ctx, asker, status, Door.AUTHOR)
        if isinstance(decision, Allow) and status is not None:
            wanted = await _wanted(tx, ctx, asker, await post_document(tx, ctx, status, wrap=wrap))
            return refuse(NOT_FOUND) if wanted is None else answer(wanted)
        if status is None and await statuses.is_gone(tx, ctx.origin.object(path_id(request))):
            return answer({"@context": AS2, **render_tombstone(ctx.origin.object(path_id(request)))}, status=410)
        return refuse(decision)

    return await ctx.db.read(unit)


async def post_document(tx: Reader, ctx: Context, status: Status, *, wrap: bool) -> dict[str, Any]:
    if status.boost_of_id is not None:
        original = await statuses.get_status(tx, status.boost_of_id)
        author = await actors.get_actor(tx, status.actor_id)
        return render_activity(
            status.uri,
            "Announce",
            author.uri if author else "",
            original.uri if original else None,
            now=status.created_at,
        )
    if wrap:
        return await documents.create_document(
            tx, ctx.origin, status, uri=f"{status.uri}#create", now=status.created_at
        )
    return with_context(await documents.note_document(tx, ctx.origin, status))


async def _wanted(
    tx: Reader, ctx: Context, asker: Asker, document: dict[str, Any], *, whole: bool = False
) -> dict[str, Any] | None:
    """As much of a document as goes to the asking host; None when nothing does."""
    ruleset = (await get_rules(tx)).ruleset
    decision = may_carry(asker.actor.host, parts_of(document), ruleset, day_of(ctx.now()), whole=whole)
    if isinstance(decision, Allow | Limit):
        return without(document, decision.changes if isinstance(decision, Limit) else ())
    return None


async def decide_fetch(tx: Reader, ctx: Context, asker: Asker, status: Status | None, door: Door) -> Decision:
    """What `policies.visibility.may_fetch` says of a post (None: there is none) asked for at one of its doors."""
    rules = await get_rules(tx)
    today = day_of(ctx.now())
    if status is None:
        return may_fetch(FetchFacts(asker.actor.host, Audience.PUBLIC, exists=False, door=door), rules.ruleset, today)
    author = await actors.get_actor(tx, status.actor_id)
    exists = author is not None and author.disabled_at is None and (author.local or door is Door.GROUP)
    mentioned = (await statuses.list_mentions(tx, [status.id])).get(status.id, [])
    group = await groups.get_group(tx, status.group_id) if status.group_id else None
    group_actor = await actors.get_actor(tx, status.group_id) if status.group_id else None
    facts = FetchFacts(
        host=asker.actor.host,
        audience=Audience(status.audience),
        exists=exists,
        door=door,
        follower=await _stands_for_follower(tx, asker, status.actor_id),
        addressed=any(_speaks_for(asker, actor) for _, actor in mentioned),
        verified=await _all_verified(tx, asker, [actor for _, actor in mentioned], ctx.now()),
        member=await _stands_for_member(tx, asker, status.group_id, ctx.now()),
        fresh=asker.fresh,
        capable=await actors.has_capability(tx, host=asker.actor.host, capability=GROUP_ONLY),
        group_home=group_actor is not None and group_actor.host == asker.actor.host,
        in_reach=group is not None
        and in_reach(group, asker.actor.host)
        and await goes_on(tx, group, Parcel(Kind.CONTENT, Audience.GROUP, status.uri), asker.actor.host),
        group=group_actor.username if group_actor and group and group.local else "",
    )
    return may_fetch(facts, rules.ruleset, today)


def _speaks_for(asker: Asker, actor: Actor) -> bool:
    """Itself, or the instance actor for everybody at its host."""
    return asker.actor.id == actor.id or (asker.actor.type == "Application" and asker.actor.host == actor.host)


async def _stands_for_follower(tx: Reader, asker: Asker, author_id: int) -> bool:
    if asker.actor.type == "Application":
        return bool(await follows.list_followers_at(tx, author_id, asker.actor.host, limit=1))
    known = await follows.get_follow(tx, asker.actor.id, author_id)
    return known is not None and known.state == "accepted"


async def _stands_for_member(tx: Reader, asker: Asker, group_id: int | None, now: int) -> bool:
    if group_id is None:
        return False
    if asker.actor.type == "Application":
        return await groups.has_active_member_of(tx, group_id, host=asker.actor.host, now=now)
    known = await groups.get_membership(tx, group_id, asker.actor.id)
    return is_present(known, now)


async def _all_verified(tx: Reader, asker: Asker, mentioned: list[Actor], now: int) -> bool:
    readers = [actor for actor in mentioned if _speaks_for(asker, actor)]
    rules = await get_rules(tx)
    return bool(readers) and all([await is_verified(tx, actor, rules.ruleset, now) for actor in readers])


# --- a private group's doors -------------------------------------------------------------------------------------


async def get_group_object(ctx: Context, request: web.Request) -> web.Response:
    """`<group>/objects?uri=`: the group's own Announce around the activity that brought a post, with its proof."""
    asker = await identify(ctx, request)
    if isinstance(asker, Deny):
        return refuse(asker)

    async def unit(tx: Reader) -> web.Response:
        found = await statuses.get_group_activity(tx, request.query.get("uri", ""))
        status, announce_id, body = found or (None, 0, b"")
        if status is not None and status.group_id != path_id(request):
            status = None
        decision = await decide_fetch(tx, ctx, asker, status, Door.GROUP)
        group = await groups.get_group(tx, path_id(request))
        actor = await actors.get_actor(tx, path_id(request))
        if not isinstance(decision, Allow) or group is None or actor is None or not group.local:
            return refuse(decision if isinstance(decision, Deny) else NOT_FOUND)
        announced = render_announce(ctx, announce_id, group, actor, orjson.loads(body))
        wanted = await _wanted(tx, ctx, asker, announced, whole=True)
        return refuse(NOT_FOUND) if wanted is None else answer(wanted)

    return await ctx.db.read(unit)


async def get_followers(ctx: Context, request: web.Request) -> web.Response:
    """How many follow a member, and who of the asking host (`?host=me`); of a private group only the latter."""
    asker = await identify(ctx, request)
    if isinstance(asker, Deny):
        return refuse(asker)
    if request.query.get("host") == "me" and asker.actor.type == "Application":
        await _confirm_members(ctx, asker, path_id(request))

    async def unit(tx: Reader) -> web.Response:
        actor = await actors.get_actor(tx, path_id(request))
        if actor is None or not actor.local or actor.disabled_at is not None:
            return refuse(NOT_FOUND)
        if await groups.get_group(tx, actor.id) is not None:
            return await _serve_slice(tx, ctx, request, asker, actor)
        if "host" in request.query:
            return await _serve_share(tx, ctx, request, asker, actor)
        return answer(render_collection(actor.followers or "", total=told(actor, actor.followers_count)))

    return await ctx.db.read(unit)


def told(actor: Actor, count: int) -> int | None:
    """A number of people, unless the member asked that it be hidden."""
    return None if actor.hide_collections else count


async def _serve_share(tx: Reader, ctx: Context, request: web.Request, asker: Asker, actor: Actor) -> web.Response:
    """A host's own share of a member's followers (FEP-8fcf), to the host itself, if posts for followers may go there."""
    rules = await get_rules(tx)
    uris = await list_followers_at(tx, actor, asker.actor.host, now=ctx.now())
    own = request.query["host"] == "me" and asker.actor.type == "Application" and 0 < len(uris) <= MOST
    facts = FetchFacts(asker.actor.host, Audience.FOLLOWERS, exists=True, follower=own)
    decision = may_fetch(facts, rules.ruleset, day_of(ctx.now()))
    if not isinstance(decision, Allow):
        return refuse(decision)
    return answer(render_items(partial_uri(actor), uris))


async def _confirm_members(ctx: Context, asker: Asker, group_id: int) -> None:
    """After a restore: who asks for its slice is told who its members are, and so they are."""

    async def unit(act: Act) -> None:
        actor = await actors.get_actor(act.tx, group_id)
        if actor is not None and isinstance(await _may_pull(act.tx, ctx, asker, actor), Allow):
            await confirm_host(act, actor, asker.actor.host)

    host = asker.actor.host
    if await ctx.db.read(lambda tx: groups.has_unconfirmed_member_of(tx, group_id, host=host)):
        await perform(ctx, unit)


async def _serve_slice(tx: Reader, ctx: Context, request: web.Request, asker: Asker, actor: Actor) -> web.Response:
    decision = await _may_pull(tx, ctx, asker, actor)
    if request.query.get("host") != "me" or asker.actor.type != "Application" or not isinstance(decision, Allow):
        return refuse(decision if isinstance(decision, Deny) else NOT_FOUND)
    group = await groups.get_group(tx, actor.id)
    keys = await get_keys(tx, actor.id, actor.uri)
    members = await list_followers_at(tx, actor, asker.actor.host, now=ctx.now())
    document = {
        "@context": CONTROL_CONTEXT,
        "id": partial_uri(actor),
        "type": "OrderedCollection",
        "attributedTo": actor.uri,
        "audience": asker.actor.uri,
        "published": render_datetime(ctx.now()),
        "epoch": group.epoch if group else 0,
        "lease": group.lease_hours if group else LEASE_HOURS_MOST,
        "totalItems": len(members),
        "orderedItems": members,
    }
    return answer(sign_document(document, keys.ed25519, created=ctx.now()))


async def _may_pull(tx: Reader, ctx: Context, asker: Asker, actor: Actor) -> Decision:
    """A slice goes where the group's posts may go: a quarantined or suspended host gets none, and its leases lapse."""
    rules = await get_rules(tx)
    group = await groups.get_group(tx, actor.id)
    facts = FetchFacts(
        host=asker.actor.host,
        audience=Audience.GROUP,
        exists=group is not None and bool(group.local) and not group.unconfirmed,
        door=Door.GROUP,
        member=await groups.has_any_member_of(tx, actor.id, host=asker.actor.host),
        fresh=asker.fresh,
        capable=await actors.has_capability(tx, host=asker.actor.host, capability=GROUP_ONLY),
        in_reach=group is not None and in_reach(group, asker.actor.host),
        group=actor.username,
    )
    return may_fetch(facts, rules.ruleset, day_of(ctx.now()))


# --- emoji and credentials ---------------------------------------------------------------------------------------


async def get_emoji(ctx: Context, request: web.Request) -> web.Response:
    """An emoji of ours as it is now."""
    asker = await identify(ctx, request)
    if isinstance(asker, Deny):
        return refuse(asker)
    found = await ctx.db.read(lambda tx: custom_emojis.list_named(tx, [request.match_info["shortcode"]]))
    if not found:
        return refuse(NOT_FOUND)
    return answer(with_context(documents.emoji_document(ctx.origin, found[0])), private=False)


async def get_credential(ctx: Context, request: web.Request) -> web.Response:
    """A member's attestation, signed by the instance actor; 404 once it is revoked or ended."""
    asker = await identify(ctx, request)
    if isinstance(asker, Deny):
        return refuse(asker)
    uri = ctx.origin.credential(request.match_info["token"])

    async def unit(tx: Reader) -> web.Response:
        known = await attestations.get_attestation_by_uri(tx, uri)
        member = await actors.get_actor(tx, known.actor_id) if known else None
        if known is None or member is None or not member.local or not documents.in_force(known, ctx.now()):
            return refuse(NOT_FOUND)
        document = await credential_document(tx, ctx, member, known)
        return web.Response(body=orjson.dumps(document), content_type="application/vc", headers=PRIVATE)

    return await ctx.db.read(unit)
