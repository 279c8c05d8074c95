"""Spend X, save Y in whole runs: a deal that pays is found, one that does not is not, and faults are told."""

import json

import pandas as pd
import pytest

from data_io.markets import baskets
from data_io.markets.types import week_dates
from jointprice.compose import compose


@pytest.fixture(scope="module")
def ended(jointprice):
    run = jointprice("experiment=spend_save")
    assert run.code == 0, run.err
    return run


def test_the_experiment_declares_the_past_deals_of_the_embedded_shop():
    past = compose(["experiment=spend_save"]).spend_save.past
    dates = week_dates(baskets.WEEKS)
    assert [vars(one) for one in past] == [
        {"first": f"{dates[first]:%Y-%m-%d}", "last": f"{dates[last] + pd.Timedelta(days=6):%Y-%m-%d}"}
        | {"spend": spend, "save": save}
        for first, last, spend, save in baskets.PAST
    ]


def test_the_chosen_deal_pays_and_every_table_tells_the_same(ended):
    table, summary = pd.read_csv(ended.directory / "spend_save.csv"), ended.json("summary.json")
    told, truth = summary["spend_save"], summary["spend_save_truth"]
    (chosen,) = table[table["chosen"]].to_dict("records")
    assert (chosen["spend"], chosen["save"]) == (told["spend"], told["save"])
    assert chosen["gain"] == pytest.approx(told["gain"], rel=1e-6)
    assert chosen["tried"] == "near"
    assert chosen["gain"] > 0
    assert 0 < chosen["break_even"] < 1
    assert chosen["gain"] + chosen["given_away"] == pytest.approx(
        chosen["baskets"] * chosen["added"] * told["margin"], rel=0.02
    )
    assert truth["captured"] > 0.8
    assert told["promised"]["p10"] < told["promised"]["mean"] < told["promised"]["p90"]
    report = (ended.directory / "report.html").read_text("utf-8")
    assert f"spend {told['spend']:,.2f}, save {told['save']:,.2f}" in report
    assert report.count("<td>yes</td>") == 1
    assert f"spend {told['spend']:,.2f}, save {told['save']:,.2f}" in ended.out


def test_where_no_deal_pays_none_is_chosen(jointprice):
    run = jointprice("experiment=spend_save", "spend_save.spends=[50]", "spend_save.saves=[0.2]")
    assert run.code == 0, run.err
    told = run.json("summary.json")["spend_save"]
    assert told["spend"] is None
    assert told["gain"] == told["promised"]["mean"] == 0
    assert "none of 1 deals pays" in run.out
    assert "none of 1 pays" in (run.directory / "report.html").read_text("utf-8")


def test_order_lines_of_ones_own_are_read_with_ones_own_names(jointprice, tmp_path, ended):
    lines = baskets.make(0).lines.rename(columns={"basket": "receipt"})
    lines.to_csv(tmp_path / "lines.csv", index=False)
    own = ("data=table", f"data.baskets={tmp_path / 'lines.csv'}", "data.columns.basket=receipt")
    run = jointprice("experiment=spend_save", *own)
    assert run.code == 0, run.err
    summary = run.json("summary.json")
    assert summary["spend_save"] == ended.json("summary.json")["spend_save"]
    assert summary["spend_save_truth"] is None


@pytest.mark.parametrize(
    ("overrides", "told"),
    [
        (("spend_save.past=[]",), "is learnt from periods that had such a deal"),
        (("data=table",), "data.baskets is not set"),
        (("spend_save.past=[{first: soon, last: 2023-04-23, spend: 50, save: 5}]",), "'soon' is not a date"),
        (("spend_save.past=[{first: 2023-04-10, last: 2023-04-23, spend: 5, save: 50}]",), "0 < save < spend"),
        (("spend_save.past=[{first: 2023-04-11, last: 2023-04-14, spend: 50, save: 5}]",), "0 weeks are so"),
        (("spend_save.saves=[10]",), "shares of the threshold"),
        (("spend_save.spends=[500]",), "have no deal near a past one"),
    ],
)
def test_what_cannot_be_learnt_is_refused_with_the_mend(jointprice, overrides, told):
    run = jointprice("experiment=spend_save", *overrides)
    assert run.code == 2
    assert told in run.err
    assert json.loads((run.directory / "error.json").read_text("utf-8"))["exit_code"] == 2
