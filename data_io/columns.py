"""Checks which columns are there: required, mapped, declared, and those whose names are taken. Not for their values."""

from __future__ import annotations

from collections.abc import Mapping

from data_io.errors import Problem
from data_io.findings import Findings
from data_io.read import RawTable, closest
from data_io.schema import COMPUTED, OFFER_NUMBERS, RESERVED, SALES_NUMBERS, Roles

REQUIRED = {
    "sales": ("date", "product", "price", "units"),
    "future": ("date", "product", "price"),
    "offers": ("product",),
    "products": ("product",),
    "stores": ("store",),
    "baskets": ("basket", "date", "price", "units", "cost"),
}
ATTRIBUTE_KEYS = {"products": "product", "stores": "store"}


def check_required(tables: Mapping[str, RawTable], columns: Mapping[str, str], findings: Findings) -> None:
    """Report required columns that are missing, under the user's name for them."""
    for raw in tables.values():
        for name in REQUIRED[raw.table]:
            if name not in raw.names:
                user = columns.get(name, name)
                hint = closest(user, list(raw.names.values()))
                mend = f"Add it, or map it by data.columns.{name}=YOUR_COLUMN. {hint}"
                findings.add([Problem("column-missing", "the column is missing", mend, raw.file, 1, user)])


def check_mapping(tables: Mapping[str, RawTable], columns: Mapping[str, str], findings: Findings) -> None:
    """Report mapped columns that no table has, but for required ones (told already) and for tables not given."""
    there = [user for raw in tables.values() for user in raw.names.values()]
    told = {name for table, raw in tables.items() for name in REQUIRED[table] if name not in raw.names}
    absent = set() if "offers" in tables else set(OFFER_NUMBERS) - set(SALES_NUMBERS)
    for our, user in columns.items():
        if user not in there and our not in told | absent:
            mend = f"Correct data.columns.{our}. {closest(user, there)}"
            findings.add([Problem("mapped-column-missing", "no table has this column", mend, column=user)])


def check_features(tables: Mapping[str, RawTable], known: Roles, findings: Findings) -> None:
    """Report declared features that are missing: promotions from the sales, others from sales and attributes."""
    for name in (*known.promotions, *known.numeric, *known.categorical):
        places = [
            raw
            for table, raw in tables.items()
            if table == "sales" or (table != "offers" and name not in known.promotions)
        ]
        there = [column for raw in places for column in raw.names]
        if name not in there:
            where = " or ".join(raw.file for raw in places)
            mend = f"Correct data.features. {closest(name, there)}"
            findings.add([Problem("feature-missing", "the declared feature is missing", mend, where, 1, name)])


def check_clashes(tables: Mapping[str, RawTable], known: Roles, findings: Findings) -> None:
    """Report attributes that stand in both products and stores, or are declared and stand in the sales too."""
    declared = {*known.numeric, *known.categorical}
    read = {"sales": [name for name in tables["sales"].names if name in declared]}
    for table in ATTRIBUTE_KEYS.keys() & tables.keys():
        taken = taken_names(tables[table], known)
        read[table] = [name for name in tables[table].names if name not in (*taken, "category")]
    for table, other in (("products", "sales"), ("stores", "sales"), ("stores", "products")):
        for name in read.get(table, ()):
            if name in read.get(other, ()):
                message = f"the attribute stands in {tables[other].file} too"
                mend = "Keep it in one table, or rename one"
                findings.add([Problem("attribute-twice", message, mend, tables[table].file, 1, name)])


def taken_names(raw: RawTable, known: Roles) -> list[str]:
    """Columns that are not read because their names have a meaning of their own elsewhere."""
    if raw.table in ATTRIBUTE_KEYS:
        own = {ATTRIBUTE_KEYS[raw.table]}
        taken = {*RESERVED, *COMPUTED, *known.promotions} | ({"category"} if raw.table == "stores" else set())
    elif raw.table == "offers":
        own, taken = {"product", "store", *OFFER_NUMBERS}, {*RESERVED, *COMPUTED}
    else:
        return []
    return [name for name in raw.names if name in taken - own]


def readable(raw: RawTable, wanted: Mapping[str, str], known: Roles) -> dict[str, str]:
    """The wanted columns (see schema.kinds) but for those whose names are taken."""
    taken = taken_names(raw, known)
    return {name: kind for name, kind in wanted.items() if name not in taken}


def unread(raw: RawTable, known: Roles) -> list[str]:
    """Sentences on the columns whose names are taken."""
    return [
        f"Column {raw.names[name]} of {raw.file} is not read: its name has another meaning."
        for name in taken_names(raw, known)
    ]
