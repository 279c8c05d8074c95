"""A saved model is the same model, and a damaged one is refused."""

import json

import numpy as np
import pandas as pd
import pytest

from data_io.errors import InputError
from ensemble import checkpoint
from ensemble.demand import offer_demand


@pytest.fixture
def folder(trained, tmp_path):
    for name, content in checkpoint.dump(trained.ensemble).items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


def test_a_saved_model_answers_the_same_to_the_last_bit(folder, trained, prepared):
    loaded = checkpoint.load(folder)
    prices = prepared.market.hold[None] * np.array([[0.9], [1.1]])
    for groups in (None, 0, 1):
        ours, theirs = (
            np.asarray(
                offer_demand(model, prepared.tables.offers, groups=None if groups is None else model.halves[groups])(
                    prices
                )
            )
            for model in (trained.ensemble, loaded)
        )
        np.testing.assert_array_equal(ours, theirs)
    pd.testing.assert_frame_equal(loaded.history.known, trained.ensemble.history.known, check_dtype=False)
    assert trained.ensemble.verdicts["first_stage_f"].isna().all()  # figures that are not known stay so
    pd.testing.assert_frame_equal(loaded.verdicts, trained.ensemble.verdicts)


@pytest.mark.parametrize("name", [checkpoint.ARRAYS, checkpoint.RECORD])
def test_one_flipped_bit_is_refused_with_the_file_named(folder, name):
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(bytes(content))
    with pytest.raises(InputError, match=name):
        checkpoint.load(folder)


def test_a_model_of_another_schema_is_refused(folder):
    record = json.loads((folder / checkpoint.RECORD).read_text())
    text = json.dumps({**record, "schema": 99}).encode()
    (folder / checkpoint.RECORD).write_bytes(text)
    hashes = json.loads((folder / checkpoint.HASHES).read_text())
    (folder / checkpoint.HASHES).write_text(json.dumps({**hashes, checkpoint.RECORD: checkpoint._hash(text)}))
    with pytest.raises(InputError, match="schema 99"):
        checkpoint.load(folder)


def test_a_folder_that_is_no_model_is_refused(tmp_path):
    with pytest.raises(InputError, match="model/ folder"):
        checkpoint.load(tmp_path / "nowhere")
