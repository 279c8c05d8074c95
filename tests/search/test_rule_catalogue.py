"""From plain dicts and files to rules: names, conversions and refusals."""

from __future__ import annotations

import pytest

from data_io.errors import ConfigError
from data_io.yaml_text import MAX_BYTES, load_yaml
from search.rules.catalogue import RULES, build_rules, load_rules_file


def test_rules_of_one_type_get_numbered_names():
    rules = build_rules([{"type": "bounds"}, {"type": "unit_margin", "min": 0}, {"type": "unit_margin", "min": 0.1}])
    assert [rule.name for rule in rules] == ["bounds", "unit_margin", "unit_margin_2"]


def test_words_of_rule_files_reach_their_fields():
    ladder, ending, index = build_rules(
        [
            {"type": "ladder", "step": 1, "from": 0.99, "scope": "category == 'a'", "hard": True},
            {"type": "ending", "cents": 9},
            {"type": "price_index", "min": 0.97, "by": "category"},
        ]
    )
    assert (ladder.step, ladder.start, ladder.scope) == (1.0, 0.99, "category == 'a'")
    assert ending.cents == (9,)
    assert (index.by, index.max) == (("category",), None)


def test_a_soft_rule_has_a_priority_or_a_price():
    index = {"type": "price_index", "max": 1.0}
    first, second, third, hard = build_rules(
        [
            index | soft
            for soft in ({"soft": True}, {"hard": False, "priority": 3}, {"soft": True, "price_per_unit": 9}, {})
        ]
    )
    assert (first.hard, first.priority, first.price_per_unit) == (False, 1, None)
    assert (second.hard, second.priority) == (False, 3)
    assert (third.hard, third.priority, third.price_per_unit) == (False, None, 9.0)
    assert (hard.hard, hard.priority) == (True, None)


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"type": "max_chang", "percent": 5}, "did you mean 'max_change'"),
        ({"type": "all_or_nothing", "families": "size"}, "does not take 'families'. It takes scope"),
        ({"type": "max_changes", "by": "store"}, "needs share"),
        ({"type": "max_changes", "share": 25}, "share is from 0 to 1"),
        ({"type": "order"}, "needs by"),
        ({"type": "order", "by": "size", "direction": "up"}, "direction is not_increasing or not_decreasing"),
        ({"type": "order", "by": "size", "per": "litre"}, "per is unit or nothing"),
        ({"type": "order", "lower": "size > 1"}, "needs lower and upper together"),
        ({"type": "order", "by": "size", "gap_percent": 100}, "gap_percent is from 0 to below 100"),
        ({"type": "max_change", "percents": 5}, "does not take 'percents'; did you mean 'percent'"),
        ({"type": "max_change", "percent": "5"}, "percent is a number, not '5'"),
        ({"type": "max_change", "percent": True}, "percent is a number, not True"),
        ({"type": "max_change", "percent": float("nan")}, "percent is a finite number"),
        ({"type": "max_change", "percent": -1}, "must not be negative"),
        ({"type": "max_change"}, "needs percent or amount"),
        ({"type": "ending", "cents": [9.5]}, "cents is a whole number, not 9.5"),
        ({"type": "ending", "cents": []}, "at least one ending"),
        ({"type": "ending", "cents": [100]}, "from 0 to 99"),
        ({"type": "ladder"}, "needs step"),
        ({"type": "ladder", "step": 0}, "step must be positive"),
        ({"type": "unit_margin"}, "needs min"),
        ({"type": "unit_margin", "min": 25}, "must be below 1"),
        ({"type": "portfolio_margin", "min": 25}, "must be below 1"),
        ({"type": "price_index", "by": "category"}, "needs min, max or both"),
        ({"type": "price_index", "min": 1.1, "max": 0.9}, "min must not exceed max"),
        ({"type": "inventory", "mode": "cap"}, "mode is cap_sales or forbid, not 'cap'"),
        ({"type": "same_price"}, "needs by"),
        ({"type": "competitor"}, "needs above_percent, below_percent, above or below"),
        ({"type": "competitor", "above": 1, "above_percent": 1}, "takes above or above_percent, not both"),
        ({"type": "minimum_price"}, "needs column"),
        ({"type": "min_total", "of": "profit", "min": 1}, "of is units or revenue, not 'profit'"),
        ({"type": "min_total", "of": "units"}, "needs min"),
        ({"type": "bounds", "soft": True, "priority": 2}, "cannot be a soft rule; these can: portfolio_margin"),
        ({"type": "ending", "cents": 9, "hard": False}, "cannot be a soft rule"),
        ({"type": "inventory", "soft": True}, "inventory with mode: forbid or a service_level"),
        ({"type": "order", "by": "size", "priority": 2}, "priority is for soft rules"),
        ({"type": "order", "by": "size", "soft": True, "priority": 0}, "priority must be positive"),
        ({"type": "order", "by": "size", "soft": True, "hard": True}, "either hard or soft"),
        ({"type": "order", "by": "size", "soft": "yes"}, "soft is true or false"),
        ({"type": "order", "by": "size", "soft": True, "priority": 1, "price_per_unit": 9}, "not both"),
        ("bounds", "a rule looks like"),
        ({"percent": 5}, "a rule looks like"),
    ],
)
def test_a_rule_that_cannot_be_is_refused_with_its_number_and_reason(rule, message):
    with pytest.raises(ConfigError) as caught:
        build_rules([{"type": "bounds"}, rule])
    assert "rule 2" in str(caught.value)
    assert message in str(caught.value)


