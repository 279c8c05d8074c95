"""The markets of the search benchmark: choice sets of 20 products, 8 members with MLP heads of 64-64."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd

from search.evaluate import sold_units
from search.problem import build_problem
from search.rules.catalogue import build_rules
from search.types import Objective, PricingProblem

MEMBERS, SET_SIZE, FEATURES, WIDTH = 8, 20, 4, 64
BENT = 0.3  # how far the networks bend the response, in log units


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["own", "cross", "base", "current", "features", "layers", "choice_set"],
    meta_fields=[],
)
@dataclass(frozen=True)
class Networks:
    """log units = base - own z + cross I + BENT tanh(MLP(z, I, features)); z = log price change, I = its mean in the
    choice set. own [K, S], cross [K], base, current [S], features [S, F], layers: three weights [K, ., .]."""

    own: Any
    cross: Any
    base: Any
    current: Any
    features: Any
    layers: tuple
    choice_set: Any

    def __call__(self, prices: Any) -> Any:
        index = self.terms(prices)[0].reshape(len(prices), -1, SET_SIZE).sum(-1)
        return self.respond(prices, jnp.repeat(index, SET_SIZE, axis=1)[None])

    def terms(self, prices: Any) -> Any:
        return (jnp.log(prices / self.current) / SET_SIZE)[None]

    def respond(self, prices: Any, index: Any) -> Any:
        change = jnp.log(prices / self.current)
        shown = jnp.broadcast_to(self.features, (*change.shape, self.features.shape[1]))
        hidden = jnp.concatenate([change[..., None], index[0][..., None], shown], -1)[None]
        first, second, last = self.layers
        hidden = jax.nn.gelu(hidden @ first[:, None])
        hidden = jax.nn.gelu(hidden @ second[:, None])
        bent = BENT * jnp.tanh((hidden @ last[:, None])[..., 0])
        return self.base * jnp.exp(-self.own[:, None] * change + self.cross[:, None, None] * index + bent)


def market(products: int, seed: int, rules: list[dict], cents: bool = False) -> PricingProblem:
    """Ladders of 25 rungs from -30 % to +30 %, the current price among them; or of every cent in between."""
    if products % SET_SIZE:
        raise SystemExit(f"--products must be a multiple of {SET_SIZE}")
    draw = np.random.default_rng(seed)
    step = np.round(draw.uniform(2, 10, products) * 0.025, 2)
    current = np.round(40 * step, 2)
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
    sizes = [(2 + FEATURES, WIDTH), (WIDTH, WIDTH), (WIDTH, 1)]
    demand = Networks(
        own=draw.uniform(1.5, 4, products) + draw.normal(0, 0.2, (MEMBERS, products)),
        cross=draw.uniform(0.4, 0.9, MEMBERS),
        base=draw.lognormal(3, 1, products),
        current=current,
        features=draw.normal(0, 1, (products, FEATURES)),
        layers=tuple(draw.normal(0, 1 / np.sqrt(size[0]), (MEMBERS, *size)) for size in sizes),
        choice_set=np.arange(products) // SET_SIZE,
    )
    demand = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.int32 if leaf.dtype == int else jnp.float32), demand)
    problem = build_problem(demand, offers, build_rules(rules), Objective())[0]
    if cents:
        near = build_rules([{"type": "max_change", "percent": 30}, *rules])
        return build_problem(demand, offers, near, Objective(), max_rungs=10**4)[0]
    ladder = np.round(current[:, None] + step[:, None] * np.arange(-12, 13), 2)
    return replace(problem, ladder=ladder, rungs=np.full(products, 25, np.int32), start=np.full(products, 12, np.int32))


def shared_rules(problem: PricingProblem) -> list[dict]:
    """A portfolio margin two points above that of holding prices, and at most a quarter of the prices changed."""
    units, offers = sold_units(problem, problem.current[None]).mean(0)[0], problem.offers
    margin = 1 - (units @ offers["cost"]) / (units @ offers["current_price"])
    return [{"type": "portfolio_margin", "min": round(margin + 0.02, 4)}, {"type": "max_changes", "share": 0.25}]
