"""Ways to set prices that the decision benchmark compares: simple ones to beat, and jointprice under any overrides.

A method sees a market's tables and never its truth. Not for scoring. Axes: M stores, T weeks, J products, S = M · J
offers, sorted by store and product.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from data_io.history import history_of
from data_io.markets.types import Market

COMBINE_ALONE = ("mean", "median", "trimmed_mean", "vote", "soft_vote", "lower_confidence", "worst_group")
"""Aggregations that weigh no member: they change nothing in training."""
AFTER_TRAINING = ("objective", "search", "rules")
"""Groups of settings that are asked only once a model is trained."""
STEEPEST, FLATTEST = -8.0, -1.1  # own elasticities that a markup is formed from


@dataclass(frozen=True)
class Decision:
    """What a method decided.

    Attributes:
        prices: [S].
        promised: gain in profit over holding prices that the method expects, or None where it expects none.
        elasticity: [S] own-price elasticities that it believes in, or None.
        interval: 10 % and 90 % quantiles of what is promised, or None.
        in_model: what it would promise uncorrected, or None.
        identified: [S] bool, products whose response it calls identified, or None.
    """

    prices: np.ndarray
    promised: float | None = None
    elasticity: np.ndarray | None = None
    interval: tuple[float, float] | None = None
    in_model: float | None = None
    identified: np.ndarray | None = None


def hold(market: Market) -> Decision:
    """Keep the current prices."""
    return Decision(market.hold)


def uniform_markup(market: Market) -> Decision:
    """One markup factor over cost for the whole market, e / (e + 1) of one log-log elasticity e pooled over all
    products with store × product effects; cut at the bounds. It expects the gain of that one elasticity."""
    offers, shape = _offers(market)
    log_price, log_units, sold = _logs(market)
    x, y = (values - _mean(values, sold) for values in (log_price, log_units))
    elasticity = np.clip((x * y).sum(where=sold) / (x * x).sum(where=sold), STEEPEST, FLATTEST)
    effect = _mean(log_units - elasticity * log_price, sold)[:, 0]
    smearing = np.exp(y - elasticity * x).mean(where=sold)
    best = np.clip(offers["cost"] * elasticity / (elasticity + 1), offers["min_price"], offers["max_price"])

    def profit(price: np.ndarray) -> float:
        return ((price - offers["cost"]) * smearing * np.exp(effect) * price**elasticity).sum()

    return Decision(
        prices=best.reshape(-1),
        promised=float(profit(best) - profit(offers["current_price"])),
        elasticity=np.full(shape, elasticity).reshape(-1),
    )


def joint_ols(market: Market) -> Decision:
    """Log units on all log prices of the store, product by product, and an ascent of profit; see decision_joint."""
    from benchmarks.decision_joint import ascend, elasticities

    offers, shape = _offers(market)
    log_price, log_units, sold = _logs(market)
    slopes, levels = elasticities(log_units, log_price, sold)
    columns = (offers[name] for name in ("cost", "current_price", "min_price", "max_price"))
    best, gain = ascend(slopes, levels, *columns)
    return Decision(best.reshape(-1), gain, np.broadcast_to(np.diagonal(slopes), shape).reshape(-1))


def ols_markup(market: Market) -> Decision:
    """Log units on log price with store effects, product by product; price = cost · e / (e + 1) within the bounds."""
    offers, shape = _offers(market)
    log_price, log_units, sold = _logs(market)
    x, y = (values - _mean(values, sold) for values in (log_price, log_units))
    slope = (x * y).sum((0, 1), where=sold) / (x * x).sum((0, 1), where=sold)
    elasticity = np.clip(slope, STEEPEST, FLATTEST)
    effect = _mean(log_units - elasticity * log_price, sold)
    smearing = np.exp(log_units - effect - elasticity * log_price).mean((0, 1), where=sold)

    def profit(price: np.ndarray) -> float:
        return ((price - offers["cost"]) * smearing * np.exp(effect[:, 0]) * price**elasticity).sum()

    best = np.clip(offers["cost"] * elasticity / (elasticity + 1), offers["min_price"], offers["max_price"])
    return Decision(
        prices=best.reshape(-1),
        promised=float(profit(best) - profit(offers["current_price"])),
        elasticity=np.broadcast_to(elasticity, shape).reshape(-1),
    )


def jointprice(market: Market, overrides: Sequence[str]) -> Decision:
    """Train, search and promise as the command does with these overrides, on the market that they name."""
    from jointprice.compose import compose
    from jointprice.pricing import price_offers
    from jointprice.promise import gains, promise

    config = compose(overrides)
    trained, offers = _fit(tuple(word for word in overrides if changes_training(word)))
    way = config.aggregation
    aggregation = replace(trained.pricing, name=way.name, confidence=way.confidence, trim=way.trim)
    ensemble = replace(trained, pricing=aggregation)
    pricing = price_offers(config, ensemble, offers)
    keys = ["store", "product"]
    answer = market.offers[keys].merge(pricing.answer, on=keys, how="left", validate="one_to_one")
    promised = promise(ensemble, pricing.problem, pricing.solution.prices, seed=config.seed)
    return Decision(
        prices=answer["price"].to_numpy(),
        promised=promised and promised.mean,
        interval=promised and (promised.p10, promised.p90),
        in_model=float(gains(pricing.problem, pricing.solution.prices).mean()),
        elasticity=answer["elasticity"].to_numpy(),
        identified=(answer["power"] == "identified").to_numpy(),
    )


def changes_training(override: str) -> bool:
    """Whether an override of jointprice can change the trained model; rules, objective and search cannot."""
    key, _, value = override.lstrip("+~").partition("=")
    if key == "aggregation":
        return value not in COMBINE_ALONE
    return key.partition(".")[0] not in AFTER_TRAINING


@lru_cache(maxsize=1)
def _fit(overrides: tuple[str, ...]) -> tuple[Any, Any]:
    """The ensemble trained with these overrides, and the offers: methods that only combine its members differently,
    search otherwise or keep other rules share it, and those of other `response.…` share the networks."""
    from ensemble.learn import with_response
    from jointprice.compose import compose

    prepared, networks = _networks(tuple(word for word in overrides if not word.startswith("response.")))
    config = compose(overrides)
    if config.response.name != "networks":
        networks = with_response(networks, prepared.panel, config.training, config.response, seed=config.seed)
    return networks.ensemble, prepared.tables.offers


@lru_cache(maxsize=1)
def _networks(overrides: tuple[str, ...]) -> tuple[Any, Any]:
    """The tables and the networks trained on them."""
    from ensemble.learn import train_networks
    from jointprice.compose import compose
    from jointprice.prepare import prepare
    from jointprice.session import ready_compiler

    ready_compiler()
    config = compose(overrides)
    prepared = prepare(config.data)
    history = history_of(prepared.tables, config.data.decimals)
    settings = (config.ensemble, config.training, config.aggregation, config.response)
    return prepared, train_networks(prepared.panel, history, *settings, seed=config.seed)


def lightgbm_grid(market: Market) -> Decision:
    """Gradient-boosted trees for log units, and a grid of prices searched product by product; see decision_trees."""
    from benchmarks.decision_trees import decide

    prices, promised, elasticity = decide(market)
    return Decision(prices, promised, elasticity)


SIMPLE = {
    "hold": hold,
    "uniform_markup": uniform_markup,
    "ols_markup": ols_markup,
    "joint_ols": joint_ols,
    "lightgbm_grid": lightgbm_grid,
}


def _offers(market: Market) -> tuple[dict[str, np.ndarray], tuple[int, int]]:
    """Columns of the offers as [M, J], and (M, J)."""
    shape = market.offers["store"].nunique(), market.offers["product"].nunique()
    names = ("cost", "current_price", "min_price", "max_price")
    return {name: market.offers[name].to_numpy().reshape(shape) for name in names}, shape


def _logs(market: Market) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """[M, T, J] log price, log units (0 where none were sold), and bool, where some were."""
    units = _cube(market, "units")
    return np.log(_cube(market, "price")), np.log(np.where(units > 0, units, 1)), units > 0


def _cube(market: Market, column: str) -> np.ndarray:
    """[M, T, J] a column of the sales; known-truth markets have every row."""
    stores, products = market.offers["store"].nunique(), market.offers["product"].nunique()
    ordered = market.sales.sort_values(["store", "date", "product"])
    return ordered[column].to_numpy(np.float64).reshape(stores, -1, products)


def _mean(values: np.ndarray, where: np.ndarray) -> np.ndarray:
    """[M, 1, J] means over weeks; 0 where a store never sold the product."""
    return values.sum(1, where=where, keepdims=True) / np.maximum(where.sum(1, keepdims=True), 1)
