"""GET by other servers: lists of posts, hashtags and people. Asks `serving` about every post, and lists nothing that is
not for everybody; of people it says how many, never who.
"""

from collections.abc import Awaitable, Callable
from typing import Any, TypeGuard

from aiohttp import web

from federation import documents
from federation.context import Context
from federation.public_groups import addressing
from federation.serving import (
    LARGEST,
    NOBODY,
    NOT_FOUND,
    Asker,
    answer,
    decide_fetch,
    identify,
    parse_id,
    path_id,
    post_document,
    refuse,
    told,
)
from federation.wire.render import (
    AS2,
    OTHERS,
    featured_tags_uri,
    featured_uri,
    moderators_uri,
    render_activity,
    render_collection,
    render_count,
    render_items,
    render_page,
    render_replies_page,
    render_tag,
)
from policies.decision import Allow, Deny
from policies.terms import ACCOUNTS, Audience
from policies.visibility import Door
from storage import actors, featured, public_groups, statuses, threads, timelines
from storage.database import Reader
from storage.pages import Page
from storage.records import Actor, Status

PAGE = 20
Show = Callable[[Reader, Asker, Status], Awaitable[dict[str, Any] | None]]


async def get_outbox(ctx: Context, request: web.Request) -> web.Response:
    """What a member posted for everybody, or a public group shows, newest first."""
    asker = await identify(ctx, request)
    if isinstance(asker, Deny):
        return refuse(asker)

    async def unit(tx: Reader) -> web.Response:
        actor = await actors.get_actor(tx, path_id(request))
        if actor is not None and await _is_public_group(tx, actor):
            return answer(await _group_outbox(tx, ctx, asker, actor))
        if actor is None or not actor.local or actor.disabled_at is not None or actor.type == "Group":
            return refuse(NOT_FOUND)
        uri = actor.outbox or ""
        if "page" not in request.query:
            return answer(render_collection(uri, total=actor.statuses_count, first=f"{uri}?page=true"))
        page = Page(limit=PAGE, before=parse_id(request.query.get("max_id", "")) or LARGEST - 1)
        found = await timelines.list_account(tx, NOBODY, actor.id, page, timelines.Kinds(), now=ctx.now())
        given = [one for one in found if isinstance(await decide_fetch(tx, ctx, asker, one, Door.AUTHOR), Allow)]
        items = [await post_document(tx, ctx, status, wrap=True) for status in given]
        following = f"{uri}?page=true&max_id={found[-1].id}" if len(found) == PAGE else None
        return answer(render_page(f"{uri}?{request.query_string}", uri, items, following=following))

    return await ctx.db.read(unit)


async def get_featured(ctx: Context, request: web.Request) -> web.Response:
    """What a member, or a public group, pinned for everybody: posts for fewer people stay out, whoever asks."""
    asker = await identify(ctx, request)
    if isinstance(asker, Deny):
        return refuse(asker)

    async def unit(tx: Reader) -> web.Response:
        actor = await actors.get_actor(tx, path_id(request))
        if actor is None or not (_has_profile(actor) or await _is_public_group(tx, actor)):
            return refuse(NOT_FOUND)
        found = await timelines.list_pinned(tx, NOBODY, actor.id, Page(limit=PAGE), now=ctx.now())
        given = [one for one in found if isinstance(await decide_fetch(tx, ctx, asker, one, Door.AUTHOR), Allow)]
        items = [await _pinned(tx, ctx, asker, status) for status in given]
        return answer(render_items(featured_uri(actor), items))

    return await ctx.db.read(unit)


async def _pinned(tx: Reader, ctx: Context, asker: Asker, status: Status) -> dict[str, Any] | str:
    """A post whole, as Lemmy wants it; of what a group shows, another host's by its name: its home has the word."""
    original = await statuses.get_status(tx, status.boost_of_id) if status.boost_of_id is not None else status
    if original is None:
        raise LookupError(f"{status.uri} shows nothing")
    ours = isinstance(await decide_fetch(tx, ctx, asker, original, Door.AUTHOR), Allow)
    return await documents.note_document(tx, ctx.origin, original) if ours else original.uri


