"""The JSON-LD contexts we know, written down from their vocabularies; none is ever fetched.

One module per vocabulary, each a table of terms. Contexts that many hosts serve under names of their own (litepub,
Lemmy) are known by the end of their address. Must not know how documents are processed.
"""

from types import MappingProxyType
from typing import Any

from federation.wire.contexts import activitystreams, credentials, extensions, security

Context = dict[str, Any]

BUNDLED: MappingProxyType[str, Context] = MappingProxyType(
    {
        "https://www.w3.org/ns/activitystreams": activitystreams.TERMS,
        "http://www.w3.org/ns/activitystreams": activitystreams.TERMS,  # Mastodon before 2.0
        "https://w3id.org/security/v1": security.V1,
        "http://w3id.org/security/v1": security.V1,
        "https://w3id.org/security/multikey/v1": security.MULTIKEY,
        "https://w3id.org/security/data-integrity/v1": security.DATA_INTEGRITY,
        "https://w3id.org/security/data-integrity/v2": security.DATA_INTEGRITY,
        "https://www.w3.org/ns/cid/v1": security.CONTROLLED_IDENTIFIERS,
        "https://www.w3.org/ns/did/v1": security.CONTROLLED_IDENTIFIERS,
        "https://www.w3.org/ns/credentials/v2": credentials.V2,
        "https://purl.archive.org/socialweb/webfinger": extensions.WEBFINGER,
        "https://w3id.org/fep/844e": extensions.CAPABILITIES,
        "https://gotosocial.org/ns": extensions.GOTOSOCIAL,
        "https://join-lemmy.org/context.json": extensions.LEMMY,
    }
)
_BY_SUFFIX = {
    "/schemas/litepub-0.1.jsonld": extensions.LITEPUB,
    "/litepub/context.jsonld": extensions.LITEPUB,
}

# What a term means in a document that does not say: Mastodon and most others read it so, whatever the context.
VOCABULARY: Context = {
    "@vocab": "_:",
    **extensions.MASTODON,
    **extensions.LITEPUB,
    **extensions.LEMMY,
    **extensions.GOTOSOCIAL,
    **extensions.CAPABILITIES,
    **extensions.WEBFINGER,
    **extensions.CONFRERE,
    **security.DATA_INTEGRITY,
    **security.MULTIKEY,
    **security.V1,
    **activitystreams.TERMS,
}


def find_context(url: str) -> Context | None:
    """The terms of a remote context, or None when we do not know it."""
    suffixed = (terms for suffix, terms in _BY_SUFFIX.items() if url.endswith(suffix))
    return BUNDLED.get(url) or next(suffixed, None)
