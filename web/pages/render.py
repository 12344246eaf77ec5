"""Templates to answers, with the headers that every page carries. Must not know sessions or forms."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import aiohttp_jinja2
from aiohttp import web
from jinja2 import FileSystemLoader, StrictUndefined

from federation.context import Origin
from web.keys import CONTEXT, SITE
from web.pages.translation import LANGUAGES, choose_locale, format_calendar_day, format_day, format_moment, translator

_TEMPLATES = Path(__file__).parent / "templates"

# Nothing is loaded but our own style and images; nothing runs but, on the pages that name it, one script of ours; nobody
# frames us, but for the page made for it. There is no Cross-Origin-Opener-Policy:
# Phanpy signs in through a popup that must be able to speak to its opener.
_POLICY = "default-src 'none'; style-src 'self'; img-src {}; form-action {}; frame-ancestors {}; base-uri 'none'"


def set_up_templates(app: web.Application) -> None:
    aiohttp_jinja2.setup(
        app,
        loader=FileSystemLoader(_TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        default_helpers=False,
    )


def render(
    request: web.Request,
    template: str,
    locale: str,
    *,
    status: int = 200,
    form_targets: Iterable[str] = (),
    script: str = "",
    framed: bool = False,
    **values: Any,
) -> web.Response:
    """A page. `form_targets` are the places besides ourselves that its forms may lead to, as CSP sources;
    `script` is the address of the one script that it runs; a page that is `framed` may be shown within others' pages.

    Chromium applies `form-action` to the redirect that answers a form too: without its target there, signing in to an
    app ends on a blank page.
    """
    body = aiohttp_jinja2.render_string(
        template,
        request,
        {
            "_": translator(locale),
            "locale": locale,
            "day": lambda milliseconds: format_day(milliseconds, locale),
            "calendar_day": lambda date: format_calendar_day(date, locale),
            "moment": lambda milliseconds: format_moment(milliseconds, locale),
            "languages": LANGUAGES,
            "site": request.app[SITE],
            "origin": request.app[CONTEXT].origin,
            "me": None,
            "csrf": "",
            "script": script,
            **values,
        },
    )
    policy = _policy(request.app[CONTEXT].origin, form_targets, script, framed=framed)
    return web.Response(body=body.encode(), status=status, headers=_headers(policy, framed=framed))


def render_error(request: web.Request, status: int, headers: Mapping[str, str]) -> web.Response:
    """The page for what went wrong, without details."""
    response = render(request, "error.html", preferred_locale(request), status=status, problem=status)
    response.headers.update(headers)
    return response


def preferred_locale(request: web.Request) -> str:
    """The language that the browser asks for."""
    return choose_locale(request.headers.get("Accept-Language", ""), request.app[SITE].languages)


def _policy(origin: Origin, form_targets: Iterable[str], script: str, *, framed: bool) -> str:
    pictures = ["'self'", *([origin.media_base] if origin.media_host else [])]
    sources = (" ".join(pictures), " ".join(["'self'", *form_targets]), "*" if framed else "'none'")
    return _POLICY.format(*sources) + (f"; script-src {script}" if script else "")


def _headers(policy: str, *, framed: bool) -> dict[str, str]:
    return {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": policy,
        **({} if framed else {"X-Frame-Options": "DENY"}),
        "Referrer-Policy": "same-origin",
        "Cache-Control": "private, no-store",
        "Vary": "Accept-Language, Cookie",
    }
