"""Several processes behind one socket: the parent binds and watches, children inherit the socket and serve.

Must not know what a child does. The parent has no event loop and no threads, so that it can fork at any time.
"""

import gc
import logging
import os
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass

# A child that lived this long had started well; one that dies sooner is started again with growing delays.
STEADY_SECONDS = 10
FIRST_DELAY = 0.5
MOST_DELAY = 10
MOST_FAILURES = 5
STOP_SECONDS = 30  # longer than a child takes at most

_STOPPING = {signal.SIGTERM, signal.SIGINT}
_WATCHED = {*_STOPPING, signal.SIGCHLD}

log = logging.getLogger("confrere.workers")


@dataclass(slots=True)
class Slot:
    """One place for a child. `failures` counts deaths soon after a start, in a row; `due` is when to start again."""

    pid: int = 0
    started: float = 0.0
    failures: int = 0
    due: float = 0.0


def supervise(count: int, listener: socket.socket, work: Callable[[int], int]) -> int:
    """Keep `count` children at work until a signal says stop; answers the exit status of the whole.

    `work` runs in each child and answers its exit status. It is given the reading end of a pipe that reports its end
    when the parent is gone, however it went.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, _WATCHED)
    gc.freeze()  # what is here now is shared by all children; a collection that touched it would copy it to each
    lifeline, held = os.pipe()
    slots = [Slot() for _ in range(count)]
    while True:
        for slot in slots:
            if not slot.pid and slot.due <= time.monotonic():
                _start(slot, work, lifeline, held)
        received = signal.sigtimedwait(_WATCHED, _seconds_until_due(slots))
        _reap(slots)
        stopping = received is not None and received.si_signo in _STOPPING
        failing = any(slot.failures > MOST_FAILURES for slot in slots)
        if failing:
            log.error("processes keep dying; giving up")
        if stopping or failing:
            listener.close()
            return max(_stop(slots), int(failing))


def _start(slot: Slot, work: Callable[[int], int], lifeline: int, held: int) -> None:
    slot.started = time.monotonic()
    slot.pid = os.fork()
    if slot.pid:
        log.info("process started", extra={"fields": {"pid": slot.pid}})
        return
    status = 1
    try:
        os.close(held)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _WATCHED)
        status = work(lifeline)
    finally:
        logging.shutdown()
        os._exit(status)  # nothing of the parent's may be finished or flushed a second time


def _seconds_until_due(slots: list[Slot]) -> float:
    waiting = [slot.due - time.monotonic() for slot in slots if not slot.pid]
    return max(0.0, min(waiting, default=60.0))


def _reap(slots: list[Slot]) -> None:
    """Take note of every child that has died. One signal may stand for several."""
    for slot in slots:
        if not slot.pid:
            continue
        pid, status = os.waitpid(slot.pid, os.WNOHANG)
        if pid:
            _note_death(slot, status)


def _note_death(slot: Slot, status: int) -> None:
    fields = {"pid": slot.pid, "status": os.waitstatus_to_exitcode(status)}
    log.warning("process died; starting another", extra={"fields": fields})
    now = time.monotonic()
    slot.pid = 0
    slot.failures = 0 if now - slot.started > STEADY_SECONDS else slot.failures + 1
    slot.due = now + min(FIRST_DELAY * 2 ** (slot.failures - 1), MOST_DELAY) if slot.failures else now


def _stop(slots: list[Slot]) -> int:
    """Ask every child to stop, wait, and end those that do not; answers the worst exit status."""
    alive = [slot.pid for slot in slots if slot.pid]
    for pid in alive:
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    worst = 0
    for pid in alive:
        worst = max(worst, _await_end(pid, deadline))
    return worst


def _await_end(pid: int, deadline: float) -> int:
    """0 for a child that ended well, or so early that SIGTERM found nothing to finish; 1 for any other."""
    while time.monotonic() < deadline:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            return int(os.waitstatus_to_exitcode(status) not in {0, -signal.SIGTERM})
        signal.sigtimedwait({signal.SIGCHLD}, 0.2)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return 1
