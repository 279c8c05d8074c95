"""Members run in blocks that follow from the device and the size alone."""

import threading
import time

import jax
import numpy as np
import pytest

from data_io import cores
from ensemble import forms


@pytest.fixture(params=["cpu", "gpu"])
def device(request, monkeypatch):
    monkeypatch.setattr(jax, "default_backend", lambda: request.param)
    return request.param


def test_on_a_cpu_members_run_alone_unless_a_call_costs_more_than_its_work(device):
    alone = [slice(0, 1), slice(1, 2), slice(2, 3)]
    assert forms.blocks(3) == (alone if device == "cpu" else [slice(0, 3)])
    assert forms.blocks(3, rows=forms.LEAST_ROWS) == forms.blocks(3)
    assert forms.blocks(3, rows=forms.LEAST_ROWS - 1) == [slice(0, 3)]
    assert forms.blocks(0) == []


def test_every_form_of_a_block_gives_each_member_its_own_result(device):
    own = np.arange(6.0).reshape(3, 2)
    np.testing.assert_array_equal(forms.over_members(lambda one: one.sum(), own), own.sum(1))


def test_parts_joined_are_the_whole():
    tree = {"a": np.arange(3), "b": np.ones((3, 2))}
    found = forms.joined([forms.part(tree, block) for block in (slice(0, 1), slice(1, 3))])
    jax.tree.map(np.testing.assert_array_equal, found, tree)


def test_results_keep_the_order_of_their_items_and_no_more_run_at_once_than_cores(monkeypatch):
    monkeypatch.setattr(cores, "count", lambda: 2)
    cores._pool.cache_clear()
    lock, busy, most = threading.Lock(), [0], [0]

    def call(number):
        with lock:
            busy[0] += 1
            most[0] = max(most[0], busy[0])
        time.sleep(0.02 if number % 2 else 0.001)
        with lock:
            busy[0] -= 1
        return number

    assert forms.run(call, range(6)) == list(range(6))
    assert most[0] == 2
    cores._pool.cache_clear()


def test_the_first_error_of_a_member_reaches_the_caller():
    def call(number):
        raise ValueError(f"member {number}")

    with pytest.raises(ValueError, match="member 0"):
        forms.run(call, range(2))
