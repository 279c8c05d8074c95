"""Stockouts with substitution: the shoppers of market B (mixed logit), some of whom find their product sold out.

Each product starts a week with a drawn stock (0 where a delivery failed). Shoppers whose first choice is sold out
choose again among what is left, as the same segments value it, or leave; who finds the second choice sold out leaves.
The tables show what a retailer sees: units sold and the stock at the week's start, never the demand that met an empty
shelf. units = stock means sold out; the sales of substitutes are inflated in the same week.

The truth to price for is demand with everything in stock: that of `logit` at the same variant and seed, whose sales
these are too until a shelf is empty. Not for planning stock. Axes: M stores, T weeks, J products.
"""

from __future__ import annotations

import numpy as np

from data_io.markets import logit
from data_io.markets.common import PRODUCTS, STORES, WEEKS
from data_io.markets.switches import WORDS, Switches, draw_stock
from data_io.markets.types import Market

VARIANTS = logit.VARIANTS
SWITCHES = tuple(word for word in WORDS if word != "censored")  # stock limits sales here anyway

FAILED_DELIVERY = 0.04  # of store × week × product


def make(variant: str, seed: int, *, products: int = PRODUCTS, stores: int = STORES, weeks: int = WEEKS) -> Market:
    """Draw the market; week `weeks` is the one to price. Raises ConfigError for a variant that is not known."""
    return logit.draw("stockout", variant, seed, _sell_from_stock, SWITCHES, products, stores, weeks)


def _sell_from_stock(switches: Switches, rng: np.random.Generator, first: np.ndarray, odds: np.ndarray):
    """First choices [M, T, J] -> units and stock, with second choices for those who found nothing."""
    stock = draw_stock(rng, first) * (rng.random(first.shape) >= FAILED_DELIVERY)
    served = np.minimum(first, stock)
    again = second_choices(odds, stock > first)
    leave = np.clip(1 - again.sum(-1, keepdims=True), 0, 1)
    wanted = rng.multinomial(first - served, np.concatenate([again, leave], -1))[..., :-1].sum(-2)
    return served + np.minimum(wanted, stock - served), stock


def second_choices(odds: np.ndarray, left: np.ndarray) -> np.ndarray:
    """[..., J, J] probability that a shopper whose first choice was j buys k among those left [..., J].

    A first choice tells the segment (Bayes' rule); within a segment the choice among the rest does not depend on the
    first (independence of irrelevant alternatives; Luce 1959). odds [..., segment, J]; no left product is a first
    choice that failed.
    """
    chosen = logit.WEIGHTS[:, None] * odds / (1 + odds.sum(-1, keepdims=True))
    segment = chosen / chosen.sum(-2, keepdims=True)
    rest = odds * left[..., None, :]
    return np.swapaxes(segment, -1, -2) @ (rest / (1 + rest.sum(-1, keepdims=True)))
