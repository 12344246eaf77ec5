from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.wire.compose import (
    Named,
    compose,
    compose_line,
    find_hashtags,
    find_mentions,
    find_shortcodes,
    paragraphs,
)
from federation.wire.sanitize import clean_html, to_text
from tests.wire.documents import fuzz

PEOPLE = {
    "anna@chu-b.example": Named("https://chu-b.example/@anna", "anna"),
    "ben": Named("https://chu-a.example/@ben", "ben"),
    "demo@localhost:8001": Named("http://localhost:8001/@demo", "demo"),
}


def tag_url(tag: str) -> str:
    return f"https://chu-a.example/tags/{tag.lower()}"


def mention(url: str, name: str) -> str:
    return f'<span class="h-card" translate="no"><a href="{url}" class="u-url mention">@<span>{name}</span></a></span>'


def link(url: str, prefix: str, shown: str, rest: str = "") -> str:
    kind = "ellipsis" if rest else ""
    return (
        f'<a href="{url}" rel="nofollow noopener" target="_blank" translate="no"><span class="invisible">{prefix}</span>'
        f'<span class="{kind}">{shown}</span><span class="invisible">{rest}</span></a>'
    )


ANNA, BEN = mention("https://chu-b.example/@anna", "anna"), mention("https://chu-a.example/@ben", "ben")
CAS = '<a href="https://chu-a.example/tags/cas" class="mention hashtag" rel="tag">#<span>Cas</span></a>'


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        ("Bonjour", "Bonjour"),
        ("1 < 2 & \"3\" '4'", "1 &lt; 2 &amp; &quot;3&quot; &#x27;4&#x27;"),
        ("@anna@chu-b.example bonjour", f"{ANNA} bonjour"),
        ("(@Anna@CHU-B.example)", f"({ANNA})"),
        ("@ben.", f"{BEN}."),
        ("@ben, @ben", f"{BEN}, {BEN}"),
        ("@demo@localhost:8001!", f"{mention('http://localhost:8001/@demo', 'demo')}!"),
        ("@nobody @nobody@x.example", "@nobody @nobody@x.example"),
        ("mail anna@chu-b.example", "mail anna@chu-b.example"),
        ("#Cas", CAS),
        ("#Cas, x", f"{CAS}, x"),
        ("x#Cas ##Cas #123 &#39;", "x#Cas ##Cas #123 &amp;#39;"),
        ("https://www.b.example/x", link("https://www.b.example/x", "https://www.", "b.example/x")),
        ("http://b.example.", link("http://b.example", "http://", "b.example") + "."),
        ("(https://b.example/a_(b))", "(" + link("https://b.example/a_(b)", "https://", "b.example/a_(b)") + ")"),
        ("https://b.example/)))", link("https://b.example/", "https://", "b.example/") + ")))"),
        (
            "https://b.example/?a=1&b=%22#c",
            link("https://b.example/?a=1&amp;b=%22#c", "https://", "b.example/?a=1&amp;b=%22#c"),
        ),
        (
            "https://b.example/0123456789012345678901234567890",
            link(
                "https://b.example/0123456789012345678901234567890",
                "https://",
                "b.example/01234567890123456789",
                "01234567890",
            ),
        ),
        ("https://b.example/@ben #Cas", link("https://b.example/@ben", "https://", "b.example/@ben") + f" {CAS}"),
        ("https:// http://...", "https:// http://..."),
        ("ftp://b.example javascript:alert(1)", "ftp://b.example javascript:alert(1)"),
    ],
)
def test_one_paragraph(text: str, inside: str) -> None:
    assert compose(text, PEOPLE, tag_url) == f"<p>{inside}</p>"


def test_paragraphs_and_line_breaks() -> None:
    assert compose("a\r\nb\n\n\nc\rd\n", {}, tag_url) == "<p>a<br />b</p><p>c<br />d</p>"
    assert paragraphs("a <b>\n@ben\n\nc") == "<p>a &lt;b&gt;<br />@ben</p><p>c</p>"
    assert compose("", {}, tag_url) == paragraphs("\n") == ""


def test_the_names_and_tags_of_a_text() -> None:
    text = "@Anna@chu-b.example et @ben, @ANNA@chu-b.example: #Cas #Œdème #cas https://x.example/@eve#no"
    assert find_mentions(text) == ("anna@chu-b.example", "ben")
    assert find_hashtags(text) == ("Cas", "Œdème")


def test_shortcodes_stand_apart_from_letters_and_digits() -> None:
    text = ":ok: <:heart_1:> 10:30:45 a:no: :no:b :x: ::no:: :ok: https://x.example:8001:"
    assert find_shortcodes(text) == ("ok", "heart_1")
    assert find_shortcodes("") == ()


class _Links(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.hrefs: list[str | None] = []
        self.tags: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag == "a":
            self.hrefs.append(dict(attrs)["href"])


_words = st.sampled_from(
    ["@ben", "#cas", "https://b.example/<x>", '"', "<b>", "&", "'", "\n", " ", "javascript:", "a", ")"]
)


@fuzz
@given(st.lists(_words | st.text(max_size=5), max_size=12).map("".join))
def test_whatever_is_written_stays_inside(text: str) -> None:
    html = compose(text, PEOPLE, tag_url)
    read = _Links(html)
    assert read.tags <= {"p", "br", "a", "span"}
    assert all(href and href.startswith(("https://", "http://")) for href in read.hrefs)
    assert _Links(clean_html(html)).hrefs == read.hrefs


@fuzz
@given(st.text(st.characters(categories=("L", "N", "P", "S")), max_size=40))
def test_the_reader_reads_what_was_written(text: str) -> None:
    assert to_text(compose(text, {}, tag_url)) == text


def test_a_line_has_links_and_tags_but_names_nobody_and_ends_in_no_paragraph() -> None:
    line = compose_line("<b> https://a.example #cardio @anna", tag_url)
    assert line.startswith("&lt;b&gt; <a ")
    assert tag_url("cardio") in line
    assert line.endswith(" @anna")
    assert "<p>" not in line
