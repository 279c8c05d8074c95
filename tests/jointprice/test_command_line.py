"""The command line as users meet it, in a process of its own."""

import json
import re
import resource

import pytest

HEAVY = {"jax", "flax", "optax", "pandas", "numpy", "scipy", "deap", "optuna", "matplotlib", "pyarrow"}


@pytest.mark.parametrize("question", [("--help",), ("--cfg", "job"), ("--cfg", "job", "search=random", "seed=4")])
def test_questions_are_answered_without_importing_anything_heavy(command, question):
    answer = command(*question, python=("-X", "importtime"))
    imported = {line.rpartition("|")[2].strip().split(".")[0] for line in answer.stderr.splitlines()}
    assert answer.returncode == 0
    assert "ensemble:" in answer.stdout
    assert "hydra" in imported
    assert not imported & HEAVY


@pytest.mark.parametrize("question", [("--help",), ("--cfg", "job")])
def test_questions_are_answered_within_a_second_of_work(command, question):
    def seconds() -> float:
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    spent = []
    for _ in range(3):  # the quietest of three: the machine may be busy, and the first writes bytecode
        before = seconds()
        assert command(*question).returncode == 0
        spent.append(seconds() - before)
    assert min(spent) < 1.0


def test_help_lists_tasks_choices_and_settings(command):
    told = command("--help").stdout
    assert (
        "tasks (task=…): run, train, optimise, backtest, forecast, validate, stock, markdown, promote, spend_save, "
        "whatif, explain"
    ) in told
    assert "search: auto, exact, genetic, genetic_on_device, gradient, nsga2, random" in told
    assert "population: 128" in told


def test_the_version_is_ours_not_hydras(command):
    assert command("--version").stdout.startswith("jointprice")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("ensemble.member=3",), "Did you mean 'ensemble.members'?"),
        (("ensemble.members=two",), "ensemble.members must be a whole number, not 'two'."),
        (("-m", "ensemble.member=3,4"), "Did you mean 'ensemble.members'?"),
        (("-m", "ensemble.members=2,two"), "ensemble.members must be a whole number, not 'two'."),
        (
            ("task=nonsense",),
            "task: 'nonsense' is not one of run, train, optimise, backtest, forecast, validate, stock, markdown, "
            "promote, spend_save, whatif, explain.",
        ),
        (("-m", "task=nonsense,rn"), "Did you mean 'run'?"),
        (("search=genetc",), "Did you mean 'genetic'?"),
        (("experiment=orange_juice",), "Add data.folder=FOLDER"),
        (("+x._target_=os.system",), "configuration may not name code to call"),
        (("--config-dir", "nowhere"), "not found"),
        (("--cfg", "job", "--multirun"), "Only one of"),
        (("--cgf", "job"), "unrecognized arguments: --cgf"),
    ],
)
def test_a_wrong_command_line_ends_with_2_and_one_readable_message(command, arguments, words, tmp_path):
    answer = command(*arguments)
    assert answer.returncode == 2
    assert words in answer.stderr
    assert "Traceback" not in answer.stderr
    assert "HYDRA_FULL_ERROR" not in answer.stderr
    assert not list(tmp_path.rglob("prices.csv"))


def test_debug_shows_the_traceback_of_a_wrong_setting(command):
    answer = command("ensemble.members=two", "debug=true")
    assert answer.returncode == 2
    assert "Traceback" in answer.stderr


def test_a_refused_run_says_so_in_its_folder(command, tmp_path):
    command("search.population=0")
    (left,) = tmp_path.glob("outputs/*/*/error.json")
    assert json.loads(left.read_text("utf-8"))["exit_code"] == 2
    assert re.fullmatch(r"\d\d-\d\d-\d\d-[0-9a-f]{6}", left.parent.name)


def test_an_option_file_of_ones_own_is_composed(command, tmp_path):
    mine = tmp_path / "mine" / "experiment"
    mine.mkdir(parents=True)
    (mine / "small.yaml").write_text("# @package _global_\nsearch:\n  population: 24\n", "utf-8")
    answer = command("--config-dir", "mine", "experiment=small", "--cfg", "job")
    assert answer.returncode == 0
    assert "population: 24" in answer.stdout


def test_a_misspelt_key_in_an_option_file_of_ones_own_is_refused(command, tmp_path):
    mine = tmp_path / "mine" / "experiment"
    mine.mkdir(parents=True)
    (mine / "small.yaml").write_text("# @package _global_\nsearch:\n  populaton: 24\n", "utf-8")
    answer = command("--config-dir", "mine", "experiment=small")
    assert answer.returncode == 2
    words = "there is no setting 'search.populaton' (in experiment/small.yaml). Did you mean 'search.population'?"
    assert words in answer.stderr


def test_a_wrong_type_in_an_option_file_of_ones_own_is_refused(command, tmp_path):
    mine = tmp_path / "mine" / "experiment"
    mine.mkdir(parents=True)
    (mine / "small.yaml").write_text("# @package _global_\nsearch:\n  population: many\n", "utf-8")
    answer = command("--config-dir", "mine", "experiment=small")
    assert answer.returncode == 2
    assert "search.population (in experiment/small.yaml) must be a whole number, not 'many'." in answer.stderr
