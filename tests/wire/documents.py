"""What the tests of documents share: JSON from nowhere, the reference fixtures, and how to expect a fault."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from federation.wire.bounded import Document, parse_json
from federation.wire.errors import Fault, ProtocolError
from federation.wire.values import PUBLIC
from policies.terms import NS
from tests.examples import examples

_FIELD_NAMES = (
    "@context id type actor object target to cc audience published updated attributedTo content contentMap name summary"
    " sensitive language inReplyTo url href tag attachment icon mediaType width height blurhash focalPoint context"
    " conversation inbox outbox followers following endpoints sharedInbox preferredUsername webfinger publicKey"
    " assertionMethod implements generator groupPolicy requires epoch reach rel alsoKnownAs movedTo subject links"
    " software issuer credentialSubject validFrom validUntil profession specialties evidenceLevel checkedAt metadata"
)
FIELDS = _FIELD_NAMES.split()
URIS = (
    "https://a.example/1",
    "https://a.example/1#x",
    "https://b.example/2",
    "http://localhost:8001/3",
    "did:key:z6Mk",
    "https://[::1]/",
    "https://u@a.example/",
    PUBLIC,
    NS + "HealthProfessionalCredential",
    "https://www.w3.org/ns/activitystreams",
    "acct:anna@a.example",
)
_TYPE_NAMES = (
    "Note Question Article Person Group Create Delete Tombstone Mention Hashtag Emoji Image Link PropertyValue"
    " VerifiableCredential HealthProfessionalCredential self text/html application/vc application/activity+json"
)
TYPES = _TYPE_NAMES.split()

texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
_scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(-1e9, 1e9)
    | texts
    | st.sampled_from(URIS)
    | st.sampled_from(TYPES)
    | st.just("2026-11-22T10:00:00Z")
)
values = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=4),
    max_leaves=6,
)
documents = st.dictionaries(st.sampled_from(FIELDS), values, max_size=8)

fuzz = examples(60)


@contextmanager
def refused(fault: Fault) -> Iterator[None]:
    """What is inside breaks the protocol in exactly this way."""
    with pytest.raises(ProtocolError) as caught:
        yield
    assert caught.value.reason is fault


def load(reference: Path, name: str) -> Document:
    """One document of the reference fixtures, such as `mastodon/c46_actor.json`."""
    return parse_json((reference / "fixtures" / name).read_bytes())


def load_all(reference: Path) -> dict[str, Document]:
    """All of them, by name."""
    folder = reference / "fixtures"
    return {str(path.relative_to(folder)): parse_json(path.read_bytes()) for path in sorted(folder.rglob("*.json"))}


def vectors(reference: Path, name: str) -> Any:
    """A file of test vectors."""
    return parse_json((reference / "vectors" / name).read_bytes())
