"""What kind of sound or film a file is, told by its first bytes alone: names and declared types are anybody's guess.

Whatever is not told apart here goes to the image decoder, which refuses what is no image. What is told is the only
format that ffmpeg is let read it as, so no playlist and no other file that names further ones is ever understood.
"""

import re
from dataclasses import dataclass
from pathlib import Path

HEAD = 4_096


@dataclass(frozen=True, slots=True)
class Container:
    """ffmpeg's name of a format, the extension under which a file of it is kept, and its types as sound and as film."""

    format: str
    extension: str
    audio: str
    video: str


MP3 = Container("mp3", "mp3", "audio/mpeg", "")
AAC = Container("aac", "aac", "audio/aac", "")
FLAC = Container("flac", "flac", "audio/flac", "")
WAV = Container("wav", "wav", "audio/wav", "")
OGG = Container("ogg", "ogg", "audio/ogg", "video/ogg")
WEBM = Container("matroska", "webm", "audio/webm", "video/webm")
MP4 = Container("mov", "mp4", "audio/mp4", "video/mp4")

_HEADS: tuple[tuple[re.Pattern[bytes], Container], ...] = (
    (re.compile(rb"\xff[\xf0\xf1\xf8\xf9]"), AAC),  # layer 00 of MPEG audio's header is ADTS
    (re.compile(rb"ID3[\x02-\x04]|\xff[\xe2\xe3\xf2\xf3\xfa\xfb]"), MP3),
    (re.compile(rb"fLaC"), FLAC),
    (re.compile(rb"RIFF.{4}WAVE", re.DOTALL), WAV),
    (re.compile(rb"OggS"), OGG),
    (re.compile(rb"\x1a\x45\xdf\xa3"), WEBM),
    # A `ftyp` of pictures (HEIC, AVIF) is none of ours. Old QuickTime files have no `ftyp` at all.
    (re.compile(rb".{4}(?:ftyp(?!hei|hev|avi|mif|msf)|moov|mdat|wide)", re.DOTALL), MP4),
)


def container_of(head: bytes) -> Container | None:
    """None for anything that is no sound or film of ours, DICOM before all (its preamble may look like any, PS3.10 §7.1)."""
    if head[128:132] == b"DICM":
        return None
    return next((container for pattern, container in _HEADS if pattern.match(head)), None)


def read_container(path: Path) -> Container | None:
    with path.open("rb") as file:
        return container_of(file.read(HEAD))
