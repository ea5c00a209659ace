"""A sheet of an Excel workbook (.xlsx) → the CSV that stands in it: line 7 of the one is row 7 of the other.

    Loknr (text)   EdiId          →   Loknr;EdiId
    5790000173624  1017           →   5790000173624;1017        a whole number is its digits
    5.79E+12       …              →   5.79E+12;…                text that Excel made of a number stays what it is

calamine holds a whole sheet in memory, every cell between the first and the last, so what would be too much of that is
found out beforehand, from the file itself: a small file can unpack into any size.
"""

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import IO, Any

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, PasswordError, WorksheetNotFound

from soredi.headers import TabularError
from soredi.sentences import Sentence

MAX_ROWS = 200_000  # below the header
MAX_UNPACKED = 300_000_000  # bytes; 200,000 rows of two columns have 30 MB, of all thirty 300
MAX_CELLS = 6_000_000  # between the first and the last of a sheet; some 30 bytes each
EXACT = 10**15  # Excel keeps 15 digits of a number
CHUNK = 1 << 18

ZIP = b"PK\3\4"
OLD_EXCEL = b"\xd0\xcf\x11\xe0"  # .xls, and any workbook behind a password
_PLACE = re.compile(rb"""[<:](?:c|row)\s[^>]{0,200}?\br=["']([A-Za-z]{0,3})([0-9]{1,9})["']""")
_LONGEST = 256  # bytes that a match may have

Cell = Any  # int, float, str, bool, or one of datetime's


def write_csv(workbook: IO[bytes], *, file: str, sheet: str, to: IO[bytes]) -> None:
    """Write the rows of `sheet` (empty: the first) as UTF-8 with semicolons. Raises TabularError."""
    _refuse_too_large(workbook, file)
    workbook.seek(0)
    with _read_by_calamine(file):
        _write(workbook, file, sheet, to)


@contextmanager
def _read_by_calamine(file: str) -> Iterator[None]:
    """What calamine raises says that the workbook is bent; its panics are no Exception to Python."""
    try:
        yield
    except (CalamineError, PasswordError) as error:
        raise _not_a_workbook(file) from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise _not_a_workbook(file) from None


def _write(workbook: IO[bytes], file: str, sheet: str, to: IO[bytes]) -> None:
    found = _sheet(CalamineWorkbook.from_filelike(workbook), sheet, file)
    rows = found.end[0] if found.end else 0  # below the header
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
    writer.writerows(_rows(found))
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


def _refuse_too_large(workbook: IO[bytes], file: str) -> None:
    """Unpack it once without keeping anything: its directory may lie about sizes."""
    unpacked = 0
    try:
        with zipfile.ZipFile(workbook) as archive:
            if "xl/workbook.xml" not in archive.namelist():
                raise _not_a_workbook(file)
            for member in archive.infolist():
                is_sheet = member.filename.startswith("xl/worksheets/")
                rows = columns = 0
                tail = b""
                with archive.open(member) as part:
                    while chunk := part.read(CHUNK):
                        unpacked += len(chunk)
                        if unpacked > MAX_UNPACKED:
                            raise _too_much(file)
                        if is_sheet:
                            rows, columns = _extent(tail + chunk, rows, columns)
                            if rows * columns > MAX_CELLS:
                                raise _too_much(file)
                            tail = chunk[-_LONGEST:]
    except (zipfile.BadZipFile, NotImplementedError, EOFError, RuntimeError, OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the disk's fault, not the file's
        raise _not_a_workbook(file) from error
    except Exception as error:
        if type(error).__module__ in ("zlib", "lzma", "_bz2"):
            raise _not_a_workbook(file) from error
        raise


def _extent(xml: bytes, rows: int, columns: int) -> tuple[int, int]:
    for letters, digits in set(_PLACE.findall(xml)):
        rows, columns = max(rows, int(digits)), max(columns, _number(letters))
    return rows, columns


def _number(letters: bytes) -> int:
    """A → 1, AA → 27."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


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
