"""From plain dicts (YAML, Hydra, Python) to rules: the one table of rule types. Not for what rules mean.

To add a rule: a file beside this one with its class, and its line in RULES (and its exact twin in the checker).
"""

from __future__ import annotations

import difflib
import types
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields
from numbers import Integral, Real
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from data_io.errors import ConfigError
from data_io.yaml_text import load_yaml
from search.rules.all_or_nothing import AllOrNothing
from search.rules.base import JointRule, Rule
from search.rules.bounds import Bounds
from search.rules.competitor import Competitor
from search.rules.ending import Ending
from search.rules.inventory import Inventory
from search.rules.ladder import Ladder
from search.rules.max_change import MaxChange
from search.rules.max_changes import MaxChanges
from search.rules.min_total import MinTotal
from search.rules.minimum_price import MinimumPrice
from search.rules.no_touch import NoTouch
from search.rules.observed_range import ObservedRange
from search.rules.order import Order
from search.rules.portfolio_margin import PortfolioMargin
from search.rules.price_index import PriceIndex
from search.rules.same_price import SamePrice
from search.rules.unit_margin import UnitMargin

RULES: dict[str, type[Rule]] = {
    rule.type: rule
    for rule in (
        Bounds,
        MaxChange,
        ObservedRange,
        Ladder,
        Ending,
        UnitMargin,
        PortfolioMargin,
        PriceIndex,
        Inventory,
        SamePrice,
        MaxChanges,
        AllOrNothing,
        Order,
        NoTouch,
        Competitor,
        MinimumPrice,
        MinTotal,
    )
}
WORDS = {"start": "from"}  # fields whose YAML word is a Python keyword


def build_rules(specifications: Iterable[Mapping[str, Any]]) -> tuple[Rule, ...]:
    """Rules in their order, with names: the type, and `_2`, `_3` … appended to its repetitions.

    Raises:
        ConfigError: any of them is unknown, misspelt or of the wrong type; all at once.
    """
    rules, faults, seen = [], [], Counter()
    for number, specification in enumerate(specifications, start=1):
        try:
            kind = _kind(specification)
            seen[kind.type] += 1
            name = kind.type if seen[kind.type] == 1 else f"{kind.type}_{seen[kind.type]}"
            rules.append(kind(name=name, **_arguments(kind, specification)))
        except ValueError as fault:
            label = specification.get("type") if isinstance(specification, Mapping) else None
            faults.append(f"rule {number}{f' ({label})' if label else ''}: {fault}.")
    if faults:
        raise ConfigError("\n".join(faults))
    return tuple(rules)


def load_rules_file(path: str | Path) -> list[dict]:
    """The plain dicts of a rule file, for build_rules and the checker.

    Raises:
        ConfigError: unreadable, unsafe or not a list of rules (see data_io.yaml_text).
    """
    content = load_yaml(path)
    if not isinstance(content, list):
        raise ConfigError(f"{path}: a rule file is a list, one rule a line: - {{type: max_change, percent: 15}}.")
    return content


def _kind(specification: Mapping[str, Any]) -> type[Rule]:
    if not isinstance(specification, Mapping) or not isinstance(specification.get("type"), str):
        raise ValueError(f"a rule looks like {{type: max_change, percent: 15}}, not {specification!r}")
    name = specification["type"]
    if name in RULES:
        return RULES[name]
    raise ValueError(f"no rule is called {name!r}{_closest(name, RULES)}. There are {', '.join(RULES)}")


def _arguments(kind: type[Rule], specification: Mapping[str, Any]) -> dict[str, Any]:
    """The specification's values by field name, converted and checked; ValueError says what is wrong."""
    given = {key: value for key, value in specification.items() if key != "type"}
    given |= _softness(kind, given)
    given.pop("soft", None)
    hints = get_type_hints(kind)
    takes = {WORDS.get(field.name, field.name): field for field in fields(kind) if field.name != "name"}
    arguments = {}
    for key, value in given.items():
        if key not in takes:
            raise ValueError(f"does not take {key!r}{_closest(key, takes)}. It takes {', '.join(takes)}")
        arguments[takes[key].name] = _convert(key, value, hints[takes[key].name])
    absent = [key for key, field in takes.items() if field.default is MISSING and field.name not in arguments]
    if absent:
        raise ValueError(f"needs {', '.join(absent)}")
    return arguments


def _softness(kind: type[Rule], given: Mapping[str, Any]) -> dict[str, Any]:
    """hard, and the priority of a soft rule that says neither that nor a price."""
    for key in ("soft", "hard"):
        if not isinstance(given.get(key, True), bool):
            raise ValueError(f"{key} is true or false, not {given[key]!r}")
    soft = given.get("soft", not given.get("hard", True))
    if "hard" in given and soft == given["hard"]:
        raise ValueError("is either hard or soft")
    weights = [key for key in ("priority", "price_per_unit") if given.get(key) is not None]
    if not soft:
        if weights:
            raise ValueError(f"{weights[0]} is for soft rules; add soft: true")
        return {"hard": True}
    if not issubclass(kind, JointRule) or (kind is Inventory and not _breakable(given)):
        able = ", ".join(name for name, rule in RULES.items() if issubclass(rule, JointRule))
        raise ValueError(f"cannot be a soft rule; these can: {able} (inventory with mode: forbid or a service_level)")
    if len(weights) == 2:
        raise ValueError("takes priority or price_per_unit, not both")
    if weights and isinstance(given[weights[0]], Real) and not given[weights[0]] > 0:
        raise ValueError(f"{weights[0]} must be positive")
    return {"hard": False} | ({} if weights else {"priority": 1})


def _breakable(inventory: Mapping[str, Any]) -> bool:
    return inventory.get("mode", "cap_sales") != "cap_sales" or inventory.get("service_level") is not None


def _convert(key: str, value: Any, hint: Any) -> Any:
    if isinstance(hint, types.UnionType):
        return None if value is None else _convert(key, value, get_args(hint)[0])
    if get_origin(hint) is tuple:
        items = value if isinstance(value, (list, tuple)) else [value]
        return tuple(_convert(key, item, get_args(hint)[0]) for item in items)
    accepted, wanted = {
        bool: (bool, "true or false"),
        str: (str, "text"),
        int: (Integral, "a whole number"),
        float: (Real, "a number"),
    }[hint]
    if not isinstance(value, accepted) or (isinstance(value, bool) and hint is not bool):
        raise ValueError(f"{key} is {wanted}, not {value!r}")
    if hint is float and not abs(value) < float("inf"):
        raise ValueError(f"{key} is a finite number, not {value!r}")
    return hint(value)


def _closest(word: Any, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(str(word), list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
