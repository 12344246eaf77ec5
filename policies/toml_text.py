"""Where the statements of a TOML text stand, so that mistakes have lines and edits leave all else as it was.

`tomllib` understands TOML but forgets places. This only splits a text that `tomllib` has accepted. Must not know: rulesets.
"""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Path = tuple[str, ...]

TOKEN = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}'
    r"|'''.*?'{3,5}"
    r'|"(?:\\.|[^"\\])*"'
    r"|'[^']*'"
    r"|#[^\n]*"
    r"|[\n\[\]{}=]"
    r"|[^\n\[\]{}=#\"']+",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Statement:
    """A header or a `key = value`, with its full path; lines count from 1.

    `text[start:end]` is all of it without indentation and comment, `text[value:end]` its value.
    """

    path: Path
    line: int
    start: int
    value: int
    end: int
    is_header: bool


def statements(text: str) -> Iterator[Statement]:
    """Every statement of a valid TOML text, in order, with its full path."""
    header: Path = ()
    tokens: list[re.Match[str]] = []
    depth = 0
    for token in TOKEN.finditer(text + "\n"):
        word = token.group()
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(word, 0)
        if word == "\n" and depth == 0:
            if tokens:
                statement = _statement(text, tokens, header)
                header = statement.path if statement.is_header else header
                yield statement
            tokens = []
        elif not (word.isspace() or word.startswith("#")):
            tokens.append(token)


def line_of(text: str, path: Path) -> int:
    """The line of the statement at a path, or of the nearest one above it; 1 when there is none."""
    lines: dict[Path, int] = {(): 1}
    for statement in statements(text):
        for size in range(1, len(statement.path) + 1):
            lines.setdefault(statement.path[:size], statement.line)
    return next(lines[path[:size]] for size in range(len(path), -1, -1) if path[:size] in lines)


def _statement(text: str, tokens: list[re.Match[str]], header: Path) -> Statement:
    start = tokens[0].start() + len(tokens[0].group()) - len(tokens[0].group().lstrip())
    end = tokens[-1].start() + len(tokens[-1].group().rstrip())
    line = text.count("\n", 0, start) + 1
    if text[start] == "[":
        return Statement(_path(text[start:end].strip("[]")), line, start, end, end, is_header=True)
    equals = next(token.start() for token in tokens if token.group() == "=")
    value = equals + 1 + len(text[equals + 1 : end]) - len(text[equals + 1 : end].lstrip())
    return Statement(header + _path(text[start:equals]), line, start, value, end, is_header=False)


def _path(key: str) -> Path:
    """The parts of a dotted key, unquoted: TOML's own reader knows how."""
    node: Any = tomllib.loads(f"{key} = 0")
    path: list[str] = []
    while isinstance(node, dict):
        [(part, node)] = node.items()
        path.append(part)
    return tuple(path)
