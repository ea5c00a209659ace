"""What people decided of deviations, one by one: read for the history of a number and beside a deviation."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection

from locations.history import SCALARS_BY_KEY, in_order, said
from locations.models import DeviationDecision, EdiType, LocationNumber, LocationVersion
from locations.models.deviation import FIELD_COLUMNS, Field
from soredi.models import User

KEPT = DeviationDecision.Kind.KEPT
_READ = tuple(
    name
    for side in ("version", "sor_version")
    for name in (side, *(f"{side}__{key}" for key in SCALARS_BY_KEY))
)


@dataclass(frozen=True)
class Decision:
    """One decision with what stood against what: `ours` and `sors`, or for EDI types those that only one side had."""

    at: datetime
    by: User | None
    is_kept: bool
    label: str
    reason: str
    ours: str = ""
    sors: str = ""
    only_ours: list[EdiType] = field(default_factory=list)
    only_sors: list[EdiType] = field(default_factory=list)


class Told(NamedTuple):
    """One decision as it stands beside a deviation."""

    at: datetime
    by: str
    is_kept: bool
    reason: str


BESIDE = 5  # decisions of one deviation on the page of deviations; its number has them all

# In: location numbers and fields, pairwise, and how many decisions of each. By the index `deviationdecision_of_field`.
_LATEST = """
SELECT l.gln, asked.field, d.at, coalesce(u.username, ''), d.kind = 'kept', d.reason
FROM unnest(%s::text[], %s::text[]) AS asked (gln, field)
JOIN locations_locationnumber l ON l.gln = asked.gln
CROSS JOIN LATERAL (
    SELECT * FROM locations_deviationdecision WHERE location_id = l.id AND field = asked.field
    ORDER BY at DESC, id DESC LIMIT %s
) d
LEFT JOIN soredi_user u ON u.id = d.by_id
ORDER BY l.gln, asked.field, d.at DESC, d.id DESC
"""


def decisions_of(location: LocationNumber, until: datetime | None = None) -> list[Decision]:
    """All decisions about `location`, newest first; only those before `until` where that is given.

    One query, and a second where EDI types are among them.
    """
    found = location.deviation_decisions.select_related("by", *_READ)
    rows = list(found.filter(at__lt=until) if until else found)
    types = EdiType.objects.in_bulk() if any(row.field == Field.EDI_TYPES for row in rows) else {}
    return [_decision(row, types) for row in rows]


def _decision(row: DeviationDecision, types: dict[int, EdiType]) -> Decision:
    ours, sors = row.version, row.sor_version
    values: dict[str, Any]
    if row.field == Field.EDI_TYPES:
        values = {"only_ours": _lacking(ours, sors, types), "only_sors": _lacking(sors, ours, types)}
    else:
        values = {"ours": _value(ours, row.field), "sors": _value(sors, row.field)}
    return Decision(row.at, row.by, row.kind == KEPT, str(Field(row.field).label), row.reason, **values)


def _value(version: LocationVersion, field: str) -> str:
    names = [column.removesuffix("_id") for column in FIELD_COLUMNS[field]]
    return " / ".join(said(getattr(version, name)) for name in names)


def _lacking(one: LocationVersion, other: LocationVersion, types: dict[int, EdiType]) -> list[EdiType]:
    """The EDI types that `one` has and `other` lacks."""
    return in_order(types, set(one.edi_types) - set(other.edi_types))


def beside(pairs: list[tuple[str, str]]) -> dict[tuple[str, str], list[Told]]:
    """The latest decisions, BESIDE at most and newest first, of each (location number, field). One query."""
    with connection.cursor() as cursor:
        cursor.execute(_LATEST, [[gln for gln, _f in pairs], [field for _gln, field in pairs], BESIDE])
        found: dict[tuple[str, str], list[Told]] = {}
        for gln, field_name, *told in cursor.fetchall():
            found.setdefault((gln, field_name), []).append(Told(*told))
        return found
