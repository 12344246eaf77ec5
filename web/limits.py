"""Which rates a request counts against, and the headers that tell. The counting itself is in `web.rates`."""

import re
from collections.abc import Iterator, MutableMapping
from datetime import UTC, datetime
from functools import lru_cache
from ipaddress import IPv6Address, IPv6Network

from aiohttp import web

from storage.oauth import Grant
from web.keys import CONTEXT, LIMITER, SITE
from web.proxies import client_address
from web.rates import Allowance, Rate

ALLOWANCE: web.RequestKey[Allowance] = web.RequestKey("allowance", Allowance)

_MEDIA = re.compile(r"/api/v[12]/media/?")
_PROFILE = re.compile(r"/api/v1/(?:accounts/update_credentials|profile)/?")
_DELETE = re.compile(r"/api/v1/statuses/[0-9]+/?")
_UNREBLOG = re.compile(r"/api/v1/statuses/[0-9]+/unreblog/?")
_APPS = re.compile(r"/api/v1/apps/?")
_SIGN_UP = re.compile(r"/api/v1/accounts/?")
_CONFIRMATION = re.compile(r"/api/v1/emails/confirmations/?")
_PAGING = ("max_id=", "min_id=", "since_id=", "page=")


def spend(request: web.Request, grant: Grant | None) -> Allowance:
    """Count a request to the client API; answers what the tightest of its rates leaves."""
    limiter, now = request.app[LIMITER], request.app[CONTEXT].now()
    allowances = [limiter.spend(name, rate, who, now=now) for name, rate, who in _rates_for(request, grant)]
    return min(allowances, key=lambda allowance: (not allowance.exceeded, allowance.remaining))


def spend_sign_in(request: web.Request, login: str) -> Allowance:
    """Count an attempt to sign in, against the address it comes from and the account it is for."""
    limiter, now, rates = request.app[LIMITER], request.app[CONTEXT].now(), request.app[SITE].rates
    of_address = limiter.spend("sign_ins_of_address", rates.sign_ins_of_address, source_of(request), now=now)
    if of_address.exceeded:  # so that a stranger cannot lock an account faster than that
        return of_address
    return limiter.spend("sign_ins_to_account", rates.sign_ins_to_account, login[:320].lower(), now=now)


def spend_second_step(request: web.Request, actor_id: int) -> Allowance:
    """Count an attempt to guess a second factor: who guesses has the password already."""
    limiter, now, rates = request.app[LIMITER], request.app[CONTEXT].now(), request.app[SITE].rates
    return limiter.spend("second_steps", rates.sign_ins_to_account, str(actor_id), now=now)


def spend_sign_up(request: web.Request) -> Allowance:
    """Count a sign-up by the page as one by an app."""
    limiter, now, rates = request.app[LIMITER], request.app[CONTEXT].now(), request.app[SITE].rates
    return limiter.spend("sign_ups", rates.sign_ups, source_of(request), now=now)


def spend_confirmation(request: web.Request, actor_id: int) -> Allowance:
    """Count a letter that somebody has sent to themselves, or to whomever."""
    limiter, now, rates = request.app[LIMITER], request.app[CONTEXT].now(), request.app[SITE].rates
    return limiter.spend("confirmations", rates.confirmations, f"@{actor_id}", now=now)


def add_headers(allowance: Allowance, headers: MutableMapping[str, str]) -> None:
    """Mastodon.py paces itself by these."""
    headers["X-RateLimit-Limit"] = str(allowance.limit)
    headers["X-RateLimit-Remaining"] = str(allowance.remaining)
    headers["X-RateLimit-Reset"] = _moment(allowance.resets_at)


def source_of(request: web.Request) -> str:
    """Whom an anonymous request is counted for: one address, or one network of IPv6, which is what one person has."""
    address = client_address(request)
    if isinstance(address, IPv6Address):
        return str(IPv6Network((address, 64), strict=False))
    return str(address)


def _rates_for(request: web.Request, grant: Grant | None) -> Iterator[tuple[str, Rate, str]]:
    """Name, rate and whom it is counted for. Members are counted as themselves wherever they are."""
    rates, method, path = request.app[SITE].rates, request.method, request.path
    if grant is None or grant.actor_id is None:
        who = source_of(request)
        yield "address", rates.address, who
    else:
        who = f"@{grant.actor_id}"
        yield "member", rates.member, who
        yield "token", rates.token, str(grant.token_id)
    if any(name in request.query_string for name in _PAGING):
        yield "paging", rates.paging, who
    if (method == "POST" and _MEDIA.fullmatch(path)) or _may_hold_pictures(request):
        yield "media", rates.media, who
    if (method == "DELETE" and _DELETE.fullmatch(path)) or (method == "POST" and _UNREBLOG.fullmatch(path)):
        yield "deletes", rates.deletes, who
    if method == "POST" and _APPS.fullmatch(path):
        yield "apps", rates.apps, source_of(request)
    if method == "POST" and _SIGN_UP.fullmatch(path):
        yield "sign_ups", rates.sign_ups, source_of(request)
    if method == "POST" and _CONFIRMATION.fullmatch(path):
        yield "confirmations", rates.confirmations, who


def _may_hold_pictures(request: web.Request) -> bool:
    """Portraits cost as much to decode as attachments do; forms of another kind hold none."""
    changes = request.method in {"PATCH", "PUT"} and _PROFILE.fullmatch(request.path) is not None
    return changes and request.content_type == "multipart/form-data"


@lru_cache(maxsize=64)
def _moment(milliseconds: int) -> str:
    """ISO 8601 with microseconds and Z."""
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
