"""What a change set does in all: per field and per EDI type. Two statements over its versions."""

from typing import Any

from django.db import connection

from locations.models import PROFILE_COLUMNS, ChangeSet
from locations.sets import BOTH, LESS

# The versions of a change set with what they change; those that create a number change nothing. In: of an import only
# those that came into force count, as the others are SOR's words that nobody took.
_CHANGED = """
locations_locationversion v JOIN locations_locationversion b ON b.id = v.base_id
"""
_THESE = "v.change_set_id = %(change_set)s AND (v.applied_at IS NOT NULL OR NOT %(in_force)s)"

# How many numbers gain, lose and keep each EDI type, of those whose types change, by the index of the change set.
_PER_TYPE = f"""
SELECT e, sum(gained), sum(lost), sum(kept) FROM (
    SELECT unnest(v.edi_types {LESS} b.edi_types) AS e, 1 AS gained, 0 AS lost, 0 AS kept
    FROM {_CHANGED} WHERE {_THESE} AND v.edi_types <> b.edi_types
    UNION ALL
    SELECT unnest(b.edi_types {LESS} v.edi_types), 0, 1, 0
    FROM {_CHANGED} WHERE {_THESE} AND v.edi_types <> b.edi_types
    UNION ALL
    SELECT unnest(b.edi_types {BOTH} v.edi_types), 0, 0, 1
    FROM {_CHANGED} WHERE {_THESE} AND v.edi_types <> b.edi_types
) AS told
GROUP BY e HAVING sum(gained) + sum(lost) > 0
"""

# Out: (versions, <one count of differing versions for each profile column>).
_PER_FIELD = f"""
SELECT count(*), {", ".join(f"count(*) FILTER (WHERE v.{c} IS DISTINCT FROM b.{c})" for c in PROFILE_COLUMNS)}
FROM {_CHANGED} WHERE {_THESE}
"""


def totals(change_set: ChangeSet, chosen: int, *, in_force: bool = False) -> dict[str, Any]:
    """For `ChangeSet.counts`: how many of the `chosen` numbers change, what they gain, lose and keep, by type
    and by field.

    `in_force`: count only versions that were applied.
    """
    params = {"change_set": change_set.pk, "in_force": in_force}
    with connection.cursor() as cursor:
        cursor.execute(_PER_FIELD, params)
        changed, *fields = cursor.fetchone()
        cursor.execute(_PER_TYPE, params)
        per_type = cursor.fetchall()
    kept = {str(pk): keeps for pk, _gains, _losses, keeps in sorted(per_type) if keeps}
    return {
        "chosen": chosen,
        "changed": changed,
        "unchanged": chosen - changed,
        "added": sum(gains for _type, gains, _losses, _keeps in per_type),
        "removed": sum(losses for _type, _gains, losses, _keeps in per_type),
        "edi_types": {str(pk): [gains, losses] for pk, gains, losses, _keeps in sorted(per_type)},
        "fields": {c.removesuffix("_id"): n for c, n in zip(PROFILE_COLUMNS, fields, strict=True) if n},
        **({"kept_types": kept} if kept else {}),
    }
