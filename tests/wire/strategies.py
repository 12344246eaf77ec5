"""What peers could write, by what it is written for: signed requests, headers, HTML, keys. Knows the shapes, no parser."""

from functools import cache
from typing import Any

from hypothesis import strategies as st

from federation.wire import cavage, rfc9421
from federation.wire.errors import ProtocolError
from federation.wire.keys import PrivateKey, generate_ed25519, generate_rsa, render_multikey, render_pem
from federation.wire.messages import Request
from federation.wire.proofs import canonical_json, sign_document
from tests.wire.documents import FIELDS, TYPES, URIS, documents, texts, values

NOW = 1_795_000_000_000
ACTOR = "https://a.example/1"


@cache
def signing_keys() -> tuple[PrivateKey, ...]:
    """One of each kind, of one actor."""
    return generate_rsa(f"{ACTOR}#x", ACTOR), generate_ed25519(f"{ACTOR}#x", ACTOR)


def woven(*pieces: str) -> st.SearchStrategy[str]:
    """These pieces in any order, as often as one likes, with anything in between."""
    return st.lists(st.sampled_from(pieces) | texts, max_size=12).map("".join)


html = woven(
    "<", ">", "</", "/>", "<p>", "</p>", "<a href='", "'", '"', "javascript:", "https://a.example/", "<!--", "-->", "&", "&#",
    "&#x0;", "&#99999999999;", "&lt;", "<br", "<script>", "</script>", "<style>", "<svg>", "<math>", "<table>", "<template>",
    "<meta property='og:title' content='", "<title>", "</title>", "<meta charset=", "<![CDATA[", "<?", "]]>", "class='", "\r",
    "<plaintext>", "<textarea>", "<select>", "\x00", "\u202e", "🩺", "\u200d",
)  # fmt: skip
headers = woven(
    "keyId=", '"', "\\", ",", ";", "=", ":", "?1", "?0", "(", ")", " ", "sig1", "headers=", "signature=", "algorithm=", "hs2019",
    "created=", "expires=", "1795000000", "-1", "9" * 20, "1e9", "sha-256=", "SHA-256=", "YWJj", ":YWJj:", "@method", "@target-uri",
    "@query-param", ";name=", ";req", ";sf", ";bs", ";key=", "rsa-sha256", "(request-target)", "(created)", "digest", "collectionId=",
    "url=", "digest=", "é", "\x00", "\n", *URIS,
)  # fmt: skip
dates = woven(
    "2026-11-22T10:00:00Z", "2026", "-", ":", "T", "Z", "+00:00", "+99:99", "9999-12-31T23:59:59", "0001-01-01T00:00:00", ".123456789",
    "Sun, 22 Nov 2026 10:00:00 GMT", "GMT", "Feb", "31", "24:00:60", "P", "PT", "1H", "1e9S", "٣",
)  # fmt: skip
addresses = woven(
    "https://", "http://", "//", "a.example", "@", ":", "443", "99999", "[::1]", "[", "]", "%", "%2e", "?", "#", "/", "..", "xn--",
    "xn--a", "\u3002", "ß", "acct:", "anna", "127.1", "0x7f", " ", "\\", "*.", "-", "a" * 64,
)  # fmt: skip
multikeys = woven("z", "z6Mk", "u", "m", "0", "l", "I", "7QE", "zQ3s", "🩺") | st.binary(max_size=50).map(
    lambda b: f"z{b.hex()}"
)


@st.composite
def written_keys(draw: st.DrawFn) -> str:
    """A key as PEM or multikey, perhaps damaged."""
    key = draw(st.sampled_from(signing_keys())).public
    text = draw(st.sampled_from([render_pem(key), render_multikey(key)]))
    at, until = draw(st.integers(0, len(text))), draw(st.integers(0, len(text)))
    return text if draw(st.booleans()) else text[:at] + draw(texts) + text[until:]


anything = (
    texts | html | headers | dates | addresses | multikeys | written_keys() | st.sampled_from([*URIS, *TYPES, *FIELDS])
)


@st.composite
def requests(draw: st.DrawFn) -> Request:
    """A good request of either scheme, and then some of it changed."""
    body = draw(st.binary(max_size=40))
    method = draw(st.sampled_from(["POST", "GET", "", "é"]))
    target = draw(st.sampled_from(["http://localhost:8000/ap/inbox", "https://a.example/?a=%zz&b", *URIS]) | addresses)
    fields = (("Host", "localhost:8000"), ("Content-Type", "application/activity+json"))
    good = Request("POST", "http://localhost:8000/ap/inbox", fields, body)
    rsa, ed25519 = signing_keys()
    sign, key = draw(st.sampled_from([(cavage.sign, rsa), (rfc9421.sign, rsa), (rfc9421.sign, ed25519)]))
    written = [*fields, *sign(good, key, now=NOW)]
    for _ in range(draw(st.integers(0, 3))):
        name = draw(
            st.sampled_from([name for name, _ in written] + ["Date", "Digest", "Content-Digest", "Signature-Input"])
        )
        old = dict(written).get(name, "")
        at = draw(st.integers(0, len(old)))
        written.append((name, old[:at] + draw(headers | dates) + draw(st.sampled_from(["", old[at:]]))))
        if draw(st.booleans()):
            written = list(dict(written).items())
    if draw(st.booleans()):
        return Request(good.method, good.target_uri, tuple(written), body)
    return Request(method, target, tuple(written), body)


def _canonical(document: Any) -> bool:
    try:
        return bool(canonical_json(document))
    except ProtocolError:
        return False


@st.composite
def proven(draw: st.DrawFn) -> Any:
    """A document with a proof, of which something was changed after signing."""
    said = draw(documents.filter(_canonical))
    document = sign_document({**said, "id": ACTOR, "actor": ACTOR}, signing_keys()[1], created=NOW)
    for part in (document, document["proof"]):
        for name in draw(st.lists(st.sampled_from(sorted(part)), max_size=2)):
            part[name] = draw(values | anything)
    return document
