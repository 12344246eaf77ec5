"""What each kind of document does here: the scene is set, the document comes as its program would send it, and the row that
it should change is looked at.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from federation.outbox import follows
from federation.outbox.polls import PollDraft
from federation.resolve import resolve_actor, resolve_handle, resolve_url
from federation.wire.objects import CONVERTED_TYPES
from federation.wire.values import PUBLIC, href_of, id_of, many, text
from policies.terms import GROUP_ONLY
from storage.database import Row
from storage.records import Actor, Status
from tests.federation.peer import Document, proven
from tests.peers.stage import Scene, replaced

Play = Callable[[Scene, Document], Awaitable[None]]

_ACTOR = "id, uri, type, username, handle_host, name, summary, avatar, fields, disabled_at, moved_to_id"
_WATCHED = (
    "SELECT * FROM statuses",
    "SELECT * FROM media",
    f"SELECT {_ACTOR} FROM actors",
    "SELECT * FROM favourites",
    "SELECT * FROM follows",
    "SELECT * FROM blocks",
    "SELECT * FROM pins",
    "SELECT * FROM polls",
    "SELECT * FROM poll_votes",
    "SELECT * FROM quotes",
    "SELECT * FROM reports",
    "SELECT * FROM groups",
    "SELECT * FROM memberships",
)


async def stored(scene: Scene) -> list[set[Row]]:
    return [set(await scene.home.rows(query)) for query in _WATCHED]


async def changing(scene: Scene, coming: Awaitable[Any]) -> Any:
    before = await stored(scene)
    answer = await coming
    assert await stored(scene) != before, f"changes nothing: {answer}"
    return answer


async def acquaint(scene: Scene, uri: str) -> None:
    """Whoever acts is known already, so that the act itself must change something."""
    if await scene.home.count("actors", "uri = :uri", uri=uri) == 0:
        await scene.home.know(scene.somebody(uri))


def aligned(scene: Scene, activity: Document) -> Document:
    """Some fixtures were put together from two hosts; nobody's own server sends such."""
    actor = id_of(activity["actor"]) or ""
    if actor.split("/")[2] == activity["id"].split("/")[2]:
        return activity
    return dict(replaced(activity, actor, scene.new_id(activity["id"])))


async def send(scene: Scene, activity: Document) -> None:
    """It is applied, and a row changes."""
    await acquaint(scene, id_of(activity["actor"]) or "")
    assert await changing(scene, scene.send(activity)) == "done"


async def find(scene: Scene, uri: str) -> Status:
    status = await scene.home.find(uri)
    assert status is not None, f"{uri} is not stored"
    return status


# --- actors and names ---------------------------------------------------------------------------------------------


async def actor(scene: Scene, document: Document) -> None:
    """Found by its address, with name, picture and fields."""
    scene.introduce({"preferredUsername": "somebody", **document})
    found = await changing(scene, resolve_actor(scene.home.ctx, document["id"]))
    assert isinstance(found, Actor), "cannot be had"
    assert (found.uri, found.type) == (document["id"], document["type"])
    assert found.username == document.get("preferredUsername", "somebody")
    assert found.avatar == href_of(document.get("icon"))
    assert bool(found.name) == bool(text(document.get("name")).strip())


async def handle(scene: Scene, document: Document) -> None:
    """A JRD leads from a handle to its actor."""
    name = document["subject"].removeprefix("acct:")
    (uri,) = {
        link["href"]
        for link in document["links"]
        if link["rel"] == "self" and "json" in link.get("type", "") and "href" in link
    }
    scene.introduce({"id": uri, "type": "Person", "preferredUsername": name.partition("@")[0]})
    scene.stage.documents[f"http://{name.partition('@')[2]}/jrd/{name}"] = document
    found = await changing(scene, resolve_handle(scene.home.ctx, name))
    assert found is not None
    assert f"{found.username}@{found.handle_host}" == name


async def group(scene: Scene, document: Document) -> None:
    """A private group."""
    await actor(scene, document)
    found = await scene.home.stored(document["id"])
    assert await scene.home.count("groups", "actor_id = :id", id=found.id) == 1


# --- posts ----------------------------------------------------------------------------------------------------------


def is_public(note: Document) -> bool:
    return any(one in {PUBLIC, "as:Public", "Public"} for one in [*many(note.get("to")), *many(note.get("cc"))])


