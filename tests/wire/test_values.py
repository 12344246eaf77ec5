import pytest
from hypothesis import given

from federation.wire import values
from tests.wire.documents import fuzz
from tests.wire.documents import values as any_values

URI = "https://a.example/1"


@pytest.mark.parametrize(
    ("value", "expected"), [(None, []), ("x", ["x"]), ([1, 2], [1, 2]), ([], []), ({"id": 1}, [{"id": 1}])]
)
def test_many(value: object, expected: list[object]) -> None:
    assert values.many(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (URI, URI),
        ({"id": URI, "type": "Note"}, URI),
        ([{"id": URI}, "other"], URI),
        ("as:Public", "as:Public"),
        ("", None),
        ("x" * 3000, None),
        (None, None),
        (3, None),
        ([], None),
        ([[URI]], None),
        ({"id": 3}, None),
    ],
)
def test_id_of(value: object, expected: str | None) -> None:
    assert values.id_of(value) == expected


def test_ids_are_kept_once_in_order() -> None:
    assert values.ids_of(["b", {"id": "a"}, "b", None, 3]) == ("b", "a")


def test_uri_of_takes_http_only() -> None:
    assert values.uri_of({"id": URI}) == URI
    assert values.uri_of("did:key:z6Mk") is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (URI, URI),
        ({"type": "Link", "href": URI}, URI),
        ({"type": "Image", "url": URI}, URI),
        ({"type": "Image", "url": {"href": URI}}, URI),
        ({"type": "Image", "url": ["no", URI]}, None),
        (["https://a.example/first", URI], "https://a.example/first"),
        ([{"href": "https://a.example/v", "mediaType": "video/mp4"}, {"href": URI, "mediaType": "text/html"}], URI),
        ("javascript:alert(1)", None),
        ({"href": 3}, None),
        ([3, None], None),
        (None, None),
    ],
)
def test_href_of(value: object, expected: str | None) -> None:
    assert values.href_of(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-11-22T10:00:00Z", 1795341600000),
        ("2026-11-22T10:00:00.123456789Z", 1795341600123),
        ("2026-11-22T12:00:00+02:00", 1795341600000),
        ("2026-11-22T10:00:00", 1795341600000),
        ("2026-11-22", 1795305600000),
        ("1970-01-01T00:00:00Z", 0),
        ("1969-12-31T23:59:59Z", None),
        ("0001-01-01T00:00:00+23:59", None),
        ("2026-02-30", None),
        ("yesterday", None),
        ("", None),
        (1795341600, None),
        (None, None),
    ],
)
def test_moment(value: object, expected: int | None) -> None:
    assert values.moment(value) == expected


@pytest.mark.parametrize(("value", "expected"), [(1, 1), (9, 9), (0, None), (10, None), (True, None), (1.0, None)])
def test_integer(value: object, expected: int | None) -> None:
    assert values.integer(value, 1, 9) == expected


def test_type_of_names_the_first() -> None:
    assert values.type_of({"type": [3, "Note", "Article"]}) == "Note"
    assert values.type_of({"type": None}) == ""


@fuzz
@given(any_values)
def test_nothing_that_json_can_hold_breaks_a_reader(value: object) -> None:
    values.type_of({"type": value})
    values.ids_of(value)
    values.documents(value, 3)
    assert values.uri_of(value) is None or values.id_of(value)
    assert values.href_of(value) is None or value
    assert values.moment(value) is None or isinstance(value, str)
