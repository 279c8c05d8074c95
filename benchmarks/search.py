"""How fast and how good is the search? Seconds to the gap of the default search, and DEAP and others beside it.

    python -m benchmarks.search --products 100 1000 10000 --seed 0

The gap is to the bound of the tabulated problem, the table's error beside it; compilation is excluded: every search
runs twice. Needs the extra `bench` (pymoo). Writes benchmarks/results/search_DEVICE.json. Not a test: nothing here
passes or fails.
"""

from __future__ import annotations

import argparse
import random
import resource
import time
from dataclasses import replace
from functools import partial

import jax
import numpy as np
import pandas as pd
from deap import base, tools

from benchmarks.record import RESULTS, save
from benchmarks.search_market import MEMBERS, market, shared_rules
from search import exact, genetic, gradient, random_search, scan_genetic
from search.evaluate import GRADIENT_COST, make_evaluator
from search.journal import FeasibilityFirst
from search.table import tabulate
from search.types import PricingProblem, Solution

POPULATION, STEPS = 128, 80
NEVER = 10**9  # patience
SIDE_BY_SIDE = 1000  # products up to which other ways are measured too


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


def reach(problem: PricingProblem, seed: int) -> dict:
    """What the default search finds, and in how long, the table's making included and apart."""
    solve = partial(genetic.optimise, problem, seed=seed)
    solve(generations=2)
    found = solve()
    started = time.perf_counter()
    table = tabulate(problem, problem.shelf)
    jax.block_until_ready(table.units)
    return {
        "seconds": found.seconds,
        "tabulating": time.perf_counter() - started,
        "value": found.value,
        "bound": found.bound,
        "gap": found.gap,
        "table_error": found.table_error,
        "evaluations": found.evaluations,
        "peak_gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
    }


def by_pymoo(problem: PricingProblem, budget: int, seed: int) -> Solution:
    """pymoo's genetic algorithm on integers, its fitness the same batched call."""
    from pymoo.algorithms.soo.nonconvex.ga import GA
    from pymoo.core.problem import Problem
    from pymoo.operators.crossover.sbx import SBX
    from pymoo.operators.mutation.pm import PM
    from pymoo.operators.repair.rounding import RoundingRepair
    from pymoo.operators.sampling.rnd import IntegerRandomSampling
    from pymoo.optimize import minimize

    evaluator, limits = make_evaluator(problem, tabulated=True), bool(problem.rules)

    class Prices(Problem):
        def __init__(self):
            super().__init__(
                len(problem.rungs), n_obj=1, n_ieq_constr=int(limits), xl=0, xu=problem.rungs - 1, vtype=int
            )

        def _evaluate(self, rungs, out, *_, **__):
            value, violation = evaluator.fitness(np.asarray(rungs, np.int32))
            out["F"] = -value[:, None]
            if limits:
                out["G"] = violation[:, None]

    vary = {"vtype": float, "repair": RoundingRepair()}
    algorithm = GA(
        pop_size=POPULATION,
        sampling=IntegerRandomSampling(),
        crossover=SBX(prob=1.0, eta=3.0, **vary),
        mutation=PM(prob=1.0, eta=3.0, **vary),
        eliminate_duplicates=True,
    )
    started = time.perf_counter()
    ended = minimize(Prices(), algorithm, ("n_eval", budget), seed=seed, verbose=False)
    rungs = problem.start if ended.X is None else np.asarray(ended.X, np.int32)
    value = float("nan") if ended.X is None else -float(ended.F[0])
    return Solution(
        rungs=rungs,
        prices=problem.prices(rungs),
        value=value,
        violation=0.0,
        evaluations=int(ended.algorithm.evaluator.n_eval),
        seconds=time.perf_counter() - started,
        optimiser="pymoo",
        status="not_found" if ended.X is None else "done",
    )


