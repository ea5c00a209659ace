"""A mass-update file → the temporary table `mass_line(line, gln, edi)`, as the file spells them.

Loknr;EdiId                      header in any case and order, further columns are ignored
5790000173624;1017               one pair a line; EdiId is SOR's id, a code, or `code version`
5790000173624;DIS91 D9134L
5790000121526;                   an empty EdiId: the number shall have no EDI types
"""

from collections.abc import Callable
from typing import IO

from django.db import connection
from psycopg import sql

from soredi.sentences import Sentence, counted
from soredi.tabular import Loaded, TabularError, load, plain, read_header

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
    open_file: Callable[[], IO[bytes]],
    *,
    name: str,
    size: int,
    on_read: Callable[[int, int], None] = lambda _bytes, _lines: None,
) -> Loaded:
    """Load the file into `mass_line`. Raises TabularError with a code of the contract where the file is at fault."""
    if size > MAX_BYTES:
        raise TabularError(
            name,
            0,
            "too_large",
            Sentence(
                "The file has %(size)s MB; at most %(limit)s MB can be read. Divide it.",
                size=-(-size // 1_000_000),
                limit=MAX_BYTES // 1_000_000,
            ),
        )
    aliases = {plain(spelling): column for column, spellings in COLUMNS.items() for spelling in spellings}
    with open_file() as stream:
        header = read_header(stream, name, aliases)
    missing = [COLUMNS[column][0] for column in COLUMNS if column not in header.names]
    if missing:
        raise TabularError(
            name,
            1,
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
            raise TabularError(name, 1, "empty_file", Sentence("The file has no lines below the header."))
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
