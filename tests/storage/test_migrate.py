"""The schema of today equals the sum of its migrations, on both engines."""

from importlib.resources import files

from storage.database import Database, Reader, Row
from storage.engines import connect
from storage.migrate import get_version, list_migrations, migrate
from tests.conftest import POSTGRES, Addresses

SQLITE_CATALOGUE = "SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'schema_version%' ORDER BY type, name"
POSTGRES_CATALOGUE = """
    SELECT table_name, column_name, data_type, column_default, is_nullable FROM information_schema.columns
    WHERE table_schema = current_schema() AND table_name <> 'schema_version' ORDER BY 1, 2"""
POSTGRES_INDEXES = """
    SELECT replace(indexdef, current_schema() || '.', ''), 0 FROM pg_indexes
    WHERE schemaname = current_schema() AND tablename <> 'schema_version' ORDER BY 1"""


async def catalogue(db: Database) -> list[Row]:
    async def unit(tx: Reader) -> list[Row]:
        if db.dialect == "sqlite":
            return await tx.rows(SQLITE_CATALOGUE)
        return [tuple(row) for sql in (POSTGRES_CATALOGUE, POSTGRES_INDEXES) for row in await tx.rows(sql)]

    return await db.read(unit)


async def test_migrations_add_up_to_the_current_schema(db: Database, addresses: Addresses) -> None:
    current = files("storage").joinpath("schema", "current.sql").read_text("utf-8")
    if db.dialect == "sqlite":
        other = await connect(f"sqlite:///{addresses._folder / 'current.sqlite3'}")
    else:
        admin = await connect(POSTGRES)
        schema = "confrere_current"
        await admin.script(f"DROP SCHEMA IF EXISTS {schema} CASCADE; CREATE SCHEMA {schema};")
        await admin.close()
        other = await connect(f"{POSTGRES}?search_path={schema}")
    await other.script(current)
    expected = await catalogue(other)
    if other.dialect == "postgresql":
        await other.script("DROP SCHEMA confrere_current CASCADE;")
    await other.close()
    assert await catalogue(db) == expected


async def test_migrating_twice_changes_nothing(db: Database) -> None:
    last = max(number for number, _ in list_migrations())
    assert await get_version(db) == last
    assert await migrate(db) == []
