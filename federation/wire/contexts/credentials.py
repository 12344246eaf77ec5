"""Verifiable Credentials 2.0 (W3C vc-data-model-2.0, Appendix B). Only what a credential of ours can contain."""

from typing import Any

from federation.wire.contexts.security import DATA_INTEGRITY
from federation.wire.contexts.tables import XSD, plain, references

CRED = "https://www.w3.org/2018/credentials#"
SCHEMA = "https://schema.org/"

V2: dict[str, Any] = {
    **DATA_INTEGRITY,
    **plain(CRED, "VerifiableCredential VerifiablePresentation"),
    **references(CRED, "credentialSubject credentialStatus credentialSchema evidence holder issuer refreshService"),
    **references(CRED, "relatedResource termsOfUse"),
    "validFrom": {"@id": CRED + "validFrom", "@type": XSD + "dateTime"},
    "validUntil": {"@id": CRED + "validUntil", "@type": XSD + "dateTime"},
    "name": SCHEMA + "name",
    "description": SCHEMA + "description",
}
