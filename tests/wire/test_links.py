"""The first link of a post: of other sites, never of people or hashtags."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.wire.links import first_link
from federation.wire.sanitize import clean_html

MENTION = '<span class="h-card"><a href="https://b.example/@eva" class="u-url mention">@<span>eva</span></a></span>'
TAG = '<a href="https://b.example/tags/ecg" class="mention hashtag" rel="tag">#<span>ecg</span></a>'
LINK = '<a href="https://site.example/a?b=1&amp;c=2#d" rel="nofollow noopener">site</a>'


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        (f"<p>{MENTION} {TAG} {LINK} <a href='https://other.example/'>x</a></p>", "https://site.example/a?b=1&c=2"),
        (f"<p>{MENTION} {TAG}</p>", None),
        ("<p>Bonjour</p>", None),
        ("<a>x</a><a href>x</a><a href='/here'>x</a><a href='mailto:a@b.example'>x</a>", None),
        ("<a href='https://[x'>x</a><a href='https:///x'>x</a><a href='http://h.example/'>x</a>", "http://h.example/"),
        (f"<a href='https://h.example/{'x' * 2048}'>x</a>", None),
        ("<span href='https://h.example/'>x</span>", None),
    ],
)
def test_the_first_link_that_is_none_of_ours(html: str, expected: str | None) -> None:
    assert first_link(html) == expected
    if "x" * 2048 not in html:
        assert first_link(clean_html(html)) == expected


@given(st.text(max_size=300))
def test_no_text_breaks_it(text: str) -> None:
    found = first_link(text)
    assert found is None or found.startswith(("https://", "http://"))
