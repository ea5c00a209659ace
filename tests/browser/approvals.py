"""Sheets of approvals for the browser's tests, and how they are handed in."""

from pathlib import Path

from playwright.sync_api import Page

HEADER = "System;Leverandør;Systemtype / Oversigt;Standard;Standard ID (Version);Kanal;Teststatus"


def sheet(folder: Path, name: str, *systems: str, messages: tuple[str, ...] = ("DIS91 (D9134L)",)) -> Path:
    """A sheet in which each of `systems` may receive each of `messages`."""
    rows = (
        f"{system};EG;Lægesystemer;Brev;{message};Modtage;Godkendt"
        for system in systems
        for message in messages
    )
    path = folder / name
    path.write_text("\r\n".join([HEADER, *rows]), encoding="utf-8")
    return path


def hand_in(page: Page, file: Path, day: str) -> None:
    page.goto("/stamdata/certificering/")
    page.set_input_files("input[name=ark]", file)
    page.fill("input[name=dato]", day)
    page.click("text=Læs arket")
