"""Takahē: JSON-LD with contexts that it has, dates of Python's own format, plain addresses for people."""

from tests.peers.rules import (
    KEY,
    Tables,
    context,
    html,
    https,
    many,
    media_type,
    moment,
    number,
    one_of,
    same_host,
    shape,
    text,
)

TABLES: Tables = {
    "actor": {
        "@context": context,
        "id": https,
        "type": text,
        "inbox": same_host,
        "preferredUsername": text,
        "publicKey": shape(KEY),
        "url": same_host,
    },
    "post": {
        "id": same_host,
        "attributedTo": same_host,
        "content": html,
        "published": moment,
        "url": same_host,
        "to": many(https),
        "cc": many(https),
    },
    "question": {
        "oneOf": many(shape({"type": one_of("Note"), "name": text, "replies": shape({"totalItems": number})}), least=2),
        "endTime": moment,
    },
    "activity": {"@context": context, "id": same_host, "actor": same_host},
    "accept": {"object": shape({"id": https, "type": text})},
    "undo": {"object": shape({"id": https, "type": text})},
    "attachment": {"mediaType": media_type, "url": https},
    "emoji": {"id": https, "name": text, "icon": shape({"mediaType": media_type, "url": https})},
    "add": {"object": same_host, "target": same_host},
}
COVERED = {"(request-target)", "host", "date", "digest"}
