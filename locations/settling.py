"""Settling deviations: SOR's is taken, by a plan like any other, or ours is kept until SOR says something else."""

from django.db import connection, transaction
from django.db.backends.postgresql.psycopg_any import mogrify
from django.utils import timezone

from locations import changes
from locations.deviations import Asked, fill
from locations.models import ChangeSet
from locations.models.deviation import Field
from soredi.jobs import Refused
from soredi.models import User
from soredi.sentences import Sentence

_TAKEN = "CREATE TEMP TABLE taken ON COMMIT DROP AS SELECT id AS location_id, field FROM ({found}) f"

# In: the deviations, who decides, when and why. Out: a decision each, for ever, and what it makes of the deviation;
# two decisions of the same fields at once wait for each other in key order.
_KEEP = """
WITH settled AS MATERIALIZED (
    SELECT f.id, f.field, l.version_id, l.sor_version_id, by_id, at, reason
    FROM ({found}) f JOIN locations_locationnumber l ON l.id = f.id,
        (VALUES (%s::bigint, %s::timestamptz, %s)) AS decided (by_id, at, reason)
    ORDER BY f.id, f.field
), told AS (
    INSERT INTO locations_deviationdecision (location_id, field, kind, version_id, sor_version_id, by_id, at, reason)
    SELECT id, field, 'kept', version_id, sor_version_id, by_id, at, reason FROM settled
)
INSERT INTO locations_deviation (location_id, field, kept_sor_version_id, decided_by_id, decided_at, reason)
SELECT id, field, sor_version_id, by_id, at, reason FROM settled
ON CONFLICT (location_id, field) DO UPDATE SET kept_sor_version_id = excluded.kept_sor_version_id,
    decided_by_id = excluded.decided_by_id, decided_at = excluded.decided_at, reason = excluded.reason
"""

_REOPEN = """
WITH settled AS MATERIALIZED (
    SELECT f.deviation_id, f.id, f.field, l.version_id, l.sor_version_id, by_id, at, reason
    FROM ({found}) f JOIN locations_locationnumber l ON l.id = f.id,
        (VALUES (%s::bigint, %s::timestamptz, %s)) AS decided (by_id, at, reason)
    WHERE f.kept
), reopened AS (
    UPDATE locations_deviation d SET kept_sor_version_id = NULL, decided_by_id = NULL, decided_at = NULL, reason = ''
    FROM settled s WHERE d.id = s.deviation_id AND d.kept_sor_version_id IS NOT NULL
    RETURNING d.id
)
INSERT INTO locations_deviationdecision (location_id, field, kind, version_id, sor_version_id, by_id, at, reason)
SELECT id, field, 'reopened', version_id, sor_version_id, by_id, at, reason
FROM settled WHERE deviation_id IN (SELECT id FROM reopened)
"""


@transaction.atomic
def take_sor(asked: Asked, *, by: User | None, reason: str) -> ChangeSet:
    """Plan that these fields become what SOR says; returns the draft, carried out and undone like any other.

    Leaves out the EDI administrator where `by` may not change it. Raises Refused where nothing is left to plan.
    """
    if not may_take(Field.EDI_ADMINISTRATOR, by):
        allowed = tuple(field for field in asked.fields or Field.values if may_take(Field(field), by))
        asked = Asked(asked.numbers, allowed or ("",), asked.both, asked.kept, asked.picked)
    statement, params = fill(_TAKEN, asked)
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS taken")
        cursor.execute(mogrify(statement, params, connection))  # a CREATE takes no parameters
        if not cursor.rowcount:
            raise Refused(
                Sentence("Nothing was planned: none of them deviates from SOR in a field you may change.")
            )
        cursor.execute(
            "ANALYZE taken"
        )  # nobody else does, of a temporary table; of 200,000 numbers it is seen
    return changes.plan_sor(by=by, reason=reason)


def may_take(field: Field, by: User | None) -> bool:
    """SOR's EDI administrator is another's than the user's, so only administrators may give the number away."""
    return field != Field.EDI_ADMINISTRATOR or by is None or by.is_administrator


def keep_ours(asked: Asked, *, by: User | None, reason: str = "") -> int:
    """Settle these deviations by keeping ours, until SOR says something else of the field; returns how many."""
    return _settle(_KEEP, asked, by, reason)


def reopen(asked: Asked, *, by: User | None, reason: str = "") -> int:
    """Take back that ours was kept; returns of how many."""
    return _settle(_REOPEN, asked, by, reason)


def _settle(statement: str, asked: Asked, by: User | None, reason: str) -> int:
    filled, params = fill(statement, asked, after=(by and by.pk, timezone.now(), reason))
    with connection.cursor() as cursor:
        cursor.execute(filled, params)
        return int(cursor.rowcount)
