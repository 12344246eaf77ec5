"""What pages say of themselves: by Open Graph, by Twitter's names, by plain HTML; and pages that are no pages."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.wire.open_graph import LOOKED_AT, Preview, parse_page

URL = "https://site.example/articles/1"
HTML = "text/html; charset=utf-8"

RICH = """<!doctype html><html><head><title>Plain</title>
<meta property="og:title" content="ECG &amp; pièges">
<meta property="og:title" content="second">
<meta name="description" content="Plain words">
<meta property="og:description" content="Dix\ntracés">
<meta property="og:site_name" content="Le Site">
<meta name="author" content="A. Auteur">
<meta property="article:author" content="https://site.example/people/a">
<meta property="article:published_time" content="2026-11-20T08:00:00+01:00">
<meta property="og:image" content="/image.png">
<meta property="og:image:alt" content="Un tracé">
<meta property="og:image:width" content="1200"><meta property="og:image:height" content="630">
</head><body><title>later</title></body></html>"""


def parse(html: str, content_type: str = HTML) -> Preview | None:
    return parse_page(URL, content_type, html.encode())


def test_open_graph() -> None:
    assert parse(RICH) == Preview(
        title="ECG & pièges",
        description="Dix tracés",
        provider="Le Site",
        author="A. Auteur",
        author_url="https://site.example/people/a",
        image="https://site.example/image.png",
        image_description="Un tracé",
        width=1200,
        height=630,
        published_at=1_795_158_000_000,
    )


def test_plain_html() -> None:
    found = parse("<title>Bon\njour</title><meta name=description content='Des mots'><p>Texte")
    assert found is not None
    assert (found.title, found.description, found.image, found.published_at) == ("Bon jour", "Des mots", None, None)


def test_twitter() -> None:
    found = parse("<meta name='twitter:title' content='T'><meta name='twitter:image' content='http://i.example/a.jpg'>")
    assert found is not None
    assert (found.title, found.image) == ("T", "http://i.example/a.jpg")


@pytest.mark.parametrize(
    "html", ["", "<title></title>", "<title> </title>", "<p>Texte</p>", "\0\0", "<title>\u202e</title>"]
)
def test_no_title_no_preview(html: str) -> None:
    assert parse(html) is None


@pytest.mark.parametrize(
    ("meta", "name", "expected"),
    [
        ("<meta property=og:image content='javascript:alert(1)'>", "image", None),
        ("<meta property=og:image content='https://[x'>", "image", None),
        (f"<meta property=og:image content='{'x' * 3000}'>", "image", None),
        ("<meta property=og:image content='a.png'><meta property=og:image:width content='99999'>", "width", 0),
        ("<meta property=og:image content='a.png'><meta property=og:image:width content='-1'>", "width", 0),
        ("<meta property=og:image:width content='10'>", "width", 0),
        ("<meta property=article:published_time content='hier'>", "published_at", None),
        ("<meta name=author content='https://site.example/a'>", "author", ""),
        ("<meta property=article:author content='A. Auteur'>", "author", "A. Auteur"),
        ("<meta property=og:description content='&lt;script&gt;a&lt;/script&gt;'>", "description", "a"),
        ("<meta property=og:site_name>", "provider", ""),
        ("<meta>", "provider", ""),
    ],
)
def test_what_is_not_what_it_should_be(meta: str, name: str, expected: object) -> None:
    found = parse(f"<title>T</title>{meta}")
    assert found is not None
    assert getattr(found, name) == expected


@pytest.mark.parametrize(
    ("content_type", "head", "encoding"),
    [
        ("text/html; charset=iso-8859-1", "", "latin-1"),
        ("text/html", "<meta charset='windows-1252'>", "cp1252"),
        ("text/html", "<meta http-equiv=Content-Type content='text/html; charset=utf-8'>", "utf-8"),
        ("text/html; charset=nonsense", "", "utf-8"),
        ("text/html", "", "utf-8"),
        ("text/html; charset=base64", "", "utf-8"),  # a codec, but of no text
    ],
)
def test_the_encoding_is_what_is_said(content_type: str, head: str, encoding: str) -> None:
    found = parse_page(URL, content_type, f"{head}<title>Été</title>".encode(encoding))
    assert found is not None
    assert found.title == "Été"


@given(st.binary(max_size=2_000))
def test_no_bytes_break_it(body: bytes) -> None:
    parse_page(URL, HTML, body)
    parse_page(URL, HTML, b"<title>T</title><meta property='og:image' content='" + body)


@pytest.mark.parametrize(
    "piece",
    ["<", "<a ", "<!--", "<!", "<?", "</", "&", "&#", "<a b='", "<a b=c", "<meta ", "<title>", "<script>", "<b>"],
)
def test_the_worst_of_pages_take_bounded_time(piece: str) -> None:
    started = time.process_time()
    parse_page(URL, HTML, piece.encode() * (LOOKED_AT * 4 // len(piece)))
    assert time.process_time() - started < 5
