"""The spelling of the files: semicolon, CRLF, quotes where needed, ids for Excel, three encodings."""

from __future__ import annotations

import random
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO

UTF8, UTF8_BOM, CP1252 = "utf-8", "utf-8-sig", "cp1252"
BOM = "\ufeff".encode()


def cell(text: str) -> str:
    """Return `text` as a CSV field, quoted where it holds a semicolon or a quote."""
    if ";" in text or '"' in text:
        return '"' + text.replace('"', '""') + '"'
    return text


def excel_bare(identifier: str) -> str:
    """Return ="123": what Excel keeps as text, written without regard to CSV quoting."""
    return f'="{identifier}"'


def excel_quoted(identifier: str) -> str:
    '''Return "=""123""": the same, properly quoted.'''
    return f'"=""{identifier}"""'


def line(*fields: str) -> str:
    """Return one CSV line of fields that are spelled already."""
    return ";".join(fields) + "\r\n"


class Sink:
    """Writes text to a binary stream in one encoding, in batches, and counts the lines."""

    def __init__(self, stream: IO[bytes], encoding: str, header: Iterable[str]) -> None:
        self._stream = stream
        self._encoding = UTF8 if encoding == UTF8_BOM else encoding
        self.lines = 0
        if encoding == UTF8_BOM:
            stream.write(BOM)
        stream.write(line(*header).encode(self._encoding))

    def write(self, lines: Iterable[str]) -> None:
        """Write `lines`, each with its line end."""
        iterator = iter(lines)
        while batch := list(islice(iterator, 1000)):
            self._stream.write("".join(batch).encode(self._encoding))
            self.lines += len(batch)


@contextmanager
def archive_file(archive: zipfile.ZipFile, name: str, encoding: str, header: Iterable[str]) -> Iterator[Sink]:
    """Open a file of `archive` for writing; its time is the zip format's first day, so bytes repeat."""
    with archive.open(name, "w") as stream:
        yield Sink(stream, encoding, header)


@contextmanager
def plain_file(path: Path, encoding: str, header: Iterable[str]) -> Iterator[Sink]:
    with path.open("wb") as stream:
        yield Sink(stream, encoding, header)


def stirred(lines: Iterable[str], rng: random.Random, width: int = 256) -> Iterator[str]:
    """Yield `lines` in a slightly mixed order, holding `width` of them."""
    iterator = iter(lines)
    pool = list(islice(iterator, width))
    for new in iterator:
        place = int(rng.random() * len(pool))
        yield pool[place]
        pool[place] = new
    rng.shuffle(pool)
    yield from pool
