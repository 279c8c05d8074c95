"""On markets whose truth is known: what the prices really earn, beside the best possible under the same rules."""

from __future__ import annotations

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd

from data_io.markets.types import Market
from jointprice.pricing import Pricing, business_rules, objective_of
from jointprice.promise import totals
from jointprice.schema import Config
from search.gradient import optimise as gradient
from search.problem import build_problem
from search.rules.catalogue import build_rules
from search.types import PricingProblem

STARTS, STEPS = 8, 200


def judge(config: Config, market: Market, pricing: Pricing) -> dict[str, float]:
    """share, captured and uplift_realised of the contract, under the truth."""
    problem = true_problem(config, market, pricing.problem.offers)
    best = oracle_under_rules(config, problem)
    real = replace(pricing.problem, demand=problem.demand, objective=problem.objective)
    ours, hold, oracle = totals(real, np.stack([pricing.solution.prices, real.current, best]))[0]
    return {
        "share": float(ours / oracle),
        "captured": float((ours - hold) / (oracle - hold)) if oracle > hold else 1.0,
        "uplift_realised": float(ours - hold),
        "hold_share": float(hold / oracle),
    }


def true_problem(config: Config, market: Market, offers: pd.DataFrame) -> PricingProblem:
    """The pricing of `offers` under the configured rules and objective, by who knows the truth.

    Args:
        offers: [S] rows in the market's order with the columns that rules use, as Tables.offers has them.
    """
    truth = jax.tree_util.Partial(lambda prices: market.expected_units(prices, jnp)[None])
    problem, _ = build_problem(
        truth,
        offers,
        build_rules(business_rules(config)),
        objective_of(config),
        scope=config.search.scope,
        decimals=config.data.decimals,
        max_rungs=config.search.max_rungs,
    )
    return problem


def oracle_under_rules(config: Config, problem: PricingProblem) -> np.ndarray:
    """[S] the best prices found for a `true_problem`."""
    return gradient(problem, seed=config.seed, starts=STARTS, steps=STEPS).prices
