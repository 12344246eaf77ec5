"""A page of anything that is listed by id. Knows no table."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Page:
    """Ids between `after` and `before` (both exclusive). `oldest_first` takes the page next to `after` (min_id);
    either way the answer is newest first.
    """

    limit: int = 20
    after: int = 0
    before: int = 2**63 - 1
    oldest_first: bool = False
