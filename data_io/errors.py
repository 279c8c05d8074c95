"""Errors that users see. Every one says what was expected, what came, and what to do; each knows its exit code.

Not for programming mistakes: those stay ordinary exceptions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


class JointpriceError(Exception):
    """Base of all errors that end a run with one readable message instead of a traceback."""

    exit_code = 2


class ConfigError(JointpriceError):
    """A setting is misspelt, of the wrong type, or asks for what cannot be done."""


class InfeasibleError(JointpriceError):
    """The hard rules cannot hold together; `status` and `conflicts`, plain data, go into summary.json."""

    exit_code = 3
    status = "infeasible"

    def __init__(self, message: str, conflicts: Iterable[Mapping[str, Any]] = ()):
        super().__init__(message)
        self.conflicts = tuple(conflicts)


class NotFoundError(InfeasibleError):
    """No feasible prices were found, though none was proven impossible."""

    status = "not_found"


class ResourceError(JointpriceError):
    """Memory, disk or time would not suffice."""

    exit_code = 4


@dataclass(frozen=True)
class Problem:
    """One fault in the input.

    Attributes:
        code: short kind of fault, e.g. ``price-not-a-number``; problems of one code, file and column are grouped.
        message: what was expected and what came.
        mend: what the user can do.
        file: table or path in which it stands.
        row: 1-based line in the file as an editor shows it (header = line 1), or None.
        column: the user's own name of the column, or None.
        value: the offending value as text, or None.
        product: the product concerned, or None.
    """

    code: str
    message: str
    mend: str
    file: str | None = None
    row: int | None = None
    column: str | None = None
    value: str | None = None
    product: str | None = None

    def __str__(self) -> str:
        place = [
            text
            for text in (
                self.file,
                None if self.row is None else f"line {self.row}",
                None if self.column is None else f"column {self.column}",
                None if self.product is None else f"product {self.product}",
            )
            if text
        ]
        value = "" if self.value is None else f" (got {self.value!r})"
        where = f"{', '.join(place)}: " if place else ""
        return f"{where}{self.message}{value}. {self.mend}"


class InputError(JointpriceError):
    """All faults of the input tables at once, each kind shown with its first few cases."""

    shown_per_kind = 3

    def __init__(self, problems: Iterable[Problem]):
        self.problems = tuple(problems)
        super().__init__(self._text())

    def _text(self) -> str:
        kinds: dict[tuple, list[Problem]] = {}
        for problem in self.problems:
            kinds.setdefault((problem.code, problem.file, problem.column), []).append(problem)
        lines = [f"{len(self.problems)} problem{'s' if len(self.problems) != 1 else ''} in the input:"]
        for (code, _, _), same in kinds.items():
            lines += [f"  [{code}] {problem}" for problem in same[: self.shown_per_kind]]
            if len(same) > self.shown_per_kind:
                lines.append(f"  [{code}] … and {len(same) - self.shown_per_kind} more like it")
        return "\n".join(lines)
