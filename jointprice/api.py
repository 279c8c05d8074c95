"""The Python API: what the command does, with DataFrames in and out, under the same names.

Settings are given as on the command line: ``overrides=["search=gradient", "ensemble.members=4"]``.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from data_io.markets.types import Market
from ensemble.types import Ensemble
from jointprice.compose import compose
from jointprice.prepare import prepare
from jointprice.pricing import business_rules, price_offers
from jointprice.registry import TASKS, resolve
from jointprice.session import ready_compiler
from jointprice.steps import learnt
from search.checker import Breach
from search.checker import check as check_exactly
from search.rules.catalogue import build_rules

Table = pd.DataFrame | str | Path


@dataclass(frozen=True)
class Run:
    """A finished run: prices (prices.csv) or None, summary, metrics or None, and its directory."""

    prices: pd.DataFrame | None
    summary: dict[str, Any]
    metrics: dict[str, Any] | None
    directory: Path


@dataclass(frozen=True)
class Fitted:
    """A trained ensemble, its metrics, the offers that the data asks to price, and the market if its truth is known."""

    ensemble: Ensemble
    metrics: dict[str, Any]
    offers: pd.DataFrame
    market: Market | None


def run(
    sales: Table | None = None,
    products: Table | None = None,
    stores: Table | None = None,
    offers: Table | None = None,
    *,
    overrides: Sequence[str] = (),
    output: str | Path | None = None,
) -> Run:
    """Do what the command does with the same overrides; tables go before the configured paths.

    Args:
        output: the run directory; a new temporary one where it is not given.

    Raises:
        data_io.errors.JointpriceError: what the command would refuse; `exit_code` says how.
    """
    config = compose(_quiet(overrides, sales))
    directory = Path(output or tempfile.mkdtemp(prefix="jointprice-"))
    directory.mkdir(parents=True, exist_ok=True)
    given = {"sales": sales, "products": products, "stores": stores, "offers": offers}
    given = {name: table for name, table in given.items() if table is not None}
    summary = resolve(TASKS[config.task])(config, directory, given)
    prices, metrics = directory / "prices.parquet", directory / "metrics.json"
    return Run(
        prices=pd.read_parquet(prices) if prices.exists() else None,
        summary=summary,
        metrics=json.loads(metrics.read_text()) if metrics.exists() else None,
        directory=directory,
    )


def fit(
    sales: Table | None = None,
    products: Table | None = None,
    stores: Table | None = None,
    offers: Table | None = None,
    *,
    overrides: Sequence[str] = (),
) -> Fitted:
    """Read the tables and train; nothing is written."""
    ready_compiler()
    config = compose(_quiet(overrides, sales))
    given = {"sales": sales, "products": products, "stores": stores, "offers": offers}
    prepared = prepare(config.data, given)
    trained = learnt(config, prepared)
    return Fitted(trained.ensemble, trained.metrics, prepared.tables.offers, prepared.market)


def optimise(ensemble: Ensemble, offers: pd.DataFrame, *, overrides: Sequence[str] = ()) -> pd.DataFrame:
    """Checked prices of `offers` (as Fitted.offers has them), with the columns of prices.csv; nothing is written."""
    ready_compiler()
    return price_offers(compose(overrides), ensemble, offers).answer


def check(
    answer: pd.DataFrame, offers: pd.DataFrame, *, overrides: Sequence[str] = (), rules: Sequence[dict] | None = None
) -> list[Breach]:
    """Every rule that prices break, in exact arithmetic.

    Args:
        answer: columns of prices.csv. offers: the same rows with the columns that rules use.
        rules: plain words as in rule files; None = those of the configuration.
    """
    config = compose(overrides)
    rules = business_rules(config) if rules is None else list(rules)
    build_rules(rules)  # refuses malformed rules with the reason
    return check_exactly(
        answer,
        offers,
        rules,
        decimals=config.data.decimals,
        tax_rate=config.data.tax_rate,
        fee_rate=config.data.fee_rate,
        scope=config.search.scope,
    )


def _quiet(overrides: Sequence[str], sales: Table | None) -> list[str]:
    """Notebook calls say nothing on stderr, and tables given are not a synthetic market."""
    return ["quiet=true", *(["data=table"] if sales is not None else []), *overrides]
