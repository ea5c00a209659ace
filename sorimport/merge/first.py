"""A first import fills tables that are empty, and does so without their indexes and foreign keys: made when all is in,
by several processes, they cost a third of what they do row by row.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from sorimport.columns import LOCATIONS, UNITS
from sorimport.staged import Staged

MANY = 10_000  # rows of units and numbers; what fewer cost is not worth it

_EMPTY = """
SELECT NOT EXISTS (SELECT FROM locations_sorunit) AND NOT EXISTS (SELECT FROM locations_locationnumber)
"""

# A table cannot be altered, nor one that keys point at, while it has checks to come.
_SETTLE = "SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED"

# Statements that drop and make each part; in the order in which they are dropped. What makes a row the only one of its
# key stays: the import finds its rows by that.
_PARTS = """
WITH filled (id) AS (
    SELECT unnest(ARRAY['locations_sorunit', 'locations_locationnumber', 'locations_locationversion',
        'locations_assignment']::regclass[])
)
SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname),
    format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
FROM pg_constraint WHERE conrelid IN (SELECT id FROM filled) AND contype IN ('f', 'x')
UNION ALL
SELECT format('DROP INDEX %s', indexrelid::regclass), pg_get_indexdef(indexrelid)
FROM pg_index WHERE indrelid IN (SELECT id FROM filled) AND NOT indisunique
    AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
"""


@contextmanager
def indexed_at_the_end(staged: Staged) -> Iterator[None]:
    """Around all that the import writes. Those who read the tables meanwhile wait until it is done."""
    parts: list[tuple[str, str]] = []
    with connection.cursor() as cursor:
        cursor.execute(_EMPTY)
        if cursor.fetchone()[0] and sum(staged.rows.get(kind.name, 0) for kind in (LOCATIONS, UNITS)) > MANY:
            cursor.execute(_SETTLE)
            cursor.execute(_PARTS)
            parts = cursor.fetchall()
            for drop, _make in parts:
                cursor.execute(drop)
    yield
    with connection.cursor() as cursor:
        for _drop, make in reversed(parts):
            cursor.execute(make)
