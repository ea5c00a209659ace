"""Ret valgte: each of its operations, one number from its own page, and a plan that somebody else made out of date."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from .conftest import Site, look

LogIn = Callable[[Page, str], Page]
ACTIVE = "/lokationsnumre/?status=aktiv"
DONE_MS = 30_000


def choose(page: Page, count: int = 2) -> None:
    """Tick the first numbers of the list, and open the form."""
    page.goto(ACTIVE)
    for box in page.locator("input[name=valgt]").all()[:count]:
        box.check()
    page.locator("button[name=omfang][value=valgte]").click()
    expect(page.locator("form.edit")).to_be_visible()


def plan(page: Page, why: str) -> None:
    page.fill("[name=reason]", why)
    page.locator("form.edit button[type=submit]").click()
    expect(page).to_have_url(re.compile(r"/aendringer/[0-9]+/$"))


def carry_out(page: Page) -> None:
    for tick in page.locator(".warnings input[type=checkbox]").all():
        tick.check()
    page.locator("#apply button").click()
    expect(page.locator("main")).to_contain_text("Udført", timeout=DONE_MS)


def tick_type(page: Page, field: str, place: int = 0) -> str:
    """Tick an EDI type of the fieldset `field`; returns its code and version."""
    page.evaluate(
        f"document.querySelectorAll('#id_{field} details').forEach((group) => {{ group.open = true; }})"
    )
    choice = page.locator(f"#id_{field} .choice").nth(place)
    choice.locator("input").check()
    return choice.locator(".code").inner_text()


def more(page: Page) -> None:
    """The seldom changed fields; they stand open where the number has a note."""
    if not page.locator(".edit-more[open]").count():
        page.locator(".edit-more summary").click()


def test_each_operation(page: Page, log_in: LogIn) -> None:
    log_in(page, "administrator")
    choose(page)
    vendor = page.locator("#id_vendor_helptext")
    page.locator("select[name=system]").select_option(label="Clinea")
    expect(vendor).to_contain_text("den sædvanlige for Clinea")
    look(page, "ret-valgte-leverandoer")
    plan(page, "Nyt system")
    expect(page.locator("main")).to_contain_text("Clinea")
    carry_out(page)

    choose(page)
    page.check("input[name=remove_all]")
    added = tick_type(page, "add")
    plan(page, "Forfra")
    expect(page.locator("main")).to_contain_text("Ikke kontrolleret")
    look(page, "ret-valgte-kontroller")
    carry_out(page)

    choose(page)
    assert page.locator("#id_remove .choice .code").all_text_contents() == [added]
    page.locator("select[name=swap_from]").select_option(label=added)
    page.locator("select[name=swap_to]").select_option(index=5)
    plan(page, "Ny version")
    carry_out(page)

    choose(page)
    tick_type(page, "remove")
    more(page)
    page.locator("select[name=only_internal]").select_option("ja")
    page.locator("select[name=inactive]").select_option("ja")
    page.fill("[name=note]", "Rettet i browseren")
    page.locator("select[name=edi_administrator]").select_option(index=2)
    page.locator("select[name=vans]").select_option(index=2)
    plan(page, "Resten")
    expect(page.locator("main")).to_contain_text("Rettet i browseren")
    carry_out(page)


def test_one_number_from_its_own_page(page: Page, log_in: LogIn) -> None:
    log_in(page, "region")
    page.goto(ACTIVE)
    page.locator("td a[href^='/lokationsnumre/']").first.click()
    page.get_by_role("link", name="Ret", exact=True).click()
    expect(page.locator("form.edit")).to_contain_text("Nu:")
    look(page, "ret-et-nummer")
    now = page.locator("#id_vans_helptext").inner_text().removeprefix("Nu: ").removesuffix(".")
    page.locator("select[name=vans]").select_option(label=now)
    page.fill("[name=reason]", "Som det er")
    page.locator("form.edit button[type=submit]").click()
    expect(page.get_by_role("status")).to_contain_text("Intet ville blive ændret")
    look(page, "ret-intet")
    more(page)
    page.fill("[name=note]", "Ringet op")
    plan(page, "Fra siden")
    carry_out(page)


@pytest.mark.parametrize("javascript", [True, False])
def test_a_plan_out_of_date(
    page: Page, chromium: Browser, site: Site, log_in: LogIn, javascript: bool
) -> None:
    log_in(page, "region")
    choose(page)
    more(page)
    page.fill("[name=note]", f"Sen {javascript}")
    plan(page, "For sent")
    late = page.url
    other = chromium.new_context(
        base_url=site.address, locale="da-DK", java_script_enabled=javascript
    ).new_page()
    log_in(other, "administrator")
    first = page.locator("table.changed a").first.get_attribute("href") or ""
    other.goto(f"/lokationsnumre/ret/?omfang=valgte&valgt={first.strip('/').split('/')[-1]}")
    more(other)
    other.fill("[name=note]", f"Tidlig {javascript}")
    plan(other, "Først")
    other.locator("#apply button").click()
    expect(other.locator("main")).to_contain_text("Udført", timeout=DONE_MS)
    other.context.close()
    page.locator("#apply button").click()
    expect(page.locator("main")).to_contain_text("er ændret i mellemtiden", timeout=DONE_MS)
    look(page, "aendring-foraeldet")
    page.locator("form[action$='/igen/'] button").click()
    expect(page.locator("#apply button")).to_be_visible()
    assert page.url != late
    carry_out(page)
