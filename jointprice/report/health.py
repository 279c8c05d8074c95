"""What the data of a run can and cannot tell, in figures. Not for judging single products: prices.csv does."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from data_io.types import SalesPanel

FEW_PRICES = 3  # distinct prices, below which a product says nothing of its response


class Health(NamedTuple):
    """One line of the table: what, and how much of it in words."""

    name: str
    words: str


def health(panel: SalesPanel, verdicts: pd.DataFrame) -> list[Health]:
    """Lines on the panel's rows, prices, promotions, costs and competitor prices, and on the products' verdicts."""
    seen = panel.observed
    rows = int(seen.sum())
    product = pd.factorize(panel.series["product"])[0]
    place = np.nonzero(seen)
    prices = pd.DataFrame({"product": product[place[0]], "price": panel.price[seen].round(2)})
    distinct = prices.groupby("product")["price"].nunique().reindex(range(product.max() + 1), fill_value=0)
    first, last = (f"{panel.periods[at]:%Y-%m-%d}" for at in (0, -1))
    span = np.logical_or.accumulate(seen, 1) & np.logical_or.accumulate(seen[:, ::-1], 1)[:, ::-1]
    found = [
        Health("Series", f"{len(panel.series):,} products in stores, {len(panel.periods)} {panel.frequency}s"),
        Health("Periods", f"{first} to {last}"),
        Health("Rows", f"{rows:,}, {_share((span & ~seen).sum(), span.sum())} missing between first and last sale"),
        Health("Without sales", f"{_share((seen & (panel.units == 0)).sum(), rows)} of the rows"),
        Health("Sold out", f"{_share(panel.censored.sum(), rows)} of the rows"),
        Health("On promotion", f"{_share((seen & (panel.promotions > 0).any(-1)).sum(), rows)} of the rows"),
        Health("Costs known", f"{_share((seen & ~np.isnan(panel.cost)).sum(), rows)} of the rows"),
        Health("Competitor price known", f"{_share((seen & ~np.isnan(panel.competitor)).sum(), rows)} of the rows"),
        Health("Fewer than 3 prices", f"{int((distinct < FEW_PRICES).sum()):,} of {len(distinct):,} products"),
    ]
    counts: dict[str, Any] = verdicts["power"].value_counts().to_dict()
    told = ", ".join(f"{count:,} {name}" for name, count in counts.items())
    return [*found, Health("Price response of the products", told)]


def _share(part: float, whole: float) -> str:
    return f"{100 * part / max(whole, 1):.1f} %"
