"""What are the own-price elasticities, by specification? Side by side, with what each assumes.

    python -m benchmarks.elasticities --folder ../shared/data/orange_juice

Regressions of log units on log prices (benchmarks.elasticity_specifications lists them) with standard errors clustered
by period, a direct regression of the category's volume, and the engine's own anchor, for all products together, for
each category where there are several, and for each value of --by. `own`: one price moves; `category`: all prices of
the store's category move together, and volume_at_… what the volume of the group's products does then. Where the table
is orange juice, the published chain experiments stand beside: everyday prices 10 % lower sold 3 % more of a category,
10 % higher ones 3 % less (Hoch, Drèze and Purk 1994, Journal of Marketing 58(4), 26 categories). Those prices were set
by experiment and stayed; the moves here are mostly deals of a week, set by nobody knows what. Further arguments are
overrides of jointprice. Nothing here passes or fails.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.elasticity_category import STEP, of_anchor, volume_on_index
from benchmarks.elasticity_regressions import table_of
from benchmarks.elasticity_specifications import estimates
from benchmarks.record import RESULTS, save
from data_io.types import SalesPanel
from ensemble.anchor.anchor import Anchor, fit_anchor
from jointprice.compose import compose
from jointprice.prepare import prepare

Row = dict[str, Any]
VOLUME = {"orange_juice": "size_oz"}  # attribute that says how much is in a pack
BY = {"orange_juice": "size_oz"}
CHAIN_MOVES, CHAIN_ANSWER = 0.10, 0.03  # Hoch, Drèze and Purk 1994, abstract: mean of 26 categories
CHAIN: Row = {
    "group": "all",
    "specification": "chain experiments",
    "assumes": "everyday prices of whole categories, moved by experiment in this chain; that juice answers as the mean "
    "of 26 categories does; published rounded and without an error",
    "category": (math.log(1 - CHAIN_ANSWER) - math.log(1 + CHAIN_ANSWER))
    / (math.log(1 + CHAIN_MOVES) - math.log(1 - CHAIN_MOVES)),
    "volume_at_-10%": CHAIN_ANSWER,
    "volume_at_+10%": -CHAIN_ANSWER,
}


def groups_of(panel: SalesPanel, by: str | None) -> dict[str, np.ndarray]:
    """Group name -> [S] bool: all, each category where there are several, and each value of `by`."""
    groups = {"all": np.ones(len(panel.series), bool)}
    category = panel.series["category"]
    if category.nunique() > 1:
        groups |= {name: (category == name).to_numpy() for name in sorted(category.unique())}
    if by:
        values = panel.series[by]
        groups |= {f"{by} {value:g}": (values == value).to_numpy() for value in sorted(values.dropna().unique())}
    return groups


def measure(panel: SalesPanel, by: str | None, volume: str | None, anchor: Anchor | None) -> Iterator[Row]:
    """One row per group and specification."""
    amount = panel.series[volume].to_numpy(float) if volume else np.ones(len(panel.series))
    table, series = table_of(panel, amount)
    place = pd.MultiIndex.from_frame(panel.series[["product", "store"]])
    order = place.get_indexer(pd.MultiIndex.from_frame(series[["product", "store"]]))
    for name, kept in groups_of(panel, by).items():
        rows = list(estimates(table.of(kept[order])))
        if by is None or not name.startswith(f"{by} "):
            rows += volume_on_index(_only(panel, kept), amount[kept])
        if anchor is not None:
            rows.append(of_anchor(anchor, panel, kept))
        for row in rows:
            yield {"group": name} | with_volumes(row)


def with_volumes(row: Row) -> Row:
    """The row with what a constant category elasticity says of the volume after ±10 % on all prices."""
    if row.get("category") is None or "volume_at_-10%" in row:
        return row
    at = {f"volume_at_{sign}10%": (1 + step) ** row["category"] - 1 for sign, step in (("-", -STEP), ("+", STEP))}
    return row | at


def side_by_side(rows: list[Row], name: str) -> pd.DataFrame:
    """Specifications by groups, each value with its error in brackets."""
    told = {}
    for row in rows:
        value, error = row.get(name), row.get(f"{name}_error")
        text = "-" if value is None else f"{value:.2f}" + (f" ({error:.2f})" if error is not None else "")
        told.setdefault(row["specification"], {})[row["group"]] = text
    return pd.DataFrame(told).T.fillna("-")


def _only(panel: SalesPanel, kept: np.ndarray) -> SalesPanel:
    """The panel of some series."""
    arrays = {name: getattr(panel, name)[kept] for name in ("units", "price", "cost", "observed", "promotions")}
    return replace(panel, series=panel.series[kept].reset_index(drop=True), numeric=panel.numeric[kept], **arrays)


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", help="the experiment's tables; without, the embedded synthetic market")
    parser.add_argument("--experiment", default="orange_juice", help="used with --folder")
    parser.add_argument("--by", help="numeric attribute whose values are groups too (orange_juice: size_oz)")
    parser.add_argument("--volume", help="attribute: volume of a pack (orange_juice: size_oz; default: packs)")
    parser.add_argument("--no-anchor", action="store_true", help="leave out the anchor, which takes minutes")
    parser.add_argument("--out", type=Path, help="default: benchmarks/results/elasticities_EXPERIMENT.json")
    parser.add_argument("overrides", nargs="*", help="of jointprice")
    return parser.parse_intermixed_args(arguments)


def main(arguments: list[str] | None = None) -> None:
    asked = parse(arguments)
    name = asked.experiment if asked.folder else "synthetic"
    data = [f"experiment={asked.experiment}", f"data.folder='{asked.folder}'"] if asked.folder else []
    config = compose([*data, *asked.overrides])
    panel = prepare(config.data).panel
    by, volume = asked.by or BY.get(name), asked.volume or VOLUME.get(name)
    for attribute in filter(None, (by, volume)):
        if attribute not in panel.attribute_names:
            raise SystemExit(f"{attribute!r} is no numeric attribute. There are: {', '.join(panel.attribute_names)}.")
    anchor = None if asked.no_anchor else fit_anchor(panel, config.response, seed=config.seed)
    rows = [*measure(panel, by, volume, anchor), *([CHAIN] if name == "orange_juice" else [])]
    pd.set_option("display.width", 200)
    for figure, words in (("own", "own-price elasticity"), ("category", "elasticity of the category's volume")):
        print(f"{words} (standard error)\n{side_by_side(rows, figure).to_string()}\n")
    asks = {"experiment": name, "by": by, "volume": volume, "overrides": asked.overrides}
    save(asked.out or RESULTS / f"elasticities_{name}.json", asks, table=rows)


if __name__ == "__main__":
    main()
