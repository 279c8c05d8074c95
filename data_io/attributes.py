"""Attributes of products and stores, and the category of every product. Not for features that vary over time."""

from __future__ import annotations

import pandas as pd
from pandas.api import types

from data_io.clean import counted

UNKNOWN = "unknown"
"""Category of products without one where others have one."""
ALL = "all"
"""Category of every product where no table has categories."""


def complete(frame: pd.DataFrame | None, key: str, known: pd.Index) -> pd.DataFrame:
    """One row per known key and per row of the table, sorted by key; blank text or NaN where nothing is known."""
    if frame is None:
        return pd.DataFrame({key: pd.Series(known.sort_values(), dtype="str")})
    rows = frame.set_index(key)
    rows = rows.reindex(rows.index.union(known).sort_values().rename(key)).reset_index()
    return rows.assign(**{name: rows[name].fillna("") for name in texts(rows)})


def texts(frame: pd.DataFrame) -> list[str]:
    """Names of the columns that hold text."""
    return [str(name) for name in frame.columns if not types.is_numeric_dtype(frame[name].dtype)]


def categorised(products: pd.DataFrame, *others: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Give `products` (from `complete`) a category in every row; a sentence on those without one.

    A product's category is its own, else its last one in the first of the other tables that has one. Where no table
    has categories, all products share `ALL`; a product without one gets `UNKNOWN`.
    """
    sources = [frame for frame in (products, *others) if "category" in frame]
    if not sources:
        return products.assign(category=pd.Series(ALL, index=products.index, dtype="str")), []
    found = pd.Series("", index=products.index, dtype="str")
    for frame in sources:
        named = frame.loc[frame["category"] != "", ["product", "category"]].drop_duplicates("product", keep="last")
        found = found.mask(found == "", products["product"].map(named.set_index("product")["category"]).fillna(""))
    bare = products["product"][found == ""]
    told = [f"{counted(len(bare), 'product')} without a category put into {UNKNOWN!r}: {first_few(bare)}."]
    return products.assign(category=found.mask(found == "", UNKNOWN)), told if len(bare) else []


def missing_rows(frame: pd.DataFrame, key: str, known: pd.Index, file: str) -> list[str]:
    """A sentence on keys of the sales that the attribute table lacks."""
    lacking = known[~known.isin(frame[key])]
    if not len(lacking):
        return []
    return [f"{counted(len(lacking), key)} of the sales not in {file}: {first_few(lacking)}."]


def first_few(names: pd.Series | pd.Index, shown: int = 3) -> str:
    """``a, b, c and 7 more``."""
    rest = f" and {len(names) - shown:,} more" if len(names) > shown else ""
    return ", ".join(str(name) for name in names[:shown]) + rest
