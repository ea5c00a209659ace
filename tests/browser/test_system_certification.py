"""The sheet of approvals and the map of systems, as an administrator works with them.

Late in the alphabet: once a list is in force, plans of all other tests on this site would warn of what it lacks.
"""

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from .approvals import hand_in, sheet
from .conftest import Site, look

LogIn = Callable[[Page, str], Page]

SYSTEMS = ("Clinea (LPS)", "Clinea (Privath.)", "Nexus (EOJ)", "MADS")


def test_a_sheet_is_put_into_use_and_a_system_mapped_by_keyboard(
    page: Page, log_in: LogIn, tmp_path: Path
) -> None:
    log_in(page, "administrator")
    hand_in(page, sheet(tmp_path, "januar.csv", *SYSTEMS), "2026-01-05")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Godkendelser 5. januar 2026")
    look(page, "certification-preview")
    page.click("text=Tag listen i brug")
    expect(page.locator(".messages")).to_contain_text("Listen er taget i brug.")

    # A second sheet takes MADS away: nothing happens until that is ticked.
    hand_in(page, sheet(tmp_path, "februar.csv", *SYSTEMS[:3]), "2026-02-05")
    page.click("text=Tag listen i brug")
    expect(page.get_by_role("alert")).to_contain_text("MADS")
    look(page, "certification-refused")
    page.locator("label", has_text="MADS må miste dette").click()
    page.click("text=Tag listen i brug")
    expect(page.locator(".messages")).to_contain_text("Listen er taget i brug.")

    page.goto("/stamdata/systemer/kobling/?q=clinea")
    row = page.locator("tr", has_text=re.compile("Clinea"))
    expect(row.locator(".mapping")).to_have_text("foreslået")
    look(page, "system-map")
    page.reload()  # axe leaves style attributes behind, which htmx would put on the new row
    page.get_by_role("button", name="Godtag Clinea (LPS)").focus()
    page.keyboard.press("Enter")
    row = page.locator("tbody tr")
    expect(row.locator(".mapping")).to_have_text("koblet")
    expect(row.get_by_role("link", name="Clinea")).to_be_focused()
    page.get_by_role("button", name="Afvis Clinea (Privath.)").click()
    expect(row).to_contain_text("afvist")
    page.locator("summary", has_text="Historik (2)").click()
    expect(row).to_contain_text("administrator: afviste Clinea (Privath.)")
    look(page, "system-map-mapped")

    # Enter in the field maps what is written there, and nothing else.
    page.reload()
    row.locator("summary", has_text="Et andet navn").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("Nexus")
    page.keyboard.press("Enter")
    expect(row.get_by_role("alert")).to_contain_text("“Nexus” står ikke på")
    expect(row.locator("input[name=navn]")).to_be_focused()
    look(page, "system-map-refused")
    page.reload()
    row.locator("summary", has_text="Et andet navn").click()
    row.locator("input[name=navn]").fill("MADS")
    page.keyboard.press("Enter")
    expect(row.locator(".answer-certified")).to_have_text(["Clinea (LPS)", "MADS"])

    row.get_by_role("link", name="Clinea").click()
    expect(page.get_by_role("heading", name="Godkendelser", exact=True)).to_be_visible()
    expect(page.get_by_text("Hos MedCom:")).to_contain_text("Clinea (LPS)")
    look(page, "system-certification")


def test_the_map_works_without_javascript(
    site: Site, chromium: Browser, log_in: LogIn, page: Page, tmp_path: Path
) -> None:
    log_in(page, "administrator")
    hand_in(page, sheet(tmp_path, "marts.csv", *SYSTEMS), "2026-03-05")
    page.click("text=Tag listen i brug")
    plain = chromium.new_context(base_url=site.address, locale="da-DK", java_script_enabled=False)
    try:
        other = log_in(plain.new_page(), "administrator")
        other.goto("/stamdata/systemer/kobling/?q=nexus")
        other.get_by_role("button", name="Godtag Nexus (EOJ)").click()
        expect(other).to_have_url(re.compile(r"/stamdata/systemer/kobling/\?q=nexus#system-\d+$"))
        expect(other.locator("tbody tr .mapping")).to_have_text("koblet")
    finally:
        plain.close()
