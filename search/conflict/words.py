"""Conflicts in words and as plain data for summary.json. Not for finding them.

What a way out breaks, by how much and where, is the exact checker's word, not the programme's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from search.checker import Breach, check
from search.conflict.changes import change
from search.conflict.find import Conflict, Diagnosis, Way
from search.conflict.situation import Situation
from search.rules.base import Rule

SHOWN = 5  # offers, and breaches of one rule, that a message spells out


def as_data(diagnosis: Diagnosis, situation: Situation, specifications: Sequence[Mapping[str, Any]]) -> list[dict]:
    """One dict per conflict: rules (name, text), minimal, places, offers (the first), ways (each rule alone) and
    cheapest (the same in all: what all conflicts need together), every way with its rules, how they give way and what
    it breaks.

    Args:
        specifications: the rules as plain dicts, as the checker reads them, in the order of situation.rules.
    """
    cheapest = None if diagnosis.cheapest is None else _way(diagnosis.cheapest, situation, specifications)
    return [
        {
            "rules": [{"name": name, "text": _named(situation, name).text()} for name in conflict.rules],
            "minimal": conflict.minimal,
            "places": len(conflict.places),
            "offers": _offers(conflict, situation),
            "ways": [_way(way, situation, specifications) for way in conflict.ways],
            "cheapest": cheapest,
        }
        for conflict in diagnosis.conflicts
    ]


def message(conflicts: Sequence[dict], undecided: int) -> str:
    """The same for people."""
    lines = ["The rules cannot hold together, so nothing was priced."]
    for number, conflict in enumerate(conflicts, start=1):
        where = f"in {conflict['places']} places, e.g. " if conflict["places"] > 1 else ""
        offers = ", ".join(f"{one['product']} ({one['store']})" for one in conflict["offers"])
        sure = "" if conflict["minimal"] else " (time ran out: perhaps not all of them are needed)"
        lines.append(f"Conflict {number}, {where}{offers}{sure}:")
        lines += [f"  {rule['name']}: {rule['text']}" for rule in conflict["rules"]]
        for way in conflict["ways"]:
            lines.append(f"  enough alone: {_give_way(way)}")
    cheapest = conflicts[0]["cheapest"]
    if cheapest is not None:
        lines.append(f"The cheapest way out of {'all of it' if len(conflicts) > 1 else 'it'}: {_give_way(cheapest)}.")
        lines += [f"  {text}" for rule in cheapest["rules"] for text in rule["breaks"]]
    if undecided:
        lines.append(f"{undecided} further groups of offers were not examined for want of time.")
    return "\n".join(lines)


def _give_way(way: Mapping[str, Any]) -> str:
    return " and ".join(f"{rule['name']} {rule['change']}" for rule in way["rules"])


def _way(way: Way, situation: Situation, specifications: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    answer, offers = _answer(way, situation)
    money = situation.money
    rates = {"decimals": money.decimals, "tax_rate": money.tax_rate, "fee_rate": money.fee_rate}
    found = [one for one in check(answer, offers, list(specifications), scope="store_product", **rates) if not one.held]
    written = offers, answer["price"].to_numpy(np.float64), (answer["status"] == "priced").to_numpy(), money
    return {
        "cost": math.fsum(way.slack.values()),
        "rules": [
            {
                "name": name,
                "slack": slack,
                "change": change(_named(situation, name), slack, *written),
                "breaks": _texts([one for one in found if one.rule == name]),
            }
            for name, slack in way.slack.items()
        ],
    }


def _answer(way: Way, situation: Situation) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The way's prices and all held ones as the checker reads them, and their offers."""
    rows = np.sort([*way.prices, *np.flatnonzero(~situation.priced)]).astype(np.int64)
    offers, priced = situation.offers.iloc[rows].reset_index(drop=True), situation.priced[rows]
    chosen = situation.money.price(np.array([way.prices.get(int(row), 0) for row in rows]))
    units = np.ones(len(rows)) if situation.units is None else situation.units[rows]
    answer = offers[["product", "store"]].assign(
        price=np.where(priced, chosen, offers["current_price"]),
        units=units,
        units_current=units,
        status=np.where(priced, "priced", "held"),
    )
    return answer, offers


def _texts(breaches: Sequence[Breach]) -> list[str]:
    texts = [f"{one.product} ({one.store}): {one.text}" if one.product else one.text for one in breaches[:SHOWN]]
    return texts + [f"… and {len(breaches) - SHOWN} more like it"] * (len(breaches) > SHOWN)


def _offers(conflict: Conflict, situation: Situation) -> list[dict[str, str]]:
    rows = [row for place in conflict.places for row in place][:SHOWN]
    return situation.offers[["product", "store"]].iloc[rows].astype(str).to_dict("records")


def _named(situation: Situation, name: str) -> Rule:
    return next(rule for rule in situation.judged if rule.name == name)
