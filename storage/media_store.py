"""Files on disk, named by what is in them or where it came from. Must not know whose they are, what they show or who may see them.

Equal bytes are stored once. A file is on the disk, synced with its folder, before its name is given out, so that no
committed row names a file that a power cut has taken.
"""

import asyncio
import hashlib
import os
import re
import secrets
from pathlib import Path
from urllib.parse import unquote, urlsplit

_NAME = re.compile(r"[0-9a-f]{64}\.(?:jpg|png|gif|webp)")
# A name that `put` has just given out is in no row yet: `delete` spares what was put a moment ago.
SETTLED_SECONDS = 3600


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
    for folder in (path.parent, path.parent.parent, path.parent.parent.parent):
        _sync_folder(folder)


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


def _sync_folder(folder: Path) -> None:
    """A rename is durable once its folder is."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
