"""MedCom's sheet of approvals, as xlsx or CSV → its rows.

System        Leverandør  Systemtype       Standard            Standard ID (Version)  Kanal    Teststatus
Clinea (LPS)  EG          Lægesystemer     Korrespondancebrev  DIS91 (D9134L)         Modtage  Godkendt
Clinea (LPS)  EG          Specialsystemer  Korrespondancebrev  DIS91 (D9134L)         Modtage  Tester

Columns are found by their headers in any order, exactly if they can be and else by how they begin: the type was once
`Systemtype` and is now `Systemtype / Oversigt`. Rows above the header, empty rows and other columns are passed over.
A cell that holds the same text on several lines holds it once; Excel's `_x000D_` is a line break. Nothing else is
taken off a name: (LPS), [LPS], (Privath.) and (PAS) tell products apart.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from soredi.sentences import Sentence
from soredi.tabular import TabularError, plain
from soredi.workbook import ZIP, NotAWorkbook, TooLarge, opened

MAX_BYTES = 10_000_000
MAX_ROWS = 100_000
HEADER_WITHIN = 20  # rows

# Column → its headers; the first is its name.
COLUMNS = {
    "system": ("System",),
    "vendor": ("Leverandør", "Systemleverandør"),
    "system_type": ("Systemtype",),
    "standard": ("Standard",),
    "message": ("Standard ID (Version)", "Standard ID"),
    "channel": ("Kanal",),
    "status": ("Teststatus",),
}
NEEDED = ("system", "message", "channel", "status")
CHANNELS = {
    "modtage": "receive",
    "sende": "send",
    "webservice": "webservice",
    "upload": "upload",
    "download": "download",
}
STATUSES = {
    "godkendt": "certified",
    "ikkegodkendt": "refused",
    "tester": "in_test",
    "testmangler": "missing",
}
# `DIS91 (D9134L)`, and whatever else has a code and one version: `FMK (1.4.4.E2)`.
_MESSAGE = re.compile(r"([^()\s][^()]*?)\s*\(\s*([^()]*[^()\s])\s*\)")
# As most codes and versions are made.
_USUAL = re.compile(r"X?[A-ZÆØÅ]{3}\d\d[A-Z]? \(X?[A-Z]\d{4}[A-Z]\)")


@dataclass(frozen=True)
class Row:
    """One row of the sheet; `line` counts from 1, the header's included. `code` and `version` may be empty."""

    line: int
    system: str
    vendor: str
    system_type: str
    standard: str
    message: str
    code: str
    version: str
    channel: str
    status: str


@dataclass(frozen=True)
class Problem:
    """A line of which something was not understood: `no_system`, `no_message`, `unknown_channel`, `unknown_status`,
    which leave it out, or `malformed_message`, which does not."""

    line: int
    code: str
    value: str


@dataclass
class Sheet:
    """`rows` are those that are used; `read` counts all, `duplicates` those equal in all columns to an earlier one."""

    rows: list[Row] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    read: int = 0
    duplicates: int = 0


def read(file: bytes, *, name: str) -> Sheet:
    """Raises TabularError: `too_large`, `not_text`, `empty_file`, `wrong_columns`."""
    if len(file) > MAX_BYTES:
        raise _too_large(name)
    lines = _workbook(file, name) if file.startswith(ZIP) else _text(file, name)
    cells = ((line, [_clean(cell) for cell in row]) for line, row in lines)
    filled = ((line, row) for line, row in cells if any(row))
    return _sheet(_header(filled, name), filled, name)


def is_usual(message: str) -> bool:
    """Whether a message is named as most are, `DIS91 (D9134L)`."""
    return _USUAL.fullmatch(message) is not None


def _sheet(columns: dict[str, int], filled: Iterable[tuple[int, list[str]]], name: str) -> Sheet:
    sheet = Sheet()
    seen = set()
    for line, row in filled:
        sheet.read += 1
        if sheet.read > MAX_ROWS:
            raise _too_large(name)
        whole = tuple(row)
        if whole in seen:
            sheet.duplicates += 1
            continue
        seen.add(whole)
        said = {column: row[at] if at < len(row) else "" for column, at in columns.items()}
        if left_out := _left_out(line, said):
            sheet.problems.append(left_out)
            continue
        parts = _MESSAGE.fullmatch(said["message"])
        code, version = (parts[1], "".join(parts[2].split())) if parts else ("", "")
        if not parts:
            sheet.problems.append(Problem(line, "malformed_message", said["message"]))
        sheet.rows.append(
            Row(
                line,
                said["system"],
                said.get("vendor", ""),
                said.get("system_type", ""),
                said.get("standard", ""),
                f"{code} ({version})" if parts else said["message"],
                code,
                version,
                CHANNELS[plain(said["channel"])],
                STATUSES[plain(said["status"])],
            )
        )
    if not sheet.read:
        raise TabularError(name, 1, "empty_file", Sentence("The sheet has no rows below the header."))
    return sheet


