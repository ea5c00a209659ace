"""A mass-update file → the temporary table `mass_line(line, gln, edi)`, as the file spells them.

Loknr;EdiId                      header in any case and order, further columns are ignored
5790000173624;1017               one pair a line; EdiId is SOR's id, a code, or `code version`
5790000173624;DIS91 D9134L
5790000121526;                   an empty EdiId: the number shall have no EDI types

UTF-8, UTF-16 with its mark, or Windows-1252; semicolons, commas or tabs; or the same as a sheet of an Excel workbook.
"""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO

from django.db import connection
from psycopg import sql

from massupdate import workbook
from soredi import utf16
from soredi.newlines import with_newlines
from soredi.sentences import Sentence, counted
from soredi.tabular import Loaded, TabularError, load, plain, read_header
from soredi.workbook import ZIP

MAX_BYTES = 100_000_000
MAX_LINES = 1_500_000
BAD_LINES = 1000  # unreadable lines that are listed before reading stops
COLUMNS = {
    "gln": (
        "Loknr",
        "Lokationsnummer",
        "EanLocationCode",
        "EanLokationsnummer",
        "GLN",
        "EAN",
        "LocationCode",
    ),
    "edi": ("EdiId", "EDITypeId", "EDI-type", "Edi-id"),
}

# Lines of a spreadsheet in which nothing was entered. The length spares a million lines the dearer comparison.
_DROP_BLANK = sql.SQL(
    r"""
DELETE FROM mass_line WHERE (gln IS NULL OR octet_length(gln) < 13)
    AND btrim(array_to_string(ARRAY[{cells}], ''), U&' \00a0') = ''
"""
)
_LINE_TOO_MANY = "SELECT line FROM mass_line ORDER BY line OFFSET %s LIMIT 1"


def read(
    path: Path | None,
    *,
    name: str,
    size: int,
    sheet: str = "",
    on_read: Callable[[int, int], None] = lambda _bytes, _lines: None,
) -> Loaded:
    """Load the file into `mass_line`. Raises TabularError with a code of the contract where the file is at fault.

    `sheet` names one of a workbook; without it that is the first. A file that is too large need not be there.
    """
    if path is None or not fits(size):
        raise too_large(name, size)
    with _as_text(path, name, sheet) as open_file:
        return _load(open_file, name, on_read)


def fits(size: int) -> bool:
    """Whether a file of so many bytes is read at all."""
    return size <= MAX_BYTES


def too_large(name: str, size: int) -> TabularError:
    return TabularError(
        name,
        0,
        "too_large",
        Sentence(
            "The file has %(size)s MB; at most %(limit)s MB can be read. Divide it.",
            size=-(-size // 1_000_000),
            limit=MAX_BYTES // 1_000_000,
        ),
    )


@contextmanager
def _as_text(path: Path, name: str, sheet: str) -> Iterator[Callable[[], IO[bytes]]]:
    """What opens the file as CSV that PostgreSQL can read, from its first byte, as often as it is called."""
    with path.open("rb") as file:
        start = file.read(4)
    if start == ZIP:
        with tempfile.NamedTemporaryFile(suffix=".csv") as text:
            with path.open("rb") as file:
                workbook.write_csv(file, file=name, sheet=sheet, to=text)
            text.flush()
            yield partial(_bytes_of, Path(text.name))
    elif start == workbook.OLD_EXCEL:
        raise workbook.not_this_excel(name)
    elif start.startswith(utf16.MARKS):
        yield with_newlines(lambda: utf16.as_utf8(path.open("rb"), name))
    else:
        yield with_newlines(partial(_bytes_of, path))


def _bytes_of(path: Path) -> IO[bytes]:
    return path.open("rb")


def _load(open_file: Callable[[], IO[bytes]], name: str, on_read: Callable[[int, int], None]) -> Loaded:
    aliases = {plain(spelling): column for column, spellings in COLUMNS.items() for spelling in spellings}
    with open_file() as stream:
        header = read_header(stream, name, aliases)
    missing = [COLUMNS[column][0] for column in COLUMNS if column not in header.names]
    if missing:
        raise TabularError(
            name,
            header.line,
            "wrong_columns",
            counted(
                "The column %(missing)s is missing; found: %(found)s. The header is Loknr;EdiId.",
                "The columns Loknr and EdiId are missing; found: %(found)s. The header is Loknr;EdiId.",
                count=len(missing),
                missing=missing[0],
                found=", ".join(header.found),
            ),
        )
    loaded = load(
        open_file, file=name, table="mass_line", header=header, bad_limit=BAD_LINES, on_read=on_read
    )
    with connection.cursor() as cursor:
        cells = sql.SQL(", ").join(map(sql.Identifier, loaded.columns))
        cursor.execute(_DROP_BLANK.format(cells=cells))
        loaded.rows -= cursor.rowcount
        if not loaded.rows and not loaded.bad:
            raise TabularError(
                name, header.line, "empty_file", Sentence("The file has no lines below the header.")
            )
        if loaded.rows > MAX_LINES:
            cursor.execute(_LINE_TOO_MANY, [MAX_LINES])
            raise TabularError(
                name,
                cursor.fetchone()[0],
                "too_large",
                Sentence(
                    "The file has %(lines)s lines; at most %(limit)s can be read. Divide it.",
                    lines=loaded.rows,
                    limit=MAX_LINES,
                ),
            )
    return loaded
