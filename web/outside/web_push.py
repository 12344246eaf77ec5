"""A message for one app as a push service wants it: encrypted for the app alone, and signed by this instance. Pure.

RFC 8030 (the request), RFC 8291 (encryption, `aes128gcm`), RFC 8292 (VAPID), and for apps that do not state `standard`
the drafts that Mastodon spoke before 4.4: webpush-encryption-04 (`aesgcm`) and vapid-01.
"""

import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import http_ece
import orjson
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

CURVE = ec.SECP256R1()
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256 (FIPS 186-4, D.1.2.3)
TTL_SECONDS = 48 * 3600  # how long a service keeps a message for a telephone that is off, as Mastodon
TOKEN_SECONDS = 12 * 3600  # RFC 8292 §2: a day at most
AUTH_BYTES = 16  # RFC 8291 §3.2


@dataclass(frozen=True, slots=True)
class Vapid:
    """This instance's key for push services, and the address at which its admins are found."""

    key: ec.EllipticCurvePrivateKey
    subject: str

    @property
    def public(self) -> str:
        """As apps and services are told it: the uncompressed point, base64url."""
        return encode(_point(self.key))


@dataclass(frozen=True, slots=True)
class Recipient:
    """An app's address, key and secret. `standard`: it understands RFC 8291."""

    endpoint: str
    p256dh: bytes
    auth: bytes
    standard: bool


def make_vapid(secret: str, subject: str) -> Vapid:
    """The key that follows from the instance's secret (hexadecimal)."""
    number = int(secret, 16) % (ORDER - 1) + 1
    return Vapid(ec.derive_private_key(number, CURVE), subject)


def make_recipient(endpoint: str, p256dh: str, auth: str, *, standard: bool) -> Recipient:
    """ValueError for what is no point of the curve, or no secret."""
    point, secret = decode(p256dh), decode(auth)
    ec.EllipticCurvePublicKey.from_encoded_point(CURVE, point)
    if len(secret) != AUTH_BYTES:
        raise ValueError("the secret has 16 bytes")
    return Recipient(endpoint, point, secret, standard)


def seal(recipient: Recipient, message: bytes, vapid: Vapid, *, now: int) -> tuple[bytes, Mapping[str, str]]:
    """The body and the headers of the request. `now` in unix ms."""
    fresh, salt = ec.generate_private_key(CURVE), os.urandom(16)
    version = "aes128gcm" if recipient.standard else "aesgcm"
    body: bytes = http_ece.encrypt(
        message,
        salt=salt,
        private_key=fresh,
        dh=recipient.p256dh,
        auth_secret=recipient.auth,
        version=version,
    )
    token = _sign_token(recipient.endpoint, vapid, now)
    common = {
        "TTL": str(TTL_SECONDS),
        "Urgency": "normal",
        "Content-Type": "application/octet-stream",
        "Content-Encoding": version,
    }
    if recipient.standard:
        return body, {**common, "Authorization": f"vapid t={token}, k={vapid.public}"}
    return body, {
        **common,
        "Authorization": f"WebPush {token}",
        "Encryption": f"salt={encode(salt)}",
        "Crypto-Key": f"dh={encode(_point(fresh))};p256ecdsa={vapid.public}",
    }


def _sign_token(endpoint: str, vapid: Vapid, now: int) -> str:
    """RFC 8292 §2: a JWT for the service's origin, signed with ES256 (RFC 7518 §3.4)."""
    target = urlsplit(endpoint)
    claims = {
        "aud": f"{target.scheme}://{target.netloc}",
        "exp": now // 1000 + TOKEN_SECONDS,
        "sub": vapid.subject,
    }
    signed = f"{encode(orjson.dumps({'typ': 'JWT', 'alg': 'ES256'}))}.{encode(orjson.dumps(claims))}"
    r, s = decode_dss_signature(vapid.key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
    return f"{signed}.{encode(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def _point(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def encode(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def decode(text: str) -> bytes:
    """base64url, with padding or without, or plain base64, as some apps send it. ValueError for anything else."""
    plain = text.rstrip("=").replace("+", "-").replace("/", "_")
    if not plain.isascii():
        raise ValueError("not base64url")
    return urlsafe_b64decode(plain + "=" * (-len(plain) % 4))
