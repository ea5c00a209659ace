"""Units of the register: what the staged ones make of those that are known, and writing it."""

from datetime import date
from typing import Any

from django.db import connection

from sorimport.columns import REPLACED, UNITS
from sorimport.merge.tree import grow_tree
from sorimport.staged import Staged

_SPECIALITIES = """
CREATE UNLOGGED TABLE staging.unit_speciality AS
SELECT u.id, array_agg(s.id ORDER BY w.place) AS specialities
FROM stage_unit u, unnest(u.speciality_codes) WITH ORDINALITY AS w (code, place)
JOIN locations_speciality s ON s.code = w.code GROUP BY u.id
"""

# The columns that SOR owns, in the order in which _TARGET yields them.
_COLUMNS = (
    "kind", "name", "types", "parent_id", "owner_id", "institution_id", "cvr", "provider_number", "shak", "region_id",
    "street", "postcode", "city", "phone", "email", "specialities", "first_from_date", "from_date", "to_date",
    "inherits_number", "number_holder_id", "search_text",
)  # fmt: skip


def _row(alias: str) -> str:
    return ", ".join(f"{alias}.{column}" for column in _COLUMNS)


# What each staged unit shall be, and what that makes of it: new, changed, closed or unchanged.
_TARGET = f"""
CREATE UNLOGGED TABLE staging.unit_target AS
SELECT t.*, CASE
        WHEN t.is_new THEN 'new'
        WHEN ({_row("t")}) IS NOT DISTINCT FROM ({_row("o")}) THEN 'unchanged'
        WHEN t.to_date < %(today)s AND (o.to_date IS NULL OR o.to_date >= %(today)s) THEN 'closed'
        ELSE 'changed'
    END AS change
FROM (
    SELECT s.id, s.is_new, s.sor_id, s.kind, s.name, array_remove(ARRAY[s.type], NULL)::varchar[] AS types,
        p.id AS parent_id, ie.id AS owner_id, si.id AS institution_id, s.cvr, s.provider_number, s.shak,
        region.id AS region_id, s.street, s.postcode, s.city, s.phone, s.email,
        coalesce(sp.specialities, '{{}}') AS specialities, s.first_from_date, s.from_date, s.to_date, s.inherits_number,
        h.holder AS number_holder_id,
        CASE WHEN numbered.unit_id IS NOT NULL
            THEN search_fold(concat_ws(' ', s.name, p.name, si.name, ie.name, s.street, s.postcode, s.city, s.sor_id,
                s.cvr, s.provider_number, s.shak)) ELSE '' END AS search_text
    FROM stage_unit s
    LEFT JOIN unit_key p ON p.sor_id = s.parent_sor_id
    LEFT JOIN unit_key ie ON ie.sor_id = s.owner_sor_id
    LEFT JOIN unit_key si ON si.sor_id = s.institution_sor_id
    LEFT JOIN unit_speciality sp ON sp.id = s.id
    LEFT JOIN unit_holder h ON h.id = s.id
    LEFT JOIN locations_region region ON region.code = s.region_code
    LEFT JOIN (SELECT DISTINCT unit_id FROM locations_locationnumber) AS numbered ON numbered.unit_id = s.id
    OFFSET 0 -- else the search text is made twice, to compare it and to keep it
) AS t
LEFT JOIN locations_sorunit o ON o.id = t.id
"""

# A new unit comes with its successor; those of known ones follow in _REPLACED.
_WRITE = f"""
INSERT INTO locations_sorunit (id, sor_id, replaced_by_id, {", ".join(_COLUMNS)})
SELECT t.id, t.sor_id, f.successor, {_row("t")} FROM unit_target t LEFT JOIN unit_successor f ON f.id = t.id
WHERE t.change <> 'unchanged' ORDER BY t.sor_id
ON CONFLICT (sor_id) DO UPDATE SET {", ".join(f"{column} = excluded.{column}" for column in _COLUMNS)}
"""

# Before the write: whose name changes.
_RENAMED = """
CREATE UNLOGGED TABLE staging.unit_renamed AS
SELECT t.id FROM unit_target t JOIN locations_sorunit o ON o.id = t.id
WHERE t.change IN ('changed', 'closed') AND t.name <> o.name
"""

# After it: units below those that are not in the file themselves, as after the daily one. Free text looks in the names
# of what is above a unit with numbers.
_SEARCHED = """
UPDATE locations_sorunit u SET search_text = found.text
FROM (
    SELECT k.id, search_fold(concat_ws(' ', k.name, p.name, si.name, ie.name, k.street, k.postcode, k.city, k.sor_id,
        k.cvr, k.provider_number, k.shak)) AS text
    FROM locations_sorunit k
    LEFT JOIN locations_sorunit p ON p.id = k.parent_id
    LEFT JOIN locations_sorunit si ON si.id = k.institution_id
    LEFT JOIN locations_sorunit ie ON ie.id = k.owner_id
    WHERE k.search_text <> '' AND EXISTS (
            SELECT FROM unit_renamed r WHERE r.id IN (k.parent_id, k.institution_id, k.owner_id))
        AND NOT EXISTS (SELECT FROM stage_unit s WHERE s.id = k.id)
) AS found
WHERE found.id = u.id AND u.search_text <> found.text
"""

