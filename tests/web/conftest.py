"""Fixtures for tests of the client API."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from storage.database import Database
from tests.web.api_world import World, api_world
from tests.web.entity_checker import EntityChecker


@pytest.fixture
async def world(db: Database, tmp_path: Path) -> AsyncIterator[World]:
    """One instance, served, on each engine in turn."""
    async with api_world(db, tmp_path / "media") as made:
        yield made


@pytest.fixture(scope="session")
def checker(reference: Path) -> EntityChecker:
    """Holds answers against the table of entities."""
    return EntityChecker(reference / "client_entities.tsv")
