"""Take out each guard in a copy of the tree and run the test that must notice: `make mutants`.

Fails when a test passes without its guard, when a guard is not where it was, and when a test fails with its guard.
"""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.mutants.guards import BY_MODEL, MODEL, MUTANTS, Mutant

ROOT = Path(__file__).parents[2]
PARTS = ("server", "web", "federation", "storage", "policies", "tests", "bench", "docs", "pyproject.toml")
AT_ONCE = 2
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
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "CONFRERE_SEQUENCES": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return process.returncode or 0, said.decode()


async def try_one(at: Path, mutant: Mutant) -> str:
    """What is wrong with a mutant; "" when its test noticed it."""
    path = at / mutant.file
    text = path.read_text()
    if text.count(mutant.old) != 1:
        return f"the guard is not (once) in {mutant.file} any more"
    path.write_text(text.replace(mutant.old, mutant.new))
    status, said = await run_tests(at, [mutant.test])
    path.write_text(text)
    if status == 0:
        return f"survives {mutant.test}"
    return "" if status == TESTS_FAILED else f"{mutant.test} cannot be run: {said[-2_000:]}"


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


async def work(at: Path, left: list[Mutant], wrong: list[str]) -> None:
    copy_tree(at)
    while left:
        mutant = left.pop()
        problem = await try_one(at, mutant)
        say(f"{'FAILED' if problem else 'noticed'}: {mutant.guard}")
        if problem:
            wrong.append(f"{mutant.guard}: {problem}")


async def main(words: list[str]) -> int:
    """Those whose guard, file or test has one of these words; all, when there are none. `model`: those that the model test
    must notice, by it.
    """
    if words == ["model"]:
        chosen = [replace(one, test=MODEL) for one in MUTANTS if one.guard in BY_MODEL]
    else:
        chosen = [one for one in MUTANTS if any(word in f"{one.guard} {one.file} {one.test}" for word in words or [""])]
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
