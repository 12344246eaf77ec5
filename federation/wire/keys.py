"""Keys of actors: reading them from actor documents and PEM and Multikey texts, making our own, signing and verifying.

Must not know what is signed, nor where keys are kept: storage has `material` as bytes.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Any

import base58
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
    load_der_public_key,
    load_pem_public_key,
)

from federation.wire.errors import Fault, ProtocolError
from federation.wire.origins import parse_actor_uri, parse_origin
from federation.wire.values import many

_MIN_RSA_BITS = 2048
_MAX_RSA_BITS = 8192
_MAX_RSA_EXPONENT = 2**33  # a long exponent makes one verification cost as much as fifty
_MAX_TEXT = 4096  # characters of a PEM or Multikey; RSA-8192 needs about 1,500
_MAX_KEYS = 10  # of one actor, as Mastodon 4.7 stores
_ED25519_CODEC = b"\xed\x01"  # multicodec 0xed as a varint
_RSA_CODEC = b"\x85\x24"  # multicodec 0x1205 as a varint; PKCS #1 DER follows
_PADDING = PKCS1v15()
_HASH = SHA256()

_Public = rsa.RSAPublicKey | ed25519.Ed25519PublicKey
_Private = rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey


class Algorithm(StrEnum):
    """Names of RFC 9421 §3.3; there is one algorithm for each type of key, so a key says which it is."""

    RSA = "rsa-v1_5-sha256"
    ED25519 = "ed25519"


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A verified binding is not implied: `owner` is the actor whose document lists the key under `id`."""

    id: str
    owner: str
    algorithm: Algorithm
    material: bytes  # SubjectPublicKeyInfo, DER

    def verify(self, signature: bytes, message: bytes) -> None:
        """Raise ProtocolError unless the signature is this key's."""
        key = _load_public(self.material)
        try:
            if isinstance(key, rsa.RSAPublicKey):
                key.verify(signature, message, _PADDING, _HASH)
            else:
                key.verify(signature, message)
        except InvalidSignature:
            raise ProtocolError(Fault.SIGNATURE_INVALID, self.id) from None


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """One of our own keys."""

    id: str
    owner: str
    algorithm: Algorithm
    material: bytes = field(repr=False)  # PKCS #8, DER, unencrypted

    def sign(self, message: bytes) -> bytes:
        """Signature bytes; RSA takes half a millisecond and releases the GIL."""
        key = _load_private(self.material)
        if isinstance(key, rsa.RSAPrivateKey):
            return key.sign(message, _PADDING, _HASH)
        return key.sign(message)

    @property
    def public(self) -> PublicKey:
        return PublicKey(self.id, self.owner, self.algorithm, _spki(_load_private(self.material).public_key()))


def generate_rsa(key_id: str, owner: str) -> PrivateKey:
    """A new RSA-2048 key: what every peer understands."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=_MIN_RSA_BITS)
    return PrivateKey(key_id, owner, Algorithm.RSA, _pkcs8(key))


def generate_ed25519(key_id: str, owner: str) -> PrivateKey:
    """A new Ed25519 key: for proofs (FEP-8b32) and for RFC 9421."""
    return PrivateKey(key_id, owner, Algorithm.ED25519, _pkcs8(ed25519.Ed25519PrivateKey.generate()))


def parse_actor_keys(actor: Any) -> list[PublicKey]:
    """The keys we may believe for this actor: `publicKey` and the Multikeys of `assertionMethod` (FEP-521a), at most ten.

    The document must have been fetched from its own id. Keys of another owner, on another origin, weak, of unknown type
    or with an expiry are left out, so that one strange key does not cost an actor the others. Raises ProtocolError when
    the document has no http(s) id.
    """
    uri: Any = actor.get("id") if isinstance(actor, dict) else None
    origin = parse_actor_uri(uri)
    entries = [(_parse_pem_entry, entry) for entry in many(actor.get("publicKey"))]
    entries += [(_parse_multikey_entry, entry) for entry in many(actor.get("assertionMethod"))]
    keys: dict[str, PublicKey] = {}
    for parse, entry in entries[:_MAX_KEYS]:
        try:
            key = parse(entry, uri)
            if parse_origin(key.id) == origin:
                keys.setdefault(key.id, key)
        except ProtocolError:
            continue
    return list(keys.values())


def parse_pem(text: str, key_id: str, owner: str) -> PublicKey:
    """SubjectPublicKeyInfo PEM, or PKCS #1 as Mobilizon sends. RSA of any size to 8192 bits: actors' keys are held to more."""
    if len(text) > _MAX_TEXT:
        raise ProtocolError(Fault.KEY_MALFORMED, f"PEM of {len(text)} characters")
    try:
        key = load_pem_public_key(text.encode("ascii"))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ProtocolError(Fault.KEY_MALFORMED, str(error)) from error
    return _public_key(key, key_id, owner)


