"""Bombs, pickles and foreign code are refused before Hydra sees them."""

import time
from pathlib import Path

import pytest

from data_io.errors import ConfigError
from jointprice import guard

BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


def option(folder: Path, text: str, name: str = "mine.yaml") -> Path:
    path = folder / "experiment" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def test_the_shipped_configuration_passes():
    guard.check_overrides([])


def test_a_harmless_folder_of_ones_own_is_accepted(tmp_path):
    option(tmp_path, "# @package _global_\nseed: 3\ndata:\n  columns: {category: class}\n")
    options = guard.check_command_line(["--config-dir", str(tmp_path), "experiment=mine"])
    assert options.overrides == ["experiment=mine"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (BOMB, "line 2: YAML aliases"),
        ("a: " + "x" * (1 << 20), "larger than"),
        ("a: " + "[" * 200 + "]" * 200, "nested deeper"),
        ("a: 1\nhydra:\n  callbacks:\n    x:\n      _target_: os.system\n", "line 5: _target_: 'os.system'"),
        ("hydra: {job_logging: {handlers: {x: {(): pandas.read_pickle}}}}\n", "line 1: (): 'pandas.read_pickle'"),
        ("hydra: {job_logging: {handlers: {x: {class: pandas.read_pickle}}}}\n", "class: 'pandas.read_pickle'"),
        ("rules: {rules: [{type: bounds, _target_: jointprice.app.os.system}]}\n", "jointprice.app.os.system"),
        ("x:\n  _target_: [os.system]\n", "names foreign code"),
        ("defaults:\n  - ../../elsewhere/evil\n", "leaves its folder"),
        ("hydra: {searchpath: [elsewhere]}\n", "searchpath is refused in files"),
        ("hydra: {callbacks: {x: '${oc.decode:${y}}'}}\n", "oc.decode"),
        ("hydra: {sweeper: {custom_search_space: os.system}}\n", "custom_search_space: 'os.system'"),
        ("hydra: {sweeper: {storage: 'redis://elsewhere'}}\n", "storage: 'redis://elsewhere'"),
        ("hydra: {sweeper: {params: {+hydra.job_logging.handlers: '{x: {class: y}}'}}}\n", "not of Hydra"),
        ("hydra: {sweeper: {search_space: {rules@hydra.job_logging: {choices: [y]}}}}\n", "not of Hydra"),
        ("a: !!python/object/apply:os.system [ls]\n", "not valid YAML"),
        ("a: [1\n", "not valid YAML"),
    ],
)
@pytest.mark.parametrize("way", ["--config-dir", "--config-path", "hydra.searchpath"])
def test_a_dangerous_file_is_refused_whichever_way_it_comes(tmp_path, text, words, way):
    path = option(tmp_path, text)
    arguments = [f"hydra.searchpath=[file://{tmp_path}]"] if way == "hydra.searchpath" else [way, str(tmp_path)]
    with pytest.raises(ConfigError) as refused:
        guard.check_command_line(arguments)
    assert words in str(refused.value)
    assert str(path) in str(refused.value)


def test_a_bomb_is_refused_within_a_second(tmp_path):
    option(tmp_path, BOMB)
    begun = time.process_time()
    with pytest.raises(ConfigError, match="aliases"):
        guard.check_command_line(["--config-dir", str(tmp_path)])
    assert time.process_time() - begun < 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["+x._target_=os.system"],
        ["hydra.callbacks.leaderboard._target_=os.system"],
        ["+hydra.callbacks.x={_target_: os.system}"],
        ["hydra.job_logging={handlers: {x: {class: pandas.read_pickle}}}"],
        ["+hydra.job_logging.handlers.x.()=pandas.read_pickle"],
        ["+hydra.job_logging.handlers.x.class=pandas.read_pickle"],
        ["+hydra.callbacks.x=${oc.decode:'{_targ}'}"],
        ["hydra.sweeper.custom_search_space=os.system"],
        ["hydra.sweeper.storage=redis://elsewhere"],
        ["experiment=../../../elsewhere/evil"],
        ["+search@search=../../evil"],
        ["hydra/launcher=../../evil"],
        ["hydra.searchpath=[pkg://os]"],
        ["--experimental-rerun", "config.pickle"],
        ["--config-name", "../evil"],
        ["--config-path", "relative"],
        ["-cp", "pkg://os"],
    ],
)
def test_a_dangerous_command_line_is_refused(arguments):
    with pytest.raises(ConfigError):
        guard.check_command_line(arguments)


@pytest.mark.parametrize(
    "override",
    [
        "model=../other/outputs/model",
        "data.sales=../sales.csv",
        "data.columns={category: class}",
        "rules.file=../r.yaml",
    ],
)
def test_a_harmless_override_with_dots_or_a_class_is_accepted(override):
    guard.check_overrides([override])


def test_a_folder_far_larger_than_any_configuration_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(guard, "MAX_FILES", 5)
    for number in range(6):
        option(tmp_path, "a: 1\n", f"{number}.yaml")
    with pytest.raises(ConfigError, match="more than 5 files"):
        guard.check_command_line(["--config-dir", str(tmp_path)])