async def post(scene: Scene, document: Document) -> None:
    """A post that is looked up by its address where it is public, and sent to a member where it is not."""
    note = scene.complete(document)
    author = scene.author_of(note)
    if author.uri.split("/")[2] != note["id"].split("/")[2]:
        note["attributedTo"] = scene.new_id(note["id"])
        scene.author_of(note)
    if is_public(note):
        scene.serve(note)
        assert await changing(scene, resolve_url(scene.home.ctx, note["id"])) is not None, "cannot be had"
        await check_post(scene, note)
    else:
        await created(scene, scene.create(note))


async def created(scene: Scene, activity: Document) -> None:
    """A post that is sent: to a member of ours, unless everybody or the author's followers may see it."""
    author = scene.somebody(id_of(activity["actor"]) or "")
    note = scene.complete(activity["object"], author=author.uri, public=False)
    if "to" not in note and "cc" not in note:
        note |= {name: activity[name] for name in ("to", "cc") if name in activity}
    named = [one for one in many(note.get("to")) if isinstance(one, str)]
    if not is_public(note) and author.followers not in named:
        note = replaced(note, named[0], scene.member.uri)
    await send(scene, {**activity, "object": note})
    await check_post(scene, note)


async def check_post(scene: Scene, note: Document) -> None:
    status = await find(scene, note["id"])
    title = text(note.get("name"))
    if note["type"] in CONVERTED_TYPES - {"ChatMessage"}:
        assert status.content.startswith("<p><a href="), status.content
        assert plain_words(title) <= plain_words(status.content)
        page = href_of(note.get("url")) or note["id"]
        assert page.split("?")[0] in status.content
    shown = note.get("content") or next(iter((note.get("contentMap") or {}).values()), "")
    assert bool(status.content) >= bool(shown)
    assert bool(status.summary) == bool(text(note.get("summary")).strip())
    if note["type"] == "Question":
        options = note.get("oneOf") or note["anyOf"]
        kept = await scene.home.rows("SELECT options FROM polls WHERE status_id = :id", id=status.id)
        assert all(one["name"] in kept[0][0] for one in options)


def plain_words(value: str) -> set[str]:
    return {word for word in value.replace("<", " ").replace(">", " ").split() if word.isalpha()}


async def voted(scene: Scene, document: Document) -> None:
    """Choices in a poll of ours."""
    activity = document if document["type"] == "Create" else scene.create(scene.complete(document))
    votes = [one for one in many(activity["object"]) if isinstance(one, dict)]
    names = [vote["name"] for vote in votes]
    made = await scene.published(poll=PollDraft((*names, "Autre"), 3_600, multiple=True))
    await send(scene, replaced(replaced(activity, votes[0]["inReplyTo"], made.uri), votes[0]["to"], scene.member.uri))
    assert await scene.home.count("poll_votes", "poll_id IN (SELECT id FROM polls WHERE status_id = :id)", id=made.id) == (
        len(names)
    )  # fmt: skip


async def edited(scene: Scene, activity: Document) -> None:
    """First the post as it was, then its edit."""
    sender = scene.somebody(id_of(activity["actor"]) or "")
    note = scene.complete(activity["object"], author=sender.uri)
    before = {
        **note,
        "content": "<p>avant</p>",
        "name": "avant",
        "published": "2001-01-01T00:00:00Z",
        "contentMap": None,
    }
    before.pop("updated", None)
    await send(scene, scene.create(before))
    await send(scene, {**activity, "object": note})
    status = await find(scene, note["id"])
    assert status.edited_at is not None
    assert "avant" not in status.content


async def deleted(scene: Scene, activity: Document) -> None:
    """First the post, then its end."""
    note = scene.note(id_of(activity["object"]) or "", attributedTo=id_of(activity["actor"]))
    await send(scene, scene.create(note))
    await send(scene, {"id": scene.new_id(note["id"]), **activity})
    assert await scene.home.find(note["id"]) is None


async def erased(scene: Scene, activity: Document) -> None:
    """An actor is no more."""
    await send(scene, activity)
    assert (await scene.home.stored(activity["actor"])).disabled_at is not None


async def renamed(scene: Scene, activity: Document) -> None:
    """An actor says that it has changed, and is asked."""
    sender = scene.somebody(activity["actor"], kind=activity["object"]["type"], name="avant")
    await acquaint(scene, sender.uri)
    sender.document["name"] = activity["object"]["name"]
    await send(scene, replaced(activity, activity["object"]["id"], activity["actor"]))
    assert (await scene.home.stored(activity["actor"])).name == activity["object"]["name"]


# --- reactions ----------------------------------------------------------------------------------------------------


