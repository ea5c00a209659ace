"""Which unit had a number when: the assignments follow what the extract says of numbers that are new or changed."""

from datetime import date

from django.db import connection

# A number that moved leaves its old unit on the day before it starts on the new one; today, where SOR gives no date.
_LEAVE = """
UPDATE locations_assignment a SET period = daterange(lower(a.period), coalesce(t.from_date, %(today)s))
FROM location_target t
WHERE t.change IN ('changed', 'closed') AND a.location_id = t.id AND a.unit_id <> t.unit_id
  AND coalesce(t.from_date, %(today)s) > coalesce(lower(a.period), '-infinity')
  AND coalesce(t.from_date, %(today)s) < coalesce(upper(a.period), 'infinity')
"""

# SOR dates the move before the assignment it ends: the old unit was a mistake, unless the extract tells of it too.
_CORRECT = """
UPDATE locations_assignment a SET unit_id = t.unit_id FROM location_target t
WHERE t.change IN ('changed', 'closed') AND a.location_id = t.id AND a.unit_id <> t.unit_id
  AND lower(a.period) >= coalesce(t.from_date, %(today)s)
  AND NOT EXISTS (SELECT FROM location_stay s JOIN unit_key u ON u.sor_id = s.sor_id
                  WHERE s.gln = t.gln AND u.id = a.unit_id AND s.stay && a.period)
"""

# The end of the current assignment follows the number's, also where it was closed for being gone, but not into a
# later assignment.
_END = """
UPDATE locations_assignment a SET period = daterange(lower(a.period), e.ends)
FROM (
    SELECT a.id, least(l.to_date + 1, (SELECT min(lower(later.period)) FROM locations_assignment later
        WHERE later.location_id = a.location_id AND later.period >> a.period)) AS ends
    FROM locations_locationnumber l
    JOIN locations_assignment a ON a.location_id = l.id AND a.unit_id = l.unit_id
    WHERE a.period @> coalesce(l.from_date, lower(a.period)) AND upper(a.period) IS DISTINCT FROM l.to_date + 1
) AS e
WHERE e.id = a.id AND upper(a.period) IS DISTINCT FROM e.ends
  AND coalesce(e.ends, 'infinity') > coalesce(lower(a.period), '-infinity')
"""

# Stays that the extract tells of besides the present one; rows of one unit that touch are one stay.
_TELL = """
INSERT INTO locations_assignment (location_id, unit_id, period)
SELECT t.id, u.id, told.period
FROM (
    SELECT gln, sor_id, unnest(range_agg(stay)) AS period FROM location_stay s
    WHERE NOT EXISTS (SELECT FROM refused_location f WHERE f.line = s.line) GROUP BY gln, sor_id
) AS told
JOIN location_target t ON t.gln = told.gln AND t.change <> 'unchanged'
JOIN unit_key u ON u.sor_id = told.sor_id
WHERE NOT EXISTS (SELECT FROM locations_assignment a WHERE a.location_id = t.id AND a.period && told.period)
"""

# The days of its present period on which a number has no unit yet are with its unit: from its first day, or, having
# been somewhere, from the latest change.
_ASSIGN = """
INSERT INTO locations_assignment (location_id, unit_id, period)
SELECT id, unit_id, unnest(datemultirange(period) - coalesce(stays, '{}'))
FROM (
    SELECT id, unit_id, stays,
        CASE WHEN (begins > to_date) IS NOT TRUE THEN daterange(begins, to_date, '[]') END AS period
    FROM (
        SELECT t.id, t.unit_id, t.to_date, a.stays, CASE WHEN a.stays IS NOT NULL THEN coalesce(t.from_date, %(today)s)
            ELSE coalesce(t.first_from_date, t.from_date) END AS begins
        FROM location_target t
        LEFT JOIN (SELECT location_id, range_agg(period) AS stays FROM locations_assignment GROUP BY location_id) AS a
            ON a.location_id = t.id
        WHERE t.unit_id IS NOT NULL AND t.change <> 'unchanged'
    ) AS t
) AS t
WHERE period IS NOT NULL
"""


def assign(*, today: date) -> None:
    """In: location_target, location_stay, refused_location and unit_key; the numbers are written already."""
    with connection.cursor() as cursor:
        for statement in (_LEAVE, _CORRECT, _END, _TELL, _ASSIGN):
            cursor.execute(statement, {"today": today})
