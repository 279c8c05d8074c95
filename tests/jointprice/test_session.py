"""What tasks share: compiled programs that do not pile up in a long-lived process."""

import jax
import pytest

from jointprice import session


@pytest.mark.parametrize(("maps", "kept"), [(session.MANY_MAPS + 1, 0), (session.MANY_MAPS, 1)])
def test_a_process_forgets_its_compiled_programs_only_where_they_are_many(monkeypatch, maps, kept):
    doubled = jax.jit(lambda x: 2 * x)
    doubled(1.0)
    monkeypatch.setattr(session, "_memory_maps", lambda: maps)
    session.forget_many_programs()
    assert doubled._cache_size() == kept


def test_the_memory_maps_of_this_process_are_counted_where_the_system_tells_them():
    assert session._memory_maps() >= 0
    if session.Path("/proc/self/maps").exists():
        assert session._memory_maps() > 10
