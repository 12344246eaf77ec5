"""Our own private keys, and requests signed with them. Knows both schemes; decides nothing."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from federation.client import Signing
from federation.wire.keys import Algorithm, PrivateKey, PublicKey
from federation.wire.signatures import Request, Scheme, sign_cavage, sign_rfc9421
from storage import actors
from storage.database import Reader
from storage.records import ActorKey


@dataclass(frozen=True, slots=True)
class Keys:
    """The two keys of an actor of ours: RSA for requests, Ed25519 for proofs."""

    rsa: PrivateKey
    ed25519: PrivateKey


async def get_keys(tx: Reader, actor_id: int, owner: str) -> Keys:
    """LookupError when the actor has no keys: it is not ours."""
    found = {key.algorithm: key for key in await actors.list_keys(tx, actor_id)}
    return Keys(
        rsa=_private(found[Algorithm.RSA], owner),
        ed25519=_private(found[Algorithm.ED25519], owner),
    )


def _private(key: ActorKey, owner: str) -> PrivateKey:
    if key.private is None:
        raise LookupError(f"{key.uri} is not ours")
    return PrivateKey(key.uri, owner, Algorithm(key.algorithm), key.private)


def public_key(key: ActorKey, owner: str) -> PublicKey:
    """A stored key as signatures want it; it was bound to its owner when it was stored."""
    return PublicKey(key.uri, owner, Algorithm(key.algorithm), key.public)


def signing(keys: Keys, now: Callable[[], int], *, scheme: Scheme = Scheme.CAVAGE, fresh: bool = False) -> Signing:
    """A signer for `federation.client`. `fresh`: RFC 9421 with a nonce, as group-only doors want it."""

    def sign(method: str, url: str, headers: Mapping[str, str], body: bytes) -> Mapping[str, str]:
        request = Request(method, url, tuple(headers.items()), body)
        if fresh or scheme is Scheme.RFC9421:
            nonce = secrets.token_urlsafe(16) if fresh else None
            return dict(sign_rfc9421(request, keys.rsa, now=now(), nonce=nonce))
        return dict(sign_cavage(request, keys.rsa, now=now()))

    return sign