def render_pem(key: PublicKey) -> str:
    """SubjectPublicKeyInfo PEM, for `publicKeyPem`."""
    return _load_public(key.material).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def parse_multikey(text: str, key_id: str, owner: str) -> PublicKey:
    """`publicKeyMultibase` in base58btc, the only alphabet FEP-521a allows; Ed25519 or RSA."""
    data = parse_multibase(text)
    codec, value = data[:2], data[2:]
    try:
        if codec == _ED25519_CODEC:
            return _public_key(ed25519.Ed25519PublicKey.from_public_bytes(value), key_id, owner)
        if codec == _RSA_CODEC:
            return _public_key(load_der_public_key(value), key_id, owner)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ProtocolError(Fault.KEY_MALFORMED, str(error)) from error
    raise ProtocolError(Fault.KEY_UNSUPPORTED, f"multicodec {codec.hex()}")


def render_multikey(key: PublicKey) -> str:
    """`publicKeyMultibase` of an Ed25519 or RSA key."""
    public = _load_public(key.material)
    if isinstance(public, rsa.RSAPublicKey):
        return render_multibase(_RSA_CODEC + public.public_bytes(Encoding.DER, PublicFormat.PKCS1))
    return render_multibase(_ED25519_CODEC + public.public_bytes_raw())


def parse_multibase(text: str) -> bytes:
    """Bytes of a `z…` text (multibase base58btc); nothing else is accepted."""
    if len(text) > _MAX_TEXT or text[:1] != "z" or not text.isalnum():
        raise ProtocolError(Fault.KEY_MALFORMED, f"multibase: {text[:40]!r}")
    try:
        return bytes(base58.b58decode(text[1:]))
    except ValueError as error:
        raise ProtocolError(Fault.KEY_MALFORMED, f"multibase: {text[:40]!r}") from error


def render_multibase(data: bytes) -> str:
    return "z" + str(base58.b58encode(data).decode())


def _parse_pem_entry(entry: Any, actor: str) -> PublicKey:
    # Bridgy Fed leaves out the owner; the actor document itself lists the key, so nothing is taken on its word.
    key_id, owner, pem = _texts(entry, ("id", "owner", "publicKeyPem"), {"owner": actor})
    if owner != actor:
        raise ProtocolError(Fault.KEY_MISMATCH, key_id)
    return _require_strength(parse_pem(pem, key_id, owner))


def _parse_multikey_entry(entry: Any, actor: str) -> PublicKey:
    key_id, controller, multibase = _texts(entry, ("id", "controller", "publicKeyMultibase"), {})
    if controller != actor:
        raise ProtocolError(Fault.KEY_MISMATCH, key_id)
    if "Multikey" not in many(entry.get("type")):
        raise ProtocolError(Fault.KEY_UNSUPPORTED, key_id)
    return _require_strength(parse_multikey(multibase, key_id, controller))


def _texts(entry: Any, names: tuple[str, ...], defaults: dict[str, str]) -> list[str]:
    if not isinstance(entry, dict):
        raise ProtocolError(Fault.KEY_MALFORMED, "not embedded")
    # FEP-521a: a signature by an expired key is not accepted. Nobody sends these yet, so such keys are not used at all.
    if not entry.keys().isdisjoint(("expires", "revoked")):
        raise ProtocolError(Fault.KEY_UNSUPPORTED, "key with an end")
    values: list[Any] = [entry.get(name, defaults.get(name)) for name in names]
    if not all(isinstance(value, str) for value in values):
        raise ProtocolError(Fault.KEY_MALFORMED, ", ".join(names))
    return values


def _require_strength(key: PublicKey) -> PublicKey:
    public = _load_public(key.material)
    if isinstance(public, rsa.RSAPublicKey) and public.key_size < _MIN_RSA_BITS:
        raise ProtocolError(Fault.KEY_UNSUPPORTED, f"RSA of {public.key_size} bits")
    return key


def _public_key(key: object, key_id: str, owner: str) -> PublicKey:
    if isinstance(key, ed25519.Ed25519PublicKey):
        return PublicKey(key_id, owner, Algorithm.ED25519, _spki(key))
    if not isinstance(key, rsa.RSAPublicKey):
        raise ProtocolError(Fault.KEY_UNSUPPORTED, type(key).__name__)
    if key.key_size > _MAX_RSA_BITS or key.public_numbers().e > _MAX_RSA_EXPONENT:
        raise ProtocolError(Fault.KEY_UNSUPPORTED, f"RSA of {key.key_size} bits")
    return PublicKey(key_id, owner, Algorithm.RSA, _spki(key))


def _spki(key: _Public) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _pkcs8(key: _Private) -> bytes:
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


@lru_cache(maxsize=1024)
def _load_public(material: bytes) -> _Public:
    key = load_der_public_key(material)
    if not isinstance(key, _Public):
        raise TypeError(f"stored key of type {type(key).__name__}")
    return key


@lru_cache(maxsize=1024)
def _load_private(material: bytes) -> _Private:
    # Only keys we made ourselves come here; checking an RSA key again would cost 40 ms.
    key = load_der_private_key(material, None, unsafe_skip_rsa_key_validation=True)
    if not isinstance(key, _Private):
        raise TypeError(f"stored key of type {type(key).__name__}")
    return key
