"""Reading: CSV as it stands, Parquet within bounds, names mapped."""

from __future__ import annotations

import csv
import io

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_io import tabular
from data_io.csv_text import parse
from data_io.errors import InputError, ResourceError
from data_io.read import read_table


def write(tmp_path, content, name="sales.csv"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def refusal(source, columns=None) -> tuple:
    with pytest.raises(InputError) as caught:
        read_table(source, "sales", columns or {})
    return caught.value.problems


def test_codes_and_large_numbers_survive_as_they_are_written(tmp_path):
    path = write(tmp_path, "product,id\n007,9007199254740993\nNA,\nnull,1e400\n")
    frame = read_table(path, "sales", {}).frame
    assert frame["product"].tolist() == ["007", "NA", "null"]
    assert frame["id"].tolist() == ["9007199254740993", "", "1e400"]


def test_rows_carry_the_line_on_which_they_start_in_the_file(tmp_path):
    path = write(tmp_path, 'product,note\n"a","two\nlines"\n\n,\nb,x\n')
    assert read_table(path, "sales", {}).frame.index.tolist() == [2, 6]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_ends_and_byte_order_marks_make_no_difference(tmp_path, ending, mark):
    path = write(tmp_path, mark + ending.join(["product,price", "a,1", "b,2"]))
    frame = read_table(path, "sales", {}).frame
    assert frame.to_dict("list") == {"product": ["a", "b"], "price": ["1", "2"]}


@pytest.mark.parametrize(
    ("content", "code", "line"),
    [
        ("", "file-empty", None),
        ("\n\n", "file-empty", None),
        ("product,price\n", "no-rows", None),
        ("product,price\na,1\nb,2,\n", "too-many-fields", 3),
        ("product,price\na,1\nb\n", "too-few-fields", 3),
        ("product,price,price\na,1,2\n", "duplicate-column", 1),
        ("product,\na,1\n", "nameless-column", 1),
        ("product;price\na;1\n", "wrong-separator", 1),
        ('product,price\na,1\nb,"2\n', "malformed-csv", 3),
        ("product,price\na,1\ncafé,2\n".encode("latin-1"), "not-utf8", 3),
    ],
)
def test_a_malformed_csv_is_refused_with_its_line(tmp_path, content, code, line):
    (problem,) = refusal(write(tmp_path, content))
    assert (problem.code, problem.row) == (code, line)


def test_all_ragged_rows_are_told_at_once(tmp_path):
    problems = refusal(write(tmp_path, "product,price\na\nb,2\nc,3,4\n"))
    assert [problem.row for problem in problems] == [2, 4]


def test_a_missing_file_and_an_unknown_format_are_refused(tmp_path):
    assert refusal(tmp_path / "none.csv")[0].code == "file-missing"
    assert refusal(write(tmp_path, "x", "sales.xlsx"))[0].code == "unknown-format"
    (tmp_path / "folder.csv").mkdir()
    assert refusal(tmp_path / "folder.csv")[0].code == "file-unreadable"


def test_a_broken_parquet_file_is_refused(tmp_path):
    assert refusal(write(tmp_path, b"PAR1 nothing", "sales.parquet"))[0].code == "malformed-parquet"


def test_a_table_of_absurd_size_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(tabular, "MAX_CELLS", 100)
    pq.write_table(pa.table({"a": np.zeros(60), "b": np.zeros(60)}), tmp_path / "big.parquet")
    with pytest.raises(ResourceError, match="60 rows × 2 columns"):
        read_table(tmp_path / "big.parquet", "sales", {})


def test_parquet_csv_and_frame_give_the_same_columns(tmp_path):
    frame = pd.DataFrame({"sku": ["a", "b"], "price": [1.0, 2.0]}, index=[7, 9])
    frame.to_parquet(tmp_path / "sales.parquet")
    frame.to_csv(tmp_path / "sales.csv", index=False)
    for source in (frame, tmp_path / "sales.parquet", tmp_path / "sales.csv"):
        raw = read_table(source, "sales", {"product": "sku"})
        assert raw.frame["product"].tolist() == ["a", "b"]
        assert raw.frame.index.tolist() == [2, 3]
        assert raw.names["product"] == "sku"


def test_the_hash_follows_the_contents():
    frame = pd.DataFrame({"product": ["a", "b"], "price": [1.0, 2.0]})
    first = read_table(frame, "sales", {}).sha256
    assert read_table(frame.copy(), "sales", {}).sha256 == first
    assert read_table(frame.assign(price=[1.0, 2.5]), "sales", {}).sha256 != first
    assert read_table(frame.rename(columns={"price": "cost"}), "sales", {}).sha256 != first


def test_a_mapping_may_swap_names():
    frame = pd.DataFrame({"net": [1.0], "price": [2.0]})
    raw = read_table(frame, "sales", {"price": "net", "gross": "price"})
    assert raw.frame.iloc[0].to_dict() == {"price": 1.0, "gross": 2.0}


def test_a_mapping_that_collides_is_refused():
    frame = pd.DataFrame({"net": [1.0], "price": [2.0]})
    assert refusal(frame, {"price": "net"})[0].code == "mapping-collides"
    assert refusal(frame, {"price": "net", "cost": "net"})[0].code == "mapping-collides"


def test_a_frame_with_two_columns_of_one_name_is_refused():
    assert refusal(pd.DataFrame([[1, 2]], columns=["price", "price"]))[0].code == "duplicate-column"


CELL = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",), exclude_characters="\0"), max_size=8)


@given(st.lists(st.tuples(CELL, CELL), min_size=1, max_size=8))
@settings(max_examples=60, deadline=None)
def test_any_text_survives_csv(cells):
    cells = [(first or "x", second) for first, second in cells]  # wholly blank rows are no rows
    buffer = io.StringIO(newline="")
    csv.writer(buffer, quoting=csv.QUOTE_ALL).writerows([("a", "b"), *cells])
    frame = parse(buffer.getvalue().encode(), "sales.csv")
    assert list(frame.itertuples(index=False, name=None)) == cells
