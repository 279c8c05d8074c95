"""The speed benchmark times forms that give the same answers, and says which is fastest."""

import json

import jax
import numpy as np
import pytest

from benchmarks import ensemble
from benchmarks.ensemble import findings, forms, main, parse, timed
from benchmarks.ensemble_work import CANDIDATES, PERIODS, count, inference, training

MEMBERS, SERIES = 2, 30


@pytest.mark.parametrize("name", ["inference", "candidates"])
def test_every_form_gives_the_members_the_same_answers(name):
    compared = forms(name, "mlp", "attraction", MEMBERS, SERIES)
    assert len(compared) >= 3
    expected = np.asarray(compared["vmap"][1]()).ravel()  # members first; blocks of candidates keep their order
    for form, (_, call) in compared.items():
        if "bins" not in form:  # other bins hold other series
            answer = np.stack([np.asarray(member) for member in call()]).ravel()
            np.testing.assert_allclose(answer, expected, rtol=2e-4)


@pytest.mark.nightly
def test_an_epoch_of_training_has_the_same_losses_by_vmap_and_as_the_engine_runs_it():
    compared = forms("training", "mlp", "elasticity", MEMBERS, SERIES)
    _, expected = compared["vmap"][1]()
    found = np.concatenate([losses for _, losses in compared["engine"][1]()], axis=1)
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found.T, expected, rtol=2e-4)


@pytest.mark.nightly
def test_the_work_counted_grows_with_members_and_series():
    one = inference("mlp", "elasticity", 1, SERIES)
    assert one.amount == SERIES * PERIODS
    assert inference("mlp", "elasticity", MEMBERS, SERIES).flops == MEMBERS * one.flops
    assert inference("mlp", "elasticity", 1, 20 * SERIES).traffic > 10 * one.traffic
    assert training("mlp", "elasticity", 1, SERIES).flops > one.flops


def test_a_product_of_matrices_is_counted_as_its_multiplications_and_additions():
    assert count(lambda left, right: left @ right, np.ones((4, 5)), np.ones((5, 6))) == 2 * 4 * 5 * 6


def test_calls_are_timed_in_turns_after_one_that_compiles(monkeypatch):
    monkeypatch.setattr(ensemble, "LEAST_SECONDS", 0.0)
    called = []
    found = timed({"a": lambda: called.append("a"), "b": lambda: called.append("b")}, 2)
    assert called == ["a", "b"] * 3
    assert {name: len(seconds) for name, seconds in found.items()} == {"a": 2, "b": 2}


def test_findings_name_forms_that_beat_vmap_the_engine_over_the_best_and_the_cost_of_many_members():
    def row(members, form, seconds, over):
        return {
            "work": "training", "group": "mlp-free", "series": 96, "members": members, "form": form,
            "seconds": seconds, "over_vmap": over,
        }  # fmt: skip

    one = [row(1, "vmap", 1.0, 1.0), row(1, "engine", 1.0, 1.0)]
    told = findings([*one, row(8, "vmap", 5.0, 1.0), row(8, "loop", 4.0, 0.8), row(8, "engine", 3.0, 0.6)])
    assert told == [
        "training mlp-free, 96 series, 8 members: loop takes 0.80 of vmap's time",
        "training mlp-free, 96 series, 8 members: engine takes 0.60 of vmap's time",
        "training mlp-free, 96 series, 1 members: engine takes 1.00 of the best other form's",
        "training mlp-free, 96 series, 8 members: engine takes 0.75 of the best other form's",
        "training mlp-free, 96 series: 8 members take 3.00 times one's",
    ]


def test_many_series_must_be_asked_for_twice(capsys):
    with pytest.raises(SystemExit):
        parse(["--series", "10000"])
    assert "--large" in capsys.readouterr().err
    assert parse(["--series", "10000", "--large"]).series == [10000]


def test_a_call_prints_the_table_and_writes_the_result_with_machine_and_date(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("JOINTPRICE_CACHE", "off")
    monkeypatch.setattr(ensemble, "LEAST_SECONDS", 0.0)
    monkeypatch.setattr(ensemble, "limits", lambda _: {"flops_per_second": 1e11, "bytes_per_second": 1e10})
    out = tmp_path / "ensemble.json"
    few = ["--works", "candidates", "--groups", "mlp-elasticity", "--series", "22", "--members", "1", "--repeats", "1"]
    main([*few, "--out", str(out)])
    assert "candidates" in capsys.readouterr().out
    result = json.loads(out.read_text())
    assert {"date", "machine", "arguments", "limits", "findings", "table"} <= set(result)
    if jax.default_backend() == "cpu":
        assert "not measured on a GPU" in result["findings"]
    row = result["table"][0]
    assert row["per_second"] == pytest.approx(CANDIDATES / row["seconds"])
    assert str(tmp_path) not in out.read_text()
