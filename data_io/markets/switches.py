"""Switches of the drawn markets: words joined to a variant by `+`, as in ``exogenous+chain+negative_binomial``.

They change how prices come about and how demand is counted, never the demand itself: `expected_units` stays the truth
with everything in stock. Not for the forms of demand, one file each.

What a switch draws comes from a stream of its own, so that costs, tastes, promotions and shocks stay those of the same
seed. Axes: M stores, T weeks, J products.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from data_io.errors import ConfigError
from data_io.markets.common import PriceLaw, PricePath

STREAM = 1  # beside the market's own, which is the seed alone
SHARED = 0.5  # of the variance of the demand shock, in a chain
STOCK_LEVEL, STOCK_SD = 0.8, 0.4  # log of a week's stock over mean weekly sales

WORDS: dict[str, dict[str, Any]] = {
    "endogenous": {"endogeneity": 0.35},
    "own_cost": {"own_cost": 0.10},
    "chain": {"chain": True},
    "negative_binomial": {"dispersion": 0.25},
    "censored": {"censored": True},
}


@dataclass(frozen=True)
class Switches:
    """What differs from the plain market.

    Attributes:
        endogeneity: ρ, how prices load on the demand shock (0 = as the variant has it).
        own_cost: κ, sd of log cost that varies on its own (0 = as the variant has it).
        chain: one price in all stores, promotions and holding prices too; half of the variance of the demand shock is
            then shared by all stores, or there would be nothing for a chain's price to follow.
        dispersion: φ of negative binomial counts, whose variance is mean + φ mean².
        censored: each week's sales end at a stock; the demand beyond it is lost.
    """

    endogeneity: float = 0.0
    own_cost: float = 0.0
    chain: bool = False
    dispersion: float = 0.0
    censored: bool = False

    def law(self, usual: PriceLaw) -> PriceLaw:
        """`usual` with these switches."""
        return replace(
            usual,
            endogeneity=self.endogeneity or usual.endogeneity,
            own_cost=self.own_cost or usual.own_cost,
            chain=self.chain,
        )

    def shared(self, rng: np.random.Generator, shock: np.ndarray, sd: float) -> np.ndarray:
        """[M, T, J] demand shocks of the same sd, a part of them shared by the stores of a chain."""
        if not self.chain:
            return shock
        return np.sqrt(SHARED) * sd * rng.normal(size=shock.shape[1:]) + np.sqrt(1 - SHARED) * shock

    def surge(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray | float:
        """Factors of mean 1 on a Poisson rate that make its counts negative binomial (gamma mixture)."""
        return rng.gamma(1 / self.dispersion, self.dispersion, shape) if self.dispersion else 1.0

    def shoppers(self, rng: np.random.Generator, mean: int, shape: tuple[int, ...]) -> np.ndarray | int:
        """How many shoppers come. A split negative binomial number leaves every product's units one of the same φ."""
        return rng.poisson(mean * self.surge(rng, shape)) if self.dispersion else mean

    def observe(self, rng: np.random.Generator, demand: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """[M, T, J] demand -> units, and the stock that censors them or None."""
        if not self.censored:
            return demand, None
        stock = draw_stock(rng, demand)
        return np.minimum(demand, stock), stock


def read_variant(market: str, variant: str, variants: Iterable[str], words: Iterable[str] = WORDS):
    """``exogenous+chain`` -> (``exogenous``, its Switches).

    Args:
        variants: the market's own, of which the first word is one.
        words: the switches that it knows.

    Raises:
        ConfigError: a word that is neither, with those that there are.
    """
    base, *added = variant.split("+")
    wrong = [word for word, known in [(base, variants), *((word, words) for word in added)] if word not in known]
    if wrong:
        more = f", and add with + any of {', '.join(words)}" if words else ""
        raise ConfigError(
            f"data.variant={variant}: {wrong[0]!r} is not a variant of {market}. "
            f"Choose one of {', '.join(variants)}{more}."
        )
    return base, Switches(**{name: value for word in added for name, value in WORDS[word].items()})


def streams(seed: int) -> tuple[np.random.Generator, np.random.Generator]:
    """The market's own generator, and the one for what switches and stocks draw."""
    return np.random.default_rng(seed), np.random.default_rng([seed, STREAM])


def draw_stock(rng: np.random.Generator, demand: np.ndarray) -> np.ndarray:
    """[M, T, J] stock at the start of each week, around a multiple of the mean weekly demand [M, T, J] of its row."""
    level = STOCK_LEVEL + STOCK_SD * rng.normal(size=demand.shape)
    return np.rint(demand.mean(1, keepdims=True) * np.exp(level)).astype(np.int64)


def facts(
    path: PricePath, law: PriceLaw, switches: Switches, units: np.ndarray, stock: np.ndarray | None
) -> dict[str, float]:
    """What a market publishes of itself: strengths of its switches, of its instrument, and how often stock ran out."""
    partial_r2, first_stage_f = instrument_strength(path, law)
    published = {
        "endogeneity": law.endogeneity,
        "own_cost": law.own_cost,
        "instrument_partial_r2": partial_r2,
        "instrument_f": first_stage_f,
        "chain": float(law.chain),
        "dispersion": switches.dispersion,
    }
    return published if stock is None else published | {"sold_out_share": float((units >= stock).mean())}


def instrument_strength(path: PricePath, law: PriceLaw) -> tuple[float, float]:
    """Partial R² and first-stage F of log price on the cost that varies on its own, one slope for all products.

    Given the promotions (one effect a product) and effects of store × product. A chain's prices count once.
    """
    if not law.own_cost:
        return 0.0, 0.0
    stores = 1 if law.chain else len(path.promo)
    weeks = path.promo.shape[1]
    price, cost, promo = (
        values[:stores] - values[:stores].mean(1, keepdims=True)
        for values in (path.log_price, path.own_cost[:, :weeks], path.promo.astype(float))
    )
    price, cost = (values - _fitted(values, promo) for values in (price, cost))
    partial_r2 = float((price * cost).sum() ** 2 / ((price**2).sum() * (cost**2).sum()))
    products = promo.shape[2]
    freedom = price.size - stores * products - products - 1
    return partial_r2, partial_r2 / (1 - partial_r2) * freedom


def _fitted(values: np.ndarray, promo: np.ndarray) -> np.ndarray:
    """[M, T, J] least squares of `values` on `promo`, a slope per product; 0 where it was never promoted."""
    spread = (promo**2).sum((0, 1))
    return promo * (values * promo).sum((0, 1)) / np.where(spread > 0, spread, 1)
