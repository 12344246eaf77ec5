"""Names that nobody takes by themselves, and what looks like them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.names import is_reserved, skeleton


@pytest.mark.parametrize(
    "name", ["admin", "ADMIN", "a_d_m_i_n", "adm1n", "adrnin", "r00t", "groupe", "everyone", "_api_"]
)
def test_offices_and_what_looks_like_them_are_reserved(name: str) -> None:
    assert is_reserved(name)


@pytest.mark.parametrize("name", ["anna", "dr_martin", "adminette", "paul", "nina1", "m", "ali"])
def test_people_have_their_names(name: str) -> None:
    assert not is_reserved(name)


@pytest.mark.parametrize(
    ("one", "other"), [("cardi0logie", "cardiologie"), ("cardio1ogie", "Cardio_logie"), ("vvim", "wim")]
)
def test_what_an_eye_confounds_is_the_same(one: str, other: str) -> None:
    assert skeleton(one) == skeleton(other)


@given(st.from_regex(r"[a-z0-9_]{1,30}", fullmatch=True))
def test_neither_case_nor_underscores_make_another_name(name: str) -> None:
    assert skeleton(f"_{name.upper()}_") == skeleton(name)
    assert skeleton(skeleton(name)) == skeleton(name)
