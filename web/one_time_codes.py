"""One-time codes of apps (RFC 6238), and recovery codes for when the app is lost. Pure but for randomness."""

import hmac
import secrets

import pyotp
import segno

STEP_MS = 30_000
# Clocks differ: the code of the step before and after are taken too.
_TOLERATED = (0, -1, 1)
_CODES = 10
# Without letters that look like others.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_GROUPS, _GROUP = 4, 4


def new_secret() -> str:
    """160 random bits in base32, as RFC 4226 §4 recommends."""
    return pyotp.random_base32()


def setup_address(secret: str, *, name: str, site: str) -> str:
    """What an app reads from the QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=site)


def draw_qr(text: str) -> str:
    """An SVG element for a page. Black on white whatever the page's colours: cameras want it so."""
    return segno.make(text, error="m", micro=False).svg_inline(scale=5, border=4, dark="#000", light="#fff")


def find_step(secret: str, code: str, *, now: int) -> int | None:
    """The step (30 s each since 1970) whose code this is, near `now` in unix ms; None for any other text."""
    digits = "".join(code.split())
    totp, step = pyotp.TOTP(secret), now // STEP_MS
    near = [step + offset for offset in _TOLERATED]
    return next((one for one in near if hmac.compare_digest(totp.generate_otp(one).encode(), digits.encode())), None)


def new_recovery_codes() -> list[str]:
    """Codes that people can write down, of 79 random bits each."""
    return ["-".join(_random_group() for _ in range(_GROUPS)) for _ in range(_CODES)]


def plain_recovery_code(text: str) -> str:
    """A recovery code as it is hashed, however somebody typed it."""
    return "".join(filter(str.isalnum, text.lower()))


def _random_group() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(_GROUP))
