from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import bleach
import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.wire import sanitize
from federation.wire.errors import Fault, ProtocolError
from federation.wire.sanitize import clean_html, clean_lines, clean_text, strip_badge, to_text
from tests.wire.documents import fuzz, load_all, refused

CARD = '<span class="h-card" translate="no">'
LINK = 'target="_blank" rel="nofollow noopener"'


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>Bonjour<br>à tous</p>", "<p>Bonjour<br>à tous</p>"),
        (
            f'{CARD}<a href="https://b.example/@a" class="u-url mention">@<span>a</span></a></span>',
            f'{CARD}<a href="https://b.example/@a" class="u-url mention" {LINK}>@<span>a</span></a></span>',
        ),
        (
            '<a href="https://b.example/tags/cas" class="mention hashtag evil" rel="tag">#<span>cas</span></a>',
            f'<a href="https://b.example/tags/cas" class="mention hashtag" {LINK}>#<span>cas</span></a>',
        ),
        ('<p class="quote-inline big">RE: x</p>', '<p class="quote-inline">RE: x</p>'),
        ('<span class="invisible">https://</span>', '<span class="invisible">https://</span>'),
        ('<span class="ellipsis">b.example</span>', '<span class="ellipsis">b.example</span>'),
        ("<p>x<script>alert(1)</script><style>p{}</style></p>", "<p>x</p>"),
        ('<a href="javascript:alert(1)">x</a>', f"<a {LINK}>x</a>"),
        ('<a href="data:text/html,x">x</a>', f"<a {LINK}>x</a>"),
        ('<a href="mailto:x@b.example">x</a><a href="xmpp:x">y</a>', f"<a {LINK}>x</a><a {LINK}>y</a>"),
        ('<a href="/relative">x</a>', f"<a {LINK}>x</a>"),
        ('<a href="//b.example/">x</a>', f"<a {LINK}>x</a>"),
        (
            '<a href="https://b.example/" onclick="x()" style="x" id="x" name="x">x</a>',
            f'<a href="https://b.example/" {LINK}>x</a>',
        ),
        (
            '<a href="https://b.example/" rel="me opener" target="_top">x</a>',
            f'<a href="https://b.example/" {LINK}>x</a>',
        ),
        ('<p style="position:fixed" dir="rtl">x</p>', "<p>x</p>"),
        ("<img src=x onerror=alert(1)><svg onload=x></svg><iframe src=x></iframe><form><input></form>", ""),
        ("<h1>a</h1><h6>b</h6>", "<h1>a</h1>b"),
        ('<ol start="3" reversed><li value="4">x</ol>', '<ol start="3" reversed=""><li value="4">x</li></ol>'),
        ("<pre><code>a\nb</code></pre>", "<pre><code>a\nb</code></pre>"),
        ("<ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp></ruby>", "<ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp></ruby>"),
        ("a < b & c", "a &lt; b &amp; c"),
        ("<!-- secret -->x", "x"),
        ("<p>unclosed", "<p>unclosed</p>"),
        ("", ""),
    ],
)
def test_the_allow_list(html: str, expected: str) -> None:
    assert clean_html(html) == expected


