"""What a run found, as a table for people and as JSON. Must not know how anything was measured."""

import platform
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from os import cpu_count, getloadavg
from pathlib import Path
from typing import Any

from bench.instance import ENGINES


@dataclass(frozen=True, slots=True)
class Figure:
    """One result. `more` holds what belongs to it (other percentiles, CPU, sizes), as text."""

    work: str
    value: float
    unit: str
    engine: str = "sqlite"
    processes: int = 1
    more: dict[str, str] = field(default_factory=dict)


Report = Callable[[Figure], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """How much of everything: `scale` 1 is what RESULTS.md holds, less is for trying the harness."""

    scale: float = 1.0
    engines: tuple[str, ...] = ENGINES

    def count(self, most: int, least: int = 1) -> int:
        return max(least, round(most * self.scale))

    def seconds(self, most: float) -> float:
        return max(0.5, most * self.scale)


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Where and when: figures mean little without."""

    date: str
    commit: str
    machine: str
    load_before: float


def circumstances() -> Circumstances:
    return Circumstances(
        date=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        commit=_commit(),
        machine=f"{cpu_count()} x {_processor()}, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}",
        load_before=round(getloadavg()[0], 2),
    )


def _commit() -> str:
    """With a plus sign when the tree is not as it was committed."""
    try:
        said = [_git("rev-parse", "--short", "HEAD"), _git("status", "--porcelain")]
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return f"{said[0]}+" if said[1] else said[0]


def _git(*words: str) -> str:
    folder = Path(__file__).parent
    return subprocess.run(("git", *words), cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def row(figure: Figure) -> str:
    """A line of the table in RESULTS.md."""
    more = ", ".join(f"{name} {value}" for name, value in figure.more.items())
    cells = (figure.work, figure.engine, str(figure.processes), f"{_number(figure.value)} {figure.unit}", more)
    return f"| {' | '.join(cells)} |"


HEADING = "| work | engine | processes | figure | and |\n|---|---|---|---|---|"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"


def as_document(found: Iterable[Figure], where: Circumstances, load_after: float) -> dict[str, Any]:
    """Everything, for a machine."""
    return {**asdict(where), "load_after": load_after, "figures": [asdict(figure) for figure in found]}
