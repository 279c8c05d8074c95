"""Rules between offers once more, on decimals of the written numbers, as in exact_rules. Not for the search."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np

from search.exact_rules import Breach, group_breach, groups_of, number

if TYPE_CHECKING:
    from search.checker import Facts


def max_changes(rule: Mapping, name: str, facts: Facts, rows: np.ndarray) -> Iterator[Breach]:
    share, count = number(rule, "share"), number(rule, "count")
    for label, group in groups_of(rule.get("by"), facts, rows):
        changed, where = int(facts.changed[group].sum()), f" of {label}" if label else ""
        by_share = None if share is None else share * len(group)
        most = min(limit for limit in (by_share, count) if limit is not None)
        if Decimal(changed) > most:
            text = f"{changed} of {len(group)} prices{where} change, more than {most}"
            yield group_breach(name, facts, group, float(changed - most), text)


CHECKS = {check.__name__: check for check in (max_changes,)}
