"""Sound and film written anew: what stays of them, what never does, and what ffmpeg may reach."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest
from PIL import Image

from tests.web.clips import FILMS, PLACE, SECRET, SOUNDS, clip, make, needs_ffmpeg, transcoder, turned
from tests.web.live import gallery, picture
from web import confined
from web.containers import AAC, FLAC, MP3, MP4, OGG, WAV, WEBM, Container, container_of
from web.images import BROKEN, Refused
from web.recordings import BrokenError, Recording, Tools, Transcoder, _judge, _reading, find_tools

ALL = (MP3, AAC, FLAC, WAV, OGG, WEBM, MP4)
CONTAINERS = {
    "mp3": MP3, "opus": OGG, "aac": AAC, "m4a": MP4, "flac": FLAC, "wav": WAV, "weba": WEBM,
    "mp4": MP4, "mov": MP4, "webm": WEBM, "silent": MP4,
}  # fmt: skip
PLAYLISTS = {
    "hls": "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:1.0,\n{address}\n#EXT-X-ENDLIST\n",
    "concat": "ffconcat version 1.0\nfile '{address}'\n",
    "dash": "<?xml version='1.0'?><MPD><Period><AdaptationSet><BaseURL>{address}</BaseURL></AdaptationSet></Period></MPD>",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=video 9 RTP/AVP 96\n",
    "subtitles": "WEBVTT\n\n00:00.000 --> 00:01.000\n{address}\n",
}


def keep(folder: Path, data: bytes) -> Path:
    path = folder / "source"
    path.write_bytes(data)
    return path


def names_in(folder: Path, pattern: str) -> list[str]:
    return [path.name for path in folder.glob(pattern)]


async def write(folder: Path, kind: str, data: bytes) -> Path:
    source, format_ = keep(folder, data), CONTAINERS[kind].format
    return await (transcoder().film if kind in FILMS else transcoder().sound)(source, format_)


@needs_ffmpeg
@pytest.mark.parametrize("kind", [*SOUNDS, *FILMS])
async def test_nothing_but_pictures_and_sound_stays(tmp_path: Path, kind: str) -> None:
    given = clip(kind)
    assert container_of(given[:4096]) is CONTAINERS[kind]
    if kind != "aac":  # it has no place for words
        assert SECRET.encode() in given
    found = await transcoder().probe(keep(tmp_path, given), CONTAINERS[kind])
    assert isinstance(found, Recording)
    assert found.kind == ("video" if kind in FILMS else "audio")
    written = await write(tmp_path, kind, given)
    for trace in (SECRET.encode(), PLACE.encode(), b"\xa9xyz", b"loci", b"ID3"):
        assert trace not in written.read_bytes()
    again = await transcoder().probe(written, MP4 if kind in FILMS else MP3)
    assert isinstance(again, Recording)
    assert again.duration == pytest.approx(0.5, abs=0.15)
    if kind in FILMS:
        assert (again.width, again.height, again.frame_rate) == (64, 48, "10/1")
    assert again.audio == (None if kind == "silent" else "aac" if kind in FILMS else "mp3")


@needs_ffmpeg
async def test_other_tracks_and_chapters_are_dropped(tmp_path: Path) -> None:
    (tmp_path / "words.srt").write_text(f"1\n00:00:00,000 --> 00:00:01,000\n{SECRET}\n")
    (tmp_path / "chapters").write_text(f";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=400\ntitle={SECRET}\n")
    keep(tmp_path, clip("mp4")).rename(tmp_path / "film.mp4")
    inputs = ("-i", "film.mp4", "-i", "words.srt", "-i", "chapters")
    attached = ("-attach", "words.srt", "-metadata:s:t", "mimetype=text/plain", "-metadata:s:t", f"filename={SECRET}")
    given = make(
        tmp_path, *inputs, "-map", "0", "-map", "1", "-map_metadata", "2", "-c", "copy", *attached, "-f", "matroska"
    )
    assert given.count(SECRET.encode()) >= 3
    written = await write(tmp_path, "webm", given)
    assert SECRET.encode() not in written.read_bytes()
    asked = ["ffprobe", "-v", "error", "-show_entries", "stream=codec_type:chapter=id", "-of", "csv=p=0", str(written)]
    shown = subprocess.run(asked, capture_output=True, text=True, check=True, timeout=60)  # noqa: ASYNC221
    assert shown.stdout.split() == ["video", "audio"]


@needs_ffmpeg
async def test_a_film_is_turned_upright(tmp_path: Path) -> None:
    found = await transcoder().probe(await write(tmp_path, "mp4", turned(clip("mp4"))), MP4)
    assert isinstance(found, Recording)
    assert (found.width, found.height) == (48, 64)


@needs_ffmpeg
async def test_a_poster_is_the_first_picture(tmp_path: Path) -> None:
    film = await write(tmp_path, "webm", clip("webm"))
    (tmp_path / "shown.png").write_bytes(await transcoder().poster(film))
    with Image.open(tmp_path / "shown.png") as shown:
        assert shown.size == (64, 48)


@needs_ffmpeg
async def test_what_is_large_is_made_smaller_and_what_is_odd_even(tmp_path: Path) -> None:
    for given, expected in (("2200x1001", (2134, 970)), ("65x33", (64, 32))):
        bars = ("-f", "lavfi", "-i", f"color=s={given}:r=10:d=0.1")
        source = keep(tmp_path, make(tmp_path, *bars, "-c:v", "mpeg4", "-f", "mp4"))
        found = await transcoder().probe(await transcoder().film(source, "mov"), MP4)
        assert isinstance(found, Recording)
        assert (found.width, found.height) == expected


@pytest.mark.parametrize("playlist", PLAYLISTS.values(), ids=PLAYLISTS)
def test_what_names_other_files_is_not_told_as_a_recording(playlist: str) -> None:
    assert container_of(playlist.encode()) is None


@needs_ffmpeg
@pytest.mark.parametrize(("kind", "containers"), [("hls", ALL), ("concat", (MP3, MP4))])
async def test_what_names_other_files_is_never_understood(
    tmp_path: Path, kind: str, containers: tuple[Container, ...]
) -> None:
    """Whatever it was told to be, were it told so."""
    (tmp_path / "other").write_bytes(clip("mp4"))
    data = PLAYLISTS[kind].format(address="other").encode()
    for container in containers:
        assert await transcoder().probe(keep(tmp_path, data), container) in {BROKEN, Refused("type")}


@needs_ffmpeg
@pytest.mark.parametrize("program", ["ffmpeg", "ffprobe"])
async def test_ffmpeg_reaches_no_network_and_guesses_no_format(tmp_path: Path, program: str) -> None:
    """What a file could make it open, were there a format that does: each guard alone holds."""
    tools = find_tools("ffmpeg")
    assert tools
    tool, ending = (tools.ffmpeg, ("-f", "null", "-")) if program == "ffmpeg" else (tools.ffprobe, ())
    keep(tmp_path, clip("mp4")).rename(tmp_path / "other")
    told = _reading("mov", tmp_path / "other")
    await transcoder().run(tool, tmp_path, *told, *ending)
    async with gallery() as there:
        elsewhere = [there.url() if one == "file:other" else one for one in told]
        with pytest.raises(BrokenError):
            await transcoder().run(tool, tmp_path, *elsewhere, *ending)
        assert there.requests == []
    guessing = _reading("mov", keep(tmp_path, PLAYLISTS["concat"].format(address="other").encode()))
    guessing = (*guessing[: guessing.index("-enable_drefs")], *guessing[guessing.index("-f") + 2 :])
    with pytest.raises(BrokenError):
        await transcoder().run(tool, tmp_path, *guessing, *ending)


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"<?xml version='1.0'?><svg/>",
        b"#EXTM3U",
        b"ffconcat version 1.0",
        b"WEBVTT",
        b"%PDF-1.7",
        b"\xff\xfeh\0t\0m\0l\0",
        b"\xff\xd8\xff\xe0",
        b"RIFF\0\0\0\0WEBPVP8 ",
        b"RIFF\0\0\0\0AVI LIST",
        b"\0\0\0\x18ftypheic\0\0\0\0",
        b"\0\0\0\x18ftypavif\0\0\0\0",
        b"\0\0\0\x18ftypmp42".ljust(128, b"\0") + b"DICM",
        b"OggS".ljust(128, b"\0") + b"DICM",
        b"\x1a\x45\xdf\xa3".ljust(128, b"\0") + b"DICM",
    ],
)
def test_what_is_no_sound_or_film(head: bytes) -> None:
    assert container_of(head) is None


def test_old_quicktime_has_no_brand() -> None:
    assert [container_of(b"\0\0\0\x08" + kind) for kind in (b"moov", b"mdat", b"wide")] == [MP4] * 3


def said(**changes: Any) -> dict[str, Any]:
    """What ffprobe says of a film."""
    film = {"codec_type": "video", "codec_name": "h264", "width": 64, "height": 48, "avg_frame_rate": "25/1", **changes}
    sound = {"codec_type": "audio", "codec_name": "aac", "sample_rate": "44100", "channels": 1}
    return {"streams": [film, sound], "format": {"duration": changes.get("duration", "1.5"), "bit_rate": "1000"}}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"width": 3842, "height": 2160}, "3842x2160"),
        ({"width": 10**9, "height": 1}, "1000000000x1"),
        ({"avg_frame_rate": "121/1"}, "121fps"),
        ({"duration": "302"}, "long"),
        ({"width": 0}, "broken"),
        ({"height": None}, "broken"),
        ({"codec_name": "tiff", "duration": "3602"}, "long"),  # its sound is left, which may be longer
    ],
)
def test_what_is_too_much(changes: dict[str, Any], reason: str) -> None:
    assert _judge(said(**changes)) == Refused(reason)


def test_what_is_just_not_too_much() -> None:
    found = _judge(said(width=3840, height=2160, avg_frame_rate="120/1", duration="300"))
    assert isinstance(found, Recording)
    assert orjson.loads(found.details()) == {
        "frame_rate": "120/1", "duration": 300.0, "bitrate": 1000, "audio": "aac", "sample_rate": 44100, "channels": 1,
    }  # fmt: skip


def test_a_picture_on_the_cover_is_no_film() -> None:
    cover = said(disposition={"attached_pic": 1})
    found = _judge(cover)
    assert isinstance(found, Recording)
    assert (found.kind, found.width, found.frame_rate) == ("audio", None, None)
    assert _judge({"streams": cover["streams"][:1], "format": {}}) == Refused("type")


@pytest.mark.parametrize("text", ["N/A", "nan", "inf", "-1", None, {}, "0/0"])
def test_what_ffprobe_cannot_tell_is_not_known(text: Any) -> None:
    answer = said(avg_frame_rate=text)
    answer["format"] = {"duration": text, "bit_rate": text}
    found = _judge(answer)
    assert isinstance(found, Recording)
    assert (found.duration, found.bitrate, found.frame_rate) == (None, None, None)


def program(folder: Path, *lines: str) -> Tools:
    script = folder / "program"
    script.write_text("\n".join((f"#!{sys.executable}", "import json, os, sys, time", *lines)))
    script.chmod(0o700)
    return Tools(str(script), str(script))


@pytest.mark.parametrize(
    "lie",
    ["", "print('{')", "print('[]')", "print(json.dumps({'streams': [1], 'format': 2}))", "sys.exit(1)",
     "print('{', 'a' * 100_000)", "print(json.dumps({'streams': [{'codec_type': 'video'}], 'format': {}}))"],
)  # fmt: skip
async def test_a_child_that_was_taken_over_is_not_believed(tmp_path: Path, lie: str) -> None:
    found = await Transcoder(program(tmp_path, lie)).probe(keep(tmp_path, b"x"), MP4)
    assert found in {BROKEN, Refused("type")}


async def test_a_child_that_hangs_is_killed_with_what_it_started(tmp_path: Path) -> None:
    """The pipe that both hold has come to its end."""
    tools = program(tmp_path, "os.fork()", "open('pid%d' % os.getpid(), 'w').close()", "time.sleep(600)")
    with pytest.raises(BrokenError):
        await Transcoder(tools, seconds=1).sound(keep(tmp_path, b"x"), "mp3")
    assert len(names_in(tmp_path, "pid*")) == 2


async def test_a_child_is_limited_and_knows_nothing_of_us(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONFRERE_DATABASE", SECRET)
    tools = program(
        tmp_path,
        "import resource as r",
        "kinds = (r.RLIMIT_AS, r.RLIMIT_CPU, r.RLIMIT_FSIZE, r.RLIMIT_NOFILE, r.RLIMIT_CORE)",
        "limits = [r.getrlimit(kind) for kind in kinds]",
        f"print(json.dumps([limits, {SECRET!r} in str(os.environ), os.getcwd(), os.nice(0), sys.stdin.read()]))",
    )
    answer = orjson.loads(await Transcoder(tools).run(tools.ffmpeg, tmp_path))
    most = (confined.MEMORY, confined.SECONDS, confined.OUTPUT, confined.FILES, 0)
    assert answer[0] == [[one, one] for one in most]
    assert answer[1:] == [False, str(tmp_path), 10, ""]


@needs_ffmpeg
async def test_what_cannot_be_decoded(tmp_path: Path) -> None:
    """Its head is whole, so that it is told what it is; its pictures are not."""
    film = clip("mp4")
    body = film.index(b"mdat") + 4
    with pytest.raises(BrokenError):
        await write(tmp_path, "mp4", film[:body] + bytes(len(film) - body))
    with pytest.raises(BrokenError):
        await transcoder().poster(keep(tmp_path, picture()))


def test_there_may_be_no_ffmpeg(tmp_path: Path) -> None:
    assert find_tools(str(tmp_path / "ffmpeg")) is None
    (tmp_path / "ffmpeg").write_text("#!/bin/sh\n")
    (tmp_path / "ffmpeg").chmod(0o700)
    assert find_tools(str(tmp_path / "ffmpeg")) is None
    (tmp_path / "ffprobe").write_text("#!/bin/sh\n")
    (tmp_path / "ffprobe").chmod(0o700)
    assert find_tools(str(tmp_path / "ffmpeg")) == Tools(str(tmp_path / "ffmpeg"), str(tmp_path / "ffprobe"))
