"""The page of an import in a browser: what it did, and what waits for a word."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.sorimport import extracts

from .conftest import look

LogIn = Callable[[Page, str], Page]
ENDED_MS = 30_000  # the worker takes an import within seconds; a sweep within half a minute


def import_files(page: Page, files: extracts.Files, folder: Path, ends: str) -> None:
    page.goto("/sor-import/")
    extracts.write(files, folder)
    page.set_input_files("input[type=file]", sorted(folder.iterdir()))
    page.locator("form[enctype] button[type=submit]").click()
    expect(page.locator("main")).to_contain_text(ends, timeout=ENDED_MS)


def test_what_an_import_did_and_what_waits(page: Page, log_in: LogIn, tmp_path: Path) -> None:
    log_in(page, "administrator")
    units = [{"SorId": "9001", "EntityName": "Lægerne Nytorv"}, {"SorId": "x", "SorType": "OE"}]
    daily = {extracts.DAILY: extracts.csv_bytes(units, extracts.UNIT)}
    import_files(page, daily, tmp_path / "daily", "Lægerne Nytorv er ny.")
    look(page, "sor-import-udfoert")
    today = {"FromDate": str(date.today())}
    tiny = extracts.extract([{"EanLocationCode": extracts.gln(1), **today}], units=[today])
    import_files(page, tiny, tmp_path / "tiny", "Importen venter på dit svar")
    look(page, "sor-import-venter")
    page.get_by_role("button", name="Annuller importen").click()
    expect(page.locator("main")).to_contain_text("Importen er annulleret")
