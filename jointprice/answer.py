"""prices.csv as a table: one row per offer, every column of the contract. Not for choosing prices."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from ensemble.demand import offer_sets, series_of
from ensemble.noise import interval
from ensemble.types import Ensemble
from search.binding import binding_rules
from search.evaluate import demanded_units, sold_units
from search.flat_range import flat_range
from search.objective import net_price
from search.service import chance_of_lasting
from search.types import PricingProblem

UNIT_DECIMALS = 6


def answer_table(
    ensemble: Ensemble, problem: PricingProblem, prices: np.ndarray, held: np.ndarray, currency: str
) -> pd.DataFrame:
    """[S] rows at prices [S].

    Args:
        held: [S] why an offer is held, "" = it is priced.
    """
    offers = problem.offers
    current = problem.current
    rows = series_of(ensemble, offers)
    sales = sales_at(problem, prices)
    known = figures(ensemble, problem, prices, rows, sales)
    cost = offers["cost"].to_numpy(np.float64)
    stock = offers["stock"].to_numpy(np.float64)
    elasticity = offers["own_elasticity"].to_numpy(np.float64)
    flat_low, flat_high = flat_range(problem, prices, offer_sets(ensemble, offers))
    priced = problem.decision >= 0
    seen_low, seen_high = (offers[name].to_numpy(np.float64) for name in ("observed_min", "observed_max"))
    notes = ["; ".join(part for part in parts if part) for parts in zip(held, offers["note"].fillna(""), strict=True)]

    return pd.DataFrame(
        {
            "product": offers["product"],
            "store": offers["store"],
            "category": offers["category"],
            "current_price": current,
            "price": prices,
            "change_pct": (100 * (prices / current - 1)).round(4),
            "cost": cost,
            **known,
            "stock": np.where(np.isfinite(stock), stock, np.nan),
            "competitor_price": offers["competitor_price"],
            "elasticity": np.where(np.isnan(known["units"]), np.nan, elasticity.round(4)),
            "power": offers["power"],
            "exogeneity": offers["exogeneity"],
            "tier": offers["tier"],
            "binding_rules": binding_rules(problem, prices, *sales.sold.mean(0)),
            "extrapolated": (prices < seen_low) | (prices > seen_high),
            "status": np.where(priced, "priced", "held"),
            "note": notes,
            "currency": currency,
            "flat_low": flat_low,
            "flat_high": flat_high,
            **{name: offers[name] for name in ("reason", "exogeneity_reason", "test_design")},
            **{name: offers[name].round(4) for name in ("robustness_value", "first_stage_f")},
            "service_level": _service_level(problem, known["units"]),
        }
    )


class Sales(NamedTuple):
    """Of the members at some prices and, second, at the current ones: demanded and sold [K, 2, S]; stock [S]."""

    demanded: np.ndarray
    sold: np.ndarray
    stock: np.ndarray


def sales_at(problem: PricingProblem, prices: np.ndarray) -> Sales:
    """At prices [S]."""
    both = np.stack([prices, problem.current])
    demanded = demanded_units(problem, both)
    return Sales(demanded, sold_units(problem, both, demanded), problem.shelf.stock)


def figures(
    ensemble: Ensemble, problem: PricingProblem, prices: np.ndarray, rows: np.ndarray, sales: Sales
) -> dict[str, np.ndarray]:
    """units_current to margin of prices.csv [S] at prices [S]; NaN for offers without history.

    Args:
        rows: the offers' series, see series_of. sales: at these prices.
    """
    offers, objective, current = problem.offers, problem.objective, problem.current
    units, units_current = sales.sold.mean(0).round(UNIT_DECIMALS)
    low, high = _interval(ensemble, rows, sales.demanded[:, 0], sales.stock)
    net, net_current = (net_price(value, objective.tax_rate, objective.fee_rate) for value in (prices, current))
    cost = offers["cost"].to_numpy(np.float64)
    found = {
        "units_current": units_current,
        "units": units,
        "units_p10": low,
        "units_p90": high,
        "revenue": (prices / (1 + objective.tax_rate) * units).round(UNIT_DECIMALS),
        "profit": ((net - problem.sale_cost) * units).round(UNIT_DECIMALS),
        "profit_current": ((net_current - problem.sale_cost) * units_current).round(UNIT_DECIMALS),
    }
    known = {name: np.where(rows >= 0, values, np.nan) for name, values in found.items()}
    return known | {"margin": ((net - cost) / net).round(6)}


def _interval(
    ensemble: Ensemble, rows: np.ndarray, demanded: np.ndarray, stock: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Quantiles of sales: those of demand [K, S], at most the stock [S]."""
    low, high = interval(demanded, ensemble.dispersion[np.maximum(rows, 0)])
    return np.minimum(low, stock).round(UNIT_DECIMALS), np.minimum(high, stock).round(UNIT_DECIMALS)


def _service_level(problem: PricingProblem, units: np.ndarray) -> np.ndarray:
    """[S] the chance that the stock lasts, of offers whose sales stop at a stock of their own."""
    dispersion = problem.offers["dispersion"].to_numpy(np.float64)
    return chance_of_lasting(units, problem.shelf.stock, dispersion).round(4)
