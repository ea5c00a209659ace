"""The main job as a person does it: by mouse, by the keyboard alone, and without JavaScript."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from .conftest import Site, look

LogIn = Callable[[Page, str], Page]
Press = Callable[[str], None]  # follows or opens what a selector finds
ACTIVE = "/lokationsnumre/?status=aktiv&edi_type=DIS91+D9134L&vans=41000035001"
OTHER_VANS = "DataGruppen MultiMed A/S"
RECEIPT_MS = 30_000  # the worker takes a change within seconds; a sweep within half a minute


@pytest.fixture
def page_without_javascript(chromium: Browser, site: Site) -> Iterator[Page]:
    context = chromium.new_context(base_url=site.address, locale="da-DK", java_script_enabled=False)
    yield context.new_page()
    context.close()


@pytest.fixture
def foreign_number(chromium: Browser, site: Site, log_in: LogIn) -> str:
    """The address of a number that is not the region's to edit."""
    context = chromium.new_context(base_url=site.address)
    page = log_in(context.new_page(), "administrator")
    page.goto("/lokationsnumre/?administrator=110")
    address = page.locator("table tbody tr a[href^='/lokationsnumre/']").first.get_attribute("href")
    context.close()
    return str(address)


def carried_out(page: Page) -> None:
    """Wait for the receipt, through the page's own polling or refresh."""
    expect(page.locator("form[action$='/fortryd/'] button[value='']")).to_be_visible(timeout=RECEIPT_MS)


def held_by(page: Page, gln: str) -> str:
    page.goto(f"/lokationsnumre/{gln}/")
    return page.locator("main").inner_text()


def undo(page: Page, why: str) -> None:
    """Plan it from the receipt."""
    page.fill("form[action$='/fortryd/'] [name=reason]", why)
    page.locator("form[action$='/fortryd/'] button[value='']").click()


def refused(page: Page, address: str) -> None:
    answer = page.goto(address)
    assert answer and answer.status == 404
    expect(page.locator("h1")).to_have_text("Ikke fundet")


def fetched(page: Page, link: str, press: Press) -> str:
    """The text of the file that is downloaded once `press` has opened "Hent" and followed its `link`."""
    press("details.fetch summary")
    with page.expect_download() as download:
        press(f"details.fetch a[href*='{link}']")
    return download.value.path().read_bytes().decode("utf-8-sig")


def fetched_both(page: Page, press: Press) -> tuple[str, list[str]]:
    """Take the list away in both formats; the first number of it, and its lines of the mass-update file."""
    assert fetched(page, "format=csv", press).startswith("Lokationsnummer;")
    press("details.fetch summary")  # shut
    header, *lines = fetched(page, "format=massupdate", press).splitlines()
    assert header == "Loknr;EdiId"
    gln = lines[0].split(";")[0]
    return gln, [line for line in lines if line.startswith(gln)]


def files_of(folder: Path, gln: str, lines: list[str]) -> tuple[Path, Path]:
    """A mass-update file with an error, and one that takes one EDI type from the number."""
    wrong, right = folder / "forkert.csv", folder / "rigtig.csv"
    wrong.write_text("\r\n".join(["Loknr;EdiId", *lines, f"{gln};DIS99", "5790000000000;1017"]) + "\r\n")
    right.write_text("\r\n".join(["Loknr;EdiId", *lines[:-1]]) + "\r\n")
    return wrong, right


def hand_in(page: Page, path: Path) -> None:
    page.goto("/masseopdatering/")
    page.set_input_files("input[type=file]", path)
    page.locator("form[enctype] button[type=submit]").click()


def errors_shown(page: Page) -> None:
    expect(page.locator("main")).to_contain_text("DIS99", timeout=RECEIPT_MS)


def preview_shown(page: Page) -> None:
    expect(page.locator("form#apply button")).to_be_visible(timeout=RECEIPT_MS)


