"""Whole runs through the command line, in this process and as small as they get, and the tables that they read."""

import contextlib
import io
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pytest

SALES = """\
date,product,store,price,units,cost,stock,promo
2024-05-06,case-red,web,19.99,41,9.50,300,0
2024-05-06,case-blue,web,19.99,37,9.50,280,0
2024-05-06,strap,web,7.49,88,2.10,900,0
2024-05-13,case-red,web,17.99,55,9.50,259,1
2024-05-13,case-blue,web,19.99,30,9.50,243,0
2024-05-13,strap,web,7.49,92,2.10,812,0
2024-05-20,case-red,web,19.99,40,9.55,204,0
2024-05-20,case-blue,web,18.99,44,9.55,213,0
2024-05-20,strap,web,6.99,109,2.10,720,1
2024-05-27,case-red,web,19.99,43,9.55,164,0
2024-05-27,case-blue,web,19.99,35,9.55,169,0
2024-05-27,strap,web,7.49,85,2.10,611,0
"""
PRODUCTS = """\
product,category,brand,family,size_ml
case-red,cases,hull,case,400
case-blue,cases,hull,case,400
strap,accessories,loop,strap,60
"""
OFFERS = """\
product,store,current_price,cost,stock,min_price,max_price,promo
case-red,web,19.99,9.55,121,15.99,24.99,0
case-blue,web,19.99,9.55,134,15.99,24.99,0
strap,web,7.49,2.10,526,5.49,8.99,0
"""


class Ended(NamedTuple):
    """A command line that ended: its exit code, what it told, and the folder it was started in."""

    code: int
    out: str
    err: str
    place: Path

    @property
    def directory(self) -> Path:
        """The only run directory."""
        (found,) = {path.parent.parent for path in self.place.glob("outputs/*/*/.hydra/config.yaml")}
        return found

    def json(self, name: str) -> dict:
        return json.loads((self.directory / name).read_text("utf-8"))

    def prices(self) -> pd.DataFrame:
        """prices.csv as anyone would read it: texts, and numbers where a column holds numbers."""
        text = pd.read_csv(self.directory / "prices.csv", dtype=str, keep_default_na=False)
        numeric = {}
        for name in text:
            with contextlib.suppress(ValueError):
                numeric[name] = pd.to_numeric(text[name].mask(text[name] == ""))
        return text.assign(**numeric)


Command = Callable[..., Ended]


@pytest.fixture(scope="session")
def jointprice(tmp_path_factory: pytest.TempPathFactory) -> Command:
    """``jointprice("task=train", …)`` runs the command line in a new empty folder, or in `place`."""
    from jointprice.app import main

    def run(*arguments: str, place: Path | None = None) -> Ended:
        place = place or tmp_path_factory.mktemp("place")
        out, err = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch, contextlib.chdir(place):
            patch.setattr(sys, "argv", ["jointprice"])
            patch.setitem(os.environ, "HYDRA_FULL_ERROR", "")  # main sets it: put back what was there
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                code = main(arguments)
        return Ended(code, out.getvalue(), err.getvalue(), place)

    return run


@pytest.fixture(scope="session")
def default_run(jointprice: Command) -> Ended:
    """The whole job on the embedded market."""
    ended = jointprice("experiment=quick")
    assert ended.code == 0, ended.err
    return ended


@pytest.fixture(scope="session")
def model(default_run: Ended) -> str:
    """The override that names the model of the embedded market."""
    return f"model={default_run.directory / 'model'}"


@pytest.fixture(scope="session")
def market() -> dict[str, pd.DataFrame]:
    """The embedded market's tables by name, as a user would have them in DataFrames."""
    from data_io.markets.catalogue import make_market

    made = make_market("loglog", "exogenous", 0)
    return {"sales": made.sales, "products": made.products, "offers": made.offers}


@pytest.fixture(scope="session")
def write(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., list[str]]:
    """``write(sales=…, offers=…)`` writes tables (DataFrames or texts) to CSV and returns the overrides naming them."""

    def put(**tables: pd.DataFrame | str) -> list[str]:
        folder = tmp_path_factory.mktemp("tables")
        for name, table in tables.items():
            text = table if isinstance(table, str) else table.to_csv(index=False)
            (folder / f"{name}.csv").write_text(text, "utf-8")
        return [f"data.{name}={folder / name}.csv" for name in tables]

    return put


@pytest.fixture(scope="session")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """``rules("- {type: bounds}")`` writes a rule file and returns the override that names it."""

    def put(text: str) -> str:
        path = tmp_path_factory.mktemp("rules") / "rules.yaml"
        path.write_text(text, "utf-8")
        return f"rules.file={path}"

    return put


@pytest.fixture(scope="session")
def tables() -> dict[str, str]:
    """CSV texts by name of an input too small to learn from: three products, four weeks."""
    return {"sales": SALES, "products": PRODUCTS, "offers": OFFERS}


@pytest.fixture(scope="session")
def tiny(tables: dict[str, str], write: Callable[..., list[str]]) -> list[str]:
    """Overrides that name those tables."""
    return ["data=table", *write(**tables)]


@pytest.fixture(scope="session")
def broken_rules() -> Callable[..., list]:
    """``broken_rules(ended, *overrides)``: what the checker finds in prices.csv, read back from the disk.

    The offers are read again too. Breaches of held offers, which nothing can mend, and of soft rules are left out.
    """
    import jointprice
    from data_io.load import load_offers
    from ensemble import checkpoint
    from jointprice.compose import compose
    from jointprice.prepare import prepare

    def find(ended: Ended, *overrides: str) -> list:
        config = compose(overrides)
        if config.model is None:
            offers = prepare(config.data).tables.offers
        else:
            offers, _, _ = load_offers(config.data, checkpoint.load(config.model).history)
        found = jointprice.check(ended.prices(), offers, overrides=overrides)
        return [breach for breach in found if not breach.held and not breach.soft]

    return find
