"""The password asked for once more, before what protects an account is changed: a browser may be left open on a ward."""

from enum import StrEnum

from aiohttp import web

from web.limits import spend_sign_in
from web.pages.session import Visit, member_of
from web.passwords import password_fits


class Doubt(StrEnum):
    """Why a change is not made."""

    NONE = "none"  # there is no password to ask for
    WRONG = "wrong"
    TOO_OFTEN = "too_often"

    @property
    def status(self) -> int:
        return 429 if self is Doubt.TOO_OFTEN else 422


async def doubt_of(request: web.Request, visit: Visit) -> Doubt | None:
    """None when the form carries its member's password. Counted like attempts to sign in."""
    me = member_of(visit)
    if not me.member.password_hash:
        return Doubt.NONE
    if spend_sign_in(request, me.actor.username).exceeded:
        return Doubt.TOO_OFTEN
    fits = await password_fits(visit.form.text("password") or "", me.member.password_hash)
    return None if fits else Doubt.WRONG
