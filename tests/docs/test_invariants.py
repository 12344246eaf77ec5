"""`docs/invariants.md` and the rows of `tests/mutants/guards.py` say the same, and each row still applies."""

from pathlib import Path

from tests.mutants.guards import BY_MODEL, MODEL, MUTANTS

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


def test_what_the_model_notices_are_guards() -> None:
    assert {mutant.guard for mutant in MUTANTS} >= BY_MODEL
    assert f"def {MODEL.partition('::')[2]}(" in (ROOT / MODEL.partition("::")[0]).read_text()


def test_each_invariant_has_guards() -> None:
    assert {mutant.invariant for mutant in MUTANTS} == set(range(9))