# SORReplacedEntities.csv: the latest unit that each was replaced by, by the keys they will have. Said in whole, so
# others have no successor.
_SUCCESSORS = """
CREATE UNLOGGED TABLE staging.unit_successor AS
SELECT k.id, (array_agg(s.id ORDER BY sor_date(r.from_date) DESC NULLS LAST, r.line)
              FILTER (WHERE s.id <> k.id))[1] AS successor
FROM unit_key k
LEFT JOIN locations_sorunit o ON o.id = k.id
LEFT JOIN raw_replaced r ON sor_code(r.sor_id) = k.sor_id
LEFT JOIN unit_key s ON s.sor_id = sor_code(r.replaced_by)
WHERE %(has_replaced)s AND (o.replaced_by_id IS NOT NULL OR r.line IS NOT NULL)
GROUP BY k.id
"""
_REPLACED = """
UPDATE locations_sorunit u SET replaced_by_id = f.successor
FROM unit_successor f WHERE f.id = u.id AND u.replaced_by_id IS DISTINCT FROM f.successor
"""

# Numbers are sorted by the name and the town of their unit. After a file without numbers they follow it here.
_SORT_KEYS = """
UPDATE locations_locationnumber l SET unit_key = danish_key(t.name), city_key = danish_key(t.city)
FROM unit_target t
WHERE t.change IN ('changed', 'closed') AND l.unit_id = t.id
  AND (l.unit_key, l.city_key) IS DISTINCT FROM (danish_key(t.name), danish_key(t.city))
"""

_PROBLEMS = """
INSERT INTO sorimport_problem (run_id, file, line, code, value)
SELECT %(run)s, %(file)s, line, code, coalesce(left(value, 200), '') FROM (
    SELECT line, CASE WHEN kind IN ('IE', 'SI', 'HI', 'OE') THEN 'malformed_sor_id' ELSE 'unknown_kind' END AS code,
        concat_ws(' ', sor_id, kind) AS value
    FROM read_unit WHERE NOT usable
    UNION ALL
    SELECT line, 'parent_cycle', parent_sor_id FROM unit_cycle
    UNION ALL
    SELECT line, 'text_cut', sor_id FROM stage_unit WHERE is_cut
    UNION ALL
    SELECT line, 'unit_date', concat_ws(' ', sor_id, bad_dates) FROM stage_unit WHERE bad_dates <> ''
    UNION ALL
    SELECT s.line, 'unknown_parent', s.parent_sor_id FROM stage_unit s
    WHERE s.parent_sor_id IS NOT NULL AND NOT EXISTS (SELECT FROM unit_key k WHERE k.sor_id = s.parent_sor_id)
) AS found ORDER BY line
"""

# Open, and gone from a complete extract. What stands in a row that was left out is not gone; where a row does not tell
# which unit it is about, none is.
_MISSING = """
CREATE UNLOGGED TABLE staging.missing_unit AS
SELECT u.id, u.sor_id, u.name FROM locations_sorunit u
WHERE %(complete)s AND (u.to_date IS NULL OR u.to_date >= %(today)s)
  AND NOT EXISTS (SELECT FROM stage_unit s WHERE s.id = u.id)
  AND NOT EXISTS (SELECT FROM read_unit r WHERE NOT r.usable AND r.sor_id = u.sor_id)
  AND NOT EXISTS (SELECT FROM left_out_key k WHERE k.kind = 'units' AND (k.key = u.sor_id OR k.key IS NULL))
  AND NOT EXISTS (SELECT FROM read_unit r WHERE NOT r.usable
                  AND (r.sor_id IS NULL OR translate(r.sor_id, '0123456789', '') <> '' OR length(r.sor_id) > 18))
"""

# Its last day is the day before.
_CLOSE = """
UPDATE locations_sorunit u SET to_date = %(yesterday)s FROM missing_unit m WHERE m.id = u.id
"""

_REHOLD = """
UPDATE locations_sorunit u SET number_holder_id = h.holder
FROM locations_sorunit k LEFT JOIN unit_holder h ON h.id = k.id
WHERE k.id = u.id AND u.number_holder_id IS DISTINCT FROM h.holder
"""


def plan_units(*, run: int, staged: Staged, today: date) -> dict[str, int]:
    """Say what the staged units would do; the numbers are written already.

    Returns how many are new, changed, closed and unchanged, and how many were open before. Where the units are
    complete, one that is missing is to be closed.
    """
    file, complete = staged.files.get(UNITS.name, ""), staged.complete_units
    params: dict[str, Any] = {"run": run, "file": file, "today": today, "complete": complete}
    with connection.cursor() as cursor:
        cursor.execute(_SPECIALITIES)
        grow_tree(today=today)
        cursor.execute(_TARGET, params)
        cursor.execute(_PROBLEMS, params)
        cursor.execute(_SUCCESSORS, {"has_replaced": staged.has(REPLACED)})
        cursor.execute(_MISSING, params)
        missing = cursor.rowcount
        cursor.execute("SELECT change, count(*) FROM unit_target GROUP BY change")
        counts = {"new": 0, "changed": 0, "closed": 0, "unchanged": 0} | dict(cursor.fetchall())
        counts["closed"] += missing
        cursor.execute(
            "SELECT count(*) FROM locations_sorunit WHERE to_date IS NULL OR to_date >= %(today)s", params
        )
        (counts["open"],) = cursor.fetchone()
    return counts


def merge_units(*, staged: Staged, yesterday: date) -> None:
    """Write what `plan_units` found, and whose numbers each unit uses."""
    with connection.cursor() as cursor:
        cursor.execute(_RENAMED)
        renamed = cursor.rowcount
        cursor.execute(_WRITE)
        cursor.execute(_SORT_KEYS)
        if renamed:
            cursor.execute(_SEARCHED)
        cursor.execute(_CLOSE, {"yesterday": yesterday})
        cursor.execute(_REHOLD)
        cursor.execute(_REPLACED)
