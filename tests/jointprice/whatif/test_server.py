"""What the server hears: its own page, small, typed and in time; anything else is refused, and nothing ends it."""

import concurrent.futures
import json
import socket
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jointprice.whatif import limits
from tests.jointprice.whatif.conftest import HOSTILE, start

PLAN = {"start": "recommended", "changes": []}
PATHS = ("api/evaluate", "api/check", "api/optimise", "api/scenarios", "api/approve")


def test_the_page_has_a_strict_policy_and_no_data_in_it(ask):
    page = ask("").body.decode()
    assert "<script nonce=" in page
    assert HOSTILE not in page
    assert HOSTILE in [one["product"] for one in ask("api/decisions").json["decisions"]]


@pytest.mark.parametrize(
    ("path", "body", "headers", "status"),
    [
        ("api/evaluate", PLAN, {"Host": "evil.example"}, 400),
        ("api/evaluate", PLAN, {"Origin": "http://evil.example"}, 403),
        ("api/evaluate", PLAN, {"Content-Type": "text/plain"}, 415),
        ("api/evaluate", b"{", {}, 422),
        ("api/evaluate", b"[" * 100_000, {}, 400),
        ("api/evaluate", b'{"changes": [{"decision": 1, "price": NaN}]}', {}, 422),
        ("api/evaluate", b'{"changes": [{"decision": 1, "price": 1e999}]}', {}, 422),
        ("api/evaluate", {"changes": [{"decision": 1, "price": "2"}]}, {}, 422),
        ("api/evaluate", {"changes": [{"decision": 1, "price": -2}]}, {}, 422),
        ("api/evaluate", {"changes": [{"decision": 1, "prise": 2}]}, {}, 422),
        ("api/evaluate", {"changes": [{"decision": 10_000}]}, {}, 409),
        ("api/scenarios", b'{"name": "\\ud800", "plan": {}}', {}, 422),
        ("api/evaluate", PLAN, {"Content-Length": str(limits.MOST_BYTES + 1)}, 413),
        ("api/none", {}, {}, 404),
        ("api/evaluate", None, {}, 405),
    ],
)
def test_what_is_not_a_question_of_the_page_is_refused(ask, path, body, headers, status):
    assert ask(path, body, **{name.replace("-", "_"): value for name, value in headers.items()}).status == status
    assert ask("api/evaluate", PLAN).status == 200


def test_where_others_can_ask_a_token_is_needed(desk, monkeypatch):
    import urllib.error
    import urllib.request

    address = start(desk, token="secret")
    plain, _, _ = address.partition("?")
    assert address.endswith("?token=secret")
    for url, status in ((address, 200), (plain, 401), (f"{plain}?token=wrong", 401)):
        try:
            found = urllib.request.urlopen(url, timeout=10).status
        except urllib.error.HTTPError as error:
            found = error.code
        assert found == status


def test_a_request_that_does_not_arrive_in_time_is_ended_and_others_are_answered(ask, address, monkeypatch):
    monkeypatch.setattr(limits, "MOST_SECONDS", 0.3)
    place = urlsplit(address)
    head = f"POST /api/evaluate HTTP/1.1\r\nHost: {place.netloc}\r\nContent-Type: application/json\r\n"
    with socket.create_connection((place.hostname, place.port)) as slow:
        slow.sendall(f"{head}Content-Length: 10\r\n\r\n{{".encode())
        assert ask("api/evaluate", PLAN).status == 200
        slow.settimeout(10)
        assert b"408" in slow.recv(100)


def test_many_at_once_are_answered_or_told_to_wait(ask):
    with concurrent.futures.ThreadPoolExecutor(40) as pool:
        found = [answer.status for answer in pool.map(lambda _: ask("api/evaluate", PLAN), range(80))]
    assert set(found) <= {200, 429}
    assert found.count(200) >= 20


money = st.one_of(st.floats(), st.integers(), st.none(), st.text(max_size=3))
changes = st.dictionaries(
    st.sampled_from(["decision", "price", "pinned", "excluded", "low", "high", "cost", "stock", "competitor", "x"]),
    st.one_of(money, st.booleans(), st.integers(0, 95)),
)
plans = st.one_of(
    st.fixed_dictionaries(
        {}, optional={"start": st.sampled_from(["recommended", "current", "x"]), "changes": st.lists(changes)}
    ),
    st.recursive(money, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=5),
)
bodies = st.one_of(
    plans,
    st.fixed_dictionaries({"name": st.text(max_size=90), "plan": plans}),
    st.fixed_dictionaries({"person": st.text(max_size=90), "plan": plans}, optional={"accept_breaches": st.booleans()}),
)


@pytest.mark.parametrize("examples", [150, pytest.param(2000, marks=pytest.mark.nightly)])
def test_no_body_makes_the_server_fail(ask, examples):
    @settings(max_examples=examples, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(path=st.sampled_from(PATHS), body=bodies)
    def one(path, body):
        answer = ask(path, json.dumps(body).encode())
        assert answer.status in (200, 409, 422, 429)
        answer.json  # noqa: B018 it is JSON

    one()
