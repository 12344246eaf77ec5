from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from federation.wire import objects
from federation.wire.bounded import Document
from federation.wire.errors import Fault, ProtocolError
from federation.wire.jsonld import plain
from federation.wire.objects import (
    CONVERTED_TYPES,
    MAX_OPTIONS,
    NATIVE_TYPES,
    Attachment,
    Emoji,
    Mention,
    RemoteNote,
    RemotePoll,
    Tombstone,
    parse_emojis,
    parse_note,
    parse_tombstone,
)
from federation.wire.quotes import CanQuote
from federation.wire.values import PUBLIC, moment, type_of
from tests.wire.documents import documents, fuzz, load, load_all, refused, values

ANNA = "https://b.example/ap/actors/1"


def note(**fields: Any) -> Document:
    return {"id": "https://b.example/ap/objects/1", "type": "Note", "attributedTo": ANNA, **fields}


def test_a_note_of_mastodon(reference: Path) -> None:
    document = load(reference, "mastodon/c46_create_private_reply_in_group.json")["object"]
    assert parse_note(document) == RemoteNote(
        uri="https://masto.example/ap/users/115000000000000001/statuses/5",
        type="Note",
        attributed_to="https://masto.example/ap/users/115000000000000001",
        content="<p>hello</p>",
        name="",
        summary="",
        sensitive=False,
        language="en",
        published=1795341600000,
        updated=None,
        in_reply_to="https://local.test/notes/group-mirror-1",
        url="https://masto.example/@anna/5",
        to=("https://masto.example/ap/users/115000000000000001/followers",),
        cc=("https://local.test/groups/oncology", "https://local.test/groups/oncology/followers"),
        audience=(),
        context=None,
        conversation="tag:masto.example,2026-11-22:objectId=5:objectType=Conversation",
        mentions=(Mention("https://local.test/groups/oncology", "@oncology@local.test"),),
        hashtags=(),
        emojis=(),
        attachments=(),
        poll=None,
        can_quote=CanQuote((PUBLIC,)),
    )


def _posts(value: Any) -> list[Document]:
    if not isinstance(value, dict):
        return []
    found = [value] if type_of(value) in NATIVE_TYPES | CONVERTED_TYPES else []
    return [*found, *_posts(value.get("object"))]


def test_nearly_all_posts_of_others_are_read(reference: Path) -> None:
    read, left = [], set()
    for name, document in load_all(reference).items():
        for post in _posts(plain(document)):
            try:
                read.append(parse_note(post))
            except ProtocolError as error:
                left.add((name, error.reason))
    assert len(read) >= 65
    assert {one.type for one in read} >= {
        "Note",
        "Question",
        "Article",
        "Page",
        "Video",
        "Event",
        "Audio",
        "ChatMessage",
    }
    assert sum(bool(one.attachments) for one in read) >= 6
    assert sum(bool(one.mentions) for one in read) >= 15
    assert sum(bool(one.hashtags) for one in read) >= 8
    # Documentation without ids, and a test whose author is not on the post's host.
    assert {reason for _, reason in left} == {Fault.URI_REFUSED, Fault.ORIGIN_MISMATCH}
    assert [name for name, reason in left if reason is Fault.ORIGIN_MISMATCH] == ["pixelfed/create_image_note.json"]


def test_a_page_of_lemmy(reference: Path) -> None:
    page = parse_note(load(reference, "lemmy/objects__page.json"))
    assert (page.type, page.name, page.language) == ("Page", "Post title", "fr")
    assert page.audience == ("https://enterprise.lemmy.ml/c/tenforward",)
    assert page.context == "https://enterprise.lemmy.ml/post/55143/context"


def test_a_video_of_peertube(reference: Path) -> None:
    video = parse_note(load(reference, "peertube/objects__video.json"))
    assert video.type == "Video"
    assert video.attributed_to.startswith("https://")
    assert video.url
    assert "/videos/watch/" in video.url


