"""A CSV file of any size → a table of text columns, by the server's own COPY.

    bytes ── header: delimiter, names ──┐
      │                                 ▼
      └─ the rest, untouched ─→ COPY … FROM STDIN ─→ table (line, <columns>)

COPY is the fast path and holds no more than a chunk in memory. When it refuses the file, or the file has more lines
than COPY found rows (a stray quote swallows rows silently), the file is read once more line by line: good rows go
in, bad ones are returned with their physical line number.
"""

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import IO

import psycopg
from django.db import connection, transaction
from psycopg import sql

from soredi.csvlines import (
    ENCODINGS,
    UTF8_LETTER,
    BadRow,
    Undecodable,
    WrongEncoding,
    prevailing_encoding,
    read_rows,
)
from soredi.headers import Header, TabularError, not_text, plain, read_header
from soredi.sentences import Sentence

CHUNK = 1 << 18  # bytes; larger chunks gained nothing

__all__ = ["CHUNK", "BadRow", "Header", "Loaded", "TabularError", "load", "not_text", "plain", "read_header"]


@dataclass
class Loaded:
    """What `load` put into `table`: `rows` good ones; `ignored` are headers nobody asked for."""

    table: str
    columns: list[str]
    ignored: list[str]
    rows: int = 0
    encoding: str = "UTF8"
    bad: list[BadRow] = field(default_factory=list)


def load(
    open_stream: Callable[[], IO[bytes]],
    *,
    file: str,
    table: str,
    header: Header,
    bad_limit: int,
    undecodable: Undecodable = "file",
    large: bool = False,
    on_read: Callable[[int, int], None] = lambda _bytes, _lines: None,
) -> Loaded:
    """Put the rows below `header` into the temporary table `table` (line bigint, one text column each).

    `large` is for files of hundreds of MB: the table is an unlogged one, which PostgreSQL can read in parallel, and
    keeps but the first byte of the columns that nobody asked for: 150 MB of SOREntity.csv's 375. The caller drops it.

    `open_stream` gives the file from its first byte, each time it is called. `file` is how messages name it. More
    than `bad_limit` bad rows raise TabularError `too_many_bad_rows`; NUL or undecodable bytes raise `not_text`, or
    with `undecodable` "row" make bad rows of those that they stand in.
    `on_read` is told now and then how many bytes and how many lines of the file have been read.
    """
    columns = header.table_columns
    _create(table, columns, header.line + 1, large)
    loaded = Loaded(table, columns, [n for n, c in zip(header.found, header.names, strict=True) if c is None])
    for encoding in ENCODINGS if header.encoding == "UTF8" else ["WIN1252"]:
        loaded.encoding = encoding
        loaded.bad.clear()
        try:
            try:
                _load_whole(open_stream, header, loaded, on_read)
            except (_Unbalanced, psycopg.DataError):
                if undecodable == "row":
                    break
                _load_by_line(open_stream, file, header, loaded, bad_limit, undecodable, on_read)
            return loaded
        except WrongEncoding as wrong:
            if wrong.mixed or encoding == "WIN1252":
                if undecodable == "row":
                    break
                raise not_text(file, wrong.line) from None
    with open_stream() as stream:
        loaded.encoding = prevailing_encoding(stream)
    _load_by_line(open_stream, file, header, loaded, bad_limit, undecodable, on_read)
    return loaded


class _Unbalanced(Exception):
    """COPY found fewer rows than the file has lines, or would take quotes out of the midst of a text."""


def _quotes_within(delimiter: str) -> re.Pattern[bytes]:
    """A quote that neither begins nor ends a field nor stands doubled: `Klinik "Syd"`. COPY drops it without a word.

    An id written for Excel, `="123"`, is none. The quote comes first in the pattern, so that the search jumps from one
    to the next: 350 MB take 0.2 s.
    """
    end = re.escape(delimiter) + r"\r\n"
    return re.compile(rf'"(?:(?<=[^{end}="]")(?:[^{end}="]|"[{end}])|(?<=[^{end}"]=")[^"])'.encode())


class _Counted:
    """Passes a stream on in chunks, counts its lines, and stops at the first byte its encoding does not know."""

    def __init__(self, stream: IO[bytes], encoding: str, header: Header, on_read: Callable[[int, int], None]):
        self.stream, self.on_read, self.first = stream, on_read, header.line + 1
        self.lines = self.bytes = 0
        self.decoder = codecs.getincrementaldecoder(ENCODINGS[encoding])()
        self.seen_multibyte = False
        self.quotes_within = _quotes_within(header.delimiter)
        self.stray_letter = UTF8_LETTER if encoding == "WIN1252" else None

    def __iter__(self) -> Iterator[bytes]:
        last = tail = b"\n"
        while chunk := self.stream.read(CHUNK):
            self._check(chunk)
            if self.quotes_within.search(tail + chunk):
                raise _Unbalanced
            self.lines += chunk.count(b"\n")
            last, tail = chunk[-1:], chunk[-3:]
            self.bytes += len(chunk)
            self.on_read(self.bytes, self.lines)
            yield chunk
        self._check(b"", final=True)
        self.lines += last != b"\n"

    def _check(self, chunk: bytes, final: bool = False) -> None:
        if chunk.isascii() and not final and not self.decoder.getstate()[0]:
            return
        try:
            text = self.decoder.decode(chunk, final)
        except UnicodeDecodeError as error:
            before = error.object[: error.start]
            mixed = self.seen_multibyte or not before.isascii()
            raise WrongEncoding(self.first + self.lines + before.count(b"\n"), mixed) from None
        if self.stray_letter and (stray := self.stray_letter.search(chunk)):
            raise WrongEncoding(self.first + self.lines + chunk[: stray.start()].count(b"\n"), True)
        self.seen_multibyte = self.seen_multibyte or not text.isascii()


