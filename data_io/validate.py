"""Says what is wrong with the values of typed tables, all of it at once. Not for mending anything: see clean.

Every check reports to Findings; nothing is raised here but for settings outside their allowed values.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from data_io.clean import absurd_costs
from data_io.errors import ConfigError
from data_io.findings import Findings
from data_io.offers import without_history
from data_io.read import RawTable
from data_io.schema import TRAFFIC
from data_io.settings import DataSettings

ALLOWED = {
    "duplicates": ("sum", "last", "refuse"),
    "returns": ("net", "drop", "refuse"),
    "new_products": ("hold", "refuse"),
    "absurd_cost": ("repair", "keep", "refuse"),
    "missing_periods": ("auto", "zero", "unknown"),
}
FREQUENCIES = ("day", "week", "month")


def check_settings(settings: DataSettings) -> None:
    """ConfigError where a policy, the frequency or a number is not among the allowed."""
    for name, allowed in ALLOWED.items():
        value = getattr(settings.policy, name)
        if value not in allowed:
            raise ConfigError(f"data.policy.{name} must be one of {', '.join(allowed)}, got {value!r}.")
    if settings.frequency not in (None, *FREQUENCIES):
        allowed = ", ".join(FREQUENCIES)
        raise ConfigError(f"data.frequency must be one of {allowed}, or null to infer it, got {settings.frequency!r}.")
    if settings.offers_max_age < 1:
        raise ConfigError(f"data.offers_max_age must be at least 1 period, got {settings.offers_max_age}.")


def check_sales(sales: pd.DataFrame, raw: RawTable, settings: DataSettings, findings: Findings) -> None:
    """Blanks, signs and duplicates of the sales that remain after exclusions."""
    policy = settings.policy
    for name in ("date", "product", "store", "units"):
        _blank(sales, raw, name, findings)
    told = ("blank-price", "the price is blank though units were sold", "Give the price, or set the units to 0")
    _report(sales, raw, "price", sales["price"].isna() & (sales["units"] != 0), findings, *told)
    _not_positive(sales, raw, "price", findings)
    _not_positive(sales, raw, "competitor_price", findings)
    for name in ("views", "sessions"):
        _negative(sales, raw, name, findings)
    if policy.returns == "refuse":
        told = ("negative-units", "units are negative", "Correct them, or choose data.policy.returns=net or drop")
        _report(sales, raw, "units", sales["units"] < 0, findings, *told)
    if policy.absurd_cost == "refuse" and "cost" in sales:
        message = "the cost is not above 0, or outside a quarter to four times the product's median cost"
        told = ("absurd-cost", message, "Correct it, or choose data.policy.absurd_cost=repair or keep")
        _report(sales, raw, "cost", absurd_costs(sales), findings, *told)
    if policy.duplicates == "refuse":
        mend = "Remove one, or choose data.policy.duplicates=sum or last"
        _duplicates(sales, raw, ["date", "product", "store"], findings, mend)


def check_attributes(frame: pd.DataFrame, raw: RawTable, key: str, findings: Findings) -> None:
    """Products or stores: a key in every row, each once."""
    _blank(frame, raw, key, findings)
    _duplicates(frame, raw, [key], findings, f"Keep one row per {key}")


def check_offers(offers: pd.DataFrame, raw: RawTable, findings: Findings) -> None:
    """Signs, bounds and duplicates of the offers as given."""
    _blank(offers, raw, "product", findings)
    for name in ("current_price", "max_price", "competitor_price"):
        _not_positive(offers, raw, name, findings)
    for name in ("min_price", "stock", "cost", *TRAFFIC):
        _negative(offers, raw, name, findings)
    if {"min_price", "max_price"} <= set(offers):
        told = ("bounds-crossed", "min_price is above max_price", "Lower it, or raise max_price")
        _report(offers, raw, "min_price", offers["min_price"] > offers["max_price"], findings, *told)
    _duplicates(offers, raw, _keys(offers, "product", "store"), findings, "Keep one offer per product and store")


def check_future(future: pd.DataFrame, raw: RawTable, findings: Findings) -> None:
    """Future rows: date, product and price in every row, no key twice, no traffic below zero."""
    for name in ("date", "product", "price"):
        _blank(future, raw, name, findings)
    _not_positive(future, raw, "price", findings)
    for name in TRAFFIC:
        _negative(future, raw, name, findings)
    keys = _keys(future, "date", "product", "store")
    _duplicates(future, raw, keys, findings, "Keep one row per product, store and period")


def check_baskets(lines: pd.DataFrame, raw: RawTable, findings: Findings) -> None:
    """Order lines: a basket, a date and units in every row, a price where something was bought."""
    for name in ("basket", "date", "units"):
        _blank(lines, raw, name, findings)
    told = ("blank-price", "the price is blank though units were sold", "Give the price, or remove the row")
    _report(lines, raw, "price", lines["price"].isna() & (lines["units"] != 0), findings, *told)
    told = ("price-negative", "the price is negative", "Give savings on a whole basket no row of their own")
    _report(lines, raw, "price", lines["price"] < 0, findings, *told)


def check_history(rows: pd.DataFrame, raw: RawTable, sales: pd.DataFrame, findings: Findings) -> None:
    """Every row needs sales history: of its product, in its store where it names one."""
    unknown = without_history(rows, sales) & (rows["product"] != "").to_numpy()
    mend = "Remove the row" + (", or choose data.policy.new_products=hold" if raw.table == "offers" else "")
    _report(rows, raw, "product", unknown, findings, "no-history", "there is no sales history for it", mend)


def _keys(frame: pd.DataFrame, *names: str) -> list[str]:
    return [name for name in names if name in frame]


def _report(
    frame: pd.DataFrame, raw: RawTable, column: str, mask: Sequence[bool], findings: Findings, *told: str
) -> None:
    """`told`: code, message, mend."""
    findings.cells(raw, column, frame.index[np.asarray(mask, bool)], *told)


def _blank(frame: pd.DataFrame, raw: RawTable, column: str, findings: Findings) -> None:
    blank = frame[column].isna() | (frame[column] == "")
    _report(frame, raw, column, blank, findings, "blank", "a value is needed here", "Fill it in, or remove the row")


def _not_positive(frame: pd.DataFrame, raw: RawTable, column: str, findings: Findings) -> None:
    if column in frame:
        mend = "Correct it, or leave the row out" + (" (data.policy.exclude)" if raw.table == "sales" else "")
        told = (f"{column.replace('_', '-')}-not-positive", f"{column} must be above 0", mend)
        _report(frame, raw, column, frame[column] <= 0, findings, *told)


def _negative(frame: pd.DataFrame, raw: RawTable, column: str, findings: Findings) -> None:
    if column in frame:
        told = (f"negative-{column.replace('_', '-')}", f"{column} cannot be negative", "Correct it, or leave it blank")
        _report(frame, raw, column, frame[column] < 0, findings, *told)


def _duplicates(frame: pd.DataFrame, raw: RawTable, keys: list[str], findings: Findings, mend: str) -> None:
    """Report rows whose keys stand in an earlier row; rows with a blank key are told elsewhere."""
    complete = np.logical_and.reduce([frame[key].notna() & (frame[key] != "") for key in keys if key != "store"])
    message = f"another row has the same {', '.join(keys)}"
    column = keys[0] if len(keys) == 1 else "product"
    _report(frame, raw, column, frame.duplicated(keys) & complete, findings, "duplicate-key", message, mend)
