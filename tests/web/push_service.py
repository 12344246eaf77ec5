"""A push service on loopback, and an app that reads what it is sent."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import http_ece
import orjson
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

AUTH = bytes(range(16))


def encoded(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass(frozen=True, slots=True)
class Received:
    """One request to the service."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class PushService:
    """`requests` is what came; what is asked next is answered with `status`."""

    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    port: int = 0
    status: int = 201
    headers: dict[str, str] = field(default_factory=dict)
    requests: list[Received] = field(default_factory=list)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}/push/app"

    def subscription(self, *, standard: bool = True, **data: Any) -> dict[str, Any]:
        """What an app posts; `data` holds its alerts and policy."""
        point = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        keys = {"p256dh": encoded(point), "auth": encoded(AUTH)}
        return {"subscription": {"endpoint": self.endpoint, "keys": keys, "standard": standard}, "data": data}

    async def answer(self, request: web.Request) -> web.Response:
        self.requests.append(Received(request.path, dict(request.headers), await request.read()))
        return web.Response(status=self.status, headers=self.headers)

    def read(self, received: Received) -> dict[str, Any]:
        """What the app makes of a request."""
        how: dict[str, Any] = {"private_key": self.key, "auth_secret": AUTH}
        if received.headers["Content-Encoding"] == "aesgcm":
            dh = received.headers["Crypto-Key"].split(";")[0].removeprefix("dh=")
            salt = received.headers["Encryption"].removeprefix("salt=")
            how |= {"dh": decoded(dh), "salt": decoded(salt), "version": "aesgcm"}
        found: dict[str, Any] = orjson.loads(http_ece.decrypt(received.body, **how))
        return found


def verify_token(token: str, key: str) -> dict[str, Any]:
    """The claims of a JWT; raises when the key did not sign it."""
    signed, _, signature = token.rpartition(".")
    raw = decoded(signature)
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), decoded(key))
    number = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    public.verify(number, signed.encode(), ec.ECDSA(hashes.SHA256()))
    claims: dict[str, Any] = orjson.loads(decoded(signed.split(".")[1]))
    return claims


@asynccontextmanager
async def push_service() -> AsyncIterator[PushService]:
    made = PushService()
    server = TestServer(web.Application())
    server.app.router.add_post("/push/{path}", made.answer)
    async with server:
        made.port = server.port or 0
        yield made
