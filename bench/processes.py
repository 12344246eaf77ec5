"""Processes that the harness starts: what they cost, and how they end. Must not know what they do.

Only what was started here is ever ended: each process begins a session of its own, and signals go to that session.
"""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

STOP_SECONDS = 30
_TICKS = os.sysconf("SC_CLK_TCK")
# Fields of /proc/<pid>/stat, counted from the state, which follows the command in brackets (proc(5)).
_STATE, _SESSION, _USER, _SYSTEM = 0, 3, 11, 12


class Process:
    """A process with its children; what they say goes to the end of a file."""

    def __init__(self, command: Sequence[str], *, log: Path, environ: Mapping[str, str] | None = None) -> None:
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=environ,
                start_new_session=True,
            )

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def kill(self) -> None:
        """SIGKILL for all of them at once, as a power cut would: nobody gets to say good-bye."""
        members = self._members()
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        while any(_lives(pid) for pid in members):
            time.sleep(0.001)  # the listening socket is free once the last of them is gone

    def stop(self) -> None:
        """Ask it to end; what does not in time is killed."""
        if self.running:
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_SECONDS)
        if self.running:
            self.kill()

    def cpu_seconds(self) -> float:
        """What those that are alive now have used, in user and kernel mode."""
        stats = [_stat(pid) for pid in self._members()]
        return sum(int(stat[_USER]) + int(stat[_SYSTEM]) for stat in stats if stat) / _TICKS

    def memory(self) -> int:
        """Proportional set size (PSS) of all of them together, in bytes: shared pages count once."""
        return sum(_pss(pid) for pid in self._members())

    def _members(self) -> list[int]:
        session = str(self._process.pid)
        pids = [int(entry) for entry in os.listdir("/proc") if entry.isdecimal()]  # noqa: PTH208  # not a folder of files
        return [pid for pid in pids if (stat := _stat(pid)) and stat[_SESSION] == session]


def _stat(pid: int) -> list[str]:
    """Empty for a process that is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def _lives(pid: int) -> bool:
    stat = _stat(pid)
    return bool(stat) and stat[_STATE] not in "ZX"


def _pss(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)


def unused_port() -> int:
    """A port of loopback that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
