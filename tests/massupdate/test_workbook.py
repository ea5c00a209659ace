"""An Excel sheet is read as the same lines of CSV would be, and one that cannot be read does no harm."""

from __future__ import annotations

import zipfile
from datetime import date
from io import BytesIO
from typing import Any

import pytest

from massupdate import workbook as reading
from massupdate.models import MassUpdate
from soredi.workbook import MAX_UNPACKED
from tests.massupdate.running import NOBODYS, ONE, TWO, sets
from tests.workbooks import HEADER, SHEET, cell, replaced, with_far_corners, with_sheet, workbook

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "rows",
    [
        [(ONE, "1002"), (ONE, "1001")],
        [(int(ONE), 1002), (float(ONE), 1001.0)],  # as numbers: no digit is lost
        [(f"'{ONE}", "'1002"), (f'="{ONE}"', "DIS91")],
        [(ONE, "DIS20 D2034L"), (None, None), ("  ", ""), (f"5790 {ONE[4:]}", "DIS91\n(D9134L)")],
    ],
)
def test_a_sheet_says_what_its_lines_would_say(mass_update, number, rows: list[tuple[Any, ...]]) -> None:
    number(ONE, "1001")
    answer = mass_update(workbook(rows), "--apply", name="mine.xlsx")
    assert (answer.errors, answer.warnings, answer.outcome) == ([], [], (0, "done", 1, 1, 1, 0))
    assert sets() == {ONE: "1001 1002"}


def test_findings_name_the_rows_as_excel_does(mass_update, number) -> None:
    number(ONE, "1001")
    rows = [(ONE, "1001"), (), ("5.79E+12", "1001"), (NOBODYS, 77), (5.79e20, 1.5), (date(2026, 5, 1), True)]
    answer = mass_update(workbook(rows))
    assert answer.errors == [
        (4, "excel_number", "5.79E+12"),
        (5, "unknown_location", NOBODYS),
        (5, "unknown_edi_type", "77"),
        (6, "excel_number", "5.79E+20"),
        (6, "unknown_edi_type", "1.5"),
        (7, "malformed_gln", "46143"),  # a date is a number that is shown as one
        (7, "unknown_edi_type", "TRUE"),
    ]


def test_the_first_sheet_is_read_or_the_one_that_is_named(mass_update, number) -> None:
    number(ONE, "1001")
    number(TWO, "1001")
    book = workbook(
        {"Maj": [HEADER, (ONE, "1001")], "Æ og Ø": [(), ("ediid", "Note", "LOKNR"), ("1002", "x", TWO)]}
    )
    assert mass_update(book).outcome == (0, "draft", 1, 0, 0, 0)
    answer = mass_update(book, "--sheet", "Æ og Ø", "--apply", "--accept-warnings")
    assert answer.outcome == (0, "done", 1, 1, 1, 1)
    assert MassUpdate.objects.first().counts["ignored"] == ["Note"]
    answer = mass_update(book, "--sheet", "Juni")
    assert answer.errors == [(0, "wrong_columns", "Maj, Æ og Ø")]
    assert answer.summary["message"] == "Projektmappen har intet ark “Juni”; fundet: Maj, Æ og Ø."


def test_a_sheet_with_too_many_rows_is_refused_at_the_first_of_them(
    mass_update, number, monkeypatch: pytest.MonkeyPatch
) -> None:
    number(ONE, "1001")
    monkeypatch.setattr(reading, "MAX_ROWS", 2)
    rows = [(ONE, "1001"), (ONE, "1002")]
    assert mass_update(workbook(rows)).errors == []
    assert mass_update(workbook([*rows, (ONE, "1003")])).errors == [(4, "too_large", "")]


def bomb() -> bytes:
    """Some 300 kB that unpack into more than is read, with a directory that says otherwise."""
    book = bytearray(replaced(workbook([]), SHEET, b" " * (MAX_UNPACKED + 1)))
    size = (MAX_UNPACKED + 1).to_bytes(4, "little")
    return bytes(book.replace(size, (1000).to_bytes(4, "little")))


@pytest.mark.parametrize(
    ("book", "code"),
    [
        # A cell far down or far out, for which calamine would take memory for all between.
        (with_far_corners(), "too_large"),
        (with_sheet(f'<row r="1">{cell("XFD1")}</row><row r="1048576"><c><v>1</v></c></row>'), "too_large"),
        (replaced(workbook([]), SHEET, b" " * (MAX_UNPACKED + 1)), "too_large"),
        (bomb(), "not_text"),
        (replaced(workbook([]), SHEET, b""), "not_text"),
        (replaced(workbook([]), SHEET, b"<worksheet><sheetData><row"), "not_text"),
        (replaced(workbook([]), "xl/workbook.xml", b""), "not_text"),
        (replaced(workbook([]), "xl/workbook.xml", b"<nothing/>"), "not_text"),
        (workbook([(ONE, "1001")])[:-200], "not_text"),
        (b"PK\3\4" + workbook([(ONE, "1001")])[200:], "not_text"),
        (workbook({"Tomt": []}), "empty_file"),
        (workbook({"Ark1": [HEADER]}), "empty_file"),
        (workbook({"Ark1": [("Loknr",), (ONE,)]}), "wrong_columns"),
        (workbook({"Ark1": [("Loknr", "Type"), (ONE, "1001")]}), "wrong_columns"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_workbook_that_cannot_be_read_is_refused_with_one_error(
    mass_update, number, book: bytes, code: str
) -> None:
    number(ONE, "1001")
    answer = mass_update(book, "--apply")
    assert ([found for _line, found, _value in answer.errors], sets()) == ([code], {ONE: "1001"})
    assert answer.exit_code == 1 and answer.summary["message"]


def test_a_bent_member_is_no_workbook(mass_update, number) -> None:
    number(ONE, "1001")
    book = bytearray(workbook([(ONE, "1001")] * 500))
    with zipfile.ZipFile(BytesIO(bytes(book))) as archive:
        at = archive.getinfo(SHEET).header_offset + 60
    book[at : at + 40] = bytes(byte ^ 0xFF for byte in book[at : at + 40])
    assert [code for _l, code, _v in mass_update(bytes(book)).errors] == ["not_text"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_with_its_mark_is_read(mass_update, types, number, encoding: str) -> None:
    number(ONE, "1001")
    text = f"Loknr\tEdiId\tBemærkning\r\n{ONE}\t1001\tÆrø\r\n{ONE}\t1002\t\U0001f4ec\r\n"
    mark = "" if encoding == "utf-16" else "\ufeff"
    answer = mass_update((mark + text).encode(encoding), "--apply")
    assert (answer.errors, answer.outcome) == ([], (0, "done", 1, 1, 1, 0))
    assert MassUpdate.objects.get().counts["ignored"] == ["Bemærkning"]
