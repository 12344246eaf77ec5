"""Our words: the two tables against the reference, and the kind of every activity."""

import csv
from pathlib import Path

import pytest

from policies.terms import CLINICIANS, GROUP_ONLY, NS, PROFESSIONS, SPECIALTIES, Kind, kind_of


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def test_professions_and_specialties_are_those_of_the_reference(reference: Path) -> None:
    professions = {
        row["code"]: (row["label_fr"], row["label_en"]) for row in _rows(reference / "domain/professions.tsv")
    }
    specialties = {
        row["code"]: (row["label_fr"], row["label_en"]) for row in _rows(reference / "domain/specialties.tsv")
    }
    assert {code: (each.fr, each.en) for code, each in PROFESSIONS.items()} == professions
    assert {code: tuple(each) for code, each in SPECIALTIES.items()} == specialties


def test_who_is_no_clinician_unless_a_rule_says_so() -> None:
    students = {code for code in PROFESSIONS if code.startswith("student_")}
    assert len(students) == 4
    assert set(PROFESSIONS) - CLINICIANS == {"system_actor", "librarian_health", "communication_officer"} | students


def test_capability_is_in_our_namespace() -> None:
    assert GROUP_ONLY == NS + "group-only-1"


@pytest.mark.parametrize(
    ("activity", "inner", "kind"),
    [
        ("Delete", "Note", Kind.RETRACTION),
        ("Delete", "", Kind.RETRACTION),
        ("Undo", "Follow", Kind.RETRACTION),
        ("Undo", "Like", Kind.RETRACTION),
        ("Reject", "Follow", Kind.RETRACTION),
        ("Remove", "Note", Kind.RETRACTION),
        ("Leave", "Group", Kind.RETRACTION),
        ("Accept", "Delete", Kind.RETRACTION),
        ("Accept", "Undo", Kind.RETRACTION),
        ("Announce", "Delete", Kind.RETRACTION),
        ("Undo", "Delete", Kind.CONTENT),
        ("Undo", "Remove", Kind.CONTENT),
        ("Create", "Delete", Kind.CONTENT),
        ("Follow", "Person", Kind.CONTROL),
        ("Accept", "Follow", Kind.CONTROL),
        ("Invite", "Person", Kind.CONTROL),
        ("Update", "Person", Kind.CONTROL),
        ("Update", "Group", Kind.CONTROL),
        ("Update", "Note", Kind.CONTENT),
        ("Create", "Note", Kind.CONTENT),
        ("Announce", "Note", Kind.CONTENT),
        ("Announce", "Create", Kind.CONTENT),
        ("Like", "Note", Kind.CONTENT),
        ("Zorch", "", Kind.CONTENT),
    ],
)
def test_kind_of(activity: str, inner: str, kind: Kind) -> None:
    assert kind_of(activity, inner) is kind
