"""Location numbers as files, streamed from one COPY: one snapshot, flat memory, the first bytes at once.

massupdate: UTF-8 with BOM, CRLF, header `Loknr;EdiId`, one pair a line, ordered by number, then code and version.
EdiId is the type's SOR id, else `code version`. A number without types is one line with an empty EdiId. The file can
come back as a mass update and then changes nothing.

csv-par: the same dress and order, one line a pair for pivot tables and joins; a number without types has one line, in
which all but the number is empty. EDI-type id is SOR's, empty where SOR has given none:

    Lokationsnummer · EDI-type id · EDI-type kode · EDI-type version · EDI-type

csv: the same dress, one line a number in the order of the numbers, with these columns, in this order for ever; new
ones are added at the end. xlsx holds the same, every cell as text, at most 200,000 numbers.

    Lokationsnummer · Status (aktiv, inaktiv, lukket, fremtidig) · Enhed · SOR-kode · Enhedstype (IE, SI, OE) · Sti
    (names from the owner down, ` › ` between) · CVR · Ydernummer · SHAK · Adresse · Postnummer · By · Regionskode ·
    Region · Første dato · Fra dato · Til dato (ISO) · EDI-administrator kode · EDI-administrator · VANS kode · VANS ·
    System kode · System · Leverandør kode · Leverandør · Kun intern (ja, nej) · Ikke aktiv (ja, nej) · Note ·
    EDI-typer (`DIS91 D9134L, …`)

Text that a spreadsheet would run as a formula (it begins with = + - @, tab or CR) gets an apostrophe in front in
csv, csv-par and xlsx. In massupdate every byte is as it was.
"""

import codecs
from collections.abc import Generator, Iterator
from contextlib import closing
from typing import Any, Literal

from django.contrib.humanize.templatetags.humanize import intcomma
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.backends.postgresql.psycopg_any import mogrify
from django.utils import timezone
from django.utils.translation import gettext as _

from locations import sheet
from locations.access import LocationNumberQuerySet
from locations.as_of import numbers_on

Format = Literal["csv", "csv-par", "massupdate", "xlsx"]

