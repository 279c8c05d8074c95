"""Writes a run directory so that a reader never sees half a file, nor a manifest before its files. Not for contents."""

from __future__ import annotations

import hashlib
import io
import json
import math
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pandas.api import types

from data_io.errors import InputError, Problem, ResourceError

MANIFEST = "manifest.json"
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


class RunDirectory:
    """A folder of results. Every file is written beside its place, synced and renamed; `finish` comes last.

    Names may hold subfolders (``model/config.json``). All methods raise ResourceError where the disk refuses.
    """

    def __init__(self, folder: str | Path):
        self.folder = Path(folder)
        _on_disk(self.folder, lambda: self.folder.mkdir(parents=True, exist_ok=True))

    def write_bytes(self, name: str, content: bytes) -> Path:
        path = self.folder / name
        write_whole(path, content)
        return path

    def write_text(self, name: str, text: str) -> Path:
        """UTF-8, line ends as given."""
        return self.write_bytes(name, text.encode("utf-8"))

    def write_json(self, name: str, value: Any) -> Path:
        """Keys in their order; NaN and infinities become null."""
        return self.write_text(name, json.dumps(plain(value), indent=2, ensure_ascii=False, allow_nan=False) + "\n")

    def write_jsonl(self, name: str, rows: Iterable[Mapping]) -> Path:
        """One object per line."""
        lines = (json.dumps(plain(row), ensure_ascii=False, allow_nan=False) for row in rows)
        return self.write_text(name, "".join(f"{line}\n" for line in lines))

    def write_csv(self, name: str, frame: pd.DataFrame) -> Path:
        """Without the index; texts that a spreadsheet would run as a formula get a leading apostrophe."""
        return self.write_text(name, _defused(frame).to_csv(index=False, lineterminator="\n"))

    def write_parquet(self, name: str, frame: pd.DataFrame) -> Path:
        """Without the index, values as they are."""
        buffer = io.BytesIO()
        frame.to_parquet(buffer, index=False)
        return self.write_bytes(name, buffer.getvalue())

    def finish(self) -> Path:
        """Write manifest.json: size and SHA-256 of every file below the folder."""
        paths = sorted(path for path in self.folder.rglob("*") if path.is_file() and path != self.folder / MANIFEST)
        files = {path.relative_to(self.folder).as_posix(): _fingerprint(path) for path in paths}
        return self.write_json(MANIFEST, {"files": files})


def read_manifest(folder: str | Path) -> dict[str, dict]:
    """File name -> ``{"bytes", "sha256"}``; InputError where there is no readable manifest."""
    path = Path(folder) / MANIFEST
    try:
        files = json.loads(path.read_bytes())["files"]
        return {
            str(name): {"bytes": int(entry["bytes"]), "sha256": str(entry["sha256"])} for name, entry in files.items()
        }
    except FileNotFoundError:
        message = "there is no manifest: the run did not finish, or this is no run directory"
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        message = "the manifest cannot be read"
    raise InputError([Problem("bad-manifest", message, "Use the directory of a finished run", file=str(path))])


def verify(folder: str | Path) -> None:
    """InputError naming every file of the manifest that is missing or changed."""
    problems = []
    for name, expected in read_manifest(folder).items():
        path = Path(folder) / name
        if not path.is_file():
            problems.append(Problem("file-missing", "the file is missing", "Run again", file=str(path)))
        elif _fingerprint(path) != expected:
            problems.append(
                Problem("file-changed", "the file is not the one that was written", "Run again", file=str(path))
            )
    if problems:
        raise InputError(problems)


def plain(value: Any) -> Any:
    """What JSON can hold: numpy and pandas values as Python's own, dates as ISO text, NaN and infinities as None."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | pd.Series):
        return plain(value.tolist())
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in (sorted(value) if isinstance(value, set | frozenset) else value)]
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is pd.NaT or value is pd.NA:
        return None
    if isinstance(value, Path):
        return str(value)
    return value.isoformat() if hasattr(value, "isoformat") else value


def _defused(frame: pd.DataFrame) -> pd.DataFrame:
    def defuse(value: Any) -> Any:
        return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value

    texts = [name for name in frame.columns if not types.is_numeric_dtype(frame[name].dtype)]
    texts = [name for name in texts if not types.is_datetime64_any_dtype(frame[name].dtype)]
    return frame.assign(**{name: frame[name].map(defuse) for name in texts})


def write_whole(path: Path, content: bytes) -> None:
    """The file with this content, or as it was: never half of it. Raises ResourceError where it cannot be written."""
    _on_disk(path, lambda: _replace(path, content))


def _replace(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(beside, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)
    if os.name == "posix":  # elsewhere a folder cannot be opened
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _on_disk(path: Path, action) -> None:
    try:
        action()
    except OSError as error:
        raise ResourceError(
            f"{path}: cannot be written ({error.strerror or error}). Free space, or choose another output folder."
        ) from error


def _fingerprint(path: Path) -> dict:
    with open(path, "rb") as file:
        return {"bytes": path.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}
