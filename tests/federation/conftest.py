"""One institution of ours, a peer that it knows and a stranger that it does not; on both engines."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from storage.media_store import MediaStore
from tests.conftest import Addresses
from tests.federation.home import Home, open_home
from tests.federation.peer import Peer


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    """An active peer of `home`."""
    async with Peer() as made:
        yield made


@pytest.fixture
async def stranger() -> AsyncIterator[Peer]:
    """A host that nobody has listed."""
    async with Peer() as made:
        yield made


@pytest.fixture
async def home(addresses: Addresses, tmp_path: Path, peer: Peer) -> AsyncIterator[Home]:
    async with open_home(addresses, tmp_path) as made:
        await made.rule(peer.host)
        yield made


@pytest.fixture
def files(tmp_path: Path) -> MediaStore:
    """Where `home` keeps files."""
    return MediaStore(tmp_path)
