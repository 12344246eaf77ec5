"""Keys: texts of them, those of actors, and what a key is good for."""

import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, x25519
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from federation.wire import keys
from federation.wire.errors import Fault, ProtocolError
from federation.wire.keys import Algorithm, PrivateKey, PublicKey

ACTOR = "https://a.example/ap/actors/1"
RSA = keys.generate_rsa(f"{ACTOR}#main-key", ACTOR)
ED25519 = keys.generate_ed25519(f"{ACTOR}#ed25519-key", ACTOR)
both = pytest.mark.parametrize("key", [RSA, ED25519], ids=["rsa", "ed25519"])


@pytest.fixture(scope="module")
def multikeys(reference: Path) -> Any:
    return json.loads((reference / "vectors" / "multikey.json").read_text())


def pem(key: PublicKeyTypes, form: PublicFormat = PublicFormat.SubjectPublicKeyInfo) -> str:
    return key.public_bytes(Encoding.PEM, form).decode()


def public_entry(**changes: Any) -> dict[str, Any]:
    return {"id": RSA.id, "owner": ACTOR, "publicKeyPem": keys.render_pem(RSA.public), **changes}


def multikey_entry(**changes: Any) -> dict[str, Any]:
    multibase = keys.render_multikey(ED25519.public)
    entry = {"id": ED25519.id, "type": "Multikey", "controller": ACTOR, "publicKeyMultibase": multibase}
    return {**entry, **changes}


def without(entry: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in entry.items() if key != name}


@both
def test_signed_and_verified(key: PrivateKey) -> None:
    signature = key.sign(b"message")
    key.public.verify(signature, b"message")
    for wrong, message in ((signature, b"massage"), (signature[:-1], b"message"), (b"", b"message")):
        with pytest.raises(ProtocolError, match=key.id) as caught:
            key.public.verify(wrong, message)
        assert caught.value.reason is Fault.SIGNATURE_INVALID


@both
def test_a_private_key_does_not_show_itself(key: PrivateKey) -> None:
    assert "material" not in repr(key)
    assert "material" in repr(key.public)


@both
def test_texts_of_our_keys_are_read_back(key: PrivateKey) -> None:
    assert keys.parse_pem(keys.render_pem(key.public), key.id, key.owner) == key.public
    assert keys.parse_multikey(keys.render_multikey(key.public), key.id, key.owner) == key.public
    assert keys.render_multikey(key.public).startswith("z4MX" if key is RSA else "z6Mk")


def test_published_multikeys(multikeys: Any) -> None:
    for case in multikeys["cases"]:
        key = keys.parse_multikey(case["publicKeyMultibase"], "k", "o")
        assert keys.render_multikey(key) == case["publicKeyMultibase"]
        if case["type"] == "ed25519":
            assert key.algorithm is Algorithm.ED25519
            assert key.material.hex().endswith(case["raw_public_hex"])
        else:
            assert key == keys.parse_pem(case["public_pem"], "k", "o")


def test_published_refusals(multikeys: Any) -> None:
    for case in multikeys["must_refuse"]:
        with pytest.raises(ProtocolError):
            keys.parse_multikey(case["value"], "k", "o")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", Fault.KEY_MALFORMED),
        ("z", Fault.KEY_UNSUPPORTED),
        (keys.render_multibase(b"\xed\x01" + bytes(31)), Fault.KEY_MALFORMED),
        (keys.render_multibase(b"\xed\x01" + bytes(33)), Fault.KEY_MALFORMED),
        (keys.render_multibase(b"\x85\x24" + bytes(40)), Fault.KEY_MALFORMED),
        (keys.render_multibase(b"\x80\x24" + bytes(33)), Fault.KEY_UNSUPPORTED),
        ("u7QE" + "A" * 43, Fault.KEY_MALFORMED),
        ("z0OIl", Fault.KEY_MALFORMED),
        (keys.render_multibase(b"\xed\x01" + bytes(32)) + " ", Fault.KEY_MALFORMED),
        ("zé", Fault.KEY_MALFORMED),
        ("z" * 4097, Fault.KEY_MALFORMED),
    ],
)
def test_multikeys_that_are_none(text: str, reason: Fault) -> None:
    with pytest.raises(ProtocolError) as caught:
        keys.parse_multikey(text, "k", "o")
    assert caught.value.reason is reason


