"""Actors and posts of other hosts: stored → fetched → checked → saved. Nothing is fetched from a host that
`policies.admission` does not admit.

What a fetched document says counts for its own origin only: its id must be where it came from (FEP-fe34), a key counts
when its owner's document lists it, a handle when WebFinger confirms it (federation_wire.md §1.5 and §2).
"""

from urllib.parse import quote

from federation.act import perform
from federation.client import Admitted, Signing
from federation.context import Context
from federation.failures import FetchError
from federation.remote_actors import store_actor
from federation.remote_posts import store_fetched_note
from federation.rules import get_rules
from federation.signing import Keys, get_keys, signing
from federation.wire.actors import RemoteActor, parse_actor
from federation.wire.bounded import Document, parse_json
from federation.wire.discovery import bound_handle, parse_jrd, parse_nodeinfo_links
from federation.wire.errors import Fault, ProtocolError
from federation.wire.jsonld import plain
from federation.wire.objects import CONVERTED_TYPES, NATIVE_TYPES, RemoteNote, parse_note
from federation.wire.origins import Handle, host_of, is_http_uri, parse_handle, same_origin
from federation.wire.quotes import Stamp, parse_stamp
from federation.wire.values import id_of, type_of
from policies.admission import HostFacts, admit_host
from policies.decision import Allow
from policies.ruleset import day_of
from policies.terms import ACTORS
from storage import actors, statuses
from storage.database import Reader
from storage.records import Actor, Status

FRESH_FOR = 24 * 3_600_000
JRD_TYPES = ("application/jrd+json", "application/json")


async def admits(ctx: Context, host: str) -> bool:
    """Whether anything may be fetched from a host at all."""
    rules = await ctx.db.read(get_rules)
    return isinstance(admit_host(HostFacts(host), rules.ruleset, day_of(ctx.now())), Allow)


async def admission(ctx: Context, *, domains: bool = False) -> Admitted:
    """Which addresses may be asked for at this moment: those on admitted hosts and, with `domains`, on the parent domains
    of these, where handles live. Never our own: what stands here needs no fetching, and must not be stored as another's.
    """
    rules = await ctx.db.read(get_rules)
    today = day_of(ctx.now())

    def admitted(host: str) -> bool:
        return isinstance(admit_host(HostFacts(host), rules.ruleset, today), Allow)

    def below(domain: str) -> bool:
        return any(host.endswith(f".{domain}") and admitted(host) for host in rules.ruleset.peers)

    def may_ask(url: str) -> bool:
        host = host_of(url)
        return not ctx.origin.owns(url) and (admitted(host) or (domains and below(host)))

    return may_ask


async def fetch(ctx: Context, uri: str, *, fresh: bool = False) -> Document:
    """A document from its own origin, as plain JSON, signed by our instance actor. FetchError or ProtocolError."""
    admitted = await admission(ctx)
    sign = await instance_signing(ctx, fresh=fresh)
    final_url, body = await ctx.client.fetch_activity(uri, sign, admitted)
    document = plain(parse_json(body))
    found = id_of(document.get("id"))
    if found is None or not same_origin(found, final_url):
        raise ProtocolError(Fault.ORIGIN_MISMATCH, f"{uri} gave {found} from {final_url}")
    if found not in {final_url, uri}:
        # An alias of the same origin (a page, a redirect): what stands at the id itself is what counts.
        again_url, again = await ctx.client.fetch_activity(found, sign, admitted)
        document = plain(parse_json(again))
        if id_of(document.get("id")) != found or not same_origin(found, again_url):
            raise ProtocolError(Fault.ORIGIN_MISMATCH, f"{found} is not at its own id")
    return document


async def fetch_listing(ctx: Context, url: str, *, home: str) -> Document:
    """What a host lists at an address for us in particular: of the origin of `home` to its end, whatever its id, which may
    be that of the whole collection. FetchError or ProtocolError.
    """
    final_url, body = await ctx.client.fetch_activity(url, await instance_signing(ctx), await admission(ctx))
    if not same_origin(final_url, home):
        raise ProtocolError(Fault.ORIGIN_MISMATCH, f"{url} led to {final_url}")
    return plain(parse_json(body))


async def instance_signing(ctx: Context, *, fresh: bool = False) -> Signing:
    """The signer of requests that no member stands behind."""

    async def unit(tx: Reader) -> Keys:
        actor = await actors.get_actor_by_uri(tx, ctx.origin.instance_actor)
        if actor is None:
            raise LookupError("no instance actor: run `confrere init`")
        return await get_keys(tx, actor.id, actor.uri)

    return signing(await ctx.db.read(unit), ctx.now, fresh=fresh)


async def resolve_actor(ctx: Context, uri: str, *, refresh: bool = False) -> Actor | None:
    """An actor by uri; None when it cannot be had. A stored copy serves for a day, or when its host does not answer."""
    stored = await ctx.db.read(lambda tx: actors.get_actor_by_uri(tx, uri))
    if stored is not None and (stored.local or (not refresh and _is_fresh(stored, ctx.now()))):
        return stored
    if ctx.origin.owns(uri):
        return None
    try:
        return await fetch_actor(ctx, uri)
    except (FetchError, ProtocolError):
        return stored


async def resolve_instance(ctx: Context, host: str) -> Actor | None:
    """The instance actor of an admitted host, as its NodeInfo names it (FEP-2677); None when it cannot be had."""
    url = f"{ctx.origin.scheme}://{host}/.well-known/nodeinfo"
    try:
        fetched = await ctx.client.fetch_document(
            url, sign=None, accept=("application/json",), admitted=await admission(ctx)
        )
        uri = parse_nodeinfo_links(parse_json(fetched.body), host).instance_actor
    except (FetchError, ProtocolError):
        return None
    return await resolve_actor(ctx, uri) if uri else None


