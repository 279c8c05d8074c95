"""Reads order lines and adds them up to baskets. Not for what shoppers do: see ensemble.stretch."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from data_io import columns, validate
from data_io.errors import ConfigError
from data_io.findings import Findings
from data_io.frequency import Calendar
from data_io.read import Source, read_table
from data_io.schema import typed
from data_io.settings import DataSettings

KINDS = {"basket": "key", "date": "date", "product": "key", "price": "number", "units": "number", "cost": "number"}
FREQUENCY = "week"  # of which there is neither a declared one nor a need to infer one
LEAST_COSTED = 0.5  # share of the spend whose cost is known


class Baskets(NamedTuple):
    """What was bought together.

    frame: one row per basket: ``date`` (of its first line), ``period`` (first day), ``spend`` (what its lines cost
        without any saving on the whole basket). margin: what of a unit of money spent is left net of tax, fee and
        cost. frequency: of the periods. inputs, warnings: as in Tables.
    """

    frame: pd.DataFrame
    margin: float
    frequency: str
    inputs: dict[str, dict]
    warnings: tuple[str, ...]


def load_baskets(settings: DataSettings, *, baskets: Source | None = None) -> Baskets:
    """Baskets from a table of order lines with ``basket, date, price, units, cost``.

    Args:
        settings: see DataSettings; `settings.baskets` is used where no argument is given.
        baskets: path or DataFrame. Returns (negative units) reduce their basket; baskets of nothing are left out.

    Raises:
        InputError: everything that is wrong with the table, at once.
        ConfigError: there is no such table.
    """
    source = settings.baskets if baskets is None else baskets
    if source is None:
        raise ConfigError("data.baskets is not set: give order lines with basket, date, price, units and cost.")
    raw, findings = read_table(source, "baskets", settings.columns), Findings()
    columns.check_required({"baskets": raw}, settings.columns, findings)
    findings.refuse()
    lines = typed(raw, {name: kind for name, kind in KINDS.items() if name in raw.names}, settings, findings)
    validate.check_baskets(lines, raw, findings)
    findings.refuse()

    calendar = Calendar(settings.frequency or FREQUENCY)
    value = (lines["price"].fillna(0.0) * lines["units"]).to_numpy()
    groups = lines.assign(spend=value).groupby("basket", sort=True)
    frame = groups.agg(date=("date", "min"), spend=("spend", "sum")).reset_index(drop=True)
    kept = frame["spend"] > 0
    frame = frame[kept].reset_index(drop=True)
    frame.insert(1, "period", calendar.first_days(frame["date"]))
    told = [] if kept.all() else [f"{(~kept).sum()} baskets of {raw.file} have nothing left in them: left out."]
    margin, said = _margin(settings, lines, value, raw.file)
    return Baskets(frame, margin, calendar.frequency, {"baskets": raw.audit}, (*told, *said))


def _margin(settings: DataSettings, lines: pd.DataFrame, value: np.ndarray, file: str) -> tuple[float, list[str]]:
    """The margin of what lines with a cost brought, and a sentence on those without."""
    cost = lines["cost"].to_numpy(np.float64)
    known = (cost > 0) & (lines["units"] > 0).to_numpy() & (value > 0)
    share = value[known].sum() / max(value[value > 0].sum(), 1e-9)
    if share < LEAST_COSTED:
        raise ConfigError(
            f"{file}: costs are known for {share:.0%} of what was spent, and at least {LEAST_COSTED:.0%} are needed: "
            "what a larger basket is worth depends on its margin. Fill in the column cost."
        )
    net = value[known] / (1 + settings.tax_rate) * (1 - settings.fee_rate)
    spent = (cost * lines["units"].to_numpy())[known].sum()
    told = [] if known[value > 0].all() else [f"{file}: the margin is that of the {share:.1%} of spend with a cost."]
    return float((net.sum() - spent) / value[known].sum()), told
