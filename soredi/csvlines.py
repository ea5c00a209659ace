"""The rows of a CSV file that a database refuses, one by one, with their physical lines. Knows no Django.

1;a          → (2, ["1", "a"])        line 1 is the header, which the caller has read
2;"two       → (3, ["2", "two\\nlines"])
lines"
3;b"         → BadRow(5, "stray_quote", …)
4            → BadRow(6, "ragged_row", …)
"""

import csv
import io
import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

JOIN_LIMIT = 50  # physical lines that one quoted field may span
TEXT_LIMIT = 1 << 16  # characters of a bad row that are kept: a file without line ends is no row to keep
# What PostgreSQL calls the encodings that the extracts come in, and Python's names for them.
ENCODINGS = {"UTF8": "utf-8", "WIN1252": "cp1252"}
# A letter such as æ in UTF-8. Read as Windows-1252 it is Ã and a sign, which no Danish text has.
UTF8_LETTER = re.compile(rb"\xc3[\x80-\xbf]")


class WrongEncoding(Exception):
    """`line` is physical. `mixed`: no other encoding will do either, as some of the text was surely in this one."""

    def __init__(self, line: int, mixed: bool):
        self.line, self.mixed = line, mixed


@dataclass(frozen=True)
class BadRow:
    """One row that was left out: its physical line, why, how it begins, and all of it."""

    line: int
    code: str
    value: str
    text: str = ""


def read_rows(
    lines: Iterable[bytes], encoding: str, delimiter: str, width: int
) -> Iterator[tuple[int, list[str]] | BadRow]:
    """Yield (physical line, `width` fields) of each row below the header, or what is wrong with it.

    Blank lines are passed over. Raises WrongEncoding for NUL and for bytes that `encoding` (PostgreSQL's name) lacks.
    """
    texts = _texts(lines, encoding)
    ahead = deque(islice(texts, 1))
    line = 2  # of ahead[0]
    while ahead:
        taken, values = _next_row(ahead, texts, delimiter, width)
        if values:
            yield line, values
        elif values is None:
            # Only this line is given up: the next may begin a row, and no quote of this one reaches into it.
            text, taken = ahead[0], 1
            code = "stray_quote" if text.count('"') % 2 else "ragged_row"
            yield _bad(line, code, text)
        for _line in range(taken):
            ahead.popleft()
        line += taken
        if not ahead:
            ahead.extend(islice(texts, 1))


def _bad(line: int, code: str, text: str) -> BadRow:
    text = text.strip()
    return BadRow(line, code, text[:120], text[:TEXT_LIMIT])


def _texts(stream: Iterable[bytes], encoding: str) -> Iterator[str]:
    """The lines of `stream`, decoded."""
    seen_multibyte = False
    for line, raw in enumerate(stream, start=2):
        if b"\0" in raw:
            raise WrongEncoding(line, mixed=True)
        try:
            text = raw.decode(ENCODINGS[encoding])
        except UnicodeDecodeError as error:
            raise WrongEncoding(line, seen_multibyte or not raw[: error.start].isascii()) from None
        if not raw.isascii():
            if encoding == "WIN1252" and UTF8_LETTER.search(raw):
                raise WrongEncoding(line, mixed=True)
            seen_multibyte = True
        yield text


def _next_row(
    ahead: deque[str], texts: Iterator[str], delimiter: str, width: int
) -> tuple[int, list[str] | None]:
    """How many lines the row at the head of `ahead` takes, and its fields; more lines are read from `texts` as needed.

    The fields are [] for a blank line, None where no row begins there.
    """
    quotes = 0
    for taken in range(1, JOIN_LIMIT + 1):
        if len(ahead) < taken:
            ahead.extend(islice(texts, 1))
        if len(ahead) < taken:
            break
        quotes += ahead[taken - 1].count('"')
        if quotes % 2 == 0:
            between = islice(ahead, 1, taken - 1)
            # Whole rows inside a quoted field: two stray quotes, not one long field.
            if width > 3 and any('"' not in text and _fields(text, delimiter, width) for text in between):
                return 1, None
            return taken, _fields("".join(islice(ahead, taken)), delimiter, width)
    return 1, None


def _fields(text: str, delimiter: str, width: int) -> list[str] | None:
    """The fields of the one row in `text`; [] for a blank one, None where it is not one row of `width` fields.

    Trailing empty fields are forgiven.
    """
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error:
        return None
    if not any(value.strip() for values in rows for value in values):
        return []
    values = rows[0]
    if len(rows) != 1:
        return None
    if len(values) > width and not any(values[width:]):
        values = values[:width]
    return values if len(values) == width else None
