"""What people see: largest changes, headline, progress lines."""

import io

import pytest

from jointprice import terminal

HEADER = "product,store,current_price,price,change_pct,units_current,units,profit,profit_current\n"


def prices(folder, *rows):
    path = folder / "prices.csv"
    path.write_text(HEADER + "".join(f"{row}\n" for row in rows), "utf-8")
    return path


def test_changes_are_listed_by_size_and_unchanged_prices_are_not(tmp_path):
    path = prices(
        tmp_path,
        "a,s,10.0,10.5,5.0,100,95,300,290",
        "b,s,10.0,9.0,-10.0,100,130,200,220",
        "c,s,10.0,10.0,0.0,1,1,1,1",
    )
    assert terminal.largest_changes(path) == [
        ("b", "s", "10.0", "9.0", "-10.0 %", "100.0", "130.0", "-20.00"),
        ("a", "s", "10.0", "10.5", "+5.0 %", "100.0", "95.0", "+10.00"),
    ]


def test_stores_in_which_a_product_gets_one_price_are_one_row(tmp_path):
    path = prices(tmp_path, "a,s,10.0,10.5,5.0,100,95,300,290", "a,t,10.0,10.5,5.0,50,45,150,140")
    assert terminal.largest_changes(path) == [("a", "2 stores", "10.0", "10.5", "+5.0 %", "150.0", "140.0", "+20.00")]


def test_current_prices_that_differ_are_a_range_and_their_change_is_weighted_by_units(tmp_path):
    path = prices(tmp_path, "a,s,10.0,11.0,10.0,300,270,30,20", "a,t,8.0,11.0,37.5,100,70,10,10")
    # (300 × 11 + 100 × 11) / (300 × 10 + 100 × 8) - 1 = 4,400 / 3,800 - 1
    assert terminal.largest_changes(path) == [
        ("a", "2 stores", "8.0-10.0", "11.0", "+15.8 %", "400.0", "340.0", "+10.00")
    ]


def test_a_store_that_has_the_new_price_already_is_counted_among_its_stores(tmp_path):
    path = prices(tmp_path, "a,s,10.0,11.0,10.0,100,90,30,20", "a,t,11.0,11.0,0.0,100,100,10,10")
    assert terminal.largest_changes(path)[0][:5] == ("a", "2 stores", "10.0-11.0", "11.0", "+4.8 %")


def test_stores_with_different_new_prices_are_rows_of_their_own(tmp_path):
    path = prices(tmp_path, "a,s,10.0,11.0,10.0,1,1,1,1", "a,t,10.0,12.0,20.0,1,1,1,1")
    assert [row[1:5] for row in terminal.largest_changes(path)] == [
        ("t", "10.0", "12.0", "+20.0 %"),
        ("s", "10.0", "11.0", "+10.0 %"),
    ]


def test_the_change_of_stores_without_known_units_counts_them_alike(tmp_path):
    path = prices(tmp_path, "a,s,10.0,12.0,20.0,,,,", "a,t,10.0,12.0,20.0,,,,")
    assert terminal.largest_changes(path) == [("a", "2 stores", "10.0", "12.0", "+20.0 %", "0.0", "0.0", "–")]


def test_at_most_ten_changes_are_listed(tmp_path):
    path = prices(tmp_path, *(f"p{number},s,10.0,{10 + number / 10},{number}.0,1,1,1,1" for number in range(1, 31)))
    assert [row[0] for row in terminal.largest_changes(path)] == [f"p{number}" for number in range(30, 20, -1)]


def test_without_costs_no_profit_is_claimed(tmp_path):
    path = prices(tmp_path, "a,s,10.0,10.5,5.0,100,95,,")
    assert terminal.largest_changes(path)[0][-1] == "–"


def test_the_headline_tells_what_the_summary_knows(tmp_path, capsys):
    summary = {
        "task": "run",
        "status": "done",
        "period": "2024-06-03",
        "offers": {"total": 20, "priced": 18, "held": 2},
        "objective": {"name": "profit", "current": 1000, "recommended": 1100.5},
        "uplift": {"promised": {"mean": 50.0, "p10": -5.0, "p90": 90.0}},
        "oracle": {"share": 0.9712, "captured": 0.5, "uplift_realised": 40.0, "hold_share": 0.921},
    }
    terminal.show_result(summary, tmp_path)
    assert capsys.readouterr().out.splitlines()[0] == (
        "run: done · period 2024-06-03 · 18 of 20 offers priced, 2 held · profit 1,000.00 -> 1,100.50 in the model · "
        "promised +50.00 (-5.00 to +90.00) · 97.1 % of the oracle (holding prices: 92.1 %)"
    )