async def liked(scene: Scene, activity: Document) -> None:
    """A favourite of a post of ours."""
    made = await scene.published()
    activity = aligned(scene, activity)
    await send(scene, replaced(activity, id_of(activity["object"]) or "", made.uri))
    assert await scene.home.count("favourites", "status_id = :id", id=made.id) == 1


async def unliked(scene: Scene, activity: Document) -> None:
    """A favourite is taken back, by its id or embedded."""
    made = await scene.published()
    inner = activity["object"]
    if isinstance(inner, str):
        like = {"id": inner, "type": "Like", "actor": activity["actor"], "object": made.uri}
    else:
        like = replaced(inner, id_of(inner["object"]) or "", made.uri)
        activity = {**activity, "object": like}
    await send(scene, like)
    await send(scene, activity)
    assert await scene.home.count("favourites", "status_id = :id", id=made.id) == 0


async def boosted(scene: Scene, activity: Document) -> None:
    """A boost of what stands at its own address."""
    uri = id_of(activity["object"]) or ""
    note = scene.serve(scene.note(uri))
    scene.author_of(note)
    await send(scene, activity)
    original = await find(scene, uri)
    assert (await find(scene, activity["id"])).boost_of_id == original.id


async def unboosted(scene: Scene, activity: Document) -> None:
    await boosted(scene, activity["object"])
    await send(scene, activity)
    assert await scene.home.find(activity["object"]["id"]) is None


# --- what public groups announce ------------------------------------------------------------------------------------


async def announced(scene: Scene, activity: Document) -> None:
    """A post in a public group, read at its origin and shown as boosted by the group."""
    inner = activity["object"]
    activity = {**activity, "actor": scene.somebody(activity["actor"], kind="Group").uri}
    note = inner["object"] if isinstance(inner.get("object"), dict) else inner
    note = scene.serve(scene.complete(note, author=id_of(inner.get("actor")) or ""))
    scene.author_of(note)
    lie = {**note, "content": "<p>forged</p>", "name": "forged"}
    await send(
        scene, {**activity, "object": {**inner, "object": lie} if note is not inner and "actor" in inner else lie}
    )
    original = await find(scene, note["id"])
    assert "forged" not in original.content
    assert (await find(scene, activity["id"])).boost_of_id == original.id


async def announced_like(scene: Scene, activity: Document) -> None:
    """A reaction in a public group, read at its own id."""
    made = await scene.published()
    scene.somebody(activity["actor"], kind="Group")
    inner = activity["object"]
    like = {**inner, "object": made.uri}
    scene.somebody(inner["actor"])
    scene.serve(like)
    await send(scene, {**activity, "object": like})
    assert await scene.home.count("favourites", "status_id = :id", id=made.id) == 1


async def announced_deletion(scene: Scene, activity: Document) -> None:
    """A moderator takes a post out of a group: it is there still, and the group shows it no longer."""
    uri = id_of(activity["object"]["object"]) or ""
    sender = scene.somebody(activity["actor"], kind="Group")
    note = scene.serve(scene.note(uri))
    scene.author_of(note)
    shown: Document = {"id": scene.new_id(uri), "type": "Announce", "actor": sender.uri, "object": uri, "to": [PUBLIC]}
    await send(scene, shown)
    await send(scene, activity)
    assert await scene.home.find(shown["id"]) is None
    assert await scene.home.find(uri) is not None


async def group_announced(scene: Scene, activity: Document) -> None:
    """A private group that our member belongs to announces a post; the proof in the fixture is a placeholder."""
    inner = activity["object"]
    capable: Document = {"generator": {"type": "Application", "implements": [{"href": GROUP_ONLY}]}}
    sender = scene.somebody(activity["actor"], kind="Group", accessType="closed", **capable)
    author = scene.somebody(inner["actor"], **capable)
    stored_group = await scene.home.join(sender, scene.member)
    unproven = {name: value for name, value in inner.items() if name != "proof"}
    await send(scene, {**activity, "object": proven(author, unproven)})
    status = await find(scene, inner["object"]["id"])
    assert (status.audience, status.group_id) == ("group", stored_group.id)


async def tombstone(scene: Scene, document: Document) -> None:
    """A group says that a post is gone, and so does its origin."""
    author = scene.new_id(document["id"])
    note = scene.note(document["id"], attributedTo=author)
    await send(scene, scene.create(note))
    scene.serve(document)
    sender = scene.somebody(scene.new_id(document["id"]), kind="Group")
    inner = {"id": scene.new_id(author), "type": "Delete", "actor": author, "object": document["id"]}
    await send(scene, {"id": scene.new_id(author), "type": "Announce", "actor": sender.uri, "object": inner})
    assert await scene.home.find(note["id"]) is None


