"""Collections: people whom somebody shows together."""

from html import escape

from federation.context import Origin
from storage.featured_collections import Shown
from storage.records import CollectionItem
from web.render.frame import Entity, moment
from web.render.tags import tag_url


def collection(shown: Shown, origin: Origin) -> Entity:
    """Collection. How many are in it counts those who are shown, so that nobody is missed."""
    one, address = shown.collection, collection_url(shown.collection.id, origin)
    return {
        "id": str(one.id),
        "account_id": str(one.owner_id),
        "uri": address,
        "url": address,
        "name": one.name,
        "description": escape(one.description, quote=False),
        "language": one.language,
        "local": True,
        "sensitive": bool(one.sensitive),
        "discoverable": bool(one.discoverable),
        "tag": {"name": one.tag, "url": tag_url(one.tag.lower(), origin)} if one.tag else None,
        "created_at": moment(one.created_at),
        "updated_at": moment(one.updated_at),
        "item_count": len(shown.items),
        "items": [collection_item(item) for item in shown.items],
    }


def collection_item(item: CollectionItem) -> Entity:
    """CollectionItem. Nobody has to be waited for: who is here is asked by a setting of theirs."""
    return {
        "id": str(item.id),
        "account_id": str(item.actor_id),
        "state": "accepted",
        "created_at": moment(item.created_at),
    }


def collection_url(collection_id: int, origin: Origin) -> str:
    return f"{origin.base}/collections/{collection_id}"
