"""Which app speaks to the token endpoints: its id and secret, in the body or by HTTP Basic (RFC 6749 §2.3.1)."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote_plus

from aiohttp import web

from storage.database import Reader
from storage.oauth import get_app_by_client_id
from storage.records import App
from web.answers import answer
from web.forms import Form
from web.oauth.apps import secret_fits

_NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}
_DESCRIPTIONS = {
    "invalid_request": "A parameter is missing or not understood.",
    "invalid_client": "No such app, or not its secret.",
    "unauthorized_client": "This app may not do that.",
    "invalid_grant": "The code is unknown, used, expired, or was given for another app, address or verifier.",
    "invalid_scope": "The scope is unknown, or not among those the app registered for.",
    "unsupported_grant_type": "Only authorization_code and client_credentials are supported.",
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """One of the error codes of RFC 6749 §5.2. A value: what was done until then, as using a code up, stays done."""

    code: str
    status: int = 400


def answer_oauth(data: Mapping[str, object]) -> web.Response:
    """An answer that no cache may keep (RFC 6749 §5.1)."""
    return answer(data, headers=_NO_STORE)


def answer_refusal(refusal: Refusal) -> web.Response:
    """With `Bearer` in the challenge, as Doorkeeper has it: for `Basic` a browser would ask its person for a password."""
    challenge = {"WWW-Authenticate": f'Bearer error="{refusal.code}"'} if refusal.status == 401 else {}
    body = {"error": refusal.code, "error_description": _DESCRIPTIONS[refusal.code]}
    return answer(body, status=refusal.status, headers=_NO_STORE | challenge)


def parse_credentials(authorization: str, form: Form) -> tuple[str, str]:
    """Client id and secret, '' where missing. A header counts before the body."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() == "basic":
        return _parse_basic(encoded)
    return form.text("client_id") or "", form.text("client_secret") or ""


async def check_client(tx: Reader, client_id: str, secret: str) -> App | Refusal:
    """The app with this id and secret."""
    app = await get_app_by_client_id(tx, client_id)
    if app is None or not secret_fits(app, secret):
        return Refusal("invalid_client", 401)
    return app


def _parse_basic(encoded: str) -> tuple[str, str]:
    """Both parts are form-encoded before they are joined, and may hold no U+0000, which no database takes."""
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        return "", ""
    client_id, _, secret = text.partition(":")
    return unquote_plus(client_id).replace("\0", ""), unquote_plus(secret)