async def pinned(scene: Scene, collection: Document) -> None:
    """Somebody adds to what they show first: the collection is read, and each post at its own address."""
    owner = scene.new_id(collection["id"])
    scene.somebody(owner, featured=collection["id"])
    scene.serve(collection)
    items = [id_of(one) or "" for one in collection.get("orderedItems") or collection.get("items") or []][:5]
    for uri in items:
        scene.serve(scene.note(uri, attributedTo=owner))
    adding = {"id": scene.new_id(owner), "type": "Add", "actor": owner, "object": items[0], "target": collection["id"]}
    await send(scene, adding)
    known = await scene.home.stored(owner)
    assert await scene.home.count("pins", "actor_id = :id", id=known.id) == len(items)


# --- between people -------------------------------------------------------------------------------------------------


async def followed(scene: Scene, activity: Document) -> None:
    await send(scene, replaced(activity, activity["object"], scene.member.uri))
    assert await scene.home.count("follows", "followee_id = :id", id=scene.member.id) == 1


async def unfollowed(scene: Scene, activity: Document) -> None:
    follow = replaced(activity["object"], activity["object"]["object"], scene.member.uri)
    await send(scene, follow)
    await send(scene, {**activity, "object": follow})
    assert await scene.home.count("follows", "followee_id = :id", id=scene.member.id) == 0


async def _asked(scene: Scene, activity: Document) -> Document:
    """A member of ours has asked to follow whoever answers."""
    other = await scene.home.know(scene.somebody(activity["actor"]))
    await follows.follow(scene.home.ctx, scene.member.id, other.id)
    ((uri,),) = await scene.home.rows("SELECT uri FROM follows WHERE follower_id = :id", id=scene.member.id)
    asked = activity["object"]
    if isinstance(asked, str):
        return {**activity, "object": uri}
    answered = replaced(asked, asked["actor"], scene.member.uri)
    return {**activity, "object": {**answered, "id": uri, "object": other.uri}}


async def accepted(scene: Scene, activity: Document) -> None:
    await send(scene, await _asked(scene, activity))
    assert await scene.home.count("follows", "follower_id = :id AND state = 'accepted'", id=scene.member.id) == 1


async def rejected(scene: Scene, activity: Document) -> None:
    await send(scene, await _asked(scene, activity))
    assert await scene.home.count("follows", "follower_id = :id", id=scene.member.id) == 0


async def blocked(scene: Scene, activity: Document) -> None:
    await send(scene, replaced(activity, activity["object"], scene.member.uri))
    assert await scene.home.count("blocks", "target_id = :id", id=scene.member.id) == 1


async def unblocked(scene: Scene, activity: Document) -> None:
    block = replaced(activity["object"], activity["object"]["object"], scene.member.uri)
    await send(scene, block)
    await send(scene, {**activity, "object": block})
    assert await scene.home.count("blocks", "target_id = :id", id=scene.member.id) == 0


async def reported(scene: Scene, activity: Document) -> None:
    """People of ours, or their posts."""
    made = await scene.published()
    named = [id_of(one) or "" for one in many(activity["object"])]
    ours = [made.uri if "post" in uri or "status" in uri else scene.member.uri for uri in named]
    await send(scene, {**activity, "object": ours})
    assert await scene.home.count("reports", "target_id = :id", id=scene.member.id) == 1


async def moved(scene: Scene, activity: Document) -> None:
    old, new = activity["actor"], activity["target"]
    scene.somebody(old, movedTo=new)
    scene.somebody(new, alsoKnownAs=[old])
    await send(scene, activity)
    target = await scene.home.stored(new)
    assert (await scene.home.stored(old)).moved_to_id == target.id


# --- quotes -----------------------------------------------------------------------------------------------------------


async def quote_requested(scene: Scene, activity: Document) -> None:
    made = await scene.published(quote_policy="public")
    activity = replaced(activity, id_of(activity["object"]) or "", made.uri)
    instrument = activity["instrument"]
    note = scene.note(id_of(instrument) or "", attributedTo=activity["actor"], quote=made.uri)
    if isinstance(instrument, str):
        scene.serve(note)
    else:
        activity = {**activity, "instrument": {**note, **instrument, "quote": made.uri}}
    await send(scene, activity)
    assert await scene.home.count("quotes", "quoted_id = :id AND state = 'accepted'", id=made.id) == 1


