"""`docs/invariants.md` and the rows of `tests/mutants/guards.py` say the same, and each row still applies."""

from pathlib import Path

from tests.mutants.guards import MUTANTS
from tests.mutants.model import REMOVALS

ROOT = Path(__file__).parents[2]


def test_the_page_names_each_guard_and_no_other() -> None:
    lines = (ROOT / "docs" / "invariants.md").read_text().splitlines()
    shown = [line for line in lines if line.startswith("| ") and not line.startswith("| guard")]
    wanted = []
    for mutant in MUTANTS:
        file, test = mutant.test.split("::")
        wanted.append(f"| {mutant.guard} | `{mutant.file}` | `{file}` `{test}` |")
    assert sorted(shown) == sorted(wanted)


def test_each_guard_and_its_test_are_there() -> None:
    wrong = []
    for mutant in MUTANTS:
        file, test = mutant.test.split("::")
        if (ROOT / mutant.file).read_text().count(mutant.old) != 1 or mutant.old == mutant.new:
            wrong.append(mutant.guard)
        if f"def {test}(" not in (ROOT / file).read_text():
            wrong.append(mutant.test)
    assert wrong == []


def test_each_guard_that_the_model_test_must_miss_is_there() -> None:
    changes = [change for removal in REMOVALS for change in removal.changes]
    assert [one for one in changes if (ROOT / one.file).read_text().count(one.old) != 1 or one.old == one.new] == []


def test_each_invariant_has_guards() -> None:
    assert {mutant.invariant for mutant in MUTANTS} == set(range(9))
