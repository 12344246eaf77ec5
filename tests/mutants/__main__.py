"""Take out each guard in a copy of the tree and run the test that must notice: `make mutants`.

Fails when a test passes without its guard, when a guard is not where it was, and when a test fails with its guard.
"""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.mutants.guards import MUTANTS, Mutant
from tests.mutants.model import REMOVALS, Removal

ROOT = Path(__file__).parents[2]
PARTS = ("server", "web", "federation", "storage", "policies", "tests", "bench", "docs", "pyproject.toml")
AT_ONCE = 2
OF_MODEL = bool(os.environ.get("MODEL"))  # the guards that sequences of the model test are to miss
TESTS_FAILED = 1  # pytest's exit status; any other but 0 says that nothing was tested
# One engine is enough: what differs between the two is not what is taken out.
PYTEST = ("-m", "pytest", "-x", "-p", "no:randomly", "-p", "no:cacheprovider", "-n", "0", "-k", "not postgresql")


def copy_tree(to: Path) -> None:
    """What tests need, with what was compiled: compiling it again would take longer than the tests."""
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, to / part, ignore=shutil.ignore_patterns("node_modules"))
        else:
            shutil.copy2(ROOT / part, to / part)


async def run_tests(at: Path, tests: Iterable[str]) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *PYTEST,
        *tests,
        cwd=at,
        env={"CONFRERE_SEQUENCES": "0", **os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return process.returncode or 0, said.decode()


async def try_one(at: Path, mutant: Mutant | Removal) -> str:
    """What is wrong with a mutant; "" when its test noticed it."""
    texts = {change.file: (at / change.file).read_text() for change in mutant.changes}
    without = dict(texts)
    for change in mutant.changes:
        if without[change.file].count(change.old) != 1:
            return f"the guard is not (once) in {change.file} any more"
        without[change.file] = without[change.file].replace(change.old, change.new)
    for file, text in without.items():
        (at / file).write_text(text)
    status, said = await run_tests(at, [mutant.test])
    for file, text in texts.items():
        (at / file).write_text(text)
    if status == 0:
        return f"survives {mutant.test}"
    return "" if status == TESTS_FAILED else f"{mutant.test} cannot be run: {said[-2_000:]}"


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


async def work(at: Path, left: list[Mutant | Removal], wrong: list[str]) -> None:
    copy_tree(at)
    while left:
        mutant = left.pop()
        problem = await try_one(at, mutant)
        say(f"{'FAILED' if problem else 'noticed'}: {mutant.guard}")
        if problem:
            wrong.append(f"{mutant.guard}: {problem}")


def _described(mutant: Mutant | Removal) -> str:
    return " ".join((mutant.guard, mutant.test, *(change.file for change in mutant.changes)))


async def main(words: list[str]) -> int:
    """Those whose guard, file or test has one of these words; all, when there are none."""
    rows: tuple[Mutant | Removal, ...] = REMOVALS if OF_MODEL else MUTANTS
    chosen = [one for one in rows if not words or any(word in _described(one) for word in words)]
    left, wrong = chosen[::-1], list[str]()
    with TemporaryDirectory() as folder:
        places = [Path(folder, str(number)) for number in range(AT_ONCE)]
        for place in places:
            place.mkdir()
        await asyncio.gather(*(work(place, left, wrong) for place in places))
        status, said = await run_tests(places[0], sorted({mutant.test for mutant in chosen}))
    if status:
        wrong.append(f"with all guards in place: {said[-4_000:]}")
    say("\n".join(wrong) or f"each of {len(chosen)} guards is missed by its test")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main(sys.argv[1:])))
