"""Writing: whole files or none, safe cells, a manifest that tells the truth."""

from __future__ import annotations

import csv
import errno
import io
import json
import os

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_io.errors import InputError, ResourceError
from data_io.write import RunDirectory, plain, read_manifest, verify


@pytest.fixture
def run(tmp_path):
    return RunDirectory(tmp_path / "outputs" / "run")


def test_texts_that_a_spreadsheet_would_run_are_defused_and_numbers_untouched(run):
    frame = pd.DataFrame(
        {"product": ["=1+1", "+a", "-5 pack", "@x", "\tt", "ok"], "change_pct": [-1.5, 2.0, 0, 0, 0, 0]}
    )
    read = pd.read_csv(run.write_csv("prices.csv", frame), quotechar='"')
    assert read["product"].tolist() == ["'=1+1", "'+a", "'-5 pack", "'@x", "'\tt", "ok"]
    assert read["change_pct"].tolist()[0] == -1.5
    assert frame["product"].tolist()[0] == "=1+1"


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=6), max_size=6))
@settings(max_examples=40, deadline=None)
def test_no_cell_of_a_written_csv_starts_like_a_formula(tmp_path_factory, cells):
    path = RunDirectory(tmp_path_factory.mktemp("run")).write_csv("x.csv", pd.DataFrame({"a": [*cells, "end"]}))
    written = [row[0] for row in csv.reader(io.StringIO(path.read_bytes().decode(), newline="")) if row]
    assert not any(cell.startswith(("=", "+", "-", "@", "\t")) for cell in written)


def test_csv_is_the_same_every_time(run):
    frame = pd.DataFrame({"price": [0.1 + 0.2, 1e-9], "date": pd.to_datetime(["2024-05-06", "2024-05-13"])})
    assert run.write_csv("a.csv", frame).read_bytes() == run.write_csv("b.csv", frame).read_bytes()
    assert b"\r" not in run.write_csv("a.csv", frame).read_bytes()


def test_json_has_no_nan_and_knows_numpy_and_dates(run):
    value = {
        "nan": np.nan,
        "inf": [np.inf, 1.5],
        "array": np.array([1.0, np.nan]),
        "count": np.int64(3),
        "yes": np.bool_(True),
        "day": pd.Timestamp("2024-05-06"),
        "none": pd.NaT,
        1: {"name": "Käse"},
    }
    path = run.write_json("summary.json", value)
    assert json.loads(path.read_text("utf-8"), parse_constant=pytest.fail) == {
        **{"nan": None, "inf": [None, 1.5], "array": [1.0, None], "count": 3, "yes": True},
        **{"day": "2024-05-06T00:00:00", "none": None, "1": {"name": "Käse"}},
    }


def test_what_json_cannot_hold_is_a_mistake_of_the_caller():
    with pytest.raises(TypeError):
        json.dumps(plain(object()))


def test_jsonl_is_one_object_per_line(run):
    path = run.write_jsonl("log.jsonl", [{"a": 1}, {"a": np.nan}])
    assert [json.loads(line) for line in path.read_text().splitlines()] == [{"a": 1}, {"a": None}]


def test_parquet_comes_back_as_it_was(run):
    frame = pd.DataFrame({"product": ["=a"], "price": [1.5]})
    pd.testing.assert_frame_equal(pd.read_parquet(run.write_parquet("prices.parquet", frame)), frame)


def test_the_manifest_names_every_file_below_the_folder_but_itself(run):
    run.write_text("a.txt", "hello")
    run.write_bytes("model/weights.bin", b"123")
    (run.folder / ".hydra").mkdir()
    (run.folder / ".hydra" / "config.yaml").write_text("a: 1")
    run.finish()
    run.finish()
    assert sorted(read_manifest(run.folder)) == [".hydra/config.yaml", "a.txt", "model/weights.bin"]
    assert read_manifest(run.folder)["model/weights.bin"]["bytes"] == 3
    verify(run.folder)


def test_a_changed_and_a_missing_file_are_named(run):
    for name in ("same.txt", "changed.txt", "missing.txt"):
        run.write_text(name, "12345")
    run.finish()
    (run.folder / "changed.txt").write_text("12346")
    (run.folder / "missing.txt").unlink()
    with pytest.raises(InputError) as caught:
        verify(run.folder)
    assert {(problem.code, os.path.basename(problem.file)) for problem in caught.value.problems} == {
        ("file-changed", "changed.txt"),
        ("file-missing", "missing.txt"),
    }


@pytest.mark.parametrize("content", [None, "", "{}", "[1]", '{"files": {"a": 3}}', "\xff"])
def test_a_folder_without_a_readable_manifest_is_refused(tmp_path, content):
    if content is not None:
        (tmp_path / "manifest.json").write_text(content, encoding="latin-1")
    with pytest.raises(InputError, match="manifest"):
        verify(tmp_path)


def test_a_failed_write_leaves_the_old_file_and_no_rest(run, monkeypatch):
    run.write_text("prices.csv", "old")

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ResourceError, match=r"prices\.csv.*No space left"):
        run.write_text("prices.csv", "new")
    assert (run.folder / "prices.csv").read_text() == "old"
    assert [path.name for path in run.folder.iterdir()] == ["prices.csv"]


def test_a_folder_that_cannot_be_made_is_a_resource_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ResourceError, match="cannot be written"):
        RunDirectory(tmp_path / "file" / "run")


def test_written_files_can_be_read_by_others(run):
    mask = os.umask(0)
    os.umask(mask)
    assert run.write_text("a.txt", "x").stat().st_mode & 0o777 == 0o666 & ~mask
