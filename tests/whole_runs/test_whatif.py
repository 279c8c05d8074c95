"""The what-if page as a user starts it: an address, the command line's numbers, an end by Ctrl-C that loses nothing."""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request

import pandas as pd
import pytest

from data_io.write import verify


def post(address, path, body):
    request = urllib.request.Request(address + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
    return json.load(urllib.request.urlopen(request, timeout=60))


def test_the_page_answers_with_the_numbers_of_the_run_until_it_is_interrupted(model, tmp_path):
    command = [sys.executable, "-m", "jointprice", "task=whatif", "experiment=quick", model, "whatif.port=0"]
    command.append(f"hydra.run.dir={tmp_path / 'run'}")
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=tmp_path)
    try:
        address = next(found[1] for line in process.stderr if (found := re.search(r"what-if page: (\S+)", line)))
        found = post(address, "api/evaluate", {})
        approved = post(address, "api/approve", {"plan": {}, "person": "Ann"})
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0, process.stderr.read()
    finally:
        process.kill()
    run = tmp_path / "run"
    verify(run)
    prices, ours = pd.read_csv(run / "prices.csv"), pd.read_csv(run / "approved" / "prices.csv")
    assert approved["prices"] == len(prices)
    pd.testing.assert_frame_equal(prices, ours)
    assert found["totals"]["profit"] == pytest.approx(prices["profit"].sum(), abs=1e-6)
    assert sum(found["decisions"]["units"]) == pytest.approx(prices["units"].sum(), abs=1e-6)
    assert os.path.getsize(run / "summary.json") > 0


def test_without_a_model_there_is_no_page(jointprice):
    ended = jointprice("task=whatif", "experiment=quick")
    assert ended.code == 2
    assert "task=whatif needs model=FOLDER" in ended.err


def test_the_page_is_of_the_scenario_that_was_asked_for(jointprice, model, monkeypatch):
    from jointprice.whatif import server

    monkeypatch.setattr(server, "serve", lambda *_: None)
    dear, usual = (
        jointprice("task=whatif", "experiment=quick", model, f"scenario.cost_percent={by}") for by in (10, 0)
    )
    assert (dear.code, usual.code) == (0, 0), dear.err + usual.err
    told = dear.json("summary.json")["scenario"]
    assert told["holding_before"] == pytest.approx(usual.json("summary.json")["objective"]["current"], rel=1e-4)
    assert (dear.prices()["cost"] > 1.09 * usual.prices()["cost"]).all()
