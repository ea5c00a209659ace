"""The code lists as a person meets them: a row changed and told, a file read in, a version phased out."""

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from .conftest import Site, look

LogIn = Callable[[Page, str], Page]


def test_a_row_is_changed_told_and_the_list_shown_as_it_was(page: Page, log_in: LogIn) -> None:
    log_in(page, "administrator")
    page.goto("/stamdata/")
    look(page, "stamdata")
    page.get_by_role("link", name=re.compile("Systemer")).click()
    page.get_by_label("Søg").fill("novax")
    page.keyboard.press("Enter")
    look(page, "stamdata-systemer")
    page.locator("table.code-list tbody a").first.click()
    page.get_by_role("link", name="Ret", exact=True).click()
    page.get_by_role("button", name="Gem").click()
    expect(page.locator(".alert-error")).to_contain_text("Skriv hvorfor")
    look(page, "stamdata-ret-fejl")
    page.get_by_label("Navn").fill("Novax Klinik")
    page.get_by_label("Årsag").fill("Produktet har skiftet navn")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("Novax Klinik")
    told = page.locator(".history li").first
    expect(told).to_contain_text(re.compile(r"administrator\s+ændrede\s+Navn: Novax → Novax Klinik"))
    expect(told).to_contain_text("Årsag: Produktet har skiftet navn")
    look(page, "stamdata-historik")

    told.get_by_role("link").click()
    page.get_by_label("Årsag").fill("Det var et andet produkt")
    page.get_by_role("button", name="Fortryd").click()
    look(page, "stamdata-fortryd")
    page.get_by_role("button", name="Udfør 1 ændring").click()
    expect(page.locator(".change-id")).to_contain_text("udført")
    page.goto("/stamdata/systemer/?q=novax&pr=2020-01-01")
    expect(page.locator("main")).to_contain_text("Intet i listen har")
    look(page, "stamdata-paa-en-dag")


def test_a_list_goes_out_and_comes_back_changed(
    chromium: Browser, site: Site, log_in: LogIn, tmp_path: Path
) -> None:
    """Without JavaScript."""
    plain = chromium.new_context(base_url=site.address, locale="da-DK", java_script_enabled=False)
    try:
        page = log_in(plain.new_page(), "administrator")
        page.goto("/stamdata/vans/")
        with page.expect_download() as download:
            page.get_by_role("link", name="Hent CSV").click()
        lines = download.value.path().read_text("utf-8-sig")
        file = tmp_path / "vans.csv"
        file.write_text(f"{lines}99;Nyt net;;\n;Uden kode;;\n", "utf-8")
        page.get_by_role("link", name="Indlæs CSV").click()
        page.set_input_files("input[type=file]", file)
        page.get_by_label("Årsag").fill("Nyt net")
        page.get_by_role("button", name="Indlæs og kontrollér").click()
        expect(page.locator("main")).to_contain_text("Filen har 1 fejl")
        expect(page.locator("main")).to_contain_text("Koden mangler")
        file.write_text(f"{lines}99;Nyt net;;\n", "utf-8")
        page.set_input_files("input[type=file]", file)
        page.get_by_label("Årsag").fill("Nyt net")
        page.get_by_role("button", name="Indlæs og kontrollér").click()
        expect(page.locator(".totals")).to_contain_text("1 ny række")
        page.get_by_role("button", name="Udfør 1 ændring").click()
        page.get_by_role("link", name="99", exact=True).click()
        expect(page.locator("h1")).to_contain_text("Nyt net")
    finally:
        plain.close()


def test_a_version_is_phased_out(page: Page, log_in: LogIn) -> None:
    log_in(page, "administrator")
    page.goto("/stamdata/edi-typer/")
    look(page, "stamdata-edi-typer")
    page.get_by_role("link", name="Udfas en version").click()
    look(page, "udfas")
    page.get_by_label("Den gamle").select_option("DIS91 D9134L")
    page.get_by_label("Den nye").select_option("XDIS91 XD9134L")
    page.get_by_role("button", name="Se, hvordan det står til").click()
    expect(page.locator("main")).to_contain_text("Ikke kontrolleret")
    expect(page.locator("svg.chart")).to_be_visible()
    page.get_by_text("Det samme som tabel").click()
    look(page, "udfas-stilling")
    with page.expect_download() as download:
        page.get_by_role("link", name="Hent dem som CSV").click()
    assert download.value.path().read_bytes().startswith(b"\xef\xbb\xbfLokationsnummer;Enhed;System kode;")
    page.locator("ul.figures a").first.click()
    expect(page).to_have_url(re.compile(r"/lokationsnumre/\?edi_type="))