def test_all_faulty_rules_are_named_at_once():
    with pytest.raises(ConfigError) as caught:
        build_rules([{"type": "x"}, {"type": "bounds"}, {"type": "unit_margin"}])
    assert "rule 1 (x)" in str(caught.value)
    assert "rule 3 (unit_margin)" in str(caught.value)


def test_every_rule_says_in_words_what_it_asks():
    least = {
        "max_change": {"percent": 5},
        "ladder": {"step": 1},
        "ending": {"cents": [9]},
        "unit_margin": {"min": 0.1},
        "portfolio_margin": {"min": 0.1},
        "price_index": {"max": 1.05},
        "same_price": {"by": "brand"},
        "max_changes": {"share": 0.25},
        "order": {"by": "size"},
        "competitor": {"above_percent": 5},
        "min_total": {"of": "units", "min": 5, "share": 0.9},
        "minimum_price": {"column": "floor"},
    }
    for kind in RULES:
        (rule,) = build_rules([{"type": kind, "scope": "brand == 'x'", **least.get(kind, {})}])
        assert rule.text().endswith("where brand == 'x'")


def test_a_rule_file_is_read_as_plain_dicts(tmp_path):
    path = tmp_path / "rules.yaml"
    path.write_text("- {type: max_change, percent: 15}\n- {type: ending, cents: [9, 5]}\n", "utf-8")
    assert load_rules_file(path) == [{"type": "max_change", "percent": 15}, {"type": "ending", "cents": [9, 5]}]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"- &a [x, x]\n- [*a, *a]\n", r"line 2: YAML aliases \(\*a\) are refused"),
        (b"[" * 50 + b"]" * 50, "nested deeper"),
        (b"a: [1, 2\nb: 3\n", "line 2: not valid YAML"),
        (b"- !!python/object/apply:os.system [ls]\n", "not valid YAML"),
        (b"\xff\xfe\xfa", "not UTF-8"),
        (b"#" * (MAX_BYTES + 1), "larger than"),
        (b"day: 2024-99-99\n", "not valid YAML"),
    ],
)
def test_unsafe_or_broken_yaml_is_refused_with_its_place(tmp_path, content, message):
    path = tmp_path / "rules.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=message):
        load_yaml(path)


def test_a_missing_file_and_a_file_without_a_list_are_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"none\.yaml: cannot be read"):
        load_rules_file(tmp_path / "none.yaml")
    (tmp_path / "one.yaml").write_text("type: bounds\n", "utf-8")
    with pytest.raises(ConfigError, match="a rule file is a list"):
        load_rules_file(tmp_path / "one.yaml")