def test_a_comment_of_peertube_is_markdown(reference: Path) -> None:
    assert parse_note(load(reference, "peertube/objects__note.json")).content == "<p>@af2@bae.st idk</p>"
    assert (
        parse_note(note(content="<b>1 < 2</b>", mediaType="text/plain")).content == "<p>&lt;b&gt;1 &lt; 2&lt;/b&gt;</p>"
    )
    assert parse_note(note(content="<b>x</b>", mediaType="text/html")).content == "<b>x</b>"


def test_an_attachment_of_pixelfed(reference: Path) -> None:
    document = load(reference, "pixelfed/create_image_note.json") | {
        "attributedTo": "https://pixelfed.local/users/karen"
    }
    parsed = parse_note(document)
    assert parsed.attachments[0].blurhash == "U8H-lR?]4mQS0NWaE5kS9qrr9tEgMdZ~$|X9"
    assert (parsed.attachments[0].width, parsed.attachments[0].height) == (1440, 1080)
    assert parsed.hashtags[:2] == ("collage", "art")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"content": "x"}, ("x", None)),
        ({"content": "x", "contentMap": {"fr": "x"}}, ("x", "fr")),
        ({"content": "y", "contentMap": {"fr": "x", "en": "y"}}, ("y", "en")),
        ({"contentMap": {"fr": "x"}}, ("x", "fr")),
        ({"contentMap": {"fr": 3, "en": "y"}}, ("y", "fr")),
        ({"contentMap": {}}, ("", None)),
        ({"content": None, "contentMap": "x"}, ("", None)),
        ({"content": "x", "contentMap": {"und": "x"}}, ("x", None)),
        ({"content": "x", "contentMap": {"<script>": "x"}}, ("x", None)),
        ({"content": "x", "language": {"identifier": "pt-BR"}}, ("x", "pt-BR")),
        ({"content": "x", "language": {"identifier": 3}}, ("x", None)),
        ({"content": "x", "language": "de"}, ("x", "de")),
    ],
)
def test_content_and_language(fields: Document, expected: tuple[str, str | None]) -> None:
    parsed = parse_note(note(**fields))
    assert (parsed.content, parsed.language) == expected


def test_singles_and_arrays_are_the_same() -> None:
    tag = {"type": "Hashtag", "name": "#cas"}
    assert parse_note(note(to=PUBLIC, tag=tag)) == parse_note(note(to=[PUBLIC], tag=[tag]))


@pytest.mark.parametrize(
    ("tag", "name", "expected"),
    [
        ({"type": "Mention", "href": ANNA, "name": "@anna"}, "mentions", (Mention(ANNA, "@anna"),)),
        ({"type": "Mention", "href": ANNA}, "mentions", (Mention(ANNA, ""),)),
        ({"type": "Mention", "href": "javascript:x"}, "mentions", ()),
        ({"type": "Hashtag", "href": ANNA, "name": "@anna"}, "mentions", ()),
        ({"type": "Hashtag", "name": "#Œdème"}, "hashtags", ("Œdème",)),
        ({"type": "Hashtag", "name": "cas"}, "hashtags", ("cas",)),
        ({"type": "Hashtag", "name": "#a b"}, "hashtags", ()),
        ({"type": "Hashtag", "name": None}, "hashtags", ()),
        ({"type": "Tag", "name": "cas"}, "hashtags", ()),
        ([{"type": "Hashtag", "name": "#x"}, {"type": "Hashtag", "name": "#x"}], "hashtags", ("x",)),
        (
            {"type": "Emoji", "name": ":cat:", "icon": {"url": "https://b.example/cat.png"}},
            "emojis",
            (Emoji("cat", "https://b.example/cat.png"),),
        ),
        ({"type": "Emoji", "name": ":cat:", "icon": {}}, "emojis", ()),
        ({"type": "Emoji", "name": ":c t:", "icon": "https://b.example/cat.png"}, "emojis", ()),
        ({"type": "Hashtag", "name": ":cat:", "icon": "https://b.example/cat.png"}, "emojis", ()),
        ("text", "mentions", ()),
    ],
)
def test_tags(tag: Any, name: str, expected: tuple[object, ...]) -> None:
    assert getattr(parse_note(note(tag=tag)), name) == expected


