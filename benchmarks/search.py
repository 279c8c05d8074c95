"""How fast and how good is the search? Batched DEAP against DEAP per individual, and the optimisers at equal cost.

    python -m benchmarks.search --products 100 --generations 200 --seed 0

Prints two tables and writes benchmarks/results/search_DEVICE.json. Not a test: nothing here passes or fails.
"""

from __future__ import annotations

import argparse
import random
import time
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
from deap import base, tools

from benchmarks.record import RESULTS, save
from search import genetic, gradient, random_search
from search.ascent import GRADIENT_COST
from search.evaluate import make_evaluator
from search.journal import FeasibilityFirst
from search.problem import build_problem
from search.rules.catalogue import build_rules
from search.types import Objective, PricingProblem, Solution

MEMBERS, SET_SIZE, POPULATION, STEPS = 8, 20, 128, 80
NEVER = 10**9  # patience
RULES = [{"type": "max_change", "percent": 15}, {"type": "price_index", "min": 0.95, "max": 1.05, "by": "category"}]


def units(own: jax.Array, cross: jax.Array, base_units: jax.Array, current: jax.Array, prices: jax.Array) -> jax.Array:
    """Prices [P, S] -> units [K, P, S]: constant own elasticities, and the mean rival price of the choice set."""
    change = jnp.log(prices / current)
    level = change.reshape(len(prices), -1, SET_SIZE).mean(-1, keepdims=True)
    rivals = jnp.broadcast_to(level, (len(prices), level.shape[1], SET_SIZE)).reshape(change.shape)
    return base_units * jnp.exp(-own[:, None] * change + cross[:, None, None] * rivals)


def market(products: int, seed: int) -> PricingProblem:
    """A market of choice sets with SET_SIZE products each, and the default kinds of rules."""
    if products % SET_SIZE:
        raise SystemExit(f"--products must be a multiple of {SET_SIZE}")
    draw = np.random.default_rng(seed)
    current = draw.uniform(2, 10, products).round(2)
    offers = pd.DataFrame(
        {
            "product": [f"p{i}" for i in range(products)],
            "store": "all",
            "category": [f"c{i // SET_SIZE}" for i in range(products)],
            "current_price": current,
            "cost": (current * draw.uniform(0.4, 0.8, products)).round(2),
            "stock": np.inf,
        }
    )
    own = draw.uniform(1.5, 4, products) + draw.normal(0, 0.2, (MEMBERS, products))
    arrays = own, draw.uniform(0.4, 0.9, MEMBERS), draw.lognormal(3, 1, products), current
    demand = jax.tree_util.Partial(units, *(jnp.asarray(array, jnp.float32) for array in arrays))
    return build_problem(demand, offers, build_rules(RULES), Objective())[0]


class Individual(list):
    """DEAP's classic individual: a list of genes with a fitness."""

    def __init__(self, genes):
        super().__init__(genes)
        self.fitness = FeasibilityFirst()


def per_individual(problem: PricingProblem, generations: int, seed: int) -> float:
    """Seconds of the textbook DEAP loop: lists, DEAP's operators, toolbox.map over a compiled fitness of one."""
    random.seed(seed)
    evaluator = make_evaluator(problem)
    highest = [int(length) - 1 for length in problem.rungs]

    def evaluate(individual: Individual) -> tuple[float, float]:
        value, violation = evaluator.fitness(np.asarray(individual, np.int32)[None])
        return float(violation[0]), float(value[0])

    toolbox = base.Toolbox()
    toolbox.register("select", tools.selTournament, tournsize=3)
    toolbox.register("mate", tools.cxUniform, indpb=0.5)
    toolbox.register("mutate", tools.mutUniformInt, low=[0] * len(highest), up=highest, indpb=0.02)
    toolbox.register("clone", lambda one: Individual(one))
    toolbox.register("evaluate", evaluate)
    hall = tools.HallOfFame(8)
    population = [Individual(random.randint(0, high) for high in highest) for _ in range(POPULATION)]
    toolbox.evaluate(population[0])  # compile before the clock starts
    started = time.perf_counter()
    for generation in range(generations):
        if generation:
            population = [toolbox.clone(one) for one in toolbox.select(population, POPULATION)]
            for first, second in zip(population[::2], population[1::2], strict=True):
                if random.random() < 0.7:
                    toolbox.mate(first, second)
            for one in population:
                toolbox.mutate(one)
        for one, fitness in zip(population, toolbox.map(toolbox.evaluate, population), strict=True):
            one.fitness.values = fitness
        hall.update(population)
    return time.perf_counter() - started


def speed(problem: PricingProblem, generations: int, seed: int) -> dict[str, float]:
    """Both loops at equal generations and candidates, compiled beforehand."""
    batched = partial(genetic.optimise, problem, seed=seed, population=POPULATION, patience=NEVER, seeds=["current"])
    batched(generations=2)
    single = per_individual(problem, generations, seed)
    seconds = batched(generations=generations).seconds
    return {"batched_seconds": seconds, "per_individual_seconds": single, "ratio": single / seconds}


def equal_cost(problem: PricingProblem, generations: int, seed: int) -> list[dict]:
    """Value reached by every optimiser for as many evaluations as the plain genetic search has."""
    budget = POPULATION * generations
    evolve = partial(genetic.optimise, problem, seed=seed, population=POPULATION, patience=NEVER, steps=STEPS)
    climb = partial(gradient.optimise, problem, seed=seed, population=POPULATION, steps=STEPS)
    planting = evolve(generations=1).evaluations - POPULATION
    starts = max((budget - climb(starts=1).evaluations) // (GRADIENT_COST * STEPS), 1)
    found: dict[str, Solution] = {
        "genetic, seeds current": evolve(generations=generations, seeds=["current"]),
        "genetic, seeds current and gradient": evolve(generations=max((budget - planting) // POPULATION, 1)),
        f"gradient, {starts} starts": climb(starts=starts),
        "gradient, 4 starts": climb(starts=4),
        "random": random_search.optimise(problem, seed=seed, evaluations=budget, population=POPULATION),
    }
    best = max(solution.value for solution in found.values())
    return [
        {
            "optimiser": name,
            "evaluations": solution.evaluations,
            "seconds": solution.seconds,
            "value": solution.value,
            "short_of_best": 1 - solution.value / best,
            "status": solution.status,
        }
        for name, solution in found.items()
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--products", type=int, default=100)
    parser.add_argument("--generations", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    problem = market(arguments.products, arguments.seed)
    times = speed(problem, arguments.generations, arguments.seed)
    optimisers = equal_cost(problem, arguments.generations, arguments.seed)
    print(f"{arguments.generations} generations of {POPULATION} candidates, {arguments.products} products:")
    print(f"  DEAP per individual {times['per_individual_seconds']:8.2f} s")
    print(f"  DEAP batched        {times['batched_seconds']:8.2f} s   {times['ratio']:.1f} times faster")
    table = pd.DataFrame(optimisers)
    print(table.to_string(index=False, formatters={"short_of_best": "{:.2%}".format, "seconds": "{:.2f}".format}))
    path = RESULTS / f"search_{jax.default_backend()}.json"
    measured = {"population": POPULATION, "members": MEMBERS, "speed": times, "equal_cost": optimisers}
    save(path, vars(arguments), **measured)


if __name__ == "__main__":
    main()
