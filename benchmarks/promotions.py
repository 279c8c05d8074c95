"""Which deals pay? task=promote scored on the market whose shoppers stockpile and remember prices.

    python -m benchmarks.promotions --seeds 10 --out benchmarks/results/promotions_cpu.json

Profit over eight weeks, a deal in the first, over that of the best deals found under the truth (coordinate climbs from
two starts); captured: of what the best deals gain over none; promised and in_model gain over the realised one. Methods:
none; every product 20 % off; jointprice; jointprice that judges a deal by its own week alone (`own_week`), as one would
who does not see that sales are pulled forward. --variant percent_off has one mechanic. Finished cells are kept beside
--out; a second call does what is missing. Not a test.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

import jointprice
from benchmarks.record import RESULTS, finished, keep, save
from data_io.markets.promotions import MECHANICS, Promotions, best_deals, make, paid_price

METHODS = {"none": None, "all_20": None, "jointprice": (), "own_week": ("promotions.horizon=1",)}


def cell(market: Promotions, best: float, method: str, extra: tuple[str, ...]) -> dict:
    """One method's figures; `best` is the profit of the best deals."""
    none = market.deal_profit(market.hold, np.zeros(len(market.hold), int)).sum()
    paid, mechanic, told = market.hold, np.zeros(len(market.hold), int), {}
    if method == "all_20":
        mechanic = mechanic + 1
        paid = paid_price(market.hold, mechanic, np.full(len(mechanic), 0.2))
    if METHODS[method] is not None:
        paid, mechanic, told = _ours(market, (*METHODS[method], *extra))
    ours = market.deal_profit(paid, mechanic).sum()
    found = {"share": ours / best, "captured": (ours - none) / (best - none), "realised": ours - none, **told}
    if "low" in told:
        found["covered"] = float(told["low"] <= ours - none <= told["high"])
    return {name: float(value) for name, value in found.items()}


def _ours(market: Promotions, overrides: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray, dict]:
    """Paid prices and mechanics [S] of a run, and its promise."""
    asked = ["experiment=promotions", f"data.market_seed={market.seed}", f"data.variant={market.variant}"]
    asked.append(f"promotions.mechanics=[{','.join(market.promotions)}]")
    ran = jointprice.run(overrides=[*asked, *overrides])
    table = pd.read_csv(ran.directory / "promotions.csv", keep_default_na=False)
    told = ran.summary["promotions"]
    mechanic = table["mechanic"].map({"": 0} | {name: number for number, name in enumerate(MECHANICS, 1)}).to_numpy()
    paid = paid_price(market.hold, mechanic, table["depth_pct"].to_numpy(float) / 100)
    promised = told["promised"]
    return (
        paid,
        mechanic,
        {"in_model": told["gain"], "promised": promised["mean"], "low": promised["p10"], "high": promised["p90"]},
    )


def table_of(cells: list[dict]) -> list[dict]:
    """Per method: mean, standard error and worst share and captured; sums of gains over the realised ones."""
    rows = []
    for method, group in pd.DataFrame(cells).groupby("method", sort=False):
        realised = group["realised"].sum()
        told = [name for name in ("promised", "in_model") if name in group]
        rows.append(
            {
                "method": method,
                "seeds": len(group),
                **{name: group[name].mean() for name in ("share", "captured")},
                **{f"{name}_se": group[name].sem() for name in ("share", "captured")},
                "worst_share": group["share"].min(),
                **{f"{name}_over_realised": group[name].sum() / realised for name in told},
                "covered": group["covered"].mean() if "covered" in group else np.nan,
            }
        )
    return rows


def main() -> None:
    """The command line above."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--variant", default="standard")
    parser.add_argument("--methods", default=",".join(METHODS))
    parser.add_argument("--override", action="append", default=[])
    parser.add_argument("--out", type=Path, default=RESULTS / "promotions_cpu.json")
    given = parser.parse_args()
    kept = given.out.with_suffix(".jsonl")
    done = {(one["seed"], one["method"]): one for one in finished(kept)}
    for seed in range(given.first, given.first + given.seeds):
        market = make(given.variant, seed)
        best = market.deal_profit(*best_deals(market)).sum()
        for method in given.methods.split(","):
            if (seed, method) not in done:
                one = {"seed": seed, "method": method, **cell(market, best, method, tuple(given.override))}
                done[seed, method] = one
                keep(kept, one)
                print({name: round(value, 3) if isinstance(value, float) else value for name, value in one.items()})
    cells = list(done.values())
    rows = table_of(cells)
    print(pd.DataFrame(rows).round(3).to_string(index=False))
    save(given.out, {**vars(given), "out": given.out.name}, table=rows, cells=cells)


if __name__ == "__main__":
    main()