def test_edit_preview_apply_and_undo(page: Page, log_in: LogIn) -> None:
    log_in(page, "region")
    look(page, "overblik")
    page.goto(ACTIVE)
    ticks = page.locator("input[name=valgt]")
    glns = [str(ticks.nth(place).get_attribute("value")) for place in range(2)]
    for place in range(2):
        ticks.nth(place).check()
    look(page, "lokationsnumre-valgt")
    page.locator("button[name=omfang][value=valgte]").click()
    look(page, "ret-valgte")
    page.locator("form.edit button[type=submit]").click()
    expect(page.locator("[role=alert]")).to_be_visible()
    look(page, "ret-valgte-fejl")
    page.select_option("select[name=vans]", label=OTHER_VANS)
    page.fill("[name=reason]", "Ny aftale om VANS")
    page.locator("form.edit button[type=submit]").click()
    expect(page).to_have_url(re.compile(r"/aendringer/[0-9]+/$"))
    expect(page.locator("main")).to_contain_text("2 lokationsnumre")
    look(page, "aendring-kontroller")
    page.locator("form[action$='/udfoer/'] button").click()
    carried_out(page)
    look(page, "aendring-kvittering")
    receipt = page.url
    text = held_by(page, glns[0])
    assert "DataGruppen MultiMed" in text and "Ny aftale om VANS" in text
    look(page, "lokationsnummer-historik")
    page.goto(receipt)
    undo(page, "")
    expect(page.locator("[role=alert]")).to_be_visible()
    look(page, "fortryd-fejl")
    undo(page, "Aftalen faldt bort")
    expect(page.locator("main")).to_contain_text("Aftalen faldt bort")
    look(page, "fortryd-kontroller")
    page.locator("form[action$='/udfoer/'] button").click()
    carried_out(page)
    page.goto(receipt)
    look(page, "aendring-fortrudt")
    assert "KMD" in held_by(page, glns[1])
    page.goto("/aendringer/")
    look(page, "aendringer")


def test_by_keyboard_alone(page: Page, site: Site, foreign_number: str, tmp_path: Path) -> None:
    def tab_to(selector: str, most: int = 400) -> None:
        for _press in range(most):
            page.keyboard.press("Tab")
            if page.evaluate("s => document.activeElement.matches(s)", selector):
                return
        raise AssertionError(f"{selector} is not reached by Tab")

    def press(selector: str) -> None:
        tab_to(selector)
        page.keyboard.press("Enter")

    def write(selector: str, text: str) -> None:
        tab_to(selector)
        page.keyboard.type(text)

    def choose_and_send(path: Path) -> None:
        press("nav a[href='/masseopdatering/']")
        expect(page.locator("input[type=file]")).to_be_visible()
        tab_to("input[type=file]")
        with page.expect_file_chooser() as chooser:
            page.keyboard.press("Space")
        chooser.value.set_files(path)
        press("form[enctype] button[type=submit]")

    # Choosers are caught from the start: Playwright may else begin to only after the key has opened one.
    page.on("filechooser", lambda _chooser: None)
    page.goto("/lokationsnumre/?status=aktiv&vans=41000035001")
    write("input[name=username]", "region")
    write("input[name=password]", site.password)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/lokationsnumre/"))
    write("input[name=q]", "afdeling")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("q=afdeling"))
    tab_to("input[name=valgt]")
    page.keyboard.press("Space")
    press("button[name=omfang][value=valgte]")
    expect(page).to_have_url(re.compile("/lokationsnumre/ret/"))
    tab_to("select[name=vans]")
    for _press in range(9):
        page.keyboard.press("ArrowDown")
        if page.evaluate("document.activeElement.selectedOptions[0].text") == OTHER_VANS:
            break
    write("[name=reason]", "Med tastaturet")
    press("form.edit button[type=submit]")
    expect(page).to_have_url(re.compile(r"/aendringer/[0-9]+/$"))
    press("form[action$='/udfoer/'] button")
    carried_out(page)
    write("form[action$='/fortryd/'] [name=reason]", "Også med tastaturet")
    press("form[action$='/fortryd/'] button[value='']")
    expect(page.locator("form[action$='/udfoer/'] button")).to_be_visible()
    press("form[action$='/udfoer/'] button")
    carried_out(page)

    page.goto(ACTIVE)
    wrong, right = files_of(tmp_path, *fetched_both(page, press))
    choose_and_send(wrong)
    errors_shown(page)
    choose_and_send(right)
    preview_shown(page)
    for tick in page.locator(".warnings input[type=checkbox]").all():
        tab_to(f"#{tick.get_attribute('id')}")
        page.keyboard.press("Space")
    press("form#apply button")
    carried_out(page)
    refused(page, foreign_number)


