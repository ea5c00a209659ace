"""Deviations: the fields in which our profile of a number differs from what SOR says, one by one.

A number that SOR never spoke of has none. Whether a field deviates is read from the two profiles; `Deviation` holds
only that both sides had changed it, and that a person kept ours (`locations.settling`).
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Exists, OuterRef
from django.db.models.expressions import RawSQL

from locations.access import LocationNumberQuerySet
from locations.exports import EDI_TYPES
from locations.models import Deviation
from locations.models.deviation import FIELD_COLUMNS, Field


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


def per_field(cases: dict[str, str]) -> str:
    return "CASE f.field " + " ".join(f"WHEN '{field}' THEN {sql}" for field, sql in cases.items()) + " END"


def _from_list(column: str, alias: str, key: str) -> str:
    """SQL: `column` of the entry of a code list that the profile `alias` holds in `key`."""
    table = {"edi_administrator_id": "ediadministrator"}.get(key, key.removesuffix("_id"))
    return f"(SELECT {column} FROM locations_{table} WHERE id = {alias}.{key})"


def codes(column: str, alias: str) -> dict[str, str]:
    both = ", ".join(_from_list(column, alias, key) for key in ("system_id", "vendor_id"))
    return {
        "edi_administrator": _from_list(column, alias, "edi_administrator_id"),
        "system": f"concat_ws(' / ', {both})",
        "vans": _from_list(column, alias, "vans_id"),
    }


def said(alias: str, edi_types: str) -> str:
    """SQL: the value of `f.field` in the profile `alias` as people read it."""
    return per_field(
        {
            **codes("name", alias),
            "edi_types": edi_types.format(alias=alias),
            "only_internal": f"CASE WHEN {alias}.only_internal THEN 'ja' ELSE 'nej' END",
            "inactive": f"CASE WHEN {alias}.inactive THEN 'ja' ELSE 'nej' END",
            "note": f"{alias}.note",
        }
    )


def only(one: str, other: str) -> str:
    """SQL: labels of the EDI types that the profile `one` has and `other` lacks."""
    return f"""CASE WHEN f.field = 'edi_types' THEN ARRAY(
        SELECT t.label FROM unnest({one}.edi_types) held (id) JOIN types t ON t.id = held.id
        WHERE held.id <> ALL ({other}.edi_types) ORDER BY t.rank) END"""


_HOW_MANY = "cardinality({alias}.edi_types)::text"

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
SHOW = f"""
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

# For Row.
_COLUMNS = f"""
l.gln, coalesce(u.name, ''), f.field, coalesce({said("l", _HOW_MANY)}, ''), coalesce({said("s", _HOW_MANY)}, ''),
{only("l", "s")}, {only("s", "l")}, set_by.applied_at, set_by.change_set_id, coalesce(changer.username, ''),
f.both_changed, f.kept, coalesce(decider.username, ''), d.decided_at, coalesce(d.reason, '')
"""


_PER_FIELD = """
SELECT field, count(*), count(DISTINCT id) FROM ({found}) f GROUP BY GROUPING SETS ((field), ())
"""

# The same where neither marks nor decisions are asked for: a row a number, and nothing is read but the two profiles.
_DIFFERS = {
    field: f"({_of('l', columns)} IS DISTINCT FROM {_of('s', columns)})"
    for field, columns in FIELD_COLUMNS.items()
}
_PER_NUMBER = """
SELECT {counts}, count(*) FILTER (WHERE {any})
FROM locations_locationnumber l JOIN locations_locationversion s ON s.id = l.sor_version_id
WHERE l.id IN ({chosen})
"""


def rows(asked: Asked, start: int, stop: int) -> list[Row]:
    """The deviations at [start:stop], by number and then in the order of Field. One query."""
    found = f"{_FOUND} ORDER BY l.gln, f.rank OFFSET %s LIMIT %s"
    statement, params = fill(SHOW, asked, found=found, after=(start, stop - start), columns=_COLUMNS)
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return [Row(gln, unit, Field(field), *rest) for gln, unit, field, *rest in cursor.fetchall()]


