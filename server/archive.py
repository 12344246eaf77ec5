"""One file that holds an instance: its database, its media and its settings, with a manifest of what is in it.

A tar file; sealed with a passphrase it is encrypted and authenticated as a whole (scrypt, AES-256-GCM in pieces that know
their place and which is the last). Must not know databases or commands.
"""

import hashlib
import io
import os
import secrets
import tarfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

FORMAT = 1
MANIFEST = "manifest.json"
DATABASE = "database"
SETTINGS = "settings.toml"
MEDIA = "media"
_MAGIC = b"confrere sealed backup 1\n"
_SALT = 16
_PIECE = 1 << 20
_TAG = 16
_COPY = 1 << 20


class ArchiveError(ValueError):
    """This is no archive of ours, or not any more. `sealed`: the passphrase may be the reason."""

    def __init__(self, detail: str, *, sealed: bool = False) -> None:
        super().__init__(detail)
        self.sealed = sealed


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an archive says of itself. `journal`: where the journal stood, as (moment, checksum); `files`: SHA-256 of each."""

    program: str
    schema: int
    engine: str
    host: str
    made_at: int
    journal: tuple[int, str]
    files: Mapping[str, str]


def write_archive(
    path: Path, files: Iterable[tuple[str, Path]], describe: Callable[[Mapping[str, str]], Manifest], passphrase: str
) -> Manifest:
    """Write a new archive durably; `describe` gets the checksums. Files that are gone meanwhile are left out. "": not sealed."""
    draft = path.with_name(f".{path.name}.part")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as raw:
            with _sealing(raw, passphrase) as out, tarfile.open(fileobj=out, mode="w|") as tar:
                manifest = describe({name: digest for name, file in files if (digest := _add(tar, name, file))})
                body = orjson.dumps({"format": FORMAT, **asdict(manifest)}, option=orjson.OPT_INDENT_2)
                _add_bytes(tar, MANIFEST, body)
            raw.flush()
            os.fsync(raw.fileno())
        draft.rename(path)
    finally:
        draft.unlink(missing_ok=True)
    return manifest


def is_sealed(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC


def read_manifest(path: Path, passphrase: str) -> Manifest:
    """Read all of it, and hold every file to the manifest. ArchiveError."""
    found: dict[str, str] = {}
    manifest: Manifest | None = None
    with _reading():
        for name, file in _files(path, passphrase):
            if name == MANIFEST:
                manifest = _parse(file.read())
            else:
                found[name] = hashlib.file_digest(cast("io.BytesIO", file), "sha256").hexdigest()
    if manifest is None:
        raise ArchiveError("no manifest")
    if wrong := sorted(name for name in {*found, *manifest.files} if found.get(name) != manifest.files.get(name)):
        raise ArchiveError(f"not what the manifest says: {', '.join(wrong[:5])}")
    return manifest


def extract(path: Path, passphrase: str, place: Callable[[str], Path | None]) -> None:
    """Write its files where `place` wants them; None for nowhere. Those there are replaced. ArchiveError."""
    with _reading():
        for name, file in _files(path, passphrase):
            target = place(name)
            if target is not None:
                target.parent.mkdir(parents=True, exist_ok=True)
                _write(target, file)


def _files(path: Path, passphrase: str) -> Iterator[tuple[str, IO[bytes]]]:
    sealed = is_sealed(path)
    with path.open("rb") as raw, tarfile.open(fileobj=_opened(raw, passphrase, sealed=sealed), mode="r|") as tar:
        for member in tar:
            file = tar.extractfile(member)
            if file is None or not _is_proper(member.name):
                raise ArchiveError(f"no file of ours: {member.name!r}")
            yield member.name, file


@contextmanager
def _reading() -> Iterator[None]:
    """What tarfile says of a file that is no archive, or half of one, is ours to say."""
    try:
        yield
    except (tarfile.TarError, EOFError) as error:
        raise ArchiveError(str(error)) from error


def _is_proper(name: str) -> bool:
    """Whether a name leads nowhere but below."""
    parts = PurePosixPath(name).parts
    return bool(parts) and not PurePosixPath(name).is_absolute() and ".." not in parts


def _parse(body: bytes) -> Manifest:
    try:
        said: dict[str, Any] = orjson.loads(body)
        if said.pop("format") != FORMAT:
            raise ArchiveError("made by another version")
        at, seal = said.pop("journal")
        return Manifest(**said, journal=(int(at), str(seal)))
    except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise ArchiveError(f"the manifest is none: {error}") from error


def _add(tar: tarfile.TarFile, name: str, path: Path) -> str:
    """Its checksum; "" when it is gone."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return ""
    with file:
        info = tarfile.TarInfo(name)
        info.size, info.mode = os.fstat(file.fileno()).st_size, 0o600
        reading = _Digesting(file)
        tar.addfile(info, cast("IO[bytes]", reading))
        return reading.digest.hexdigest()


