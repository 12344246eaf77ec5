"""Keeps the words of posts so that they are found, and says in each engine's own way which posts have which words.

What differs between FTS5 and tsvector is here and nowhere else. Rows leave with their posts (by a trigger on SQLite, whose
virtual tables know no foreign keys). Who may see what is found is asked of `storage.visibility` by the callers.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from storage.database import Reader, Transaction
from storage.words import list_words

Phrase = Sequence[str]  # words that follow each other, as `storage.words.list_words` gives them


@dataclass(frozen=True, slots=True)
class _Engine:
    """`matching` selects the posts that answer a question, put where {} stands; `both` and `either` join phrases."""

    insert: str
    matching: str
    both: str
    either: str
    row: Callable[[Iterable[str]], str]
    phrase: Callable[[Phrase], str]


_ENGINES = {
    "sqlite": _Engine(
        insert="INSERT INTO status_words (rowid, words) VALUES (:id, :words)",
        matching="SELECT rowid FROM status_words WHERE status_words MATCH {}",
        both=" AND ",
        either=" OR ",
        row=" ".join,
        phrase=lambda words: f'"{" ".join(words)}"',
    ),
    "postgresql": _Engine(
        insert="INSERT INTO status_words (rowid, words) VALUES (:id, CAST(CAST(:words AS text) AS tsvector))",
        matching="SELECT rowid FROM status_words WHERE words @@ CAST(CAST({} AS text) AS tsquery)",
        both=" & ",
        either=" | ",
        row=lambda words: " ".join(f"'{word}':{place}" for place, word in enumerate(words, 1)),
        phrase=lambda words: "(" + " <-> ".join(f"'{word}'" for word in words) + ")",
    ),
}


async def index_words(tx: Transaction, status_id: int, text: str) -> None:
    """Let a post that is not found by anything yet be found by the words of this text."""
    engine, words = _ENGINES[tx.dialect], list_words(text)
    if words:
        await tx.execute(engine.insert, id=status_id, words=engine.row(words))


async def forget_words(tx: Transaction, status_id: int) -> None:
    """Let a post be found by nothing any more."""
    await tx.execute("DELETE FROM status_words WHERE rowid = :id", id=status_id)


def matching(tx: Reader, parameter: str) -> str:
    """SQL for the ids of the posts that answer the question in a parameter (`every_phrase` or `some_phrase`)."""
    return _ENGINES[tx.dialect].matching.format(f":{parameter}")


def every_phrase(tx: Reader, phrases: Iterable[Phrase]) -> str:
    """The question for posts that have all of these; there must be one at least."""
    engine = _ENGINES[tx.dialect]
    return engine.both.join(map(engine.phrase, phrases))


def some_phrase(tx: Reader, phrases: Iterable[Phrase]) -> str:
    """The question for posts that have any of these; there must be one at least."""
    engine = _ENGINES[tx.dialect]
    return engine.either.join(map(engine.phrase, phrases))
