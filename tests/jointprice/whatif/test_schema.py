"""The server against its own OpenAPI schema, by schemathesis (`pip install 'jointprice[browser]'`): requests that the
schema allows and others like them; every answer is one that the schema names, and none is a fault of the server."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from jointprice.whatif.server import application

schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed: jointprice[browser]")
ALONE = {"deadline": None, "derandomize": True, "database": None, "phases": [Phase.generate]}


@pytest.fixture(scope="module")
def schema(make_desk, tmp_path_factory):
    """Of an application whose search takes no time: it answers as the check of the same plan does."""
    desk = make_desk(tmp_path_factory.mktemp("schema"))
    desk.optimise = desk.check
    return schemathesis.openapi.from_asgi("/openapi.json", application(desk, "USD"))


@pytest.mark.parametrize("examples", [20, pytest.param(420, marks=pytest.mark.nightly)])
def test_every_answer_is_one_that_the_schema_names_and_no_request_is_a_fault_of_the_server(schema, examples):
    from schemathesis.specs.openapi.checks import positive_data_acceptance

    # JSON Schema takes 1.0 for a whole number and half a character for text; the server takes neither.
    unlike = [positive_data_acceptance]
    asked = 0
    for operation in schema.get_all_operations():
        for mode in schemathesis.GenerationMode:

            @settings(**ALONE, suppress_health_check=list(HealthCheck), max_examples=examples)
            @given(case=operation.ok().as_strategy(generation_mode=mode))
            def ask(case):
                nonlocal asked
                case.call_and_validate(excluded_checks=unlike)
                asked += 1

            if operation.ok().body or mode is schemathesis.GenerationMode.POSITIVE:
                ask()
    assert asked >= 9 * examples
