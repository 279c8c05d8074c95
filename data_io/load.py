"""The whole way from files or DataFrames to Tables: read, convert, validate, clean, aggregate, join, complete offers.

Each step is a module of its own; this one only leads from one to the next.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from data_io import attributes, columns, validate
from data_io.aggregate import aggregate
from data_io.clean import clean, exclude
from data_io.errors import ConfigError, InputError, JointpriceError
from data_io.findings import Findings
from data_io.frequency import calendar, snap
from data_io.later import load_future, load_offers
from data_io.offers import complete, default_offers, given_offers, history, observed_ranges
from data_io.read import RawTable, Source, read_table
from data_io.schema import Roles, kinds, roles, typed
from data_io.settings import DataSettings
from data_io.types import Tables

__all__ = ["load_future", "load_offers", "load_tables"]

ALL = "all"
"""The one store of sales without a store column."""

SALES_ORDER = (
    "date", "product", "store", "category", "price", "units", "cost", "stock", "competitor_price", "views", "sessions",
)  # fmt: skip


def load_tables(
    settings: DataSettings,
    *,
    sales: Source | None = None,
    products: Source | None = None,
    stores: Source | None = None,
    offers: Source | None = None,
) -> Tables:
    """Read and prepare all tables.

    Args:
        settings: see DataSettings; its paths are used where no argument is given.
        sales, products, stores, offers: paths or DataFrames that go before the settings' paths.

    Raises:
        InputError: everything that is wrong with the tables, at once.
        ConfigError: a setting that does not fit, or no sales at all.
        ResourceError: a table too large to read.
    """
    validate.check_settings(settings)
    given = {"sales": sales, "products": products, "stores": stores, "offers": offers}
    sources = {name: getattr(settings, name) if source is None else source for name, source in given.items()}
    raw = _read({name: source for name, source in sources.items() if source is not None}, settings)
    known = roles(settings, raw["sales"])
    frames, told = _valid_frames(raw, known, settings)

    rows, cleaned = clean(frames["sales"], settings.policy, raw["sales"].file)
    dated = calendar(rows, settings.frequency)
    rows, finer, moved = snap(rows, dated, "declared" if settings.frequency else "inferred")
    rows = aggregate(rows, known.promotions, known.numeric, (*known.categorical, "category"))
    rows = rows.assign(**{name: rows[name].fillna(0.0) for name in known.promotions})

    last = history(rows, known.promotions, dated.frequency, settings.decimals)
    if "offers" in raw:
        offered, priced = given_offers(frames["offers"], raw["offers"], last, known.promotions, dated.frequency)
    else:
        offered, priced = default_offers(last, known.promotions, dated.frequency, settings)

    product_rows, store_rows, joined = _joined(frames, raw, rows, offered)
    rows = rows.assign(category=rows["product"].map(product_rows.set_index("product")["category"]))
    features = [name for name in (*known.numeric, *known.categorical) if name in rows and name not in SALES_ORDER]
    order = [*(name for name in SALES_ORDER if name in rows), *known.promotions, *features]
    numeric, categorical = _features(known, rows, product_rows, store_rows)
    return Tables(
        sales=rows[order],
        offers=complete(offered, observed_ranges(rows), product_rows, store_rows, known.promotions),
        products=product_rows,
        stores=store_rows,
        promotions=known.promotions,
        numeric=numeric,
        categorical=categorical,
        frequency=dated.frequency,
        aggregated=finer,
        inputs={name: table.audit for name, table in raw.items()},
        warnings=(*told, *cleaned, *moved, *priced, *joined),
    )


def _read(sources: Mapping[str, Source], settings: DataSettings) -> dict[str, RawTable]:
    """Read every table before refusing any."""
    if "sales" not in sources:
        raise ConfigError("data.sales is not set: give a CSV or Parquet file with date, product, price, units.")
    raw, problems = {}, []
    for name, source in sources.items():
        try:
            raw[name] = read_table(source, name, settings.columns)
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    return raw


def _valid_frames(
    raw: Mapping[str, RawTable], known: Roles, settings: DataSettings
) -> tuple[dict[str, pd.DataFrame], list[str]]:
    """Typed and checked tables, sales without what is excluded; sentences on what was inferred and left out."""
    findings = Findings()
    columns.check_required(raw, settings.columns, findings)
    columns.check_mapping(raw, settings.columns, findings)
    columns.check_features(raw, known, findings)
    columns.check_clashes(raw, known, findings)
    findings.refuse()

    told = [sentence for table in raw.values() for sentence in columns.unread(table, known)]
    if known.inferred_promotions:
        names = ", ".join(known.promotions)
        told.append(f"{names} read as promotion: none is declared in data.features.promotion.")
    frames = {}
    for name, table in raw.items():
        wanted = columns.readable(table, kinds(table, known, settings), known)
        frames[name] = typed(table, wanted, settings, findings)
    frames["sales"], excluded = _excluded(frames["sales"], raw["sales"], settings, findings)

    validate.check_sales(frames["sales"], raw["sales"], settings, findings)
    for name, key in columns.ATTRIBUTE_KEYS.items():
        if name in raw:
            validate.check_attributes(frames[name], raw[name], key, findings)
    if "offers" in raw:
        validate.check_offers(frames["offers"], raw["offers"], findings)
        if settings.policy.new_products == "refuse":
            validate.check_history(frames["offers"], raw["offers"], frames["sales"], findings)
    findings.refuse()
    return frames, told + excluded


def _excluded(
    sales: pd.DataFrame, raw: RawTable, settings: DataSettings, findings: Findings
) -> tuple[pd.DataFrame, list[str]]:
    """Sales with a store column and without what the policy excludes, faulty or not."""
    if "store" not in sales:
        sales = sales.assign(store=pd.Series(ALL, index=sales.index, dtype="str"))
    try:
        kept, told = exclude(sales, settings.policy, raw.file)
    except JointpriceError:
        findings.refuse()  # a query may fail because of faulty cells: these are told first
        raise
    findings.forget(raw, sales.index.difference(kept.index))
    return kept, told


def _joined(
    frames: Mapping[str, pd.DataFrame], raw: Mapping[str, RawTable], sales: pd.DataFrame, offers: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    """Products (with category) and stores, one row for everything that is sold or offered."""
    told, found = [], {}
    for name, key in columns.ATTRIBUTE_KEYS.items():
        sold = pd.Index(sales[key].unique())
        if name in raw:
            told += attributes.missing_rows(frames[name], key, sold, raw[name].file)
        found[name] = attributes.complete(frames.get(name), key, sold.union(pd.Index(offers[key].unique())))
    products, said = attributes.categorised(found["products"], sales, offers)
    return products, found["stores"], told + said


def _features(
    known: Roles, sales: pd.DataFrame, products: pd.DataFrame, stores: pd.DataFrame
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(numeric, categorical): those declared in the sales, and every attribute of products and stores."""
    frames = [products.drop(columns="product"), stores.drop(columns="store")]
    text = [name for frame in frames for name in attributes.texts(frame)]
    number = [str(name) for frame in frames for name in frame.columns if name not in text]
    numeric = [name for name in known.numeric if name in sales] + number
    categorical = [name for name in known.categorical if name in sales] + text
    return tuple(dict.fromkeys(numeric)), tuple(dict.fromkeys(categorical))
