"""How much to buy at the prices found, and profit over price and stock, as tables. Not for choosing prices.

The problem's offers have no stock yet, so that their expected sales are the demand.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from data_io.errors import ConfigError
from jointprice.pricing import Pricing
from jointprice.report.curves import FACTORS, sales_along
from jointprice.schema import StockSettings
from search.evaluate import sold_units
from search.newsvendor import Economics, Outcome, outcome, stock_for
from search.objective import net_price
from search.types import PricingProblem

LEVELS = (0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)  # chances of not running out that the surface shows
BEST = "best"  # in stock_profit.csv: the stock that pays best at the row's price
DECIMALS = 6


def refuse_without_costs(offers: pd.DataFrame) -> None:
    """Raises ConfigError where no offer says what a unit costs."""
    if offers["cost"].isna().all():
        raise ConfigError(
            "task=stock needs costs: what to buy depends on what a unit left over loses, and none of the offers has "
            "one. Add a cost column to the sales or the offers (data.columns.cost=…)."
        )


def stock_table(pricing: Pricing, settings: StockSettings) -> pd.DataFrame:
    """[S] rows of stock.csv: what to buy of each offer for the period priced, and what it is expected to bring."""
    problem, answer = pricing.problem, pricing.answer
    prices = answer["price"].to_numpy(np.float64)
    demand, dispersion = sold_units(problem, prices[None])[:, 0], _dispersion(problem)
    money = _economics(problem, prices, settings)
    level = np.maximum(money.critical_ratio, settings.service_level)
    known = ~np.isnan(level)
    stock = np.where(known, stock_for(np.nan_to_num(level), demand, dispersion), np.nan)
    found = outcome(np.nan_to_num(stock), demand, dispersion, money)
    table = pd.DataFrame(
        {
            "product": answer["product"],
            "store": answer["store"],
            "price": prices,
            "cost": money.cost,
            "left_over_value": money.left_over.round(DECIMALS),
            "demand": demand.mean(axis=0).round(DECIMALS),
            "demand_p90": np.where(known, stock_for(np.full(len(level), 0.9), demand, dispersion), np.nan),
            "critical_ratio": money.critical_ratio.round(DECIMALS),
            "stock": stock,
            **_columns(found, known),
            "note": np.where(known, "", "its cost is not known"),
        }
    )
    without = answer["units"].isna().to_numpy()
    table.loc[without, "note"] = "no sales history in this store"
    table.loc[without, ["demand", "demand_p90", "stock", *Outcome._fields]] = np.nan
    return table


def profit_surface(pricing: Pricing, settings: StockSettings) -> pd.DataFrame:
    """stock_profit.csv: units and profit of each product, all its offers together, over prices around the one found
    (no other product's moves) and stocks: those of given service levels, and the best for that price."""
    problem = pricing.problem
    offers = problem.offers
    prices, dispersion = pricing.answer["price"].to_numpy(np.float64), _dispersion(problem)
    usable = offers["cost"].notna().to_numpy() & pricing.answer["units"].notna().to_numpy()
    products = list(dict.fromkeys(offers["product"][usable]))
    money_at = [_economics(problem, factor * prices, settings) for factor in FACTORS]
    rows = []
    for product, own, demand in sales_along(problem, prices, products):
        inside = usable[own]
        own, demand = own[inside], demand[..., inside]
        for place, factor in enumerate(FACTORS):
            money = Economics(*(part[own] for part in money_at[place]))
            for name, level in [*((f"{level:g}", np.full(len(own), level)) for level in LEVELS), (BEST, None)]:
                level = np.maximum(money.critical_ratio, settings.service_level) if level is None else level
                stock = stock_for(level, demand[:, place], dispersion[own])
                found = outcome(stock, demand[:, place], dispersion[own], money)
                weight = np.maximum(demand[:, place].mean(axis=0), 1e-9)
                rows.append(
                    {
                        "product": product,
                        "price": round(float(np.average(factor * prices[own], weights=weight)), DECIMALS),
                        "price_factor": round(float(factor), DECIMALS),
                        "stock_for": name,
                        "stock": float(stock.sum()),
                        "units": round(float(found.units.sum()), DECIMALS),
                        "left_over": round(float(found.left_over.sum()), DECIMALS),
                        "profit": round(float(found.profit.sum()), DECIMALS),
                    }
                )
    return pd.DataFrame(rows)


def _columns(found: Outcome, known: np.ndarray) -> dict[str, np.ndarray]:
    return {name: np.where(known, part, np.nan).round(DECIMALS) for name, part in found._asdict().items()}


def _dispersion(problem: PricingProblem) -> np.ndarray:
    return problem.offers["dispersion"].fillna(0.0).to_numpy(np.float64)


def _economics(problem: PricingProblem, prices: np.ndarray, settings: StockSettings) -> Economics:
    cost = problem.offers["cost"].to_numpy(np.float64)
    net = net_price(prices, problem.objective.tax_rate, problem.objective.fee_rate)
    return Economics(net, cost, cost * (settings.salvage - settings.holding_cost))