class _Elements(HTMLParser):
    """The elements of some HTML, with what the allow-list governs."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, tuple[tuple[str, str], ...]]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        kept = {name: value or "" for name, value in attrs if name not in {"rel", "target", "class"}}
        classes = set(str(dict(attrs).get("class", "")).split()) & sanitize.CLASSES.get(tag, set())
        self.found.append((tag, (*sorted(kept.items()), *(("class", name) for name in sorted(classes)))))


def _allowed(tag: str, name: str, value: str) -> bool:
    if name == "href":
        return tag == "a" and value.startswith(("http://", "https://"))
    return name in sanitize.ATTRIBUTES.get(tag, set()) or (name == "class" and tag in sanitize.CLASSES)


def _twin(html: str) -> str:
    return str(bleach.clean(html, tags=sanitize.TAGS, attributes=_allowed, protocols=sanitize.SCHEMES, strip=True))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        found = [value.get(name) for name in ("content", "summary", "value")]
        yield from (text for text in found if isinstance(text, str))
    inner: list[Any] = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    for one in inner:
        yield from _texts(one)


def test_bleach_keeps_to_the_same_list_on_what_others_wrote(reference: Path) -> None:
    texts = {text for document in load_all(reference).values() for text in _texts(document)}
    assert len(texts) > 100
    for text in texts:
        assert _Elements(clean_html(text)).found == _Elements(_twin(text)).found


_pieces = st.sampled_from(
    [
        *(
            f"<{tag}>"
            for tag in ("p", "b", "i", "u", "s", "em", "span", "h2", "h6", "img", "div", "blockquote", "code")
        ),
        *(f"</{tag}>" for tag in ("p", "b", "i", "u", "s", "em", "span", "h2", "div", "blockquote", "code", "a")),
        '<a href="https://b.example/?a=1&amp;b=2" class="mention x" title="t">',
        '<a href="javascript:x">',
        '<span class="invisible h-card" style="x" translate="no">',
        '<p class="quote-inline" onclick="x">',
        "text",
        "&amp;",
        "<br/>",
    ]
)


# Well-formed, because bleach takes forbidden tags for text: its parser repairs around them what nh3 does not.
_openers = st.sampled_from(
    [
        *["b", "i", "u", "s", "em", "strong", "code", "sub", "sup", "del", "ruby", "x-y"],
        'a href="https://b.example/?a=1&amp;b=2" class="mention x" title="t" rel="me"',
        'a href="javascript:x" name="y"',
        'a href="/relative" translate="no"',
        'span class="invisible h-card" style="x" translate="no" lang="fr"',
    ]
)
_inline = st.recursive(
    st.sampled_from(["text", "&amp;", "<br/>", "<img src=x>", "<!-- x -->"]),
    lambda inner: st.builds(
        lambda opener, parts: f"<{opener}>{''.join(parts)}</{opener.split()[0]}>", _openers, st.lists(inner, max_size=3)
    ),
    max_leaves=8,
)
_blocks = st.sampled_from(
    ["p", 'p class="quote-inline y" onclick="x"', "h2", "blockquote", "pre", 'li value="3" id="x"']
)
_articles = st.lists(st.tuples(_blocks, _inline), max_size=4).map(
    lambda parts: "".join(f"<{block}>{inside}</{block.split()[0]}>" for block, inside in parts)
)


@fuzz
@given(_articles)
def test_bleach_keeps_to_the_same_list_on_anything(html: str) -> None:
    assert set(_Elements(clean_html(html)).found) == set(_Elements(_twin(html)).found)


@fuzz
@given(st.text(max_size=200) | st.lists(_pieces, max_size=12).map("".join))
def test_cleaning_is_done_once_and_for_all(html: str) -> None:
    cleaned = _Elements(clean_html(html)).found
    assert set(cleaned) == set(_Elements(clean_html(clean_html(html))).found)  # only the nesting may be repaired again
    for tag, attributes in cleaned:
        assert tag in sanitize.TAGS
        assert all(_allowed(tag, name, value) for name, value in attributes)


@pytest.mark.parametrize(
    "html",
    [
        "<div>" * (sanitize.MAX_TAGS + 1),
        "<" * 100_000,
        "<p>" + "".join(f"<i x={number}>" for number in range(1_000)) + "</p><p>x" * 1_000,
        "<p>" + "".join(f"<font\nx={number}>" for number in range(1_000)) + "</p>",
        "<p>" + "".join(f"<B/x={number}>" for number in range(1_000)) + "</p>",
    ],
)
def test_markup_that_takes_long_is_refused(html: str) -> None:
    for clean in (clean_html, to_text):
        with refused(Fault.TOO_COMPLEX):
            clean(html)


def test_markup_that_grows_is_refused() -> None:
    opened = "".join(f"<{tag}>" * 3 for tag in ("b", "code", "em", "i", "s", "strong", "u"))
    with refused(Fault.TOO_COMPLEX):
        clean_html(f"<p>{opened}" + "</p><p>x" * 1_800)


def test_deep_markup_is_cleaned() -> None:
    deep = "<blockquote>" * 2_000
    assert clean_html(deep + "x").startswith("<blockquote><blockquote>")
    assert to_text(deep + "x") == "x"


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>a</p><p>b<br />c</p>", "a\n\nb\nc"),
        ("<ul><li>a</li><li>b</li></ul>", "a\n\nb"),
        ("<p>1 &lt; 2 &amp; 3</p>", "1 < 2 & 3"),
        ("x<script>alert(1)</script><!-- c -->", "x"),
        ('<a href="https://b.example/x">https://<span>b.example/x</span></a>', "https://b.example/x"),
        ("plain\ntext", "plain text"),
        ("<h1>Title</h1>text", "Title\n\ntext"),
        ("&lt;b&gt;", "<b>"),
    ],
)
def test_to_text(html: str, expected: str) -> None:
    assert to_text(html) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  Anna \n Muster\t", "Anna Muster"),
        ("A\x00\x07\x9fB", "AB"),
        ("Anna \u202etxt.exe", "Anna txt.exe"),
        ("\u2066Anna\u2069", "Anna"),
        ("An\u200bna\ufeff\u00ad", "Anna"),
        ("e\u0301", "é"),
        ("👩\u200d⚕️", "👩\u200d⚕️"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("<b>Anna</b>", "Anna"),
        ("<<b>script>x", "x"),
        ("<!-- x -->Anna", "Anna"),
        ("I <3 you", "I <3 you"),
        ("R&D", "R&D"),
        ("<" * 6 + "b" + ">b" * 6, "b>b>b>b"),
        ("x" * 20, "x" * 10),
        ("123456789 b", "123456789"),
        ("", ""),
    ],
)
def test_clean_text(text: str, expected: str) -> None:
    assert clean_text(text, 10 if "x" * 11 in text or text.startswith("1234") else 100) == expected


def test_descriptions_keep_their_lines() -> None:
    assert clean_lines(" a \u202e b\n\n\n\n<i>c</i>\r\nd ", 100) == "a b\n\nc\nd"
    assert clean_lines("aaaa\nbbbb", 6) == "aaaa\nb"


@fuzz
@given(st.text(max_size=60))
def test_clean_text_is_one_line_without_tags(text: str) -> None:
    cleaned = clean_text(text, 30)
    assert len(cleaned) <= 30
    assert clean_text(cleaned, 30) == cleaned
    assert not sanitize._TAG.search(cleaned)
    assert not sanitize._UNSEEN.search(cleaned)
    assert "\n" not in cleaned


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Dr Anna", "Dr Anna"),
        ("Dr  Anna", "Dr  Anna"),
        ("Anna :verified_clinician:", "Anna"),
        ("Anna :VERIFIED_CLINICIAN:", "Anna"),
        ("Anna :verified:", "Anna"),
        ("Anna :vérifié:", "Anna"),
        ("Anna :blobcat:", "Anna :blobcat:"),
        ("Anna ✅", "Anna"),
        ("Anna ✔\ufe0f M.", "Anna M."),
        ("👩\u200d⚕\ufe0f Anna", "👩 Anna"),
        ("🩺Anna☑", "Anna"),
        (":verified_:verified_clinician:clinician:", "verified_clinician"),
        (":verified_✓clinician:", ""),
        (":ver:verified:ified:", ""),
        ("Anna ☺", "Anna ☺"),
    ],
)
def test_names_claim_nothing(name: str, expected: str) -> None:
    assert strip_badge(name) == expected


@fuzz
@given(
    st.lists(st.sampled_from([":", "verified", "_", "clinician", "✓", "☑", " ", "a", "\u200d"]), max_size=15).map(
        "".join
    )
)
def test_no_name_claims_anything_after_stripping(name: str) -> None:
    stripped = strip_badge(name)
    assert sanitize.VERIFIED_SHORTCODE not in stripped
    assert not set(stripped) & set("✓☑")
    assert strip_badge(stripped) == stripped


@fuzz
@given(st.text(max_size=300) | st.lists(_pieces, max_size=20).map("".join))
def test_any_text_becomes_text(html: str) -> None:
    try:
        text = to_text(html)
    except ProtocolError:
        return
    assert text == text.strip()
    assert "\n\n\n" not in text
