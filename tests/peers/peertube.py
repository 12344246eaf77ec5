"""PeerTube: every collection of an actor is an address, comments are public notes that answer something."""

from tests.peers.rules import KEY, Tables, context, html, https, many, moment, one_of, same_host, shape, text

TABLES: Tables = {
    "actor": {
        "id": https,
        "type": one_of("Person", "Service", "Application", "Organization"),
        "inbox": same_host,
        "outbox": same_host,
        "preferredUsername": text,
        "url": same_host,
        "publicKey": shape(KEY),
        "followers": same_host,
        "following": same_host,
    },
    "reply": {
        "id": same_host,
        "content": html,
        "inReplyTo": https,
        "published": moment,
        "url": same_host,
        "to": many(https),
    },
    "activity": {"@context": context, "id": same_host, "type": text, "actor": same_host},
    "follow": {"object": https},
    "accept": {"object": shape({"type": text, "actor": https})},
    "undo": {"object": shape({"type": text})},
    "like": {"object": https},
    "announce": {"object": https},
    "flag": {"content": text, "object": many(https, least=1)},
}
COVERED = {"(request-target)", "host", "date", "digest"}
