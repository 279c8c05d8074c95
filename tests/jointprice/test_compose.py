"""Composition: every shipped choice composes, and every wrong setting is refused with words that help."""

import re
from dataclasses import asdict, fields, is_dataclass
from pathlib import Path

import pytest

from data_io.errors import ConfigError
from ensemble.aggregate import Aggregation
from jointprice.compose import LIMITS, compose
from jointprice.pricing import objective_of
from jointprice.schema import Config

CONF = Path(__file__).parents[2] / "conf"
CHOICES = [
    f"{path.parent.name}={path.stem}" for path in sorted(CONF.glob("*/*.yaml")) if path.parent.name != "experiment"
]
EXPERIMENTS = sorted(path.stem for path in CONF.glob("experiment/*.yaml"))


@pytest.mark.parametrize("choice", CHOICES)
def test_every_shipped_choice_composes(choice):
    assert isinstance(compose([choice]), Config)


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_every_shipped_experiment_composes(experiment):
    assert isinstance(compose([f"experiment={experiment}", "data.folder=there"]), Config)


def test_without_overrides_the_settings_are_the_dataclasses_own_and_the_default_rules():
    composed = compose()
    rules = [rule["type"] for rule in composed.rules.rules]
    composed.rules.rules = []
    assert composed == Config()
    assert rules == ["bounds", "max_change", "price_index", "observed_range"]


def test_settings_are_plain_lists_and_dicts_not_omegaconf():
    composed = compose(["experiment=avocado", "data.folder=there"])
    assert type(composed.rules.rules) is list
    assert type(composed.rules.rules[0]) is dict
    assert type(composed.data.columns) is dict


def test_the_rules_chosen_by_name_are_the_contracts():
    assert compose(["rules=none"]).rules.rules == []
    assert compose(["rules=bounds"]).rules.rules == [{"type": "bounds"}]
    by_default = {rule.pop("type"): rule for rule in compose().rules.rules}
    assert by_default["max_change"] == {"percent": 15}
    assert by_default["price_index"] == {"min": 0.95, "max": 1.05, "by": "category"}


def test_an_experiment_overrules_the_defaults_and_the_command_line_overrules_it():
    retail = compose(["experiment=online_retail", "data.folder=there"])
    assert (retail.objective.name, retail.data.source, retail.data.currency) == ("revenue", "table", "GBP")
    overruled = compose(["experiment=online_retail", "data.folder=there", "objective=units", "data.currency=EUR"])
    assert (overruled.objective.name, overruled.data.currency) == ("units", "EUR")


def test_an_experiments_paths_start_in_its_folder():
    juice = compose(["experiment=orange_juice", "data.folder=there"]).data
    assert (juice.sales, juice.products, juice.stores) == (
        "there/sales.parquet",
        "there/products.csv",
        "there/stores.csv",
    )


def test_an_experiment_without_its_folder_is_refused_with_the_mend():
    with pytest.raises(ConfigError, match=r"data\.folder is not given.*Add data\.folder=FOLDER"):
        compose(["experiment=orange_juice"])


