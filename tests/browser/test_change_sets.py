"""What was changed, by the keyboard: a preview narrowed, some numbers undone, changes found again, and the past."""

import re
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from playwright.sync_api import Page, expect

from .conftest import look
from .test_bulk_edit import ACTIVE, carry_out, choose, more, plan

LogIn = Callable[[Page, str], Page]


def tab_to(page: Page, selector: str, most: int = 200) -> None:
    for _press in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("s => document.activeElement.matches(s)", selector):
            return
    raise AssertionError(f"{selector} is not reached by Tab")


def press(page: Page, selector: str) -> None:
    tab_to(page, selector)
    page.keyboard.press("Enter")


def write(page: Page, selector: str, text: str) -> None:
    tab_to(page, selector)
    page.keyboard.type(text)


def glns(page: Page) -> list[str]:
    """The numbers that the table of a change shows, as they are written in addresses."""
    links = page.locator("table.changed td.number a").all()
    return [str(link.get_attribute("href")).strip("/").split("/")[-1] for link in links]


@pytest.fixture
def draft(page: Page, log_in: LogIn, request: pytest.FixtureRequest) -> str:
    """The address of a plan for three numbers."""
    log_in(page, "region")
    choose(page, 3)
    more(page)
    page.fill("[name=note]", f"Af {request.node.name}")
    plan(page, f"Af {request.node.name}")
    return page.url


def test_a_preview_is_narrowed(page: Page, draft: str) -> None:
    shown = glns(page)
    write(page, "form.narrow-changes [name=q]", shown[0])
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"q={shown[0]}"))
    expect(page.locator("main")).to_contain_text("1–1 af 1")
    assert glns(page) == shown[:1]
    look(page, "aendring-indsnaevret")
    tab_to(page, "form.narrow-changes select[name=felt]")
    page.keyboard.type("VANS")
    press(page, "form.narrow-changes button")
    expect(page.locator(".empty")).to_contain_text("Ingen af ændringens lokationsnumre matcher.")
    look(page, "aendring-indsnaevret-tom")
    press(page, f"form.narrow-changes a[href^='{'/' + draft.split('/', 3)[3]}']")
    expect(page.locator("main")).to_contain_text("1–3 af 3")
    assert glns(page) == shown


def test_some_numbers_are_undone_and_then_the_rest(page: Page, draft: str) -> None:
    shown = glns(page)
    carry_out(page)
    expect(page.locator("#fortryd")).to_be_visible()
    tab_to(page, f"input[name=valgt][value='{shown[1]}']")
    page.keyboard.press("Space")
    expect(page.locator(".choose-count")).to_have_text("1 valgt på siden")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#fortryd [name=reason]")).to_be_focused()
    look(page, "fortryd-valgte")
    write(page, "[name=reason]", "Kun den ene")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text("1 lokationsnummer:")
    assert glns(page) == [shown[1]]
    carry_out(page)

    page.goto(draft)
    expect(page.locator("main")).to_contain_text("1 lokationsnummer er fortrudt")
    expect(page.locator("input[name=valgt]")).to_have_count(2)
    look(page, "aendring-delvis-fortrudt")
    press(page, "#fortryd button[value=valgte]")
    expect(page.locator("main")).to_contain_text("Sæt flueben ved de lokationsnumre")
    look(page, "fortryd-intet-valgt")
    write(page, "[name=reason]", "Også resten")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text("2 lokationsnumre:")
    assert glns(page) == [shown[0], shown[2]]
    carry_out(page)


def test_changes_are_found_by_each_filter(page: Page, draft: str) -> None:
    gln = glns(page)[0]
    carry_out(page)
    own = page.locator(f"table.change-sets a[href='/aendringer/{draft.strip('/').split('/')[-1]}/']")
    today = date.today()
    page.goto("/aendringer/")
    look(page, "aendringer-alle")
    write(page, "form.narrow-changes [name=person]", "region")
    write(page, "form.narrow-changes [name=gln]", gln)
    tab_to(page, "form.narrow-changes select[name=felt]")
    page.keyboard.type("Bem")
    press(page, "form.narrow-changes button")
    expect(page).to_have_url(re.compile(f"gln={gln}"))
    expect(own).to_be_visible()
    expect(page.locator(".chips a.tag")).to_have_count(3)
    look(page, "aendringer-filtreret")
    for query, found in (
        ("kilde=edit&tilstand=done", True),
        ("kilde=import", False),
        (f"fra={today - timedelta(days=1)}&til={today + timedelta(days=1)}", True),
        (f"til={today - timedelta(days=1)}", False),
        ("person=administrator", False),
        ("felt=vans", False),
        ("edi_type=DIS91", False),
    ):
        page.goto(
            f"/aendringer/?gln={gln}&person=region&{query}"
            if "person" not in query
            else f"/aendringer/?{query}"
        )
        expect(own).to_have_count(int(found))
    look(page, "aendringer-ingen")
    press(page, ".chips li:last-child a")
    expect(page).to_have_url(re.compile(r"/aendringer/$"))
    expect(own).to_be_visible()


def test_the_past_of_a_number_and_of_a_search(page: Page, draft: str) -> None:
    gln = glns(page)[0]
    carry_out(page)
    today = date.today()
    page.goto(f"/lokationsnumre/{gln}/")
    page.locator(".as-of-day [name=pr]").fill(f"{today}")  # how a day is typed is the browser's
    press(page, ".as-of-day button")
    expect(page.locator(".as-of")).to_contain_text("Som det var")
    look(page, "lokationsnummer-pr")
    press(page, ".as-of a")
    expect(page).to_have_url(re.compile(f"/lokationsnumre/{gln}/$"))

    page.goto(ACTIVE)
    page.locator("details.facet:has([name=pr]) summary").focus()
    page.keyboard.press("Enter")
    tab_to(page, "[name=pr]")
    page.locator("[name=pr]").fill(f"{today}")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"pr={today}"))
    expect(page.locator(".as-of")).to_be_visible()
    expect(page.locator(f"td a[href^='/lokationsnumre/{gln}/']").first).to_be_visible()
