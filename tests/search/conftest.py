"""Small markets for the tests of the search. Factories as session fixtures, so that hypothesis may use them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest

from search.checker import check
from search.evaluate import sold_units
from search.problem import build_problem
from search.rules.catalogue import build_rules
from search.types import Objective


def _offers(current, stores=("all",), **columns) -> pd.DataFrame:
    """Offers as Tables.offers has them; `current` per product or per store and product, other columns to override."""
    current = np.asarray(current, np.float64)
    products = len(current) // len(stores) if len(current) % len(stores) == 0 and len(stores) > 1 else len(current)
    size = products * len(stores)
    current = np.resize(current, size)
    frame = pd.DataFrame(
        {
            "product": [f"p{i}" for i in range(products)] * len(stores),
            "store": np.repeat(list(stores), products),
            "category": [f"c{i % 2}" for i in range(products)] * len(stores),
            "current_price": current,
            "cost": np.round(current * 0.5, 2),
            "stock": np.full(size, np.inf),
            "min_price": np.zeros(size),
            "max_price": np.full(size, np.inf),
            "competitor_price": np.full(size, np.nan),
            "observed_min": np.round(current * 0.8, 2),
            "observed_max": np.round(current * 1.2, 2),
        }
    )
    return frame.assign(**columns)


def _constant_elasticities(own, cross, base, current, prices):
    change = jnp.log(prices / current)
    return base * jnp.exp(-own * change + cross * change.mean(-1, keepdims=True))


def _demand(offers: pd.DataFrame, members: int = 3, own: float = 2.5, cross: float = 0.5, units: float = 20.0):
    """Elasticities that differ between members and offers; rivals' prices enter by their mean. Arrays are leaves, so
    that tests share compiled code."""
    generator = np.random.default_rng(len(offers))
    own = own + generator.uniform(-0.5, 0.5, (members, 1, len(offers)))
    base = units * generator.uniform(0.5, 2, len(offers))
    arrays = (own, cross, base, offers["current_price"].to_numpy())
    return jax.tree_util.Partial(_constant_elasticities, *(jnp.asarray(array, jnp.float32) for array in arrays))


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["own", "cross", "base", "current", "bend", "choice_set", "marks"],
    meta_fields=[],
)
@dataclass(frozen=True)
class Indexed:
    """An IndexedDemand: rivals' prices enter by the sum of bent log changes; bend [J], J = 1 or one per member."""

    own: jax.Array
    cross: jax.Array
    base: jax.Array
    current: jax.Array
    bend: jax.Array
    choice_set: jax.Array
    marks: jax.Array

    def terms(self, prices):
        return jnp.sinh(self.bend[:, None, None] * jnp.log(prices / self.current))

    def respond(self, prices, index):
        change = jnp.log(prices / self.current)
        return self.base * jnp.exp(-self.own[:, None] * change + self.cross[:, None, None] * index)

    def __call__(self, prices):
        terms = jnp.moveaxis(self.terms(prices), -1, 0)
        index = jax.ops.segment_sum(terms, self.choice_set, len(self.marks))[self.choice_set]
        return self.respond(prices, jnp.moveaxis(index, 0, -1))


def _indexed(offers: pd.DataFrame, seed: int = 0, own_index: bool = False) -> Indexed:
    """Three members; a store is two choice sets."""
    draw, size = np.random.default_rng(seed), len(offers)
    stores = pd.factorize(offers["store"])[0]
    choice_set = 2 * stores + (np.arange(size) % 2)
    return Indexed(
        own=jnp.asarray(draw.uniform(1.5, 3.5, size) + draw.uniform(-0.4, 0.4, (3, size)), jnp.float32),
        cross=jnp.asarray(draw.uniform(0.1, 0.6, 3), jnp.float32),
        base=jnp.asarray(20 * draw.uniform(0.5, 2, size), jnp.float32),
        current=jnp.asarray(offers["current_price"].to_numpy(), jnp.float32),
        bend=jnp.asarray([1.0, 1.1, 1.3] if own_index else [1.0], jnp.float32),
        choice_set=jnp.asarray(choice_set, jnp.int32),
        marks=jnp.zeros(choice_set.max() + 1),
    )


def _problem(offers=None, rules=(), objective=None, demand=None, **options):
    offers = _offers(np.linspace(2, 9, 8).round(2)) if offers is None else offers
    demand = demand or _demand(offers)
    return build_problem(demand, offers, build_rules(rules), objective or Objective(), **options)[0]


def _answer(problem, prices) -> pd.DataFrame:
    """The columns of prices.csv that the checker reads."""
    units, units_current = sold_units(problem, np.stack([prices, problem.current])).mean(axis=0)
    return problem.offers[["product", "store"]].assign(
        price=prices,
        units=units,
        units_current=units_current,
        status=np.where(problem.decision >= 0, "priced", "held"),
    )


@pytest.fixture(scope="session")
def make_offers():
    return _offers


@pytest.fixture(scope="session")
def indexed():
    return _indexed


@pytest.fixture(scope="session")
def make_demand():
    return _demand


@pytest.fixture(scope="session")
def make_problem():
    return _problem


@pytest.fixture(scope="session")
def make_answer():
    return _answer


_ANSWER = ("price", "units", "units_current", "status")
_STORES = {"p0": "s0", "p1": "s0", "p2": "s1", "p3": "s1"}


def _unbroken(**columns) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Offers p0 to p3, two to a store, that nothing is wrong with, and an answer that leaves all as it is."""
    values = {"category": ["c", "d", "c", "d"], "current_price": [2.0, 3.0, 4.0, 5.0], "cost": 1.0, "stock": np.inf}
    values |= {"min_price": np.nan, "max_price": np.nan, "observed_min": 1.0, "observed_max": 9.0, "size": 1.0}
    values |= {"competitor_price": np.nan} | {name: columns[name] for name in columns if name not in _ANSWER}
    offers = pd.DataFrame({"product": list(_STORES), "store": list(_STORES.values())}).assign(**values)
    written = {"price": offers["current_price"], "units": [10.0, 20.0, 5.0, 8.0]}
    written |= {"units_current": written["units"], "status": "priced"}
    written |= {name: columns[name] for name in columns if name in _ANSWER}
    return offers, offers[["product", "store"]].assign(**written)


def _verdict(rule: dict, columns: dict, **options) -> list[tuple]:
    """(product, amount, text), and "held" where it is, of every breach of one rule; names and stores are checked."""
    offers, answer = _unbroken(**columns)
    said = []
    for one in check(answer, offers, [rule], **{"scope": "store_product"} | options):
        assert (one.rule, one.store, one.soft) == (rule["type"], _STORES.get(one.product, ""), False)
        said.append((one.product, pytest.approx(one.amount, abs=1e-9, nan_ok=True), one.text, *["held"][: one.held]))
    return said


@pytest.fixture(scope="session")
def unbroken():
    return _unbroken


@pytest.fixture(scope="session")
def verdict():
    return _verdict
