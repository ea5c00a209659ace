"""A sheet of an Excel workbook (.xlsx) → the CSV that stands in it: line 7 of the one is row 7 of the other.

Loknr (text)   EdiId          →   Loknr;EdiId
5790000173624  1017           →   5790000173624;1017        a whole number is its digits
5.79E+12       …              →   5.79E+12;…                text that Excel made of a number stays what it is
"""

import csv
import io
from collections.abc import Iterator
from datetime import date, datetime
from typing import IO, Any

from python_calamine import CalamineSheet, CalamineWorkbook, WorksheetNotFound

from soredi.headers import TabularError
from soredi.sentences import Sentence
from soredi.workbook import NotAWorkbook, TooLarge, opened

MAX_ROWS = 200_000  # below the header
EXACT = 10**15  # Excel keeps 15 digits of a number
OLD_EXCEL = b"\xd0\xcf\x11\xe0"  # .xls, and any workbook behind a password

Cell = Any  # int, float, str, bool, or one of datetime's


def write_csv(workbook: IO[bytes], *, file: str, sheet: str, to: IO[bytes]) -> None:
    """Write the rows of `sheet` (empty: the first) as UTF-8 with semicolons. Raises TabularError."""
    try:
        with opened(workbook) as book:
            _write(_sheet(book, sheet, file), file, to)
    except NotAWorkbook as error:
        raise _not_a_workbook(file) from error
    except TooLarge:
        raise _too_much(file) from None


def _write(sheet: CalamineSheet, file: str, to: IO[bytes]) -> None:
    rows = sheet.end[0] if sheet.end else 0  # below the header
    if rows > MAX_ROWS:
        raise TabularError(
            file,
            MAX_ROWS + 2,
            "too_large",
            Sentence(
                "The sheet has %(lines)s rows; at most %(limit)s are read from Excel. Save it as “CSV UTF-8”.",
                lines=rows,
                limit=MAX_ROWS,
            ),
        )
    text = io.TextIOWrapper(to, encoding="utf-8", newline="", write_through=False)
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerows(_rows(sheet))
    text.flush()
    text.detach()


def _sheet(book: CalamineWorkbook, name: str, file: str) -> CalamineSheet:
    if not name:
        return book.get_sheet_by_index(0)
    try:
        return book.get_sheet_by_name(name)
    except WorksheetNotFound:
        raise TabularError(
            file,
            0,
            "wrong_columns",
            Sentence(
                "The workbook has no sheet “%(sheet)s”; found: %(found)s.",
                sheet=name,
                found=", ".join(book.sheet_names),
            ),
        ) from None


def _rows(sheet: CalamineSheet) -> Iterator[list[str]]:
    """A row without anything is as wide as the others, so that all of them have the same columns."""
    for row in sheet.iter_rows():
        yield [_text(cell) for cell in row]


def _text(cell: Cell) -> str:
    if isinstance(cell, str):
        return " ".join(cell.splitlines()) if "\n" in cell or "\r" in cell else cell
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, int | float):
        if abs(cell) < EXACT and cell == int(cell):
            return str(int(cell))
        return f"{cell:.15G}"
    if isinstance(cell, datetime | date):
        return cell.isoformat()
    return str(cell)


def _not_a_workbook(file: str) -> TabularError:
    return TabularError(
        file,
        0,
        "not_text",
        Sentence(
            "This cannot be read as an Excel workbook (.xlsx). Open it in Excel, save it as “CSV UTF-8” and upload "
            "that."
        ),
    )


def not_this_excel(file: str) -> TabularError:
    """An older format, or one behind a password."""
    return TabularError(
        file,
        0,
        "not_text",
        Sentence(
            "This is an Excel file of the old format, or one behind a password. Save it as .xlsx without a password, "
            "or as “CSV UTF-8”."
        ),
    )


def _too_much(file: str) -> TabularError:
    return TabularError(
        file,
        0,
        "too_large",
        Sentence(
            "The workbook is too large to be read: it has far more cells than a mass update needs, perhaps one far "
            "down or far to the right. Save the sheet as “CSV UTF-8” and upload that."
        ),
    )
