"""What a change set does in all: per field and per EDI type. Two statements over its versions."""

from typing import Any

from django.db import connection

from locations.models import PROFILE_COLUMNS, ChangeSet

# The versions of a change set with what they change; those that create a number change nothing. In: of an import only
# those that came into force count, as the others are SOR's words that nobody took.
_CHANGED = """
locations_locationversion v JOIN locations_locationversion b ON b.id = v.base_id
"""
_THESE = "v.change_set_id = %(change_set)s AND (v.applied_at IS NOT NULL OR NOT %(in_force)s)"

# How many numbers gain and lose each EDI type. Two passes, by the index of the change set.
_PER_TYPE = f"""
SELECT e, count(*) FILTER (WHERE gained), count(*) FILTER (WHERE NOT gained) FROM (
    SELECT e, true AS gained FROM {_CHANGED}, unnest(v.edi_types) e
    WHERE {_THESE} AND v.edi_types <> b.edi_types AND NOT e = ANY (b.edi_types)
    UNION ALL
    SELECT e, false FROM {_CHANGED}, unnest(b.edi_types) e
    WHERE {_THESE} AND v.edi_types <> b.edi_types AND NOT e = ANY (v.edi_types)
) AS moved
GROUP BY e
"""

# Out: (versions, <one count of differing versions for each profile column>).
_PER_FIELD = f"""
SELECT count(*), {", ".join(f"count(*) FILTER (WHERE v.{c} IS DISTINCT FROM b.{c})" for c in PROFILE_COLUMNS)}
FROM {_CHANGED} WHERE {_THESE}
"""


def totals(change_set: ChangeSet, chosen: int, *, in_force: bool = False) -> dict[str, Any]:
    """For `ChangeSet.counts`: how many of the `chosen` numbers change, what they gain and lose, by type and by field.

    `in_force`: count only versions that were applied.
    """
    params = {"change_set": change_set.pk, "in_force": in_force}
    with connection.cursor() as cursor:
        cursor.execute(_PER_FIELD, params)
        changed, *fields = cursor.fetchone()
        cursor.execute(_PER_TYPE, params)
        per_type = cursor.fetchall()
    return {
        "chosen": chosen,
        "changed": changed,
        "unchanged": chosen - changed,
        "added": sum(gains for _type, gains, _losses in per_type),
        "removed": sum(losses for _type, _gains, losses in per_type),
        "edi_types": {str(pk): [gains, losses] for pk, gains, losses in sorted(per_type)},
        "fields": {c.removesuffix("_id"): n for c, n in zip(PROFILE_COLUMNS, fields, strict=True) if n},
    }
