"""What a person says who signs up, by an app or by the page: read, checked, and made into an account.

The phrases are Rails's, which apps show as they are; the page has its own. Must not know how the answer looks.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from aiohttp import web

from federation.context import Context
from federation.outbox.profiles import NAME, NewMember
from federation.outbox.sign_ups import Link, Taken, TakenError, find_taken, sign_up
from policies.names import is_reserved
from storage.database import Reader
from storage.members import Person, get_person
from web.errors import ApiError
from web.forms import Form
from web.keys import CONTEXT, SITE, Site
from web.passwords import LEAST_PASSWORD, MOST_PASSWORD, hash_password
from web.proxies import client_address
from web.shut_out import IP_RULES, Severity, is_email_shut_out
from web.tokens import hash_token, new_token

MOST_REASON = 420
MOST_NAME = 30
MOST_EMAIL = 254  # RFC 5321 §4.5.3.1.3, without the angle brackets

# As `<input type=email>` takes it (HTML §4.10.5.1.5), with a dot in the domain.
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_EMAIL = re.compile(rf"[a-z0-9.!#$%&'*+/=?^_`{{|}}~-]{{1,64}}@{_LABEL}(?:\.{_LABEL})+")
_NAMES = {
    "username": "Username",
    "email": "E-mail address",
    "password": "Password",
    "agreement": "Service agreement",
    "reason": "Reason",
}


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody says. Name and address in small letters."""

    username: str
    email: str
    password: str
    agreement: bool
    locale: str
    reason: str


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one field: Mastodon's code, and its English words."""

    field: str
    code: str
    text: str

    @property
    def sentence(self) -> str:
        return f"{_NAMES[self.field]} {self.text}"


def read_wish(form: Form, site: Site, *, locale: str | None = None) -> Wish:
    """`locale` where it is not the form that says it."""
    asked = (locale or form.text("locale") or "").replace("_", "-").split("-")[0].lower()
    return Wish(
        username=(form.text("username") or "").strip().lower(),
        email=read_email(form),
        password=form.text("password") or "",
        agreement=form.boolean("agreement") or False,
        locale=asked if asked in site.languages else site.languages[0],
        reason=(form.text("reason") or "").strip(),
    )


def read_email(form: Form) -> str:
    return (form.text("email") or "").strip().lower()


async def join(request: web.Request, wish: Wish, *, back: str = "") -> Person | list[Problem]:
    """The account that is made, or all that is in its way. A link is mailed where addresses have to be confirmed."""
    ctx, site = request.app[CONTEXT], request.app[SITE]
    taken = await ctx.db.read(lambda tx: find_taken(tx, wish.username, wish.email))
    severity = await request.app[IP_RULES].judge(ctx, client_address(request))
    if severity >= Severity.SIGN_UP_BLOCK:
        raise ApiError(403, "This action is not allowed")
    problems = [*find_problems(wish, reason_needed=site.approval), *find_taken_problems(taken)]
    problems = problems or await _find_blocked(ctx, wish.email)
    if problems:
        return problems
    approval = site.approval or severity >= Severity.SIGN_UP_REQUIRES_APPROVAL
    new = NewMember(
        wish.username,
        wish.email,
        await hash_password(wish.password),
        locale=wish.locale,
        confirmed=not site.confirm_email,
        approved=not approval,
        reason=wish.reason if approval else "",
    )
    try:
        made = await sign_up(ctx, new, make_link(back))
    except TakenError as error:
        return list(find_taken_problems(error.taken))

    async def unit(tx: Reader) -> Person | None:
        return await get_person(tx, made.id)

    person = await ctx.db.read(unit)
    if person is None:
        raise LookupError(f"no member {made.id}")
    return person


async def _find_blocked(ctx: Context, email: str) -> list[Problem]:
    if await ctx.db.transact(lambda tx: is_email_shut_out(tx, email, now=ctx.now())):
        return [Problem("email", "ERR_BLOCKED", "contains a disallowed e-mail provider")]
    return []


def make_link(back: str = "") -> Link:
    token = new_token()
    return Link(token, hash_token(token), back)


def find_problems(wish: Wish, *, reason_needed: bool) -> Iterator[Problem]:
    """What is wrong with the words alone, one thing for each field."""
    yield from _check_name(wish.username)
    yield from check_email(wish.email)
    yield from _check_password(wish.password)
    if not wish.agreement:
        yield Problem("agreement", "ERR_ACCEPTED", "must be accepted")
    if reason_needed and not wish.reason:
        yield Problem("reason", "ERR_BLANK", "can't be blank")
    elif len(wish.reason) > MOST_REASON:
        yield _too_long("reason", MOST_REASON)


def find_taken_problems(taken: Taken) -> Iterator[Problem]:
    """An app has to be told, so that its person can choose otherwise (decision 0022)."""
    for field, is_taken in (("username", taken.name), ("email", taken.email)):
        if is_taken:
            yield Problem(field, "ERR_TAKEN", "has already been taken")


def check_email(email: str) -> Iterator[Problem]:
    """What is wrong with an address that is in small letters."""
    if not email:
        yield Problem("email", "ERR_BLANK", "can't be blank")
    elif len(email) > MOST_EMAIL:
        yield _too_long("email", MOST_EMAIL)
    elif not _EMAIL.fullmatch(email) or ".." in email or email.startswith(".") or ".@" in email:
        yield Problem("email", "ERR_INVALID", "is invalid")


def _check_name(name: str) -> Iterator[Problem]:
    if not name:
        yield Problem("username", "ERR_BLANK", "can't be blank")
    elif len(name) > MOST_NAME:
        yield _too_long("username", MOST_NAME)
    elif not NAME.fullmatch(name):
        yield Problem("username", "ERR_INVALID", "must contain only letters, numbers and underscores")
    elif is_reserved(name):
        yield Problem("username", "ERR_RESERVED", "is reserved")


def _check_password(password: str) -> Iterator[Problem]:
    if not password:
        yield Problem("password", "ERR_BLANK", "can't be blank")
    elif len(password) < LEAST_PASSWORD:
        yield Problem("password", "ERR_TOO_SHORT", f"is too short (minimum is {LEAST_PASSWORD} characters)")
    elif len(password) > MOST_PASSWORD:
        yield _too_long("password", MOST_PASSWORD)


def _too_long(field: str, most: int) -> Problem:
    return Problem(field, "ERR_TOO_LONG", f"is too long (maximum is {most} characters)")