async def get_moderators(ctx: Context, request: web.Request) -> web.Response:
    """Who moderates a public group: Lemmy believes nobody else there."""
    asker = await identify(ctx, request)
    if isinstance(asker, Deny):
        return refuse(asker)

    async def unit(tx: Reader) -> web.Response:
        actor = await actors.get_actor(tx, path_id(request))
        if actor is None or not await _is_public_group(tx, actor):
            return refuse(NOT_FOUND)
        found = await public_groups.list_with_role(tx, actor.id, public_groups.MODERATOR)
        return answer(render_items(moderators_uri(actor), [one.uri for one in found]))

    return await ctx.db.read(unit)


async def _is_public_group(tx: Reader, actor: Actor) -> bool:
    return actor.disabled_at is None and await public_groups.get_public_group(tx, actor.id) is not None


async def _group_outbox(tx: Reader, ctx: Context, asker: Asker, group: Actor) -> dict[str, Any]:
    """What a public group shows lately, in one piece, because Lemmy reads no pages: each as it was announced, where the post
    is ours; others' posts are for their homes to show.
    """
    kinds = timelines.Kinds()
    found = await timelines.list_account(tx, NOBODY, group.id, Page(limit=PAGE), kinds, now=ctx.now())
    items = [await _announcement(tx, ctx, asker, group, boost) for boost in found]
    return render_items(group.outbox or "", items) | {"totalItems": group.statuses_count}


async def _announcement(tx: Reader, ctx: Context, asker: Asker, group: Actor, boost: Status) -> dict[str, Any]:
    original = await statuses.get_status(tx, boost.boost_of_id or 0)
    allowed = await decide_fetch(tx, ctx, asker, original, Door.AUTHOR)
    if original is None or not isinstance(allowed, Allow):
        return await post_document(tx, ctx, boost, wrap=True)
    created = await post_document(tx, ctx, original, wrap=True)
    more = addressing(group, Audience(boost.audience))
    return render_activity(f"{boost.uri}#create", "Announce", group.uri, created, now=boost.created_at, **more)


async def get_following(ctx: Context, request: web.Request) -> web.Response:
    """How many a member follows, and no names."""
    asker = await identify(ctx, request)
    if isinstance(asker, Deny):
        return refuse(asker)
    actor = await ctx.db.read(lambda tx: actors.get_actor(tx, path_id(request)))
    if actor is None or not actor.local or actor.disabled_at is not None or actor.type == "Group":
        return refuse(NOT_FOUND)
    return answer(render_collection(actor.following or "", total=told(actor, actor.following_count)))


async def get_featured_tags(ctx: Context, request: web.Request) -> web.Response:
    """The hashtags on a member's profile."""
    asker = await identify(ctx, request)
    if isinstance(asker, Deny):
        return refuse(asker)

    async def unit(tx: Reader) -> web.Response:
        actor = await actors.get_actor(tx, path_id(request))
        if not _has_profile(actor):
            return refuse(NOT_FOUND)
        tags = await featured.list_tags(tx, actor.id)
        return answer(render_items(featured_tags_uri(actor), [render_tag(ctx.origin.base, tag.name) for tag in tags]))

    return await ctx.db.read(unit)


def _has_profile(actor: Actor | None) -> TypeGuard[Actor]:
    return actor is not None and actor.local and actor.disabled_at is None and actor.type in ACCOUNTS


# --- what was said about a post ----------------------------------------------------------------------------------


async def get_replies(ctx: Context, request: web.Request) -> web.Response:
    """Replies for everybody to a post for everybody: its author's own first, then those of others."""

    async def show(tx: Reader, asker: Asker, status: Status) -> dict[str, Any]:
        page = await _replies_page(tx, ctx, asker, status, request)
        if "page" in request.query:
            return {"@context": AS2, **page}
        return {"@context": AS2, "id": f"{status.uri}/replies", "type": "Collection", "first": page}

    return await _about(ctx, request, show)