def test_without_javascript(
    page_without_javascript: Page, log_in: LogIn, foreign_number: str, tmp_path: Path
) -> None:
    page = page_without_javascript
    log_in(page, "region")
    page.goto(ACTIVE)
    page.locator("input[name=valgt]").first.check()
    page.locator("button[name=omfang][value=valgte]").click()
    page.select_option("select[name=vans]", label=OTHER_VANS)
    page.fill("[name=reason]", "Uden JavaScript")
    page.locator("form.edit button[type=submit]").click()
    page.locator("form[action$='/udfoer/'] button").click()
    carried_out(page)
    undo(page, "Også uden JavaScript")
    page.locator("form[action$='/udfoer/'] button").click()
    carried_out(page)
    page.goto(ACTIVE)
    wrong, right = files_of(tmp_path, *fetched_both(page, page.click))
    hand_in(page, wrong)
    errors_shown(page)
    hand_in(page, right)
    preview_shown(page)
    for tick in page.locator(".warnings input[type=checkbox]").all():
        tick.check()
    page.locator("form#apply button").click()
    carried_out(page)
    refused(page, foreign_number)


def test_mass_update_with_an_error_then_right(
    page: Page, log_in: LogIn, foreign_number: str, tmp_path: Path
) -> None:
    log_in(page, "region")
    page.goto("/masseopdatering/")
    look(page, "masseopdatering")
    page.goto(ACTIVE)
    wrong, right = files_of(tmp_path, *fetched_both(page, page.click))
    hand_in(page, wrong)
    errors_shown(page)
    look(page, "masseopdatering-fejl")
    hand_in(page, right)
    preview_shown(page)
    look(page, "masseopdatering-kontroller")
    for tick in page.locator(".warnings input[type=checkbox]").all():
        tick.check()
    page.locator("form#apply button").click()
    carried_out(page)
    look(page, "masseopdatering-kvittering")
    page.goto("/masseopdatering/")
    look(page, "masseopdatering-tidligere")
    refused(page, foreign_number)


def test_sor_import(page: Page, log_in: LogIn, tmp_path: Path) -> None:
    log_in(page, "administrator")
    page.goto("/sor-import/")
    look(page, "sor-import")
    broken = tmp_path / "LocationsCode.csv"
    broken.write_text("EanLocationCode;SorId\r\n5790000173624;1\r\n")
    page.set_input_files("input[type=file]", broken)
    page.locator("form[enctype] button[type=submit]").click()
    expect(page.locator("main")).to_contain_text("CommunicationSupplierId", timeout=RECEIPT_MS)
    look(page, "sor-import-fejl")


def test_the_other_pages(page: Page, log_in: LogIn) -> None:
    log_in(page, "administrator")
    for name, path in {
        "overblik-administrator": "/",
        "stamdata": "/stamdata/",
        "komponenter": "/komponenter/",
        "adgangskode": "/adgangskode/",
    }.items():
        page.goto(path)
        look(page, name)


def test_what_cannot_be_opened_or_sent(page: Page, log_in: LogIn) -> None:
    log_in(page, "region")
    for name, path in {"405": "/aendringer/1/udfoer/", "400-parameter": "/stamdata/?list=vans"}.items():
        page.goto(path)
        look(page, name)
    page.goto("/admin/")
    expect(page.locator("main")).to_contain_text("Kun administratorer")
