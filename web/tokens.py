"""Secrets that are handed out once and kept as hashes: access tokens, codes, sessions, sign-in links."""

import hashlib
import secrets


def new_token() -> str:
    """256 random bits as 43 characters that are safe in URLs, forms and headers."""
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> str:
    """How the token is stored. No salt and no stretching: it is random, and it is looked up by this."""
    return hashlib.sha256(token.encode()).hexdigest()
