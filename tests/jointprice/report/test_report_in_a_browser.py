"""The report in a real browser: thousands of changes are sorted, searched and paged, and printed from the first."""

from __future__ import annotations

from dataclasses import replace

import pytest


@pytest.fixture(scope="module")
def page(browser, finished, written, made):
    path = finished.session.directory.folder / "many.html"
    path.write_text(written(finished, pricing=made(3000)), "utf-8")
    page = browser.new_page()
    page.goto(path.as_uri())
    return page


def rows(page):
    return page.locator("#change-table tbody tr")


def test_pages_turn_through_all_rows(page):
    assert rows(page).count() == 100
    assert "page 1 of 30, 3000 rows" in page.locator(".pages").text_content()
    first = rows(page).first.text_content()
    page.locator(".pages button").last.click()
    assert rows(page).first.text_content() != first
    page.locator(".pages button").first.click()
    assert rows(page).first.text_content() == first


def test_search_and_sorting_see_the_rows_of_every_page(page):
    page.fill("input[type=search]", "p2999")
    assert rows(page).count() == 1
    assert page.locator(".pages").is_hidden()
    page.fill("input[type=search]", "")
    page.get_by_role("button", name="Product", exact=True).first.click()
    assert "p2999" in rows(page).first.text_content()


def test_paper_gets_the_first_rows_and_the_screen_its_page_back(page):
    page.evaluate("() => window.dispatchEvent(new Event('beforeprint'))")
    assert rows(page).count() == 500
    page.evaluate("() => window.dispatchEvent(new Event('afterprint'))")
    assert rows(page).count() == 100


def test_curves_of_a_further_product_are_drawn_when_it_is_chosen(page):
    choice = page.get_by_label("Curves of another product")
    name = choice.locator("option").nth(2).text_content()
    choice.select_option(name)
    figure = page.locator("#further-curve")
    assert figure.locator("h3").text_content() == name
    assert figure.locator("svg polyline").count() == 2
    assert "units at the recommended" in figure.locator("figcaption").text_content()
    choice.select_option("")
    assert figure.locator("svg").count() == 0


def hostile() -> list[str]:
    """300 texts that would run a script, each in 20 ways, were they ever taken for markup or code."""
    run = "window.hit=1"
    ways = [
        *(f"<script>{run}</script>", f"</script><script>{run}</script>", f"<!--><script>{run}</script>"),
        *(
            f"<img src=x onerror={run}>",
            f"<svg onload={run}>",
            f"<body onload={run}>",
            f"<details open ontoggle={run}>",
        ),
        *(f"<iframe srcdoc='<script>parent.{run}</script>'>", f"<input autofocus onfocus={run}>"),
        *(f"<style>@import 'x'</style><script>{run}</script>", f"<a href=javascript:{run}>x</a>"),
        *(f"${{{run}}}", f"{{{{{run}}}}}", f"\u2028{run}//", f"'-({run})-'"),
    ]
    breaks = ["", '"', "'", "`", ">", '">', "'>", "]]>", "-->", "&lt;", "\\", "\\u003c", "\ufffd"]
    breaks += [f"</{name}>" for name in ("td", "title", "template", "style", "textarea", "select", "option")]
    return [before + way for way in ways for before in breaks]


def test_300_hostile_texts_in_names_and_notes_run_not_once(browser, finished, written, made):
    texts = hostile()
    assert len(set(texts)) == 300
    pricing = made(300)
    offers = pricing.problem.offers.assign(product=texts)
    answer = pricing.answer.assign(product=texts, note=texts[::-1], store=texts)
    path = finished.session.directory.folder / "hostile.html"
    path.write_text(
        written(finished, pricing=replace(pricing, answer=answer, problem=replace(pricing.problem, offers=offers))),
        "utf-8",
    )
    page = browser.new_page()
    page.on("dialog", lambda dialog: pytest.fail("a dialog opened"))
    page.goto(path.as_uri())
    choice = page.get_by_label("Curves of another product")
    for number in range(1, choice.locator("option").count(), 20):
        choice.select_option(index=number)
    for button in page.locator(".pages button").all():
        if button.is_enabled():
            button.click()
    page.evaluate("() => document.querySelectorAll('details').forEach((one) => (one.open = true))")
    assert page.evaluate("() => window.hit") is None
    assert page.locator("img, iframe, body input[autofocus]").count() == 0
    page.close()


def test_no_table_is_cut_off_on_paper(browser, finished, written):
    path = finished.session.directory.folder / "printed.html"
    path.write_text(written(finished), "utf-8")
    page = browser.new_page(viewport={"width": 1033, "height": 700})  # A4 landscape between its margins
    page.emulate_media(media="print")
    page.goto(path.as_uri())
    page.evaluate("() => window.dispatchEvent(new Event('beforeprint'))")
    wide = "() => [...document.querySelectorAll('table')].map((one) => one.getBoundingClientRect().right)"
    assert max(page.evaluate(wide)) <= 1033
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_accessibility_checker_finds_no_serious_fault(browser, faults_in, finished, written, scheme):
    path = finished.session.directory.folder / "checked.html"
    path.write_text(written(finished), "utf-8")
    page = browser.new_page(color_scheme=scheme)
    page.goto(path.as_uri())
    assert faults_in(page) == []
    page.close()


FOCUSED = """() => {
  const one = document.activeElement;
  const seen = getComputedStyle(one).outlineStyle !== 'none';
  return one === document.body ? null : [one.tagName, (one.textContent || one.placeholder).trim().slice(0, 40), seen];
}"""


@pytest.fixture
def fresh(browser, page):
    """The same file, opened anew: nothing is focused, sorted or searched."""
    fresh = browser.new_page()
    fresh.goto(page.url)
    yield fresh
    fresh.close()


def test_every_control_is_reached_by_the_keyboard_alone_and_shows_that_it_is(fresh):
    page = fresh
    walked = []
    for _ in range(200):
        page.keyboard.press("Tab")
        now = page.evaluate(FOCUSED)
        if now is None:
            break
        walked.append(now)
    controls = "a[href], button:not(:disabled), input, select, summary"
    wanted = [one for one in page.locator(controls).all() if one.is_visible()]
    assert [tag for tag, *_ in walked] == [one.evaluate("(one) => one.tagName") for one in wanted]
    assert all(seen for *_, seen in walked), walked


def test_the_keyboard_searches_sorts_turns_pages_and_opens(fresh):
    page = fresh
    page.locator("input[type=search]").focus()
    page.keyboard.type("p2999")
    assert rows(page).count() == 1
    page.keyboard.press("Control+A")
    page.keyboard.press("Delete")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("() => document.activeElement.closest('th').getAttribute('aria-sort')") == "descending"
    before = rows(page).first.text_content()
    page.locator(".pages button").last.focus()
    page.keyboard.press("Space")
    assert rows(page).first.text_content() != before
    closed = page.locator("#told details:not([open]) summary").first
    words = closed.text_content()
    closed.focus()
    page.keyboard.press("Enter")
    assert page.locator("#told details[open] summary", has_text=words).count() == 1
