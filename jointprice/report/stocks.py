"""Which offers' stock runs short, as rows of the report. Not for what to buy: see task=stock."""

from __future__ import annotations

from typing import Any, NamedTuple

import pandas as pd

from jointprice.report.page import MOST_ROWS

LIKELY = 0.5


class Stocks(NamedTuple):
    """offers: with a known stock. short: of these, more likely than not to sell out. left: units left over, expected.

    rows: those of prices.csv with the shortest stocks, with `left`, the units left over, and `cover`, the periods that
    the stock lasts at the expected sales.
    """

    offers: int
    short: int
    left: float
    rows: list[dict[str, Any]]


def stocks(answer: pd.DataFrame) -> Stocks | None:
    """None where no offer has a stock and a forecast."""
    known = answer[answer["stock"].notna() & answer["units"].notna()]
    if not len(known):
        return None
    left = (known["stock"] - known["units"]).clip(lower=0)
    rows = known.assign(left=left, cover=known["stock"] / known["units"].where(known["units"] > 0))
    rows = rows.sort_values(["service_level", "cover"], kind="stable", na_position="last")
    short = int((known["service_level"] < LIKELY).sum())
    return Stocks(len(known), short, float(left.sum()), rows.head(MOST_ROWS).to_dict("records"))
