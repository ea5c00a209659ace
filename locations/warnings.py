"""What a plan is warned of before it is carried out: sort of warning → EDI type → how many numbers. SQL over sets.

A warning is ticked and passed. Whether systems are certified is asked of the list in force; with none loaded that is
information, not a warning. Kept in `ChangeSet.counts` as

    "approvals": {"id": 3, "name": "…xlsx", "dated": "2023-11-01"}, or null where nothing is loaded
    "warnings": [{"sort": "not_certified", "edi_type": 17, "numbers": 12, "answers": {"refused": 3, "unknown": 9}}, …]

`answers` only where certification is what the warning is about. Neither is there where no number gains an EDI type.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.conf import settings
from django.db import connection, models
from django.utils.translation import gettext_lazy as _

from locations.certification import Answer, tabulate
from locations.models import ChangeSet, EdiType
from locations.sets import LESS, SHARE


class Sort(models.TextChoices):
    """In the order of the page. The codes are those of mass updates, where these have the same rule."""

    NOT_CERTIFIED = "not_certified", _("The system is not certified to receive the EDI type")
    UNMAPPED = "unmapped_system", _("It cannot be told whether the system is certified for the EDI type")
    RETIRED = "retired_edi_type", _("The EDI type is retired")
    TWO_VERSIONS = "two_versions", _("The location number gets two versions of one EDI type")
    TWO_STANDARDS = "two_standards", _("The location number gets one letter in two standards")


# In: the versions of a change set, by its index. Out: how many numbers with each system gain each EDI type.
_GAINED = f"""
DROP TABLE IF EXISTS gained;
CREATE TEMP TABLE gained ON COMMIT DROP AS
SELECT v.system_id, e AS edi_type, count(*) AS numbers
FROM locations_locationversion v JOIN locations_locationversion b ON b.id = v.base_id,
    unnest(v.edi_types {LESS} b.edi_types) e
WHERE v.change_set_id = %(change_set)s AND v.edi_types <> b.edi_types
GROUP BY v.system_id, e
"""

# In: `gained` and the tables of `tabulate`. Out: (EDI type, answer, numbers) for all other answers than certified.
_NOT_CERTIFIED = """
SELECT g.edi_type, CASE WHEN m.system_id IS NULL THEN 'unmapped' ELSE coalesce(p.answer, 'unknown') END AS answer,
    sum(g.numbers)::bigint
FROM gained g LEFT JOIN certified_system m USING (system_id) LEFT JOIN certified_pair p USING (system_id, edi_type)
WHERE p.answer IS DISTINCT FROM 'certified'
GROUP BY 1, 2 ORDER BY 1, 2
"""

_RETIRED = """
SELECT g.edi_type, sum(g.numbers)::bigint FROM gained g JOIN locations_editype t ON t.id = g.edi_type
WHERE t.retired_on <= %(day)s GROUP BY g.edi_type
"""

# The types that do not go with each type gained: other versions of its code, other standards of its letter.
_TWINS = """
DROP TABLE IF EXISTS twin;
CREATE TEMP TABLE twin ON COMMIT DROP AS
SELECT t.id AS edi_type,
    coalesce(array_agg(o.id) FILTER (WHERE o.code = t.code), '{}') AS versions,
    coalesce(array_agg(o.id) FILTER (WHERE o.code <> t.code), '{}') AS standards
FROM locations_editype t JOIN locations_editype o
  ON o.id <> t.id AND (o.code = t.code OR t.letter <> '' AND o.letter = t.letter AND o.standard <> t.standard)
WHERE t.id IN (SELECT edi_type FROM gained)
GROUP BY t.id
"""

# Numbers that gain a type and then have it beside one of its twins. Out: (EDI type, other versions, other standards).
_DOUBLE = f"""
SELECT t.edi_type, count(*) FILTER (WHERE has {SHARE} t.versions), count(*) FILTER (WHERE has {SHARE} t.standards)
FROM (
    SELECT v.edi_types AS has, v.edi_types {LESS} b.edi_types AS gains
    FROM locations_locationversion v JOIN locations_locationversion b ON b.id = v.base_id
    WHERE v.change_set_id = %(change_set)s AND v.edi_types <> b.edi_types OFFSET 0
) one JOIN twin t ON t.edi_type = ANY (gains)
GROUP BY t.edi_type
"""


def find(change_set: ChangeSet, *, day: date) -> dict[str, Any]:
    """What the plan `change_set` is warned of on `day`, for its `counts`. Leaves the table `gained`."""
    approvals = tabulate(day=day)
    params: dict[str, int | date] = {"change_set": change_set.pk, "day": day}
    with connection.cursor() as cursor:
        cursor.execute(_GAINED, params)
        answers: dict[int, dict[str, int]] = {}
        if approvals:
            cursor.execute(_NOT_CERTIFIED)
            for edi_type, answer, numbers in cursor.fetchall():
                answers.setdefault(edi_type, {})[answer] = numbers
        cursor.execute(_RETIRED, params)
        retired = dict(cursor.fetchall())
        cursor.execute(_TWINS)
        cursor.execute("SELECT count(*) FROM twin")
        doubles = []
        if cursor.fetchone()[0]:
            cursor.execute(_DOUBLE, params)
            doubles = cursor.fetchall()
    unmapped = {edi_type: told.pop(Answer.UNMAPPED, 0) for edi_type, told in answers.items()}
    found = {
        Sort.NOT_CERTIFIED: {edi_type: sum(told.values()) for edi_type, told in answers.items()},
        Sort.UNMAPPED: unmapped,
        Sort.RETIRED: retired,
        Sort.TWO_VERSIONS: {edi_type: versions for edi_type, versions, _standards in doubles},
        Sort.TWO_STANDARDS: {edi_type: standards for edi_type, _versions, standards in doubles},
    }
    return {
        "approvals": approvals
        and {"id": approvals.pk, "name": approvals.name, "dated": approvals.dated.isoformat()},
        "warnings": [
            {"sort": sort.value, "edi_type": edi_type, "numbers": numbers}
            | ({"answers": answers[edi_type]} if sort == Sort.NOT_CERTIFIED else {})
            for sort, types in found.items()
            for edi_type, numbers in sorted(types.items())
            if numbers
        ],
    }


@dataclass(frozen=True)
class Warned:
    """One EDI type of a group: how many numbers, and why that many of them as (answer, numbers)."""

    edi_type: EdiType
    numbers: int
    answers: list[tuple[Answer, int]] = field(default_factory=list)


@dataclass(frozen=True)
class Group:
    """All warnings of one sort. An error is one that the setting CERTIFICATION lets nobody pass."""

    sort: Sort
    is_error: bool
    types: list[Warned]

    @property
    def numbers(self) -> int:
        """Additions of a type to a number."""
        return sum(one.numbers for one in self.types)


def groups(change_set: ChangeSet) -> list[Group]:
    """The warnings of a plan by sort, types in the order of code and version. One query, none without warnings."""
    rows = change_set.counts.get("warnings", [])
    types = EdiType.objects.in_bulk({row["edi_type"] for row in rows}) if rows else {}
    found = []
    for sort in Sort:
        warned = [
            Warned(
                types[row["edi_type"]],
                row["numbers"],
                [(Answer(answer), numbers) for answer, numbers in row.get("answers", {}).items()],
            )
            for row in rows
            if row["sort"] == sort
        ]
        if warned:
            warned.sort(key=lambda one: (one.edi_type.code, one.edi_type.version))
            found.append(
                Group(sort, sort == Sort.NOT_CERTIFIED and settings.CERTIFICATION == "error", warned)
            )
    return found
