"""How good are the prices? Methods scored on markets whose truth is known, against the oracle within the bounds.

    python -m benchmarks.decisions --markets loglog:exogenous,logit:strong --methods hold,ols_markup --seeds 10 \\
        --method "default:" --method "vote:aggregation=vote" --out benchmarks/results/decisions_vote.json

--method NAME:OVERRIDES is jointprice with these overrides. Every finished cell is appended to a .jsonl file beside
--out; a second call does only what is missing or failed. Cells know their overrides, not the version of the code:
delete the .jsonl file after a change of the code. Not a test: nothing here passes or fails.
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pandas as pd

from benchmarks.decision_methods import SIMPLE, Decision, jointprice
from benchmarks.record import RESULTS, save
from data_io.markets.catalogue import MARKETS, ON_REAL_PATHS, make_market
from data_io.markets.oracle import oracle_prices
from data_io.markets.types import Market

JUICE = Path(__file__).parents[2] / "shared" / "data" / "orange_juice"
BASE = ("data=synthetic", "rules=bounds", "search.scope=store_product")
CELLS_IN_MEMORY = 20
WORTH_MOVING = 0.02  # promises are compared where the oracle gains at least this share
KEY = ("market", "variant", "seed", "method", "overrides")
Cell = dict[str, Any]


@dataclass
class Case:
    """One market to price; it and its oracle are drawn when first needed."""

    name: str
    variant: str
    seed: int
    folder: str | None

    @cached_property
    def market(self) -> Market:
        return make_market(self.name, self.variant, self.seed, self.folder)

    @cached_property
    def best(self) -> float:
        """Profit of the oracle."""
        return float(self.market.profit(oracle_prices(self.market)))

    def overrides(self) -> list[str]:
        """What jointprice is asked, before a method's own overrides."""
        folder = [f"data.folder='{self.folder}'"] if self.name in ON_REAL_PATHS else []
        market = (f"data.market={self.name}", f"data.variant={self.variant}", f"data.market_seed={self.seed}")
        return [*BASE, *market, *folder]


def score(market: Market, best: float, decision: Decision) -> Cell:
    """share, captured, promised and realised gain, error of own elasticities; `best` is the oracle's profit."""
    ours, hold = (float(market.profit(prices)) for prices in (decision.prices, market.hold))
    return {
        "share": ours / best,
        "captured": (ours - hold) / (best - hold),
        "promised": decision.promised,
        "realised": ours - hold,
        "oracle_uplift": best / hold - 1,
        "in_model": decision.in_model,
        "covered": decision.interval and decision.interval[0] <= ours - hold <= decision.interval[1],
        **_elasticity_errors(market, decision),
    }


def _elasticity_errors(market: Market, decision: Decision) -> Cell:
    """RMSE over all products, over those called identified, and the share of these."""
    if decision.elasticity is None:
        return dict.fromkeys(("elasticity_rmse", "rmse_identified", "identified"))
    square = (decision.elasticity - market.own_elasticity()) ** 2
    called = np.ones(len(square), bool) if decision.identified is None else decision.identified
    return {
        "elasticity_rmse": float(np.sqrt(np.nanmean(square))),
        "rmse_identified": float(np.sqrt(np.nanmean(square[called]))) if called.any() else None,
        "identified": float(called.mean()),
    }


def run(case: Case, decide: Callable[[Case], Decision]) -> Cell:
    """One cell; whatever a method raises is recorded instead of its score. Drawing the market is not timed."""
    try:
        best, started = case.best, time.perf_counter()
        decision = decide(case)
        seconds = time.perf_counter() - started
        return {"status": "done", **score(case.market, best, decision), "seconds": round(seconds, 2)}
    except Exception as error:
        return {"status": "failed", "error": f"{type(error).__name__}: {error}"[:500]}


def measure(cases: list[Case], methods: dict[str, tuple[str, ...] | None], kept: Path) -> Iterator[Cell]:
    """Every case by every method, from `kept` where it is done there; what is new is appended.

    Args:
        methods: name -> overrides of jointprice, or None for one of SIMPLE.
    """
    done = {_key(cell): cell for cell in _read(kept) if cell["status"] == "done"}
    kept.parent.mkdir(parents=True, exist_ok=True)
    measured = 0
    for case in cases:
        for name, overrides in methods.items():
            cell = dict(
                zip(KEY, (case.name, case.variant, case.seed, name, overrides and list(overrides)), strict=True)
            )
            if _key(cell) not in done:
                cell |= run(case, _method(name, overrides))
                measured += 1
                if measured % CELLS_IN_MEMORY == 0:
                    jax.clear_caches()  # compiled programs fill a process's memory maps
                with kept.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(cell) + "\n")
                done[_key(cell)] = cell
                print(_line(cell), file=sys.stderr, flush=True)
            yield done[_key(cell)]


