"""A database as it was at one moment, to be brought back again and again: quicker than making it anew.

Nobody may have it open meanwhile. Must not know what is in it.
"""

import shutil
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qs, urlsplit

import asyncpg

from tests.conftest import POSTGRES


class Copy(Protocol):
    """`keep` what there is now, `bring_back` what was kept, `forget` it. `holds`: whether these bytes are anywhere in what
    there is now.
    """

    async def keep(self) -> None: ...

    async def bring_back(self) -> None: ...

    async def forget(self) -> None: ...

    async def holds(self, word: bytes) -> bool: ...


def copy_of(address: str) -> Copy:
    if address.startswith("sqlite"):
        return SqliteCopy(Path(address.removeprefix("sqlite:///")))
    return PostgresCopy(parse_qs(urlsplit(address).query)["search_path"][0])


class SqliteCopy:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._kept = path.with_suffix(".kept")

    async def keep(self) -> None:
        shutil.copy(self._path, self._kept)

    async def bring_back(self) -> None:
        for ending in ("-wal", "-shm"):
            self._path.with_name(self._path.name + ending).unlink(missing_ok=True)
        shutil.copy(self._kept, self._path)

    async def forget(self) -> None:
        self._kept.unlink()

    async def holds(self, word: bytes) -> bool:
        files = [self._path, self._path.with_name(self._path.name + "-wal")]
        return any(word in file.read_bytes() for file in files if file.exists())


class PostgresCopy:
    """In a schema beside the database's own."""

    def __init__(self, schema: str) -> None:
        self._schema = schema
        self._bringing = ""

    async def keep(self) -> None:
        connection = await asyncpg.connect(POSTGRES)
        try:
            found = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = $1", self._schema)
            tables = [row[0] for row in found]
            await connection.execute(f"CREATE SCHEMA {self._schema}_kept")
            emptied = [
                f"IF EXISTS (SELECT FROM {self._schema}.{one}) THEN DELETE FROM {self._schema}.{one}; END IF;"
                for one in tables
            ]
            filled = []
            for one in tables:
                if await connection.fetchval(f"SELECT EXISTS (SELECT FROM {self._schema}.{one})"):
                    await connection.execute(
                        f"CREATE TABLE {self._schema}_kept.{one} AS SELECT * FROM {self._schema}.{one}"
                    )
                    filled.append(f"INSERT INTO {self._schema}.{one} SELECT * FROM {self._schema}_kept.{one};")
            self._bringing = f"SET session_replication_role = replica; DO $$ BEGIN {' '.join(emptied + filled)} END $$"
        finally:
            await connection.close()

    async def bring_back(self) -> None:
        await self._run(self._bringing)

    async def forget(self) -> None:
        await self._run(f"DROP SCHEMA {self._schema}_kept CASCADE")

    async def holds(self, word: bytes) -> bool:
        connection = await asyncpg.connect(POSTGRES)
        try:
            found = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = $1", self._schema)
            rows = [f"SELECT one::text AS said FROM {self._schema}.{row[0]} one" for row in found]
            sought = f"SELECT EXISTS (SELECT FROM ({' UNION ALL '.join(rows)}) AS every WHERE strpos(said, $1) > 0)"
            return bool(await connection.fetchval(sought, word.decode()))
        finally:
            await connection.close()

    @staticmethod
    async def _run(sql: str) -> None:
        connection = await asyncpg.connect(POSTGRES)
        try:
            await connection.execute(sql)
        finally:
            await connection.close()
