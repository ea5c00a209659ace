"""Deviations: the fields in which our profile of a number differs from what SOR says, one by one, and settling them.

A number that SOR never spoke of has none. Whether a field deviates is read from the two profiles; `Deviation` holds
only that both sides had changed it, and that a person kept ours.

As a file: UTF-8 with BOM, CRLF, one line a number and field in the order of the numbers, with these columns in this
order for ever; new ones are added at the end.

    Lokationsnummer · Enhed · SOR-kode · Felt · Vores kode · Vores · SORs kode · SORs · Kun hos os · Kun hos SOR (EDI
    types) · Ændret hos os (date and time) · Ændret af · Ændring · Årsag · Art (kun os, begge) · Afgjort (ja, nej) ·
    Afgjort af · Afgjort tidspunkt · Begrundelse
"""

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.core.exceptions import EmptyResultSet
from django.db import connection, transaction
from django.db.backends.postgresql.psycopg_any import mogrify
from django.db.models.expressions import RawSQL
from django.utils import timezone

from locations import changes
from locations.access import LocationNumberQuerySet
from locations.exports import EDI_TYPES, cell, gather
from locations.models import ChangeSet
from locations.models.deviation import FIELD_COLUMNS, Field
from soredi.jobs import Refused
from soredi.models import User
from soredi.sentences import Sentence


@dataclass(frozen=True)
class Asked:
    """Which deviations: those of `numbers`, narrowed by what is not None or empty.

    `fields` are values of Field; `both` asks for what both sides changed (or ours only), `kept` for what is settled
    (or open); `picked` are (location number, field).
    """

    numbers: LocationNumberQuerySet
    fields: tuple[str, ...] = ()
    both: bool | None = None
    kept: bool | None = None
    picked: tuple[tuple[str, str], ...] | None = None


@dataclass(frozen=True)
class Counts:
    """`deviations` in all and `by_field`, in the order of Field; `numbers` have them."""

    deviations: int
    numbers: int
    by_field: dict[Field, int]


class Row(NamedTuple):
    """One deviation. Values are texts, empty for none; `ours` and `sors` of EDI types are how many there are."""

    gln: str
    unit: str
    field: Field
    ours: str
    sors: str
    only_ours: list[str]
    only_sors: list[str]
    since: datetime | None
    change_set: int | None
    changed_by: str
    both: bool
    kept: bool
    decided_by: str
    decided_at: datetime | None
    reason: str


def _of(alias: str, columns: tuple[str, ...]) -> str:
    return "(" + ", ".join(f"{alias}.{column}" for column in columns) + ")"


def _value(alias: str) -> str:
    """SQL: what the profile `alias` holds in the field `f.field`, as text that can be compared."""
    cases = (f"WHEN '{field}' THEN {_of(alias, columns)}::text" for field, columns in FIELD_COLUMNS.items())
    return f"CASE f.field {' '.join(cases)} END"


def _per_field(cases: dict[str, str]) -> str:
    return "CASE f.field " + " ".join(f"WHEN '{field}' THEN {sql}" for field, sql in cases.items()) + " END"


def _from_list(column: str, alias: str, key: str) -> str:
    """SQL: `column` of the entry of a code list that the profile `alias` holds in `key`."""
    table = {"edi_administrator_id": "ediadministrator"}.get(key, key.removesuffix("_id"))
    return f"(SELECT {column} FROM locations_{table} WHERE id = {alias}.{key})"


def _codes(column: str, alias: str) -> dict[str, str]:
    both = ", ".join(_from_list(column, alias, key) for key in ("system_id", "vendor_id"))
    return {
        "edi_administrator": _from_list(column, alias, "edi_administrator_id"),
        "system": f"concat_ws(' / ', {both})",
        "vans": _from_list(column, alias, "vans_id"),
    }


def _said(alias: str, edi_types: str) -> str:
    """SQL: the value of `f.field` in the profile `alias` as people read it."""
    return _per_field(
        {
            **_codes("name", alias),
            "edi_types": edi_types.format(alias=alias),
            "only_internal": f"CASE WHEN {alias}.only_internal THEN 'ja' ELSE 'nej' END",
            "inactive": f"CASE WHEN {alias}.inactive THEN 'ja' ELSE 'nej' END",
            "note": f"{alias}.note",
        }
    )


def _only(one: str, other: str) -> str:
    """SQL: labels of the EDI types that the profile `one` has and `other` lacks."""
    return f"""CASE WHEN f.field = 'edi_types' THEN ARRAY(
        SELECT t.label FROM unnest({one}.edi_types) held (id) JOIN types t ON t.id = held.id
        WHERE held.id <> ALL ({other}.edi_types) ORDER BY t.rank) END"""


_HOW_MANY = "cardinality({alias}.edi_types)::text"
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

