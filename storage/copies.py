"""A copy of a whole database, made while it is used, and put in its place again. Knows no table but `instance`.

SQLite is copied by its own backup, PostgreSQL by `pg_dump` and `psql`, which must be installed then. What is put back bears
a mark, in the same commit, until somebody says that it is ready: nobody serves a copy that does not know yet what has
happened since. These functions take long and wait: not for the event loop.
"""

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

RESTORING = "restoring"  # the key of the mark
_MARK = f"INSERT INTO instance (key, value) VALUES ('{RESTORING}', '1') ON CONFLICT (key) DO NOTHING"
_EMPTY = (
    "DO $$ DECLARE name text; BEGIN FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = current_schema() "
    "LOOP EXECUTE format('DROP TABLE %I CASCADE', name); END LOOP; END $$"
)
_LIBPQ = {
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "passfile": "PGPASSFILE",
    "host": "PGHOST",
    "port": "PGPORT",
}


class CopyError(RuntimeError):
    """It could not be copied or put back; the text is the tool's own."""


class MissingToolError(CopyError):
    """A program of PostgreSQL is not installed; the text is its name."""


class InUseError(CopyError):
    """Somebody has the database open."""


def is_sqlite(address: str) -> bool:
    return address.startswith("sqlite:")


def is_there(address: str) -> bool:
    """Whether there is anything to connect to, without making it."""
    return not is_sqlite(address) or _file(address).exists()


def folder_of(address: str) -> Path | None:
    """Where the database's file is; None for one that is none of ours."""
    return _file(address).parent if is_sqlite(address) else None


def copy_database(address: str, path: Path) -> None:
    """Write one consistent state of it to a new file that nobody else may read. CopyError."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    if is_sqlite(address):
        _copy_sqlite(_file(address), path)
    else:
        schema = _run(address, "psql", "-XAtqc", "SELECT quote_ident(current_schema())").strip()
        _run(address, "pg_dump", "--no-owner", "--no-privileges", f"--table={schema}.*", f"--file={path}")


def load_database(address: str, path: Path) -> None:
    """Put a copy, marked, in the place of what is there. CopyError; InUseError, as far as that can be known."""
    if is_sqlite(address):
        _load_sqlite(_file(address), path)
        return
    parts = ("-c", _EMPTY, "-f", str(path), "-c", "RESET search_path", "-c", _MARK)
    _run(address, "psql", "-Xq1", "-v", "ON_ERROR_STOP=1", "-o", os.devnull, *parts)


def _file(address: str) -> Path:
    return Path(address.removeprefix("sqlite:///"))


def _copy_sqlite(source: Path, target: Path) -> None:
    try:
        with closing(sqlite3.connect(source)) as live, closing(sqlite3.connect(target)) as copy:
            live.backup(copy)
            (verdict,) = copy.execute("PRAGMA quick_check").fetchone()
    except sqlite3.Error as error:
        raise CopyError(str(error)) from error
    if verdict != "ok":
        raise CopyError(verdict)


def _load_sqlite(target: Path, path: Path) -> None:
    if target.exists():
        _require_unused(target)
    draft = target.with_name(f".{target.name}.restoring")
    shutil.copyfile(path, draft)
    draft.chmod(0o600)
    try:
        with closing(sqlite3.connect(draft, isolation_level=None)) as copy:
            copy.execute("PRAGMA journal_mode=DELETE")
            copy.execute(_MARK)
    except sqlite3.Error as error:
        raise CopyError(str(error)) from error
    for beside in ("-wal", "-shm"):
        target.with_name(target.name + beside).unlink(missing_ok=True)
    draft.replace(target)


def _require_unused(target: Path) -> None:
    """SQLite leaves the write-ahead log only when nobody else has the file open."""
    try:
        with closing(sqlite3.connect(target, timeout=0)) as live:
            live.execute("PRAGMA journal_mode=DELETE").fetchone()
    except sqlite3.OperationalError as error:
        raise InUseError(str(error)) from error
    except sqlite3.DatabaseError:
        return  # no database any more: that is what is to be replaced


def _run(address: str, tool: str, *args: str) -> str:
    """A program of PostgreSQL, with the address in its environment: others may read its arguments."""
    if shutil.which(tool) is None:
        raise MissingToolError(tool)
    done = subprocess.run(  # noqa: S603  # our own words, and a path
        [tool, *args], env={**os.environ, **_environment(address)}, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise CopyError(done.stderr.strip()[-2_000:])
    return done.stdout


def _environment(address: str) -> dict[str, str]:
    """What libpq reads there of an address as asyncpg understands it, which takes settings of a session as parameters."""
    parts = urlsplit(address)
    named = {
        "PGHOST": parts.hostname,
        "PGPORT": str(parts.port) if parts.port else None,
        "PGUSER": unquote(parts.username) if parts.username else None,
        "PGPASSWORD": unquote(parts.password) if parts.password else None,
        "PGDATABASE": unquote(parts.path.lstrip("/")) or None,
    }
    session = []
    for name, value in parse_qsl(parts.query):
        if name in _LIBPQ:
            named[_LIBPQ[name]] = value
        else:
            session.append(f"-c {name}={value}")
    return {key: value for key, value in {**named, "PGOPTIONS": " ".join(session) or None}.items() if value is not None}
