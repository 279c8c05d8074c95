"""An ensemble's anchors as arrays and plain words, for checkpoint. Not for files."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ensemble.anchor.anchor import Anchor, HeadDraws
from ensemble.anchor.layout import Sets
from ensemble.types import Ensemble

HEAD_ARRAYS = ("block_weight", "scores")


def arrays(ensemble: Ensemble) -> dict[str, np.ndarray]:
    """Name -> array of all anchors."""
    found = {}
    for prefix, anchor in _named(ensemble).items():
        found |= {f"{prefix}/sets/{name}": value for name, value in anchor.sets._asdict().items()}
        for head in anchor.heads:
            found |= {f"{prefix}/{head.name}/draws/{name}": value for name, value in head.draws.items()}
            found |= {f"{prefix}/{head.name}/{name}": getattr(head, name) for name in HEAD_ARRAYS}
    return {name: np.asarray(value) for name, value in found.items()}


def record(ensemble: Ensemble) -> dict[str, list[dict[str, Any]]]:
    """Anchor -> its heads' names, weights and names of their draws' arrays."""
    return {
        prefix: [{"name": head.name, "weight": head.weight, "draws": list(head.draws)} for head in anchor.heads]
        for prefix, anchor in _named(ensemble).items()
    }


def load(arrays: dict[str, np.ndarray], record: dict[str, list[dict]], series: pd.DataFrame) -> dict[str, Any]:
    """The fields of Ensemble that `arrays` and `record` came from."""
    found = [_anchor(arrays, prefix, heads, series) for prefix, heads in record.items()]
    return {"anchor": found[0] if found else None, "anchor_halves": tuple(found[1:])}


def _anchor(arrays: dict[str, np.ndarray], prefix: str, heads: list[dict], series: pd.DataFrame) -> Anchor:
    return Anchor(
        heads=tuple(
            HeadDraws(
                name=head["name"],
                draws={name: arrays[f"{prefix}/{head['name']}/draws/{name}"] for name in head["draws"]},
                weight=head["weight"],
                **{name: arrays[f"{prefix}/{head['name']}/{name}"] for name in HEAD_ARRAYS},
            )
            for head in heads
        ),
        sets=Sets(**{name: arrays[f"{prefix}/sets/{name}"] for name in Sets._fields}),
        series=series,
    )


def _named(ensemble: Ensemble) -> dict[str, Anchor]:
    anchors = () if ensemble.anchor is None else (ensemble.anchor, *ensemble.anchor_halves)
    return {("anchor" if number == 0 else f"anchor-half-{number - 1}"): one for number, one in enumerate(anchors)}
