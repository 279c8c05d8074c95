"""What each table's columns are, and the step from a table as read to a typed one.

Not for judging values: see validate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from data_io import convert
from data_io.errors import ConfigError
from data_io.findings import Findings
from data_io.query import names
from data_io.read import RawTable
from data_io.settings import DataSettings

KEYS = ("product", "store")
TRAFFIC = ("views", "sessions")
SALES_NUMBERS = ("price", "units", "cost", "stock", "competitor_price", *TRAFFIC)
OFFER_NUMBERS = ("current_price", "cost", "stock", "min_price", "max_price", "competitor_price", *TRAFFIC)
FUTURE_NUMBERS = ("price", *TRAFFIC)
USUAL_PROMOTIONS = ("promo", "promotion")
RESERVED = ("date", *KEYS, *SALES_NUMBERS, *OFFER_NUMBERS)
"""Our names with a meaning of their own: attributes and features cannot take them."""
COMPUTED = ("observed_min", "observed_max", "age", "note", "choice_set", "dispersion")
"""Names of what is worked out here: no table can bring them."""


@dataclass(frozen=True)
class Roles:
    """The declared features, in our names; `promotions` falls back to a column called promo or promotion."""

    promotions: tuple[str, ...]
    numeric: tuple[str, ...]
    categorical: tuple[str, ...]
    inferred_promotions: bool = False


def roles(settings: DataSettings, sales: RawTable) -> Roles:
    """The features that the settings declare; ConfigError where a column with its own meaning is declared."""
    ours = {user: our for our, user in settings.columns.items()}
    numeric, categorical, promotions = (
        tuple(dict.fromkeys(ours.get(name, name) for name in declared))
        for declared in (
            settings.features.numeric,
            settings.features.categorical,
            settings.features.promotion,
        )
    )
    for name in (*numeric, *categorical, *promotions):
        if name in ("date", *KEYS, "price", "units") or (name in RESERVED and name not in numeric):
            raise ConfigError(f"data.features: {name} has its own place in the models and cannot be a feature too.")
        if (name in numeric) + (name in categorical) + (name in promotions) > 1:
            raise ConfigError(f"data.features: {name} is declared as two kinds of feature; keep one.")
    if promotions:
        return Roles(promotions, numeric, categorical)
    usual = tuple(n for n in USUAL_PROMOTIONS if n in sales.names and n not in (*numeric, *categorical))
    return Roles(usual, numeric, categorical, inferred_promotions=bool(usual))


def kinds(raw: RawTable, known: Roles, settings: DataSettings) -> dict[str, str]:
    """Column -> ``key``, ``date``, ``number``, ``flag`` (a number, true or false), ``text`` or ``guess``.

    Sales and future rows keep only what has a meaning or is mentioned by data.policy.exclude; other tables keep all.
    """
    own_numbers = {"sales": SALES_NUMBERS, "future": FUTURE_NUMBERS, "offers": OFFER_NUMBERS}.get(raw.table, ())
    kept = "guess" if raw.table in ("products", "stores", "offers") else None
    asked = set()
    if raw.table == "sales":
        asked = set().union(*(names(query, where="data.policy.exclude") for query in settings.policy.exclude))
    found = {}
    for name in raw.names:
        if name in KEYS:
            found[name] = "key"
        elif name == "date" and raw.table in ("sales", "future"):
            found[name] = "date"
        elif name in known.promotions:
            found[name] = "flag"
        elif name in own_numbers or name in known.numeric:
            found[name] = "number"
        elif name == "category" or name in known.categorical:
            found[name] = "text"
        elif kept or name in asked:
            found[name] = "guess"
    return found


def typed(raw: RawTable, wanted: Mapping[str, str], settings: DataSettings, findings: Findings) -> pd.DataFrame:
    """The wanted columns converted, with the index of raw.frame; faulty cells are missing and told to `findings`."""
    frame = pd.DataFrame(index=raw.frame.index)
    for name, kind in wanted.items():
        column, faults = raw.frame[name], []
        if kind == "date":
            frame[name], faults = convert.dates(column, settings.date_format)
        elif kind in ("number", "flag"):
            frame[name], faults = convert.numbers(column, truth=kind == "flag")
        else:
            frame[name] = convert.guess(column) if kind == "guess" else convert.keys(column)
        for fault in faults:
            findings.cells(raw, name, fault.lines, fault.code, fault.message, fault.mend)
    return frame
