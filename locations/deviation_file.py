"""The file of deviations: UTF-8 with BOM, CRLF, one line a number and field in the order of the numbers.

With these columns in this order for ever; new ones are added at the end:

    Lokationsnummer · Enhed · SOR-kode · Felt · Vores kode · Vores · SORs kode · SORs · Kun hos os · Kun hos SOR (EDI
    types) · Ændret hos os (date and time) · Ændret af · Ændring · Årsag · Art (kun os, begge) · Afgjort (ja, nej) ·
    Afgjort af · Afgjort tidspunkt · Begrundelse
"""

from collections.abc import Generator, Iterator

from django.db import connection
from django.db.backends.postgresql.psycopg_any import mogrify

from locations.deviations import SHOW, Asked, codes, fill, only, per_field, said
from locations.exports import cell, gather
from locations.models.deviation import Field

_WHICH = """(SELECT string_agg(t.label, ', ' ORDER BY t.rank)
    FROM unnest({alias}.edi_types) held (id) JOIN types t ON t.id = held.id)"""
_LABELS = {
    Field.EDI_ADMINISTRATOR: "EDI-administrator",
    Field.SYSTEM: "System og leverandør",
    Field.VANS: "VANS",
    Field.EDI_TYPES: "EDI-typer",
    Field.ONLY_INTERNAL: "Kun intern",
    Field.INACTIVE: "Ikke aktiv",
    Field.NOTE: "Note",
}

# For the file: each column worked out once, then made a cell of.
_LINES = f"SELECT {{cells}} FROM ({SHOW} OFFSET 0) AS line"


def _danish_time(moment: str) -> str:
    return f"to_char({moment} AT TIME ZONE 'Europe/Copenhagen', 'YYYY-MM-DD HH24:MI')"


# Header → SQL, and whether it is text that somebody wrote, as in exports.
_FILE: dict[str, tuple[str, bool]] = {
    "Lokationsnummer": ("l.gln", False),
    "Enhed": ("u.name", True),
    "SOR-kode": ("u.sor_id", False),
    "Felt": (per_field({field: f"'{label}'" for field, label in _LABELS.items()}), False),
    "Vores kode": (per_field(codes("code", "l")), True),
    "Vores": (said("l", _WHICH), True),
    "SORs kode": (per_field(codes("code", "s")), True),
    "SORs": (said("s", _WHICH), True),
    "Kun hos os": (f"array_to_string({only('l', 's')}, ', ')", True),
    "Kun hos SOR": (f"array_to_string({only('s', 'l')}, ', ')", True),
    "Ændret hos os": (_danish_time("set_by.applied_at"), False),
    "Ændret af": ("changer.username", True),
    "Ændring": ("set_by.change_set_id", False),
    "Årsag": ("c.reason", True),
    "Art": ("CASE WHEN f.both_changed THEN 'begge' ELSE 'kun os' END", False),
    "Afgjort": ("CASE WHEN f.kept THEN 'ja' ELSE 'nej' END", False),
    "Afgjort af": ("decider.username", True),
    "Afgjort tidspunkt": (_danish_time("d.decided_at"), False),
    "Begrundelse": ("d.reason", True),
}
HEADERS = list(_FILE)


class Export:
    """The file of the module, from one COPY: iterate once for its bytes."""

    def __init__(self, asked: Asked):
        self._asked = asked

    def __iter__(self) -> Iterator[bytes]:
        """Chunks of some 64 kB. Closing the iterator early cancels the query and frees the connection."""
        return gather(";".join(HEADERS), self._lines())

    def _lines(self) -> Generator[bytes, None, None]:
        """COPY sends one message a row, ended by LF; a line break inside a quoted cell stays as it is."""
        columns = ", ".join(f"{sql} AS c{n}" for n, (sql, _text) in enumerate(_FILE.values()))
        cells = ", ".join(cell(f"c{n}", text) for n, (_sql, text) in enumerate(_FILE.values()))
        filled = mogrify(*fill(_LINES, self._asked, columns=columns, cells=cells), connection)
        with (
            connection.cursor() as cursor,
            cursor.copy(f"COPY ({filled}) TO STDOUT (FORMAT csv, DELIMITER ';')") as copy,
        ):
            for row in copy:
                yield bytes(row[:-1]) + b"\r\n"
