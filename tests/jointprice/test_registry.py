"""The registry's names are the ones that the packages really dispatch on."""

import pytest

from jointprice import registry


@pytest.mark.parametrize("task", sorted(registry.TASKS))
def test_every_task_resolves_to_a_function(task):
    assert callable(registry.resolve(registry.TASKS[task]))


@pytest.mark.parametrize(
    ("key", "table"),
    [
        ("data.market", "data_io.markets.catalogue:MARKETS"),
        ("ensemble.groups.body", "ensemble.bodies:BODIES"),
        ("ensemble.groups.head", "ensemble.member:HEADS"),
        ("training.loss", "ensemble.losses:LOSS_NAMES"),
        ("aggregation.name", "ensemble.aggregate:AGGREGATIONS"),
        ("search.optimiser", "search.optimisers:NAMES"),
        ("search.against", "search.nsga:AGAINST"),
    ],
)
def test_the_registry_names_exactly_what_a_package_offers(key, table):
    assert set(registry.CHOICES[key]) == set(registry.resolve(table))


@pytest.mark.parametrize(("word", "hint"), [("genetc", " Did you mean 'genetic'?"), ("zzz", ""), ("", "")])
def test_only_a_close_name_is_suggested(word, hint):
    assert registry.did_you_mean(word, ["genetic", "random"]) == hint