def test_an_attachment_is_read_whole() -> None:
    document = {
        "type": "Image",
        "mediaType": "image/png",
        "url": [{"type": "Link", "href": "https://b.example/1.png"}],
        "name": "an <b>ECG</b>\nof lead II\u202e",
        "width": 640,
        "height": 480,
        "blurhash": "LEHV6nWB2yk8pyo0adR*.7kCMdnj",
        "focalPoint": [0.5, -1],
    }
    assert parse_note(note(attachment=document)).attachments == (
        Attachment(
            url="https://b.example/1.png",
            media_type="image/png",
            name="an ECG\nof lead II",
            width=640,
            height=480,
            blurhash="LEHV6nWB2yk8pyo0adR*.7kCMdnj",
            focal=(0.5, -1.0),
        ),
    )


@pytest.mark.parametrize(
    ("fields", "name", "expected"),
    [
        ({"name": None, "summary": "alt"}, "name", "alt"),  # GoToSocial 0.20.0
        ({"mediaType": "nonsense"}, "media_type", ""),
        ({"width": -1}, "width", None),
        ({"height": 10**6}, "height", None),
        ({"blurhash": "<script>"}, "blurhash", None),
        ({"focalPoint": [2, 0]}, "focal", None),
        ({"focalPoint": [0]}, "focal", None),
        ({"focalPoint": "0,0"}, "focal", None),
        ({"href": "https://b.example/2.png", "url": None}, "url", "https://b.example/2.png"),
        ({"duration": "PT1H1M1.5S"}, "duration", 3_661.5),
        ({"duration": "PT90S"}, "duration", 90.0),
        ({"duration": "PT0S"}, "duration", None),
        ({"duration": "PT24H"}, "duration", None),
        ({"duration": "P1D"}, "duration", None),
        ({"duration": 90}, "duration", None),
    ],
)
def test_odd_attachments(fields: Document, name: str, expected: object) -> None:
    document = {"type": "Document", "url": "https://b.example/1.png", **fields}
    (attachment,) = parse_note(note(attachment=document)).attachments
    assert getattr(attachment, name) == expected


def test_what_is_no_file_is_not_attached() -> None:
    assert parse_note(note(attachment=[{"type": "Image"}, {"type": "Link", "href": ANNA}, "x"])).attachments == ()


def test_names_and_summaries_are_text() -> None:
    parsed = parse_note(note(name="A\u202e <b>title</b>", summary="<p>cas\nclinique</p>", sensitive=True))
    assert (parsed.name, parsed.summary, parsed.sensitive) == ("A title", "cas clinique", True)


def test_tags_and_attachments_are_bounded() -> None:
    tags = [{"type": "Hashtag", "name": f"x{number}"} for number in range(1000)]
    files = [{"type": "Image", "url": f"https://b.example/{number}"} for number in range(1000)]
    parsed = parse_note(note(tag=tags, attachment=files))
    assert len(parsed.hashtags) == objects.MAX_TAGS
    assert len(parsed.attachments) == objects.MAX_ATTACHMENTS


def test_text_is_refused_rather_than_shortened() -> None:
    long = "x" * (objects.MAX_CONTENT + 1)
    assert parse_note(note(content=long[:-1])).content == long[:-1]
    for fields in ({"content": long}, {"contentMap": {"en": long}}, {"summary": "x" * (objects.MAX_SUMMARY + 1)}):
        with refused(Fault.TOO_LARGE):
            parse_note(note(**fields))
    assert parse_note(note(type="Article", name="Long", content=long)).content == ""  # only its title is shown


