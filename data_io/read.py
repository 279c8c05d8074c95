"""Reads one table from CSV, Parquet or a DataFrame, in our column names. Not for types or meaning.

CSV comes back as text, exactly as written; conversion is separate (data_io.convert), so that every fault can be
told with its line.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import pandas as pd

from data_io.csv_text import parse
from data_io.tabular import check_size, check_unique, fault

Source = str | Path | pd.DataFrame


@dataclass(frozen=True)
class RawTable:
    """A table as it was read.

    Attributes:
        table: its role: ``sales``, ``products``, ``stores``, ``offers``, ``future``, ``baskets``.
        file: how messages call it: the path as given, or the role for a DataFrame.
        frame: columns in our names; the index is the 1-based line in the file (header = line 1; a row of a
            Parquet file or DataFrame counts as if it were a line).
        names: our name -> the user's name, of every column.
        sha256: of the file's bytes, or of the DataFrame's names and values.
    """

    table: str
    file: str
    frame: pd.DataFrame
    names: dict[str, str]
    sha256: str

    @property
    def audit(self) -> dict[str, int | str]:
        """What Tables.inputs keeps of it."""
        return {"rows": len(self.frame), "sha256": self.sha256}


def read_table(source: Source, table: str, columns: Mapping[str, str]) -> RawTable:
    """Read a table and rename its columns.

    Args:
        source: path of a .csv or .parquet file, or a DataFrame.
        table: its role, for messages.
        columns: our name -> the user's name; names that this table lacks are left to the caller.

    Raises:
        InputError: the file is missing, empty, malformed, or its columns collide.
        ResourceError: the table is larger than `tabular.MAX_CELLS`.
    """
    if isinstance(source, pd.DataFrame):
        file, frame, digest = table, _numbered(source, table), _frame_digest(source)
    else:
        file = str(source)
        content = _content(Path(source).expanduser(), file, table)
        reader = parse if file.lower().endswith(".csv") else _parquet
        frame, digest = reader(content, file), hashlib.sha256(content).hexdigest()
    if frame.empty:
        raise fault("no-rows", file, "the table has a header but no rows", f"Give {table} at least one row")
    names = _our_names(list(frame.columns), columns, file)
    return RawTable(table, file, frame.set_axis(list(names), axis=1), names, digest)


def closest(name: str, known: list[str]) -> str:
    """A hint for a name that was not found: the nearest of the names there are, and all of them."""
    near = get_close_matches(name.lower(), [k.lower() for k in known], n=1)
    guess = next((f"Did you mean {k}? " for k in known if k.lower() in near), "")
    return f"{guess}The columns there are: {', '.join(known)}"


def _content(path: Path, file: str, table: str) -> bytes:
    if path.suffix.lower() not in (".csv", ".parquet"):
        raise fault("unknown-format", file, f"{table} must be a .csv or .parquet file", "Convert it to one of them")
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        mend = f"Check data.{table}, relative to the working folder"
        raise fault("file-missing", file, "there is no such file", mend) from None
    except OSError as error:
        message = f"the file cannot be read: {error.strerror}"
        raise fault("file-unreadable", file, message, "Check what it is and its permissions") from None
    if not content.strip():
        raise fault("file-empty", file, "the file is empty", f"Give {table} a header and at least one row")
    return content


def _parquet(content: bytes, file: str) -> pd.DataFrame:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        footer = pq.ParquetFile(io.BytesIO(content))
        check_size(footer.metadata.num_rows, footer.metadata.num_columns, file)
        check_unique(footer.schema_arrow.names, file)
        frame = footer.read().to_pandas(ignore_metadata=True)
    except (pa.ArrowException, OSError) as error:
        message = f"the file cannot be read: {error}"
        raise fault("malformed-parquet", file, message, "Write it again as Parquet") from None
    return _numbered(frame, file)


def _numbered(frame: pd.DataFrame, file: str) -> pd.DataFrame:
    """Text column names, and an index as if the header were line 1 of a file."""
    names = [str(name).strip() for name in frame.columns]
    check_unique(names, file)
    return frame.set_axis(names, axis=1).set_axis(pd.RangeIndex(2, len(frame) + 2, name="line"), axis=0)


def _frame_digest(frame: pd.DataFrame) -> str:
    digest = hashlib.sha256(repr([str(name) for name in frame.columns]).encode())
    for position in range(frame.shape[1]):
        column = frame.iloc[:, position]
        plain = column.astype("str") if column.dtype == object else column  # objects may be unhashable
        digest.update(pd.util.hash_pandas_object(plain, index=False).to_numpy().tobytes())
    return digest.hexdigest()


def _our_names(there: list[str], columns: Mapping[str, str], file: str) -> dict[str, str]:
    """Our name -> the user's name, in the table's order."""
    ours: dict[str, str] = {}
    for our, user in columns.items():
        if user in ours:
            message = f"data.columns gives it to both {ours[user]} and {our}"
            raise fault("mapping-collides", file, message, "Map it once", column=user)
        ours[user] = our
    names: dict[str, str] = {}
    for user in there:
        our = ours.get(user, user)
        if our in names:
            message = f"data.columns maps {our} to {columns[our]}, but the table has a column {our} too"
            mend = f"Map that one away, e.g. data.columns.other_{our}={our}, or rename it in the file"
            raise fault("mapping-collides", file, message, mend, column=our)
        names[our] = user
    return names