def _add_bytes(tar: tarfile.TarFile, name: str, body: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(body), 0o600
    tar.addfile(info, io.BytesIO(body))


def _write(target: Path, file: IO[bytes]) -> None:
    draft = target.with_name(f".{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            while piece := file.read(_COPY):
                out.write(piece)
            out.flush()
            os.fsync(out.fileno())
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


class _Digesting:
    """A file whose bytes are counted into a checksum as they are read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def read(self, size: int) -> bytes:
        data = self._file.read(size)
        self.digest.update(data)
        return data


# --- the seal -----------------------------------------------------------------------------------------------------


@contextmanager
def _sealing(raw: IO[bytes], passphrase: str) -> Iterator[IO[bytes]]:
    if not passphrase:
        yield raw
        return
    salt = secrets.token_bytes(_SALT)
    raw.write(_MAGIC + salt)
    writer = _Sealing(raw, _cipher(passphrase, salt))
    yield cast("IO[bytes]", writer)
    writer.finish()


def _opened(raw: IO[bytes], passphrase: str, *, sealed: bool) -> IO[bytes]:
    if not sealed:
        return raw
    raw.seek(len(_MAGIC))
    return cast("IO[bytes]", _Opening(raw, _cipher(passphrase, raw.read(_SALT))))


def _cipher(passphrase: str, salt: bytes) -> AESGCM:
    """A key of its own for each archive, because each has its own salt."""
    return AESGCM(Scrypt(salt=salt, length=32, n=1 << 15, r=8, p=1).derive(passphrase.encode()))


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


class _Sealing:
    """Takes bytes, and writes them as encrypted pieces."""

    def __init__(self, raw: IO[bytes], cipher: AESGCM) -> None:
        self._raw, self._cipher = raw, cipher
        self._waiting = bytearray()
        self._number = 0

    def write(self, data: bytes) -> int:
        self._waiting += data
        while len(self._waiting) > _PIECE:
            self._put(bytes(self._waiting[:_PIECE]), last=False)
            del self._waiting[:_PIECE]
        return len(data)

    def finish(self) -> None:
        self._put(bytes(self._waiting), last=True)

    def _put(self, piece: bytes, *, last: bool) -> None:
        self._raw.write(self._cipher.encrypt(_nonce(self._number, last=last), piece, _MAGIC))
        self._number += 1


class _Opening:
    """Gives the bytes of encrypted pieces. ArchiveError for a piece that was changed, moved or cut off."""

    def __init__(self, raw: IO[bytes], cipher: AESGCM) -> None:
        self._raw, self._cipher = raw, cipher
        self._next = raw.read(_PIECE + _TAG)
        self._open = b""
        self._number = 0

    def read(self, size: int) -> bytes:
        while len(self._open) < size and self._next:
            self._open += self._piece()
        data, self._open = self._open[:size], self._open[size:]
        return data

    def _piece(self) -> bytes:
        piece, self._next = self._next, self._raw.read(_PIECE + _TAG)
        try:
            opened = self._cipher.decrypt(_nonce(self._number, last=not self._next), piece, _MAGIC)
        except InvalidTag:
            raise ArchiveError("it does not open", sealed=True) from None
        self._number += 1
        return opened