def test_an_author_speaks_for_its_own_origin_only() -> None:
    with refused(Fault.ORIGIN_MISMATCH):
        parse_note(note(id="https://a.example/1"))
    with refused(Fault.URI_REFUSED):
        parse_note(note(attributedTo=None))
    with refused(Fault.URI_REFUSED):
        parse_note(note(id=None))


def test_of_several_authors_the_person_counts() -> None:
    channel, person = {"type": "Group", "id": "https://b.example/c"}, {"type": "Person", "id": ANNA}
    assert parse_note(note(attributedTo=[channel, person])).attributed_to == ANNA
    assert parse_note(note(attributedTo=[ANNA, "https://b.example/c"])).attributed_to == ANNA


def test_where_a_post_was() -> None:
    gone = {"id": "https://b.example/ap/objects/1", "type": "Tombstone", "deleted": "2026-11-22T10:00:00Z"}
    assert parse_tombstone(gone) == Tombstone("https://b.example/ap/objects/1", 1_795_341_600_000)
    with refused(Fault.TOMBSTONE):
        parse_note(gone)
    with refused(Fault.TYPE_UNSUPPORTED):
        parse_tombstone(note())


def test_plain_text_becomes_paragraphs() -> None:
    assert (
        parse_note(note(content="one <b>\n\ntwo", mediaType="text/markdown")).content
        == "<p>one &lt;b&gt;</p><p>two</p>"
    )


def test_tombstones(reference: Path) -> None:
    document = load(reference, "lemmy/objects__tombstone.json")
    assert parse_tombstone(document).uri == document["id"]
    assert parse_tombstone({"id": ANNA, "type": "Tombstone", "deleted": "2026-11-22T10:00:00Z"}) == Tombstone(
        ANNA, 1795341600000
    )
    with refused(Fault.TOMBSTONE):
        parse_note(document)
    with refused(Fault.TYPE_UNSUPPORTED):
        parse_tombstone(note())
    with refused(Fault.URI_REFUSED):
        parse_tombstone({"type": "Tombstone"})


@pytest.mark.parametrize("kind", ["Quotation", "Person", "", None, {"a": 1}])
def test_other_types_are_refused(kind: object) -> None:
    with refused(Fault.TYPE_UNSUPPORTED):
        parse_note(note(type=kind))


def test_emojis_of_an_actor(reference: Path) -> None:
    emojis = parse_emojis(load(reference, "pleroma/objects__person.json"))
    assert [emoji.shortcode for emoji in emojis] == ["anarchy", "bzh", "gentoo"]


@fuzz
@given(documents, values)
def test_any_document_is_a_note_or_refused(document: Document, value: object) -> None:
    for candidate in (document, {**note(), **document}, note(tag=value, attachment=value, contentMap=value)):
        try:
            parse_note(candidate)
        except ProtocolError:
            continue


OPTIONS = [
    {"type": "Note", "name": "Oui", "replies": {"type": "Collection", "totalItems": 3}},
    {"type": "Note", "name": "Non"},
]


def question(**fields: Any) -> Document:
    return {**note(), "type": "Question", **fields}


def test_polls_of_others(reference: Path) -> None:
    found = parse_note(load(reference, "mastodon/create_question.json")["object"]).poll
    assert found is not None
    assert found.options[:2] == ("Dunno", "Everyone knows that!")
    assert (found.tallies[:2], found.multiple, found.closed) == ((0, 1), False, False)
    assert found.expires_at == 1_557_565_416_000
    for name in ("pleroma/poll_modified.json", "pleroma/poll_original.json", "fep/9967_question_1.json"):
        document = load(reference, name)
        assert parse_note(document.get("object", document)).poll is not None, name


def test_what_a_poll_says_of_itself() -> None:
    ended = "2026-11-20T10:00:00Z"
    open_ = parse_note(question(oneOf=OPTIONS)).poll
    assert open_ == RemotePoll(("Oui", "Non"), (3, 0), multiple=False, voters=None, expires_at=None, closed=False)
    closed = parse_note(question(anyOf=OPTIONS, closed=ended, votersCount=3)).poll
    assert closed is not None
    assert (closed.multiple, closed.voters, closed.closed, closed.expires_at) == (True, 3, True, moment(ended))
    over = parse_note(question(oneOf=OPTIONS, closed=True, endTime=ended)).poll
    assert over is not None
    assert (over.closed, over.expires_at) == (True, moment(ended))


