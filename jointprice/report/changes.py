"""Which offers change and what it brings, and which are held and why, as rows of the report. Not for formatting.

Axis: S offers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import pandas as pd

from search.objective import net_price
from search.types import Objective, PricingProblem

MOST_PAGED = 20_000  # with scripts, page by page
MOST_TEXTS = 3  # distinct stores, notes, … that one cell names
MOST_NAMED = 20  # held offers that one reason names
HELD_VIOLATES = "held_violates: "
MEASURED = re.compile(r"\d+(?:[.,]\d+)*%?(?![^(]*\))")  # figures outside brackets: in brackets stand the thresholds


class Change(NamedTuple):
    """One product at one old and one new price, in one store or in all that change alike; None = unknown.

    change is a share; gain is the change of the objective; margin is of the net price at the new price; cover: in how
    many periods the stock is sold; index: the new price over the competitor's; from flat_low
    to flat_high the price is in the flat range of every one of the stores.
    """

    product: str
    store: str
    current_price: float
    price: float
    flat_low: float
    flat_high: float
    change: float
    units_current: float | None
    units: float | None
    gain: float | None
    margin: float | None
    cover: float | None
    index: float | None
    tier: str
    power: str
    rules: str
    note: str


class Changes(NamedTuple):
    """rows by the size of their gain, how many more rows there are, and the number of priced offers unchanged."""

    rows: list[Change]
    more: int
    unchanged: int


class Held(NamedTuple):
    """Offers held for one reason: how many, the first of them by name, and the rules that their prices break."""

    reason: str
    count: int
    names: str
    violates: str


def gains(objective: Objective, answer: pd.DataFrame) -> np.ndarray:
    """[S] change of the objective per offer, NaN where it is unknown."""
    if objective.name == "profit":
        change = answer["profit"] - answer["profit_current"]
    elif objective.name == "revenue":
        change = answer["revenue"] - answer["current_price"] / (1 + objective.tax_rate) * answer["units_current"]
    else:
        change = answer["units"] - answer["units_current"]
    return change.to_numpy(np.float64)


def price_changes(problem: PricingProblem, answer: pd.DataFrame) -> Changes:
    """The offers whose price changes; one row for all stores in which a product changes alike."""
    objective = problem.objective
    priced = answer[answer["status"] == "priced"]
    moved = (priced["price"] != priced["current_price"]).to_numpy()
    rows = priced[moved]
    net = net_price(rows["price"], objective.tax_rate, objective.fee_rate) * rows["units"]
    rows = rows.assign(gain=gains(objective, rows), net=net)
    groups = rows.groupby(["product", "current_price", "price"], sort=False)
    totals = groups[["units_current", "units", "gain", "profit", "net"]].sum(min_count=1)
    largest = totals["gain"].abs().sort_values(ascending=False, kind="stable", na_position="last").index
    shown = [_change(key, groups.get_group(key), totals.loc[key]) for key in largest[:MOST_PAGED]]
    return Changes(shown, max(len(largest) - MOST_PAGED, 0), int((~moved).sum()))


def held_offers(problem: PricingProblem, answer: pd.DataFrame) -> list[Held]:
    """Held offers by reason, the commonest first. Reasons that differ only in what was measured are one."""
    held = (answer["status"] == "held").to_numpy()
    notes = list(zip(answer["note"][held], problem.offers["note"].fillna("")[held], strict=True))
    reasons = [_reason(note, source) for note, source in notes]
    rows = answer[held].assign(
        reason=reasons,
        kind=[MEASURED.sub("…", reason) for reason in reasons],
        violates=[note.partition(HELD_VIOLATES)[2] for note, _ in notes],
    )
    found = []
    for kind, group in rows.groupby("kind", sort=False):
        reason = kind if group["reason"].nunique() > 1 else group["reason"].iloc[0]
        violates = {*", ".join(group["violates"]).split(", ")} - {""}
        found.append(Held(reason, len(group), _names(group), ", ".join(sorted(violates))))
    return sorted(found, key=lambda one: -one.count)


def largest_products(problem: PricingProblem, answer: pd.DataFrame, count: int) -> list[str]:
    """Products by the size of their change of the objective over all stores; those without any are left out."""
    change = pd.Series(gains(problem.objective, answer)).groupby(answer["product"].to_numpy(), sort=False).sum().abs()
    return change[change > 0].sort_values(ascending=False, kind="stable").index[:count].tolist()


def _change(key: tuple, rows: pd.DataFrame, total: pd.Series) -> Change:
    product, current, price = key
    notes = list(rows["note"])
    if rows["extrapolated"].any():
        notes.insert(0, "beyond the prices observed")
    return Change(
        product=product,
        store=distinct(rows["store"], ", "),
        current_price=current,
        price=price,
        flat_low=rows["flat_low"].max(),
        flat_high=rows["flat_high"].min(),
        change=price / current - 1,
        units_current=total["units_current"],
        units=total["units"],
        gain=total["gain"],
        margin=total["profit"] / total["net"] if total["net"] > 0 else None,
        cover=rows["stock"].sum() / total["units"] if total["units"] > 0 and rows["stock"].notna().all() else None,
        index=float((rows["price"] / rows["competitor_price"]).mean()),
        tier=distinct(rows["tier"], ", "),
        power=distinct(rows["power"], ", "),
        rules=distinct([name for names in rows["binding_rules"] for name in names.split(";")], ", "),
        note=distinct(notes, "; "),
    )


def distinct(texts: Iterable[str], separator: str) -> str:
    """Each text once, the first MOST_TEXTS of them, and how many more there are."""
    found = [text for text in dict.fromkeys(texts) if text]
    more = len(found) - MOST_TEXTS
    return separator.join([*found[:MOST_TEXTS], *([f"and {more} more"] if more > 0 else [])])


def _reason(note: str, source: str) -> str:
    """The part of a held offer's note that says why: before how the row came about and which rules it breaks."""
    text = note.partition(HELD_VIOLATES)[0].removesuffix("; ")
    return text.removesuffix(source).removesuffix("; ").removeprefix("held: ")


def _names(rows: pd.DataFrame) -> str:
    named = [f"{product} ({store})" for product, store in zip(rows["product"], rows["store"], strict=True)]
    more = len(named) - MOST_NAMED
    return ", ".join(named[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
