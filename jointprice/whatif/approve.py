"""Approved prices and their audit trail, written into the run directory. Not for judging plans: see desk."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd

from data_io.errors import ConfigError
from data_io.write import RunDirectory
from jointprice.answer import answer_table
from jointprice.promise import gains
from jointprice.whatif.desk import Desk, told
from jointprice.whatif.plan import Approval


def approve(desk: Desk, approval: Approval) -> dict[str, Any]:
    """Write approved/prices.csv and add to approved/audit.jsonl.

    Raises:
        ConfigError: a price is another than the recommended one and no reason is given, or hard rules are broken and
            that is not accepted.
    """
    plan, recommended = approval.plan, desk.pricing.solution.prices
    prices, problem = desk.prices(plan), desk.situation(plan)
    reasons = {reason.decision: reason.words for reason in approval.reasons}
    moved = [number for number, rows in enumerate(desk.rows) if (prices[rows] != recommended[rows]).any()]
    silent = [desk.name(number) for number in moved if number not in reasons]
    if silent:
        raise ConfigError(f"Say why another price than the recommended one: {', '.join(silent[:5])}.")
    nothing = np.full(len(prices), "", object)
    table = answer_table(desk.ensemble, problem, prices, nothing, desk.config.data.currency)
    table["note"] = desk.pricing.answer["note"]
    for number in moved:
        _note(table, desk.rows[number], f"override by {approval.person}: {reasons[number]}")
    hard = [breach for breach in desk.breaches(problem, table) if not breach.soft]
    if hard and not approval.accept_breaches:
        raise ConfigError(f"These prices break hard rules: {'; '.join(breach.text for breach in hard[:3])}.")
    overrides = [
        {
            "product": desk.name(number),
            "recommended": float(recommended[desk.rows[number][0]]),
            "price": float(prices[desk.rows[number][0]]),
            "reason": reasons[number],
        }
        for number in moved
    ]
    entry = {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "person": approval.person,
        "overrides": overrides,
        "changes": [change.model_dump(exclude_defaults=True) for change in plan.changes],
        "breaches": [told(breach) for breach in hard],
        "gain": float(gains(problem, prices).mean()),
    }
    directory = RunDirectory(desk.output / "approved")
    trail = directory.folder / "audit.jsonl"
    kept = trail.read_text("utf-8") if trail.exists() else ""
    before = [json.loads(line) for line in kept.split("\n") if line]  # a name may hold what splitlines takes for an end
    directory.write_csv("prices.csv", table)
    directory.write_jsonl("audit.jsonl", [*before, entry])
    directory.finish()
    return {"folder": str(directory.folder), "prices": len(table), "overrides": len(moved), "breaches": len(hard)}


def _note(table: pd.DataFrame, rows: np.ndarray, words: str) -> None:
    """Add words to the notes of these rows."""
    table.loc[rows, "note"] = [f"{note}; {words}" if note else words for note in table.loc[rows, "note"]]
