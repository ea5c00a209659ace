"""Log in, search, look, take away, and be refused what belongs to others."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from .conftest import look

LogIn = Callable[[Page, str], Page]


def test_log_in_page_and_wrong_password(page: Page) -> None:
    page.goto("/lokationsnumre/")
    expect(page).to_have_url(re.compile(r"/log-ind/\?next="))
    look(page, "log-ind")
    page.fill("input[name=username]", "region")
    page.fill("input[name=password]", "forkert")
    page.press("input[name=password]", "Enter")
    expect(page.locator("main")).to_contain_text(re.compile("forkert|korrekt|rigtig", re.IGNORECASE))
    look(page, "log-ind-fejl")


def test_search_look_and_download(page: Page, log_in: LogIn) -> None:
    log_in(page, "administrator")
    page.goto("/lokationsnumre/?status=aktiv&sort=enhed")
    look(page, "lokationsnumre")
    numbers = page.locator("table tbody tr a[href^='/lokationsnumre/']")
    assert numbers.count() > 10
    numbers.first.click()
    expect(page.locator("h1")).to_contain_text(re.compile(r"[0-9]{4}"))
    look(page, "lokationsnummer")
    page.goto("/lokationsnumre/?q=findesikkeher")
    look(page, "lokationsnumre-tom")
    answer = page.request.get("/lokationsnumre/?status=aktiv&format=massupdate")
    assert answer.body().startswith(b"\xef\xbb\xbfLoknr;EdiId\r\n")
    assert page.request.get("/lokationsnumre/?format=csv").body().startswith(b"\xef\xbb\xbfLokationsnummer;")


def test_what_cannot_be_found_or_asked(page: Page, log_in: LogIn) -> None:
    log_in(page, "administrator")
    page.goto("/lokationsnumre/?administrator=110")
    foreign = page.locator("table tbody tr a[href^='/lokationsnumre/']").first.get_attribute("href")
    page.context.clear_cookies()
    log_in(page, "region")
    assert page.goto(str(foreign)).status == 404  # type: ignore[union-attr]
    look(page, "404")
    assert page.goto("/lokationsnumre/?vans=findesikke").status == 400  # type: ignore[union-attr]
    look(page, "400")
    assert page.goto("/lokationsnumre/?leverandoer=1").status == 403  # type: ignore[union-attr]
    look(page, "403")


def test_a_user_without_rights_sees_an_empty_list(page: Page, log_in: LogIn) -> None:
    log_in(page, "uden-rettigheder")
    page.goto("/lokationsnumre/")
    expect(page.locator("main")).to_contain_text(re.compile("Ingen|ingen"))
    look(page, "lokationsnumre-uden-rettigheder")
