"""Reads what comes after the sales were learnt from: offers to price and future periods to forecast.

Both are completed from a History, so that a saved model needs no sales. Not for the sales themselves: see load.
"""

from __future__ import annotations

import pandas as pd

from data_io import attributes, columns, validate
from data_io.errors import ConfigError
from data_io.findings import Findings
from data_io.frequency import Calendar
from data_io.history import History
from data_io.offers import SERIES, complete, default_offers, expand_stores, given_offers
from data_io.read import RawTable, Source, read_table
from data_io.schema import TRAFFIC, Roles, kinds, typed
from data_io.settings import DataSettings


def load_offers(
    settings: DataSettings, history: History, *, offers: Source | None = None
) -> tuple[pd.DataFrame, dict[str, dict], tuple[str, ...]]:
    """Offers as in Tables.offers, the audit of their input, and what was treated, in sentences.

    Args:
        settings: see DataSettings; `settings.offers` is used where no argument is given, and the default offers where
            neither is.
        history: what is last known of every series.
        offers: path or DataFrame.

    Raises:
        InputError: everything that is wrong with the table, at once.
    """
    validate.check_settings(settings)
    source = settings.offers if offers is None else offers
    if source is None:
        offered, told = default_offers(history.known, history.promotions, history.frequency, settings)
        return _complete(offered, history), {}, tuple(told)
    raw, findings = read_table(source, "offers", settings.columns), Findings()
    rows, unread = _typed(raw, history, settings, findings)
    validate.check_offers(rows, raw, findings)
    if settings.policy.new_products == "refuse":
        validate.check_history(rows, raw, history.known, findings)
    findings.refuse()
    offered, told = given_offers(rows, raw, history.known, history.promotions, history.frequency)
    return _complete(offered, history), {"offers": raw.audit}, (*unread, *told)


def load_future(settings: DataSettings, history: History, *, future: Source | None = None) -> pd.DataFrame:
    """Known prices and promotions of future periods.

    Args:
        settings: see DataSettings; `settings.future` is used where no argument is given.
        history: the sales that the future continues: their series, promotions, features and calendar.
        future: path or DataFrame with ``date, product, price``, perhaps ``store`` (blank or absent: every store where
            the product has history), promotion columns (blank or absent: none), traffic (blank or absent: the
            recent mean) and numeric features.

    Returns:
        Columns ``date`` (first day of the period), ``product, store, price``, every promotion column, and the
        numeric features and traffic given, sorted by store, product, date; one row per key.

    Raises:
        InputError: everything that is wrong with the table, also series without sales history.
        ConfigError: there is no such table.
    """
    source = settings.future if future is None else future
    if source is None:
        raise ConfigError("data.future is not set: give a table with date, product, price of the periods to forecast.")
    raw, findings = read_table(source, "future", settings.columns), Findings()
    rows, _ = _typed(raw, history, settings, findings)
    calendar = Calendar(history.frequency, history.weekday, nearest=not history.aggregated)
    rows["date"] = calendar.first_days(rows["date"])
    validate.check_future(rows, raw, findings)
    validate.check_history(rows, raw, history.known, findings)
    findings.refuse()
    rows = expand_stores(rows, history.known)
    for name in history.promotions:
        rows[name] = rows[name].fillna(0.0) if name in rows else 0.0
    given = [name for name in dict.fromkeys((*history.numeric, *TRAFFIC)) if name in rows]
    order = ["date", "product", "store", "price", *history.promotions, *given]
    return rows[order].sort_values([*SERIES, "date"], ignore_index=True)


def _typed(
    raw: RawTable, history: History, settings: DataSettings, findings: Findings
) -> tuple[pd.DataFrame, list[str]]:
    """The table's columns typed, and sentences on those that are not read; missing columns are refused at once."""
    columns.check_required({raw.table: raw}, settings.columns, findings)
    findings.refuse()
    known = Roles(history.promotions, history.numeric, history.categorical)
    wanted = columns.readable(raw, kinds(raw, known, settings), known)
    return typed(raw, wanted, settings, findings), columns.unread(raw, known)


def _complete(offers: pd.DataFrame, history: History) -> pd.DataFrame:
    products = history.products
    if (products["category"] == attributes.ALL).all():  # no table had categories: offers may, for new products
        products = products.drop(columns="category")
    products = attributes.complete(products, "product", pd.Index(offers["product"].unique()))
    products, _ = attributes.categorised(products, offers)
    stores = attributes.complete(history.stores, "store", pd.Index(offers["store"].unique()))
    return complete(offers, history.ranges, products, stores, history.promotions)
