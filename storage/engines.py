"""Which engine an address means. What differs between the two is in `sqlite`, `postgresql` and `dialects`."""

from pathlib import Path
from urllib.parse import urlsplit

from storage.database import Database
from storage.journal import Journal
from storage.postgresql import PostgresDatabase
from storage.sqlite import SqliteDatabase


async def connect(address: str, journal: Journal | None = None) -> Database:
    """Open `sqlite:///relative`, `sqlite:////absolute` or `postgresql://...`; ValueError for anything else. What is taken
    back is written to the journal before it is committed.
    """
    scheme = urlsplit(address).scheme
    if scheme == "sqlite":
        return await SqliteDatabase.open(Path(address.removeprefix("sqlite:///")), journal)
    if scheme in {"postgresql", "postgres"}:
        return await PostgresDatabase.open(address, journal)
    raise ValueError(f"database must begin with sqlite:/// or postgresql://, not {address!r}")
