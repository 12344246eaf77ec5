"""`confrere serve` and `work` as real processes: they answer, share a port, stop cleanly and give their leases back."""

import asyncio
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from aiohttp.test_utils import unused_port

from storage.engines import connect
from tests.conftest import Addresses
from tests.scenarios.commands import COMMAND, PATIENCE, Console, Process, insert_delivery


class Server(Process):
    """`confrere serve`."""

    def __init__(self, *args: str) -> None:
        super().__init__("serve", *args)
        self.port = int(self.wait_for("serving")["listening"].rpartition(":")[2])

    def get(self, path: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


def confrere(*args: str) -> str:
    return Console().do(*args)


@pytest.fixture
def database(addresses: Addresses, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of the database of an instance in the current folder, which listens where its name says."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    monkeypatch.setenv("LC_ALL", "C")
    address = asyncio.run(addresses.new())
    monkeypatch.setenv("CONFRERE_DATABASE", address)
    confrere("init", "--host", f"localhost:{unused_port()}", "--organisation", "CHU A", "--development")
    return address


@pytest.fixture
def start(database: str) -> Iterator[Callable[..., Server]]:
    started: list[Server] = []

    def run(*args: str) -> Server:
        started.append(Server(*args))
        return started[-1]

    yield run
    for server in started:
        server.stop()


def test_from_nothing_to_a_member_who_signs_in(start: Callable[..., Server]) -> None:
    added = Console().ask("member", "add", "owner", "--email", "owner@chu-a.example", "--role", "admin")
    server = start()
    status, body = server.get("/nodeinfo/2.0")
    assert status == 200
    assert json.loads(body)["software"]["name"] == "confrere"
    assert server.wait_for("request")["path"] == "/nodeinfo/2.0"
    link = urlsplit(added["link"])
    status, page = server.get(f"{link.path}?{link.query}")
    assert status == 200
    assert b"owner" in page
    assert server.wait_for("request")["path"] == "/auth/link"
    assert server.stop() == 0


def test_a_look_at_a_host_proposes_a_line(start: Callable[..., Server]) -> None:
    host = f"localhost:{start().port}"
    found = Console().ask("peer", "look", host)
    assert (found["software"], found["name"], found["group_only"]) == ("confrere 0.1.0", "CHU A", True)
    assert found["proposal"] == f"confrere peer add {host} --organisation 'CHU A' --state proposed"
    assert found["proposal"] in Console().do("peer", "look", host)
    confrere("peer", "add", host, "--organisation", "CHU A", "--state", "active")
    checks = {row["check"]: row for row in Console().ask("doctor")}
    assert checks[f"peer {host}"]["state"] == "ok"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_request_under_way_is_finished(start: Callable[..., Server], number: signal.Signals) -> None:
    """It waits for another server, which answers only after we no longer accept connections."""
    with socket.create_server(("127.0.0.1", 0)) as slow:
        slow.settimeout(PATIENCE)
        host = f"localhost:{slow.getsockname()[1]}"
        confrere("peer", "add", host, "--organisation", "Slow", "--state", "active")
        confrere("member", "add", "claire", "--email", "claire@chu-a.example")
        token = confrere("token", "create", "claire").strip()
        server = start()
        with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as connection:
            query = f"/api/v2/search?q=http://{host}/ap/actors/1&resolve=true"
            connection.sendall(f"GET {query} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
            asked, _ = slow.accept()
            with asked:
                server.process.send_signal(number)
                wait_until_refused(server.port)
                asked.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
                assert connection.recv(4096).startswith(b"HTTP/1.1 200 OK")
        assert server.process.wait(timeout=PATIENCE) == 0


def wait_until_refused(port: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=PATIENCE).close()
        except ConnectionRefusedError:
            return
        except ConnectionResetError:  # it was still in the backlog
            continue
    raise AssertionError("still accepts connections")


def test_two_processes_share_a_port_and_a_killed_one_is_replaced(start: Callable[..., Server]) -> None:
    server = start("--workers", "2")
    children = {server.wait_for("process started")["pid"], server.wait_for("process started")["pid"]}
    assert len(children) == 2
    assert server.get("/nodeinfo/2.0")[0] == 200
    os.kill(children.pop(), signal.SIGKILL)
    replacement = server.wait_for("process started")["pid"]
    os.kill(children.pop(), signal.SIGKILL)
    server.wait_for("process started")
    assert replacement not in children
    assert server.get("/nodeinfo/2.0")[0] == 200
    assert server.stop() == 0


def test_processes_stop_when_their_parent_is_killed(start: Callable[..., Server]) -> None:
    server = start("--workers", "2")
    assert server.get("/nodeinfo/2.0")[0] == 200
    server.process.kill()
    wait_until_refused(server.port)


def test_a_second_server_on_the_same_port_is_refused(start: Callable[..., Server]) -> None:
    start()
    again = subprocess.run([*COMMAND, "serve"], capture_output=True, text=True, check=False)
    assert again.returncode == 1
    assert re.match(r"Error: cannot listen on 127\.0\.0\.1:\d+: Address already in use", again.stderr)


def test_a_stop_gives_leases_back(database: str, start: Callable[..., Server], engine: str) -> None:
    """A delivery hangs at a host that accepts and says nothing; after the stop it is due again at once.

    `work` is for PostgreSQL.
    """
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(PATIENCE)
        asyncio.run(insert_delivery(database, f"localhost:{silent.getsockname()[1]}"))
        process = start() if engine == "sqlite" else Process("work")
        connection, _ = silent.accept()
        with connection:
            assert asyncio.run(leased(database)) != ""
            assert process.stop() == 0
    assert asyncio.run(leased(database)) == ""


def test_a_process_whose_queues_fail_ends_with_a_status(database: str, start: Callable[..., Server]) -> None:
    """So that whoever watches it starts it again."""
    server = start("--workers", "1")
    asyncio.run(change_schema(database, "ALTER TABLE deliveries RENAME TO lost;"))
    try:
        server.wait_for("a job failed")
        assert server.process.wait(timeout=PATIENCE) == 1
    finally:
        asyncio.run(change_schema(database, "ALTER TABLE lost RENAME TO deliveries;"))


async def change_schema(database: str, sql: str) -> None:
    db = await connect(database)
    await db.script(sql)
    await db.close()


async def leased(database: str) -> str:
    """Who holds the delivery."""
    db = await connect(database)
    owner = await db.read(lambda tx: tx.value("SELECT lease_owner FROM deliveries WHERE id = 8 AND state = 'due'"))
    await db.close()
    return str(owner)
