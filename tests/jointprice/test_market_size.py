"""The gain under other market sizes: the model's own where nothing moves, null where no form has shares."""

import pytest

from jointprice import market_size
from jointprice.api import fit
from jointprice.compose import compose
from jointprice.pricing import price_offers
from jointprice.promise import gains

SMALL = (
    *("experiment=quick", "training.epochs=1", "training.refit=false", "search=gradient", "search.steps=10"),
    *("search.starts=1", "rules=bounds", "response.name=anchor", "response.draws=4", "response.folds=0"),
    *("response.steps=6", "response.search_draws=4"),
)


def priced(head: str):
    """Ensemble, problem and prices with one form of the price response."""
    overrides = [*SMALL, f"response.heads=[{head}]"]
    fitted = fit(overrides=overrides)
    pricing = price_offers(compose(overrides), fitted.ensemble, fitted.offers)
    return fitted.ensemble, pricing.problem, pricing.solution.prices


def test_the_gain_at_the_learnt_size_is_the_models_and_other_sizes_give_others(monkeypatch):
    asked = priced("nested")
    own = gains(*asked[1:]).mean()
    told = market_size.market_size(*asked)
    assert list(told) == ["half", "double", "fourfold"]
    assert len({round(value, 2) for value in (*told.values(), own)}) == 4
    assert min(told["half"], told["double"]) < own < max(told["half"], told["double"])
    monkeypatch.setattr(market_size, "FACTORS", {"same": 1.0})
    assert market_size.market_size(*asked)["same"] == pytest.approx(own, rel=1e-3)


def test_forms_without_shares_have_no_market_size():
    assert market_size.market_size(*priced("elasticity")) is None
