"""Collects the faults of all tables, so that the user sees them at once. Not for deciding what is a fault."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from data_io.errors import InputError, Problem
from data_io.read import RawTable


class Findings:
    """The problems found so far. A cell is reported once, for its first fault."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self._cells: set[tuple] = set()

    def add(self, problems: Iterable[Problem]) -> None:
        self.problems += problems

    def cells(self, raw: RawTable, column: str, lines: Iterable[int], code: str, message: str, mend: str) -> None:
        """Report cells of a table.

        Args:
            raw: the table as read; its values and the user's names are shown.
            column: our name.
            lines: labels of the rows (raw.frame's index).
            code, message, mend: see Problem.
        """
        fresh = [line for line in lines if (raw.file, line, column) not in self._cells]
        if not fresh:
            return
        self._cells.update((raw.file, line, column) for line in fresh)
        rows = raw.frame.loc[fresh]
        values = rows[column].to_list()
        products = rows["product"].to_list() if "product" in rows and column != "product" else [None] * len(fresh)
        name = raw.names[column]
        self.problems += [
            Problem(code, message, mend, raw.file, int(line), name, _text(value), _text(product))
            for line, value, product in zip(fresh, values, products, strict=True)
        ]

    def forget(self, raw: RawTable, lines: pd.Index) -> None:
        """Drop the problems of rows that are left out on purpose."""
        out = set(lines)
        self.problems = [p for p in self.problems if p.file != raw.file or p.row not in out]

    def refuse(self) -> None:
        """Raise InputError with every problem, if there are any."""
        if self.problems:
            raise InputError(self.problems)


def _text(value: object) -> str | None:
    missing = value is None or (isinstance(value, float) and np.isnan(value)) or value is pd.NaT or value is pd.NA
    return None if missing or value == "" else str(value)