async def stamped(scene: Scene, stamp: Document) -> None:
    """A post claims the stamp for what it quotes."""
    scene.serve(stamp)
    scene.somebody(stamp["attributedTo"])
    scene.serve(scene.note(stamp["interactionTarget"], attributedTo=stamp["attributedTo"]))
    quoting = scene.note(stamp["interactingObject"], quote=stamp["interactionTarget"], quoteAuthorization=stamp["id"])
    await send(scene, scene.create(quoting))
    status = await find(scene, quoting["id"])
    assert await scene.home.count("quotes", "status_id = :id AND state = 'accepted'", id=status.id) == 1


async def _quoting(scene: Scene, activity: Document) -> Document:
    """A member of ours has asked whoever answers."""
    asked = activity["object"]
    scene.somebody(activity["actor"])
    policy = {"interactionPolicy": {"canQuote": {"automaticApproval": [PUBLIC]}}}
    scene.serve(scene.note(asked["object"], attributedTo=activity["actor"], **policy))
    quoted = await resolve_url(scene.home.ctx, asked["object"])
    assert isinstance(quoted, Status)
    made = await scene.published(quoted_id=quoted.id)
    ((uri,),) = await scene.home.rows("SELECT request_uri FROM quotes WHERE status_id = :id", id=made.id)
    ours = {
        "id": uri,
        "type": "QuoteRequest",
        "actor": scene.member.uri,
        "object": asked["object"],
        "instrument": made.uri,
    }
    if "result" in activity:
        stamp = {"id": id_of(activity["result"]), "type": "QuoteAuthorization", "attributedTo": activity["actor"]}
        scene.serve(stamp | {"interactingObject": made.uri, "interactionTarget": asked["object"]})
    return {**activity, "object": ours}


async def quote_accepted(scene: Scene, activity: Document) -> None:
    answer = await _quoting(scene, activity)
    await send(scene, answer)
    assert (
        await scene.home.count("quotes", "request_uri = :uri AND state = 'accepted'", uri=answer["object"]["id"]) == 1
    )


async def quote_rejected(scene: Scene, activity: Document) -> None:
    answer = await _quoting(scene, activity)
    await send(scene, answer)
    assert (
        await scene.home.count("quotes", "request_uri = :uri AND state = 'rejected'", uri=answer["object"]["id"]) == 1
    )


# --- what is left alone -----------------------------------------------------------------------------------------------


async def ignored(scene: Scene, document: Document) -> None:
    """Taken (or not found to be anything, when looked up), without an error and without effect."""
    if "actor" in document and "object" in document:
        await acquaint(scene, document["actor"])
        before = await stored(scene)
        ended = await scene.send({"id": scene.new_id(document["actor"]), **document})
        assert ended.startswith("refused: "), ended
    else:
        served = scene.serve(scene.complete(document))
        before = await stored(scene)
        assert await resolve_url(scene.home.ctx, served["id"]) is None
    assert await stored(scene) == before


BY_TYPE: Mapping[str, Play] = {
    "JRD": handle,
    **dict.fromkeys(("Person", "Group", "Application", "Service", "Organization"), actor),
    **dict.fromkeys(("Note", "Question", "Article", "Page", "Video", "Event", "Audio", "ChatMessage"), post),
    **{f"Create({kind})": created for kind in ("Note", "Question", "Page", "Video", "Event", "Audio", "ChatMessage")},
    "Update(Note)": edited,
    "Update(Page)": edited,
    "Update(Person)": renamed,
    "Update(Group)": renamed,
    "Delete": deleted,
    "Delete(Tombstone)": deleted,
    "Delete(Person)": erased,
    "Like": liked,
    "EmojiReact": liked,
    "Undo": unliked,
    "Undo(Like)": unliked,
    "Announce": boosted,
    "Announce(Note)": announced,
    "Announce(Create(Page))": announced,
    "Announce(Create(Note))": announced,
    "Announce(Update(Article))": announced,
    "Announce(Like)": announced_like,
    "Announce(Like(Note))": announced_like,
    "Announce(Delete(Tombstone))": announced_deletion,
    "Undo(Announce)": unboosted,
    "Tombstone": tombstone,
    "Follow": followed,
    "Undo(Follow)": unfollowed,
    "Accept": accepted,
    "Accept(Follow)": accepted,
    "Reject(Follow)": rejected,
    "Block": blocked,
    "Undo(Block)": unblocked,
    "Flag": reported,
    "Move": moved,
    "QuoteRequest": quote_requested,
    "QuoteAuthorization": stamped,
    "Accept(QuoteRequest)": quote_accepted,
    "Reject(QuoteRequest)": quote_rejected,
}
