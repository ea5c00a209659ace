"""A typing error in a search comes back where it was typed, with all else that was typed; by keyboard."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from .conftest import look

LogIn = Callable[[Page, str], Page]


def test_a_typing_error_on_the_page_of_changes_is_corrected_in_its_field(page: Page, log_in: LogIn) -> None:
    log_in(page, "administrator")
    page.goto("/aendringer/")
    page.get_by_label("Person").fill("administrator")
    gln = page.get_by_label("Lokationsnummer", exact=True)
    gln.fill("57900x1")
    gln.press("Enter")
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("Søgningen kan ikke bruges")
    expect(gln).to_have_value("57900x1")
    expect(gln).to_have_accessible_description(re.compile("13 cifre"))
    expect(page.get_by_label("Person")).to_have_value("administrator")
    look(page, "aendringer-tastefejl")
    alert.get_by_role("link").press("Enter")
    expect(gln).to_be_focused()
    gln.fill("")
    gln.press("Enter")
    expect(alert).to_have_count(0)
    expect(page).to_have_url(re.compile("person=administrator"))
    page.goto("/aendringer/?fra=1.5.2031")
    expect(page.get_by_label("Fra", exact=True)).to_have_value("1.5.2031")


def test_a_typing_error_on_the_list_is_corrected_in_its_field(page: Page, log_in: LogIn) -> None:
    log_in(page, "administrator")
    page.goto("/lokationsnumre/?status=aktiv")
    written = page.get_by_label("EDI-typer med komma imellem")
    page.locator("select[name=edi_maade]").select_option("mangler")
    written.fill("DIS91, DIS99")
    written.press("Enter")
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("DIS99")
    expect(written).to_have_value("DIS99")
    expect(page.locator("select[name=edi_maade]")).to_have_value("mangler")
    expect(page.locator("input[name=status][value=aktiv]")).to_be_checked()
    expect(page.locator(".pick", has_text="DIS91").locator("input")).to_be_checked()
    look(page, "lokationsnumre-tastefejl")
    alert.get_by_role("link").press("Enter")
    expect(written).to_be_focused()
    written.fill("CTL01")
    written.press("Enter")
    expect(page).to_have_url(re.compile(r"\?mangler=[^&]+&mangler=CTL01&status=aktiv$"))
    expect(alert).to_have_count(0)


def test_on_a_telephone_the_drawer_opens_at_the_field(page: Page, log_in: LogIn) -> None:
    log_in(page, "administrator")
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/lokationsnumre/?gln=57900x")
    field = page.locator("input[name=gln]")
    expect(field).to_be_hidden()
    page.get_by_role("alert").get_by_role("link").click()
    expect(field).to_be_visible()
    expect(field).to_be_focused()
