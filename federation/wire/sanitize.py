"""Text and HTML from strangers, made harmless once at the border. Must not know which field it cleans.

HTML passes through Mastodon's allow-list (client_behaviour.md §10). Names, content warnings and titles are text, in
which no character may reorder, hide or imitate anything outside it. Everything is linear in its input: what an HTML
parser would take long over is refused.
"""

import re
import unicodedata
from html import unescape

import nh3

from federation.wire.errors import Fault, ProtocolError

_TAG_NAMES = "p br span a del s pre blockquote code b strong u sub sup i em h1 h2 h3 h4 h5 ul ol li ruby rt rp"
TAGS = frozenset(_TAG_NAMES.split())
ATTRIBUTES: dict[str, set[str]] = {
    "*": set(),  # or nh3 adds lang and title
    "a": {"href", "translate"},
    "span": {"translate"},
    "ol": {"start", "reversed"},
    "li": {"value"},
}
_LINK_CLASSES = {"u-url", "mention", "hashtag", "h-card"}
CLASSES = {
    "a": _LINK_CLASSES,
    "span": {*_LINK_CLASSES, "invisible", "ellipsis"},
    "p": {"quote-inline"},
}
SCHEMES = frozenset({"http", "https"})
LINK_REL = "nofollow noopener"

MAX_TAGS = 4_000
MAX_ENTITIES = 10_000  # the parser joins texts around them, each time at the price of the whole
MAX_STYLED = 64
MAX_GROWTH = 8

_CLEANER = nh3.Cleaner(
    tags=set(TAGS),
    attributes=ATTRIBUTES,
    allowed_classes=CLASSES,
    url_schemes=set(SCHEMES),
    url_relative="deny",
    link_rel=LINK_REL,
    set_tag_attribute_values={"a": {"target": "_blank"}},
)
_BARE_CLEANER = nh3.Cleaner(tags=set(TAGS), attributes={"*": set()}, link_rel=None)

VERIFIED_SHORTCODE = ":verified_clinician:"

_BLOCK = re.compile(r"</?(?:p|pre|blockquote|h[1-5]|ul|ol)>")
_LINE = re.compile(r"<br>|</?li>")
_TAG = re.compile(r"</?[A-Za-z!?][^<>]*>")
# Each of these that is left open is opened again in every later paragraph, once per set of attributes (HTML §13.2.4.3).
_STYLED = re.compile(r"<(?:b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)[\s/]", re.IGNORECASE)

# Controls, embeddings, overrides and isolates (a name must not reorder what follows it), and characters without width.
# LRM, RLM, ALM and the joiners stay: right-to-left names, Persian and emoji need them.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u034f\u115f\u1160\u180e\u200b\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\U000e0001]"
)
_SPACES = re.compile(r"\s+")
_BLANK_LINES = re.compile(r"\n{3,}")

# Check marks, staffs and stethoscopes, with the joiner before and the variation selector after them.
_LOOK_ALIKES = re.compile("\u200d?[✓✔☑✅⍻√⚕⚚☤\U0001fa7a\U0001f5f8\U0001f5f9\U0001fbb1\U00010102][\ufe0e\ufe0f]?")
_CLAIMING_SHORTCODE = re.compile(r":\w{0,40}(?:verif|v[ée]rifi|certifi|clinician|clinicien)\w{0,40}:", re.IGNORECASE)


def clean_html(html: str) -> str:
    """Remote HTML reduced to Mastodon's tags, attributes and classes; links are http(s), `nofollow noopener`.

    ProtocolError for markup that no honest program writes and that would take long to parse.
    """
    _refuse_costly(html)
    cleaned = _CLEANER.clean(html)
    if len(cleaned) > MAX_GROWTH * len(html) + 1_000:
        raise ProtocolError(Fault.TOO_COMPLEX, f"{len(html)} characters of HTML grew to {len(cleaned)}")
    return cleaned


def to_text(html: str) -> str:
    """What a person reads of some HTML: paragraphs by blank lines, entities resolved, tags gone."""
    _refuse_costly(html)
    marked = _BARE_CLEANER.clean(html).replace("\n", " ")
    broken = _LINE.sub("\n", _BLOCK.sub("\n\n", marked))
    lines = (line.strip() for line in unescape(_TAG.sub("", broken)).split("\n"))
    return _BLANK_LINES.sub("\n\n", "\n".join(lines)).strip()


def clean_text(text: str, limit: int) -> str:
    """A name, title or content warning: one line of at most `limit` characters, without tags and unseen characters."""
    return _SPACES.sub(" ", _visible(text)).strip()[:limit].strip()


def clean_lines(text: str, limit: int) -> str:
    """A description: as `clean_text`, but its line breaks stay."""
    lines = (clean_text(line, limit) for line in _visible(text).split("\n"))
    return _BLANK_LINES.sub("\n\n", "\n".join(lines)).strip()[:limit].strip()


def strip_badge(text: str) -> str:
    """A display name that claims nothing: for everyone who is not verified, here or elsewhere.

    The reserved shortcode is drawn as the badge by every app, look-alikes are taken for it (client_behaviour.md §14).
    """
    stripped = text
    while (once := _CLAIMING_SHORTCODE.sub("", _LOOK_ALIKES.sub("", stripped))) != stripped:
        stripped = once
    return _SPACES.sub(" ", stripped).strip() if stripped != text else text


def _visible(text: str) -> str:
    normal = unicodedata.normalize("NFC", _UNSEEN.sub("", text))
    for _ in range(3):
        if not _TAG.search(normal):
            return normal
        normal = _TAG.sub("", normal)
    return normal.replace("<", "")


def _refuse_costly(html: str) -> None:
    if html.count("<") > MAX_TAGS or html.count("&") > MAX_ENTITIES or len(_STYLED.findall(html)) > MAX_STYLED:
        raise ProtocolError(Fault.TOO_COMPLEX, "HTML with too many tags or entities")
