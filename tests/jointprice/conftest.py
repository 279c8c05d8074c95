"""Helpers for tests of the application: a command line in a subprocess, and one in this process with its own tasks."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def command(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess]:
    """``command("task=run", …)`` runs ``python -m jointprice`` in an empty folder."""

    def run(*arguments: str, python: tuple[str, ...] = ()) -> subprocess.CompletedProcess:
        environment = os.environ | {"PYTHONPATH": str(ROOT), "JAX_PLATFORMS": "cpu"}
        line = [sys.executable, *python, "-m", "jointprice", *arguments]
        return subprocess.run(
            line, cwd=tmp_path, env=environment, capture_output=True, text=True, encoding="utf-8", timeout=120
        )

    return run


@pytest.fixture
def run_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """``run_here(execute, "key=value", …)`` runs the command line in this process with `execute` as task ``run``.

    Returns the exit code; the files are in ``tmp_path``.
    """
    from jointprice import registry
    from jointprice.app import main

    def run(execute: Callable, *arguments: str) -> int:
        monkeypatch.setitem(sys.modules, "fake_task", SimpleNamespace(execute=execute))
        monkeypatch.setitem(registry.TASKS, "run", "fake_task:execute")
        return main(arguments)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["jointprice"])
    monkeypatch.setenv("HYDRA_FULL_ERROR", "")
    return run


@pytest.fixture
def the_run(tmp_path: Path) -> Callable[[], Path]:
    """The only run directory of a single run."""

    def find() -> Path:
        (found,) = {path.parent.parent for path in tmp_path.glob("outputs/*/*/.hydra/config.yaml")}
        return found

    return find


@pytest.fixture
def make_job() -> Callable[..., Path]:
    """``make_job(sweep, 0, ["a=1"], summary={…})`` fabricates what a job leaves in a sweep's folder."""

    def make(sweep: Path, number: int, overrides: list[str], **contents: dict) -> Path:
        job = sweep / str(number)
        (job / ".hydra").mkdir(parents=True)
        (job / ".hydra" / "overrides.yaml").write_text(json.dumps(overrides), "utf-8")
        for name, content in contents.items():
            (job / f"{name}.json").write_text(json.dumps(content), "utf-8")
        return job

    return make


@pytest.fixture(scope="module")
def browser():
    """Debian's chromium by playwright; a test that asks for it is skipped, with the reason, where either is missing."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: jointprice[browser]")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("chromium is not installed: make browser")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def faults_in():
    """From a page to what an accessibility checker (axe) calls serious or critical in it: rule and element."""
    checker = pytest.importorskip("axe_playwright_python.sync_playwright", reason="install jointprice[browser]")

    def faults(page) -> list[tuple[str, str]]:
        found = checker.Axe().run(page).response["violations"]
        return [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in ("serious", "critical")]

    return faults
