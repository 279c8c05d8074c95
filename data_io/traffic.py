"""How many people came to see a product, where the sales tell it: units = traffic × conversion. Not for conversion.

Axes: S series, T periods, O rows of offers or of a future table.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from data_io.schema import TRAFFIC
from data_io.types import SalesPanel, Tables

RECENT = 8
"""Periods whose mean is the traffic to come, where nobody says it."""


def traffic_column(tables: Tables) -> str:
    """The sales' column of traffic, "" where they have none or it is declared a feature instead."""
    return next((name for name in TRAFFIC if name in tables.sales and name not in tables.numeric), "")


def relative_traffic(visits: np.ndarray, observed: np.ndarray, name: str) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """[S, T] log of traffic over the series' usual one, 0 where unknown; [S] the usual one, its mean in observed
    periods, 0 = never known; and what is told. Visits [S, T], NaN unknown; none at all count as unknown."""
    known = observed & (visits > 0)
    usual = np.where(known, visits, 0).sum(1) / np.maximum(known.sum(1), 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = np.where(known, np.log(visits / usual[:, None]), 0)
    told = (
        f"Units are learnt as {name} × conversion. Where offers or a future table give no {name}, a period to come has "
        f"the mean of the last {RECENT} periods. What a price does to {name} themselves is not counted."
    )
    return relative.astype(np.float32), usual, [told] if known.any() else []


def recent(traffic: np.ndarray) -> np.ndarray:
    """[S, 1] log of the mean relative traffic of the last periods of log relative traffic [S, T]."""
    return np.log(np.exp(traffic[:, -RECENT:]).mean(1, keepdims=True))


def of_rows(rows: pd.DataFrame, usual: np.ndarray, otherwise: np.ndarray) -> np.ndarray:
    """[O] log relative traffic: as the rows give it, else `otherwise` [O]; usual [O] as relative_traffic's."""
    name = next((name for name in TRAFFIC if name in rows), None)
    if name is None:
        return otherwise
    visits = rows[name].to_numpy(np.float64)
    known = (visits > 0) & (usual > 0)
    return np.where(known, np.log(np.where(known, visits, 1) / np.where(known, usual, 1)), otherwise)


def at_usual_traffic(panel: SalesPanel) -> SalesPanel:
    """The panel with the units that the usual traffic would have bought."""
    return replace(panel, units=(panel.units * np.exp(-panel.traffic)).astype(panel.units.dtype))
