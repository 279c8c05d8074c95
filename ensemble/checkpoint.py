"""Save and load an ensemble: safetensors for arrays, JSON for the rest, SHA-256 of both. No pickle anywhere.

A file that was changed, cut, or written by another schema is refused by name.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pandas as pd
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save as save_tensors

from data_io.errors import InputError, Problem
from data_io.features import FeatureSpec, Inputs
from data_io.history import from_record
from ensemble.aggregate import Aggregation
from ensemble.anchor.anchor import Anchor
from ensemble.anchor.record import from_record as anchor_from
from ensemble.anchor.record import to_arrays, to_words
from ensemble.member import initial
from ensemble.types import Ensemble, Group, Sizes

SCHEMA = 9
ARRAYS, RECORD, HASHES = "arrays.safetensors", "model.json", "hashes.json"
SPEC_ARRAYS = ("reference_price", "level", "weight", "class_edges", "class_means")
NOISE_ARRAYS = ("dispersion", "percentage_ratio")
SCALES = ("attribute_scale", "dynamic_scale")


def dump(ensemble: Ensemble) -> dict[str, bytes]:
    """File name -> content of a model folder; the caller writes them."""
    arrays = {f"inputs/{name}": np.asarray(value) for name, value in ensemble.inputs._asdict().items()}
    arrays |= {f"spec/{name}": getattr(ensemble.spec, name) for name in SPEC_ARRAYS}
    arrays |= {f"spec/{name}/{i}": part for name in SCALES for i, part in enumerate(getattr(ensemble.spec, name))}
    arrays |= {name: getattr(ensemble, name) for name in NOISE_ARRAYS}
    for role, groups in _roles(ensemble):
        for number, group in enumerate(groups):
            leaves = jax.tree_util.tree_flatten_with_path(group.parameters)[0]
            arrays |= {f"{role}/{number}{jax.tree_util.keystr(path)}": np.asarray(leaf) for path, leaf in leaves}
    for number, anchor in enumerate(_anchors(ensemble)):
        arrays |= to_arrays(anchor, f"anchor-{number}")
    spec = ensemble.spec
    record = {
        "schema": SCHEMA,
        "sizes": ensemble.sizes._asdict(),
        "groups": [[_kind(group) for group in groups] for _, groups in _roles(ensemble)],
        "spec": {
            "units_scale": spec.units_scale,
            "vocabularies": spec.vocabularies,
        },
        "series": ensemble.series.to_dict("list"),
        "periods": [str(period.date()) for period in ensemble.periods],
        "frequency": ensemble.frequency,
        "promotion_names": ensemble.promotion_names,
        "aggregation": asdict(ensemble.aggregation),
        "pricing": asdict(ensemble.pricing),
        "window": ensemble.window,
        "search_draws": ensemble.search_draws,
        "anchor_share": ensemble.anchor_share,
        "common_noise": ensemble.common_noise,
        "anchors": [to_words(anchor) for anchor in _anchors(ensemble)],
        "history": ensemble.history.record(),
        "verdicts": ensemble.verdicts.astype(object).where(ensemble.verdicts.notna(), None).to_dict("list"),
    }
    files = {
        ARRAYS: save_tensors({name: np.ascontiguousarray(value) for name, value in arrays.items()}),
        RECORD: json.dumps(record, allow_nan=False, default=_plain).encode(),
    }
    files[HASHES] = json.dumps({name: _hash(content) for name, content in files.items()}).encode()
    return files


def load(folder: str | Path) -> Ensemble:
    """Read a model folder; InputError says which file is missing, changed or of another schema."""
    folder = Path(folder)
    hashes = json.loads(_read(folder, HASHES))
    contents = {name: _read(folder, name) for name in (ARRAYS, RECORD)}
    for name, content in contents.items():
        if _hash(content) != hashes.get(name):
            raise _refuse(folder / name, "the file is not the one that was saved", "Restore it or train again.")
    record = json.loads(contents[RECORD])
    if record.get("schema") != SCHEMA:
        raise _refuse(
            folder / RECORD,
            f"this version reads models of schema {SCHEMA}, the file is of schema {record.get('schema')}",
            "Train again with this version.",
        )
    arrays = load_tensors(contents[ARRAYS])
    sizes = Sizes(**{**record["sizes"], "categories": tuple(record["sizes"]["categories"])})
    main, *halves = (
        tuple(_group(arrays, f"{role}/{i}", kind, sizes) for i, kind in enumerate(of))
        for role, of in zip(_role_names(len(record["groups"])), record["groups"], strict=True)
    )
    series = pd.DataFrame(record["series"])
    anchors = [anchor_from(arrays, f"anchor-{number}", words) for number, words in enumerate(record["anchors"])]
    return Ensemble(
        groups=main,
        sizes=sizes,
        spec=_spec(arrays, record["spec"]),
        inputs=Inputs(**{name: arrays[f"inputs/{name}"] for name in Inputs._fields}),
        series=series,
        periods=pd.DatetimeIndex(record["periods"]),
        frequency=record["frequency"],
        promotion_names=tuple(record["promotion_names"]),
        aggregation=_aggregation(record["aggregation"]),
        pricing=_aggregation(record["pricing"]),
        window=record["window"],
        **{name: arrays[name] for name in NOISE_ARRAYS},
        halves=tuple(halves),
        anchor=anchors[0] if anchors else None,
        anchor_halves=tuple(anchors[1:]),
        search_draws=record["search_draws"],
        anchor_share=record["anchor_share"],
        common_noise=record["common_noise"],
        history=from_record(record["history"]),
        verdicts=_verdicts(record["verdicts"]),
    )


def _kind(group: Group) -> dict[str, Any]:
    return {name: getattr(group, name) for name in ("body", "head", "loss", "prices", "members")}


def _group(arrays, prefix: str, kind: dict[str, Any], sizes: Sizes) -> Group:
    """Fill the member's own tree, so that a missing or misshapen array is found."""
    members = kind.pop("members")
    template = jax.eval_shape(lambda: initial(jax.random.key(0), kind["body"], kind["head"], sizes, kind["loss"]))
    leaves, tree = jax.tree_util.tree_flatten_with_path(template)
    filled = []
    for path, leaf in leaves:
        name = prefix + jax.tree_util.keystr(path)
        found = arrays.get(name)
        expected = (members, *leaf.shape)
        if found is None or found.shape != expected:
            got = "nothing" if found is None else f"shape {found.shape}"
            raise _refuse(Path(ARRAYS), f"{name} should have shape {expected}, got {got}", "Train again.")
        filled.append(found)
    return Group(**kind, parameters=jax.tree_util.tree_unflatten(tree, filled))


