"""Planned versions whose number has moved on since: a plan with one of them is not carried out."""

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from locations.models import ChangeSet
from soredi.jobs import Refused
from soredi.sentences import counted

_SHOWN = 10  # how many location numbers a refusal names

# In: the versions of a change set that is not done, by its index. Out: the first of those whose base is no longer the
# number's version, with the change set of the one that is; and how many there are.
_STALE = """
SELECT l.gln, now.applied_at, now.change_set_id, count(*) OVER ()
FROM locations_locationversion v
JOIN locations_locationnumber l ON l.id = v.location_id
JOIN locations_locationversion now ON now.id = l.version_id
WHERE v.change_set_id = %(change_set)s AND v.base_id <> l.version_id
ORDER BY l.gln LIMIT %(most)s
"""


@dataclass(frozen=True)
class Moved:
    """A number that somebody changed after it was planned."""

    gln: str
    at: datetime
    change_set: ChangeSet


def moved_since(change_set: ChangeSet, *, most: int) -> tuple[list[Moved], int]:
    """At `most` so many of the numbers that were changed since `change_set` was planned, and how many there are."""
    with connection.cursor() as cursor:
        cursor.execute(_STALE, {"change_set": change_set.pk, "most": most})
        rows = cursor.fetchall()
    made = ChangeSet.objects.select_related("by", "inbox").in_bulk([pk for _gln, _at, pk, _count in rows])
    return [Moved(gln, at, made[pk]) for gln, at, pk, _count in rows], rows[0][3] if rows else 0


def refuse_stale(change_set: ChangeSet) -> None:
    """Raises Refused, naming numbers and people, where a number was changed since `change_set` was planned."""
    moved, count = moved_since(change_set, most=_SHOWN)
    if moved:
        named = ", ".join(f"{one.gln} ({by})" if (by := one.change_set.by) else one.gln for one in moved)
        raise Refused(
            counted(
                "%(count)s location number was changed since this was planned: %(named)s. Nothing was applied. "
                "Plan again.",
                "%(count)s location numbers were changed since this was planned: %(named)s. Nothing was applied. "
                "Plan again.",
                count=count,
                named=named + (" …" if count > _SHOWN else ""),
            )
        )