def test_pkcs1_is_read_as_well() -> None:
    key = rsa.generate_private_key(65537, 2048).public_key()
    pkcs1 = pem(key, PublicFormat.PKCS1)
    assert pkcs1.startswith("-----BEGIN RSA PUBLIC KEY-----")
    assert keys.parse_pem(pkcs1, "k", "o") == keys.parse_pem(pem(key), "k", "o")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", Fault.KEY_MALFORMED),
        ("é", Fault.KEY_MALFORMED),
        ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", Fault.KEY_MALFORMED),
        (keys.render_pem(RSA.public) + "\n" * 4096, Fault.KEY_MALFORMED),
        (pem(ec.generate_private_key(ec.SECP256R1()).public_key()), Fault.KEY_UNSUPPORTED),
        (pem(x25519.X25519PrivateKey.generate().public_key()), Fault.KEY_UNSUPPORTED),
        (pem(rsa.RSAPublicNumbers(65537, 2**8192 + 1).public_key()), Fault.KEY_UNSUPPORTED),
        (pem(rsa.RSAPublicNumbers(2**2000 + 1, 2**2047 + 1).public_key()), Fault.KEY_UNSUPPORTED),
    ],
    ids=["empty", "not ascii", "not a key", "too long", "P-256", "X25519", "RSA-8193", "exponent"],
)
def test_pems_that_are_not_taken(text: str, reason: Fault) -> None:
    with pytest.raises(ProtocolError) as caught:
        keys.parse_pem(text, "k", "o")
    assert caught.value.reason is reason


def test_the_largest_rsa_key() -> None:
    key = rsa.RSAPublicNumbers(65537, 2**8191 + 1).public_key()
    assert keys.parse_pem(pem(key), "k", "o").algorithm is Algorithm.RSA
    pkcs1 = key.public_bytes(Encoding.DER, PublicFormat.PKCS1)
    assert keys.parse_multikey(keys.render_multibase(b"\x85\x24" + pkcs1), "k", "o").algorithm is Algorithm.RSA


def test_keys_of_an_actor() -> None:
    actor = {"id": ACTOR, "publicKey": public_entry(), "assertionMethod": [multikey_entry()]}
    assert keys.parse_actor_keys(actor) == [RSA.public, ED25519.public]


@pytest.mark.parametrize(
    ("actor", "expected"),
    [
        ({"publicKey": [public_entry(), public_entry(id=f"{ACTOR}/main-key")]}, [RSA.id, f"{ACTOR}/main-key"]),
        ({"publicKey": without(public_entry(), "owner")}, [RSA.id]),
        ({"publicKey": public_entry(publicKeyPem=keys.render_pem(ED25519.public))}, [RSA.id]),
        ({"assertionMethod": multikey_entry()}, [ED25519.id]),
        ({"assertionMethod": multikey_entry(type=["Multikey", "VerificationMethod"])}, [ED25519.id]),
        ({"assertionMethod": ["https://a.example/key", multikey_entry()]}, [ED25519.id]),
        (
            {"assertionMethod": [multikey_entry(publicKeyMultibase="zQ3s"), multikey_entry(id=f"{ACTOR}#2")]},
            [f"{ACTOR}#2"],
        ),
    ],
)
def test_keys_that_are_believed(actor: dict[str, Any], expected: list[str]) -> None:
    found = keys.parse_actor_keys({"id": ACTOR, **actor})
    assert [key.id for key in found] == expected
    assert {key.owner for key in found} == {ACTOR}


WEAK = rsa.RSAPublicNumbers(65537, 2**2046 + 1).public_key()  # one bit short
NOT_BELIEVED: list[dict[str, Any]] = [
    {},
    {"publicKey": None, "assertionMethod": []},
    {"publicKey": "https://a.example/key", "assertionMethod": 7},
    {"publicKey": public_entry(owner="https://a.example/ap/actors/2")},
    {"publicKey": public_entry(owner=None)},
    {"publicKey": public_entry(owner=[ACTOR])},
    {"publicKey": public_entry(id="https://b.example/ap/actors/1#main-key")},
    {"publicKey": public_entry(id="http://a.example/ap/actors/1#main-key")},
    {"publicKey": public_entry(id="#main-key")},
    {"publicKey": without(public_entry(), "id")},
    {"publicKey": without(public_entry(), "publicKeyPem")},
    {"publicKey": public_entry(publicKeyPem=pem(WEAK))},
    {"publicKey": public_entry(expires="2027-01-01T00:00:00Z")},
    {"assertionMethod": multikey_entry(controller="https://a.example/ap/actors/2")},
    {"assertionMethod": without(multikey_entry(), "controller")},
    {"assertionMethod": multikey_entry(id="https://b.example/ap/actors/1#ed25519-key")},
    {"assertionMethod": multikey_entry(type="JsonWebKey")},
    {"assertionMethod": without(multikey_entry(), "type")},
    {"assertionMethod": multikey_entry(revoked="2026-01-01T00:00:00Z")},
    {
        "assertionMethod": multikey_entry(
            publicKeyMultibase=keys.render_multibase(b"\x85\x24" + WEAK.public_bytes(Encoding.DER, PublicFormat.PKCS1))
        )
    },
    {"authentication": multikey_entry()},
]


