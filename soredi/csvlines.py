"""The rows of a CSV file that a database refuses, one by one, with their physical lines. Knows no Django.

1;a          → (2, ["1", "a"])        line 1 is the header, which the caller has read
2;"two       → (3, ["2", "two\\nlines"])
lines"
3;b"         → BadRow(5, "stray_quote", …)
4            → BadRow(6, "ragged_row", …)
5;\\0         → BadRow(7, "not_text", …)     or WrongEncoding for the file, as the caller wants it
"""

import csv
import io
import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Literal

JOIN_LIMIT = 50  # physical lines that one quoted field may span
TEXT_LIMIT = 1 << 16  # characters of a bad row that are kept: a file without line ends is no row to keep
# What PostgreSQL calls the encodings that the extracts come in, and Python's names for them.
ENCODINGS = {"UTF8": "utf-8", "WIN1252": "cp1252"}
# What bytes that are no text cost: the row that they stand in, or the whole file.
Undecodable = Literal["row", "file"]
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
    lines: Iterable[bytes],
    encoding: str,
    delimiter: str,
    width: int,
    undecodable: Undecodable = "file",
    first: int = 2,
) -> Iterator[tuple[int, list[str]] | BadRow]:
    """Yield (physical line, `width` fields) of each row below the header, or what is wrong with it. The first of
    `lines` is line `first` of the file.

    Blank lines are passed over. For NUL and bytes that `encoding` (PostgreSQL's name) lacks, raises WrongEncoding
    or, with `undecodable` "row", gives up that row as `not_text`.
    """
    texts = _texts(lines, encoding, undecodable, first)
    ahead = deque(islice(texts, 1))
    line = first  # of ahead[0]
    while ahead:
        taken, values = _next_row(ahead, texts, delimiter, width)
        if values is None:
            # Only this line is given up: the next may begin a row, and no quote of this one reaches into it.
            taken = 1
        row = list(islice(ahead, taken))
        if any(isinstance(text, _NoText) for text in row):
            yield _bad(line, "not_text", "".join(row))
        elif values:
            yield line, values
        elif values is None:
            yield _bad(line, "stray_quote" if row[0].count('"') % 2 else "ragged_row", row[0])
        for _line in range(taken):
            ahead.popleft()
        line += taken
        if not ahead:
            ahead.extend(islice(texts, 1))


def _bad(line: int, code: str, text: str) -> BadRow:
    text = text.strip()
    return BadRow(line, code, text[:120], text[:TEXT_LIMIT])


class _NoText(str):
    """A line with bytes that are no text in its file, as it can be shown: without NUL, which no database takes."""


def _texts(stream: Iterable[bytes], encoding: str, undecodable: Undecodable, first: int) -> Iterator[str]:
    """The lines of `stream`, decoded."""
    seen_multibyte = False
    for line, raw in enumerate(stream, start=first):
        text = decoded(raw, encoding)
        if text is not None:
            seen_multibyte = seen_multibyte or not raw.isascii()
            yield text
        elif undecodable == "row":
            yield _as_shown(raw, encoding)
        else:
            raise WrongEncoding(line, _is_mixed(raw, encoding, seen_multibyte))


def decoded(raw: bytes, encoding: str) -> str | None:
    """One line of a file in `encoding`; None where it cannot be that."""
    if b"\0" in raw or (encoding == "WIN1252" and UTF8_LETTER.search(raw)):
        return None
    try:
        return raw.decode(ENCODINGS[encoding])
    except UnicodeDecodeError:
        return None


def _is_mixed(raw: bytes, encoding: str, seen_multibyte: bool) -> bool:
    try:
        raw.decode(ENCODINGS[encoding])
    except UnicodeDecodeError as error:
        return b"\0" in raw or seen_multibyte or not raw[: error.start].isascii()
    return True


def _as_shown(raw: bytes, encoding: str) -> _NoText:
    own = raw.replace(b"\0", b"?")
    other = "UTF8" if encoding == "WIN1252" else "WIN1252"
    text = decoded(own, encoding) or own.decode(ENCODINGS[other], errors="replace")
    return _NoText(text)


def prevailing_encoding(lines: Iterable[bytes]) -> str:
    """The encoding that most of `lines` are in, of those that tell; PostgreSQL's name."""
    utf8 = 0
    for raw in lines:
        if not raw.isascii():
            utf8 += 1 if decoded(raw.replace(b"\0", b""), "UTF8") is not None else -1
    return "UTF8" if utf8 >= 0 else "WIN1252"


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
            return taken, _fields("".join(islice(ahead, taken)), delimiter, width, strict=taken > 1)
    return 1, None


def _fields(text: str, delimiter: str, width: int, strict: bool = False) -> list[str] | None:
    """The fields of the one row in `text`; [] for a blank one, None where it is not one row of `width` fields.

    Trailing empty fields are forgiven. `strict` allows nothing behind a closing quote: what closes a field of several
    lines there is the quote that begins a later one.
    """
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=strict))
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
