"""What web apps are made of: masto.js and megalodon against an instance at work, each with Anna and Ben.

`make test` installs them where there is Node; the scripts are in `node/`.
"""

import asyncio
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryFile

import pytest

from tests.conftest import Addresses
from tests.scenarios.clients import PATIENCE, fetch_code, house

SCRIPTS = Path(__file__).parent / "node"

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.skipif(
        shutil.which("node") is None or not (SCRIPTS / "node_modules").is_dir(),
        reason="no Node, or its packages are not there: `npm ci` in tests/scenarios/node",
    ),
]


@pytest.fixture
def engine() -> str:
    """A client cannot tell the engines apart, and starting one takes long."""
    return "postgresql"


@pytest.mark.parametrize("script", ["masto.mjs", "megalodon.mjs"])
async def test_a_session_with_a_library(addresses: Addresses, tmp_path: Path, script: str) -> None:
    async with house(await addresses.new(), tmp_path, "CHU A") as here:
        for name in ("anna", "ben"):
            await here.member(name)
        await asyncio.to_thread(_run, script, here.base)


def _run(script: str, base: str) -> None:
    """Run a script, and let it in wherever it says that its person must."""
    with (
        TemporaryFile("w+") as errors,
        subprocess.Popen(
            ("node", script, base),
            cwd=SCRIPTS,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):
        try:
            assert process.stdout is not None
            assert process.stdin is not None
            for line in process.stdout:
                name, address = line.split()
                process.stdin.write(f"{fetch_code(address, name)}\n")
                process.stdin.flush()
            process.wait(PATIENCE)
        finally:
            process.kill()
        errors.seek(0)
        assert process.returncode == 0, errors.read()
