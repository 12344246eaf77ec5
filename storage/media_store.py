"""Files on disk, named by what is in them or where it came from. Must not know whose they are, what they show or who may see them.

Equal bytes are stored once. A file is on the disk, synced with its folder, before its name is given out, so that no
committed row names a file that a power cut has taken. What comes in is written to a folder of its own first, below
`incoming`; nobody is served from there.
"""

import asyncio
import hashlib
import os
import re
import secrets
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

_NAME = re.compile(r"[0-9a-f]{64}\.(?:jpg|png|gif|webp|mp4|webm|mp3|ogg|flac|wav|aac)")
_FOLDER = re.compile(r"[0-9a-f]{32}")
# A name that `put` has just given out is in no row yet: `delete` spares what was put a moment ago.
SETTLED_SECONDS = 3600


@dataclass(slots=True)
class Incoming:
    """A folder for what comes in. It is removed in the end unless it was kept."""

    path: Path
    kept: bool = False

    async def keep(self) -> str:
        """Make what lies in it durable, and answer its name: a job is about to take it up."""
        await asyncio.to_thread(_sync_all, self.path)
        self.kept = True
        return self.path.name


class MediaStore:
    """One folder. Names look like `<sha256>.<extension>`; anything else is answered as if it were not there."""

    def __init__(self, root: Path) -> None:
        self._root = root

    async def put(self, data: bytes, extension: str) -> str:
        """Store bytes durably under their own name, and answer it."""
        name = f"{hashlib.sha256(data).hexdigest()}.{extension}"
        await self.put_as(name, data)
        return name

    async def put_as(self, name: str, data: bytes) -> None:
        """Store bytes durably under the name of where they came from (`name_of_source`). ValueError for other names."""
        if _NAME.fullmatch(name) is None:
            raise ValueError(f"{name!r} is no name of a file")
        await asyncio.to_thread(_write, self._place(name), data)

    async def put_file(self, path: Path, extension: str) -> str:
        """Move a file of an incoming folder to its place, durably, and answer its name."""
        return await asyncio.to_thread(self._move, path, extension)

    @asynccontextmanager
    async def incoming(self) -> AsyncIterator[Incoming]:
        """A new folder, which others do not know."""
        made = Incoming(self.folder(secrets.token_hex(16)))
        await asyncio.to_thread(made.path.mkdir, mode=0o700, parents=True)
        try:
            yield made
        finally:
            if not made.kept:
                await asyncio.to_thread(shutil.rmtree, made.path, ignore_errors=True)

    def folder(self, name: str) -> Path:
        """Where the folder of an upload is, or was. ValueError for other names."""
        if _FOLDER.fullmatch(name) is None:
            raise ValueError(f"{name!r} is no name of a folder")
        return self._root / "incoming" / name

    async def drop_folder(self, name: str) -> None:
        """Nobody needs what came in any more."""
        await asyncio.to_thread(shutil.rmtree, self.folder(name), ignore_errors=True)

    def list_folders_before(self, moment: int) -> list[str]:
        """Folders made before a moment (unix ms) that are still there."""
        with suppress(FileNotFoundError), os.scandir(self._root / "incoming") as found:
            return sorted(one.name for one in found if _FOLDER.fullmatch(one.name) and _is_older(one, moment))
        return []

    def find(self, name: str) -> Path | None:
        """Where a file is; None when there is none of this name."""
        path = self._place(name) if _NAME.fullmatch(name) else None
        return path if path is not None and path.is_file() else None

    async def delete(self, name: str, *, now: int) -> bool:
        """Remove a file that no row names any more (`now` in unix ms); False when it is not there or was put just now."""
        path = self.find(name)
        if path is None or now / 1000 - path.stat().st_mtime < SETTLED_SECONDS:
            return False
        await asyncio.to_thread(path.unlink, missing_ok=True)
        return True

    def count_bytes(self) -> int:
        """What all files take together. Walks the folder: not for the event loop."""
        return sum(path.stat().st_size for path in self._root.rglob("*") if path.is_file())

    def _place(self, name: str) -> Path:
        return self._root / name[:2] / name[2:4] / name

    def _move(self, path: Path, extension: str) -> str:
        with path.open("rb") as file:
            name = f"{hashlib.file_digest(file, 'sha256').hexdigest()}.{extension}"
            os.fsync(file.fileno())
        place = self._place(name)
        place.parent.mkdir(parents=True, exist_ok=True)
        path.rename(place)
        _sync_folders(place)
        return name


def name_of_source(source: str, extension: str) -> str:
    """The name of what was made from an address: known before it is fetched. No image consists of such bytes."""
    return f"{hashlib.sha256(source.encode()).hexdigest()}.{extension}"


def open_store(address: str) -> MediaStore:
    """The store of the setting `media`: `file:///absolute/folder`. ValueError for anything else."""
    parts = urlsplit(address)
    if parts.scheme != "file" or parts.netloc or not parts.path.startswith("/"):
        raise ValueError(f"media must begin with file:///, not {address!r}")
    return MediaStore(Path(unquote(parts.path)))


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.utime(path)
    except FileNotFoundError:
        _write_anew(path, data)
    _sync_folders(path)


def _write_anew(path: Path, data: bytes) -> None:
    """Under another name first: a file that bears its name is complete."""
    draft = path.with_name(f".{secrets.token_hex(8)}")
    try:
        with draft.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(path)
    finally:
        draft.unlink(missing_ok=True)


def _is_older(entry: os.DirEntry[str], moment: int) -> bool:
    """Not when another process removes it just now."""
    try:
        return entry.stat().st_mtime * 1000 < moment
    except FileNotFoundError:
        return False


def _sync_all(folder: Path) -> None:
    for path in folder.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())
    _sync_folder(folder)
    _sync_folder(folder.parent)


def _sync_folders(path: Path) -> None:
    for folder in (path.parent, path.parent.parent, path.parent.parent.parent):
        _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    """A rename is durable once its folder is."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