def count(asked: Asked) -> Counts:
    """Two queries at most over all that deviate: of most numbers nothing is marked or decided, and they are quick."""
    if asked.picked is not None or True in (asked.both, asked.kept):
        return _count_marked(asked)
    marks = Deviation.objects.filter(location=OuterRef("pk"))
    if asked.both is asked.kept is None:
        return _count_plain(asked)
    others = _count_plain(replace(asked, numbers=asked.numbers.exclude(Exists(marks))))
    marked = _count_marked(replace(asked, numbers=asked.numbers.filter(Exists(marks))))
    by_field = {field: others.by_field.get(field, 0) + marked.by_field.get(field, 0) for field in Field}
    return Counts(
        others.deviations + marked.deviations,
        others.numbers + marked.numbers,
        {field: number for field, number in by_field.items() if number},
    )


def _count_marked(asked: Asked) -> Counts:
    statement, params = fill(_PER_FIELD, asked)
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        counted = {field: (deviations, numbers) for field, deviations, numbers in cursor.fetchall()}
    deviations, numbers = counted[None]
    return Counts(deviations, numbers, {field: counted[field][0] for field in Field if field in counted})


def _count_plain(asked: Asked) -> Counts:
    chosen, params = _keys(asked)
    fields = [field for field in Field if not asked.fields or field in asked.fields]
    if not fields:
        return Counts(0, 0, {})
    statement = _PER_NUMBER.format(
        counts=", ".join(f"count(*) FILTER (WHERE {_DIFFERS[field]})" for field in fields),
        any=" OR ".join(_DIFFERS[field] for field in fields),
        chosen=chosen,
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        *counted, numbers = cursor.fetchone()
    by_field = {field: number for field, number in zip(fields, counted, strict=True) if number}
    return Counts(sum(by_field.values()), numbers, by_field)


def numbers(asked: Asked) -> LocationNumberQuerySet:
    """The numbers that have them."""
    statement, params = fill("SELECT id FROM ({found}) f", asked)
    return asked.numbers.filter(pk__in=RawSQL(statement, params))  # noqa: S611 SQL of this module, values bound


def fill(
    statement: str, asked: Asked, *, found: str = _FOUND, after: tuple[Any, ...] = (), **parts: str
) -> tuple[str, tuple[Any, ...]]:
    """`statement` with its parts put in, and its parameters; only SQL of this module and Django's own is joined."""
    chosen, params = _keys(asked)
    narrowed, values = "", list(params)
    if asked.fields:
        narrowed += " AND f.field = ANY (%s)"
        values.append(list(asked.fields))
    for alias, wanted in (("m", asked.both), ("k", asked.kept)):
        if wanted is not None:
            # The planner takes a CASE for true of half the rows, and stops early for a page; of `m.id IS NULL` it
            # expects next to none, and would go through 200,000 numbers first.
            narrowed += f" AND CASE WHEN {alias}.id IS NULL THEN NOT %s ELSE %s END"
            values += [wanted, wanted]
    if asked.picked is not None:
        narrowed += " AND (l.gln, f.field) IN (SELECT * FROM unnest(%s::text[], %s::text[]))"
        values += [[gln for gln, _field in asked.picked], [field for _gln, field in asked.picked]]
    found = found.format(chosen=chosen, narrowed=narrowed)
    return statement.format(found=found, **parts), (*values, *after)


def _keys(asked: Asked) -> tuple[str, tuple[Any, ...]]:
    """A SELECT of the keys of the numbers that can deviate, and its parameters."""
    numbers = asked.numbers.not_as_sor()
    for wanted, column in ((asked.both, "marked_version"), (asked.kept, "kept_sor_version")):
        if wanted:  # few have such a row, and they are found from there
            rows = Deviation.objects.filter(**{f"{column}__isnull": False})
            numbers = numbers.filter(pk__in=rows.values("location"))
    try:
        return numbers.order_by().values("pk").query.sql_with_params()
    except EmptyResultSet:  # Django knows without asking
        return "SELECT id FROM locations_locationnumber WHERE false", ()
