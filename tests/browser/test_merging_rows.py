"""Two rows of a code list that are one: seen, carried out with their numbers, and taken apart again."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from .conftest import look

LogIn = Callable[[Page, str], Page]


def rows(page: Page, address: str) -> list[tuple[str, int]]:
    """(code, numbers) of the list, the most used first."""
    page.goto(f"{address}?sort=-antal")
    found = page.locator("table.code-list tbody tr").all()
    return [
        (row.locator("a").first.inner_text(), int(row.locator(".figure-cell").inner_text().replace(".", "")))
        for row in found
    ]


def number_of(page: Page, address: str, code: str) -> int:
    return dict(rows(page, address))[code]


def name_of(page: Page, address: str, code: str) -> str:
    page.goto(f"{address}{code}/")
    return (
        page.locator("h1")
        .inner_text()
        .split("\n")[0]
        .removesuffix(page.locator("h1 .change-id").inner_text())
        .strip()
    )


def test_two_systems_are_merged_by_keyboard_and_taken_apart(page: Page, log_in: LogIn) -> None:
    log_in(page, "administrator")
    systems = "/stamdata/systemer/"
    (one, numbers), (other, others) = rows(page, systems)[:2]
    called, other_called = name_of(page, systems, one), name_of(page, systems, other)
    page.goto(f"{systems}{one}/")
    page.get_by_role("link", name="Læg sammen med en anden").click()
    look(page, "merge-form")
    page.get_by_role("button", name="Se, hvad der flyttes").click()
    expect(page.locator(".alert-error")).to_contain_text("Vælg, hvad der træder i stedet")
    look(page, "merge-form-errors")
    page.get_by_label("Erstattes af").select_option(other)
    page.get_by_label("Årsag").fill("Samme produkt")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"Læg {called} sammen med {other_called}")
    expect(page.locator(".totals")).to_contain_text(f"{numbers} ændres")
    expect(page.locator(".correction")).to_contain_text(re.compile(rf"Erstattes af:\s+–.*{other}", re.DOTALL))
    look(page, "merge-preview")
    preview = page.url
    assert number_of(page, systems, one) == numbers  # nothing yet

    page.goto(preview)
    page.get_by_role("button", name="Læg sammen, og flyt").focus()
    page.keyboard.press("Enter")
    expect(page.locator("h1 .change-id")).to_contain_text("udført", timeout=30_000)
    look(page, "merge-done")
    assert number_of(page, systems, other) == numbers + others
    page.goto(f"{systems}{other}/")
    expect(page.locator(".history")).to_contain_text(f"lagde {one} sammen med den")
    page.goto(f"{systems}{one}/")
    expect(page.locator(".alert-info")).to_contain_text("Erstattes af")
    look(page, "merge-row")

    page.locator(".history li").first.get_by_role("link").click()
    expect(page.locator("main")).to_contain_text(f"tages {called} i brug igen")
    look(page, "merge-correction")
    page.get_by_label("Årsag").fill("Det var to produkter")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Fortryd ændring")
    look(page, "merge-undo")
    page.get_by_role("button", name="Udfør").click()
    expect(page.locator("h1 .change-id")).to_contain_text("udført", timeout=30_000)
    assert number_of(page, systems, one) == numbers


def test_people_move_with_their_edi_administrator_and_a_draft_can_be_dropped(
    page: Page, log_in: LogIn
) -> None:
    log_in(page, "administrator")
    lists = "/stamdata/edi-administratorer/"
    page.goto(lists)
    with_people = page.locator(
        "table.code-list tbody tr", has=page.locator("td[data-title=Personer]:not(:empty)")
    )
    one = with_people.first.locator("a").first.inner_text()
    other = next(code for code, _numbers in rows(page, lists) if code != one)
    page.goto(f"{lists}{one}/sammenlaeg/")
    page.get_by_label("Erstattes af").select_option(other)
    page.get_by_label("Årsag").fill("Lagt sammen")
    page.get_by_role("button", name="Se, hvad der flyttes").click()
    expect(page.locator(".correction")).to_contain_text("ret til at rette alle lokationsnumre under")
    look(page, "merge-people")
    page.get_by_role("button", name="Annuller").click()
    expect(page.locator("h1 .change-id")).to_contain_text("annulleret")
    look(page, "merge-dropped")
    page.get_by_role("link", name="Begynd forfra").click()
    expect(page.locator("main")).not_to_contain_text("Erstattes af")
