"""Addresses of files: for whom, for how long, and that nobody else can make them."""

from dataclasses import replace
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from hypothesis import given
from hypothesis import strategies as st

from federation.local_actors import new_actor
from storage.records import Media
from tests.web.people import NOW, ORIGIN
from web.bodies import nest
from web.errors import ApiError
from web.forms import Form
from web.links import DAY, Links, Pass, sign_address, verify_address, verify_pass

KEY = b"\0" * 32
GIVEN = Pass(viewer=21, token=22)
NAME = "0" * 64 + ".png"
MEDIA = Media(
    id=7,
    actor_id=1,
    status_id=None,
    position=0,
    type="image",
    mime="image/png",
    file=NAME,
    preview=NAME,
    remote_url=None,
    description="",
    blurhash=None,
    width=1,
    height=1,
    preview_width=1,
    preview_height=1,
    focus_x=0.0,
    focus_y=0.0,
    created_at=0,
)


def links(*, now: int = NOW, given: Pass | None = GIVEN, key: bytes = KEY) -> Links:
    return Links(ORIGIN, key, now, given)


def query_of(url: str) -> Form:
    return Form(nest(parse_qsl(urlsplit(url).query)))


def verify(url: str, *, media_id: int = 7, now: int = NOW, key: bytes = KEY) -> Pass | None:
    return verify_pass(key, media_id, query_of(url), now=now)


def test_public_files_have_one_address_for_everybody() -> None:
    plain = f"{ORIGIN.base}/media/7/original.png"
    assert links().file(MEDIA, public=True) == plain
    assert links(given=None).file(MEDIA) == plain
    assert links(given=None, now=NOW + 5 * DAY).file(MEDIA) == plain
    assert links().preview(MEDIA, public=True) == f"{ORIGIN.base}/media/7/small.png"


def test_a_private_address_names_to_whom_it_was_given() -> None:
    url = links().file(MEDIA)
    assert {name: values[0] for name, values in parse_qs(urlsplit(url).query).items() if name != "mac"} == {
        "viewer": "21",
        "token": "22",
        "day": str(NOW // DAY),
    }
    assert verify(url) == GIVEN
    assert verify(links().preview(MEDIA) or "") == GIVEN


def test_it_is_the_same_within_a_day_of_utc_and_good_to_the_end_of_the_next() -> None:
    midnight = NOW // DAY * DAY
    url = links(now=midnight).file(MEDIA)
    assert links(now=midnight + DAY - 1).file(MEDIA) == url
    assert links(now=midnight + DAY).file(MEDIA) != url
    assert verify(url, now=midnight + 2 * DAY - 1) == GIVEN
    assert verify(url, now=midnight + 2 * DAY) is None
    assert verify(url, now=midnight - 1) is None


def test_it_is_for_one_file_and_by_one_key() -> None:
    url = links().file(MEDIA)
    assert verify(url, media_id=8) is None
    assert verify(url, key=b"\1" * 32) is None
    assert verify(links(key=b"\1" * 32).file(MEDIA)) is None


@given(st.sampled_from(("viewer", "token", "day", "mac")), st.text(max_size=30))
def test_no_changed_address_is_good(name: str, value: str) -> None:
    query = dict(parse_qsl(urlsplit(links().file(MEDIA)).query))
    if query[name] == value:
        return
    changed = query | {name: value}
    try:
        given = verify_pass(KEY, 7, Form(changed), now=NOW)
    except ApiError as error:
        assert error.status == 400  # noqa: PT017  # no text at all
    else:
        assert given is None or int(value) == int(query[name])
    missing = {key: one for key, one in query.items() if key != name}
    assert verify(f"?{urlencode(missing)}") is None


def test_other_instances_files() -> None:
    remote = replace(MEDIA, remote_url="https://chu-b.example/a.png")
    assert links().file(remote, public=True) == f"{ORIGIN.base}/media/7/original"
    video = replace(remote, type="video")
    assert links().file(video, public=True) == f"{ORIGIN.base}/media/7/original"
    assert links().preview(replace(video, preview=None)) is None


def test_the_extension_is_that_of_each_file() -> None:
    film = replace(MEDIA, type="video", file="0" * 64 + ".mp4", preview="0" * 64 + ".jpg")
    assert links().file(film, public=True) == f"{ORIGIN.base}/media/7/original.mp4"
    assert links().preview(film, public=True) == f"{ORIGIN.base}/media/7/small.jpg"


def test_portraits_change_with_the_picture() -> None:
    actor = new_actor(ORIGIN, 5, "Person", "anne", "Anne", NOW)
    assert links().avatar(actor) == f"{ORIGIN.base}/static/avatar.png"
    assert links().header(actor) == f"{ORIGIN.base}/static/header.png"
    shown = [links().avatar(replace(actor, avatar=source)) for source in ("https://b/1", "https://b/2")]
    assert all(url.startswith(f"{ORIGIN.base}/media/avatars/5/") for url in shown)
    assert shown[0] != shown[1]
    assert links().header(replace(actor, header="x")).startswith(f"{ORIGIN.base}/media/headers/5/")


@given(st.text(), st.text())
def test_only_signed_addresses_are_fetched(address: str, other: str) -> None:
    try:
        address.encode()
        other.encode()
    except UnicodeEncodeError:
        return
    mac, encoded = links().emoji(address).removesuffix(".webp").split("/")[-2:]
    assert verify_address(KEY, mac, encoded) == address
    assert verify_address(b"\1" * 32, mac, encoded) is None
    if other != address:
        forged = links().emoji(other).removesuffix(".webp").split("/")[-1]
        assert verify_address(KEY, mac, forged) is None
    assert sign_address(KEY, "x") != sign_address(KEY, "y")


@given(st.text(alphabet="ABCabc019_-é"))
def test_any_text_is_an_address_or_none(encoded: str) -> None:
    assert verify_address(KEY, "x", encoded) is None
