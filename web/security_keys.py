"""Security keys and passkeys (W3C, Web Authentication): what the browser is asked, and whether its answer is right. Pure.

Keys are a second factor here, so that none is asked for a PIN. What a key signs is the token of its form, which is
random, stored as a hash and good once. Who made a key is not asked.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from webauthn import (
    base64url_to_bytes,
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import bytes_to_base64url, parse_authentication_credential_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from federation.context import Origin
from storage.records import Actor, SecurityKey

_NO_PIN = UserVerificationRequirement.DISCOURAGED


@dataclass(frozen=True, slots=True)
class Party:
    """Whom keys are for: a host name without port, and the origin that browsers state."""

    name: str
    origin: str


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key as its browser presents it; both texts base64url."""

    credential: str
    public_key: str
    sign_count: int


@dataclass(frozen=True, slots=True)
class Signed:
    """Which key signed, and how often it has by its own count."""

    key_id: int
    sign_count: int


def party_of(origin: Origin) -> Party | None:
    """None where the server has no name: browsers take `localhost`, but no address (Web Authentication §5.1.2)."""
    name = re.sub(r":\d+$", "", origin.host)
    if name.startswith("[") or re.fullmatch(r"[0-9.]+", name):
        return None
    return Party(name, origin.base)


def script_of(origin: Origin) -> str:
    """The script that pages need to ask for a key, as their policy names it."""
    return f"{origin.base}/static/security_key.js"


def ask_for_key(party: Party, token: str, actor: Actor, known: Sequence[SecurityKey], *, site: str) -> str:
    """Options for `navigator.credentials.create`, as JSON."""
    options = generate_registration_options(
        rp_id=party.name,
        rp_name=site,
        user_id=str(actor.id).encode(),
        user_name=actor.username,
        user_display_name=actor.name or actor.username,
        challenge=base64url_to_bytes(token),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.DISCOURAGED, user_verification=_NO_PIN
        ),
        exclude_credentials=_descriptors(known),
    )
    return options_to_json(options)


def check_key(party: Party, answer: str, token: str) -> NewKey | None:
    """The key that answered; None for anything but an answer to this token from our own pages."""
    try:
        found = verify_registration_response(
            credential=answer,
            expected_challenge=base64url_to_bytes(token),
            expected_rp_id=party.name,
            expected_origin=party.origin,
        )
    except (WebAuthnException, ValueError):
        return None
    public_key = bytes_to_base64url(found.credential_public_key)
    return NewKey(bytes_to_base64url(found.credential_id), public_key, found.sign_count)


def ask_to_sign(party: Party, token: str, known: Sequence[SecurityKey]) -> str:
    """Options for `navigator.credentials.get`, as JSON."""
    options = generate_authentication_options(
        rp_id=party.name,
        challenge=base64url_to_bytes(token),
        allow_credentials=_descriptors(known),
        user_verification=_NO_PIN,
    )
    return options_to_json(options)


def check_signed(party: Party, answer: str, token: str, known: Sequence[SecurityKey]) -> Signed | None:
    """Which of these keys signed this token on our own pages; None for none, and for a copy that has fallen behind."""
    try:
        credential = parse_authentication_credential_json(answer)
        key = next((one for one in known if one.credential == bytes_to_base64url(credential.raw_id)), None)
        if key is None:
            return None
        found = verify_authentication_response(
            credential=credential,
            expected_challenge=base64url_to_bytes(token),
            expected_rp_id=party.name,
            expected_origin=party.origin,
            credential_public_key=base64url_to_bytes(key.public_key),
            credential_current_sign_count=key.sign_count,
        )
    except (WebAuthnException, ValueError):
        return None
    return Signed(key.id, found.new_sign_count)


def _descriptors(known: Sequence[SecurityKey]) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=base64url_to_bytes(key.credential)) for key in known]
