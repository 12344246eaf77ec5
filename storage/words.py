"""What of a text can be found: its words without case, accents and endings. Pure; knows no table and no engine.

Posts and questions pass through the same functions, whatever their language and whichever the engine: "coeur" finds
"cœur", "angine" finds "angines", and both databases find the same (neither knows œ, and only one knows French).
"""

import re
import unicodedata
from functools import lru_cache
from html import unescape
from threading import local

import snowballstemmer

LONGEST = 64  # characters; PostgreSQL takes words of up to 2,046 bytes
MOST = 16_000  # words of one text; PostgreSQL counts positions up to 16,383

_ROUNDS = 3  # after which nothing more comes off a word

_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"})
_WORD = re.compile(r"[^\W_]+")
_APART = re.compile(r"<br\s*/?>|</(?:p|li|h[1-6]|blockquote|pre|div)>")
_TAG = re.compile(r"<[^>]*>")
_QUOTE = re.compile(
    r'<p class="quote-inline">.*?</p>'
)  # an address, for those who are not shown the quoted post itself


class _Stemmers(local):
    """For each thread its own: a stemmer works in its own fields."""

    def __init__(self) -> None:
        self.french = snowballstemmer.stemmer("french")
        self.english = snowballstemmer.stemmer("english")


_STEMMERS = _Stemmers()


def plain_text(html: str) -> str:
    """The words of HTML that was cleaned, with lines where paragraphs end, without the address of what it quotes."""
    return unescape(_TAG.sub("", _APART.sub("\n", _QUOTE.sub("", html))))


def list_words(text: str) -> list[str]:
    """The words of a text in their order, as they are kept and looked for: letters and digits only."""
    return [_stem(word) for word in _WORD.findall(_folded(text))][:MOST]


def _folded(text: str) -> str:
    parts = unicodedata.normalize("NFKD", text.casefold().translate(_LIGATURES))
    return "".join(part for part in parts if not unicodedata.combining(part))


@lru_cache(maxsize=65_536)
def _stem(word: str) -> str:
    """Without English and French endings, whichever they are: who searches does not say in which language a post was
    written. More than once, so that forms meet which lose different endings first.
    """
    word = word[:LONGEST]
    for _ in range(_ROUNDS):
        word = _STEMMERS.french.stemWord(_STEMMERS.english.stemWord(word))
    return word
