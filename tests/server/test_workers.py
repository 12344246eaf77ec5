"""Several processes behind one socket: one that dies is started again, and none outlives the parent."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

# Each child answers every connection with its process id, until it is told to stop or its parent is gone.
CHILD = """
import os, select, signal, socket, sys
sys.path.insert(0, {root!r})
from server import workers

workers.FIRST_DELAY = 0.1

def work(lifeline):
    if os.path.exists({broken!r}):
        return 3
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    while True:
        ready, _, _ = select.select([listener, lifeline], [], [], 0.1)  # a signal just before is only seen after
        if lifeline in ready:
            return 0
        try:
            connection, _ = listener.accept()
        except BlockingIOError:
            continue
        connection.sendall(str(os.getpid()).encode())
        connection.close()

listener = socket.create_server(("127.0.0.1", 0))
listener.setblocking(False)
print(listener.getsockname()[1], flush=True)
sys.exit(workers.supervise(2, listener, work))
"""


class Parent:
    """A supervising process, and what its children answer."""

    def __init__(self, broken: Path) -> None:
        root = str(Path(__file__).parents[2])
        self.broken = broken
        code = CHILD.format(root=root, broken=str(broken))
        self.process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())

    def ask(self) -> int:
        """The process id of whichever child answers."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            return int(connection.recv(20))

    def ask_until(self, *, other_than: set[int]) -> int:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            if (pid := self.ask()) not in other_than:
                return pid
        raise AssertionError("no other child answers")

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(timeout=30)
        if self.process.stdout:
            self.process.stdout.close()


@pytest.fixture
def parent(tmp_path: Path) -> Iterator[Parent]:
    started = Parent(tmp_path / "broken")
    yield started
    started.end()


def gone(pid: int) -> bool:
    """Whether a process that is not our child ends soon. It cannot be waited for, only looked at."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            if Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z":
                return True
            os.kill(pid, 0)
        except (ProcessLookupError, FileNotFoundError):
            return True
    return False


def test_children_share_the_socket_and_stop_with_the_parent(parent: Parent) -> None:
    first = parent.ask()
    second = parent.ask_until(other_than={first})
    assert parent.process.pid not in {first, second}
    parent.process.send_signal(signal.SIGTERM)
    assert parent.process.wait(timeout=30) == 0
    assert gone(first)
    assert gone(second)


def test_a_killed_child_is_started_again(parent: Parent) -> None:
    first = parent.ask()
    second = parent.ask_until(other_than={first})
    os.kill(first, signal.SIGKILL)
    assert gone(first)
    assert parent.ask_until(other_than={first, second})


def test_children_stop_when_the_parent_is_killed(parent: Parent) -> None:
    first = parent.ask()
    second = parent.ask_until(other_than={first})
    parent.process.kill()
    parent.process.wait(timeout=30)
    assert gone(first)
    assert gone(second)


def test_when_children_keep_dying_the_parent_gives_up(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.touch()
    started = time.monotonic()
    parent = Parent(broken)
    assert parent.process.wait(timeout=60) == 1
    assert time.monotonic() - started > 1.5  # they were not started again at once
    parent.end()