def _aggregation(record: dict) -> Aggregation:
    return Aggregation(**{**record, "weights": tuple(record["weights"]), "groups": tuple(record["groups"])})


def _spec(arrays, record: dict) -> FeatureSpec:
    return FeatureSpec(
        units_scale=record["units_scale"],
        vocabularies={name: tuple(words) for name, words in record["vocabularies"].items()},
        **{name: arrays[f"spec/{name}"] for name in SPEC_ARRAYS},
        **{name: (arrays[f"spec/{name}/0"], arrays[f"spec/{name}/1"]) for name in SCALES},
    )


def _verdicts(record: dict[str, list]) -> pd.DataFrame:
    """Unknown figures are null in JSON; a column of nothing else is of figures too."""
    table = pd.DataFrame(record)
    return table.astype({name: float for name in table if table[name].isna().all()})


def _role_names(count: int) -> list[str]:
    return ["members", *(f"half-{number}" for number in range(count - 1))]


def _roles(ensemble: Ensemble):
    return list(zip(_role_names(1 + len(ensemble.halves)), (ensemble.groups, *ensemble.halves), strict=True))


def _anchors(ensemble: Ensemble) -> tuple[Anchor, ...]:
    """The anchor, then its halves."""
    return () if ensemble.anchor is None else (ensemble.anchor, *ensemble.anchor_halves)


def _read(folder: Path, name: str) -> bytes:
    try:
        return (folder / name).read_bytes()
    except OSError as error:
        raise _refuse(folder / name, f"cannot be read ({error.strerror})", "Give the model/ folder of a run.") from None


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _refuse(file: Path, message: str, mend: str) -> InputError:
    return InputError([Problem("model", message, mend, file=str(file))])


def _plain(value: Any):
    return value.item() if isinstance(value, np.generic) else str(value)
