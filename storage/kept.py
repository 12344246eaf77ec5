"""Rows that were read before and are read again and again, by id and version. Must not know what they are.

Reading a page of posts would otherwise fetch the same authors' thirty columns each time. A kept record is used only
when the row's version, read just now in the same snapshot, is the one it was kept with: nobody is shown a former state.
"""

from typing import Any

MOST = 20_000


class Kept:
    """Records of one kind (people, by `storage.actors`) of one database. Only units that read fill it: what a transaction writes may never be committed."""

    def __init__(self) -> None:
        self._records: dict[int, tuple[int, Any]] = {}

    def get(self, id_: int, version: int) -> Any:
        """The record as it was at this version; None when another one, or none, is kept."""
        kept = self._records.get(id_)
        return kept[1] if kept is not None and kept[0] == version else None

    def put(self, id_: int, version: int, record: Any) -> None:
        """Keep a record. When there are too many all are forgotten, which costs one reading of each."""
        if len(self._records) >= MOST:
            self._records.clear()
        self._records[id_] = version, record
