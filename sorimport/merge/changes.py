"""What an extract changes, told between planning and writing, while both sides are there to see.

For the run's page, of each kind the first; nothing of the first units and the first numbers there ever were. And for
each number's own history, of every number.
"""

from datetime import date, datetime
from typing import Any

from django.db import connection

from locations.models import ChangeSet

KEPT = 1000  # rows of a kind; all are counted

# In: unit_target, unit_successor and missing_unit as planned, locations_sorunit as it still is. unit_key has the names
# of today.
_UNITS = """
WITH moved AS MATERIALIZED (
    SELECT t.id, t.sor_id, t.name, t.to_date, t.change, t.parent_id, o.name AS old_name, o.parent_id AS old_parent_id,
        o.to_date AS old_to_date
    FROM unit_target t LEFT JOIN locations_sorunit o ON o.id = t.id
    WHERE t.change <> 'unchanged'
), told (kind, code, name, before, before_code, after, after_code) AS MATERIALIZED (
    SELECT 'unit_new', m.sor_id, m.name, '', '', coalesce(p.name, ''), coalesce(p.sor_id, '')
    FROM moved m LEFT JOIN unit_key p ON p.id = m.parent_id WHERE change = 'new'
    UNION ALL
    SELECT 'unit_renamed', sor_id, name, old_name, '', name, '' FROM moved WHERE change <> 'new' AND name <> old_name
    UNION ALL
    SELECT 'unit_moved', m.sor_id, m.name, coalesce(o.name, ''), coalesce(o.sor_id, ''), coalesce(p.name, ''),
        coalesce(p.sor_id, '')
    FROM moved m LEFT JOIN unit_key o ON o.id = m.old_parent_id LEFT JOIN unit_key p ON p.id = m.parent_id
    WHERE change <> 'new' AND m.parent_id IS DISTINCT FROM m.old_parent_id
    UNION ALL
    SELECT 'unit_replaced', k.sor_id, k.name, '', '', s.name, s.sor_id
    FROM unit_successor f JOIN unit_key k ON k.id = f.id JOIN unit_key s ON s.id = f.successor
    LEFT JOIN locations_sorunit o ON o.id = f.id WHERE o.replaced_by_id IS DISTINCT FROM f.successor
    UNION ALL
    SELECT 'unit_closed', sor_id, name, '', '', to_date::text, '' FROM moved WHERE change = 'closed'
    UNION ALL
    SELECT 'unit_closed', sor_id, name, '', '', %(yesterday)s::text, '' FROM missing_unit
    UNION ALL
    SELECT 'unit_reopened', sor_id, name, old_to_date::text, '', '', '' FROM moved
    WHERE old_to_date <= %(yesterday)s AND (to_date > %(yesterday)s) IS NOT FALSE
    UNION ALL
    SELECT 'unit_details', sor_id, name, '', '', '', '' FROM moved
    WHERE change = 'changed' AND name = old_name AND parent_id IS NOT DISTINCT FROM old_parent_id
        AND (old_to_date <= %(yesterday)s AND (to_date > %(yesterday)s) IS NOT FALSE) IS NOT TRUE
)
"""

# In: location_target and missing_location as planned, locations_locationnumber as it still is; unit_key.
_NUMBERS = """
WITH moved AS MATERIALIZED (
    SELECT t.gln, t.to_date, t.change, t.sor_changed, t.unit_id, o.unit_id AS old_unit_id, o.to_date AS old_to_date,
        o.to_date <= %(yesterday)s AND (t.to_date > %(yesterday)s) IS NOT FALSE AS reopened,
        (t.first_from_date, t.from_date, t.to_date, t.region_id)
            IS DISTINCT FROM (o.first_from_date, o.from_date, o.to_date, o.region_id) AS dated
    FROM location_target t LEFT JOIN locations_locationnumber o ON o.id = t.id
    WHERE t.change <> 'unchanged'
), named AS MATERIALIZED (
    SELECT m.*, change = 'changed' AND NOT sor_changed AND reopened IS NOT TRUE
            AND unit_id IS NOT DISTINCT FROM old_unit_id AS of_less,
        coalesce(u.name, '') AS name, coalesce(u.sor_id, '') AS sor_id,
        coalesce(o.name, '') AS old_name, coalesce(o.sor_id, '') AS old_sor_id
    FROM moved m LEFT JOIN unit_key u ON u.id = m.unit_id LEFT JOIN unit_key o ON o.id = m.old_unit_id
), told (kind, code, name, before, before_code, after, after_code) AS MATERIALIZED (
    SELECT 'number_new', gln, name, '', '', '', sor_id FROM named WHERE change = 'new'
    UNION ALL
    SELECT 'number_moved', gln, name, old_name, old_sor_id, name, sor_id FROM named
    WHERE change <> 'new' AND unit_id IS DISTINCT FROM old_unit_id
    UNION ALL
    SELECT 'number_profile', gln, name, '', '', '', '' FROM named WHERE sor_changed
    UNION ALL
    SELECT 'number_closed', gln, name, '', '', to_date::text, '' FROM named WHERE change = 'closed'
    UNION ALL
    SELECT 'number_reopened', gln, name, old_to_date::text, '', '', '' FROM named WHERE change <> 'new' AND reopened
    UNION ALL
    SELECT CASE WHEN dated THEN 'number_dates' ELSE 'number_unit' END, gln, name, '', '', '', ''
    FROM named WHERE of_less
    UNION ALL
    SELECT 'number_closed', m.gln, coalesce(u.name, ''), '', '', %(yesterday)s::text, ''
    FROM missing_location m JOIN locations_locationnumber l ON l.id = m.id LEFT JOIN unit_key u ON u.id = l.unit_id
)
"""

