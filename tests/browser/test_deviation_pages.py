"""Deviations from SOR as a person meets them: made, seen, settled one way and the other, and taken away."""

import re
from collections.abc import Callable

from playwright.sync_api import Browser, Page, expect

from .conftest import Site, look

LogIn = Callable[[Page, str], Page]


def deviate(page: Page, first: int) -> list[str]:
    """Give the logged-in person's numbers at `first` and after another VANS than SOR says; returns the two."""
    page.goto("/lokationsnumre/?status=aktiv")
    rows = [page.locator("table.locations tbody tr").nth(first + n) for n in range(2)]
    now = "".join(row.inner_text() for row in rows)
    boxes = [row.locator("input[name=valgt]") for row in rows]
    for box in boxes:
        box.check()
    chosen = [str(box.get_attribute("value")) for box in boxes]
    page.get_by_role("button", name="Ret valgte").click()
    networks = page.locator("select[name=vans] option").all_inner_texts()[1:]
    page.select_option("select[name=vans]", label=next(name for name in networks if name not in now))
    page.fill("input[name=reason]", "Ny netoperatør")
    page.get_by_role("button", name="Se, hvad der ændres").click()
    carry_out(page)
    return chosen


def carry_out(page: Page) -> None:
    page.get_by_role("button", name=re.compile("^Udfør")).click()
    expect(page.locator(".change-id")).to_contain_text("udført", timeout=30_000)


def test_deviations_are_settled_by_taking_sors_or_keeping_ours(page: Page, log_in: LogIn) -> None:
    log_in(page, "region")
    page.goto("/afvigelser/?gln=1")
    look(page, "afvigelser-tom")
    kept, taken = deviate(page, 0)
    page.goto("/")
    page.get_by_role("link", name=re.compile("afvigelse.* fra SOR")).click()
    expect(page).to_have_url(re.compile(r"/afvigelser/\?afgjort=nej$"))
    look(page, "afvigelser")

    page.goto(f"/lokationsnumre/{kept}/")
    expect(page.locator(".deviations-of")).to_contain_text("VANS")
    look(page, "lokationsnummer-afviger")
    page.get_by_role("link", name="Afgør afvigelserne").click()
    page.locator(f"input[value='{kept}:vans']").check()
    expect(page.locator(".choose-count")).to_contain_text("1")
    page.get_by_role("button", name="Afgør valgte").click()
    look(page, "afvigelser-afgoer")
    page.get_by_role("button", name="Afgør").click()
    expect(page.locator(".alert-error")).to_contain_text("Vælg, hvordan")
    look(page, "afvigelser-afgoer-fejl")
    page.get_by_label("Behold vores").check()
    page.fill("input[name=reason]", "Aftalt")
    page.get_by_role("button", name="Afgør").click()
    expect(page.locator(".messages")).to_contain_text("Vores er beholdt i 1 afvigelse")
    row = page.locator("tr", has=page.locator(f"input[value='{kept}:vans']"))
    expect(row).to_contain_text("vores beholdt")
    look(page, "afvigelser-afgjort")

    page.goto(f"/afvigelser/?gln={taken}&felt=vans")
    page.get_by_role("button", name="Afgør alle").click()
    page.get_by_label("Tag SOR").check()
    page.fill("input[name=reason]", "SOR har ret")
    page.get_by_role("button", name="Afgør").click()
    carry_out(page)
    page.goto(f"/afvigelser/?gln={taken}&felt=vans")
    expect(page.locator("main")).to_contain_text("Ingen afvigelser passer")


def test_deviations_by_keyboard_and_without_javascript(
    chromium: Browser, site: Site, page: Page, log_in: LogIn
) -> None:
    log_in(page, "region")
    one, _two = deviate(page, 2)
    page.goto(f"/afvigelser/?gln={one}")
    box = page.locator(f"input[value='{one}:vans']")
    box.focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"/afvigelser/afgoer/.*{one}"))
    page.locator("input[value=vores]").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.locator(".messages")).to_contain_text("Vores er beholdt i 1 afvigelse")

    plain = chromium.new_context(base_url=site.address, locale="da-DK", java_script_enabled=False)
    try:
        other = log_in(plain.new_page(), "region")
        other.goto(f"/afvigelser/?gln={one}&felt=vans&afgjort=ja")
        other.get_by_role("button", name="Afgør alle").click()
        other.get_by_label("Genåbn").check()
        other.get_by_role("button", name="Afgør").click()
        expect(other.locator(".messages")).to_contain_text("1 afvigelse er åben igen")
    finally:
        plain.close()


def test_deviations_as_files(page: Page, log_in: LogIn) -> None:
    log_in(page, "region")
    deviate(page, 4)
    for name, header in (
        ("Afvigelserne", b"Lokationsnummer;Enhed;"),
        ("EDI-typer til SOR", b"Loknr;EdiId\r\n"),
    ):
        page.goto("/afvigelser/?felt=vans")
        page.locator(".fetch summary").click()
        with page.expect_download() as download:
            page.get_by_role("link", name=name).click()
        lines = download.value.path().read_bytes().removeprefix(b"\xef\xbb\xbf").splitlines(keepends=True)
        assert lines[0].startswith(header) and len(lines) > 1
