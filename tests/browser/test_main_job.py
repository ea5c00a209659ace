"""The main job as a person does it: by mouse, by the keyboard alone, and without JavaScript."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from .conftest import Site, look

LogIn = Callable[[Page, str], Page]
ACTIVE = "/lokationsnumre/?status=aktiv&edi_type=DIS91+D9134L&vans=41000035001"
OTHER_VANS = "DataGruppen MultiMed A/S"
RECEIPT_MS = 30_000  # the worker takes a change within seconds; a sweep within half a minute


@pytest.fixture
def page_without_javascript(chromium: Browser, site: Site) -> Iterator[Page]:
    context = chromium.new_context(base_url=site.address, locale="da-DK", java_script_enabled=False)
    yield context.new_page()
    context.close()


def carried_out(page: Page) -> None:
    """Wait for the receipt, through the page's own polling or refresh."""
    expect(page.locator("form[action$='/fortryd/'] button")).to_be_visible(timeout=RECEIPT_MS)


def held_by(page: Page, gln: str) -> str:
    page.goto(f"/lokationsnumre/{gln}/")
    return page.locator("main").inner_text()


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
    page.locator("form[action$='/fortryd/'] button").click()
    look(page, "fortryd-kontroller")
    page.locator("form[action$='/udfoer/'] button").click()
    carried_out(page)
    assert "KMD" in held_by(page, glns[1])
    page.goto("/aendringer/")
    look(page, "aendringer")


def test_by_keyboard_alone(page: Page, log_in: LogIn) -> None:
    log_in(page, "region")
    page.goto("/lokationsnumre/?status=aktiv&vans=41000035001")

    def tab_to(selector: str, most: int = 200) -> None:
        for _press in range(most):
            page.keyboard.press("Tab")
            if page.evaluate("s => document.activeElement.matches(s)", selector):
                return
        raise AssertionError(f"{selector} is not reached by Tab")

    tab_to("input[name=q]")
    page.keyboard.type("afdeling")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("q=afdeling"))
    tab_to("input[name=valgt]")
    page.keyboard.press("Space")
    tab_to("button[name=omfang][value=valgte]", most=400)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/lokationsnumre/ret/"))
    tab_to("select[name=vans]")
    for _press in range(9):
        page.keyboard.press("ArrowDown")
        if page.evaluate("document.activeElement.selectedOptions[0].text") == OTHER_VANS:
            break
    tab_to("[name=reason]")
    page.keyboard.type("Med tastaturet")
    tab_to("form.edit button[type=submit]")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/aendringer/[0-9]+/$"))
    tab_to("form[action$='/udfoer/'] button")
    page.keyboard.press("Enter")
    carried_out(page)
    tab_to("form[action$='/fortryd/'] button")
    page.keyboard.press("Enter")
    expect(page.locator("form[action$='/udfoer/'] button")).to_be_visible()
    tab_to("form[action$='/udfoer/'] button")
    page.keyboard.press("Enter")
    carried_out(page)


def test_without_javascript(page_without_javascript: Page, log_in: LogIn, tmp_path: Path) -> None:
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
    page.locator("form[action$='/fortryd/'] button").click()
    page.locator("form[action$='/udfoer/'] button").click()
    carried_out(page)
    _gln, lines = one_number(page)
    path = tmp_path / "uden-javascript.csv"
    path.write_text("\r\n".join(["Loknr;EdiId", *lines[1:]]) + "\r\n")
    hand_in(page, path)
    expect(page.locator("form#apply button")).to_be_visible(timeout=RECEIPT_MS)
    page.locator("form#apply button").click()
    carried_out(page)


def one_number(page: Page) -> tuple[str, list[str]]:
    """The first number of the search, and its lines of the mass-update file."""
    lines = page.request.get(ACTIVE + "&format=massupdate").body().decode("utf-8-sig").splitlines()[1:]
    gln = lines[0].split(";")[0]
    return gln, [line for line in lines if line.startswith(gln)]


def hand_in(page: Page, path: Path) -> None:
    page.goto("/masseopdatering/")
    page.set_input_files("input[type=file]", path)
    page.locator("form[enctype] button[type=submit]").click()


def test_mass_update_with_an_error_then_right(page: Page, log_in: LogIn, tmp_path: Path) -> None:
    log_in(page, "region")
    page.goto("/masseopdatering/")
    look(page, "masseopdatering")
    gln, lines = one_number(page)
    wrong, right = tmp_path / "forkert.csv", tmp_path / "rigtig.csv"
    wrong.write_text("\r\n".join(["Loknr;EdiId", *lines, f"{gln};DIS99", "5790000000000;1017"]) + "\r\n")
    right.write_text("\r\n".join(["Loknr;EdiId", *lines[:-1]]) + "\r\n")

    hand_in(page, wrong)
    expect(page.locator("main")).to_contain_text("DIS99", timeout=RECEIPT_MS)
    look(page, "masseopdatering-fejl")
    hand_in(page, right)
    expect(page.locator("form#apply button")).to_be_visible(timeout=RECEIPT_MS)
    look(page, "masseopdatering-kontroller")
    for tick in page.locator("main input[type=checkbox]").all():
        tick.check()
    page.locator("form#apply button").click()
    carried_out(page)
    look(page, "masseopdatering-kvittering")
    page.goto("/masseopdatering/")
    look(page, "masseopdatering-tidligere")


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