async def _replies_page(tx: Reader, ctx: Context, asker: Asker, status: Status, request: web.Request) -> dict[str, Any]:
    own, after = OTHERS not in request.query_string, parse_id(request.query.get("min_id", ""))
    found = await threads.list_replies(tx, status.id, own=own, after=after, limit=PAGE)
    who = "page=true" if own else f"page=true&{OTHERS}"
    following = f"page=true&{OTHERS}" if own else ""
    if len(found) == PAGE:
        following = f"{who}&min_id={found[-1].id}"
    asked = f"{who}&min_id={after}" if after else who
    items = await _tellable(tx, ctx, asker, found)
    return render_replies_page(status.uri, items, asked=asked, following=following)


async def _tellable(tx: Reader, ctx: Context, asker: Asker, found: list[Status]) -> list[str]:
    """The uris of posts: those of ours that who asks may fetch, and those of others, whose home answers for them."""
    return [
        one.uri
        for one in found
        if not ctx.origin.owns(one.uri) or isinstance(await decide_fetch(tx, ctx, asker, one, Door.AUTHOR), Allow)
    ]


async def get_likes(ctx: Context, request: web.Request) -> web.Response:
    """How many like a post for everybody."""

    async def show(_: Reader, __: Asker, status: Status) -> dict[str, Any]:
        return {"@context": AS2, **render_count(f"{status.uri}/likes", status.favourites_count)}

    return await _about(ctx, request, show)


async def get_shares(ctx: Context, request: web.Request) -> web.Response:
    """How many boosted a post for everybody."""

    async def show(_: Reader, __: Asker, status: Status) -> dict[str, Any]:
        return {"@context": AS2, **render_count(f"{status.uri}/shares", status.boosts_count)}

    return await _about(ctx, request, show)


async def get_context(ctx: Context, request: web.Request) -> web.Response:
    """The posts for everybody of a thread that began here with one (FEP-7888); a group's thread is not there."""

    async def show(tx: Reader, asker: Asker, status: Status) -> dict[str, Any] | None:
        if status.thread_id != status.id:
            return None
        uri, after = ctx.origin.context(status.id), parse_id(request.query.get("min_id", ""))
        found = await threads.list_thread(tx, status.id, after=after, limit=PAGE)
        page: dict[str, Any] = {
            "id": f"{uri}?page=true" + (f"&min_id={after}" if after else ""),
            "type": "CollectionPage",
            "partOf": uri,
            "items": await _tellable(tx, ctx, asker, found),
        }
        page |= {"next": f"{uri}?page=true&min_id={found[-1].id}"} if len(found) == PAGE else {}
        if "page" in request.query:
            return {"@context": AS2, **page}
        author = await actors.get_actor(tx, status.actor_id)
        owner = {"attributedTo": author.uri} if author else {}
        return {"@context": AS2, "id": uri, "type": "Collection", **owner, "first": page}

    return await _about(ctx, request, show)


async def _about(ctx: Context, request: web.Request, show: Show) -> web.Response:
    """What `show` makes of a post for everybody that who asks may fetch; otherwise what every unknown id gets."""
    asker = await identify(ctx, request)
    if isinstance(asker, Deny):
        return refuse(asker)

    async def unit(tx: Reader) -> web.Response:
        status = await statuses.get_status(tx, path_id(request))
        decision = await decide_fetch(tx, ctx, asker, status, Door.AUTHOR)
        if status is None or not isinstance(decision, Allow):
            return refuse(decision)
        whole = status.audience in documents.OPEN and status.boost_of_id is None
        document = await show(tx, asker, status) if whole else None
        return refuse(NOT_FOUND) if document is None else answer(document)

    return await ctx.db.read(unit)
