"""What markdowns earn on seasons whose truth is known, against a controller that knows every parameter.

    python -m benchmarks.markdown --seeds 100 --out benchmarks/results/markdown_cpu.json

Each seed is a market: 160 past products teach, 40 others are sold, all policies meeting the same shoppers. Reported are
money over the controller's, the paired difference of losses with its 95 % interval, and promised over realised in the
first week. `exact_prior` is jointprice told the market's own distribution of popularity, its decay and its elasticity:
what a planner could earn that has nothing to learn but each product's popularity. Finished seeds are kept in a .jsonl
file beside --out. Not a test: nothing here passes or fails.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from benchmarks.markdown_policies import SALVAGE, controller, policies, seasons
from benchmarks.record import RESULTS, finished, keep, save
from data_io.markets import season
from jointprice.session import ready_compiler

OURS = "jointprice"
LEARNING = ("feedback", "censored_em", "lightgbm_monotone", "thirty_fifty", "none")


def money(products: season.Products, choose) -> float:
    """Of a whole season, in shares of first prices, what is left over included."""
    level, units, stock = season.sell(products, choose=choose)
    return float(((1 - season.STEP * level) * units).sum() + SALVAGE * (stock[:, -1] - units[:, -1]).sum())


def measure(seed: int, variant: str) -> dict:
    """One market: each policy's share of the controller's money, and what the market was like."""
    rng = np.random.default_rng([seed, 20])
    shared = season.habits(variant, rng)
    before, products = season.draw(rng, season.PAST, shared), season.draw(rng, season.RUNNING, shared)
    past = seasons(before, *season.sell(before))
    every, promised = policies(past, shared)
    known = money(products, controller)
    shares = {name: money(products, choose) / known for name, choose in every.items()}
    return {
        "seed": seed,
        "variant": variant,
        "shares": shares,
        "promised_over_realised": promised[0] / (shares[OURS] * known),
        "censored": float(past.censored.sum() / past.seen.sum()),
    }


def table(rows: list[dict]) -> dict:
    """Means with standard errors, and our loss beside each learning policy's."""
    shares = {name: np.array([row["shares"][name] for row in rows]) for name in rows[0]["shares"]}
    mean = {name: {"share": float(one.mean()), "error": _error(one)} for name, one in shares.items()}
    best = max(LEARNING, key=lambda name: mean[name]["share"])
    compared = {}
    for name in (one for one in shares if one != OURS):
        difference = shares[OURS] - shares[name]
        half = (1 - shares[name]) / 2 - (1 - shares[OURS])
        compared[name] = {
            "loss_ratio": float((1 - shares[OURS].mean()) / (1 - shares[name].mean())),
            "difference": float(difference.mean()),
            "interval": [float(difference.mean() + sign * 1.96 * _error(difference)) for sign in (-1, 1)],
            "below_half": [float(half.mean() + sign * 1.96 * _error(half)) for sign in (-1, 1)],
        }
    promised = np.array([row["promised_over_realised"] for row in rows])
    return {
        "seeds": len(rows),
        "policies": mean,
        "best_baseline": best,
        "against": compared,
        "promised_over_realised": {"mean": float(promised.mean()), "error": _error(promised)},
        "censored": float(np.mean([row["censored"] for row in rows])),
    }


def _error(values: np.ndarray) -> float:
    return float(values.std(ddof=1) / len(values) ** 0.5) if len(values) > 1 else float("nan")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--variant", choices=season.VARIANTS, default=season.VARIANTS[0])
    parser.add_argument("--out", type=Path, default=RESULTS / "markdown_cpu.json")
    arguments = parser.parse_args()
    ready_compiler()
    kept = arguments.out.with_suffix(".jsonl")
    rows = {row["seed"]: row for row in finished(kept) if row["variant"] == arguments.variant}
    wanted = range(arguments.first, arguments.first + arguments.seeds)
    for seed in wanted:
        if seed not in rows:
            rows[seed] = measure(seed, arguments.variant)
            keep(kept, rows[seed])
            print(seed, {name: round(share, 4) for name, share in rows[seed]["shares"].items()}, flush=True)
    found = table([rows[seed] for seed in wanted])
    for name, one in sorted(found["policies"].items(), key=lambda item: -item[1]["share"]):
        print(f"{name:>18} {one['share']:.4f} ± {one['error']:.4f}")
    told = {"seeds": arguments.seeds, "first": arguments.first, "variant": arguments.variant}
    save(arguments.out, told, **found)


if __name__ == "__main__":
    main()
