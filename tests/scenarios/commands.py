"""The command line in tests: commands that end run in this process, servers are processes of their own."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any

from click.testing import CliRunner, Result

from federation.local_actors import INSTANCE_ACTOR_ID
from server.cli import main
from storage import deliveries
from storage.database import Transaction
from storage.engines import connect
from storage.records import Activity, Delivery

COMMAND = (sys.executable, "-m", "server")
PATIENCE = 30


class Console:
    """One instance's command line, in the current folder."""

    def __init__(self) -> None:
        self._runner = CliRunner()

    def run(self, *args: str, stdin: str | None = None, **environ: str) -> Result:
        return self._runner.invoke(main, args, input=stdin, env=environ, catch_exceptions=False)

    def do(self, *args: str, stdin: str | None = None) -> str:
        """Run a command that must succeed; its output."""
        result = self.run(*args, stdin=stdin)
        assert result.exit_code == 0, result.output
        return result.stdout

    def ask(self, *args: str, stdin: str | None = None) -> Any:
        """The JSON answer of a command that must succeed."""
        return json.loads(self.do(*args, "--json", stdin=stdin))

    def refuse(self, *args: str, stdin: str | None = None) -> str:
        """The sentence of a command that must be refused."""
        result = self.run(*args, stdin=stdin)
        assert result.exit_code == 1, result.output
        assert "Traceback" not in result.output
        return result.stderr

    def acts(self) -> list[tuple[str, str]]:
        """(act, subject) of the audit log, oldest first."""
        return [(row["act"], row["subject"]) for row in reversed(self.ask("audit", "show"))]


class Process:
    """A command at work, and what it logs."""

    def __init__(self, *args: str) -> None:
        self.process = subprocess.Popen([*COMMAND, *args], stderr=subprocess.PIPE, text=True, start_new_session=True)
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
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)  # whatever it may have left behind
            self._reader.join()
            if self.process.stderr:
                self.process.stderr.close()


async def insert_delivery(database: str, host: str, *, state: str = "due", due_at: int = 1) -> None:
    """One retraction, which every policy lets pass, on its way to a host."""
    db = await connect(database)
    delivery = Delivery(
        id=8,
        activity_id=7,
        sender_id=INSTANCE_ACTOR_ID,
        host=host,
        inbox=f"http://{host}/inbox",
        kind="retraction",
        audience="direct",
        object_uri="http://localhost:8000/ap/objects/9",
        group_id=None,
        state=state,
        attempts=0,
        due_at=due_at,
        lease_owner="",
        reason="peer_quarantined" if state == "held" else "",
        created_at=1,
        finished_at=None,
    )

    async def unit(tx: Transaction) -> None:
        activity = Activity(7, "http://localhost:8000/ap/activities/7", INSTANCE_ACTOR_ID, "Delete", None, b"{}", 1)
        await deliveries.insert_activity(tx, activity)
        await deliveries.insert_deliveries(tx, [delivery])

    await db.transact(unit)
    await db.close()
