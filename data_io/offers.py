"""Completes the offers: what to price next, every column filled. Not for judging the offers as given: see validate."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from data_io.clean import counted
from data_io.findings import Findings
from data_io.frequency import elapsed
from data_io.read import RawTable
from data_io.settings import DataSettings
from data_io.tabular import fault

SERIES = ["store", "product"]


def history(sales: pd.DataFrame, promotions: Sequence[str], frequency: str, decimals: int) -> pd.DataFrame:
    """What is last known of every series.

    Args:
        sales: as in Tables.

    Returns:
        [S] rows, sorted by store, product: ``store, product, current_price`` (last regular price: of the last period
        without promotion, else the last price; rounded to `decimals`), ``priced`` (its date), ``cost, stock,
        competitor_price`` (last known, NaN where never known) and ``age`` (periods since the last sale; NaN where
        nothing ever sold).
    """
    groups = sales.groupby(SERIES, sort=True)
    last = groups.agg(price=("price", "last"), date=("date", "last"))
    regular = sales[(sales[list(promotions)] == 0).all(axis=1)].groupby(SERIES)[["price", "date"]].last()
    price = regular["price"].reindex(last.index).fillna(last["price"])
    last["current_price"] = price.round(decimals).clip(lower=10.0**-decimals)
    last["priced"] = regular["date"].reindex(last.index).fillna(last["date"])
    for name in ("cost", "stock", "competitor_price"):
        last[name] = groups[name].last() if name in sales else np.nan
    sold = sales[sales["units"] > 0].groupby(SERIES)["date"].last().reindex(last.index)
    last["age"] = elapsed(sold, sales["date"].max(), frequency)
    return last.reset_index().drop(columns=["price", "date"])


def default_offers(
    known: pd.DataFrame, promotions: Sequence[str], frequency: str, settings: DataSettings
) -> tuple[pd.DataFrame, list[str]]:
    """Every series sold in the last `offers_max_age` periods at its last regular price, without promotion."""
    offers = known[known["age"] < settings.offers_max_age].reset_index(drop=True)
    if offers.empty:
        message = f"no series sold in the last {settings.offers_max_age} {frequency}s"
        raise fault("nothing-to-price", "sales", message, "Give data.offers, or raise data.offers_max_age")
    notes = [
        f"default offer: regular price of {date:%Y-%m-%d}, last sold {_ago(age, frequency)}"
        for date, age in zip(offers["priced"], offers["age"], strict=True)
    ]
    offers = offers.assign(
        note=pd.Series(notes, dtype="str"),
        stock=offers["stock"].fillna(np.inf),
        min_price=0.0,
        max_price=np.inf,
        **dict.fromkeys(promotions, 0.0),
    )
    left = len(known) - len(offers)
    told = [
        f"No offers given: the {counted(len(offers), 'series')} sold in the last {settings.offers_max_age} "
        f"{frequency}s {'is' if len(offers) == 1 else 'are'} priced, from the last regular price "
        f"(rounded to {settings.decimals} decimals)" + (f"; {left:,} others are not." if left else ".")
    ]
    return offers, told


def given_offers(
    offers: pd.DataFrame,
    raw: RawTable,
    known: pd.DataFrame,
    promotions: Sequence[str],
    frequency: str,
) -> tuple[pd.DataFrame, list[str]]:
    """Complete an offers table from what is last known; InputError for offers with neither price nor history."""
    blanks = {"min_price": 0.0, "max_price": np.inf, "stock": np.inf, **dict.fromkeys(promotions, 0.0)}
    if "current_price" not in offers:
        offers = offers.assign(current_price=np.nan)
    priceless = offers.index[offers["current_price"].isna() & without_history(offers, known)]
    message = "the offer has neither current_price nor sales history"
    findings = Findings()
    findings.cells(raw, "product", priceless, "no-current-price", message, "Give its current_price, or remove it")
    findings.refuse()
    for name in ("cost", "competitor_price", *blanks):
        offers[name] = offers[name].fillna(blanks.get(name, np.nan)) if name in offers else blanks.get(name, np.nan)
    offers = expand_stores(offers, known)
    last = offers[SERIES].merge(known, on=SERIES, how="left")
    filled = {name: offers[name].isna() & last[name].notna() for name in ("current_price", "cost")}
    notes = [
        _note(*row, frequency)
        for row in zip(filled["current_price"], filled["cost"], last["priced"], last["age"], strict=True)
    ]
    for name in ("current_price", "cost", "competitor_price"):
        offers[name] = offers[name].fillna(last[name])
    offers["cost"] = offers["cost"].fillna(offers["product"].map(known.groupby("product")["cost"].median()))
    new = int(last["priced"].isna().sum())
    told = [f"{counted(new, 'offer')} without sales history (in that store)."] if new else []
    return offers.assign(age=last["age"], note=pd.Series(notes, dtype="str")), told


def expand_stores(rows: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """Rows without a store apply to every store where the product has history, else to every store there is.

    Args:
        rows: column ``product``, perhaps ``store`` (blank = every store), perhaps ``date``.
        known: the series there are: columns ``store, product``.

    Returns:
        Rows with a store each; a row that names its store goes before one that does not.
    """
    if "store" not in rows:
        rows = rows.assign(store=pd.Series("", index=rows.index, dtype="str"))
    named, bare = rows[rows["store"] != ""], rows[rows["store"] == ""].drop(columns="store")
    new = pd.Index(bare["product"].unique()).difference(known["product"])
    everywhere = pd.MultiIndex.from_product([known["store"].unique(), new], names=SERIES).to_frame(index=False)
    spread = bare.merge(pd.concat([known[SERIES], everywhere]), on="product", how="left")
    keys = [*SERIES, *(["date"] if "date" in rows else [])]
    return pd.concat([named, spread[rows.columns]]).drop_duplicates(keys).reset_index(drop=True)


def without_history(rows: pd.DataFrame, known: pd.DataFrame) -> np.ndarray:
    """[N] bool: the product, in the store where the row names one, is not among the `known` rows."""
    new = ~rows["product"].isin(known["product"].unique())
    if "store" in rows:
        pairs = pd.MultiIndex.from_frame(known[SERIES].drop_duplicates())
        new |= (rows["store"] != "") & ~pd.MultiIndex.from_frame(rows[SERIES]).isin(pairs)
    return new.to_numpy()


def observed_ranges(sales: pd.DataFrame) -> pd.DataFrame:
    """Per product ``product, observed_min, observed_max``: the range of its prices over all stores."""
    return sales.groupby("product")["price"].agg(observed_min="min", observed_max="max").reset_index()


def complete(
    offers: pd.DataFrame,
    ranges: pd.DataFrame,
    products: pd.DataFrame,
    stores: pd.DataFrame,
    promotions: Sequence[str],
) -> pd.DataFrame:
    """Join `observed_ranges` and attributes, order the columns as Tables.offers documents, sort by store, product.

    An offer's own value of an attribute goes before the one of the products or stores table.
    """
    offers = offers.drop(columns="category", errors="ignore").merge(ranges, on="product", how="left")
    for frame, key in ((products, "product"), (stores, "store")):
        joined = offers[[key]].merge(frame, on=key, how="left")
        for name in frame.columns.drop(key):
            theirs = joined[name].set_axis(offers.index)
            if name in offers and offers[name].dtype == theirs.dtype:
                theirs = offers[name].where((offers[name] != "") & offers[name].notna(), theirs)
            offers[name] = theirs
    first = [
        *("product", "store", "category", "current_price", "cost", "stock", "min_price", "max_price"),
        *("competitor_price", *promotions, "observed_min", "observed_max", "age", "note"),
    ]
    rest = [str(name) for name in offers.columns if name not in first and name != "priced"]
    return offers[first + rest].sort_values(SERIES, kind="stable", ignore_index=True)


def _ago(age: float, frequency: str) -> str:
    return f"in the last {frequency}" if age == 0 else f"{counted(int(age), frequency)} before the last"


def _note(price_filled: bool, cost_filled: bool, priced: pd.Timestamp, age: float, frequency: str) -> str:
    if pd.isna(priced):
        return "no sales history"
    parts = []
    if price_filled:
        parts.append(f"current price: regular price of {priced:%Y-%m-%d}")
    if cost_filled:
        parts.append("cost: last known")
    if np.isnan(age):
        parts.append("never sold")
    elif age > 0:
        parts.append(f"last sold {_ago(age, frequency)}")
    return "; ".join(parts)
