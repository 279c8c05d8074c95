"""Bad input and configuration through the command line: the exit code, one readable message, and no prices.

A margin that no price meets and a model of another schema are refused in test_saved_models.
"""

import pytest


def edited(text: str, line: int, old: str, new: str) -> str:
    """The table with one text in one line (header = 1) replaced."""
    lines = text.splitlines()
    assert old in lines[line - 1]
    lines[line - 1] = lines[line - 1].replace(old, new, 1)
    return "\n".join(lines) + "\n"


def edit(*arguments):
    return lambda text: edited(text, *arguments)


CASES = {
    "a missing column": ("sales", edit(1, "units", "pieces"), (), ["sales.csv, line 1, column units", "missing"]),
    "a text among prices": ("sales", edit(3, "19.99", "cheap"), (), ["line 3, column price", "got 'cheap'"]),
    "negative units under refuse": (
        *("sales", edit(4, "88", "-88"), ["data.policy.returns=refuse"]),
        ["line 4, column units", "got '-88'", "data.policy.returns=net"],
    ),
    "a duplicate key under refuse": (
        *("sales", edit(3, "case-blue", "case-red"), ["data.policy.duplicates=refuse"]),
        ["line 3", "another row has the same date, product, store", "data.policy.duplicates=sum"],
    ),
    "a NaN among prices": ("sales", edit(3, "19.99", "NaN"), (), ["line 3, column price", "case-blue"]),
    "an infinite price": ("sales", edit(3, "19.99", "inf"), (), ["line 3, column price", "got 'inf'"]),
    "bounds the wrong way round": (
        *("offers", edit(2, "15.99", "29.99"), ()),
        ["offers.csv, line 2, column min_price", "min_price is above max_price", "case-red"],
    ),
    "a front of a measure against itself": (
        *("sales", lambda text: text, ["search=nsga2", "search.against=profit"]),
        ["search.against=profit cannot stand beside objective=profit", "There are units, revenue, margin, changes"],
    ),
    "an empty file": ("sales", lambda text: "", (), ["sales.csv", "empty"]),
    "a header without rows": ("sales", lambda text: text.splitlines()[0] + "\n", (), ["sales.csv", "no rows"]),
    "an unreadable date": ("sales", edit(5, "2024-05-13", "in May"), (), ["line 5, column date", "got 'in May'"]),
    "a short row": ("sales", edit(5, ",1", ""), (), ["sales.csv, line 5"]),
    "a misspelt key": ("sales", str, ["data.polcy.returns=net"], ["data.polcy", "Did you mean 'data.policy"]),
    "a wrong type": ("sales", str, ["training.epochs=many"], ["training.epochs must be a whole number, not 'many'"]),
    "a missing file": ("sales", str, ["data.sales=nowhere.csv"], ["nowhere.csv"]),
    "an unknown promotion": (
        *("sales", str, ["data.features.promotion=[deals]"]),
        ["column deals", "the declared feature is missing"],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_bad_input_ends_with_2_one_readable_message_and_no_prices(jointprice, tables, write, name):
    table, change, overrides, words = CASES[name]
    given = tables | {table: change(tables[table])}
    ended = jointprice("data=table", *write(**given), *overrides)
    assert ended.code == 2
    assert ended.out == ""
    assert ended.err.count("jointprice: ") == 1
    assert "Traceback" not in ended.err
    for word in words:
        assert word in ended.err
    assert not list(ended.place.rglob("prices.*"))


def test_all_problems_are_told_at_once(jointprice, tables, write):
    sales = edited(edited(tables["sales"], 3, "19.99", "cheap"), 5, "2024-05-13", "in May")
    offers = edited(tables["offers"], 2, "15.99", "29.99")
    ended = jointprice("data=table", *write(**tables | {"sales": sales, "offers": offers}))
    assert ended.code == 2
    assert "3 problems in the input" in ended.err
    for word in ("got 'cheap'", "got 'in May'", "min_price is above max_price"):
        assert word in ended.err


def test_the_same_tables_unbroken_are_read(jointprice, tables, write):
    ended = jointprice("task=validate", "data=table", *write(**tables))
    assert ended.code == 0, ended.err
    assert "12 rows: 3 series × 4 weeks" in ended.out
