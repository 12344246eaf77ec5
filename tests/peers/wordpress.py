"""WordPress (the ActivityPub plugin): comments are replies with an author it can read; an Accept embeds the Follow."""

from tests.peers.rules import KEY, Tables, either, has_self, html, https, many, moment, one_of, same_host, shape, text

TABLES: Tables = {
    "actor": {
        "id": https,
        "inbox": same_host,
        "preferredUsername": text,
        "url": same_host,
        "name": text,
        "publicKey": shape(KEY),
    },
    "reply": {"id": same_host, "inReplyTo": https, "content": html, "attributedTo": same_host, "published": moment},
    "create": {"object": shape({"id": same_host, "type": text}), "to": many(https, least=1)},
    "follow": {"actor": same_host, "object": https},
    "accept": {"object": shape({"id": https, "type": text, "actor": https, "object": https})},
    "undo": {"object": shape({"type": text, "actor": same_host, "object": https})},
    "delete": {"object": either(https, shape({"id": same_host, "type": one_of("Tombstone")}))},
    "jrd": {"subject": text, "links": has_self},
}
COVERED = {"(request-target)", "host", "date", "digest"}
