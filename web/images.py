"""Images that strangers send, decoded and written anew by a child process whose answer is not trusted either.

One process for one image (`web.decoder`): what one image does to its decoder touches no other. Must not know whose
image it is, nor where it goes.
"""

import asyncio
import os
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import orjson

LARGEST_FILE = 16 << 20
MIME_TYPES = {"jpg": "image/jpeg", "png": "image/png", "gif": "image/gif", "webp": "image/webp"}
_DECODER = Path(__file__).with_name("decoder.py")
# Noise in lossless colours is the worst that 3840 × 2160 pixels can take.
_LARGEST_ANSWER = 64 << 20
_LARGEST_SIDE = 1 << 16


class Shape(StrEnum):
    """What an image is for: avatars and headers are cut to one size and do not move."""

    ATTACHMENT = "attachment"
    AVATAR = "avatar"
    HEADER = "header"
    EMOJI = "emoji"
    CARD = "card"


@dataclass(frozen=True, slots=True)
class Picture:
    """An encoded image of one of the types that we serve."""

    data: bytes
    extension: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Decoded:
    whole: Picture
    preview: Picture
    blurhash: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Not an image that we take: `type`, `broken`, or `WIDTHxHEIGHT` of one that is too large."""

    reason: str


BROKEN = Refused("broken")


class Decoder:
    """Runs at most `at_once` child processes; each is killed after `seconds`."""

    def __init__(self, *, at_once: int = 2, seconds: float = 30) -> None:
        self._slots = asyncio.Semaphore(at_once)
        self._seconds = seconds

    async def decode(self, data: bytes, shape: Shape) -> Decoded | Refused:
        """An image written anew: pixels only, upright, in sRGB. A decoder that fails or hangs means a broken image."""
        async with self._slots:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-I",
                str(_DECODER),
                shape,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env={},
                start_new_session=True,
            )
            try:
                async with asyncio.timeout(self._seconds):
                    return await _converse(process, data)
            except (TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
                return BROKEN
            finally:
                await end_process(process)


async def _converse(process: asyncio.subprocess.Process, data: bytes) -> Decoded | Refused:
    feeding = asyncio.create_task(_feed(process, data))
    try:
        return await _read_answer(process)
    finally:
        feeding.cancel()
        with suppress(asyncio.CancelledError):
            await feeding


async def _feed(process: asyncio.subprocess.Process, data: bytes) -> None:
    assert process.stdin is not None  # noqa: S101  # it was asked for as a pipe
    with suppress(ConnectionError):  # it has seen enough, or is dead: its answer tells
        process.stdin.write(data)
        await process.stdin.drain()
    process.stdin.close()


async def _read_answer(process: asyncio.subprocess.Process) -> Decoded | Refused:
    assert process.stdout is not None  # noqa: S101  # it was asked for as a pipe
    head = orjson.loads(await process.stdout.readuntil(b"\n"))
    match head:
        case {"refused": str(reason)}:
            return Refused(reason[:30])
        case {"blurhash": str(blurhash), "files": [whole, preview]}:
            return Decoded(
                await _read_picture(process.stdout, whole), await _read_picture(process.stdout, preview), blurhash[:100]
            )
    return BROKEN


async def _read_picture(stream: asyncio.StreamReader, head: Any) -> Picture:
    """ValueError when it is none that we would serve."""
    match head:
        case {"extension": str(extension), "width": int(width), "height": int(height), "size": int(size)} if (
            extension in MIME_TYPES
            and 0 < width < _LARGEST_SIDE
            and 0 < height < _LARGEST_SIDE
            and 0 < size <= _LARGEST_ANSWER
        ):
            return Picture(await stream.readexactly(size), extension, width, height)
    raise ValueError("no picture")


async def end_process(process: asyncio.subprocess.Process) -> None:
    """Kill it with whatever it started, and read its pipe empty, or the pipe would stay open."""
    assert process.stdout is not None  # noqa: S101  # it was asked for as a pipe
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    while await process.stdout.read(1 << 16):
        pass
    await process.wait()
