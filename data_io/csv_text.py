"""Parses CSV into text columns, each row with its line in the file. Not for types: see convert.

The standard library's reader instead of pandas', which shifts columns on a trailing comma, pads short rows, renames
duplicate headers, and turns ``007``, ``NA`` and large numbers into something else without a word.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

import numpy as np
import pandas as pd

from data_io.errors import InputError, Problem
from data_io.tabular import check_size, check_unique, fault

CHUNK_ROWS = 50_000


def parse(content: bytes, file: str) -> pd.DataFrame:
    """Bytes of a CSV file (UTF-8, commas, a header) -> text columns; the index is each row's first line.

    Blank lines and rows of nothing but commas are no rows. Raises InputError with every row of the wrong length.
    """
    records = _records(_decoded(content, file), file)
    header = next(([name.strip() for name in record] for _, record in records if any(record)), [])
    _check_header(header, file)
    chunks, lines, faults = [], [], []
    rows: list[list[str]] = []
    for line, record in records:
        if not any(record):
            continue
        if len(record) != len(header):
            faults.append(_ragged(record, len(header), line, file))
            continue
        rows.append(record)
        lines.append(line)
        if len(rows) == CHUNK_ROWS:
            check_size(len(lines), len(header), file)
            chunks.append(_columns(header, rows))
            rows = []
    if faults:
        raise InputError(faults)
    frame = pd.concat([*chunks, _columns(header, rows)], ignore_index=True)
    return frame.set_axis(pd.Index(lines, dtype=np.int64, name="line"), axis=0)


def _decoded(content: bytes, file: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise fault("not-utf8", file, "the file is not UTF-8", "Save it as CSV UTF-8", row=line) from None


def _records(text: str, file: str) -> Iterator[tuple[int, list[str]]]:
    """(first line, fields) of each record; a quoted field may span lines."""
    reader, line = csv.reader(io.StringIO(text, newline=""), strict=True), 1
    try:
        for record in reader:
            yield line, record
            line = reader.line_num + 1
    except csv.Error as error:
        message = f"the record cannot be read: {error}"
        raise fault("malformed-csv", file, message, "Check its quotes and commas", row=line) from None


def _check_header(header: list[str], file: str) -> None:
    if not header:
        raise fault("file-empty", file, "the file is empty", "Give it a header and at least one row")
    if len(header) == 1 and any(mark in header[0] for mark in ";\t|"):
        message = "the columns are not separated by commas"
        raise fault("wrong-separator", file, message, "Save it as CSV with commas and decimal points", row=1)
    check_unique(header, file)
    if "" in header:
        message = f"column {header.index('') + 1} has no name"
        raise fault("nameless-column", file, message, "Name it or remove it", row=1)


def _columns(header: list[str], rows: list[list[str]]) -> pd.DataFrame:
    fields = zip(*rows, strict=True) if rows else ([] for _ in header)
    return pd.DataFrame(dict(zip(header, fields, strict=True)), dtype="str")


def _ragged(record: list[str], width: int, line: int, file: str) -> Problem:
    kind = "few" if len(record) < width else "many"
    return Problem(
        f"too-{kind}-fields",
        f"the header has {width} columns, this row has {len(record)}",
        "Fill in or remove fields; quote a text that holds a comma",
        file=file,
        row=line,
    )
