"""The gain under other market sizes: the model's own where nothing moves, null where no form has shares."""

from types import SimpleNamespace

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


@pytest.mark.nightly
def test_the_gain_at_the_learnt_size_is_the_models_and_other_sizes_give_others(monkeypatch):
    monkeypatch.setattr(market_size, "FACTORS", {"half": 0.5, "same": 1.0, "double": 2.0})
    overrides = [*SMALL, "response.heads=[nested]"]
    fitted = fit(overrides=overrides)
    pricing = price_offers(compose(overrides), fitted.ensemble, fitted.offers)
    told = market_size.market_size(fitted.ensemble, pricing.problem, pricing.solution.prices)
    assert list(told) == ["half", "same", "double"]
    assert told["same"] == pytest.approx(gains(pricing.problem, pricing.solution.prices).mean(), rel=1e-3)
    assert min(told["half"], told["double"]) < told["same"] < max(told["half"], told["double"])


def test_networks_without_an_anchor_have_no_market_size():
    assert market_size.market_size(SimpleNamespace(anchor=None), None, None) is None
