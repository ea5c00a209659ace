"""A code list as a file, and such a file read back. UTF-8 with BOM, CRLF, semicolons:

    Kode;Version;Navn;Standard;SOR-id;URN;Brev;Gyldig fra;Udgår;Erstattes af
    DIS91;D9134L;Epikrise;EDIFACT;1001;urn:…;DIS91;2012-05-01;;DIS91 D9135L

A column that is left out leaves its field alone; a row that is left out is left alone. Days are ISO, and read as
spreadsheets write them too.
"""

import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from locations.catalogue_check import Draft, Known, draft_of, problems
from locations.code_lists import CodeList, Field
from locations.models import EdiType
from soredi.csvlines import BadRow, WrongEncoding, read_rows
from soredi.newlines import instead_of_cr
from soredi.sentences import Sentence
from soredi.spreadsheet import csv_chunks, guarded
from soredi.tabular import TabularError, not_text, plain, read_header

MAX_BYTES = 5_000_000
_GUARDED = re.compile(r"'(?=[=+\-@\t\r])")
# What a spreadsheet makes of a long code: 4,10E+10.
_ROUNDED = re.compile(r"\d+([.,]\d+)?E\+\d+", re.IGNORECASE)
_DAY = re.compile(r"(\d{1,2})[-./](\d{1,2})[-./](\d{4})")
_STANDARDS = {plain(str(label)): value for value, label in EdiType.Standard.choices} | {
    "andet": EdiType.Standard.OTHER.value,
    "other": EdiType.Standard.OTHER.value,
}


@dataclass(frozen=True)
class Wrong:
    """A row that cannot be taken, by its line (the header is 1)."""

    line: int
    value: str
    why: Sentence


@dataclass
class Read:
    """What a file asks for. Nothing may be planned while there is anything `wrong`."""

    drafts: list[Draft] = field(default_factory=list)
    wrong: list[Wrong] = field(default_factory=list)
    unchanged: int = 0
    gone: list[str] = field(default_factory=list)  # in the list, not in the file: nothing happens to them


def as_csv(code_list: CodeList, fields: Iterable[Field], rows: Iterable[Any]) -> Iterator[bytes]:
    """`rows` are the list's, or its events'."""
    fields = list(fields)
    header = [*code_list.key_headers, *(field.header for field in fields)]
    return csv_chunks(header, (_cells(code_list, fields, row) for row in rows))


def _cells(code_list: CodeList, fields: list[Field], row: Any) -> list[str]:
    key = [getattr(row, column) for column in code_list.key]
    texts = [
        str(row.get_standard_display()) if field.kind == "standard" else field.text(row) for field in fields
    ]
    return [guarded(text) for text in (*key, *texts)]


def read(code_list: CodeList, content: bytes, name: str) -> Read:
    """Compare the file with the list as it is now. Raises TabularError where it is no such file at all."""
    columns = {plain(header): f"key_{i}" for i, header in enumerate(code_list.key_headers)}
    columns |= {plain(field.header): field.name for field in code_list.fields}
    if (instead := instead_of_cr(content)) is not None:
        content = content.replace(b"\r", instead)
    header = read_header(io.BytesIO(content), name, columns)
    missing = [title for i, title in enumerate(code_list.key_headers) if f"key_{i}" not in header.names]
    unknown = [found for found, known in zip(header.found, header.names, strict=True) if known is None]
    if missing or unknown:
        raise _wrong_columns(code_list, name, missing, unknown)
    known = {row.label: row for row in code_list.rows()}
    read = Read()
    seen: dict[str, int] = {}
    for line, values in _lines(content, header, name, read):
        cells = {
            column: _plain_text(text) for column, text in zip(header.names, values, strict=True) if column
        }
        key = tuple(cells.pop(f"key_{i}") for i in range(len(code_list.key)))
        label = " ".join(key).strip()
        if any(_ROUNDED.fullmatch(part) for part in key):
            read.wrong.append(Wrong(line, label, _rounded()))
            continue
        if label in seen:
            read.wrong.append(
                Wrong(line, label, Sentence("It stands in line %(line)s already.", line=seen[label]))
            )
            continue
        seen[label] = line
        given = {column: _text(code_list.field(column), text) for column, text in cells.items()}
        read.drafts.append(_draft(code_list, key, given, known.get(label), line))
    _check(code_list, read)
    read.gone = [label for label in known if label not in seen]
    read.unchanged = sum(draft.before is not None and not draft.changes() for draft in read.drafts)
    return read


def _lines(content: bytes, header: Any, name: str, read: Read) -> Iterator[tuple[int, list[str]]]:
    encodings = ["UTF8", "WIN1252"] if header.encoding == "UTF8" else ["WIN1252"]
    for encoding in encodings:
        stream = io.BytesIO(content)
        stream.read(header.length)
        try:
            found = list(read_rows(stream, encoding, header.delimiter, len(header.names), "file"))
        except WrongEncoding as error:
            if encoding == encodings[-1] or error.mixed:
                raise not_text(name, error.line) from None
            continue
        for row in found:
            if isinstance(row, BadRow):
                read.wrong.append(
                    Wrong(row.line, row.value, Sentence("The line has not the columns of the first line."))
                )
            else:
                yield row
        return


def _draft(code_list: CodeList, key: tuple[str, ...], given: dict[str, str], row: Any, line: int) -> Draft:
    if row is None:
        if code_list.model is EdiType:
            given.setdefault("standard", EdiType.Standard.OTHER.value)
        given["name"] = given.get("name") or " ".join(key).strip()
        return Draft(key, given, None, line=line)
    draft = draft_of(code_list, row, given)
    draft.after, draft.line = given, line
    return draft


def _check(code_list: CodeList, read: Read) -> None:
    """All fields of a row take part in the checks, not only those that the file has."""
    for draft, name, why in problems(code_list, read.drafts, Known.of(code_list)):
        title = code_list.field(name).header if name else code_list.key_headers[0]
        sentence = Sentence("%(column)s: %(why)s", column=title, why=why)
        read.wrong.append(Wrong(draft.line, draft.label, sentence))
    read.wrong.sort(key=lambda wrong: wrong.line)


def _plain_text(text: str | None) -> str:
    return _GUARDED.sub("", (text or "").strip(), count=1)


def _text(field: Field, text: str) -> str:
    if field.kind == "day" and (found := _DAY.fullmatch(text)):
        day, month, year = found.groups()
        return f"{year}-{month:0>2}-{day:0>2}"
    if field.kind == "standard":
        return _STANDARDS.get(plain(text), text or EdiType.Standard.OTHER.value)
    if field.kind == "entry":
        return " ".join(text.split())
    if field.kind == "people":
        return ", ".join(sorted(set(text.replace(",", " ").split())))
    return text


def _rounded() -> Sentence:
    return Sentence("A spreadsheet has rounded the code. Format the column as text and enter it again.")


def _wrong_columns(code_list: CodeList, name: str, missing: list[str], unknown: list[str]) -> TabularError:
    allowed = ", ".join([*code_list.key_headers, *(field.header for field in code_list.fields)])
    if missing:
        why = Sentence(
            "The column %(column)s is missing. The columns are: %(allowed)s.",
            column=missing[0],
            allowed=allowed,
        )
    else:
        why = Sentence(
            "The column “%(column)s” is not known, or stands there twice. The columns are: %(allowed)s.",
            column=unknown[0],
            allowed=allowed,
        )
    return TabularError(name, 1, "wrong_columns", why)
