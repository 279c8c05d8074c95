"""How good are the forecasts? The ensemble, its groups and members, naive ones and LightGBM, on the same rows.

    python -m benchmarks.forecast --folder ../shared/data/orange_juice --rounds 10 --gap 2 --horizon 2 \\
        --run outputs/forecast_benchmark --out benchmarks/results/forecast_orange_juice.json

Without --folder: the embedded synthetic market. Further arguments are overrides of jointprice. --run FOLDER: the
ensemble's rounds are read from there if they are there (a finished `task=backtest` will do), else trained and kept
there. LightGBM's trials are kept in a .jsonl file
beside --out; delete both after a change of the code. Not a test: nothing here passes or fails.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from benchmarks import forecast_trees
from benchmarks.forecast_features import YEAR
from benchmarks.forecast_verdicts import largest_misses, verdicts
from benchmarks.record import RESULTS, save
from data_io.types import SalesPanel
from ensemble.backtest import backtest_metrics, future_rows, last_units, origins
from ensemble.metrics import forecast_metrics
from ensemble.settings import BacktestSettings
from jointprice import steps
from jointprice.compose import compose
from jointprice.prepare import Prepared, prepare
from jointprice.schema import Config

COLUMNS = ["mae", "rmse", "mape", "wape", "bias", "r2", "coverage80"]
KEYS = ["date", "store", "product"]


class Judged(NamedTuple):
    """table: rows of forecast.csv of all rounds; metrics: of metrics.json, with the groups where they are known."""

    table: pd.DataFrame
    metrics: dict


def train(config: Config, prepared: Prepared) -> Judged:
    """The backtest of `config`, as task=backtest runs it."""
    rounds = []
    for one in steps.backtest_rounds(config, prepared):
        rounds.append(one)
        print(f"round {one.number + 1} of {config.backtest.rounds} trained", file=sys.stderr, flush=True)
    table = pd.concat([one.forecast.table for one in rounds], ignore_index=True)
    return Judged(table, backtest_metrics(rounds))


def keep(judged: Judged, folder: Path) -> None:
    """Write what `read` reads."""
    folder.mkdir(parents=True, exist_ok=True)
    judged.table.to_csv(folder / "forecast.csv", index=False)
    (folder / "metrics.json").write_text(json.dumps(judged.metrics, indent=1) + "\n", "utf-8")


def read(folder: Path) -> Judged:
    """A finished backtest."""
    table = pd.read_csv(
        folder / "forecast.csv", dtype={"store": str, "product": str}, keep_default_na=False, parse_dates=["date"]
    )
    return Judged(table, json.loads((folder / "metrics.json").read_text("utf-8")))


def asked_rows(panel: SalesPanel, settings: BacktestSettings) -> pd.DataFrame:
    """The rows of all rounds in forecast.csv's order: `round`, `row` and `period` of the panel, `step` within the
    round, `units`, and the forecasts `last_known` and `seasonal` (a year before, else last known)."""
    parts = []
    for number, known in enumerate(origins(len(panel.periods), settings)):
        first = known + settings.gap - 1
        future = future_rows(panel, slice(first, first + settings.horizon))
        row, period = future["row"].to_numpy(), panel.periods.get_indexer(pd.DatetimeIndex(future["date"]))
        last = last_units(panel, known, future)
        year = period - YEAR[panel.frequency] * np.ceil((period - known + 1) / YEAR[panel.frequency]).astype(int)
        seen = (year >= 0) & panel.observed[row, np.maximum(year, 0)]
        seasonal = np.where(seen, panel.units[row, np.maximum(year, 0)], last)
        columns = {"round": number, "period": period, "step": period - first, "last_known": last, "seasonal": seasonal}
        parts.append(future[[*KEYS, "row", "units"]].assign(**columns))
    return pd.concat(parts, ignore_index=True)


def own_forecasts(judged: Judged, asked: pd.DataFrame) -> dict[str, np.ndarray]:
    """Per name the ensemble's forecasts of the rows that are asked. SystemExit where it judged other rows."""
    table = judged.table
    same = len(table) == len(asked) and all((table[key].to_numpy() == asked[key].to_numpy()).all() for key in KEYS)
    if not same or not np.allclose(table["units"], asked["units"]):
        raise SystemExit(
            f"--run holds {len(table):,} forecasts that are not the {len(asked):,} rows of these rounds. "
            "Give --folder, --rounds, --gap and --horizon as they were, or another --run."
        )
    return {
        "ensemble": table["prediction"].to_numpy(),
        "ensemble, prediction_mape": table["prediction_mape"].to_numpy(),
    }


