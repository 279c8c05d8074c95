"""A person at the page, in a real browser: Debian's chromium by playwright (`pip install 'jointprice[browser]'`)."""

from __future__ import annotations

import json

import pytest

from tests.jointprice.whatif.conftest import HOSTILE

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: jointprice[browser]")
expect = getattr(playwright, "expect", None)


@pytest.fixture
def page(browser, address):
    page = browser.new_page()
    faults = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(address)
    expect(page.locator("#gain")).not_to_have_text("–")
    yield page
    assert not faults
    page.close()


def price_of(page, words):
    page.fill("#search", words)
    return page.locator("#prices tbody input[type=number]").first


def test_a_price_is_found_moved_pinned_and_the_rest_optimised_around_it(page):
    before = page.locator("#gain").text_content()
    price_of(page, "product-03 store-02").fill("1.70")
    page.keyboard.press("Tab")
    expect(page.locator("#gain")).not_to_have_text(before)
    expect(page.locator("#moved li").first).to_contain_text("product-03 (store-02)")
    page.get_by_label("Pin the price of product-03 (store-02)").check()
    page.click("#optimise")
    expect(page.locator("#optimise")).to_be_enabled(timeout=60_000)
    expect(price_of(page, "product-03 store-02")).to_have_value("1.70")
    page.click("#undo")
    expect(page.locator("#gain")).to_have_text(before)


def test_columns_sort_pages_turn_and_more_is_told(page):
    page.locator("#prices th[data-key=product] button").click()
    expect(page.locator("#prices th[data-key=product]")).to_have_attribute("aria-sort", "ascending")
    expect(page.locator("#page")).to_contain_text("page 1 of 2, 96 prices")
    page.click("#next")
    expect(page.locator("#page")).to_contain_text("page 2 of 2")
    page.fill("#search", "product-05 store-07")
    page.get_by_label("More about product-05 (store-07)").click()
    expect(page.get_by_label("Cost of product-05 (store-07)")).to_be_visible()
    expect(page.locator("tr.more")).to_contain_text("is within .5 % of the best")


def test_scenarios_are_compared_and_an_override_is_approved_with_its_reason(page, address):
    price_of(page, "product-04 store-03").fill("9.99")
    page.keyboard.press("Tab")
    expect(page.locator("#breaches")).to_contain_text("max_change")
    page.fill("#name", "dear four")
    page.click("#save")
    expect(page.locator("#scenarios tbody tr").first).to_contain_text("dear four")
    page.fill("#person", "Ann")
    page.click("#approve")
    expect(page.locator("#problem")).to_contain_text("Say why another price than the recommended one")
    page.get_by_label("More about product-04 (store-03)").click()
    page.get_by_label("Reason for the price of product-04 (store-03)").fill("a test")
    page.keyboard.press("Tab")
    page.check("#accept")
    page.click("#approve")
    expect(page.locator("#approved")).to_contain_text("96 prices written")


def test_hostile_names_are_text(page):
    page.fill("#search", HOSTILE[:12])
    expect(page.locator("#prices tbody tr").first).to_contain_text(HOSTILE)
    assert page.evaluate("() => window.hit") is None
    assert page.locator("#prices img").count() == 0
    page.fill("#name", HOSTILE)
    page.click("#save")
    expect(page.locator("#scenarios")).to_contain_text(HOSTILE)
    assert page.evaluate("() => window.hit") is None


def test_figures_are_those_that_the_server_gave(page, address, ask):
    totals = ask("api/evaluate", json.dumps({}).encode()).json["totals"]
    shown = page.locator("#profit").text_content().split()[0].replace(",", "")
    assert float(shown) == round(totals["profit"], 2)


def test_every_control_has_a_name_and_the_keyboard_reaches_it(page):
    unnamed = page.evaluate(
        """() => [...document.querySelectorAll("input, select, button")].filter(
            (one) => !(one.ariaLabel || one.labels?.length || one.textContent.trim())).length"""
    )
    assert unnamed == 0
    page.locator("body").press("Tab")
    assert page.evaluate("() => document.activeElement.id") == "start"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_accessibility_checker_finds_no_serious_fault(browser, faults_in, address, scheme):
    page = browser.new_page(color_scheme=scheme)
    page.goto(address)
    expect(page.locator("#gain")).not_to_have_text("–")
    page.get_by_label("More about").first.click()
    assert faults_in(page) == []
    page.close()
