"""Excel workbooks for tests, as Excel writes them and as nobody should."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

import xlsxwriter

HEADER = ("Loknr", "EdiId")
SHEET = "xl/worksheets/sheet1.xml"


def workbook(sheets: Mapping[str, Sequence[Sequence[Any]]] | Sequence[Sequence[Any]]) -> bytes:
    """A workbook of these sheets by name, or of one with these rows below the usual header; None leaves a cell out."""
    if not isinstance(sheets, Mapping):
        sheets = {"Ark1": [HEADER, *sheets]}
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for line, cells in enumerate(rows):
                for column, cell in enumerate(cells):
                    if cell is not None:
                        (sheet.write_string if isinstance(cell, str) else sheet.write)(line, column, cell)
    return file.getvalue()


def with_sheet(cells: str) -> bytes:
    """A workbook whose one sheet has this XML for its rows."""
    return replaced(
        workbook([]),
        SHEET,
        '<?xml version="1.0" encoding="UTF-8"?><worksheet '
        'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        f"{cells}</sheetData></worksheet>".encode(),
    )


def cell(place: str) -> str:
    return f'<c r="{place}" t="inlineStr"><is><t>x</t></is></c>'


def with_far_corners() -> bytes:
    """A workbook of 7 kB with a cell in the first and one in the last place of its sheet."""
    return with_sheet(f'<row r="1">{cell("A1")}</row><row r="1048576">{cell("XFD1048576")}</row>')


def replaced(book: bytes, member: str, content: bytes) -> bytes:
    """`book` with other content in one of its members; empty takes it out."""
    file = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(book)) as old,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for info in old.infolist():
            part = content if info.filename == member else old.read(info)
            if part:
                new.writestr(info.filename, part)
    return file.getvalue()
