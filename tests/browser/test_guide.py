"""The guide to mass updates: its pictures are taken of the pages themselves, and it can be read and printed.

With SOREDI_GUIDE_PICTURES=keep in the environment the pictures are put where the guide shows them.
"""

import os
import struct
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from .conftest import ROOT, SCREENSHOTS, look
from .test_main_job import ACTIVE, RECEIPT_MS, errors_shown, fetched_both, files_of, hand_in, preview_shown

SHOWN = ROOT / "static" / "img" / "guide"
MADE = SHOWN if os.environ.get("SOREDI_GUIDE_PICTURES") == "keep" else SCREENSHOTS / "guide"
MOST = 200_000  # bytes of all of them


def size(picture: Path) -> tuple[int, int]:
    """Width and height, as a PNG says them."""
    return struct.unpack(">II", picture.read_bytes()[16:24])


def take(page: Page, name: str, begin: Locator, width: int, height: int) -> None:
    """A picture of so many pixels of the page, from where `begin` stands."""
    box = begin.bounding_box()
    assert box
    MADE.mkdir(parents=True, exist_ok=True)
    page.mouse.move(0, 0)
    clip = {"x": max(0, box["x"] - 12), "y": max(0, box["y"] - 12), "width": width, "height": height}
    page.screenshot(path=MADE / f"{name}.png", clip=clip, full_page=True)


def test_the_pictures_of_the_guide_are_taken_anew(
    page: Page, log_in: Callable[[Page, str], Page], tmp_path: Path
) -> None:
    log_in(page, "region")
    page.set_viewport_size({"width": 772, "height": 900})
    page.goto(ACTIVE)
    gln, lines = fetched_both(page, page.click)
    wrong, _right = files_of(tmp_path, gln, lines)
    right = tmp_path / "maj.csv"
    right.write_text("\r\n".join(["Loknr;EdiId", *lines[:3], lines[2], f"{gln};CTL02", ""]))
    page.goto(ACTIVE)
    page.click("details.fetch summary")
    take(page, "hent", page.locator(".results-head"), 760, 284)
    page.goto("/masseopdatering/")
    take(page, "indlaes", page.locator(".steps"), 640, 480)
    hand_in(page, wrong)
    errors_shown(page)
    take(page, "fejl", page.locator("[role=alert]"), 760, 400)
    hand_in(page, right)
    preview_shown(page)
    take(page, "kontroller", page.locator(".totals"), 760, 480)
    for tick in page.locator(".warnings input[type=checkbox]").all():
        tick.check()
    page.locator("form#apply button").click()
    expect(page.locator(".alert-success")).to_be_visible(timeout=RECEIPT_MS)
    take(page, "kvittering", page.locator(".alert-success"), 760, 300)
    shown = {picture.name: size(picture) for picture in SHOWN.glob("*.png")}
    assert {picture.name: size(picture) for picture in MADE.glob("*.png")} == shown
    assert sum(picture.stat().st_size for picture in SHOWN.glob("*.png")) < MOST


def test_the_guide_shows_its_pictures_and_every_code(page: Page, log_in: Callable[[Page, str], Page]) -> None:
    log_in(page, "region")
    page.goto("/masseopdatering/")
    page.get_by_role("link", name="Vejledning i otte trin").click()
    expect(page.locator("h1")).to_have_text("Vejledning til masseopdatering")
    pictures = page.locator(".guide img").evaluate_all(
        "all => all.map(i => [i.complete, i.naturalWidth - i.getAttribute('width'), "
        "i.naturalHeight - i.getAttribute('height'), i.alt.length > 20])"
    )
    assert pictures == [[True, 0, 0, True]] * 5
    look(page, "vejledning")
    page.emulate_media(media="print")
    expect(page.locator(".site-header")).to_be_hidden()
    page.screenshot(path=SCREENSHOTS / "vejledning-print.png", full_page=True)