def test_columns_can_be_mapped_one_by_one_without_a_plus():
    assert compose(["data.columns.units=units_sold"]).data.columns == {"units": "units_sold"}


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("ensemble.member=3", "there is no setting 'ensemble.member'. Did you mean 'ensemble.members'?"),
        ("+ensemble.member=3", "there is no setting 'ensemble.member'. Did you mean 'ensemble.members'?"),
        ("tsk=run", "Did you mean 'task'?"),
        ("serch=genetic", "Did you mean 'search'?"),
        ("members=4", "Did you mean 'ensemble.members'?"),
        ("serch.name=genetic", "Did you mean 'search'?"),
        ("population=64", "Did you mean 'search.population'?"),
        ("ensemble.groups=[{body: mlp, hed: elasticity}]", "Did you mean 'ensemble.groups.head'?"),
        ("data.policy.return=net", "Did you mean 'data.policy.returns'?"),
        ("hydra.rn.dir=x", "there is no setting 'hydra.rn'"),
        ("ensemble.members=two", "ensemble.members must be a whole number, not 'two'."),
        ("ensemble.members=2.5", "ensemble.members must be a whole number, not '2.5'."),
        ("training.learning_rate=fast", "training.learning_rate must be a number, not 'fast'."),
        ("debug=maybe", "debug must be true or false, not 'maybe'."),
        ("seed=null", "seed needs a value, not null."),
        ("rules.rules=3", "rules.rules has the wrong type"),
        ("data.sales=[a]", "data.sales has the wrong type"),
        (
            "search=genetc",
            "search has no option 'genetc'; there are auto, exact, genetic, genetic_on_device, gradient, nsga2, "
            "random. Did you mean 'genetic'?",
        ),
        ("experiment=juice", "experiment has no option 'juice'"),
        ("ensemble.members", "cannot read the override 'ensemble.members'"),
        ("data.sales=${nowhere}", "data.sales: Interpolation key 'nowhere' not found"),
        (
            "task=rn",
            "task: 'rn' is not one of run, train, optimise, backtest, forecast, validate, stock, markdown, promote, "
            "spend_save, whatif, explain. Did you mean 'run'?",
        ),
        ("objective.name=proft", "Did you mean 'profit'?"),
        ("search.optimiser=genetics", "Did you mean 'genetic'?"),
        ("aggregation.name=meen", "Did you mean 'mean'?"),
        ("training.loss=poison", "Did you mean 'poisson'?"),
        ("data.source=tables", "Did you mean 'table'?"),
        ("ensemble.groups=[{body: mpl}]", "ensemble.groups.body: 'mpl' is not one of"),
        ("ensemble.groups=[{head: elastic}]", "ensemble.groups.head: 'elastic' is not one of"),
        ("ensemble.groups=[{members: 0}]", "a group needs at least 1 member, not 0"),
        ("ensemble.groups=[]", "ensemble.groups must list at least one group"),
        ("ensemble.members=0", "ensemble.members must be from 1 to 4096, not 0."),
        ("seed=-1", "seed must be from 0"),
        ("training.learning_rate=nan", "training.learning_rate must be from"),
    ],
)
def test_a_wrong_setting_is_refused_with_words_that_help(override, words):
    with pytest.raises(ConfigError) as refused:
        compose([override])
    assert words in str(refused.value)
    assert "Traceback" not in str(refused.value)


def test_all_wrong_names_and_all_wrong_ranges_are_told_at_once():
    with pytest.raises(ConfigError, match=r"task: 'a'.*\n.*training\.loss: 'b'"):
        compose(["task=a", "training.loss=b"])
    with pytest.raises(ConfigError, match=r"ensemble\.members.*\n.*search\.population"):
        compose(["ensemble.members=0", "search.population=0"])


def test_every_number_among_the_settings_has_its_limits():
    def numbers(settings, before=""):
        for item in fields(settings):
            value = getattr(settings, item.name)
            if is_dataclass(value):
                yield from numbers(value, f"{before}{item.name}.")
            elif re.search(r"\b(int|float)\b", str(item.type)) and not str(item.type).startswith("list"):
                yield before + item.name

    assert set(numbers(Config())) == set(LIMITS)


def test_composing_inside_a_program_that_uses_hydra_leaves_its_state_alone():
    from hydra import initialize_config_dir
    from hydra.core.global_hydra import GlobalHydra

    with initialize_config_dir(str(CONF / "search"), version_base="1.3"):
        mine = GlobalHydra.instance().hydra
        compose()
        assert GlobalHydra.instance().hydra is mine


def test_two_compositions_share_nothing():
    first, second = compose(), compose()
    first.rules.rules.clear()
    first.data.columns["units"] = "sold"
    assert asdict(second) == asdict(compose())


def test_two_ways_to_judge_risk_at_once_are_refused_and_the_tail_reaches_the_search():
    with pytest.raises(ConfigError, match="both say what risk is"):
        compose(["objective.risk_measure=cvar", "aggregation=worst_group"])
    config = compose(["objective.risk_measure=cvar", "objective.tail=0.1"])
    sure = Aggregation("mean", (0.5, 0.5), (0, 0), 1.0, 0.2)
    assert objective_of(config, sure).tail == 0.1
    assert objective_of(config).tail is None
    assert objective_of(compose(), sure).tail is None
