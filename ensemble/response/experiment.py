"""A price test in words, for products whose history cannot tell their price response. Not for running tests."""

from __future__ import annotations

from math import ceil

import numpy as np
import pandas as pd

LEVELS = (-0.10, -0.05, 0.0, 0.05, 0.10)  # of the current price, equally often
ERROR = 0.5  # standard error of the elasticity that a test is designed for
LEAST_PERIODS = 4  # so that no single odd period decides
TOO_LONG = 104  # periods; nobody waits for such a test
WORDS = {"day": "days", "week": "weeks", "month": "months"}


def designs(table: pd.DataFrame, tier: pd.Series, frequency: str) -> list[str]:
    """[J] a test for each product of tier small or hold, "" for the others.

    Args:
        table: columns category, stores, sales_sd (NaN: the category's median is taken, then that of all products).
    """
    spread = table["sales_sd"].fillna(table.groupby("category")["sales_sd"].transform("median"))
    spread = spread.fillna(table["sales_sd"].median())
    return [
        "" if one == "full" else design(float(sd), int(stores), frequency)
        for one, sd, stores in zip(tier, spread, table["stores"], strict=True)
    ]


def design(sales_sd: float, stores: int, frequency: str) -> str:
    """The test whose elasticity has a standard error of ERROR.

    Prices drawn at random have se = sd(log units) / (sd(log price) √n), n store-periods.

    Args:
        sales_sd: residual sd of log units in a store and period; NaN = unknown, then nobody can say how long.
    """
    period = WORDS[frequency]
    levels = "current price ±5 % and ±10 %, drawn at random per store and " + frequency
    if not np.isfinite(sales_sd):
        return f"test: {levels}; {LEAST_PERIODS} {period} first, to see how much sales vary"
    count = ceil((sales_sd / (ERROR * np.log1p(LEVELS).std())) ** 2)
    stores = max(stores, 1)
    periods = max(ceil(count / stores), LEAST_PERIODS)
    if periods > TOO_LONG:
        return f"too few sales for a test of its own ({count:,} store-{period} needed): test its category together"
    return (
        f"test: {levels}; {periods} {period} in {stores} store{'s' if stores > 1 else ''} "
        f"for an elasticity within ±{ERROR:.1f} (standard error)"
    )
