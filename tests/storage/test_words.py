"""Words as they are looked for: the same for a post and a question, in any case, with and without accents."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.words import LONGEST, list_words, plain_text


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("cœur", "coeur"),
        ("CŒUR", "cœur"),
        ("angines", "angine"),
        ("Œdème rénal", "oedemes rénaux"),
        ("infections", "infection"),
        ("bleeding", "bleeds"),
        ("studies", "study"),
        ("hôpital", "HOPITAUX"),
        ("ischemic", "ischemia"),
        ("β-bloquants", "Β bloquant"),
        ("Straße", "strasse"),
        ("opérée", "operee"),
        ("œ̀", "oe"),
    ],
)
def test_what_is_one_word_to_people_is_one_word_here(written: str, asked: str) -> None:
    assert list_words(written) == list_words(asked) != []


def test_signs_are_no_words() -> None:
    assert list_words("l'angine : 39,5 °C ... #ECG_12 @anna") == ["l", "angin", "39", "5", "c", "ecg", "12", "anna"]
    assert list_words("!? — 😷 '\"\\") == []


def test_markup_is_not_searched_and_keeps_words_apart() -> None:
    assert plain_text('<p>ST <b>sus</b>-décalage</p><p>a<br>b &lt;c&gt;</p><a href="https://x.example/y">z</a>') == (
        "ST sus-décalage\na\nb <c>\nz"
    )


@given(st.text(max_size=200))
def test_words_are_letters_and_digits_whatever_is_written(text: str) -> None:
    for word in list_words(text):
        assert word.isalnum()
        assert len(word.encode()) <= 8 * LONGEST
