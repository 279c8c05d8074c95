"""What a table must satisfy however it is stored: a bearable size and one name per column. Not for its contents."""

from __future__ import annotations

from data_io.errors import InputError, Problem, ResourceError

MAX_CELLS = 400_000_000
"""Largest table (rows × columns) that is read: a small Parquet file may unpack to any size."""


def fault(code: str, file: str, message: str, mend: str, **place) -> InputError:
    """An InputError of one problem; `place` as in Problem."""
    return InputError([Problem(code, message, mend, file=file, **place)])


def check_size(rows: int, width: int, file: str) -> None:
    """ResourceError above `MAX_CELLS`."""
    if rows * width > MAX_CELLS:
        raise ResourceError(
            f"{file}: {rows:,} rows × {width:,} columns are more than {MAX_CELLS:,} cells. "
            "Leave out columns, or split the table."
        )


def check_unique(header: list[str], file: str) -> None:
    """InputError naming every column name that stands twice."""
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise InputError(
            Problem("duplicate-column", "two columns have the same name", "Rename one", file, 1, name) for name in twice
        )
