"""What stands at an address that a post links to."""

from urllib.parse import urlsplit

from storage.records import Card
from web.render.frame import Entity, Frame, moment


def preview_card(card: Card, frame: Frame) -> Entity:
    """PreviewCard. Nothing of another site is embedded: what it shows comes by our proxy, or not at all."""
    return {
        "url": card.url,
        "title": card.title,
        "description": card.description,
        "type": "link",
        "authors": [],  # people of this network whom the page names; it names none that we could ask
        "author_name": card.author,
        "author_url": card.author_url,
        "provider_name": card.provider,
        "provider_url": "{0.scheme}://{0.netloc}".format(urlsplit(card.url)) if card.provider else "",
        "html": "",
        "width": card.width,
        "height": card.height,
        "image": frame.links.card(card.image) if card.image else None,
        "embed_url": "",
        "blurhash": None,
        "missing_attribution": None,
        "published_at": None if card.published_at is None else moment(card.published_at),
    }
