"""Other institutions for one instance: simulated hosts as a process, and people there who are followed or who follow."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson

from bench.client import Connection, ask, drive, make_request
from bench.instance import Instance, Member
from bench.processes import Process
from bench.remotes import Remote, accept_follow, deliver, documents

AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The simulated hosts of one process."""

    port: int

    async def arrivals(self) -> Mapping[str, tuple[int, float]]:
        """For each host that got any: how many POSTs, and when the last of them (`time.monotonic`)."""
        found: dict[str, tuple[int, float]] = await ask(self.port, make_request("GET", "counter", "/arrivals"))
        return found


def name_hosts(count: int, port: int, *, name: str = "chu") -> list[str]:
    """Names that need no DNS: `*.localhost` is loopback for our client. One port, told apart by the Host header."""
    return [f"{name}{number}.localhost:{port}" for number in range(count)]


@asynccontextmanager
async def elsewhere(
    port: int,
    remotes: Iterable[Remote] = (),
    *,
    hanging: Iterable[str] = (),
    failing: Iterable[str] = (),
    garbage: Iterable[str] = (),
) -> AsyncIterator[Elsewhere]:
    """Run the simulated hosts: they serve these people, and some of them never answer, or badly."""
    with TemporaryDirectory(prefix="confrere-bench-") as name:
        folder = Path(name)
        ill = {"hanging": list(hanging), "failing": list(failing), "garbage": list(garbage)}
        given = {"documents": documents(remotes), **ill}
        (folder / "given.json").write_bytes(orjson.dumps(given))
        command = [sys.executable, "-m", "bench.remote_server", str(port), str(folder / "given.json")]
        process = Process(command, log=folder / "log")
        try:
            found = Elsewhere(port)
            await _wait_until_open(port, process)
            yield found
        finally:
            process.kill()


async def _wait_until_open(port: int, process: Process) -> None:
    while process.running:
        try:
            (await Connection.open(port)).close()
        except ConnectionError:
            await asyncio.sleep(0.01)
        else:
            return
    raise RuntimeError("the simulated hosts did not start")


async def follow_all(instance: Instance, member: Member, remotes: list[Remote]) -> None:
    """Have a member follow them as people do: looked up by handle, followed, accepted by a signed answer."""
    waiting = iter(remotes)

    async def follow_some() -> None:
        for remote in waiting:
            target = f"/api/v2/search?resolve=true&type=accounts&q=@{remote.name}@{remote.host}"
            found = await instance.ask(member, "GET", target)
            await instance.ask(member, "POST", f"/api/v1/accounts/{found['accounts'][0]['id']}/follow")

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(follow_some())
    accepts = [deliver(remote, accept_follow(remote, member.actor.uri), instance.host) for remote in remotes]
    await drive(instance.port, accepts, connections=AT_ONCE, status=202)
    await _wait_until_following(instance, member, len(remotes))


async def _wait_until_following(instance: Instance, member: Member, count: int) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        me = await instance.ask(member, "GET", "/api/v1/accounts/verify_credentials")
        if me["following_count"] >= count:
            return
        await asyncio.sleep(0.05)
    raise RuntimeError("the follows were not accepted in time")
