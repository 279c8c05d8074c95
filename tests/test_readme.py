"""The README keeps its word: its commands, Python and YAML run as written, and it names what there is.

Everything happens in one folder with the tables that the README speaks of. What is changed, so that it takes seconds:
the settings of `experiment=quick` are appended to every command and every call, unless it gives them itself, and Optuna
tries two proposals. RUN is the last run with a model. Of `make` and of commands on real sales (DATA) only the options
are checked.
"""

import contextlib
import io
import json
import re
import shlex
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml
from omegaconf import OmegaConf

from jointprice.app import main
from jointprice.compose import compose
from jointprice.registry import CHOICES
from search.rules.catalogue import RULES, build_rules

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
SHOWN = ("", "text")  # drawings and outputs
COMMANDS = (["jointprice"], ["python", "-m", "jointprice"])


class Block(NamedTuple):
    language: str
    text: str
    line: int


def fenced_blocks() -> list[Block]:
    found = re.finditer(r"^```(\w*)\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
    return [Block(match[1], match[2], README[: match.start()].count("\n") + 1) for match in found]


BLOCKS = fenced_blocks()


def of(language: str) -> list[Block]:
    return [block for block in BLOCKS if block.language == language]


def small() -> dict[str, str]:
    """The settings of experiment=quick as overrides by key."""
    settings = OmegaConf.to_container(OmegaConf.load(ROOT / "conf" / "experiment" / "quick.yaml"))
    values = {f"{group}.{key}": value for group, chosen in settings.items() for key, value in chosen.items()}
    return {key: f"{key}={json.dumps(value)}".replace('"', "") for key, value in values.items()}


def made_small(overrides: list[str]) -> list[str]:
    overrides = [re.sub(r"^(hydra\.sweeper\.n_trials)=.*", r"\1=2", override) for override in overrides]
    given = {override.partition("=")[0] for override in overrides}
    return [*overrides, *(override for key, override in small().items() if key not in given)]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with the README's tables and YAML files in it."""
    from data_io.markets.catalogue import make_market

    folder = tmp_path_factory.mktemp("readme")
    market = make_market("loglog", "exogenous", 0)
    names = {"category-1": "coffee", "category-2": "tea"}
    products = market.products.assign(category=market.products["category"].map(names))
    families = {"product-01": "beans", "product-02": "beans"}
    offers = market.offers.assign(family=market.offers["product"].map(families).fillna(""), brand="house")
    sizes, labels = {"product-03": 500, "product-04": 500, "product-05": 2000}, ("product-03", "product-04")
    offers["advertised_min"] = offers["current_price"].where(offers["product"].eq("product-05"))
    offers["size_ml"] = offers["product"].map(sizes)
    offers["label"] = offers["product"].map(dict(zip(labels, ("own", "brand"), strict=True)))
    plan = market.offers[["product", "store"]].assign(date="2024-02-26", price=market.offers["current_price"])
    tables = {"sales": market.sales, "products": products, "offers": offers, "next_weeks": plan}
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)
    renamed = market.sales.rename(columns={"units": "units_sold", "product": "article"})
    renamed.to_parquet(folder / "weekly.parquet")
    products.rename(columns={"product": "article"}).to_csv(folder / "articles.csv", index=False)
    for block in of("yaml"):
        path = folder / file_of(block)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, "utf-8")
    return folder


def file_of(block: Block) -> str:
    """The name in the comment at the head of a YAML block."""
    found = re.search(r"^# (\S+\.yaml)$", block.text, re.MULTILINE)
    assert found, f"line {block.line}: a YAML block names its file in a comment"
    return found[1]


def commands(block: Block) -> list[list[str]]:
    return [shlex.split(line) for line in block.text.splitlines() if line.strip()]


def overrides_of(words: list[str]) -> list[str]:
    (start,) = [start for start in COMMANDS if words[: len(start)] == start]
    return words[len(start) :]


def run(words: list[str], place: Path) -> str:
    """One command line in `place`; returns what it printed."""
    models = sorted(place.glob("outputs/*/*/model"), key=lambda path: path.stat().st_mtime)
    overrides = [word.replace("outputs/RUN", str(models[-1].parent)) if "RUN" in word else word for word in words]
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(made_small(overrides_of(overrides)))
    assert code == 0, f"{shlex.join(words)}: {err.getvalue()}"
    return out.getvalue()


def test_every_block_is_of_a_kind_that_is_checked():
    assert {block.language for block in BLOCKS} == {"bash", "python", "yaml", *SHOWN}
    for block in of("bash"):
        for words in commands(block):
            assert words[0] == "make" or any(words[: len(start)] == start for start in COMMANDS), words


