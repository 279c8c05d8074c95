"""Costs test prices only where they vary on their own, and then they tell who followed demand."""

from dataclasses import replace

import numpy as np

from ensemble.response.identification import identification
from ensemble.response.instrument import STRONG
from ensemble.response.verdicts import verdicts


def test_prices_that_ignored_demand_pass(draw):
    found = verdicts(draw(products=10, own_cost=0.1).panel)
    assert (found["first_stage_f"] > STRONG).all()
    assert (found["exogeneity"] == "tested").sum() >= 9
    assert (found["tier"] == "full").sum() >= 9


def test_prices_that_followed_demand_are_rejected_and_costs_find_the_truth(draw):
    drawn = draw(own_cost=0.2, endogeneity=0.35)
    found = verdicts(drawn.panel)
    assert (found["exogeneity"] == "assumed").all()
    assert (found["tier"] == "small").all()
    assert found["reason"].str.contains("prices followed demand").all()
    assert (found["elasticity"] > -1.5).all()
    assert (found["iv_elasticity"] - drawn.elasticity).abs().max() < 3 * found["iv_se"].max() < 1.5


def test_a_response_that_corrects_them_may_move_fully(draw):
    found = verdicts(draw(own_cost=0.2, endogeneity=0.35).panel, corrected=True)
    assert (found["tier"] == "full").all()
    assert found["reason"].str.contains("corrected with costs as instrument").all()


def test_a_cost_path_that_all_stores_share_is_no_instrument(draw):
    found = verdicts(draw(endogeneity=0.35).panel)
    assert found["first_stage_f"].isna().all()
    assert (found["exogeneity"] == "assumed").all()
    assert found["exogeneity_reason"].str.startswith("not tested: no costs that vary on their own").all()


def test_costs_that_are_unknown_or_move_no_price_are_no_instrument(draw):
    panel = draw().panel
    unknown = identification(replace(panel, cost=np.full_like(panel.cost, np.nan)))
    assert unknown[["first_stage_f", "iv_elasticity", "hausman_t"]].isna().all(axis=None)
    noise = np.exp(0.1 * np.random.default_rng(0).normal(size=panel.cost.shape))
    assert (identification(replace(panel, cost=noise))["first_stage_f"] < STRONG).all()
    chain = panel.price[panel.series["store"] == "store-0"][panel.series["product"].factorize()[0]]
    one_price = identification(replace(panel, cost=noise, price=chain))
    assert one_price["first_stage_f"].isna().all()
    assert one_price["elasticity"].notna().all()
