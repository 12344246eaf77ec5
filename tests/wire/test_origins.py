import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from federation.wire.errors import Fault, ProtocolError
from federation.wire.origins import (
    MAX_ID,
    MAX_URI,
    Handle,
    Origin,
    host_of,
    is_covered,
    is_http_uri,
    parse_actor_uri,
    parse_handle,
    parse_host,
    parse_origin,
    same_origin,
)
from tests.wire.documents import fuzz, refused


@pytest.mark.parametrize(
    ("uri", "scheme", "host"),
    [
        ("https://chu-a.example/ap/actors/1", "https", "chu-a.example"),
        ("HTTPS://CHU-A.Example:443", "https", "chu-a.example"),
        ("http://localhost:8001/ap/inbox", "http", "localhost:8001"),
        ("http://localhost:80/", "http", "localhost"),
        ("https://localhost:80/", "https", "localhost:80"),
        ("https://hôpital.example/@anna?x=1#y", "https", "xn--hpital-ixa.example"),
        ("https://xn--hpital-ixa.example/", "https", "xn--hpital-ixa.example"),
        ("https://192.0.2.1/", "https", "192.0.2.1"),
        ("https://[2001:DB8::1]:8443/", "https", "[2001:db8::1]:8443"),
        ("https://a_b.example/été", "https", "a_b.example"),
        ("https://chu-a.example?resource=x", "https", "chu-a.example"),
    ],
)
def test_origin(uri: str, scheme: str, host: str) -> None:
    origin = parse_origin(uri)
    assert (origin.scheme, origin.host) == (scheme, host)
    assert str(origin) == f"{scheme}://{host}"
    assert parse_origin(str(origin)) == origin
    assert host_of(uri) == host
    assert is_http_uri(uri)


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "/relative",
        "//chu-a.example/",
        "chu-a.example",
        "did:key:z6Mk",
        "ap://did:key:z6Mk/actor",
        "ftp://a.example/",
        "javascript:alert(1)",
        "https:///path",
        "https://user@a.example/",
        "https://user:secret@a.example/",
        "https://a.example\\@b.example/",
        "https://a.example\n/",
        "https://a.example/\x7f",
        "https://a.example/a b",
        'https://a.example/"',
        "https://a.example/<b>",
        " https://a.example/",
        "https://a..example/",
        "https://a.example./",
        "https://-a.example/",
        "https://a%2eexample/",
        "https://a.example:0/",
        "https://a.example:65536/",
        "https://a.example:/",
        "https://a.example:80:80/",
        "https://[::1/",
        "https://[fe80::1%25eth0]/",
        "https://[zz]/",
        "https://127.1/",
        "https://0x7f.0.0.1/",
        "https://2130706433/",
        "https://017700000001/",
        "https://a.0x7f/",
        "https://\u2024.example/",
        "https://a\u200d.example/",
        "https://" + "a" * 64 + ".example/",
        "https://" + "a." * 130 + "example/",
        "https://" + "a." * 200 + "example/",
        "https://a.example/" + "x" * MAX_URI,
        None,
        1,
        ["https://a.example/"],
        {"id": "https://a.example/"},
    ],
)
def test_what_is_no_http_uri_is_refused(uri: object) -> None:
    with refused(Fault.URI_REFUSED):
        parse_origin(uri)
    assert not is_http_uri(uri)


def test_actors_have_no_fragment() -> None:
    assert parse_actor_uri("https://a.example/1") == Origin("https", "a.example", 443)
    with refused(Fault.URI_REFUSED):
        parse_actor_uri("https://a.example/1#main-key")


def test_what_is_stored_whole_is_shorter_than_what_is_only_read() -> None:
    with refused(Fault.URI_REFUSED):
        parse_actor_uri("https://a.example/" + "x" * MAX_ID)


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ("https://a.example:443/x", True),
        ("http://a.example/", False),
        ("https://a.example:8443/", False),
        ("https://b.a.example/", False),
    ],
)
def test_same_origin(other: str, expected: bool) -> None:  # noqa: FBT001  a table's cell
    assert same_origin("https://A.example/1", other) is expected


