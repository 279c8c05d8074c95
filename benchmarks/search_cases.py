"""How near the optimum is the search where that is known otherwise? Continuous prices, many local optima, kinks, ties.

    python -m benchmarks.search_cases --seeds 0 1 2 3 4

- continuous: 100 products whose ladders hold every cent, by search=gradient and by the default search with its bound,
  against L-BFGS-B in float64 from 20 starts and from the answer.
- corridor: 11 products of a log-log demand with all cross effects under a price index of 99 to 101 %, prices of four
  decimals, against the best of 300 SLSQP starts.
- small: kinks (stock), ties (one price in two stores), all or nothing, wide cross effects (a network that sees every
  price): against all price vectors.
- large: the same with 160 products, against gradient alone and DEAP alone.

Seconds are warm: every search runs twice. Writes benchmarks/results/search_cases_DEVICE.json. Not a test.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
from scipy.optimize import LinearConstraint, minimize

from benchmarks.record import RESULTS, save
from benchmarks.search_market import market
from search import genetic, gradient
from search.evaluate import make_evaluator, sold_units
from search.problem import build_problem
from search.rules.catalogue import build_rules
from search.types import Objective, PricingProblem, Solution

STARTS = {"L-BFGS-B": 20, "SLSQP": 300}
KINDS = ("kinks", "ties", "all or nothing", "wide cross effects")


def warm(problem: PricingProblem, seed: int, optimise: Callable = genetic.optimise) -> Solution:
    """What a search finds, compiled before."""
    optimise(problem, seed=seed)
    return optimise(problem, seed=seed)


def continuous(seed: int) -> dict:
    """100 products, every cent from -30 % to +30 %."""
    problem = market(100, seed, [], cents=True)
    bounded, found = warm(problem, seed), warm(problem, seed, gradient.optimise)
    with jax.enable_x64():
        exact = jax.tree.map(lambda leaf: jnp.asarray(leaf, _wide(leaf)), problem.demand)
        cost = jnp.asarray(problem.offers["cost"].to_numpy())
        held = exact(jnp.asarray(problem.current)[None])[:, 0] @ (problem.current - cost)

        def loss(prices):
            gain = exact(prices[None])[:, 0] @ (prices - cost) - held
            return -(gain.mean() - problem.objective.risk * gain.std())

        both = jax.jit(jax.value_and_grad(loss))
        low, high = problem.ladder[:, 0], problem.ladder.max(axis=1)
        generator = np.random.default_rng(seed)
        starts = [found.prices, bounded.prices, *generator.uniform(low, high, (STARTS["L-BFGS-B"], len(low)))]
        ask = partial(_float64, both)
        ended = [
            minimize(ask, x, jac=True, method="L-BFGS-B", bounds=list(zip(low, high, strict=True))) for x in starts
        ]
        value, other = (-float(loss(jnp.asarray(one.prices))) for one in (found, bounded))
    best = max(value, other, *(-float(one.fun) for one in ended))
    row = {"case": "continuous", "seed": seed, "seconds": found.seconds, "short": 1 - value / best}
    return row | {"bounded_seconds": bounded.seconds, "bounded_short": 1 - other / best, "gap": bounded.gap}


def corridor(seed: int) -> dict:
    """11 products, log-log, bounds and an average-price corridor: own effects below 1 push prices to the edges."""
    draw, size = np.random.default_rng(seed), 11
    current = draw.uniform(2, 10, size).round(2)
    cost = (current * draw.uniform(0.4, 0.8, size)).round(2)
    effects = draw.uniform(0, 0.4, (size, size)) * (draw.random((size, size)) < 0.6)
    np.fill_diagonal(effects, -draw.uniform(0.6, 4.0, size))
    base = draw.lognormal(3, 0.7, size)
    shown = jnp.asarray(effects, jnp.float32), jnp.asarray(base, jnp.float32), jnp.asarray(current, jnp.float32)

    def demand(prices):
        return (shown[1] * jnp.exp(jnp.log(prices / shown[2]) @ shown[0].T))[None]

    offers = pd.DataFrame({"product": [f"p{i:02}" for i in range(size)], "store": "all", "category": "all"})
    offers = offers.assign(current_price=current, cost=cost, stock=np.inf)
    rules = build_rules([{"type": "max_change", "percent": 30}, {"type": "price_index", "min": 0.99, "max": 1.01}])
    problem = build_problem(demand, offers, rules, Objective(risk=0), decimals=4, max_rungs=10**5)[0]
    found = warm(problem, seed)

    def ask(prices: np.ndarray) -> tuple[float, np.ndarray]:
        units = base * np.exp(np.log(prices / current) @ effects.T)
        slope = units + ((prices - cost) * units) @ effects / prices
        return -float(units @ (prices - cost)), -slope

    low, high = problem.ladder[:, 0], problem.ladder.max(axis=1)
    index = LinearConstraint(base * 1.0, 0.99 * base @ current, 1.01 * base @ current)
    best = -np.inf
    for start in draw.uniform(low, high, (STARTS["SLSQP"], size)):
        ended = minimize(
            ask, start, jac=True, method="SLSQP", bounds=list(zip(low, high, strict=True)), constraints=[index]
        )
        if abs(np.clip(base @ ended.x, index.lb, index.ub) - base @ ended.x) < 1e-6 * (base @ current):
            best = max(best, -float(ended.fun))
    held, value = -ask(current)[0], -ask(found.prices)[0]
    return {
        "case": "corridor",
        "seed": seed,
        "seconds": found.seconds,
        "short": 1 - value / best,
        "short_of_gain": (best - value) / (best - held),
        "status": found.status,
    }


def hard(kind: str, products: int, seed: int, rungs: int) -> PricingProblem:
    """A problem of one kind; ladders of so many rungs from -20 % to +20 %."""
    draw = np.random.default_rng(1000 * KINDS.index(kind) + seed)
    current = draw.uniform(2, 10, products).round(2)
    offers = pd.DataFrame({"product": [f"p{i:03}" for i in range(products)], "store": "a", "category": "all"})
    offers = offers.assign(current_price=current, cost=(current * draw.uniform(0.4, 0.7, products)).round(2))
    offers["family"] = [f"f{i // 3}" for i in range(products)]
    if kind == "ties":
        other = offers.assign(store="b", cost=offers["cost"] * draw.uniform(0.8, 1.1, products))
        offers = pd.concat([offers, other], ignore_index=True)
    size = len(offers)
    own, base = draw.uniform(1.5, 4, (3, size)), draw.lognormal(3, 0.7, size)
    first, second = draw.normal(0, 1, (3, size, 16)) / np.sqrt(size), draw.normal(0, 0.4, (3, 16, size))
    usual, wide = offers["current_price"].to_numpy(), 1.0 if kind == "wide cross effects" else 0.3
    parts = [jnp.asarray(part, jnp.float32) for part in (own, base, first, second, usual)]

    def demand(prices):
        own, base, first, second, usual = parts
        change = jnp.log(prices / usual)
        hidden = jnp.tanh(4 * change[None] @ first)
        return base * jnp.exp(-own[:, None] * change + wide * hidden @ second)

    units = np.asarray(demand(jnp.asarray(usual)[None])).mean(0)[0]
    offers["stock"] = np.where(draw.random(size) < 0.6, (units * draw.uniform(0.6, 1.1, size)).round(2), np.inf)
    rules: list[dict] = [{"type": "price_index", "min": 0.97, "max": 1.05}]
    if kind == "kinks":
        rules = [{"type": "inventory", "mode": "cap_sales"}]
    if kind == "all or nothing":
        rules = [{"type": "all_or_nothing", "by": "family"}, {"type": "max_changes", "share": 0.5}]
    demand = jax.tree_util.Partial(demand)
    near = [{"type": "max_change", "percent": 20}]
    return build_problem(demand, offers, build_rules([*near, *rules]), Objective(risk=0.25), max_rungs=rungs)[0]


def small(kind: str, seed: int) -> dict:
    """Against all price vectors of 6 products (9 rungs)."""
    problem = hard(kind, 6, seed, 9)
    every = np.array(list(itertools.product(*(range(length) for length in problem.rungs))), np.int32)
    evaluator = make_evaluator(problem, block=2048)
    best = -np.inf
    for rows in np.array_split(every, max(len(every) // 65536, 1)):
        value, violation = evaluator.fitness(rows)
        best = max(best, value[violation <= 0].max(initial=-np.inf))
    found = warm(problem, seed)
    gap = max(best - found.value, 0.0) / max(abs(best), 1e-9)
    return {"case": f"small: {kind}", "seed": seed, "seconds": found.seconds, "short": gap, "certified": found.gap}


def large(kind: str, seed: int) -> dict:
    """160 products, 17 rungs, against gradient alone and DEAP alone."""
    problem = hard(kind, 160, seed, 17)
    ways: dict[str, Callable] = {
        "all": genetic.optimise,
        "gradient": gradient.optimise,
        "genetic": partial(genetic.optimise, seeds=["current"], refine=0),
    }
    found = {name: way(problem, seed=seed) for name, way in ways.items()}
    values = {name: one.value if one.status == "done" else -np.inf for name, one in found.items()}
    held = sold_units(problem, problem.current[None]).mean(0)[0] @ (problem.current - problem.offers["cost"])
    return {
        "case": f"large: {kind}",
        "seed": seed,
        "seconds": found["all"].seconds,
        "short": (max(values.values()) - values["all"]) / float(held),
        "gradient": (values["all"] - values["gradient"]) / float(held),
        "genetic": (values["all"] - values["genetic"]) / float(held),
        "certified": found["all"].gap,
    }


def _wide(leaf: jax.Array) -> type:
    return jnp.float64 if jnp.issubdtype(leaf.dtype, jnp.floating) else leaf.dtype


def _float64(both: Callable, prices: np.ndarray) -> tuple[float, np.ndarray]:
    value, slope = both(jnp.asarray(prices))
    return float(value), np.asarray(slope, np.float64)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--cases", nargs="+", default=["continuous", "corridor", "small", "large"])
    arguments = parser.parse_args()
    ways = {"continuous": [continuous], "corridor": [corridor]}
    ways |= {size.__name__: [partial(size, kind) for kind in KINDS] for size in (small, large)}
    rows = []
    for way in (way for case in arguments.cases for way in ways[case]):
        for seed in arguments.seeds:
            rows.append(way(seed))
            print({name: round(value, 7) if isinstance(value, float) else value for name, value in rows[-1].items()})
    table = pd.DataFrame(rows).groupby("case", sort=False)[["short", "seconds"]].agg(["median", "max"])
    print(table.to_string(float_format="{:.6g}".format))
    save(RESULTS / f"search_cases_{jax.default_backend()}.json", vars(arguments), rows=rows)


if __name__ == "__main__":
    main()