# In: a SELECT of keys (not_as_sor), and what narrows. Out: one row a number and field. The candidates come from the
# partial index `location_not_as_sor` and are put in order first, then looked into one by one (OFFSET 0 holds the
# planner to that), so that a page stops early and history is never read as a whole. Marks and decisions hold as
# `Deviation` says.
_FOUND = f"""
SELECT l.id, l.gln, f.rank, f.field, m.id IS NOT NULL AS both_changed, k.id IS NOT NULL AS kept, d.id AS deviation_id
FROM (SELECT * FROM locations_locationnumber WHERE id IN ({{chosen}}) ORDER BY gln OFFSET 0) l
CROSS JOIN LATERAL (SELECT * FROM locations_locationversion WHERE id = l.sor_version_id OFFSET 0) s
CROSS JOIN LATERAL (VALUES {
    ", ".join(
        f"({rank}, '{field}', {_of('l', columns)} IS DISTINCT FROM {_of('s', columns)})"
        for rank, (field, columns) in enumerate(FIELD_COLUMNS.items())
    )
}) f (rank, field, differs)
LEFT JOIN locations_deviation d ON d.location_id = l.id AND d.field = f.field
LEFT JOIN LATERAL (SELECT * FROM locations_locationversion WHERE id = d.marked_version_id OFFSET 0) m
    ON {_value("m")} IS NOT DISTINCT FROM {_value("l")}
LEFT JOIN LATERAL (SELECT * FROM locations_locationversion WHERE id = d.kept_sor_version_id OFFSET 0) k
    ON {_value("k")} IS NOT DISTINCT FROM {_value("s")}
WHERE f.differs {{narrowed}}
"""

# In: rows of _FOUND. Out: `columns` of each, with the version in force here that set the field: the last whose value
# is not that of its base, found by the index `version_as_of`.
_SHOW = f"""
WITH {EDI_TYPES}, found AS ({{found}})
SELECT {{columns}}
FROM found f
JOIN locations_locationnumber l ON l.id = f.id
JOIN locations_locationversion s ON s.id = l.sor_version_id
LEFT JOIN locations_sorunit u ON u.id = l.unit_id
LEFT JOIN locations_deviation d ON d.id = f.deviation_id AND f.kept
LEFT JOIN soredi_user decider ON decider.id = d.decided_by_id
LEFT JOIN LATERAL (
    SELECT v.applied_at, v.change_set_id FROM locations_locationversion v
    LEFT JOIN locations_locationversion b ON b.id = v.base_id
    WHERE v.location_id = l.id AND v.applied_at IS NOT NULL
      AND (b.id IS NULL OR {_value("v")} IS DISTINCT FROM {_value("b")})
    ORDER BY v.applied_at DESC, v.id DESC LIMIT 1
) set_by ON true
LEFT JOIN locations_changeset c ON c.id = set_by.change_set_id
LEFT JOIN soredi_user changer ON changer.id = c.by_id
ORDER BY f.gln, f.rank
"""

# For the file: each column worked out once, then made a cell of.
_LINES = f"SELECT {{cells}} FROM ({_SHOW} OFFSET 0) AS line"

# For Row.
_COLUMNS = f"""
l.gln, coalesce(u.name, ''), f.field, coalesce({_said("l", _HOW_MANY)}, ''), coalesce({_said("s", _HOW_MANY)}, ''),
{_only("l", "s")}, {_only("s", "l")}, set_by.applied_at, set_by.change_set_id, coalesce(changer.username, ''),
f.both_changed, f.kept, coalesce(decider.username, ''), d.decided_at, coalesce(d.reason, '')
"""


def _danish_time(moment: str) -> str:
    return f"to_char({moment} AT TIME ZONE 'Europe/Copenhagen', 'YYYY-MM-DD HH24:MI')"


