"""The first line of a CSV file: which columns it has, what stands between them, and where the rows begin.

<blank lines, sep=;>
Loknr;EdiId;Note     → names ["gln", "edi", None], found ["Loknr", "EdiId", "Note"], delimiter ";"
"""

import codecs
import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO

from soredi.csvlines import Undecodable
from soredi.sentences import Sentence

HEADER_LIMIT = 1 << 16  # bytes; the longest header seen has 4 kB
MAX_COLUMNS = 400  # with more, a row may be too wide for a page of PostgreSQL; SOREntity.csv has about 120
DELIMITERS = ";,\t"
BLANK = b" \t\r\n;,"  # what a row without anything in it is made of
SEPARATOR_LINE = re.compile(rb'"?sep=.?"?[;,\t\r ]*')  # what Excel is told on top of some files


class TabularError(Exception):
    """The file as a whole cannot be read. `line` is physical, 1 = header; 0 where no line can be named."""

    def __init__(self, file: str, line: int, code: str, message: Sentence):
        super().__init__(message)
        self.file, self.line, self.code, self.message = file, line, code, message

    def sentence(self) -> Sentence:
        """Place and message."""
        if not self.file:
            return self.message
        if not self.line:
            return Sentence("%(file)s: %(message)s", file=self.file, message=self.message)
        return Sentence(
            "%(file)s, line %(line)s: %(message)s", file=self.file, line=self.line, message=self.message
        )

    def __str__(self) -> str:
        return str(self.sentence())


@dataclass(frozen=True)
class Header:
    """The first line that is not blank: canonical column names in file order (None = ignored), where the data begin."""

    names: list[str | None]
    found: list[str]
    delimiter: str
    length: int  # bytes, with what stands before it
    encoding: str
    line: int = 1  # physical

    @property
    def table_columns(self) -> list[str]:
        return [name or f"ignored_{position}" for position, name in enumerate(self.names)]


def plain(name: str) -> str:
    """A header as it is compared: case-insensitively, nothing but letters and digits."""
    return "".join(c for c in name.casefold() if c.isalnum())


def read_header(
    stream: IO[bytes], file: str, aliases: Mapping[str, str], undecodable: Undecodable = "file"
) -> Header:
    """Read the first line of `stream` that is not blank. `aliases` maps a `plain` header to its column.

    Raises TabularError: `empty_file` without any text, `not_text` for UTF-16, NUL bytes (with `undecodable` "row"
    only in the header itself) or a binary file, `wrong_columns` for more than MAX_COLUMNS.
    """
    start = stream.read(HEADER_LIMIT)
    if start.startswith(b"PK\3\4"):
        raise TabularError(
            file,
            1,
            "not_text",
            Sentence("This is an Excel or zip file, not text. Save it as “CSV UTF-8” and upload it again."),
        )
    nul = start.find(b"\0", 0, start.find(b"\n") if undecodable == "row" and b"\n" in start else None)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or nul >= 0:
        raise not_text(file, start[: nul + 1].count(b"\n") + 1)
    bom = len(codecs.BOM_UTF8) if start.startswith(codecs.BOM_UTF8) else 0
    if not start[bom:].strip(BLANK):
        raise TabularError(file, 0, "empty_file", Sentence("The file is empty. Fetch or save it again."))
    begin, number = bom, 1
    line, newline, rest = start[bom:].partition(b"\n")
    while not line.strip(BLANK) or SEPARATOR_LINE.fullmatch(line):
        begin, number = begin + len(line) + 1, number + 1
        line, newline, rest = rest.partition(b"\n")
    if not newline and len(start) == HEADER_LIMIT:
        raise _bad_header(file, line=number)
    try:
        encoding, text = "UTF8", line.decode("utf-8")
    except UnicodeDecodeError:
        encoding, text = "WIN1252", line.decode("cp1252", errors="replace")
    try:
        split = {delimiter: _split(text, delimiter) for delimiter in DELIMITERS}
    except csv.Error:
        raise _bad_header(file, line=number) from None
    # What gives most of the columns that are looked for; a name nobody asked for may have commas in it.
    delimiter = max(split, key=lambda d: (len({plain(n) for n in split[d]} & aliases.keys()), text.count(d)))
    found = split[delimiter]
    if len(found) > MAX_COLUMNS:
        raise _bad_header(file, "wrong_columns", line=number)
    names: list[str | None] = []
    for name in found:
        column = aliases.get(plain(name))
        names.append(None if column in names else column)
    return Header(names, found, delimiter, begin + len(line) + len(newline), encoding, number)


def _split(text: str, delimiter: str) -> list[str]:
    return [name.strip() for name in next(csv.reader([text.rstrip("\r")], delimiter=delimiter), [])]


def not_text(file: str, line: int) -> TabularError:
    return TabularError(
        file,
        line,
        "not_text",
        Sentence(
            "The file is not text in UTF-8 or Windows-1252. Save it as “CSV UTF-8” and upload it again."
        ),
    )


def _bad_header(file: str, code: str = "not_text", line: int = 1) -> TabularError:
    return TabularError(
        file,
        line,
        code,
        Sentence(
            "The first line is no list of column names. Save the file as “CSV UTF-8” and upload it again."
        ),
    )
