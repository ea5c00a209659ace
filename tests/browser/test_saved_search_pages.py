"""Keep a search, find it on the overview with its count, share it, and take its rows away as a sheet."""

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page, expect
from python_calamine import CalamineWorkbook

from .conftest import Site, look

LogIn = Callable[[Page, str], Page]


def test_a_search_is_saved_shared_and_counted(page: Page, log_in: LogIn) -> None:
    log_in(page, "region")
    page.goto("/lokationsnumre/?status=aktiv&sort=enhed")
    found = page.locator(".results-head .count").inner_text().split()[0]
    page.get_by_role("link", name="Gem søgning").click()
    look(page, "gem-soegning")
    page.get_by_label("Navn").fill("Aktive numre")
    page.get_by_label("Hvem ser den").select_option(label="Region Midtjylland")
    page.get_by_role("button", name="Gem", exact=True).click()
    expect(page).to_have_url(re.compile(r"/lokationsnumre/\?status=aktiv&sort=enhed$"))
    expect(page.locator("#messages")).to_contain_text("gemt")

    page.goto("/")
    entry = page.locator(".saved li", has_text="Aktive numre")
    expect(entry.locator(".saved-count")).to_contain_text(found)
    expect(entry).to_contain_text("delt med Region Midtjylland")
    look(page, "overblik-gemt")
    page.get_by_role("link", name="Alle gemte søgninger").click()
    expect(page.locator(".saved .saved-count")).to_contain_text(found)
    look(page, "gemte-soegninger")

    page.get_by_role("link", name="Ret Aktive numre").press("Enter")
    page.get_by_label("Navn").fill("Mine aktive")
    page.get_by_label("Navn").press("Enter")
    page.get_by_role("link", name="Mine aktive", exact=True).press("Enter")
    expect(page).to_have_url(re.compile(r"/lokationsnumre/\?status=aktiv&sort=enhed$"))
    page.goto("/soegninger/")
    expect(page.locator(".saved .saved-count")).to_contain_text(
        "lokationsnumre"
    )  # the list is whole, no more to come
    page.get_by_role("button", name="Slet Mine aktive").press("Enter")
    expect(page.locator("main")).to_contain_text("Du har ingen gemte søgninger endnu.")
    look(page, "gemte-soegninger-tom")


def test_without_javascript_a_search_is_saved_and_counted_too(
    chromium: Browser, site: Site, log_in: LogIn
) -> None:
    context = chromium.new_context(base_url=site.address, locale="da-DK", java_script_enabled=False)
    page = log_in(context.new_page(), "medcom")
    page.goto("/lokationsnumre/?status=lukket")
    page.get_by_role("link", name="Gem søgning").click()
    page.get_by_label("Navn").fill("Lukkede")
    page.get_by_role("button", name="Gem", exact=True).click()
    page.goto("/")
    page.get_by_role("link", name="Vis, hvor mange de hver finder").click()
    expect(page.locator(".saved li", has_text="Lukkede").locator(".saved-count")).to_have_text(
        re.compile(r"[0-9]+")
    )
    page.get_by_role("button", name="Slet Lukkede").click()
    context.close()


def test_the_menu_fetches_a_sheet_of_the_result(page: Page, log_in: LogIn) -> None:
    log_in(page, "region")
    page.goto("/lokationsnumre/?status=aktiv")
    found = page.locator(".results-head .count").inner_text().split()[0]
    page.locator(".results-head details.fetch summary").click()
    with page.expect_download() as begun:
        page.get_by_role("link", name="Alle data (Excel)").click()
    assert begun.value.suggested_filename == "lokationsnumre.xlsx"
    rows = CalamineWorkbook.from_path(begun.value.path()).get_sheet_by_index(0).to_python()
    assert len(rows) - 1 == int(found.replace(".", ""))
    assert {len(str(row[0])) for row in rows[1:]} == {13}


def test_the_ticked_numbers_of_two_pages_are_one_file(page: Page, log_in: LogIn) -> None:
    log_in(page, "administrator")
    ticked = []
    for number in (1, 2):
        page.goto(f"/lokationsnumre/?antal=25&page={number}")
        for box in page.locator("input[name=valgt]").all()[:2]:
            box.check()
            ticked.append(box.get_attribute("value"))
    page.locator(".fetch-chosen summary").click()
    look(page, "hent-valgte")
    with page.expect_download() as begun:
        page.get_by_role("button", name="Masseopdateringsfil").click()
    lines = Path(begun.value.path()).read_text("utf-8-sig").splitlines()
    assert (begun.value.suggested_filename, lines[0]) == ("masseopdatering.csv", "Loknr;EdiId")
    assert list(dict.fromkeys(line.partition(";")[0] for line in lines[1:])) == ticked