def table(cells: list[Cell]) -> pd.DataFrame:
    """One row per market, variant and method: means over the seeds, the standard error and the worst seed."""
    rows = []
    for (market, variant, method), all_seeds in pd.DataFrame(cells).groupby(
        ["market", "variant", "method"], sort=False
    ):
        row = {"market": f"{market}:{variant}", "method": method}
        group = all_seeds[all_seeds["status"] == "done"]
        row |= {"seeds": len(group), "failed": len(all_seeds) - len(group)}
        if len(group):
            share = group["share"]
            worth = group[(group["oracle_uplift"] >= WORTH_MOVING) & group["promised"].notna()]
            realised = worth["realised"].sum()
            row |= {
                "share": share.mean(),
                "error": share.std() / np.sqrt(len(share)),
                "worst": share.min(),
                "captured": group["captured"].mean(),
                "promised_over_realised": worth["promised"].sum() / realised if realised else np.nan,
                "uncorrected": worth["in_model"].astype(float).sum(min_count=1) / realised if realised else np.nan,
                "covered": group["covered"].astype(float).mean(),
                **{
                    name: group[name].astype(float).mean()
                    for name in ("elasticity_rmse", "rmse_identified", "identified")
                },
                "below_hold": int((group["captured"] < 0).sum()),
                "seconds": group["seconds"].mean(),
            }
        rows.append(row)
    return pd.DataFrame(rows)


def _method(name: str, overrides: tuple[str, ...] | None) -> Callable[[Case], Decision]:
    if overrides is None:
        return lambda case: SIMPLE[name](case.market)
    return lambda case: jointprice(case.market, [*case.overrides(), *overrides])


def _key(cell: Cell) -> str:
    return json.dumps([cell[name] for name in KEY])


def _read(kept: Path) -> list[Cell]:
    """Finished cells. A last line that an interrupted run left incomplete is cut off."""
    if not kept.exists():
        return []
    text = kept.read_text("utf-8")
    whole = text[: text.rfind("\n") + 1]
    if whole != text:
        kept.write_text(whole, "utf-8")
    return [json.loads(line) for line in whole.splitlines()]


def _line(cell: Cell) -> str:
    told = f"share {cell['share']:.3f} in {cell['seconds']:.1f} s" if cell["status"] == "done" else cell["error"]
    return f"{cell['market']}:{cell['variant']} seed {cell['seed']} {cell['method']}: {told}"


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """The command line, with `markets` as pairs, `seeds` as numbers and `methods` as a dict for `measure`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--markets", default="loglog:exogenous", help="NAME[:VARIANT],…")
    parser.add_argument("--methods", default="hold", help=f"of {', '.join(SIMPLE)}; may be empty")
    parser.add_argument("--method", action="append", default=[], metavar="NAME:OVERRIDES")
    parser.add_argument("--seeds", default="10", help="how many, or a list: 3,5,8")
    parser.add_argument("--folder", default=str(JUICE), help="the orange-juice table, for the market nested")
    parser.add_argument("--out", type=Path, default=RESULTS / "decisions.json")
    found = parser.parse_args(arguments)
    simple = [name for name in found.methods.split(",") if name]
    if unknown := [name for name in simple if name not in SIMPLE]:
        parser.error(f"--methods {unknown[0]}: choose of {', '.join(SIMPLE)}, or add --method NAME:OVERRIDES")
    named = [text.partition(":") for text in found.method]
    if unnamed := [text for text, (name, colon, _) in zip(found.method, named, strict=True) if not (name and colon)]:
        parser.error(f"--method {unnamed[0]!r}: give NAME:OVERRIDES")
    found.methods = dict.fromkeys(simple) | {name: tuple(shlex.split(overrides)) for name, _, overrides in named}
    if not found.methods:
        parser.error("nothing to measure: name --methods or --method")
    found.markets = [text.partition(":")[::2] for text in found.markets.split(",")]
    if unknown := [name for name, _ in found.markets if name not in MARKETS]:
        parser.error(f"--markets {unknown[0]}: choose of {', '.join(MARKETS)}")
    found.markets = [(name, variant or next(iter(MARKETS[name].VARIANTS))) for name, variant in found.markets]
    found.seeds = [int(seed) for seed in found.seeds.split(",")] if "," in found.seeds else [*range(int(found.seeds))]
    return found


def main(arguments: list[str] | None = None) -> None:
    asked = parse(arguments)
    cases = [Case(*market, seed, asked.folder) for seed in asked.seeds for market in asked.markets]
    cells = list(measure(cases, asked.methods, asked.out.with_suffix(".jsonl")))
    result = table(cells)
    print(result.to_string(index=False, float_format="{:.3f}".format, na_rep="-"))
    rows = json.loads(result.to_json(orient="records"))
    save(asked.out, {**vars(asked), "out": asked.out.name, "folder": None}, table=rows, cells=cells)


if __name__ == "__main__":
    main()