def run_all(place: Path, monkeypatch: pytest.MonkeyPatch, chosen) -> dict[str, str]:
    """What the commands that are chosen printed, all run in `place` in their order."""
    monkeypatch.chdir(place)
    monkeypatch.setattr(sys, "argv", ["jointprice"])
    monkeypatch.setenv("HYDRA_FULL_ERROR", "")
    every = (words for block in of("bash") for words in commands(block))
    known = [words for words in every if words[0] != "make" and not any("DATA" in word for word in words)]
    return {shlex.join(words): run(words, place) for words in known if chosen(words)}


def takes_long(words: list[str]) -> bool:
    """Whether a command trains more than once, or another's result."""
    return "-m" in words or "task=backtest" in words or "experiment=best" in words


def test_the_commands_run_as_written(place, monkeypatch):
    printed = run_all(place, monkeypatch, lambda words: not takes_long(words))
    (shown,) = of("text")
    assert words_of(printed["jointprice"]) <= words_of(shown.text)  # quick runs make no promise


@pytest.mark.nightly
def test_the_sweeps_and_the_backtest_run_as_written(place, monkeypatch):
    assert len(run_all(place, monkeypatch, takes_long)) == 4
    (board,) = place.glob("multirun/*/*/leaderboard.csv")
    assert len(board.read_text("utf-8").splitlines()) == 5


def words_of(output: str) -> set[str]:
    """The words of the first line and of the table's head, without numbers."""
    lines = output.splitlines()
    return set(re.findall(r"[a-z]+", lines[0] + next(line for line in lines if "units now" in line)))


def test_the_python_runs_as_written(place, monkeypatch, capsys):
    monkeypatch.chdir(place)
    monkeypatch.setattr("jointprice.api.compose", lambda overrides=(): compose(made_small(list(overrides))))
    names: dict = {}
    for block in of("python"):
        exec(compile(block.text, f"README.md, line {block.line}", "exec"), names)
    assert len(names["done"].prices) == 96
    assert "promised" in capsys.readouterr().out


@pytest.mark.parametrize("block", of("yaml"), ids=lambda block: file_of(block))
def test_yaml_is_a_list_of_rules_or_a_file_of_settings(block):
    content = yaml.safe_load(block.text)
    if isinstance(content, list):
        assert [rule.type for rule in build_rules(content)] == [rule["type"] for rule in content]
    else:
        assert block.text.startswith("# @package _global_\n")  # that it composes is shown by the command that names it
        assert f"experiment={Path(file_of(block)).stem}" in README


def test_commands_that_are_not_run_have_options_that_exist():
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for words in (words for block in of("bash") for words in commands(block)):
        if words[0] == "make":
            assert f"\n{words[1]}:" in makefile
        elif any("DATA" in word for word in words):
            assert compose(overrides_of(words)).data.folder.startswith("DATA/")
    for arguments in re.findall(r"make run ARGS='([^']*)'", README):
        compose(arguments.split())


def test_settings_named_in_the_text_exist():
    config = compose()
    for key in re.findall(r"`((?:data|search|objective|ensemble|training|rules)\.[a-z_.]+[a-z])(?:=[^`]*)?`", README):
        value = config
        for part in key.split("."):
            assert hasattr(value, part), f"there is no setting {key}"
            value = getattr(value, part)


@pytest.mark.parametrize(("setting", "names"), [*CHOICES.items(), ("rules", tuple(RULES))])
def test_everything_that_can_be_chosen_is_named(setting, names):
    assert [name for name in names if not re.search(rf"[`=]{name}\b|type: {name}\b", README)] == []


def test_every_task_has_a_page_and_every_link_between_pages_leads_somewhere():
    pages = {path: path.read_text("utf-8") for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]}
    docs = "".join(text for path, text in pages.items() if path.parent.name == "docs")
    assert [task for task in CHOICES["task"] if not re.search(rf"task={task}\b", docs)] == []
    for path, text in pages.items():
        links = re.findall(r"\]\(([^)#\s]+)\)", text)
        assert [link for link in links if "://" not in link and not (path.parent / link).exists()] == [], path.name


def test_the_default_policies_are_the_ones_told():
    policies = dict(re.findall(r"^\| `(\w+)` \| `([^`]+)`", README, re.MULTILINE))
    defaults = vars(compose().data.policy)
    assert {name: policies[name] for name in defaults} == {name: str(value) for name, value in defaults.items()}
