"""Panels of known truth for the regressions: one category, drawn in a moment."""

from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest

from data_io.types import SalesPanel


class Drawn(NamedTuple):
    """A panel, and the true elasticity of every product."""

    panel: SalesPanel
    elasticity: float


@pytest.fixture(scope="session")
def draw():
    """Draws log units = level + season + elasticity · log price + shock, prices that may follow the shock."""

    def panel(
        *, products=4, stores=6, periods=60, endogeneity=0.0, own_cost=0.0, elasticity=-2.5, noise=0.05, seed=0
    ) -> Drawn:
        rng = np.random.default_rng(seed)
        size = products * stores
        product = np.repeat(np.arange(products), stores)
        store = np.tile(np.arange(stores), products)
        weeks = pd.date_range("2023-01-02", periods=periods, freq="7D")
        path = 0.04 * rng.normal(size=(products, periods)).cumsum(1)
        cost = path[product] + own_cost * rng.normal(size=(size, periods))
        shock = 0.3 * rng.normal(size=(size, periods))
        promo = (rng.random((size, periods)) < 0.1).astype(np.float32)
        log_price = 1 + 0.5 * cost + endogeneity * shock - 0.2 * promo + noise * rng.normal(size=(size, periods))
        season = 0.2 * np.sin(2 * np.pi * np.arange(periods) / 52.18)
        log_units = 6 + season + elasticity * (log_price - 1) + 0.3 * promo + shock
        series = pd.DataFrame(
            {
                "product": [f"product-{number}" for number in product],
                "store": [f"store-{number}" for number in store],
                "category": "tea",
                "choice_set": store,
            }
        )
        order = np.argsort(store, kind="stable")  # sets are neighbours
        return Drawn(
            SalesPanel(
                series=series.iloc[order].reset_index(drop=True),
                periods=weeks,
                frequency="week",
                units=np.exp(log_units)[order].astype(np.float32),
                price=np.exp(log_price)[order],
                cost=np.exp(cost)[order],
                observed=np.ones((size, periods), bool),
                censored=np.zeros((size, periods), bool),
                traffic=np.zeros((size, periods), np.float32),
                competitor=np.full((size, periods), np.nan),
                promotions=promo[order][..., None],
                numeric=np.zeros((size, periods, 0), np.float32),
                promotion_names=("promo",),
                numeric_names=(),
                categorical_names=(),
                attribute_names=(),
            ),
            elasticity,
        )

    return panel