def test_the_headline_of_a_validation_tells_what_the_data_holds(tmp_path, capsys):
    data = {"rows": 5760, "series": 96, "periods": 60, "frequency": "week", "offers": 96}
    data |= {"first_period": "2023-01-02", "last_period": "2024-02-19", "power": {"identified": 7, "weak": 1}}
    terminal.show_result({"task": "validate", "status": "done", "data": data}, tmp_path)
    assert capsys.readouterr().out.splitlines()[0] == (
        "validate: done · 5,760 rows: 96 series × 60 weeks · 2023-01-02 to 2024-02-19 · 96 offers to price · "
        "price response of the products: 7 identified, 1 weak"
    )


def test_the_headline_of_a_forecast_tells_its_rows_and_how_far_they_go(tmp_path, capsys):
    summary = {"task": "forecast", "status": "done", "period": "2024-06-03"}
    terminal.show_result(summary | {"forecast": {"rows": 1200, "last_period": "2024-06-24"}}, tmp_path)
    told = capsys.readouterr().out.splitlines()[0]
    assert told == "forecast: done · period 2024-06-03 · 1,200 rows, up to 2024-06-24"


def test_the_headline_of_a_backtest_tells_its_error_beside_the_naive_one(tmp_path, capsys):
    found = {"rounds": 10, "rows": 1920, "wape": 0.29533, "naive_wape": 0.5112}
    terminal.show_result({"task": "backtest", "status": "done", "backtest": found}, tmp_path)
    told = capsys.readouterr().out.splitlines()[0]
    assert told == "backtest: done · 10 rounds, 1,920 rows · WAPE 29.5 % (last known units: 51.1 %)"


def test_the_table_is_plain_text_where_stdout_is_no_terminal(tmp_path, capsys):
    prices(tmp_path, "[red]a[/red],s,10.0,10.5,5.0,100,95,300,290")
    terminal.show_result({"task": "run"}, tmp_path)
    told = capsys.readouterr().out
    assert "\x1b" not in told
    assert "[red]a[/red]" in told
    assert told.rstrip().endswith(str(tmp_path))


def test_progress_off_a_terminal_is_an_occasional_line(monkeypatch):
    clock = iter([0.0, 5.0, 11.0, 12.0, 13.0])
    monkeypatch.setattr(terminal.time, "monotonic", lambda: next(clock))
    stream = io.StringIO()
    with terminal.Progress(stream=stream).stage("train", total=5) as advance:
        advance()  # after 5 s, of which it compiled for most: too soon to tell
        advance(3, "loss 1.2")  # 6 s later
        advance()  # 1 s later
    assert stream.getvalue().splitlines() == ["train 4/5 loss 1.2 (about 2 s left)", "train: 13.0 s"]


@pytest.mark.parametrize("terminal_like", [True, False])
def test_a_quiet_progress_says_nothing(terminal_like):
    stream = io.StringIO()
    stream.isatty = lambda: terminal_like
    progress = terminal.Progress(quiet=True, stream=stream)
    progress.note("hello")
    with progress.stage("train", total=2) as advance:
        advance()
    assert stream.getvalue() == ""


@pytest.mark.parametrize("no_color", ["1", ""])
def test_bars_on_a_terminal_honour_no_color(monkeypatch, no_color):
    monkeypatch.setenv("NO_COLOR", no_color)
    monkeypatch.setenv("TERM", "xterm-256color")
    stream = io.StringIO()
    stream.isatty = lambda: True
    with terminal.Progress(stream=stream).stage("train", total=2) as advance:
        advance(2, "loss 1.0")
    assert "train" in stream.getvalue()
    assert ("\x1b[3" in stream.getvalue()) == (no_color == "")


def test_a_failing_stage_passes_its_error_on():
    def work():
        with terminal.Progress(stream=io.StringIO()).stage("train"):
            raise ValueError("inside")

    with pytest.raises(ValueError, match="inside"):
        work()


def test_the_markdowns_worth_most_are_told_and_held_prices_are_not(tmp_path):
    path = tmp_path / "markdown.csv"
    path.write_text(
        "product,store,current_price,price,change_pct,units,left_over,money,worth,worth_of_holding,status\n"
        "a,web,10.0,9.0,-10.0,5.2,1.0,800.0,810.0,800.0,priced\n"
        "b,web,20.0,16.0,-20.0,50.25,3.0,2500.5,2510.0,2400.0,priced\n"
        "c,web,20.0,20.0,0.0,5.0,0.0,100.0,100.0,100.0,priced\n"
        "d,web,20.0,20.0,0.0,,,,,,held\n",
        "utf-8",
    )
    assert terminal.largest_markdowns(path) == [
        ("b", "web", "20.0", "16.0", "50.2", "3.0", "2,500.50", "+110.00"),
        ("a", "web", "10.0", "9.0", "5.2", "1.0", "800.00", "+10.00"),
    ]
