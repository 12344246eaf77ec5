"""`confrere demo` plays its case to the end, tells who saw what, and fails when something leaked."""

import asyncio
import sys


async def test_the_demo_ends_well_and_tells_why() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "server",
        "demo",
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"},
    )
    output, _ = await process.communicate()
    told = output.decode()
    assert process.returncode == 0, told
    assert "Ben (CHU B)" in told
    assert "held at A" in told
    assert "LEAK" not in told
