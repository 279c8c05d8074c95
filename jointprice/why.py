"""Why a price is what it is, in words and numbers, from a finished run's own files. Not for computing anything new."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from data_io.errors import ConfigError
from jointprice.registry import did_you_mean
from jointprice.report.formats import Formats, figure, share, unknown

KEYS = ["product", "store"]
MOST_STORES = 12  # that are explained one by one


@dataclass(frozen=True)
class Run:
    """What a run left: its prices, the chain of prices under its rules row by row (None where it was not measured), the
    rules' texts by name, and how figures are written."""

    prices: pd.DataFrame
    chain: pd.DataFrame | None
    rules: dict[str, str]
    formats: Formats


def read_run(folder: str | Path, decimals: int) -> Run:
    """A finished run's files. Raises ConfigError where it set no prices or was cut short."""
    place = Path(folder)
    wanted = [name for name in ("manifest.json", "summary.json", "prices.parquet") if not (place / name).is_file()]
    if wanted:
        raise ConfigError(
            f"run={folder} has no {wanted[0]}: it is not the directory of a finished run that set prices "
            "(task=run, optimise or stock). Give the folder that its last line named."
        )
    summary = json.loads((place / "summary.json").read_text("utf-8"))
    chain = place / "price_chain.csv"
    prices = pd.read_parquet(place / "prices.parquet")
    return Run(
        prices,
        pd.read_csv(chain) if chain.is_file() else None,
        {rule["name"]: rule["text"] for rule in summary["rules"]},
        Formats(str(prices["currency"].iloc[0]), decimals, summary["objective"]["name"]),
    )


def explain_offers(run: Run, product: str | None, store: str | None) -> list[dict[str, Any]]:
    """One entry per offer of the product (all its stores, the largest gains first, at most MOST_STORES): its
    product, store and `words`.

    Raises:
        ConfigError: no product is given, or the run has none of this name in this store.
    """
    if product is None:
        raise ConfigError("task=explain needs product=NAME, a product of the run (and store=NAME for one store alone).")
    found = _chosen(run.prices, "product", product)
    found = found if store is None else _chosen(found, "store", store)
    gain = _gains(found, run.formats.objective).abs().fillna(0)
    return explain_rows(run, gain.sort_values(ascending=False, kind="stable").index[:MOST_STORES])


def _gains(rows: pd.DataFrame, objective: str) -> pd.Series:
    """What the objective of each offer gains; revenue with tax, for its order is asked alone."""
    if objective == "profit":
        return rows["profit"] - rows["profit_current"]
    if objective == "units":
        return rows["units"] - rows["units_current"]
    return rows["price"] * rows["units"] - rows["current_price"] * rows["units_current"]


def explain_rows(run: Run, numbers: Sequence[int]) -> list[dict[str, Any]]:
    """The same of the rows of run.prices with these numbers."""
    rows = run.prices.loc[list(numbers)].to_dict("index")
    return [
        {**{name: row[name] for name in KEYS}, "words": list(_words(run, number, row))} for number, row in rows.items()
    ]


def _chosen(table: pd.DataFrame, column: str, name: str) -> pd.DataFrame:
    rows = table[table[column] == str(name)]
    if rows.empty:
        there = sorted(table[column].unique())
        listed = f" There are: {', '.join(there[:10])}{', …' if len(there) > 10 else ''}."
        raise ConfigError(f"{column}={name} is not in this run.{did_you_mean(name, there) or listed}")
    return rows


def _words(run: Run, number: int, row: dict[str, Any]) -> Iterator[str]:
    forms, now, new = run.formats, row["current_price"], row["price"]
    place = f"{row['product']} ({row['store']})"
    if row["status"] == "held":
        yield f"{place} keeps its price of {forms.price(now)}: {row['note'] or row['reason']}."
        return
    if new == now:
        yield f"{place} stays at {forms.price(now)}."
    else:
        yield f"{place} goes from {forms.price(now)} to {forms.price(new)} ({share(new / now - 1, sign=True)})."
    yield from _demand(row)
    yield from _money(forms, row)
    yield from _certainty(row)
    if not unknown(row["flat_low"]) and row["flat_low"] < row["flat_high"]:
        yield (
            f"Any price from {forms.price(row['flat_low'])} to {forms.price(row['flat_high'])} is within .5 % of the "
            "best, other prices as proposed."
        )
    yield from _rules(run, number, row)
    if row["extrapolated"]:
        yield "The new price lies beyond the prices that this product has had: the response there is extrapolated."
    if row["note"]:
        yield f"Note: {row['note']}."


def _demand(row: dict[str, Any]) -> Iterator[str]:
    if unknown(row["units"]):
        return
    yield (
        f"A period sells {figure(row['units'])} units instead of {figure(row['units_current'])} (in 8 of 10 periods "
        f"{figure(row['units_p10'])} to {figure(row['units_p90'])}), all proposed prices together; a price 1 % higher, "
        f"the others unchanged, changes its units by {figure(row['elasticity'])} %."
    )


def _money(forms: Formats, row: dict[str, Any]) -> Iterator[str]:
    if unknown(row["profit"]) or unknown(row["profit_current"]):
        return
    gain = row["profit"] - row["profit_current"]
    yield (
        f"Its own profit changes by {forms.money(gain, sign=True)} to {forms.money(row['profit'])} a period, at a "
        f"margin of {share(row['margin'])} over a cost of {forms.price(row['cost'])}."
    )
    if gain < 0 and row["price"] != row["current_price"]:
        yield "It earns less by itself: the change pays through what other products sell, or a rule asks for it."


def _certainty(row: dict[str, Any]) -> Iterator[str]:
    words = {"full": "it may move freely", "small": "only small moves are made", "hold": "it is held"}
    said = (
        f"Its price response is {row['power']}, exogeneity {row['exogeneity']}: {words.get(row['tier'], row['tier'])}"
    )
    reasons = "; ".join(part for part in (row["reason"], row["exogeneity_reason"]) if part)
    yield f"{said} ({reasons})." if reasons else f"{said}."


def _rules(run: Run, number: int, row: dict[str, Any]) -> Iterator[str]:
    forms = run.formats
    if run.chain is not None:
        way = run.chain.loc[number]
        steps, last = [f"{forms.price(way['without_rules'])} without rules"], way["without_rules"]
        for name in run.rules:
            price = way[f"after_{name}"]
            if price != last:
                steps.append(f"{forms.price(price)} under {run.rules[name]}")
            last = price
        if len(steps) > 1:
            yield f"The best price is {', '.join(steps)}."
        elif run.rules:
            yield f"No rule moves it: the best price is {steps[0]} too."
    binding = [run.rules.get(name, name) for name in str(row["binding_rules"]).split(";") if name]
    if binding:
        yield f"At its edge: {'; '.join(binding)}."
