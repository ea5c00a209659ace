"""What a change set does or did as a file, streamed from one COPY in the order of the numbers: UTF-8 with BOM, CRLF.

csv: one line a number, with these columns; a number that the change set created has nothing before:

    Lokationsnummer · Enhed · for each field of the profile but the EDI types: <field> før · <field> efter ·
    EDI-typer tilføjet · EDI-typer fjernet (`DIS91 D9134L, …`)

csv-lang: one line for each field that changes, and for each EDI type added (nothing before) or removed (nothing after):

    Lokationsnummer · Enhed · Felt · Før · Efter

Text that a spreadsheet would run as a formula gets an apostrophe in front.
"""

from collections.abc import Generator, Iterator
from typing import Any, Literal

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.backends.postgresql.psycopg_any import mogrify
from django.db.models import QuerySet

from locations.exports import EDI_TYPES, cell, gather
from locations.models import LocationVersion

Format = Literal["csv", "csv-lang"]

# Field as files name it → its column, and SQL of its text in the profile {0} (v after, b before), free text or not.
_NAMED = "(SELECT name FROM {table} WHERE id = {{0}}.{column})"
_YES_OR_NO = "CASE {{0}}.{column} WHEN true THEN 'ja' WHEN false THEN 'nej' END"
_FIELDS: dict[str, tuple[str, str, bool]] = {
    "EDI-administrator": (
        "edi_administrator_id",
        _NAMED.format(table="locations_ediadministrator", column="edi_administrator_id"),
        True,
    ),
    "System": ("system_id", _NAMED.format(table="locations_system", column="system_id"), True),
    "Leverandør": ("vendor_id", _NAMED.format(table="locations_vendor", column="vendor_id"), True),
    "VANS": ("vans_id", _NAMED.format(table="locations_vans", column="vans_id"), True),
    "Kun intern": ("only_internal", _YES_OR_NO.format(column="only_internal"), False),
    "Ikke aktiv": ("inactive", _YES_OR_NO.format(column="inactive"), False),
    "Note": ("note", "{0}.note", True),
}

HEADERS = [
    "Lokationsnummer",
    "Enhed",
    *(f"{field} {when}" for field in _FIELDS for when in ("før", "efter")),
    "EDI-typer tilføjet",
    "EDI-typer fjernet",
]
LONG_HEADERS = ["Lokationsnummer", "Enhed", "Felt", "Før", "Efter"]

# Labels of the EDI types that profile {0} has and profile {1} has not.
_TYPES = """
    (SELECT string_agg(t.label, ', ' ORDER BY t.rank) FROM unnest({0}.edi_types) one (id) JOIN types t ON t.id = one.id
     WHERE one.id <> ALL (coalesce({1}.edi_types, '{{}}')))
"""

# The versions asked for with the profiles before. In: a SELECT of primary keys.
_VERSIONS = """
FROM (SELECT * FROM locations_locationversion WHERE id IN ({chosen})) v
JOIN locations_locationnumber l ON l.id = v.location_id
LEFT JOIN locations_locationversion b ON b.id = v.base_id
LEFT JOIN locations_sorunit u ON u.id = l.unit_id
"""

# Out: one row a number.
_ROWS = f"""
WITH {EDI_TYPES}
SELECT l.gln, {cell("u.name", text=True)},
{
    ", ".join(
        cell(text.format(profile), free) for _column, text, free in _FIELDS.values() for profile in ("b", "v")
    )
},
{_TYPES.format("v", "b")}, {_TYPES.format("b", "v")}
{_VERSIONS}
ORDER BY l.gln
"""

# Out: one row a change, those of a number in the order of the fields, then types added, then types removed.
_LINES = f"""
WITH {EDI_TYPES}
SELECT l.gln, {cell("u.name", text=True)}, line.field, line.before, line.after
{_VERSIONS}
CROSS JOIN LATERAL (
    SELECT place, 0 AS rank, field, before, after FROM (VALUES {
    ", ".join(
        f"({place}, '{name}', v.{column} IS DISTINCT FROM b.{column}, "
        f"{cell(text.format('b'), free)}, {cell(text.format('v'), free)})"
        for place, (name, (column, text, free)) in enumerate(_FIELDS.items())
    )
}) AS f (place, field, changes, before, after) WHERE changes AND b.id IS NOT NULL
    UNION ALL
    SELECT 100, t.rank, 'EDI-type', NULL, t.label FROM unnest(v.edi_types) one (id) JOIN types t ON t.id = one.id
    WHERE one.id <> ALL (coalesce(b.edi_types, '{{}}'))
    UNION ALL
    SELECT 101, t.rank, 'EDI-type', t.label, NULL FROM unnest(b.edi_types) one (id) JOIN types t ON t.id = one.id
    WHERE one.id <> ALL (v.edi_types)
) line
ORDER BY l.gln, line.place, line.rank
"""


class Export:
    """One file on its way: iterate once for its bytes. Closing the iterator early cancels the query."""

    def __init__(self, versions: QuerySet[LocationVersion], form: Format):
        self._versions, self.format = versions, form

    def __iter__(self) -> Iterator[bytes]:
        headers = HEADERS if self.format == "csv" else LONG_HEADERS
        return gather(";".join(headers), self._lines())

    def _lines(self) -> Generator[bytes, None, None]:
        with connection.cursor() as cursor, self._copy(cursor) as copy:
            for row in copy:
                yield bytes(row[:-1]) + b"\r\n"

    def _copy(self, cursor: Any) -> Any:
        """COPY of the versions asked for. Only SQL of this module and Django's own is put together."""
        try:
            chosen, params = self._versions.order_by().values("pk").query.sql_with_params()
        except EmptyResultSet:
            chosen, params = "SELECT id FROM locations_locationversion WHERE false", ()
        statement = (_ROWS if self.format == "csv" else _LINES).replace("{chosen}", chosen)
        return cursor.copy(
            f"COPY ({mogrify(statement, params, connection)}) TO STDOUT (FORMAT csv, DELIMITER ';')"
        )