CHUNK = 1 << 16  # bytes
XLSX_ROWS = 200_000  # a sheet holds 1,048,575, but a spreadsheet opens so many too slowly to be of use
CONTENT_TYPES: dict[str, str] = {
    "csv": "text/csv; charset=utf-8",
    "csv-par": "text/csv; charset=utf-8",
    "massupdate": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
FILE_NAMES: dict[str, str] = {
    "csv": "lokationsnumre.csv",
    "csv-par": "lokationsnumre-edi-typer.csv",
    "massupdate": "masseopdatering.csv",
    "xlsx": "lokationsnumre.xlsx",
}
PAIRS_HEADER = "Loknr;EdiId"

# EDI types as files name them, in the order of code and version. About a hundred rows, read once.
EDI_TYPES = """
types AS MATERIALIZED (
    SELECT id, rtrim(code || ' ' || version) AS label,
        coalesce(nullif(sor_id, ''), rtrim(code || ' ' || version)) AS edi_id,
        sor_id, code, version, name,
        row_number() OVER (ORDER BY code, version) AS rank
    FROM locations_editype
)
"""


def cell(expression: str, text: bool) -> str:
    """The SQL of one cell.

    Empty text is sent as null, which csv writes without quotes; text that would be run gets an apostrophe.
    """
    if not text:
        return expression
    guarded = f"'''' || {expression}"
    return f"CASE WHEN {expression} ~ '^[=+@\t\r-]' THEN {guarded} ELSE nullif({expression}, '') END"


def _quoted(expression: str) -> str:
    """The SQL of one cell within a line that is put together here: in quotes only where it must be."""
    value = f"coalesce({expression}, '')"
    return f"CASE WHEN {value} ~ '[;\"\r\n]' THEN '\"' || replace({value}, '\"', '\"\"') || '\"' ELSE {value} END"


# Header of a file of pairs → SQL of the cells after the number. Guarded where it is text that somebody wrote, but
# never in what is to come back as it went.
_PAIRS_FILES: dict[str, tuple[str, list[str]]] = {
    "massupdate": (PAIRS_HEADER, [_quoted("edi_id")]),
    "csv-par": (
        "Lokationsnummer;EDI-type id;EDI-type kode;EDI-type version;EDI-type",
        [_quoted(cell(column, text=True)) for column in ("sor_id", "code", "version", "name")],
    ),
}

# In: a SELECT of primary keys. Out: one row a number, all its lines with CRLF between them: 22 times fewer
# messages than a row a pair. The numbers are put in order first, then looked into, so that the first row comes at once.
_PAIRS = """
WITH {edi_types}, told AS MATERIALIZED (SELECT id, rank, {cells} AS cells FROM types)
SELECT l.gln || ';' || coalesce((
    SELECT string_agg(t.cells, E'\r\n' || l.gln || ';' ORDER BY t.rank)
    FROM unnest(l.edi_types) held (id) JOIN told t ON t.id = held.id
), '{no_cells}')
FROM (SELECT gln, edi_types FROM {numbers} n WHERE id IN ({chosen}) ORDER BY gln OFFSET 0) l
ORDER BY l.gln
"""

# Header → SQL, and whether it is text that somebody wrote, to be guarded against being run as a formula.
_COLUMNS: dict[str, tuple[str, bool]] = {
    "Lokationsnummer": ("l.gln", False),
    "Status": (
        """CASE WHEN l.to_date < today.day THEN 'lukket' WHEN l.first_from_date > today.day THEN 'fremtidig'
        WHEN l.inactive THEN 'inaktiv' ELSE 'aktiv' END""",
        False,
    ),
    "Enhed": ("u.name", True),
    "SOR-kode": ("u.sor_id", False),
    "Enhedstype": ("u.kind", False),
    "Sti": ("path.names", True),
    "CVR": ("u.cvr", True),
    "Ydernummer": ("u.provider_number", True),
    "SHAK": ("u.shak", True),
    "Adresse": ("u.street", True),
    "Postnummer": ("u.postcode", True),
    "By": ("u.city", True),
    "Regionskode": ("region.code", True),
    "Region": ("region.name", True),
    "Første dato": ("l.first_from_date", False),
    "Fra dato": ("l.from_date", False),
    "Til dato": ("l.to_date", False),
    "EDI-administrator kode": ("administrator.code", True),
    "EDI-administrator": ("administrator.name", True),
    "VANS kode": ("vans.code", True),
    "VANS": ("vans.name", True),
    "System kode": ("system.code", True),
    "System": ("system.name", True),
    "Leverandør kode": ("vendor.code", True),
    "Leverandør": ("vendor.name", True),
    "Kun intern": ("CASE WHEN l.only_internal THEN 'ja' ELSE 'nej' END", False),
    "Ikke aktiv": ("CASE WHEN l.inactive THEN 'ja' ELSE 'nej' END", False),
    "Note": ("l.note", True),
    "EDI-typer": ("held.labels", True),
}
HEADERS = list(_COLUMNS)

# In: the day for `Status` and a SELECT of primary keys. Out: one row a number.
_ROWS = """
WITH today (day) AS (VALUES (%s::date)), {edi_types}
SELECT {columns}
FROM (SELECT * FROM {numbers} n WHERE id IN ({chosen}) ORDER BY gln OFFSET 0) l
CROSS JOIN today
LEFT JOIN locations_sorunit u ON u.id = l.unit_id
LEFT JOIN locations_region region ON region.id = l.region_id
LEFT JOIN locations_ediadministrator administrator ON administrator.id = l.edi_administrator_id
LEFT JOIN locations_vans vans ON vans.id = l.vans_id
LEFT JOIN locations_system system ON system.id = l.system_id
LEFT JOIN locations_vendor vendor ON vendor.id = l.vendor_id
LEFT JOIN LATERAL (
    WITH RECURSIVE above AS (
        SELECT u.name, u.parent_id, 0 AS height
        UNION ALL
        SELECT p.name, p.parent_id, a.height + 1 FROM above a JOIN locations_sorunit p ON p.id = a.parent_id
    )
    SELECT string_agg(name, ' › ' ORDER BY height DESC) AS names FROM above
) path ON u.id IS NOT NULL
CROSS JOIN LATERAL (
    SELECT string_agg(t.label, ', ' ORDER BY t.rank) AS labels
    FROM unnest(l.edi_types) one (id) JOIN types t ON t.id = one.id
) held
ORDER BY l.gln
"""


class TooManyRows(ValueError):
    """More numbers than a sheet may have rows; the message says what to do."""


class Export:
    """One file on its way: iterate once for its bytes. `locations` and `rows` count what has been sent.

    Raises TooManyRows at once where the numbers do not fit the format.
    """

    def __init__(self, locations: LocationNumberQuerySet, form: Format):
        self._asked, self.format = locations, form
        self.locations = self.rows = 0
        if form == "xlsx" and locations.order_by()[: XLSX_ROWS + 1].count() > XLSX_ROWS:
            raise TooManyRows(
                _(
                    "A sheet is made of at most %(limit)s location numbers and these are more. "
                    "Narrow the search, or fetch it as CSV, which has no limit."
                )
                % {"limit": intcomma(XLSX_ROWS)}
            )

    def __iter__(self) -> Iterator[bytes]:
        """Chunks of some 64 kB. Closing the iterator early cancels the query and frees the connection."""
        match self.format:
            case "massupdate" | "csv-par":
                header, cells = _PAIRS_FILES[self.format]
                return gather(header, self._pairs(cells))
            case "csv":
                return gather(";".join(HEADERS), self._lines())
            case "xlsx":
                return sheet.workbook("Lokationsnumre", HEADERS, self._rows())

    def _pairs(self, cells: list[str]) -> Generator[bytes, None, None]:
        statement = _PAIRS.replace("{cells}", " || ';' || ".join(cells))
        statement = statement.replace("{no_cells}", ";" * (len(cells) - 1))
        with connection.cursor() as cursor, self._copy(cursor, statement) as copy:
            for (lines,) in copy.rows():
                self.locations += 1
                self.rows += lines.count("\r\n") + 1
                yield lines.encode() + b"\r\n"

    def copy_rows(self, cursor: Any) -> Any:
        """The COPY behind `csv`."""
        return self._copy(cursor, _ROWS, "(FORMAT csv, DELIMITER ';')")

    def _lines(self) -> Generator[bytes, None, None]:
        """COPY sends one message a row, ended by LF; a line break inside a quoted cell stays as it is."""
        with connection.cursor() as cursor, self.copy_rows(cursor) as copy:
            for row in copy:
                self.locations += 1
                self.rows += 1
                yield bytes(row[:-1]) + b"\r\n"

    def _rows(self) -> Generator[tuple[str | None, ...], None, None]:
        with connection.cursor() as cursor, self._copy(cursor, _ROWS) as copy:
            for cells in copy.rows():
                self.locations += 1
                self.rows += 1
                yield cells

    def _copy(self, cursor: Any, statement: str, options: str = "") -> Any:
        """COPY of `statement` for the numbers asked for. Only SQL of this module and Django's own is put together."""
        try:
            chosen, params = self._asked.order_by().values("pk").query.sql_with_params()
        except EmptyResultSet:
            chosen, params = "SELECT id FROM locations_locationnumber WHERE false", ()
        if statement is _ROWS:
            params = (self._asked.day or timezone.localdate(), *params)
        numbers = "locations_locationnumber"
        if self._asked.day:
            numbers = mogrify(*numbers_on(self._asked.day), connection)
        columns = ", ".join(cell(*column) for column in _COLUMNS.values())
        filled = statement.format(edi_types=EDI_TYPES, columns=columns, numbers=numbers, chosen=chosen)
        return cursor.copy(f"COPY ({mogrify(filled, params, connection)}) TO STDOUT {options}")


def gather(header: str, parts: Generator[bytes, None, None]) -> Iterator[bytes]:
    """A file of `header` and `parts`, in chunks of some 64 kB."""
    chunk = bytearray(codecs.BOM_UTF8 + header.encode() + b"\r\n")
    with closing(parts):
        for part in parts:
            chunk += part
            if len(chunk) >= CHUNK:
                yield bytes(chunk)
                chunk.clear()
    yield bytes(chunk)