def _is_fresh(actor: Actor, now: int) -> bool:
    return actor.fetched_at is not None and now - actor.fetched_at < FRESH_FOR


async def fetch_actor(ctx: Context, uri: str) -> Actor:
    """Fetch, check and store an actor with its keys, and what it is as a group. `attesting` asks for its attestation."""
    return await take_actor(ctx, await fetch(ctx, uri))


async def take_actor(ctx: Context, document: Document) -> Actor:
    """Check and store an actor from a document that was fetched from its own id."""
    remote = parse_actor(document)
    handle = await _confirm_handle(ctx, remote)
    return await perform(ctx, lambda act: store_actor(act, remote, handle))


async def _confirm_handle(ctx: Context, remote: RemoteActor) -> Handle:
    """The handle that the actor's domain binds to it: asked where FEP-2c59 says, followed to another domain once."""
    asked = remote.webfinger or Handle(remote.preferred_username, host_of(remote.uri))
    bound = await _ask_webfinger(ctx, asked, remote.uri)
    if bound.key == asked.key:
        return bound
    confirmed = await _ask_webfinger(ctx, bound, remote.uri)
    if confirmed.key != bound.key:
        raise ProtocolError(Fault.DISCOVERY_MISMATCH, f"{bound} does not confirm itself")
    return confirmed


async def _ask_webfinger(ctx: Context, handle: Handle, actor_uri: str) -> Handle:
    return bound_handle(parse_jrd(await _fetch_jrd(ctx, handle)), handle, actor_uri)


async def _fetch_jrd(ctx: Context, handle: Handle) -> Document:
    resource = quote(f"acct:{handle}", safe=":@")
    url = f"{ctx.origin.scheme}://{handle.host}/.well-known/webfinger?resource={resource}"
    admitted = await admission(ctx, domains=True)
    fetched = await ctx.client.fetch_document(url, sign=None, accept=JRD_TYPES, admitted=admitted)
    return parse_json(fetched.body)


async def resolve_handle(ctx: Context, name: str) -> Actor | None:
    """An actor by `name@domain`; None when it cannot be had. Names of ours are never looked up elsewhere."""
    try:
        handle = parse_handle(name)
    except ProtocolError:
        return None
    ours = handle.host in {"", ctx.origin.host, ctx.origin.handle_domain}
    stored = await ctx.db.read(lambda tx: actors.get_actor_by_handle(tx, handle.name, "" if ours else handle.host))
    if stored is not None or ours:
        return stored
    try:
        # The domain of a handle may be another than its instance's host, so it is asked before it can be known which
        # host is meant; whether that host is admitted is asked next, and only hosts of the ruleset are asked at all.
        jrd = parse_jrd(await _fetch_jrd(ctx, handle))
        # Hubzilla names an actor twice, once for each of its content types.
        return await resolve_actor(ctx, jrd.actors[0]) if len(set(jrd.actors)) == 1 else None
    except (FetchError, ProtocolError):
        return None


async def resolve_object(ctx: Context, uri: str, *, quoted: bool = False) -> Status | None:
    """A public post by uri; None when it cannot be had or is not public. What it quotes is had too, unless it is itself
    `quoted`: chains of quotes end there.
    """
    stored = await ctx.db.read(lambda tx: statuses.get_status_by_uri(tx, uri))
    if stored is not None or ctx.origin.owns(uri):
        return stored
    try:
        note = parse_note(await fetch(ctx, uri))
        return await take_note(ctx, note, quoted=quoted) if note.uri == uri else None
    except (FetchError, ProtocolError):
        return None


async def take_note(ctx: Context, note: RemoteNote, *, quoted: bool = False) -> Status | None:
    """Store a post that was fetched from its own id, if it is public. ProtocolError when it is not fit to be."""
    author = await resolve_actor(ctx, note.attributed_to)
    if author is None:
        return None
    stamp = None if quoted else await fetch_stamp(ctx, note)
    return await perform(ctx, lambda act: store_fetched_note(act, note, author, stamp))


async def fetch_stamp(ctx: Context, note: RemoteNote) -> Stamp | None:
    """The stamp that a post claims for what it quotes, as it stands at its author's home; what is quoted is had as well.

    Nothing is asked for a post of a group: the question alone would tell that there is such a post (decision 0027).
    """
    quote = note.quote
    if quote is None or note.audience:
        return None
    own = same_origin(quote.uri, note.attributed_to)
    if quote.stamp is None and not own:
        return None
    if await resolve_object(ctx, quote.uri, quoted=True) is None or quote.stamp is None or ctx.origin.owns(quote.stamp):
        return None
    try:
        return parse_stamp(await fetch(ctx, quote.stamp))
    except (FetchError, ProtocolError):
        return None


async def resolve_url(ctx: Context, url: str) -> Actor | Status | None:
    """Whatever stands at an address that somebody pasted into a search field: an actor or a public post."""
    if not is_http_uri(url):
        return None
    known = await ctx.db.read(lambda tx: _stored_at(tx, url))
    if known is not None or ctx.origin.owns(url):
        return known
    try:
        document = await fetch(ctx, url)
    except (FetchError, ProtocolError):
        return None
    uri, kind = id_of(document.get("id")) or "", type_of(document)
    if kind in ACTORS:
        return await resolve_actor(ctx, uri)
    return await resolve_object(ctx, uri) if kind in NATIVE_TYPES | CONVERTED_TYPES else None


async def _stored_at(tx: Reader, url: str) -> Actor | Status | None:
    return await actors.get_actor_by_address(tx, url) or await statuses.get_status_by_address(tx, url)
