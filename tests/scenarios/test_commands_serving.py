"""`confrere serve` and `work` as real processes: they answer, share a port, stop cleanly and give their leases back."""

import asyncio
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import pytest
from click.testing import CliRunner

from federation.local_actors import INSTANCE_ACTOR_ID
from server.cli import main
from storage import deliveries
from storage.database import Database, Transaction
from storage.engines import connect
from storage.records import Activity, Delivery
from tests.conftest import Addresses

COMMAND = (sys.executable, "-m", "server")
PATIENCE = 30


class Process:
    """A command at work, and what it logs."""

    def __init__(self, *args: str) -> None:
        self.process = subprocess.Popen([*COMMAND, *args], stderr=subprocess.PIPE, text=True)
        self._lines: SimpleQueue[dict[str, Any]] = SimpleQueue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            with suppress(ValueError):
                self._lines.put(json.loads(line))

    def wait_for(self, message: str) -> dict[str, Any]:
        """The next line with this message."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            with suppress(Empty):
                line = self._lines.get(timeout=1)
                if line["message"] == message:
                    return line
        raise AssertionError(f"never logged: {message}")

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to stop; its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(timeout=PATIENCE)
        finally:
            self.process.kill()
            self._reader.join()
            if self.process.stderr:
                self.process.stderr.close()


class Server(Process):
    """`confrere serve` on a free port."""

    def __init__(self, *args: str) -> None:
        super().__init__("serve", "--bind", "127.0.0.1:0", *args)
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
    """A command that ends by itself: in this process, which is cheaper."""
    result = CliRunner().invoke(main, args, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture
def database(addresses: Addresses, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of the database of an instance in the current folder."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    monkeypatch.setenv("LC_ALL", "C")
    address = asyncio.run(addresses.new())
    monkeypatch.setenv("CONFRERE_DATABASE", address)
    confrere("init", "--host", "localhost:8000", "--organisation", "CHU A", "--development")
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
    link = json.loads(
        confrere("member", "add", "owner", "--email", "owner@chu-a.example", "--role", "admin", "--json")
    )["link"]
    server = start()
    status, body = server.get("/nodeinfo/2.0")
    assert status == 200
    assert json.loads(body)["software"]["name"] == "confrere"
    status, page = server.get(link.partition("localhost:8000")[2])
    assert status == 200
    assert b"owner" in page
    assert server.stop() == 0


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
        assert server.stop() == 0


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


def test_a_second_server_on_the_same_port_is_refused(start: Callable[..., Server]) -> None:
    server = start()
    again = subprocess.run(
        [*COMMAND, "serve", "--bind", f"127.0.0.1:{server.port}"], capture_output=True, text=True, check=False
    )
    assert again.returncode == 1
    assert re.match(r"Error: cannot listen on 127\.0\.0\.1:\d+: Address already in use", again.stderr)


def test_a_stop_gives_leases_back(database: str, start: Callable[..., Server], engine: str) -> None:
    """A delivery hangs at a host that accepts and says nothing; after the stop it is due again at once.

    `work` is for PostgreSQL.
    """
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(PATIENCE)
        asyncio.run(insert_delivery(database, silent.getsockname()[1]))
        process = start() if engine == "sqlite" else Process("work")
        connection, _ = silent.accept()
        with connection:
            assert asyncio.run(leased(database)) != ""
            assert process.stop() == 0
    assert asyncio.run(leased(database)) == ""


def test_a_process_whose_queues_fail_ends_with_a_status(database: str, start: Callable[..., Server]) -> None:
    """So that whoever watches it starts it again."""
    server = start()
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


async def insert_delivery(database: str, port: int) -> None:
    """A retraction, which every policy lets pass."""
    db = await connect(database)
    host = f"localhost:{port}"

    async def unit(tx: Transaction) -> None:
        activity = Activity(7, "http://localhost:8000/ap/activities/7", INSTANCE_ACTOR_ID, "Delete", None, b"{}", 1)
        await deliveries.insert_activity(tx, activity)
        await deliveries.insert_deliveries(
            tx,
            [
                Delivery(
                    id=8,
                    activity_id=7,
                    sender_id=INSTANCE_ACTOR_ID,
                    host=host,
                    inbox=f"http://{host}/inbox",
                    kind="retraction",
                    audience="direct",
                    object_uri="http://localhost:8000/ap/objects/9",
                    group_id=None,
                    state="due",
                    attempts=0,
                    due_at=1,
                    lease_owner="",
                    reason="",
                    created_at=1,
                    finished_at=None,
                )
            ],
        )

    await db.transact(unit)
    await db.close()


async def leased(database: str) -> str:
    """Who holds the delivery."""
    db: Database = await connect(database)
    owner = await db.read(lambda tx: tx.value("SELECT lease_owner FROM deliveries WHERE id = 8 AND state = 'due'"))
    await db.close()
    return str(owner)