def rows_of_members(metrics: dict) -> list[dict]:
    """The groups of members, and the members, as rows of the result."""
    members = metrics["members"]
    average = {name: np.mean([one[name] for one in members]) for name in COLUMNS[:-1]}
    return [
        *(_row(f"mean of the {one['group']} members", one) for one in metrics["groups"]),
        _row("the members' own, on average", average),
        *(_row(f"member {number} {one['group']}", one) for number, one in enumerate(members, 1)),
    ]


def compare(judged: Judged, panel: SalesPanel, settings: BacktestSettings, trials: int, kept: Path) -> dict[str, Any]:
    """The result: `verdicts`, `misses`, `table` with one row per forecaster, and `trees`, the trials that won."""
    asked = asked_rows(panel, settings)
    predicted = own_forecasts(judged, asked)
    for name in ("last_known", "seasonal"):
        predicted[f"naive, {name.replace('_', ' ')}"] = asked[name].to_numpy()
    found, best = forecast_trees.forecasts(panel, settings, trials, kept)
    for metric, rounds in found.items():
        values = np.stack(rounds)[asked["round"], asked["row"], asked["step"]]
        predicted[f"LightGBM tuned for {metric.upper()}"] = values
    low, high = (judged.table[name].to_numpy() for name in ("p10", "p90"))
    within = {"ensemble": (low, high)}
    table = [
        _row(name, forecast_metrics(asked["units"], values, *within.get(name, ())))
        for name, values in predicted.items()
    ]
    return {
        "verdicts": verdicts(asked, predicted, low, high),
        "misses": largest_misses(asked, predicted["ensemble"]),
        "rows": len(asked),
        "table": table + rows_of_members(judged.metrics),
        "trees": best,
    }


def _row(name: str, metrics: dict) -> dict:
    return {"forecaster": name, **{column: metrics.get(column) for column in COLUMNS}}


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", help="the orange-juice tables")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--gap", type=int, default=2)
    parser.add_argument("--horizon", type=int, default=2)
    parser.add_argument("--members", type=int, help="of the ensemble, instead of its default")
    parser.add_argument("--trials", type=int, default=50, help="of LightGBM, per study")
    parser.add_argument("--run", type=Path, metavar="FOLDER")
    parser.add_argument("--out", type=Path, default=RESULTS / "forecast.json")
    parser.add_argument("overrides", nargs="*", help="of jointprice: training.epochs=30 …")
    return parser.parse_intermixed_args(arguments)


def main(arguments: list[str] | None = None) -> None:
    asked = parse(arguments)
    overrides = [f"backtest.{name}={getattr(asked, name)}" for name in ("rounds", "gap", "horizon")]
    if asked.folder:
        overrides += ["experiment=orange_juice", f"data.folder='{asked.folder}'"]
    if asked.members:
        overrides.append(f"ensemble.members={asked.members}")
    config = compose([*overrides, *asked.overrides])
    prepared = prepare(config.data)
    if asked.run and (asked.run / "metrics.json").exists():
        judged = read(asked.run)
        print(f"the ensemble's forecasts are those in {asked.run}", file=sys.stderr)
    else:
        judged = train(config, prepared)
        if asked.run:
            keep(judged, asked.run)
    result = compare(judged, prepared.panel, config.backtest, asked.trials, asked.out.with_suffix(".jsonl"))
    print(pd.DataFrame(result["table"]).to_string(index=False, float_format="{:.4f}".format, na_rep="-"))
    print(pd.DataFrame(result["misses"]).to_string(index=False, float_format="{:,.3f}".format))
    print("\n".join(result["verdicts"]))
    told = {**vars(asked), "out": asked.out.name, "folder": asked.folder and Path(asked.folder).name, "run": None}
    save(asked.out, told, **result)


if __name__ == "__main__":
    main()
