"""Competitor prices through the command line: learnt, told, and other ones in a scenario."""

import pytest

LIGHT = (
    *("experiment=quick", "data.market=competitor", "data.variant=passive", "training.promise_members=0"),
    *(
        "response.name=anchor",
        "response.heads=[elasticity]",
        "response.folds=0",
        "response.draws=4",
        "response.search_draws=4",
    ),
)


@pytest.fixture(scope="module")
def cut(jointprice):
    return jointprice(*LIGHT, "scenario.competitor_percent=-20")


def test_a_scenario_tells_what_the_competitors_cut_costs_and_what_other_prices_win_back(cut):
    assert cut.code == 0, cut.err
    told = cut.json("summary.json")["scenario"]
    assert told["competitor_percent"] == -20
    assert told["holding"] < 0.99 * told["holding_before"]
    assert told["recommended"] > told["holding"]
    assert cut.json("summary.json")["objective"]["current"] == pytest.approx(told["holding"], rel=1e-4)
    assert cut.json("summary.json")["competitor"]["offers_known"] == cut.prices()["competitor_price"].notna().sum() > 90
    assert "competitor" in (cut.directory / "report.html").read_text("utf-8")


@pytest.mark.nightly
def test_a_saved_model_prices_the_same_offers_in_a_scenario_and_without(cut, jointprice):
    again = (*LIGHT, "task=optimise", f"model={cut.directory / 'model'}")
    usual, dearer = (jointprice(*again, *scenario) for scenario in ((), ("scenario.competitor_percent=10",)))
    assert (usual.code, dearer.code) == (0, 0), usual.err + dearer.err
    usual, told = usual.json("summary.json"), dearer.json("summary.json")["scenario"]
    assert usual["scenario"] is None
    assert usual["objective"]["current"] == pytest.approx(told["holding_before"], rel=1e-4)
    assert told["holding"] > told["holding_before"]


def test_a_scenario_of_prices_that_nobody_knows_is_refused(jointprice, model):
    ended = jointprice("task=optimise", model, "scenario.competitor_percent=-10")
    assert ended.code == 2
    assert "no offer has a known competitor_price" in ended.err


def test_a_scenario_for_a_response_that_no_competitor_price_reaches_is_refused(cut, jointprice):
    ended = jointprice(*LIGHT, "response.name=networks", "scenario.competitor_percent=-10")
    assert ended.code == 2
    assert "scenario.competitor_percent needs response=anchor" in ended.err