@pytest.mark.parametrize("options", [None, [], "x", [{}], [{"name": ""}], [OPTIONS[0], OPTIONS[0]]])
def test_a_question_without_options_is_a_note(options: Any) -> None:
    assert parse_note(question(oneOf=options)).poll is None


def test_odd_counts_count_nothing() -> None:
    odd = [
        {"name": str(n), "replies": replies}
        for n, replies in enumerate(({"totalItems": -1}, {"totalItems": "2"}, 5, None))
    ]
    found = parse_note(question(oneOf=odd, votersCount=-3)).poll
    assert found is not None
    assert (set(found.tallies), found.voters) == ({0}, None)


def test_a_poll_too_long_is_refused_whole() -> None:
    many_ = [{"name": str(n)} for n in range(MAX_OPTIONS + 1)]
    with pytest.raises(ProtocolError) as caught:
        parse_note(question(oneOf=many_))
    assert caught.value.reason is Fault.TOO_LARGE
    assert parse_note(question(oneOf=many_[1:])).poll is not None


def test_what_is_a_vote() -> None:
    assert parse_note(note(name="Oui", inReplyTo="https://b.example/q", content="")).is_vote
    assert not parse_note(note(name="Oui", inReplyTo="https://b.example/q", content="<p>Oui</p>")).is_vote
    assert not parse_note(note(name="Oui", content="")).is_vote
    assert not parse_note(note(content="", inReplyTo="https://b.example/q")).is_vote


PICTURE = {"type": "Image", "url": "https://b.example/a.JPG?w=1"}


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ({"image": PICTURE}, [("https://b.example/a.JPG?w=1", "image/jpeg")]),
        ({"image": "https://b.example/a.webp"}, [("https://b.example/a.webp", "image/webp")]),
        ({"icon": [{**PICTURE, "mediaType": "image/png"}, PICTURE]}, [("https://b.example/a.JPG?w=1", "image/png")]),
        ({"image": 4, "icon": [None]}, []),
        ({"image": PICTURE, "attachment": {"type": "Link", "href": "https://c.example/"}}, [(PICTURE["url"], "image/jpeg")]),
        ({"image": PICTURE, "attachment": {**PICTURE, "url": "https://b.example/b.png"}}, [("https://b.example/b.png", "image/png")]),
        ({"attachment": {**PICTURE, "url": "https://b.example/b.svg"}}, [("https://b.example/b.svg", "")]),
        ({"attachment": {"type": "Document", "url": "https://b.example/b.png"}}, [("https://b.example/b.png", "")]),
    ],
)  # fmt: skip
def test_the_picture_of_what_is_shown_as_a_link(fields: dict[str, Any], shown: list[tuple[str, str]]) -> None:
    page = note(type="Page", **fields)
    assert [(one.url, one.media_type) for one in parse_note(page).attachments] == shown


def test_a_note_shows_what_is_attached_and_no_other_picture() -> None:
    assert parse_note(note(image=PICTURE, icon=PICTURE)).attachments == ()


@pytest.mark.parametrize("name", ["items", "orderedItems"])
def test_hashtags_of_a_profile(name: str) -> None:
    items = [{"type": "Hashtag", "name": tag} for tag in ("#ECG", "ECG", "a b", "cardio")]
    others = ["https://b.example/tags/x", {"type": "Mention", "name": "anna"}, None]
    assert objects.parse_hashtags({name: [*others, *items]}, 99) == ("ECG", "cardio")
    assert objects.parse_hashtags({name: items}, 1) == ("ECG",)
    assert objects.parse_hashtags({}, 9) == ()
