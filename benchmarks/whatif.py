"""How long does an answer of the what-if page take?

    python -m benchmarks.whatif --products 100,1000 --out benchmarks/results/whatif_cpu.json

One store, so many products in categories of eight, the default price response (24 draws) on light networks. Times in
milliseconds on the server, without the network: an evaluation after one price moved, the exact check of all rules, and
bytes of the answer. Quantiles of 40 answers. Not a test.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.record import RESULTS, save
from jointprice import fit
from jointprice.compose import compose
from jointprice.pricing import price_offers
from jointprice.whatif.desk import Desk
from jointprice.whatif.plan import Change, Plan

WEEKS, REPEATS = 60, 40
LIGHT = ("experiment=quick", "response.name=anchor", "response.folds=0", "response.steps=6", "quiet=true")


def sales(products: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Weekly sales of log-linear demand, and the products' categories."""
    rng = np.random.default_rng(0)
    level, price = rng.normal(3, 0.7, products), rng.uniform(2, 8, products)
    moves = rng.normal(0, 0.06, (WEEKS, products))
    units = rng.poisson(np.exp(level - 2.2 * moves))
    names = np.array([f"product-{number:04d}" for number in range(products)])
    table = pd.DataFrame(
        {
            "date": np.repeat(pd.date_range("2024-01-01", periods=WEEKS, freq="7D"), products),
            "product": np.tile(names, WEEKS),
            "price": (price * np.exp(moves)).round(2).ravel(),
            "units": units.ravel(),
            "cost": np.tile((0.6 * price).round(2), WEEKS),
        }
    )
    return table, pd.DataFrame({"product": names, "category": [f"c-{number // 8:03d}" for number in range(products)]})


def measured(products: int, folder: Path) -> dict:
    """Times of one size."""
    table, categories = sales(products)
    fitted = fit(table, categories, overrides=LIGHT)
    config = compose(LIGHT)
    desk = Desk(config, fitted.ensemble, price_offers(config, fitted.ensemble, fitted.offers), folder)
    desk.warm()
    found: dict[str, list[float]] = {"evaluate": [], "check": []}
    for number in range(REPEATS):
        one = number % len(desk.rows)
        plan = Plan(changes=[Change(decision=one, price=float(desk.problem.ladder[one, 0]))])
        for name, times in found.items():
            started = time.perf_counter()
            answer = getattr(desk, name)(plan)
            times.append(1000 * (time.perf_counter() - started))
            if name == "evaluate":
                size = len(json.dumps(answer))
    quantiles = {f"{name}_ms": np.quantile(times, [0.1, 0.5, 0.9]).round(1).tolist() for name, times in found.items()}
    return {"products": products, **quantiles, "answer_bytes": size}


def main() -> None:
    """The command line above."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--products", default="100,1000")
    parser.add_argument("--out", type=Path, default=RESULTS / "whatif_cpu.json")
    given = parser.parse_args()
    rows = [measured(int(size), given.out.parent) for size in given.products.split(",")]
    for row in rows:
        print(row)
    save(given.out, {"products": given.products}, rows=rows)


if __name__ == "__main__":
    main()
