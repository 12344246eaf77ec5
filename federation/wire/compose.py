"""Plain text that a member wrote, as the HTML that Mastodon would make of it. Must not know who may be mentioned.

The markup is Mastodon's to the letter, because apps find mentions and hashtags by it (client_behaviour.md §10).
"""

import re
from collections.abc import Callable, Iterator, Mapping
from html import escape
from typing import NamedTuple

# One pass over the text; whichever stands first wins, so that a name inside an address is no mention.
_TOKEN = re.compile(
    r"(?P<link>https?://[^\W_][^\s<>\"'`]*)"
    r"|(?<![\w/@])@(?P<mention>[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?(?:@[\w.-]*\w(?::[0-9]{1,5})?)?)"
    r"|(?<![\w/#&])#(?P<hashtag>[\w·・]*[^\W\d_][\w·・]*)",
    re.IGNORECASE,
)
_SHORTCODE = re.compile(r"(?<![A-Za-z0-9_:]):([A-Za-z0-9_]{2,50}):(?![A-Za-z0-9_:])")
_PREFIX = re.compile(r"https?://(?:www\.)?", re.IGNORECASE)
_PARAGRAPHS = re.compile(r"\n{2,}")
_SHOWN = 30
_CLOSERS = {")": "(", "]": "[", "}": "{"}
_PUNCTUATION = frozenset(".,;:!?»…*_~")


class Named(NamedTuple):
    """Somebody whom a mention resolved to: the profile's page, and the name shown."""

    url: str
    username: str


def compose(text: str, mentions: Mapping[str, Named], hashtag_url: Callable[[str], str]) -> str:
    """HTML of a post: paragraphs, line breaks, links, mentions, hashtags; everything else escaped.

    `mentions` is keyed as `find_mentions` writes them; a name that is not in it stays plain text. `hashtag_url` gives
    the page of a hashtag.
    """
    return _wrapped(text, lambda part: _marked(part, mentions, hashtag_url))


def compose_line(text: str, hashtag_url: Callable[[str], str]) -> str:
    """HTML of one line in which nobody is named, without a paragraph around it: the value of a profile's field."""
    return _marked(text, {}, hashtag_url)


def compose_quote(url: str) -> str:
    """The paragraph that stands for a quote where quotes are not shown. Apps that show them take it away by its class."""
    return f'<p class="quote-inline">RE: {_render_link(url)}</p>'


def _marked(text: str, mentions: Mapping[str, Named], hashtag_url: Callable[[str], str]) -> str:
    def render(token: re.Match[str]) -> str:
        if token["link"]:
            link, rest = _trimmed(token["link"])
            return _render_link(link) + escape(rest)
        if token["hashtag"]:
            return _render_hashtag(token["hashtag"], hashtag_url(token["hashtag"]))
        named = mentions.get(token["mention"].lower())
        return _render_mention(named) if named else escape(token[0])

    return "".join(_rendered(text, render))


def paragraphs(text: str) -> str:
    """HTML of text in which nothing is a link: paragraphs and line breaks."""
    return _wrapped(text, escape)


def find_mentions(text: str) -> tuple[str, ...]:
    """The names that a text mentions, each once, lower-case, without the first @: `anna`, `anna@chu-b.example`."""
    return tuple(dict.fromkeys(found["mention"].lower() for found in _TOKEN.finditer(text) if found["mention"]))


def find_hashtags(text: str) -> tuple[str, ...]:
    """The hashtags of a text, each once whatever its case, as first written, without #."""
    tags: dict[str, str] = {}
    for found in _TOKEN.finditer(text):
        if found["hashtag"]:
            tags.setdefault(found["hashtag"].casefold(), found["hashtag"])
    return tuple(tags.values())


def find_shortcodes(text: str) -> tuple[str, ...]:
    """The custom emoji that a text asks for, each once: `:heart_ok:` stands apart from letters and digits."""
    return tuple(dict.fromkeys(_SHORTCODE.findall(text)))


def _wrapped(text: str, render: Callable[[str], str]) -> str:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").strip("\n")
    parts = _PARAGRAPHS.split(lines) if lines else []
    return "".join(f"<p>{render(part).replace(chr(10), '<br />')}</p>" for part in parts)


def _rendered(text: str, render: Callable[[re.Match[str]], str]) -> Iterator[str]:
    end = 0
    for token in _TOKEN.finditer(text):
        yield escape(text[end : token.start()])
        yield render(token)
        end = token.end()
    yield escape(text[end:])


def _trimmed(link: str) -> tuple[str, str]:
    """A link without the punctuation of the sentence around it; a bracket belongs to it when it was opened in it."""
    surplus = {closer: link.count(closer) - link.count(opener) for closer, opener in _CLOSERS.items()}
    end = len(link)
    while link[end - 1] in _PUNCTUATION or surplus.get(link[end - 1], 0) > 0:
        end -= 1
        if link[end] in surplus:
            surplus[link[end]] -= 1
    return link[:end], link[end:]


def _render_link(url: str) -> str:
    prefix = _PREFIX.match(url)
    start = prefix.end() if prefix else 0
    shown, rest = url[start : start + _SHOWN], url[start + _SHOWN :]
    return (
        f'<a href="{escape(url)}" rel="nofollow noopener" target="_blank" translate="no">'
        f'<span class="invisible">{escape(url[:start])}</span>'
        f'<span class="{"ellipsis" if rest else ""}">{escape(shown)}</span>'
        f'<span class="invisible">{escape(rest)}</span></a>'
    )


def _render_mention(named: Named) -> str:
    return (
        f'<span class="h-card" translate="no"><a href="{escape(named.url)}" class="u-url mention">'
        f"@<span>{escape(named.username)}</span></a></span>"
    )


def _render_hashtag(tag: str, url: str) -> str:
    return f'<a href="{escape(url)}" class="mention hashtag" rel="tag">#<span>{escape(tag)}</span></a>'
