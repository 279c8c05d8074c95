"""Is the price response right? Foretold against real changes of sales at price moves that no method has seen.

    python -m benchmarks.response --folder ../shared/data/orange_juice
    python -m benchmarks.response --folder ../shared/data/online_retail --experiment online_retail

Without --folder: the embedded synthetic market. --first and --last are 1-based periods of the panel; methods learn
from the periods before --first alone (default for orange_juice: the table's own weeks 100 to 136, which are the
panel's 61 to 97; else the last third). benchmarks.response_moves says which moves are judged and net of what,
benchmarks.response_methods who foretells them. Further arguments are overrides of jointprice.

Figures: slope of the real change on the foretold one (1 = right on average; below 1 = too much response foretold),
through the origin and with an intercept; correlation; RMSE over that of foretelling no change; coverage of the 80 %
interval of foretold response plus noise. Errors leave one period out at a time (cluster jackknife): moves of one
period are not independent. Observed moves are not an experiment: where prices followed demand, a right response
misses too. Finished methods are kept in a .jsonl file beside --out; delete it after a change of the code. Not a test.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.record import RESULTS, finished, keep, save
from benchmarks.response_methods import METHODS, Change, Learner
from benchmarks.response_moves import Moves, find_moves, noise
from data_io.types import SalesPanel
from jointprice.compose import compose
from jointprice.prepare import prepare
from jointprice.schema import Config
from jointprice.session import ready_compiler

WINDOWS = {"orange_juice": (61, 97)}  # the table's weeks 100 to 136; its first is 40
EXPERIMENTS = ("orange_juice", "online_retail")
LEAST_MOVES, LEAST_PERIODS = 30, 3  # below which figures would say nothing
SAMPLES = 400  # of response plus noise, for the interval
INTERVAL = (0.1, 0.9)
ASKED = ("experiment", "folder", "first", "last", "smallest_move", "overrides")
Cell = dict[str, Any]


def figures(foretold: np.ndarray, actual: np.ndarray, inside: np.ndarray | None) -> dict[str, float | None]:
    """Of changes [N] of log units; inside [N] whether the interval holds the real one, or None without interval."""
    spread, centred = foretold - foretold.mean(), actual - actual.mean()
    varies = bool((spread**2).sum() > 0 and (centred**2).sum() > 0)
    slope = (spread @ centred) / (spread @ spread) if varies else np.nan
    return {
        "slope_origin": (foretold @ actual) / (foretold @ foretold) if foretold.any() else np.nan,
        "slope": slope,
        "intercept": actual.mean() - slope * foretold.mean(),
        "correlation": (spread @ centred) / np.sqrt((spread @ spread) * (centred @ centred)) if varies else np.nan,
        "relative_rmse": np.sqrt(((actual - foretold) ** 2).mean() / (actual**2).mean()),
        "coverage80": None if inside is None else inside.mean(),
    }


def with_errors(foretold: np.ndarray, actual: np.ndarray, inside: np.ndarray | None, period: np.ndarray) -> Cell:
    """`figures` and, as NAME_error, their delete-one-period jackknife errors (Efron & Stein 1981)."""
    found = figures(foretold, actual, inside)
    periods = np.unique(period)
    rest = [
        figures(foretold[kept], actual[kept], None if inside is None else inside[kept])
        for kept in (period != one for one in periods)
    ]
    errors: Cell = {}
    for name, value in found.items():
        others = np.array([one[name] for one in rest], float)
        error = np.sqrt((len(periods) - 1) / len(periods) * ((others - others.mean()) ** 2).sum())
        errors[f"{name}_error"] = None if value is None else float(error)
    numbers = {name: None if value is None else float(value) for name, value in found.items()}
    return {"rows": len(actual), "periods": len(periods), **numbers, **errors}


def covered(change: Change, moves: Moves, seed: int) -> np.ndarray | None:
    """[N] whether the 80 % interval of response plus noise holds the real change; None without draws."""
    if change.draws is None:
        return None
    rng = np.random.default_rng(seed)
    chosen = rng.choice(len(change.draws), SAMPLES, p=change.weights)
    low, high = np.quantile(change.draws[chosen] + noise(moves, SAMPLES, rng), INTERVAL, axis=0)
    return (low <= moves.actual) & (moves.actual <= high)


def score(change: Change, moves: Moves, seed: int) -> list[Cell]:
    """Figures over all moves, and over those beside which no rival changed its promotions, where these are enough."""
    inside = covered(change, moves, seed)
    found = []
    for name, kept in (("all", np.full(len(moves.row), True)), ("rivals' promotions unchanged", moves.calm)):
        if name != "all" and kept.all():
            continue
        if kept.sum() < LEAST_MOVES or len(np.unique(moves.period[kept])) < LEAST_PERIODS:
            found.append({"moves": name, "rows": int(kept.sum()), "periods": len(np.unique(moves.period[kept]))})
            continue
        part = None if inside is None else inside[kept]
        scored = with_errors(change.mean[kept], moves.actual[kept], part, moves.period[kept])
        found.append({"moves": name, **scored})
    return found


def measure(moves: Moves, config: Config, methods: list[str], asked: Cell, kept: Path) -> Iterator[Cell]:
    """One cell per method, from `kept` where it is done there; a method whose package is missing is skipped."""
    done = {_key(cell): cell for cell in finished(kept)}
    learner = Learner(moves, config)
    for method in methods:
        cell = {**asked, "method": method}
        if _key(cell) not in done:
            started = time.perf_counter()
            try:
                scored = score(METHODS[method](learner), moves, config.seed)
            except ImportError as error:
                print(f"{method} skipped: {error}", file=sys.stderr, flush=True)
                continue
            cell |= {"scored": scored, "seconds": round(time.perf_counter() - started, 1)}
            keep(kept, cell)
            print(f"{method} done in {cell['seconds']} s", file=sys.stderr, flush=True)
            done[_key(cell)] = cell
        yield done[_key(cell)]


def table(cells: list[Cell]) -> list[Cell]:
    """One row per set of moves and method."""
    rows = [
        {"method": cell["method"], **scored, "seconds": cell["seconds"]} for cell in cells for scored in cell["scored"]
    ]
    return sorted(rows, key=lambda row: row["moves"] != "all")


def window(asked: argparse.Namespace, panel: SalesPanel) -> tuple[int, int]:
    """First and last period, 1-based. SystemExit where they leave nothing to learn from or to judge."""
    count = len(panel.periods)
    first, last = WINDOWS.get(asked.experiment if asked.folder else "", (count * 2 // 3 + 1, count))
    first, last = asked.first or first, min(asked.last or last, count)
    if not 2 <= first < last:
        raise SystemExit(
            f"--first {first} --last {last}: the panel has {count} periods. Give 2 <= first < last <= {count}: moves "
            "are judged between two periods of the window, and methods learn from the periods before it."
        )
    return first, last


def _key(cell: Cell) -> str:
    return json.dumps([cell[name] for name in (*ASKED, "method")])


def _print(rows: list[Cell]) -> None:
    """Each figure as value (error)."""
    frame = pd.DataFrame(rows)
    for name in [column for column in frame if f"{column}_error" in frame]:
        errors = frame.pop(f"{name}_error")
        frame[name] = [f"{v:.2f} ({e:.2f})" if pd.notna(v) else "-" for v, e in zip(frame[name], errors, strict=True)]
    for moves, part in frame.groupby("moves", sort=False):
        told = part.drop(columns="moves").to_string(index=False)
        if (part["slope"] == "-").all():
            told = f"{part['rows'].iloc[0]} in {part['periods'].iloc[0]} periods, too few for figures"
        print(f"moves: {moves}\n{told}")


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", help="the experiment's tables")
    parser.add_argument("--experiment", choices=EXPERIMENTS, default=EXPERIMENTS[0], help="used with --folder")
    parser.add_argument("--first", type=int, help="period of the panel, 1-based")
    parser.add_argument("--last", type=int, help="period of the panel, 1-based")
    parser.add_argument("--smallest-move", type=float, default=0.05, help="share of the price")
    parser.add_argument("--method", action="append", choices=list(METHODS), help="default: all")
    parser.add_argument("--out", type=Path, help="default: benchmarks/results/response_EXPERIMENT.json")
    parser.add_argument("overrides", nargs="*", help="of jointprice: response.draws=8 …")
    return parser.parse_intermixed_args(arguments)


def main(arguments: list[str] | None = None) -> None:
    asked = parse(arguments)
    ready_compiler()
    name = asked.experiment if asked.folder else "synthetic"
    data = [f"experiment={asked.experiment}", f"data.folder='{asked.folder}'"] if asked.folder else []
    config = compose([*data, *asked.overrides])
    panel = prepare(config.data).panel
    first, last = window(asked, panel)
    moves = find_moves(panel, first, last, asked.smallest_move)
    if len(moves.row) < LEAST_MOVES or len(np.unique(moves.period)) < LEAST_PERIODS:
        raise SystemExit(
            f"{len(moves.row)} price moves of at least {asked.smallest_move:.0%} in periods {first} to {last}; at "
            f"least {LEAST_MOVES} in {LEAST_PERIODS} periods are needed. Widen the window or lower --smallest-move."
        )
    out = asked.out or RESULTS / f"response_{name}.json"
    told = {
        "experiment": name,
        "folder": asked.folder and Path(asked.folder).name,
        "first": first,
        "last": last,
        "smallest_move": asked.smallest_move,
        "overrides": asked.overrides,
    }
    cells = list(measure(moves, config, asked.method or list(METHODS), told, out.with_suffix(".jsonl")))
    rows = table(cells)
    _print(rows)
    save(out, told, table=rows)


if __name__ == "__main__":
    main()
