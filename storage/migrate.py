"""Brings a database to the schema of this version. Knows file names and versions, not what the tables mean."""

from collections.abc import Iterator
from importlib.resources import files

from storage.database import Database, Reader


def list_migrations() -> Iterator[tuple[int, str]]:
    """Every migration as (number, SQL), in order: `schema/NNNN_*.sql`."""
    for path in sorted(files("storage").joinpath("schema").iterdir(), key=lambda path: path.name):
        number = path.name.split("_")[0]
        if number.isdigit():
            yield int(number), path.read_text("utf-8")


async def get_version(db: Database) -> int:
    """The number of the last migration that was applied; 0 for an empty database."""
    catalogue = (
        "SELECT count(*) FROM sqlite_master WHERE name = 'schema_version'"
        if db.dialect == "sqlite"
        else "SELECT count(*) FROM information_schema.tables WHERE table_name = 'schema_version' AND table_schema = current_schema()"
    )

    async def unit(tx: Reader) -> int:
        if not await tx.value(catalogue):
            return 0
        return int(await tx.value("SELECT max(version) FROM schema_version"))

    return await db.read(unit)


async def migrate(db: Database) -> list[int]:
    """Apply what is missing, each migration in a transaction of its own; answers the numbers applied."""
    version = await get_version(db)
    missing = [(number, sql) for number, sql in list_migrations() if number > version]
    for number, sql in missing:
        start = "CREATE TABLE schema_version (version INTEGER PRIMARY KEY) STRICT;\n" if number == 1 else ""
        await db.script(f"{start}{sql}\nINSERT INTO schema_version VALUES ({number});\n")
    return [number for number, _ in missing]
