"""Which "spend X, save Y" pays? task=spend_save scored on shops whose shoppers are known.

    python -m benchmarks.spend_save --seeds 20 --out benchmarks/results/spend_save_cpu.json

Money that the chosen deal really brings per week, over that of the best deal of the same list (captured; where none
pays, what is lost is told). Methods: jointprice; past_best, the past deal whose weeks brought the largest margin per
basket less what was saved, over weeks without (none where that is a loss); thumb, 120 % of the mean basket, 10 % off.
promised over realised and the 80 % interval are jointprice's. Not a test.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.record import RESULTS, save
from data_io.baskets import load_baskets
from data_io.markets import baskets as market
from jointprice.compose import compose
from jointprice.spend_save import choose_deal
from jointprice.spend_save_tables import against_truth


def cell(seed: int) -> list[dict]:
    """The figures of all methods on one shop."""
    shop = market.make(seed)
    config = compose(["experiment=spend_save", f"data.market_seed={seed}"])
    baskets = load_baskets(config.data, baskets=shop.lines)
    found = choose_deal(config, baskets)
    truth = against_truth(found, shop)
    chosen = None if found.chosen is None else found.deals[found.chosen]
    ours = {"realised": truth["realised"], "promised": found.promise.mean}
    ours["covered"] = found.promise.p10 <= truth["realised"] <= found.promise.p90
    rows = [{"method": "jointprice", "deal": chosen, **ours}]
    for name, deal in (("past_best", _past_best(baskets.frame, baskets.margin)), ("thumb", _thumb(baskets.frame))):
        rows.append({"method": name, "deal": deal, "realised": 0.0 if deal is None else shop.gain(*deal)})
    return [{"seed": seed, "best": truth["best"], **row} for row in rows]


def _past_best(frame: pd.DataFrame, margin: float) -> tuple[float, float] | None:
    week = ((frame["date"] - frame["date"].min().normalize()).dt.days // 7).to_numpy()
    inside = {(*deal,): np.isin(week, np.arange(first, last + 1)) for first, last, *deal in market.PAST}
    plain = frame["spend"][~np.logical_or.reduce(list(inside.values()))].mean()
    gains = {
        deal: margin * (frame["spend"][rows].mean() - plain) - deal[1] * (frame["spend"][rows] >= deal[0]).mean()
        for deal, rows in inside.items()
    }
    best = max(gains, key=gains.get)
    return best if gains[best] > 0 else None


def _thumb(frame: pd.DataFrame) -> tuple[float, float]:
    threshold = float(np.round(1.2 * frame["spend"].mean()))
    return threshold, 0.1 * threshold


def summary(cells: pd.DataFrame) -> pd.DataFrame:
    """One row per method: money per week, what the best deals bring in all, the worst seed, the promise."""
    rows = []
    for method, part in cells.groupby("method", sort=False):
        row = {"method": method, "seeds": len(part), "realised": part["realised"].mean()}
        row["captured"] = part["realised"].sum() / part["best"].sum()
        row["worst_loss"] = part["realised"].min()
        row["shortfall_se"] = (part["best"] - part["realised"]).std() / np.sqrt(len(part)) / part["best"].mean()
        if method == "jointprice":
            row["promised_over_realised"] = part["promised"].sum() / part["realised"].sum()
            row["covered"] = part["covered"].astype(float).mean()
        rows.append(row)
    return pd.DataFrame(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--out", type=Path, default=RESULTS / "spend_save_cpu.json")
    asked = parser.parse_args()
    cells = pd.DataFrame([row for seed in range(asked.first, asked.first + asked.seeds) for row in cell(seed)])
    table = summary(cells)
    print(table.round(3).to_string(index=False))
    arguments = {"first": asked.first, "seeds": asked.seeds}
    save(asked.out, arguments, table=table.to_dict("records"), cells=cells.to_dict("records"))


if __name__ == "__main__":
    main()
