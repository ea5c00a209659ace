"""Pasted or uploaded location numbers → a list that an address can name: `?liste=<key>`.

5790000173624;5790 0001 2152 6     any separators, and spaces inside a number
="5790000173624"   '5790000173624  as spreadsheets write them
GLN;Navn                           of a table the column of numbers is taken, by its header or by what it holds
5790000173624;Lægehuset
5,79E+12                           what is no number is listed with its line
"""

import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Exists, Func, OuterRef
from django.utils import timezone

from locations.models import GlnList, LocationNumber, SavedSearch
from locations.models.gln_list import MOST
from soredi.jobs import Refused
from soredi.models import User
from soredi.sentences import Sentence
from soredi.workbook import ZIP, NotAWorkbook, TooLarge, opened

MAX_BYTES = 2_000_000
MAX_CELLS = 2_100_000  # of a spreadsheet: two columns of 1,048,576 rows
MALFORMED = 1000  # that are listed
LIVES = timedelta(days=30)  # since it was last used

HEADERS = {
    "loknr",
    "lokationsnummer",
    "lokationsnumre",
    "gln",
    "glnnummer",
    "ean",
    "eannummer",
    "eanlocationcode",
}
# A comma within a number that a spreadsheet shortened, 5,79E+12, parts nothing.
_CELLS = re.compile(r"[;\t|]|,(?!\d+[eE]\+?\d)")
_DRESS = str.maketrans("", "", "=\"'\u2019\ufeff")


@dataclass(frozen=True)
class Malformed:
    """What stands in `line` and is no location number."""

    line: int
    value: str


@dataclass(frozen=True)
class Kept:
    """What became of pasted numbers. `kept` is None where there was no number at all.

    `not_found` are those that are not among the person's numbers: for an administrator, that are nowhere. Whether
    somebody else has them is not told. `malformed` are the first MALFORMED of `malformed_count`.
    """

    kept: GlnList | None
    malformed: list[Malformed]
    malformed_count: int
    not_found: list[str]
    repeated: int


def keep_list(text: str | bytes, by: User | None) -> Kept:
    """Keep the numbers in pasted text or in the bytes of a txt, csv or xlsx file.

    Raises Refused where there are more than MOST of them, or the file cannot be read.
    """
    glns: list[str] = []
    malformed: list[Malformed] = []
    for line, value in _values(_rows(text)):
        if re.fullmatch(r"[0-9]{13}", value):
            glns.append(value)
        else:
            malformed.append(Malformed(line, value[:50]))
    distinct = sorted(set(glns))
    if len(distinct) > MOST:
        raise Refused(
            Sentence(
                "The list has %(count)s location numbers; at most %(limit)s can be kept. Divide it.",
                count=len(distinct),
                limit=MOST,
            )
        )
    kept = None
    if distinct:
        kept, _made = GlnList.objects.update_or_create(
            key=GlnList.key_of(distinct),
            created_by=by,
            defaults={"used_at": timezone.now()},
            create_defaults={"glns": distinct},
        )
    return Kept(
        kept=kept,
        malformed=malformed[:MALFORMED],
        malformed_count=len(malformed),
        not_found=not_found(kept, by) if kept else [],
        repeated=len(glns) - len(distinct),
    )


def not_found(kept: GlnList, by: User | None) -> list[str]:
    """The numbers of the list that are not among those `by` may see, ascending. One query."""
    one = Func("glns", function="unnest")
    own = LocationNumber.objects.editable_by(by).filter(
        gln__in=GlnList.objects.filter(pk=kept.pk).values(one=one)
    )
    return sorted(set(kept.glns).difference(own.values_list("gln", flat=True)))


def touch(kept: GlnList) -> None:
    """Note that it is in use, once a day."""
    now = timezone.now()
    if kept.used_at < now - timedelta(days=1):
        GlnList.objects.filter(pk=kept.pk).update(used_at=now)


def drop_unused() -> int:
    """Forget the lists that nobody has used for LIVES and that no saved search names; returns how many."""
    saved = SavedSearch.objects.filter(query__contains=OuterRef("key"))
    unused = GlnList.objects.filter(used_at__lt=timezone.now() - LIVES).exclude(Exists(saved))
    return unused.delete()[0]


def _rows(text: str | bytes) -> list[list[str]]:
    """The cells of each line; the first is line 1."""
    if isinstance(text, bytes):
        if len(text) > MAX_BYTES:
            raise Refused(
                Sentence("The file is larger than %(limit)s MB. Divide it.", limit=MAX_BYTES // 1_000_000)
            )
        if text.startswith(ZIP):
            return _sheet(text)
        text = _decoded(text)
    if "\0" in text:
        raise Refused(Sentence("This is no text and no Excel sheet. Save it as xlsx or as “CSV UTF-8”."))
    return [[_undressed(cell) for cell in _CELLS.split(line)] for line in text.splitlines()]


def _decoded(file: bytes) -> str:
    try:
        return file.decode("utf-8-sig")
    except UnicodeDecodeError:
        return file.decode("cp1252", errors="replace")


def _sheet(file: bytes) -> list[list[str]]:
    try:
        with opened(io.BytesIO(file), cells=MAX_CELLS) as workbook:
            rows = workbook.get_sheet_by_index(0).to_python(skip_empty_area=False)
    except TooLarge:
        raise Refused(Sentence("The Excel sheet is too large. Copy the column and paste it.")) from None
    except NotAWorkbook:
        raise Refused(Sentence("The Excel sheet cannot be read. Copy the column and paste it.")) from None
    return [[_undressed(_said(cell)) for cell in row] for row in rows]


def _said(cell: object) -> str:
    """A number in a sheet is a float, exact up to 15 digits."""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


def _undressed(cell: str) -> str:
    return " ".join(cell.translate(_DRESS).split())


def _values(rows: Sequence[Sequence[str]]) -> Iterator[tuple[int, str]]:
    """(line, value) of each number, or of what should have been one."""
    head = [re.sub(r"[^a-zæøå]", "", cell.lower()) for cell in rows[0]] if rows else []
    columns = {at for at, name in enumerate(head) if name in HEADERS} or _columns_of_numbers(rows)
    for line, row in enumerate(rows, 1):
        for at, cell in enumerate(row):
            if not cell or (columns and at not in columns):
                continue
            if line == 1 and not any(letter.isdigit() for letter in cell):
                continue  # a header
            yield from ((line, value) for value in _numbers_of(cell))


def _columns_of_numbers(rows: Sequence[Sequence[str]]) -> set[int]:
    """Of a table of several columns, those that hold numbers for the most part; none where it is no table."""
    widths = {len(row) for row in rows if any(row)}
    if len(rows) < 2 or len(widths) != 1 or widths == {1}:
        return set()
    found = set()
    for at in range(widths.pop()):
        cells = [row[at] for row in rows if any(row) and row[at]]
        if 2 * sum(
            len(cell.replace(" ", "")) == 13 and cell.replace(" ", "").isdigit() for cell in cells
        ) >= max(len(cells), 1):
            found.add(at)
    return found


def _numbers_of(cell: str) -> list[str]:
    """One number, whose digits may be in groups, or several with spaces between; else the cell as it is."""
    groups = cell.split(" ")
    if not all(group.isascii() and group.isdigit() for group in groups):
        return groups if len(groups) > 1 and any(len(group) == 13 for group in groups) else [cell]
    numbers, digits = [], ""
    for group in groups:
        digits += group
        if len(digits) >= 13:
            numbers.append(digits)
            digits = ""
    return [*numbers, digits] if digits else numbers
