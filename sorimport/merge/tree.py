"""The tree of units as it will be, and whose numbers each unit uses."""

from datetime import date
from typing import Any

from django.db import connection

# The tree as it will be.
_TREE = """
CREATE UNLOGGED TABLE staging.unit_tree AS
SELECT s.id, p.id AS parent_id, s.inherits_number
FROM stage_unit s LEFT JOIN unit_key p ON p.sor_id = s.parent_sor_id
UNION ALL
SELECT k.id, k.parent_id, k.inherits_number FROM locations_sorunit k
WHERE NOT EXISTS (SELECT FROM stage_unit s WHERE s.sor_id = k.sor_id)
"""

# Whether a unit has come below another one than before; nothing else can close a cycle of parents.
_MOVED = """
SELECT EXISTS (
    SELECT FROM unit_tree t LEFT JOIN locations_sorunit k ON k.id = t.id
    WHERE t.parent_id IS NOT NULL AND t.parent_id IS DISTINCT FROM k.parent_id)
"""

# The staged units that are their own ancestors. Going down from the roots reaches all others; from those left over,
# which are in a cycle or below one, going up ends where it began.
_CYCLE = """
CREATE UNLOGGED TABLE staging.unit_cycle AS
WITH RECURSIVE placed AS (
    SELECT id FROM unit_tree WHERE parent_id IS NULL
    UNION ALL
    SELECT c.id FROM placed p JOIN unit_tree c ON c.parent_id = p.id
), left_over AS MATERIALIZED (
    SELECT t.id, t.parent_id FROM unit_tree t WHERE NOT EXISTS (SELECT FROM placed p WHERE p.id = t.id)
), upward AS (
    SELECT id AS start, parent_id AS at FROM left_over
    UNION
    SELECT u.start, l.parent_id FROM upward u JOIN left_over l ON l.id = u.at
)
SELECT s.id, s.line, s.parent_sor_id FROM upward u JOIN stage_unit s ON s.id = u.start WHERE u.start = u.at
"""
_NO_CYCLE = "CREATE UNLOGGED TABLE staging.unit_cycle (id bigint, line bigint, parent_sor_id text)"
_CUT_CYCLE = (
    "UPDATE stage_unit s SET parent_sor_id = NULL FROM unit_cycle c WHERE c.id = s.id",
    "UPDATE unit_tree t SET parent_id = NULL FROM unit_cycle c WHERE c.id = t.id",
)

# Whose numbers each unit uses: its own, else those of the nearest ancestor, through units that inherit. Goes down
# from the holders, so a cycle of parents is never entered twice. Numbers that have ended are nobody's.
_HOLD = """
CREATE UNLOGGED TABLE staging.unit_holder AS
WITH RECURSIVE own AS MATERIALIZED (
    SELECT DISTINCT unit_id AS id FROM locations_locationnumber
    WHERE unit_id IS NOT NULL AND (to_date IS NULL OR to_date >= %(today)s)
), held AS (
    SELECT id, id AS holder FROM own
    UNION ALL
    SELECT c.id, h.holder FROM held h JOIN unit_tree c ON c.parent_id = h.id
    WHERE c.inherits_number AND c.id NOT IN (SELECT id FROM own)
)
SELECT id, holder FROM held
"""


def grow_tree(*, today: date) -> None:
    """In: stage_unit and unit_key. Out: unit_tree, unit_cycle and unit_holder; the numbers are written already."""
    with connection.cursor() as cursor:
        for statement in (_TREE, "ANALYZE unit_tree", "ANALYZE locations_locationnumber (unit_id)"):
            cursor.execute(statement)
        _cut_cycles(cursor)
        cursor.execute(_HOLD, {"today": today})


def _cut_cycles(cursor: Any) -> None:
    """Keep the units of a cycle of parents, without their parents."""
    cursor.execute(_MOVED)
    moved = cursor.fetchone()[0]
    cursor.execute(_CYCLE if moved else _NO_CYCLE)
    if moved and cursor.rowcount:
        for statement in _CUT_CYCLE:
            cursor.execute(statement)
