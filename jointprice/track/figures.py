"""A finished run's figures by name, from its own files. Not for sending them anywhere."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from jointprice.schema import Config


def parameters(config: Config) -> dict[str, str]:
    """Every setting by its key, as on the command line."""
    return {key: str(value) for key, value in _flat(asdict(config))}


def scalars(folder: Path, summary: dict[str, Any]) -> dict[str, float]:
    """The numbers of summary.json and metrics.json by dotted name; lists and what is not finite are left out."""
    path = folder / "metrics.json"
    metrics = json.loads(path.read_text("utf-8")) if path.exists() else {}
    whole = [*_flat(summary), *((f"metrics.{key}", value) for key, value in _flat(metrics))]
    numbers = [(key, float(value)) for key, value in whole if isinstance(value, int | float)]
    return {key: value for key, value in numbers if math.isfinite(value)}


def curves(folder: Path) -> Iterator[tuple[str, int, float]]:
    """Name, step and value of the losses (a group's mean over its members) and of the search, generation by
    generation."""
    for row in _lines(folder / "train_log.jsonl"):
        name = f"loss/{row['phase']}/{row['group']}-{row['body']}-{row['head']}"
        for part in ("train", "validation"):
            if any(row[part]):
                yield f"{name}/{part}", row["epoch"], float(np.mean(row[part]))
    for row in _lines(folder / "search_log.jsonl"):
        for part in ("best", "mean", "violation"):
            if row[part] is not None:
                yield f"search/{part}", row["generation"], float(row[part])


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").split("\n") if line] if path.exists() else []


def _flat(tree: dict[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", value
