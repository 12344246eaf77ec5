"""Fixtures shared by every test: the reference documents, and empty databases on both engines. Knows no feature."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import asyncpg
import pytest

from storage.database import Database
from storage.engines import connect
from storage.migrate import migrate
from tests import examples

examples.set_up()

POSTGRES = os.environ.get("CONFRERE_TEST_POSTGRES", "postgresql://root@127.0.0.1:5432/test")


def reference_root() -> Path | None:
    """Where the reference documents are, or None when this clone stands alone."""
    named = os.environ.get("CONFRERE_REFERENCE")
    candidates = [Path(named)] if named else [Path(__file__).parents[2] / "shared" / "reference"]
    return next((path for path in candidates if path.is_dir()), None)


@pytest.fixture(scope="session")
def reference() -> Path:
    """The folder of reference documents (vectors, fixtures, tables of the client API)."""
    root = reference_root()
    if root is None:
        pytest.skip("reference documents not found: set CONFRERE_REFERENCE to their folder")
    return root


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy: migrating each time would cost more than most tests."""
    path = tmp_path_factory.mktemp("template") / "template.sqlite3"
    asyncio.run(_migrated(f"sqlite:///{path}"))
    return path


async def _migrated(address: str) -> None:
    db = await connect(address)
    await migrate(db)
    await db.close()


class PostgresSchemas:
    """Hands out migrated, empty schemas of one database; a schema is emptied and used again by later tests."""

    def __init__(self, worker: str) -> None:
        # Two runs of the suite may share one database.
        self._prefix = f"confrere_{os.getpid()}_{worker}"
        self._emptying: dict[str, str] = {}
        self._lent = 0

    async def lend(self) -> str:
        self._lent += 1
        name = f"{self._prefix}_{self._lent}"
        if name in self._emptying:
            await self._run(self._emptying[name])
        else:
            await self._run(f"DROP SCHEMA IF EXISTS {name} CASCADE; CREATE SCHEMA {name}")
            await _migrated(self._address(name))
            self._emptying[name] = await self._emptying_of(name)
        return self._address(name)

    def take_back(self) -> None:
        self._lent = 0

    async def drop(self) -> None:
        for name in self._emptying:
            await self._run(f"DROP SCHEMA IF EXISTS {name} CASCADE")

    @staticmethod
    def _address(name: str) -> str:
        return f"{POSTGRES}?search_path={name}&synchronous_commit=off&jit=off"

    @staticmethod
    async def _run(sql: str) -> None:
        connection = await asyncpg.connect(POSTGRES)
        try:
            await connection.execute(sql)
        finally:
            await connection.close()

    @staticmethod
    async def _emptying_of(name: str) -> str:
        """What empties a schema. TRUNCATE makes new files for every table and index, which takes longer than most tests;
        so does asking PostgreSQL each time which tables there are.
        """
        connection = await asyncpg.connect(POSTGRES)
        try:
            rows = await connection.fetch(
                "SELECT tablename FROM pg_tables WHERE schemaname = $1 AND tablename <> 'schema_version'", name
            )
        finally:
            await connection.close()
        tables = [f"{name}.{row[0]}" for row in rows]
        emptied = "\n".join(f"IF EXISTS (SELECT FROM {one}) THEN DELETE FROM {one}; END IF;" for one in tables)
        return f"SET session_replication_role = replica; DO $$ BEGIN {emptied} END $$"


@pytest.fixture(scope="session")
def postgres_schemas(worker_id: str) -> Iterator[PostgresSchemas | None]:
    """None where no PostgreSQL answers: the tests that need it are skipped and say so."""
    schemas = PostgresSchemas(worker_id)
    try:
        asyncio.run(schemas._run("SELECT 1"))
    except (OSError, asyncpg.PostgresError):
        yield None
        return
    yield schemas
    with suppress(OSError, asyncpg.PostgresError):
        asyncio.run(schemas.drop())


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest) -> str:
    """Every test that asks for a database runs once on each engine."""
    return str(request.param)


class Addresses:
    """Makes as many empty, migrated databases of one engine as a test wants (one for each instance)."""

    def __init__(self, engine: str, folder: Path, template: Path, schemas: PostgresSchemas | None) -> None:
        self.engine = engine
        self._folder = folder
        self._template = template
        self._schemas = schemas
        self._made = 0

    async def new(self) -> str:
        self._made += 1
        if self.engine == "sqlite":
            path = self._folder / f"db{self._made}.sqlite3"
            shutil.copy(self._template, path)
            return f"sqlite:///{path}"
        if self._schemas is None:
            pytest.skip(f"no PostgreSQL at {POSTGRES}: set CONFRERE_TEST_POSTGRES")
        return await self._schemas.lend()


@pytest.fixture
def addresses(
    engine: str, tmp_path: Path, sqlite_template: Path, postgres_schemas: PostgresSchemas | None
) -> Iterator[Addresses]:
    yield Addresses(engine, tmp_path, sqlite_template, postgres_schemas)
    if postgres_schemas is not None:
        postgres_schemas.take_back()


@pytest.fixture
async def db(addresses: Addresses) -> AsyncIterator[Database]:
    """One empty database, on each engine in turn."""
    database = await connect(await addresses.new())
    yield database
    await database.close()