@pytest.mark.parametrize("actor", NOT_BELIEVED)
def test_keys_that_are_not_believed(actor: dict[str, Any]) -> None:
    assert keys.parse_actor_keys({"id": ACTOR, **actor}) == []


@pytest.mark.parametrize("actor", [None, [], {}, {"id": 7}, {"id": "acct:a@a.example"}, {"id": f"{ACTOR}#x"}])
def test_an_actor_needs_an_id(actor: Any) -> None:
    with pytest.raises(ProtocolError, match=Fault.URI_REFUSED):
        keys.parse_actor_keys(actor)


def test_an_actor_has_ten_keys_at_most() -> None:
    many = [multikey_entry(id=f"{ACTOR}#{number}") for number in range(20)]
    found = keys.parse_actor_keys({"id": ACTOR, "publicKey": public_entry(), "assertionMethod": many})
    assert [key.id for key in found] == [RSA.id, *(f"{ACTOR}#{number}" for number in range(9))]


def test_actors_of_other_software(reference: Path) -> None:
    found: dict[str, int] = {}
    for path in sorted((reference / "fixtures").glob("*/*.json")):
        actor = json.loads(path.read_text())
        if isinstance(actor, dict) and "publicKey" in actor and "{{" not in actor["id"]:
            found[f"{path.parent.name}/{path.name}"] = len(keys.parse_actor_keys(actor))
    assert len(found) > 25
    assert {name for name, count in found.items() if count == 0} == {
        "bookwyrm/actor_aliased.json",  # 1024 bits
        "bookwyrm/actor_moved_target.json",  # 1024 bits
        "bridgy/actor.json",  # 1024 bits
        "gnusocial/objects__group.json",  # the example names another actor as owner
    }


def test_the_first_of_two_keys_with_one_id_counts() -> None:
    actor = {"id": ACTOR, "publicKey": public_entry(), "assertionMethod": multikey_entry(id=RSA.id)}
    assert keys.parse_actor_keys(actor) == [RSA.public]


@settings(max_examples=300)
@given(
    st.recursive(
        st.none() | st.booleans() | st.text(max_size=20) | st.sampled_from([ACTOR, RSA.id, "Multikey", "zQ3s"]),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["id", "owner", "controller", "type", "publicKeyPem", "publicKeyMultibase", "expires"]),
                inner,
            )
        ),
    ),
    st.sampled_from(["publicKey", "assertionMethod"]),
)
def test_garbage_gives_no_key(value: Any, name: str) -> None:
    assert keys.parse_actor_keys({"id": ACTOR, name: value}) == []


@given(st.binary(max_size=80))
def test_multibase_of_any_bytes(data: bytes) -> None:
    assert keys.parse_multibase(keys.render_multibase(data)) == data


def pkcs8(key: PrivateKeyTypes) -> bytes:
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def test_keys_come_back_from_storage() -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    stored = PrivateKey("k", "o", Algorithm.ED25519, pkcs8(key))
    assert base64.b64encode(stored.public.material).decode() in pem(key.public_key()).replace("\n", "")
    assert PublicKey("k", "o", Algorithm.ED25519, stored.public.material) == stored.public


def test_a_stored_key_of_another_type_is_our_own_bug() -> None:
    curve = ec.generate_private_key(ec.SECP256R1())
    public = curve.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    with pytest.raises(TypeError, match="stored key"):
        replace(RSA.public, material=public).verify(b"", b"")
    with pytest.raises(TypeError, match="stored key"):
        replace(RSA, material=pkcs8(curve)).sign(b"")
