"""Settings of the data, typed; the same names in conf/data and in the Python API. Imports nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class FeatureSettings:
    """Columns (the user's names) that are features. Attributes of products and stores are found by themselves."""

    numeric: list[str] = field(default_factory=list)
    categorical: list[str] = field(default_factory=list)
    promotion: list[str] = field(default_factory=list)


@dataclass
class PolicySettings:
    """What is treated and what refused.

    duplicates: rows with the same date, product and store: ``sum`` (units summed, price unit-weighted), ``last``,
        ``refuse``.
    returns: negative units: ``net`` (summed into their period, which does not fall below 0), ``drop``, ``refuse``.
    new_products: offers without sales history: ``hold`` (keep their price), ``refuse``.
    absurd_cost: costs <= 0 or outside a quarter to four times the product's median cost: ``repair`` (the product's
        last sane cost in that store, else its median), ``keep``, ``refuse``.
    missing_periods: a series' periods without a row between its first and last: ``unknown``, ``zero`` (no sales), or
        ``auto`` (zero where orders were aggregated, else unknown).
    exclude: queries; sales rows that match any are left out, e.g. ``store == 'Total_US'``.
    """

    duplicates: str = "sum"
    returns: str = "net"
    new_products: str = "hold"
    absurd_cost: str = "repair"
    missing_periods: str = "auto"
    exclude: list[str] = field(default_factory=list)


@dataclass
class DataSettings:
    """Where the tables are and how to read them.

    source: ``table`` (files or DataFrames) or ``synthetic`` (a market whose truth is known).
    market, variant, market_seed: the synthetic market (data_io.markets), its variant (null = the first) and its seed.
    folder: a base folder that paths may refer to as ${data.folder}; of a market on real paths, where its data lie.
    sales, products, stores, offers, future, baskets: paths of CSV or Parquet files.
    columns: our name -> the user's name, e.g. {units: units_sold}.
    frequency: ``day``, ``week``, ``month`` or null (inferred).
    date_format: strptime format for ambiguous dates.
    offers_max_age: default offers are the series sold in this many last periods.
    max_choice_set: larger choice sets are priced product by product, without cross effects.
    """

    source: str = "synthetic"
    market: str = "loglog"
    variant: str | None = None
    market_seed: int = 0
    folder: str | None = None
    sales: str | None = None
    products: str | None = None
    stores: str | None = None
    offers: str | None = None
    future: str | None = None
    baskets: str | None = None
    columns: dict[str, str] = field(default_factory=dict)
    features: FeatureSettings = field(default_factory=FeatureSettings)
    frequency: str | None = None
    date_format: str | None = None
    currency: str = "USD"
    decimals: int = 2
    tax_rate: float = 0.0
    fee_rate: float = 0.0
    offers_max_age: int = 8
    max_choice_set: int = 500
    policy: PolicySettings = field(default_factory=PolicySettings)
