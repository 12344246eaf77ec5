"""The fixture of scenarios: a world without instances."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.conftest import Addresses
from tests.scenarios.world import World, open_world


@pytest.fixture
async def world(addresses: Addresses, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(addresses, tmp_path) as made:
        yield made
