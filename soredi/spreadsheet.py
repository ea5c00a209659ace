"""Lists for a spreadsheet: CSV as Excel opens it, with nothing in it that Excel would run."""

import codecs
import csv
import io
from collections.abc import Iterable, Iterator, Sequence

CHUNK = 5000  # rows
# A spreadsheet would run what begins with one of these.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def guarded(value: str) -> str:
    """`value` with an apostrophe in front where a spreadsheet would run it."""
    return f"'{value}" if value.startswith(_FORMULA) else value


def csv_chunks(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[bytes]:
    """UTF-8 with BOM, CRLF, semicolons, in chunks of CHUNK rows. Cells with foreign text come `guarded`."""
    written = io.StringIO()
    writer = csv.writer(written, delimiter=";", lineterminator="\r\n")
    yield codecs.BOM_UTF8
    writer.writerow(header)
    for count, row in enumerate(rows, 1):
        writer.writerow(row)
        if count % CHUNK == 0:
            yield written.getvalue().encode()
            written.seek(0)
            written.truncate()
    yield written.getvalue().encode()
