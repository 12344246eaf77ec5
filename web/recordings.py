"""Sound and film that strangers send, described and written anew by ffmpeg in a child process that may do little else.

One process for each step, in the folder of one upload (`web.confined`). ffmpeg reads the one format that was told by
content, files by the protocol `file` alone, and decodes with a few decoders alone; of what it reads only pictures and
sound go on. Must not know whose recording it is, nor where it goes.
"""

import asyncio
import math
import re
import shutil
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import orjson

from web.confined import SECONDS
from web.containers import Container
from web.images import BROKEN, Refused, end_process

LARGEST_RECORDING = 40 << 20
# Mastodon's (4.5): 4K, at most 120 frames a second.
MOST_PIXELS = 3840 * 2160
MOST_FRAMES = 120
LONGEST = {"video": 300, "audio": 3_600}  # seconds
MIME_TYPES = (
    "video/mp4", "video/webm", "video/quicktime",
    "audio/mpeg", "audio/mp3", "audio/ogg", "audio/opus", "audio/mp4", "audio/m4a", "audio/x-m4a", "audio/aac",
    "audio/flac", "audio/x-flac", "audio/wav", "audio/x-wav", "audio/wave", "audio/webm",
)  # fmt: skip

_CONFINED = Path(__file__).with_name("confined.py")
_PROBE_SECONDS = 20
_LONGEST_ANSWER = 1 << 16
# Codecs by ffmpeg's names; what decodes them may be called otherwise.
_VIDEO = frozenset({"h264", "hevc", "vp8", "vp9", "av1", "mpeg4"})
_PCM = {f"pcm_{kind}" for kind in ("u8", "s16le", "s16be", "s24le", "s32le", "f32le")}
_AUDIO = frozenset({"aac", "mp3", "opus", "vorbis", "flac", "alac", *_PCM})
_DECODERS = ",".join(sorted(_VIDEO | _AUDIO | {"gif", "mp3float", "libdav1d", "libaom-av1"}))
_RATE = re.compile(r"[1-9][0-9]{0,9}/[1-9][0-9]{0,9}")
# At most full HD, with even sides, as yuv420p wants them; sound alone at the quality of a broadcast.
_SCALE = "min(1,sqrt(2073600/(iw*ih)))"
_FILTER = f"scale=w='max(2,trunc(iw*{_SCALE}/2)*2)':h='max(2,trunc(ih*{_SCALE}/2)*2)',setsar=1"
_PICTURES = (
    "-pix_fmt", "yuv420p", "-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-maxrate", "1300k",
    "-bufsize", "2600k", "-a53cc", "0", "-threads", "2", "-movflags", "+faststart", "-write_tmcd", "0", "-f", "mp4",
)  # fmt: skip
_NOTHING_ELSE = (
    "-sn", "-dn", "-map_metadata", "-1", "-map_chapters", "-1",
    "-fflags", "+bitexact", "-flags:v", "+bitexact", "-flags:a", "+bitexact",
)  # fmt: skip
_SHOWN = "stream=codec_type,codec_name,width,height,avg_frame_rate,sample_rate,channels:stream_disposition=attached_pic"


@dataclass(frozen=True, slots=True)
class Recording:
    """What ffprobe says of a file. `duration` in seconds and `bitrate` are None where it cannot tell."""

    kind: Literal["audio", "video"]
    width: int | None
    height: int | None
    frame_rate: str | None
    duration: float | None
    bitrate: int | None
    audio: str | None
    sample_rate: int | None
    channels: int | None

    def details(self) -> str:
        """What a row keeps of it besides the size, as JSON."""
        kept = {name: value for name, value in asdict(self).items() if name not in {"kind", "width", "height"}}
        return orjson.dumps({name: value for name, value in kept.items() if value is not None}).decode()


@dataclass(frozen=True, slots=True)
class Tools:
    """Where ffmpeg and ffprobe are."""

    ffmpeg: str
    ffprobe: str


def find_tools(program: str) -> Tools | None:
    """By the name or the path of ffmpeg; ffprobe lies beside it. None where they are not: then there is no sound or film."""
    ffmpeg = shutil.which(program)
    ffprobe = shutil.which(Path(ffmpeg).with_name("ffprobe")) if ffmpeg else None
    return Tools(ffmpeg, str(ffprobe)) if ffmpeg and ffprobe else None


class BrokenError(Exception):
    """ffmpeg could make nothing of it, or not within its limits."""


