"""The deals that an offer may get: mechanics at depths, their prices and what rules leave of them. Not for choosing.

Axes: O offers, L options (option 0 is no deal), Q promotion columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from data_io.errors import ConfigError
from jointprice.schema import Config, PromotionSettings
from search.money import Money
from search.rules.base import PriceRule
from search.rules.catalogue import build_rules

MECHANICS = ("percent_off", "fixed_price", "two_for")
JUDGED = ("bounds", "unit_margin", "minimum_price", "no_touch")  # rules that deals keep; others are on regular prices


@dataclass(frozen=True)
class Deals:
    """mechanic [L] ("" = no deal), depth [L], flags [L, Q] (1 in the mechanic's promotion column), price [O, L] that a
    unit costs on average, tag [O, L] as it stands at the shelf (of two: for both), allowed [O, L] bool."""

    mechanic: np.ndarray
    depth: np.ndarray
    flags: np.ndarray
    price: np.ndarray
    tag: np.ndarray
    allowed: np.ndarray


def deals_of(config: Config, offers: pd.DataFrame, promotions: Sequence[str], rules: Sequence[dict]) -> Deals:
    """All deals of the offers at their current prices.

    Raises:
        ConfigError: an unknown mechanic, one that no promotion column tells, or no depth between 0 and 1.
    """
    settings, regular = config.promotions, offers["current_price"].to_numpy(np.float64)
    columns = [_column(settings, name, promotions) for name in settings.mechanics]
    if not settings.depths or not all(0 < depth < 1 for depth in settings.depths):
        raise ConfigError("promotions.depths are shares of the regular price between 0 and 1, such as [0.1,0.2,0.3].")
    mechanic = np.array(["", *np.repeat(settings.mechanics, len(settings.depths))], object)
    depth = np.array([0.0, *np.tile(settings.depths, len(settings.mechanics))])
    flags = np.zeros((len(mechanic), len(promotions)), np.float32)
    for option, name in enumerate(np.repeat(columns, len(settings.depths)), start=1):
        flags[option, list(promotions).index(name)] = 1.0
    price, tag = _prices(config, regular, mechanic, depth)
    allowed = _allowed(config, offers, price, rules)
    return Deals(mechanic, depth, flags, price, tag, allowed)


def _column(settings: PromotionSettings, mechanic: str, promotions: Sequence[str]) -> str:
    """The promotion column that tells the mechanic."""
    if mechanic == "spend_save":
        raise ConfigError(
            "promotions.mechanics: spend X, save Y is a deal of whole baskets, no offer's. Leave spend_save out, "
            "and use task=spend_save with data.baskets=…, your order lines."
        )
    if mechanic not in MECHANICS:
        raise ConfigError(f"promotions.mechanics: {mechanic!r} is unknown. There are {', '.join(MECHANICS)}.")
    name = settings.columns.get(mechanic, mechanic)
    if name in promotions:
        return name
    if len(promotions) == 1 and mechanic not in settings.columns:
        return promotions[0]
    told = ", ".join(promotions) or "none"
    raise ConfigError(
        f"promotions.mechanics: no promotion column of the sales tells {mechanic} (there are: {told}). Name it, as in "
        f"+promotions.columns.{mechanic}=COLUMN, or leave the mechanic out."
    )


def _prices(
    config: Config, regular: np.ndarray, mechanic: np.ndarray, depth: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Mean prices of a unit and tags, both [O, L] in whole minor units (the mean price is not rounded)."""
    settings, minor = config.promotions, 10.0**config.data.decimals
    cut = (regular[:, None] * (1 - depth) * minor).round() / minor
    ending = settings.fixed_ending
    nine = np.floor((cut * minor - ending + 1e-6) / 10) * 10 + ending
    nine = np.where(nine > 0, nine, cut * minor).round() / minor
    part = 2 * settings.pair_share / (1 + settings.pair_share)
    pair = (2 * cut * minor).round() / minor
    mean_of_pairs = regular[:, None] * (1 - part) + part * pair / 2
    fixed, two = (mechanic == name for name in ("fixed_price", "two_for"))
    price = np.where(fixed, nine, np.where(two, mean_of_pairs, cut))
    tag = np.where(fixed, nine, np.where(two, pair, cut))
    price[:, 0] = tag[:, 0] = regular
    return price, tag


def _allowed(config: Config, offers: pd.DataFrame, price: np.ndarray, rules: Sequence[dict]) -> np.ndarray:
    """[O, L]: the rules on single prices leave the deal; it is cheaper than the regular price."""
    money = Money(config.data.decimals, config.data.tax_rate, config.data.fee_rate)
    allowed = price < price[:, :1]
    for rule in build_rules([rule for rule in rules if rule["type"] in JUDGED]):
        if isinstance(rule, PriceRule) and rule.hard:
            rows = np.flatnonzero(rule.selects(offers))
            allowed[rows] &= rule.allows(offers.iloc[rows], price[rows].round(config.data.decimals), money)
    allowed[:, 0] = True
    return allowed
