"""The profiles of known numbers: SOR's new words are kept, and merged into ours three-way.

SOR's last word (base) ─┬─ SOR's new word (theirs) ─┐
                        └─ our profile (ours) ──────┴─→ SOR's version itself where that is what comes out, else a
                                                        version of its own, or none where ours stays as it is
"""

from datetime import datetime
from typing import Any

from django.db import connection

from locations.merging import CLASHES, MERGED
from locations.models import PROFILE_COLUMNS, ChangeSet

_COLUMNS = ", ".join(PROFILE_COLUMNS)


def _of(alias: str) -> str:
    return ", ".join(f"{alias}.{column}" for column in PROFILE_COLUMNS)


# What SOR's new words make of ours, once nobody else can change it. `version_id` is the version to apply: SOR's own,
# another, or null where ours stays.
_MERGE = f"""
CREATE UNLOGGED TABLE staging.merged_location AS
SELECT id, our_version_id, {_of("m")}, CASE
        WHEN is_ours THEN NULL
        WHEN is_sors THEN sor_version_id
        ELSE nextval('locations_locationversion_id_seq')
    END AS version_id, is_sors AND NOT is_ours AS takes_sors
FROM (
    SELECT m.*, ({_of("m")}) IS NOT DISTINCT FROM ({_of("t")}) AS is_sors,
        ({_of("m")}) IS NOT DISTINCT FROM ({_of("o")}) AS is_ours, t.version_id AS sor_version_id
    FROM (
        SELECT t.id, o.version_id AS our_version_id, {MERGED}
        FROM location_target t
        JOIN locations_locationversion b ON b.id = t.old_sor_version_id
        JOIN locations_locationnumber o ON o.id = t.id
        WHERE t.sor_changed
    ) AS m
    JOIN location_target t ON t.id = m.id
    JOIN locations_locationnumber o ON o.id = m.id
) AS m
"""

# The first version of a new number is ours and SOR's; what SOR newly says of a known one is ours where the merge took
# it whole.
_VERSIONS = f"""
INSERT INTO locations_locationversion (id, location_id, change_set_id, base_id, applied_at, {_COLUMNS})
SELECT t.version_id, t.id, %(change_set)s, CASE WHEN m.takes_sors THEN m.our_version_id ELSE t.old_sor_version_id END,
    CASE WHEN t.is_new OR m.takes_sors THEN %(now)s::timestamptz END, {_of("t")}
FROM location_target t LEFT JOIN merged_location m ON m.id = t.id
WHERE t.is_new OR t.sor_changed ORDER BY t.gln
"""

_MERGED_VERSIONS = f"""
INSERT INTO locations_locationversion (id, location_id, change_set_id, base_id, applied_at, {_COLUMNS})
SELECT version_id, id, %(change_set)s, our_version_id, %(now)s, {_of("m")}
FROM merged_location m WHERE version_id IS NOT NULL AND NOT takes_sors ORDER BY id
"""

# Fields that SOR and we have changed to different values: ours stays, and the deviation says that both did it.
_MARK = f"""
INSERT INTO locations_deviation (location_id, field, marked_version_id)
SELECT t.id, clash.field, coalesce(m.version_id, m.our_version_id)
FROM merged_location m
JOIN location_target t ON t.id = m.id
JOIN locations_locationversion b ON b.id = t.old_sor_version_id
JOIN locations_locationversion o ON o.id = m.our_version_id
CROSS JOIN LATERAL ({CLASHES}) AS clash
ORDER BY t.id, clash.field
ON CONFLICT (location_id, field) DO UPDATE SET marked_version_id = excluded.marked_version_id
"""

_ACCEPT = f"""
UPDATE locations_locationnumber l
SET version_id = m.version_id, {", ".join(f"{column} = m.{column}" for column in PROFILE_COLUMNS)}
FROM merged_location m WHERE m.id = l.id AND m.version_id IS NOT NULL
"""


def write_versions(*, change_set: ChangeSet, now: datetime) -> int:
    """Write SOR's words and what they make of ours; returns how many fields clashed and were marked.

    In: location_target, its numbers locked. New numbers can be written after that, known ones accept with
    `accept_versions`, once their `sor_version` has moved.
    """
    params: dict[str, Any] = {"change_set": change_set.pk, "now": now}
    with connection.cursor() as cursor:
        cursor.execute(_MERGE)
        cursor.execute(_VERSIONS, params)
        cursor.execute(_MERGED_VERSIONS, params)
        cursor.execute(_MARK)
        return int(cursor.rowcount)


def accept_versions() -> None:
    """Bring what came out of the merge into force."""
    with connection.cursor() as cursor:
        cursor.execute(_ACCEPT)
