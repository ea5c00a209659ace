"""An Excel workbook (.xlsx) as calamine reads it, once it is known that it can be.

calamine holds a whole sheet in memory, every cell between the first and the last, so what would be too much of that is
found out beforehand, from the file itself: a small file can unpack into any size.
"""

import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from errno import EINVAL
from typing import IO

from python_calamine import CalamineError, CalamineWorkbook, PasswordError

MAX_UNPACKED = 300_000_000  # bytes; 200,000 rows of two columns have 30 MB, of all thirty 300
MAX_CELLS = 6_000_000  # between the first and the last of a sheet; some 30 bytes each
CHUNK = 1 << 18

ZIP = b"PK\3\4"
_PLACE = re.compile(rb"""[<:](?:c|row)\s[^>]{0,200}?\br=["']([A-Za-z]{0,3})([0-9]{1,9})["']""")
_LONGEST = 256  # bytes that a match may have


class NotAWorkbook(Exception):
    """The file is bent, or something else."""


class TooLarge(Exception):
    """It unpacks into more than is read, or has more cells."""


@contextmanager
def opened(file: IO[bytes], *, cells: int = MAX_CELLS) -> Iterator[CalamineWorkbook]:
    """The workbook, to be read within. Raises TooLarge, with more than `cells` in a sheet, or NotAWorkbook.

    What calamine raises within says that the workbook is bent; its panics are no Exception to Python.
    """
    _refuse_too_large(file, cells)
    file.seek(0)
    try:
        yield CalamineWorkbook.from_filelike(file)
    except (CalamineError, PasswordError) as error:
        raise NotAWorkbook from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise NotAWorkbook from None


def _refuse_too_large(file: IO[bytes], cells: int) -> None:
    """Unpack it once without keeping anything: its directory may lie about sizes."""
    unpacked = 0
    try:
        with zipfile.ZipFile(file) as archive:
            if "xl/workbook.xml" not in archive.namelist():
                raise NotAWorkbook
            for member in archive.infolist():
                is_sheet = member.filename.startswith("xl/worksheets/")
                rows = columns = 0
                tail = b""
                with archive.open(member) as part:
                    while chunk := part.read(CHUNK):
                        unpacked += len(chunk)
                        if unpacked > MAX_UNPACKED:
                            raise TooLarge
                        if is_sheet:
                            rows, columns = _extent(tail + chunk, rows, columns)
                            if rows * columns > cells:
                                raise TooLarge
                            tail = chunk[-_LONGEST:]
    except (zipfile.BadZipFile, NotImplementedError, EOFError, RuntimeError, OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno not in (None, EINVAL):
            raise  # the disk's fault, not the file's, which may say that a member begins before it
        raise NotAWorkbook from error
    except Exception as error:
        if type(error).__module__ in ("zlib", "lzma", "_bz2"):
            raise NotAWorkbook from error
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
