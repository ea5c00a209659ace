"""A browser before the whole application: web server, worker and beat, as `make demo` runs them, on a small extract."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
SCREENSHOTS = ROOT / "var" / "screenshots"
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
START_SECONDS = 120
WIDTHS = {"1280": (1280, 900), "390": (390, 844)}
# No calls home: on a closed network Chromium would try them again and again.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@dataclass(frozen=True)
class Site:
    address: str
    password: str


@pytest.fixture(scope="package")
def site() -> Iterator[Site]:
    """The demo, started on a free port in a folder of its own; no list of approvals is in force before a test's own."""
    data = Path(tempfile.mkdtemp(prefix="soredi-site-"))  # another pytest closes pytest's own to the servers
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "REDIS_URL")}
    log = data / "demo.log"
    with log.open("wb") as output:
        command = [
            "manage.py",
            "demo",
            f"--port={port}",
            "--locations=300",
            "--units=800",
            "--without-approvals",
        ]
        demo = subprocess.Popen(
            [sys.executable, *command],
            cwd=ROOT,
            env=environment | {"SOREDI_DATA_DIR": str(data)},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        deadline = time.monotonic() + START_SECONDS
        while not (found := re.search(r"^.*: (\S{12,})$", log.read_text(), re.MULTILINE)):
            assert demo.poll() is None and time.monotonic() < deadline, log.read_text()
            time.sleep(0.2)
        yield Site(f"http://127.0.0.1:{port}", found[1])
    finally:
        demo.send_signal(signal.SIGINT)
        demo.wait(timeout=60)
        shutil.rmtree(data)


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """Ends with these tests: Playwright's event loop would make Django refuse the database to those that follow."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS)
        yield browser
        browser.close()


def chromium_path() -> str:
    """Chromium of this machine; installed by apt where there is none and we may."""
    names = ("chromium", "chromium-browser", "google-chrome")
    if not any(map(shutil.which, names)) and shutil.which("apt-get") and os.geteuid() == 0:
        subprocess.run(["apt-get", "update", "--quiet=2"], check=True)
        subprocess.run(["apt-get", "install", "--yes", "--quiet=2", "chromium"], check=True)
    found = next(filter(None, map(shutil.which, names)), None)
    assert found, "No Chromium was found: install it (Debian and Ubuntu: apt install chromium) and try again."
    return found


@pytest.fixture
def context(chromium: Browser, site: Site) -> Iterator[BrowserContext]:
    context = chromium.new_context(
        base_url=site.address, locale="da-DK", viewport={"width": 1280, "height": 900}
    )
    yield context
    context.close()


@pytest.fixture
def log_in(site: Site) -> Callable[[Page, str], Page]:
    def log_in(page: Page, username: str) -> Page:
        page.goto("/log-ind/")
        page.fill("input[name=username]", username)
        page.fill("input[name=password]", site.password)
        page.press("input[name=password]", "Enter")
        page.wait_for_url(lambda url: "log-ind" not in url)
        return page

    return log_in


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page that fails the test when the browser reports an error or blocks something for the content policy."""
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    yield page
    expected = re.compile(r"status of (400|403|404|405)")
    assert [c for c in complaints if not expected.search(c)] == []


def look(page: Page, name: str) -> None:
    """Keep a picture of the page at both widths and let axe-core search it for barriers."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.mouse.move(0, 0)  # nothing is hovered over
    for width, (pixels, height) in WIDTHS.items():
        page.set_viewport_size({"width": pixels, "height": height})
        page.screenshot(path=SCREENSHOTS / f"{name}-{width}.png", full_page=True)
        wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wider <= 0, f"{name} scrolls sideways at {width} by {wider} pixels"
        assert barriers(page) == [], f"{name} at {width}"
    page.set_viewport_size({"width": 1280, "height": 900})


def barriers(page: Page) -> list[dict[str, Any]]:
    page.evaluate(AXE.read_text())
    found = json.loads(page.evaluate("async () => JSON.stringify((await axe.run()).violations)"))
    return [
        {"rule": v["id"], "where": [n["target"] for n in v["nodes"]][:3], "help": v["help"]} for v in found
    ]
