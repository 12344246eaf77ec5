"""Misskey: the inbox's host is the actor's, the key's id begins with the actor's, quotes under its own name."""

from tests.peers.rules import (
    ACTORS,
    KEY,
    Tables,
    either,
    html,
    https,
    many,
    moment,
    one_of,
    optional,
    same_host,
    shape,
    text,
)

TABLES: Tables = {
    "actor": {
        "id": https,
        "type": one_of(*ACTORS),
        "inbox": same_host,
        "outbox": same_host,
        "preferredUsername": text,
        "name": text,
        "summary": optional(either(text, one_of(""))),
        "followers": same_host,
        "following": same_host,
        "publicKey": shape(KEY),
        "url": same_host,
    },
    "post": {
        "id": same_host,
        "attributedTo": same_host,
        "content": html,
        "published": moment,
        "to": many(https),
        "url": same_host,
        "_misskey_quote": optional(https),
    },
    "mention": {"href": https},
    "hashtag": {"name": text},
    "emoji": {"name": text, "icon": shape({"url": https})},
    "question": {"oneOf": many(shape({"name": text}), least=2)},
    "vote": {"name": text, "inReplyTo": https},
    "activity": {"id": same_host, "actor": same_host},
    "like": {"object": https},
    "undo": {"object": shape({"type": text, "actor": same_host})},
}
COVERED = {"(request-target)", "date", "host", "digest"}
