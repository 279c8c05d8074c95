"""docs/search.md keeps its word: its Python runs as written, and says what it says it would."""

import re
from pathlib import Path

TEXT = (Path(__file__).parents[1] / "docs" / "search.md").read_text("utf-8")


def test_the_demands_of_the_page_are_searched_and_the_one_with_an_index_gets_a_bound(capsys):
    names: dict = {}
    black_box, indexed = re.findall(r"^```python\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
    exec(compile(black_box, "docs/search.md", "exec"), names)
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines() if "[" in line] == [
        "genetic",
        "gradient",
        "random",
    ]
    assert names["found"].bound is None
    exec(compile(indexed, "docs/search.md", "exec"), names)
    found = names["found"]
    assert found.status == "done"
    assert 0 < found.value <= found.bound * 1.001
    assert found.gap < 0.01
