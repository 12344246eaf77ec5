"""Tiny recordings, made by ffmpeg: half a second of bars and a tone, with words and a place wherever one can be put."""

import subprocess
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from web.recordings import Tools, Transcoder, find_tools

TOOLS = find_tools("ffmpeg")
needs_ffmpeg = pytest.mark.skipif(TOOLS is None, reason="there is no ffmpeg here")
SECRET = "SECRET-d41d8cd9"
PLACE = "+48.8577+002.2950/"

_BARS = ("-f", "lavfi", "-i", "testsrc=s=64x48:r=10:d=0.5")
_TONE = ("-f", "lavfi", "-i", "sine=d=0.5")
_H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac")
_KINDS: dict[str, tuple[str, ...]] = {
    "mp3": (*_TONE, "-c:a", "libmp3lame", "-f", "mp3"),
    "opus": (*_TONE, "-c:a", "libopus", "-f", "ogg"),
    "aac": (*_TONE, "-c:a", "aac", "-f", "adts"),
    "m4a": (*_TONE, "-c:a", "aac", "-f", "ipod"),
    "flac": (*_TONE, "-f", "flac"),
    "wav": (*_TONE, "-f", "wav"),
    "weba": (*_TONE, "-c:a", "libopus", "-f", "webm"),
    "mp4": (*_BARS, *_TONE, *_H264, "-movflags", "+faststart", "-f", "mp4"),
    "mov": (*_BARS, *_TONE, *_H264, "-f", "mov"),
    "webm": (*_BARS, *_TONE, "-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libopus", "-f", "webm"),
    "silent": (*_BARS, *_H264, "-f", "mp4"),
}
SOUNDS = ("mp3", "opus", "aac", "m4a", "flac", "wav", "weba")
FILMS = ("mp4", "mov", "webm", "silent")


@cache
def clip(kind: str) -> bytes:
    """A recording of a kind, with a title, a comment and the place where it was taken."""
    words = [f"{name}={text}" for name, text in (("title", SECRET), ("comment", SECRET), ("location", PLACE))]
    told = [part for word in words for part in ("-metadata", word)]
    streams = ("-metadata:s:a:0", f"title={SECRET}") if kind != "silent" else ()
    with TemporaryDirectory() as folder:
        return make(Path(folder), *_KINDS[kind], *told, *streams)


def make(folder: Path, *how: str) -> bytes:
    """What ffmpeg writes when told so."""
    target = folder / "made"
    command = ["ffmpeg", "-v", "error", "-nostdin", "-y", *how, str(target)]
    subprocess.run(command, check=True, timeout=60, cwd=folder)  # our own words
    return target.read_bytes()


def transcoder(**how: float) -> Transcoder:
    assert isinstance(TOOLS, Tools)
    return Transcoder(TOOLS, **how)  # type: ignore[arg-type]


def turned(film: bytes) -> bytes:
    """The same film, taken with the telephone upright: the first track's header says to turn it by 90 degrees."""
    quarter = (0, 1 << 16, 0, -(1 << 16), 0, 0, 0, 0, 1 << 30)
    start = film.index(b"tkhd") + 4 + 40  # version 0, ISO 14496-12 §8.3.2
    matrix = b"".join(number.to_bytes(4, "big", signed=True) for number in quarter)
    return film[:start] + matrix + film[start + 36 :]