def _load_whole(
    open_stream: Callable[[], IO[bytes]], header: Header, loaded: Loaded, on_read: Callable[[int, int], None]
) -> None:
    """The fast path. Raises _Unbalanced or DataError where the file has to be read line by line."""
    with transaction.atomic(), open_stream() as stream:
        stream.read(header.length)
        counted = _Counted(stream, loaded.encoding, header, on_read)
        loaded.rows = _copy(loaded.table, loaded.columns, header.delimiter, loaded.encoding, counted)
        if loaded.rows != counted.lines:
            raise _Unbalanced


def _create(table: str, columns: list[str], first: int, large: bool) -> None:
    """Ignored columns stand last: PostgreSQL reads a row from the left, as far as it needs.

    `first` is the line below the header; COPY keeps the order of the file.
    """
    known = [column for column in columns if not column.startswith("ignored_")]
    ignored = [column for column in columns if column.startswith("ignored_")]
    definitions = [sql.SQL("{} text").format(sql.Identifier(column)) for column in known]
    definitions += [
        sql.SQL('{} "char"' if large else "{} text").format(sql.Identifier(column)) for column in ignored
    ]
    statement = (
        "CREATE {} TABLE {} (line bigint GENERATED BY DEFAULT AS IDENTITY (START {} CACHE 1000), {}) {}"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(sql.Identifier(table)))
        cursor.execute(
            sql.SQL(statement).format(
                sql.SQL("UNLOGGED" if large else "TEMP"),
                sql.Identifier(table),
                sql.Literal(first),
                sql.SQL(", ").join(definitions),
                sql.SQL("" if large else "ON COMMIT DROP"),
            )
        )


def _copy(table: str, columns: list[str], delimiter: str, encoding: str, chunks: Iterable[bytes]) -> int:
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv, DELIMITER {}, ENCODING {})").format(
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, columns)),
        sql.Literal(delimiter),
        sql.Literal(encoding),
    )
    with connection.cursor() as cursor:
        with cursor.copy(statement) as copy:
            for chunk in chunks:
                copy.write(chunk)
        return int(cursor.rowcount)


def _load_by_line(
    open_stream: Callable[[], IO[bytes]],
    file: str,
    header: Header,
    loaded: Loaded,
    bad_limit: int,
    undecodable: Undecodable,
    on_read: Callable[[int, int], None],
) -> None:
    def rows() -> Iterator[bytes]:
        buffer, read = io.StringIO(), 0
        # With these ends of line the writer quotes both of the characters that COPY takes for one.
        writer = csv.writer(buffer, delimiter=header.delimiter, lineterminator="\r\n")
        for line, values in _rows(open_stream, file, header, loaded, bad_limit, undecodable):
            # An empty field is written bare, which COPY reads as null, as it does in the file itself.
            writer.writerow([line, *values])
            if buffer.tell() > CHUNK:
                read += buffer.tell()  # about: as it is written again
                on_read(read, line)
                yield buffer.getvalue().encode()
                buffer.seek(0)
                buffer.truncate()
        yield buffer.getvalue().encode()

    with transaction.atomic():
        loaded.rows = _copy(loaded.table, ["line", *loaded.columns], header.delimiter, "UTF8", rows())


def _rows(
    open_stream: Callable[[], IO[bytes]],
    file: str,
    header: Header,
    loaded: Loaded,
    bad_limit: int,
    undecodable: Undecodable,
) -> Iterator[tuple[int, list[str]]]:
    """Yield (physical line, fields) of the rows that can be read; put the others into `loaded.bad`."""
    with open_stream() as stream:
        stream.read(header.length)
        first = header.line + 1
        for row in read_rows(
            stream, loaded.encoding, header.delimiter, len(header.names), undecodable, first
        ):
            if not isinstance(row, BadRow):
                yield row
                continue
            loaded.bad.append(row)
            if len(loaded.bad) > bad_limit:
                raise _too_many(file, loaded.bad)


def _too_many(file: str, bad: list[BadRow]) -> TabularError:
    return TabularError(
        file,
        bad[0].line,
        "too_many_bad_rows",
        Sentence(
            "%(count)s rows cannot be read, the first begins “%(value)s”. Fetch the file again, or mend those rows.",
            count=len(bad),
            value=bad[0].value,
        ),
    )
