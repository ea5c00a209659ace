"""No page of tables scrolls sideways, from a telephone to a desk."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

OVER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.mark.parametrize("width", [390, 768, 1024, 1280])
def test_tables_fit_the_width(page: Page, log_in: Callable[[Page, str], Page], width: int) -> None:
    log_in(page, "administrator")
    page.set_viewport_size({"width": width, "height": 900})
    over = {}
    for path in ("/lokationsnumre/", "/afvigelser/", "/aendringer/"):
        page.goto(path)
        over[path] = page.evaluate(OVER)
    assert over == dict.fromkeys(over, 0)