class Transcoder:
    """Runs at most `at_once` child processes; each is killed when its time is over."""

    def __init__(self, tools: Tools, *, at_once: int = 2, seconds: float = SECONDS) -> None:
        self._tools = tools
        self._slots = asyncio.Semaphore(at_once)
        self._seconds = seconds

    async def probe(self, source: Path, container: Container) -> Recording | Refused:
        """What a file holds, if it is ours to take: `type`, `broken`, `long`, `WIDTHxHEIGHT` or `Nfps` say why not."""
        shown = ("-show_entries", f"{_SHOWN}:format=duration,bit_rate", "-of", "json")
        try:
            answer = await self.run(self._tools.ffprobe, source.parent, *_reading(container.format, source), *shown)
            return _judge(orjson.loads(answer))
        except (BrokenError, ValueError):  # as of orjson, for an answer that was cut off
            return BROKEN

    async def film(self, source: Path, format_: str) -> Path:
        """Pictures, with sound if there is any, as MP4 for every player. BrokenError."""
        return await self._write(
            source, format_, "written.mp4", "video", "-map", "0:V:0", "-map", "0:a:0?", "-vf", _FILTER, *_PICTURES,
            "-c:a", "aac", "-b:a", "128k", "-ac", "2",
        )  # fmt: skip

    async def sound(self, source: Path, format_: str) -> Path:
        """Sound alone, as MP3 for every player. BrokenError."""
        return await self._write(
            source, format_, "written.mp3", "audio", "-map", "0:a:0", "-vn", "-c:a", "libmp3lame", "-b:a", "128k",
            "-ac", "2", "-id3v2_version", "0", "-f", "mp3",
        )  # fmt: skip

    async def poster(self, film: Path) -> bytes:
        """The first picture of a film of ours, as PNG. BrokenError."""
        how = ("-map", "0:V:0", "-frames:v", "1", "-c:v", "png", "-f", "image2", "-update", "1")
        return await asyncio.to_thread((await self._write(film, "mov", "poster.png", "video", *how)).read_bytes)

    async def _write(self, source: Path, format_: str, name: str, kind: str, *how: str) -> Path:
        """A header may lie about the length of what follows: writing stops where what we take would end."""
        target = source.with_name(name)
        await self.run(
            self._tools.ffmpeg, source.parent, "-nostdin", "-y", "-hwaccel", "none", "-threads", "2",
            *_reading(format_, source), *how, *_NOTHING_ELSE, "-t", str(LONGEST[kind]), f"file:{name}",
        )  # fmt: skip
        if not target.is_file() or not target.stat().st_size:
            raise BrokenError(name)
        return target

    async def run(self, program: str, folder: Path, *arguments: str) -> bytes:
        """What a confined program says on its standard output. BrokenError when it fails, says too much or hangs."""
        async with self._slots:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-I", "-S", str(_CONFINED), program, "-v", "error", *arguments,
                cwd=folder, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL, env={}, start_new_session=True,
            )  # fmt: skip
            assert process.stdout is not None  # noqa: S101  # it was asked for as a pipe
            try:
                async with asyncio.timeout(self._seconds if program == self._tools.ffmpeg else _PROBE_SECONDS):
                    answer = await process.stdout.read(_LONGEST_ANSWER)
                    while more := await process.stdout.read(_LONGEST_ANSWER):
                        answer = (answer + more)[: _LONGEST_ANSWER + 1]
                    status = await process.wait()
            except TimeoutError as error:
                raise BrokenError(program) from error
            finally:
                await end_process(process)
        if status or len(answer) > _LONGEST_ANSWER:
            raise BrokenError(program)
        return answer


def _reading(format_: str, source: Path) -> tuple[str, ...]:
    """How both programs are let read: one format, files alone, few decoders."""
    return (
        "-protocol_whitelist", "file", "-format_whitelist", format_, "-codec_whitelist", _DECODERS,
        *(("-enable_drefs", "0") if format_ == "mov" else ()), "-f", format_, "-i", f"file:{source.name}",
    )  # fmt: skip


def _judge(answer: Any) -> Recording | Refused:
    """ValueError for an answer that is none of ffprobe's."""
    match answer:
        case {"streams": list(streams), "format": dict(whole)}:
            pictures = _first(streams, "video")
            sound = _first(streams, "audio")
        case _:
            raise ValueError("no answer of ffprobe")
    duration, bitrate = _number(whole.get("duration")), _number(whole.get("bit_rate"))
    audio = str(sound["codec_name"]) if sound else None
    recording = Recording(
        kind="video" if pictures else "audio",
        width=_whole(pictures.get("width")),
        height=_whole(pictures.get("height")),
        frame_rate=rate if _RATE.fullmatch(rate := str(pictures.get("avg_frame_rate"))) else None,
        duration=duration,
        bitrate=int(bitrate) if bitrate else None,
        audio=audio,
        sample_rate=_whole(sound.get("sample_rate")),
        channels=_whole(sound.get("channels")),
    )
    return _refusal(recording, pictures) or recording


def _first(streams: list[Any], kind: str) -> dict[str, Any]:
    """The first stream of a kind that we decode. A picture on the cover of a song is no film."""
    known = _VIDEO if kind == "video" else _AUDIO
    for stream in streams:
        match stream:
            case {"codec_type": str(type_), "codec_name": str(codec)} if type_ == kind and codec in known:
                if not stream.get("disposition", {}).get("attached_pic"):
                    return dict(stream)
    return {}


def _refusal(recording: Recording, pictures: dict[str, Any]) -> Refused | None:
    if not pictures and recording.audio is None:
        return Refused("type")
    if (pictures and not (recording.width and recording.height)) or (recording.audio and not recording.sample_rate):
        return BROKEN
    if (recording.width or 0) * (recording.height or 0) > MOST_PIXELS:
        return Refused(f"{recording.width}x{recording.height}")
    if recording.frame_rate and frames_per_second(recording.frame_rate) > MOST_FRAMES:
        return Refused(f"{frames_per_second(recording.frame_rate):.0f}fps")
    return Refused("long") if (recording.duration or 0) > LONGEST[recording.kind] + 1 else None


def frames_per_second(rate: str) -> float:
    """Of a fraction such as `30000/1001`."""
    frames, _, seconds = rate.partition("/")
    return int(frames) / int(seconds)


def _number(value: Any) -> float | None:
    """A number above 0 as ffprobe writes it; None for `N/A` and whatever else stands there."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) and number > 0 else None


def _whole(value: Any) -> int | None:
    number = _number(value)
    return int(number) if number is not None else None
