"""Add all certified: what the system of each number is certified to receive, in versions that are current, no more.

The plan keeps in `counts["certified"]`, `{"list": key, "types": {key: numbers}, "left_out": {why: numbers}}`, how many
numbers gain each EDI type for that reason alone, and in `LeftOut` the numbers that get nothing, each with why.
"""

from datetime import date
from typing import Any

from django.db import connection

from locations.certification import tabulate
from locations.models import ApprovalList, ChangeSet, EdiType, LeftOut, System
from soredi.jobs import Refused
from soredi.sentences import Sentence

# In: the tables of `certification.tabulate`. Out: what each system is certified to receive.
_SETS = """
DROP TABLE IF EXISTS certified_set;
CREATE TEMP TABLE certified_set ON COMMIT DROP AS
SELECT p.system_id, array_agg(p.edi_type ORDER BY p.edi_type) AS edi_types
FROM certified_pair p JOIN locations_editype t ON t.id = p.edi_type
WHERE p.answer = 'certified' AND (t.retired_on IS NULL OR t.retired_on > %(day)s)
GROUP BY p.system_id;
ANALYZE certified_set
"""

# In: the numbers `chosen` for a change set, and the system that they get, null where each keeps its own.
_LEAVE_OUT = """
INSERT INTO locations_leftout (change_set_id, location_id, why)
SELECT %(change_set)s, l.id,
    CASE WHEN coalesce(%(system)s::bigint, l.system_id) IS NULL THEN 'no_system'
         WHEN m.system_id IS NULL THEN 'unmapped' ELSE 'none_certified' END
FROM chosen JOIN locations_locationnumber l ON l.id = chosen.id
LEFT JOIN certified_system m ON m.system_id = coalesce(%(system)s::bigint, l.system_id)
LEFT JOIN certified_set c ON c.system_id = m.system_id
WHERE c.system_id IS NULL
"""

# In: `gained` of `warnings`, and the types that were asked for by name. Out: (EDI type, numbers), and why how many
# were left out.
_GAINED = """
SELECT g.edi_type, sum(g.numbers)::bigint FROM gained g JOIN certified_pair p USING (system_id, edi_type)
WHERE p.answer = 'certified' AND g.edi_type <> ALL (%(named)s) GROUP BY g.edi_type ORDER BY g.edi_type
"""
_LEFT_OUT = "SELECT why, count(*) FROM locations_leftout WHERE change_set_id = %(change_set)s GROUP BY why ORDER BY why"


def gather(change_set: ChangeSet, *, system: System | None, day: date) -> ApprovalList:
    """Make `certified_set(system_id, edi_types)` for the plan, and list which of the `chosen` get nothing.

    Returns the list of approvals that says so. Raises Refused where none is in force on `day`: then nothing is known to
    be certified.
    """
    approvals = tabulate(day=day)
    if approvals is None:
        raise Refused(
            Sentence(
                "No list of approvals is loaded, so nothing can be added as certified. Nothing was changed."
            )
        )
    with connection.cursor() as cursor:
        cursor.execute(_SETS, {"day": day})
        cursor.execute(_LEAVE_OUT, {"change_set": change_set.pk, "system": system.pk if system else None})
    return approvals


def found(change_set: ChangeSet, approvals: ApprovalList, *, named: list[EdiType]) -> dict[str, Any]:
    """For `counts["certified"]`, once `warnings.find` has counted: what is gained, and how many get nothing."""
    types = {}
    with connection.cursor() as cursor:
        if change_set.counts["added"]:
            cursor.execute(_GAINED, {"named": [one.pk for one in named]})
            types = {str(edi_type): numbers for edi_type, numbers in cursor.fetchall()}
        cursor.execute(_LEFT_OUT, {"change_set": change_set.pk})
        return {"list": approvals.pk, "types": types, "left_out": dict(cursor.fetchall())}


def shown(change_set: ChangeSet, *, most: int) -> dict[str, Any] | None:
    """The context of locations/_certified.html; None of a plan that did not ask for it. At `most` so many numbers."""
    kept = change_set.counts.get("certified")
    if kept is None:
        return None
    approvals = ApprovalList.objects.get(pk=kept["list"])
    left_out = change_set.left_out.order_by("location__gln").values_list("location__gln", flat=True)
    return {
        "approvals": approvals,
        "types": [
            (row, kept["types"][str(row.pk)])
            for row in EdiType.objects.filter(pk__in=map(int, kept["types"]))
        ],
        "left_out": [(LeftOut.Why(why), numbers) for why, numbers in kept["left_out"].items()],
        "left_out_total": sum(kept["left_out"].values()),
        "first_left_out": list(left_out[:most]),
    }
