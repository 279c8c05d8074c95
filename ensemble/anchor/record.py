"""An anchor as arrays and plain words, and back. Not for files: see ensemble.checkpoint."""

from __future__ import annotations

from typing import Any

import numpy as np

from ensemble.anchor.anchor import Anchor, HeadDraws
from ensemble.anchor.layout import Sets

HEAD_ARRAYS = ("block_weight", "scores")


def to_arrays(anchor: Anchor, prefix: str) -> dict[str, np.ndarray]:
    """Name -> array; names begin with the prefix."""
    found = {f"{prefix}/sets/{name}": value for name, value in anchor.sets._asdict().items()}
    for head in anchor.heads:
        found |= {f"{prefix}/{head.name}/draws/{name}": value for name, value in head.draws.items()}
        found |= {f"{prefix}/{head.name}/{name}": getattr(head, name) for name in HEAD_ARRAYS}
    return {name: np.asarray(value) for name, value in found.items()}


def to_words(anchor: Anchor) -> list[dict[str, Any]]:
    """Per head its name, its weight and the names of its draws' arrays."""
    return [{"name": head.name, "weight": head.weight, "draws": list(head.draws)} for head in anchor.heads]


def from_record(arrays: dict[str, np.ndarray], prefix: str, words: list[dict]) -> Anchor:
    """The anchor that to_arrays and to_words told. KeyError names an array that is missing."""

    def head(told: dict[str, Any]) -> HeadDraws:
        own = f"{prefix}/{told['name']}"
        draws = {name: arrays[f"{own}/draws/{name}"] for name in told["draws"]}
        return HeadDraws(
            name=told["name"],
            draws=draws,
            weight=told["weight"],
            **{name: arrays[f"{own}/{name}"] for name in HEAD_ARRAYS},
        )

    sets = Sets(**{name: arrays[f"{prefix}/sets/{name}"] for name in Sets._fields})
    return Anchor(tuple(map(head, words)), sets)
