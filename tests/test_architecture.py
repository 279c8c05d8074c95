"""The shape of the project: imports go one way, light modules stay light, files stay short, the lock has no address."""

import ast
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("data_io", "ensemble", "search", "jointprice")
ALLOWED = {
    "data_io": {"data_io"},
    "ensemble": {"data_io", "ensemble"},
    "search": {"data_io", "search"},
    "jointprice": {"data_io", "ensemble", "search", "jointprice", "conf"},
}
ONLY_THE_APPLICATION = {"hydra", "omegaconf"}
MOST_LINES = 250


def imported(source: str) -> set[str]:
    """Top-level packages that a file imports anywhere, lazily too."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.add(node.module.split(".")[0])
    return names


def against_the_direction(root: Path) -> list[str]:
    """Every import of a file below `root` that its package may not make."""
    found = []
    for package in PACKAGES:
        for path in sorted(root.glob(f"{package}/**/*.py")):
            names = imported(path.read_text("utf-8"))
            wrong = (names & {*PACKAGES, "tests", "benchmarks"}) - ALLOWED[package]
            if package != "jointprice":
                wrong |= names & ONLY_THE_APPLICATION
            found += [f"{path.relative_to(root)} imports {name}" for name in sorted(wrong)]
    return found


def python_files() -> list[Path]:
    folders = (*PACKAGES, "conf", "tests", "benchmarks")
    return sorted(path for folder in folders for path in ROOT.glob(f"{folder}/**/*.py"))


def test_imports_go_one_way():
    assert against_the_direction(ROOT) == []


@pytest.mark.parametrize(
    ("file", "source", "found"),
    [
        ("search/x.py", "import ensemble.types", "search/x.py imports ensemble"),
        ("search/rules/x.py", "def f():\n    from jointprice import api", "search/rules/x.py imports jointprice"),
        ("data_io/x.py", "from search.types import Demand", "data_io/x.py imports search"),
        ("ensemble/heads/x.py", "from hydra.utils import instantiate", "ensemble/heads/x.py imports hydra"),
        ("jointprice/x.py", "import tests.helpers", "jointprice/x.py imports tests"),
    ],
)
def test_an_import_against_the_direction_is_found(tmp_path, file, source, found):
    path = tmp_path / file
    path.parent.mkdir(parents=True)
    path.write_text(source, "utf-8")
    assert against_the_direction(tmp_path) == [found]


@pytest.mark.parametrize("path", python_files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_is_short_and_says_what_it_is_for(path):
    source = path.read_text("utf-8")
    assert source.count("\n") <= MOST_LINES
    assert not source or ast.get_docstring(ast.parse(source))


def test_packages_and_settings_import_nothing_heavy():
    modules = (
        "data_io, ensemble, search, jointprice, data_io.settings, ensemble.settings, search.settings, jointprice.app"
    )
    heavy = "{'jax', 'flax', 'optax', 'numpy', 'pandas', 'scipy', 'deap', 'matplotlib', 'rich'}"
    code = f"import {modules}, sys; print(sorted({heavy} & set(sys.modules)))"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    assert answer.stdout.strip() == "[]"


def test_every_package_and_every_option_file_is_installed():
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]
    there = {
        str(path.parent.relative_to(ROOT)).replace(os.sep, ".")
        for package in (*PACKAGES, "conf")
        for path in ROOT.glob(f"{package}/**/*.py")
    }
    assert set(tools["packages"]) == there
    assert tools["package-data"]["conf"] == ["*.yaml", "*/*.yaml"]
    assert not list(ROOT.glob("conf/*/*/*.yaml"))


def test_the_lock_pins_every_package_with_hashes_and_holds_no_address():
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    entries = re.split(r"\n(?=\S)", lock.strip())
    assert "://" not in lock
    assert not re.search(r"^-", lock, re.MULTILINE)
    assert [entry.splitlines()[0] for entry in entries if not re.match(r"[\w.-]+==\S+", entry)] == []
    assert [entry.splitlines()[0] for entry in entries if "--hash=sha256:" not in entry] == []


def test_continuous_integration_calls_make_test():
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert "make test" in script.read_text("utf-8")