# The first KEPT of each kind, by code, go into the table; out come the counts of all.
_KEEP = """
, kept AS (
    INSERT INTO sorimport_change (run_id, kind, code, name, before, before_code, after, after_code)
    SELECT %(run)s, kind, code, name, before, before_code, after, after_code
    FROM (SELECT *, row_number() OVER (PARTITION BY kind ORDER BY code) AS place FROM told) AS numbered
    WHERE place <= %(kept)s ORDER BY kind, code
)
SELECT kind, count(*) FROM told GROUP BY kind
"""


# In: as for _NUMBERS. A number that moves and closes gets a row for each. `from_date` tells of any change in SOR, and
# so of none in the number's life.
_LIFE = """
INSERT INTO locations_lifeevent (location_id, kind, before, after, at, change_set_id, source, run)
SELECT id, kind, before, after, %(now)s, %(change_set)s, %(source)s, %(run)s::text
FROM (
    SELECT t.id, e.* FROM location_target t JOIN locations_locationnumber o ON o.id = t.id
    LEFT JOIN unit_key u ON u.id = t.unit_id LEFT JOIN locations_sorunit ou ON ou.id = o.unit_id
    LEFT JOIN locations_region r ON r.id = t.region_id LEFT JOIN locations_region r_before ON r_before.id = o.region_id,
    LATERAL (VALUES
        ('moved', coalesce(ou.name, ''), coalesce(u.name, ''), t.unit_id IS DISTINCT FROM o.unit_id),
        ('region', coalesce(r_before.name, ''), coalesce(r.name, ''), t.region_id IS DISTINCT FROM o.region_id),
        (CASE WHEN t.change = 'closed' THEN 'closed'
            WHEN o.to_date <= %(yesterday)s AND (t.to_date > %(yesterday)s) IS NOT FALSE THEN 'reopened'
            ELSE 'dates' END,
         concat(o.first_from_date, '/', o.to_date), concat(t.first_from_date, '/', t.to_date),
         (t.first_from_date, t.to_date) IS DISTINCT FROM (o.first_from_date, o.to_date))
    ) AS e (kind, before, after, happened)
    WHERE t.change IN ('changed', 'closed') AND e.happened
    UNION ALL
    SELECT o.id, 'closed', concat(o.first_from_date, '/', o.to_date),
        concat(o.first_from_date, '/', %(yesterday)s::date), true
    FROM missing_location m JOIN locations_locationnumber o ON o.id = m.id
) AS events ORDER BY id, kind
"""


def tell_units(*, run: int, yesterday: date) -> dict[str, int]:
    """Keep what changes in units; returns how many by kind. After `plan_units`, before `merge_units`."""
    return _tell("SELECT EXISTS (SELECT FROM locations_sorunit)", _UNITS + _KEEP, run, yesterday)


def tell_numbers(*, run: int, yesterday: date) -> dict[str, int]:
    """Keep what changes in location numbers, likewise: between `plan_locations` and `merge_locations`."""
    return _tell("SELECT EXISTS (SELECT FROM locations_locationnumber)", _NUMBERS + _KEEP, run, yesterday)


def _tell(any_before: str, statement: str, run: int, yesterday: date) -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(any_before)
        if not cursor.fetchone()[0]:
            return {}
        params: dict[str, Any] = {"run": run, "yesterday": yesterday, "kept": KEPT}
        cursor.execute(statement, params)
        return dict(cursor.fetchall())


def tell_lives(
    *, run: int, source: str, change_set: ChangeSet | None, now: datetime, yesterday: date
) -> None:
    """Keep in the history of each number that it is closed, opened again, moved or given other dates.

    As `tell_numbers`.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _LIFE,
            {
                "run": run,
                "source": source,
                "change_set": change_set.pk if change_set else None,
                "now": now,
                "yesterday": yesterday,
            },
        )