def equal_cost(problem: PricingProblem, generations: int, bound: float, seed: int) -> list[dict]:
    """Value reached by every optimiser for as many evaluations as the plain genetic search has."""
    budget = POPULATION * generations
    settings = {"population": POPULATION, "patience": NEVER, "steps": STEPS}
    evolve = partial(genetic.optimise, problem, seed=seed, **settings)
    gradients = partial(evolve, seeds=["current", "gradient"])
    climb = partial(gradient.optimise, problem, seed=seed, population=POPULATION, steps=STEPS)
    planting = gradients(generations=1).evaluations - POPULATION
    starts = max((budget - climb(starts=1).evaluations) // (GRADIENT_COST * STEPS), 1)
    plain = {"seeds": ["current"], "generations": generations}
    network = replace(problem, demand=jax.tree_util.Partial(type(problem.demand).__call__, problem.demand))
    found: dict[str, Solution] = {
        "genetic, seeds current": evolve(**plain),
        "genetic, seeds current, nothing refined": evolve(**plain, refine=0),
        "the same on the networks": genetic.optimise(network, seed=seed, **settings, **plain, refine=0),
        "genetic_on_device, seeds current": scan_genetic.optimise(problem, seed=seed, **settings, **plain),
        "pymoo": by_pymoo(problem, budget, seed),
        "genetic, seeds current and gradient": gradients(generations=max((budget - planting) // POPULATION, 1)),
        f"gradient, {starts} starts": climb(starts=starts),
        "gradient, 4 starts": climb(starts=4),
        "random": random_search.optimise(problem, seed=seed, evaluations=budget, population=POPULATION),
    }
    return [
        {
            "optimiser": name,
            "evaluations": solution.evaluations,
            "seconds": solution.seconds,
            "value": solution.value,
            "short_of_bound": 1 - solution.value / bound,
            "status": solution.status,
        }
        for name, solution in found.items()
    ]


def beside_highs(problem: PricingProblem, seed: int) -> list[dict]:
    """The default search and HiGHS (in its time limit) on the mean over members, which HiGHS can take."""
    problem = replace(problem, objective=replace(problem.objective, risk=0.0))
    genetic.optimise(problem, seed=seed, generations=2)
    found = {"genetic": genetic.optimise(problem, seed=seed), "exact (HiGHS)": exact.optimise(problem, seed=seed)}
    kept = ("seconds", "value", "bound", "status")
    rows = [{"optimiser": name} | {key: getattr(one, key) for key in kept} for name, one in found.items()]
    return [row | {"bound": row["bound"] if np.isfinite(row["bound"]) else None} for row in rows]


def table_speed(problem: PricingProblem, seed: int) -> dict[str, float]:
    """Seconds of a population by the networks and by the table, and how far apart the values are."""
    rungs = np.random.default_rng(seed).integers(0, problem.rungs, (POPULATION, len(problem.rungs))).astype(np.int32)
    seconds, values = {}, {}
    for name, tabulated in (("network", False), ("table", True)):
        evaluator = make_evaluator(problem, tabulated=tabulated)
        values[name] = evaluator.fitness(rungs)[0]
        started = time.perf_counter()
        evaluator.fitness(rungs)
        seconds[name] = time.perf_counter() - started
    error = float(np.abs(values["table"] - values["network"]).max() / np.abs(values["network"]).max())
    return {**seconds, "ratio": seconds["network"] / seconds["table"], "error": error}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--products", type=int, nargs="+", default=[100, 1000])
    parser.add_argument("--generations", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    rows, beside = [], []
    for products in arguments.products:
        plain = market(products, arguments.seed, [])
        for name, rules in (("none", []), ("margin, changes", shared_rules(plain))):
            problem = market(products, arguments.seed, rules)
            rows.append({"products": products, "rules": name, **reach(problem, arguments.seed)})
            print(pd.DataFrame(rows[-1:]).to_string(index=False, float_format="{:.6g}".format))
            if products <= SIDE_BY_SIDE:
                few = arguments.generations if products <= 100 else arguments.generations // 10
                found = {"products": products, "rules": name, "table": table_speed(problem, arguments.seed)}
                found["equal_cost"] = equal_cost(problem, few, rows[-1]["bound"], arguments.seed)
                if products <= 100:
                    found["highs"] = beside_highs(problem, arguments.seed)
                    found["per_individual"] = speed(problem, arguments.generations, arguments.seed)
                beside.append(found)
                print(found["table"], found.get("per_individual", ""))
                print(pd.DataFrame(found["equal_cost"]).to_string(index=False, float_format="{:.6g}".format))
    path = RESULTS / f"search_{jax.default_backend()}.json"
    save(path, vars(arguments), population=POPULATION, members=MEMBERS, reach=rows, beside=beside)


if __name__ == "__main__":
    main()
