"""A plan on a site with a list of approvals in force: what is certified is added, what is not is warned of and ticked.

Late in the alphabet, as test_system_certification and for its reason.
"""

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from .approvals import hand_in, sheet
from .conftest import look
from .test_system_certification import SYSTEMS

LogIn = Callable[[Page, str], Page]
DONE_MS = 30_000
CERTIFIED = ("DIS91 (D9134L)", "PRE01 (LMS016)")


def press(page: Page, what: Locator, key: str) -> None:
    what.focus()
    page.keyboard.press(key)


def put_into_use(page: Page, file: Path, day: str) -> None:
    hand_in(page, file, day)
    press(page, page.get_by_role("button", name="Tag listen i brug"), "Enter")
    expect(page.locator(".messages")).to_contain_text("Listen er taget i brug.")


def map_clinea(page: Page) -> str:
    """Returns its code. A test before may have done it."""
    page.goto("/stamdata/systemer/kobling/?q=clinea")
    accept = page.get_by_role("button", name="Godtag Clinea (LPS)")
    if accept.count():
        press(page, accept, "Enter")
    expect(page.locator("tbody tr .mapping")).to_have_text("koblet")
    return page.locator("tbody tr th .code-of").inner_text()


def test_all_certified_and_one_type_that_is_not_by_keyboard(
    page: Page, log_in: LogIn, tmp_path: Path
) -> None:
    log_in(page, "administrator")
    put_into_use(page, sheet(tmp_path, "april.csv", *SYSTEMS, messages=CERTIFIED), "2026-04-05")
    system = map_clinea(page)

    page.goto(f"/lokationsnumre/?status=aktiv&system={system}&ikke_edi_type=PRE01%20LMS016")
    for box in page.locator("input[name=valgt]").all()[:2]:
        press(page, box, "Space")
    press(page, page.locator("button[name=omfang][value=valgte]"), "Enter")
    expect(page.locator("form.edit")).to_contain_text("5. april 2026")
    press(page, page.get_by_label(re.compile("^Tilføj alle godkendte")), "Space")
    group = page.locator("#id_add details").last
    if not group.get_attribute("open"):
        press(page, group.locator("summary").first, "Enter")
    named = group.locator(".choice").last
    uncertified = named.locator(".code").inner_text()
    press(page, named.locator("input"), "Space")
    look(page, "ret-alle-godkendte")
    page.locator("[name=reason]").focus()
    page.keyboard.type("Nyt system")
    press(page, page.locator("form.edit button[type=submit]"), "Enter")
    expect(page).to_have_url(re.compile(r"/aendringer/[0-9]+/$"))

    expect(page.locator(".certified")).to_contain_text("PRE01 LMS016")
    warnings = page.locator(".warnings")
    expect(warnings).to_contain_text(uncertified)
    expect(warnings).to_contain_text("ikke på listen")
    look(page, "kontroller-ikke-godkendt")

    # Without the tick nothing is carried out: the browser itself asks for it.
    carry_out = page.locator("#apply button")
    press(page, carry_out, "Enter")
    tick = warnings.get_by_role("checkbox").first
    expect(tick).to_be_focused()
    for tick in warnings.get_by_role("checkbox").all():
        press(page, tick, "Space")
        expect(tick).to_be_checked()
    press(page, carry_out, "Enter")
    expect(page.locator("main")).to_contain_text("Udført", timeout=DONE_MS)
    page.reload()
    look(page, "kvittering-ikke-godkendt")

    # The systems of these are on no list, so nobody gets anything; the page says who.
    page.goto("/lokationsnumre/?status=aktiv")
    other = page.locator(".pick", has=page.locator("input[name=system]"), has_text="PAS-portal")
    page.goto(
        f"/lokationsnumre/?status=aktiv&system={other.first.locator('input').get_attribute('value')}&antal=25"
    )
    for box in page.locator("input[name=valgt]").all()[:2]:
        press(page, box, "Space")
    press(page, page.locator("button[name=omfang][value=valgte]"), "Enter")
    press(page, page.get_by_label(re.compile("^Tilføj alle godkendte")), "Space")
    page.locator("[name=reason]").focus()
    page.keyboard.type("Nyt system")
    page.keyboard.press("Enter")
    expect(page.locator(".certified details")).to_contain_text("2 lokationsnumre får intet")
    expect(page.get_by_role("link", name="Hent dem alle (CSV)")).to_be_visible()
    look(page, "kontroller-ingen-godkendte")
    press(page, page.get_by_role("button", name="Vælg en anden rettelse for dem"), "Enter")
    expect(page.locator("h1")).to_have_text("Ret 2 lokationsnumre")