# Header → SQL, and whether it is text that somebody wrote, as in exports.
_FILE: dict[str, tuple[str, bool]] = {
    "Lokationsnummer": ("l.gln", False),
    "Enhed": ("u.name", True),
    "SOR-kode": ("u.sor_id", False),
    "Felt": (_per_field({field: f"'{label}'" for field, label in _LABELS.items()}), False),
    "Vores kode": (_per_field(_codes("code", "l")), True),
    "Vores": (_said("l", _WHICH), True),
    "SORs kode": (_per_field(_codes("code", "s")), True),
    "SORs": (_said("s", _WHICH), True),
    "Kun hos os": (f"array_to_string({_only('l', 's')}, ', ')", True),
    "Kun hos SOR": (f"array_to_string({_only('s', 'l')}, ', ')", True),
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

_PER_FIELD = """
SELECT field, count(*), count(DISTINCT id) FROM ({found}) f GROUP BY GROUPING SETS ((field), ())
"""

_TAKEN = "CREATE TEMP TABLE taken ON COMMIT DROP AS SELECT id AS location_id, field FROM ({found}) f"

_KEEP = """
INSERT INTO locations_deviation (location_id, field, kept_sor_version_id, decided_by_id, decided_at, reason)
SELECT f.id, f.field, l.sor_version_id, %s, %s, %s FROM ({found}) f JOIN locations_locationnumber l ON l.id = f.id
ORDER BY f.id, f.field
ON CONFLICT (location_id, field) DO UPDATE SET kept_sor_version_id = excluded.kept_sor_version_id,
    decided_by_id = excluded.decided_by_id, decided_at = excluded.decided_at, reason = excluded.reason
"""

_REOPEN = """
UPDATE locations_deviation d SET kept_sor_version_id = NULL, decided_by_id = NULL, decided_at = NULL, reason = ''
FROM ({found}) f WHERE d.id = f.deviation_id AND f.kept
"""


def rows(asked: Asked, start: int, stop: int) -> list[Row]:
    """The deviations at [start:stop], by number and then in the order of Field. One query."""
    found = f"{_FOUND} ORDER BY l.gln, f.rank OFFSET %s LIMIT %s"
    statement, params = _fill(_SHOW, asked, found=found, after=(start, stop - start), columns=_COLUMNS)
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return [Row(gln, unit, Field(field), *rest) for gln, unit, field, *rest in cursor.fetchall()]


def count(asked: Asked) -> Counts:
    """One query over all that deviate."""
    statement, params = _fill(_PER_FIELD, asked)
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        counted = {field: (deviations, numbers) for field, deviations, numbers in cursor.fetchall()}
    deviations, numbers = counted[None]
    return Counts(deviations, numbers, {field: counted[field][0] for field in Field if field in counted})


def numbers(asked: Asked) -> LocationNumberQuerySet:
    """The numbers that have them."""
    statement, params = _fill("SELECT id FROM ({found}) f", asked)
    return asked.numbers.filter(pk__in=RawSQL(statement, params))  # noqa: S611 SQL of this module, values bound


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
        filled = mogrify(*_fill(_LINES, self._asked, columns=columns, cells=cells), connection)
        with (
            connection.cursor() as cursor,
            cursor.copy(f"COPY ({filled}) TO STDOUT (FORMAT csv, DELIMITER ';')") as copy,
        ):
            for row in copy:
                yield bytes(row[:-1]) + b"\r\n"


@transaction.atomic
def take_sor(asked: Asked, *, by: User | None, reason: str) -> ChangeSet:
    """Plan that these fields become what SOR says; returns the draft, carried out and undone like any other.

    Leaves out the EDI administrator where `by` may not change it. Raises Refused where nothing is left to plan.
    """
    if not may_take(Field.EDI_ADMINISTRATOR, by):
        allowed = tuple(field for field in asked.fields or Field.values if may_take(Field(field), by))
        asked = Asked(asked.numbers, allowed or ("",), asked.both, asked.kept, asked.picked)
    statement, params = _fill(_TAKEN, asked)
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS taken")
        cursor.execute(mogrify(statement, params, connection))  # a CREATE takes no parameters
        if not cursor.rowcount:
            raise Refused(
                Sentence("Nothing was planned: none of them deviates from SOR in a field you may change.")
            )
    return changes.plan_sor(by=by, reason=reason)


def may_take(field: Field, by: User | None) -> bool:
    """SOR's EDI administrator is another's than the user's, so only administrators may give the number away."""
    return field != Field.EDI_ADMINISTRATOR or by is None or by.is_administrator


def keep_ours(asked: Asked, *, by: User | None, reason: str = "") -> int:
    """Settle these deviations by keeping ours, until SOR says something else of the field; returns how many."""
    return _settle(_KEEP, asked, before=(by and by.pk, timezone.now(), reason))


def reopen(asked: Asked) -> int:
    """Take back that ours was kept; returns of how many."""
    return _settle(_REOPEN, asked)


def _settle(statement: str, asked: Asked, before: tuple[Any, ...] = ()) -> int:
    filled, params = _fill(statement, asked)
    with connection.cursor() as cursor:
        cursor.execute(filled, (*before, *params))
        return int(cursor.rowcount)


def _fill(
    statement: str, asked: Asked, *, found: str = _FOUND, after: tuple[Any, ...] = (), **parts: str
) -> tuple[str, tuple[Any, ...]]:
    """`statement` with its parts put in, and its parameters; only SQL of this module and Django's own is joined."""
    try:
        chosen, params = asked.numbers.not_as_sor().order_by().values("pk").query.sql_with_params()
    except EmptyResultSet:  # Django knows without asking
        chosen, params = "SELECT id FROM locations_locationnumber WHERE false", ()
    narrowed, values = "", list(params)
    if asked.fields:
        narrowed += " AND f.field = ANY (%s)"
        values.append(list(asked.fields))
    if asked.both is not None:
        narrowed += " AND (m.id IS NOT NULL) = %s"
        values.append(asked.both)
    if asked.kept is not None:
        narrowed += " AND (k.id IS NOT NULL) = %s"
        values.append(asked.kept)
    if asked.picked is not None:
        narrowed += " AND (l.gln, f.field) IN (SELECT * FROM unnest(%s::text[], %s::text[]))"
        values += [[gln for gln, _field in asked.picked], [field for _gln, field in asked.picked]]
    found = found.format(chosen=chosen, narrowed=narrowed)
    return statement.format(found=found, **parts), (*values, *after)