@pytest.mark.parametrize(
    ("host", "suspended", "expected"),
    [
        ("bad.example", "bad.example", True),
        ("x.bad.example", "bad.example", True),
        ("x.y.bad.example:8443", "bad.example", True),
        ("notbad.example", "bad.example", False),
        ("example", "bad.example", False),
        ("localhost:8001", "localhost:8001", True),
        ("localhost:8002", "localhost:8001", False),
        ("localhost:8002", "localhost", True),
        ("[2001:db8::1]", "[2001:db8::1]", True),
        ("[2001:db8::1]:8443", "[2001:db8::1]", True),
        ("[2001:db8::1]:8443", "[2001:db8::1]:8444", False),
        ("[2001:db8::2]", "[2001:db8::1]", False),
    ],
)
def test_a_suspension_covers_subdomains_and_ports(host: str, suspended: str, expected: bool) -> None:  # noqa: FBT001
    assert is_covered(host, suspended) is expected


@pytest.mark.parametrize(
    ("text", "name", "host"),
    [
        ("@anna@chu-b.example", "anna", "chu-b.example"),
        ("anna@CHU-B.example", "anna", "chu-b.example"),
        ("acct:Anna.M@localhost:8001", "Anna.M", "localhost:8001"),
        ("@cardiologie", "cardiologie", ""),
        ("@jk.blog.example@fed.example", "jk.blog.example", "fed.example"),
        ("@anna@hôpital.example", "anna", "xn--hpital-ixa.example"),
        ("@anna@chu-b.example:443", "anna", "chu-b.example"),
    ],
)
def test_handle(text: str, name: str, host: str) -> None:
    handle = parse_handle(text)
    assert handle == Handle(name, host)
    assert parse_handle(str(handle)) == handle
    assert handle.key == (f"{name.lower()}@{host}" if host else name.lower())


@pytest.mark.parametrize(
    "text", ["", "@", "@@a.example", "anna@", "an na@a.example", "é@a.example", "a@b@c.example", "x" * 400, None, 3]
)
def test_what_is_no_handle_is_refused(text: object) -> None:
    with refused(Fault.HANDLE_REFUSED):
        parse_handle(text)


def test_a_handle_with_a_bad_host_is_refused() -> None:
    with refused(Fault.URI_REFUSED):
        parse_handle("anna@a..example")


def test_hosts_of_admins_are_normalised() -> None:
    assert parse_host("Chu-B.Example:443") == "chu-b.example"
    assert parse_host("localhost:8001", 80) == "localhost:8001"
    assert parse_host("localhost:80", 80) == "localhost"


@fuzz
@given(st.text(max_size=60) | st.from_regex(r"https?://[^/]{0,30}(/.{0,10})?", fullmatch=True))
def test_any_text_has_an_origin_or_is_refused(uri: str) -> None:
    try:
        origin = parse_origin(uri)
    except ProtocolError:
        return
    assert origin.name == origin.name.lower()
    assert origin.name.isascii()
    assert parse_origin(f"{origin}/x") == origin


@fuzz
@given(st.from_regex(r"https?://[a-zA-Z0-9.:\[\]_@\\-]{1,30}(/[a-z]{0,5})?", fullmatch=True))
def test_the_http_client_would_connect_to_the_same_place(uri: str) -> None:
    try:
        origin = parse_origin(uri)
    except ProtocolError:
        return
    client = URL(uri)
    assert client.scheme == origin.scheme
    assert client.port == origin.port
    assert client.host == origin.name.strip("[]")


@fuzz
@given(st.text(max_size=40))
def test_any_text_is_a_handle_or_is_refused(text: str) -> None:
    try:
        handle = parse_handle(text)
    except ProtocolError:
        return
    assert parse_handle(f"@{handle}") == handle
