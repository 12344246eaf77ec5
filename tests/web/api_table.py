"""The table of what apps call, as the reference documents have it: which rows there are, and whom each serves."""

import csv
import re
from dataclasses import dataclass
from pathlib import Path

# What neither an app nor a library is: the rest of the columns are apps and libraries.
_ABOUT = frozenset(
    ("method", "path", "area", "since_version", "oauth_scope", "returns", "n_clients", "n_families", "tier")
)


@dataclass(frozen=True, slots=True)
class Row:
    """One row. `said` is whom it serves in the table's words, `returns` what it answers."""

    method: str
    path: str
    said: str
    returns: str

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def shape(self) -> tuple[str, str]:
        return self.method, shape(self.path)

    @property
    def is_public(self) -> bool:
        """Whether it answers who brings no token."""
        return self.said.startswith("public")

    @property
    def wants_user(self) -> bool:
        return self.said.startswith("user")

    @property
    def takes_tokens(self) -> bool:
        """Whether access tokens mean anything there: not on the pages and doors of OAuth itself."""
        return self.is_public or self.said.startswith(("user", "app"))

    @property
    def scopes(self) -> tuple[str, ...]:
        """Any one of these will do; () asks for none."""
        named = re.sub(r"\(.*|^public( or )?", "", self.said).removeprefix("user").removeprefix("app")
        return tuple(named.replace("|", " ").split()) if self.takes_tokens else ()


def shape(path: str) -> str:
    """`:id` and `{id}` are the same to who asks."""
    return re.sub(r":\w+|\{[^}]*\}", "*", path)


def read_rows(reference: Path) -> list[Row]:
    """Every row that an app needs: all that the table calls so, and of the rest what one of the twenty apps calls."""
    with (reference / "client_api.tsv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t"))
    apps = [name for name in rows[0] if name not in _ABOUT and not name.startswith("lib_")]
    wanted = [row for row in rows if row["tier"] != "extra" or any(row[app] == "1" for app in apps)]
    return [Row(row["method"], row["path"], row["oauth_scope"], row["returns"]) for row in wanted]
