"""The tables and arrays that travel between the packages. Not for logic: only shapes and meanings.

Axes: S series (one product in one store), T periods, Q promotion columns, F numeric features.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Tables:
    """Validated and cleaned input, in canonical column names.

    Attributes:
        sales: one row per store, product and period, sorted so; columns ``date`` (first day of the period),
            ``product``, ``store``, ``category`` (str), ``price`` (float64, > 0), ``units`` (float64, >= 0) and,
            where the input has them, ``cost``, ``stock``, ``competitor_price``, ``views``, ``sessions`` (float64, NaN
            unknown), the promotion columns (float64, 0 = none) and the declared features.
        offers: one row per product and store to price, sorted by store, product. Always complete: ``product,
            store, category, current_price, cost`` (NaN unknown), ``stock`` (inf = unlimited), ``min_price``
            (0 = none), ``max_price`` (inf = none), ``competitor_price`` (NaN unknown), the promotion columns,
            ``observed_min, observed_max`` (range of the product's observed prices, NaN without history), ``age``
            (periods since the last sale, NaN without history), ``note`` (str, how the row came about) and every
            attribute of products and stores, for rules' scopes.
        products, stores: attributes by key ``product`` and ``store`` (at least the key column).
        promotions: names of the promotion columns.
        numeric, categorical: names of the declared (or inferred) feature columns, in sales or joined attributes.
        frequency: ``day``, ``week`` or ``month``.
        aggregated: the sales came in finer rows (orders) and were aggregated to the frequency.
        inputs: per table ``{"rows": int, "sha256": str}`` for the audit.
        warnings: what was treated, in sentences for people.
    """

    sales: pd.DataFrame
    offers: pd.DataFrame
    products: pd.DataFrame
    stores: pd.DataFrame
    promotions: tuple[str, ...]
    numeric: tuple[str, ...]
    categorical: tuple[str, ...]
    frequency: str
    aggregated: bool = False
    inputs: dict[str, dict] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class SalesPanel:
    """Sales as dense arrays, series × periods, sorted by choice set, so that a set's series are neighbours.

    Attributes:
        series: [S] rows; columns ``product, store, category, choice_set`` (int, 0-based; -1 = priced on its own
            because its set is larger than the limit), all attributes of products and stores and, where the sales
            have traffic, ``usual_traffic`` (its mean, 0 = never known).
        periods: [T] first days, without gaps.
        frequency: ``day``, ``week`` or ``month``.
        units: [S, T] float32, 0 where not observed.
        price: [S, T] float64, > 0 everywhere: filled forward, then backward, where not observed.
        cost: [S, T] float64, NaN where unknown.
        observed: [S, T] bool, True where the row counts for training and metrics.
        censored: [S, T] bool, observed rows that sold all their stock: demand was at least `units`.
        traffic: [S, T] float32, log of traffic over the usual one, 0 where unknown: units = traffic × conversion.
        competitor: [S, T] float64, the competitor's price, NaN where unknown.
        promotions: [S, T, Q] float32, 0 where not observed.
        numeric: [S, T, F] float32, numeric features that vary over time, NaN where unknown.
        promotion_names, numeric_names, categorical_names, attribute_names: names of Q, of F, of categorical
            columns in ``series`` and of numeric columns in ``series``.
        warnings: what was treated while arranging, in sentences for people.
    """

    series: pd.DataFrame
    periods: pd.DatetimeIndex
    frequency: str
    units: np.ndarray
    price: np.ndarray
    cost: np.ndarray
    observed: np.ndarray
    censored: np.ndarray
    traffic: np.ndarray
    competitor: np.ndarray
    promotions: np.ndarray
    numeric: np.ndarray
    promotion_names: tuple[str, ...]
    numeric_names: tuple[str, ...]
    categorical_names: tuple[str, ...]
    attribute_names: tuple[str, ...]
    warnings: tuple[str, ...] = ()
