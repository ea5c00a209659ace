"""Why numbers that a plan was about stay as they are: `counts["why_unchanged"]`, `{why: numbers}`, adds up to them.

already             has all that was asked for
nothing_to_remove   has none of the EDI types that were to be removed or replaced
none_certified      its system is certified to receive nothing, or is not known to be; see `all_certified`
changed_since       an undo leaves it: somebody has changed again what was to be undone
undone_already      an undo finds it as it was before
"""

from collections.abc import Sequence
from typing import Any

from django.db import connection

from locations import targets
from locations.models import ChangeSet, EdiType

# In: the numbers `chosen` for a change set whose versions are written. A number that was left out by "add all
# certified" says so; else what was `stated` is there already, or the type that was to take another's place.
# Its own versions are found by the unique index (number, change set).
_WHY = """
SELECT why, count(*) FROM (
    SELECT CASE WHEN o.id IS NOT NULL THEN 'none_certified'
                WHEN %(stated)s OR l.edi_types && %(gains)s::int[] THEN 'already'
                ELSE 'nothing_to_remove' END AS why
    FROM chosen JOIN locations_locationnumber l ON l.id = chosen.id
    LEFT JOIN locations_leftout o ON o.change_set_id = %(change_set)s AND o.location_id = l.id
    WHERE NOT EXISTS (
        SELECT FROM locations_locationversion v WHERE v.location_id = l.id AND v.change_set_id = %(change_set)s
    )
) AS unchanged
GROUP BY why ORDER BY why
"""

# The same of an undo. In: the change set that it undoes.
_WHY_NOT_UNDONE = f"""
SELECT why, count(*) FROM (
    SELECT CASE WHEN l.gln IN (SELECT gln FROM ({targets.KEPT}) kept) THEN 'changed_since' ELSE 'undone_already'
           END AS why
    FROM chosen JOIN locations_locationnumber l ON l.id = chosen.id
    WHERE NOT EXISTS (
        SELECT FROM locations_locationversion v WHERE v.location_id = l.id AND v.change_set_id = %(change_set)s
    )
) AS unchanged
GROUP BY why ORDER BY why
"""


def why(change_set: ChangeSet, *, stated: bool, gains: Sequence[EdiType]) -> dict[str, int]:
    """For `counts`, once the versions are written; one statement over the `chosen` numbers.

    `stated`: the plan says how something shall be, and does not only take away. `gains`: what replaces another type.
    """
    values: dict[str, Any] = {"change_set": change_set.pk}
    if change_set.undoes_id:
        values |= {"undoes": change_set.undoes_id}
    else:
        values |= {"stated": stated, "gains": [row.pk for row in gains]}
    with connection.cursor() as cursor:
        cursor.execute(_WHY_NOT_UNDONE if change_set.undoes_id else _WHY, values)
        return dict(cursor.fetchall())