def _left_out(line: int, said: dict[str, str]) -> Problem | None:
    """Why a row cannot be used; None where it can."""
    for column, code in (("system", "no_system"), ("message", "no_message")):
        if not said[column]:
            return Problem(line, code, " · ".join(text for text in said.values() if text))
    if plain(said["channel"]) not in CHANNELS:
        return Problem(line, "unknown_channel", said["channel"])
    if plain(said["status"]) not in STATUSES:
        return Problem(line, "unknown_status", said["status"])
    return None


def _header(filled: Iterator[tuple[int, list[str]]], name: str) -> dict[str, int]:
    """Column → its place, from the first row that names all that are needed."""
    found: list[str] = []
    missing: list[str] = []
    for at, (_line, row) in enumerate(filled):
        columns = _columns(row)
        lacking = [COLUMNS[column][0] for column in NEEDED if column not in columns]
        if not lacking:
            return columns
        if not found or len(lacking) < len(missing):
            found, missing = [header for header in row if header], lacking
        if at + 1 == HEADER_WITHIN:
            break
    if not found:
        raise TabularError(name, 0, "empty_file", Sentence("The file is empty. Fetch or save it again."))
    raise TabularError(
        name,
        1,
        "wrong_columns",
        Sentence(
            "No header names these columns: %(missing)s. Found: %(found)s.",
            missing=", ".join(missing),
            found=", ".join(found),
        ),
    )


def _columns(row: Sequence[str]) -> dict[str, int]:
    """Exact headers first; then by how the rest begin, longest names first, since `Systemtype` begins with `System`."""
    headers = [plain(header) for header in row]
    columns: dict[str, int] = {}
    for column, names in COLUMNS.items():
        for name in names:
            if column not in columns and plain(name) in headers:
                columns[column] = headers.index(plain(name))
    by_length = sorted(
        ((plain(name), column) for column, names in COLUMNS.items() for name in names),
        key=lambda pair: -len(pair[0]),
    )
    for name, column in by_length:
        for at, header in enumerate(headers):
            if column not in columns and at not in columns.values() and header.startswith(name):
                columns[column] = at
    return columns


def _clean(cell: object) -> str:
    """A cell's text on one line."""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    lines = [" ".join(line.split()) for line in str(cell).replace("_x000D_", "\n").splitlines()]
    return " ".join(dict.fromkeys(line for line in lines if line))


def _workbook(file: bytes, name: str) -> Iterator[tuple[int, Sequence[object]]]:
    """(line, cells) of the first sheet."""
    try:
        with opened(io.BytesIO(file)) as workbook:
            rows = workbook.get_sheet_by_index(0).to_python(skip_empty_area=False)
    except TooLarge:
        raise _too_large(name) from None
    except NotAWorkbook:
        raise TabularError(
            name,
            0,
            "not_text",
            Sentence("The Excel sheet cannot be read. Save it as “CSV UTF-8” and upload it again."),
        ) from None
    return iter(enumerate(rows, 1))


def _text(file: bytes, name: str) -> Iterator[tuple[int, Sequence[object]]]:
    """(line where the row begins, cells)."""
    try:
        text = file.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = file.decode("cp1252", errors="replace")
    if "\0" in text:
        raise TabularError(
            name,
            0,
            "not_text",
            Sentence("This is no text and no Excel sheet. Save it as xlsx or as “CSV UTF-8”."),
        )
    header = next((line for line in text.splitlines() if "kanal" in line.casefold()), text)
    delimiter = max(";\t,", key=header.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    begun = 0
    try:
        for row in reader:
            yield begun + 1, row
            begun = reader.line_num
    except csv.Error:
        raise TabularError(
            name,
            begun + 1,
            "not_text",
            Sentence("The line cannot be read. Save the sheet as xlsx or as “CSV UTF-8”."),
        ) from None


def _too_large(name: str) -> TabularError:
    return TabularError(
        name,
        0,
        "too_large",
        Sentence(
            "A sheet of approvals has at most %(rows)s rows and %(limit)s MB. Is this the right file?",
            rows=MAX_ROWS,
            limit=MAX_BYTES // 1_000_000,
        ),
    )
