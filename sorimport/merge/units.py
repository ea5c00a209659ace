"""Units of the register: the row of each that is in force, its place in the tree, and whose numbers it uses."""

from datetime import date
from typing import Any

from django.db import connection

# Every row, narrow: what picking and checking need. The wide rows are read once here and once for those picked. `begun`
# is ISO text, which orders as dates do; a call of sor_date for each of 400,000 rows would take a second.
_READ = """
CREATE TEMP TABLE read_unit ON COMMIT DROP AS
SELECT *, coalesce(translate(sor_id, '0123456789', '') = '' AND length(sor_id) <= 18
    AND kind IN ('IE', 'SI', 'HI', 'OE'), false) AS usable
FROM (
    SELECT line, sor_code(sor_id) AS sor_id, upper(btrim(kind)) AS kind,
        CASE WHEN from_date LIKE '____-__-__%%' THEN left(from_date, 10)
             ELSE to_char(sor_date(from_date), 'YYYY-MM-DD') END COLLATE "C" AS begun
    FROM raw_units OFFSET 0
) AS r
"""

# Of the rows of one unit (SOREntity.csv holds history) the one in force on `today`: the latest begun, or, where none
# has begun, the first to come.
_PICK = """
CREATE TEMP TABLE picked_unit ON COMMIT DROP AS
SELECT DISTINCT ON (sor_id) sor_id, line FROM read_unit WHERE usable
ORDER BY sor_id, (begun > %(today)s::text) IS TRUE,
    CASE WHEN begun <= %(today)s::text THEN begun END DESC NULLS LAST, begun, line
"""

# One row a unit, typed. `id` is the key it has, or the one it will get, so that parents resolve before any insert.
_STAGE = """
CREATE TEMP TABLE stage_unit ON COMMIT DROP AS
SELECT coalesce(known.id, nextval('locations_sorunit_id_seq')) AS id, known.id IS NULL AS is_new,
    p.line, p.sor_id, replace(upper(btrim(r.kind)), 'HI', 'SI') AS kind,
    coalesce(sor_text(r.name, 255), p.sor_id) AS name, sor_text(r.type, 255) AS type,
    sor_code(r.parent_sor_id) AS parent_sor_id, sor_code(r.owner_sor_id) AS owner_sor_id,
    sor_code(r.institution_sor_id) AS institution_sor_id,
    coalesce(substring(sor_code(r.cvr) FROM '^[0-9]{8}$'), '') AS cvr,
    coalesce(left(sor_code(r.provider_number), 16), '') AS provider_number,
    coalesce(left(sor_code(r.shak), 16), '') AS shak, sor_code(r.region_code) AS region_code,
    concat_ws(' ', sor_text(r.street, 200), sor_text(r.building, 50)) AS street,
    coalesce(left(sor_code(r.postcode), 16), '') AS postcode, coalesce(sor_text(r.city, 255), '') AS city,
    coalesce(left(sor_code(r.phone), 64), '') AS phone, coalesce(sor_text(r.email, 255), '') AS email,
    ARRAY[sor_code(speciality1), sor_code(speciality2), sor_code(speciality3), sor_code(speciality4),
        sor_code(speciality5), sor_code(speciality6), sor_code(speciality7), sor_code(speciality8)] AS speciality_codes,
    ARRAY[speciality1_name, speciality2_name, speciality3_name, speciality4_name,
        speciality5_name, speciality6_name, speciality7_name, speciality8_name] AS speciality_names,
    sor_date(r.first_from_date) AS first_from_date, sor_date(r.from_date) AS from_date,
    sor_date(r.to_date) AS to_date, sor_flag(r.inherits_number) AS inherits_number
FROM picked_unit p JOIN raw_units r ON r.line = p.line LEFT JOIN locations_sorunit known ON known.sor_id = p.sor_id
"""

# Codes that only the units name; their classification, where the extract has one, is merged before.
_REGIONS = """
INSERT INTO locations_region (code, name)
SELECT DISTINCT region_code, region_code FROM stage_unit WHERE region_code IS NOT NULL
ON CONFLICT (code) DO NOTHING
"""
_NEW_SPECIALITIES = """
INSERT INTO locations_speciality (code, name)
SELECT w.code, coalesce(max(sor_text(w.name, 255)), w.code)
FROM stage_unit u, unnest(u.speciality_codes, u.speciality_names) AS w (code, name)
WHERE u.speciality_codes[1] IS NOT NULL AND w.code IS NOT NULL GROUP BY w.code
ON CONFLICT (code) DO NOTHING
"""

# All units, staged or known: what parents and the units of numbers are looked up in.
_KEYS = """
CREATE TEMP TABLE unit_key ON COMMIT DROP AS
SELECT sor_id, id, name, city FROM stage_unit
UNION ALL
SELECT sor_id, id, name, city FROM locations_sorunit k
WHERE NOT EXISTS (SELECT FROM stage_unit s WHERE s.sor_id = k.sor_id)
"""

# The tree as it will be.
_TREE = """
CREATE TEMP TABLE unit_tree ON COMMIT DROP AS
SELECT s.id, p.id AS parent_id, s.inherits_number
FROM stage_unit s LEFT JOIN unit_key p ON p.sor_id = s.parent_sor_id
UNION ALL
SELECT k.id, k.parent_id, k.inherits_number FROM locations_sorunit k
WHERE NOT EXISTS (SELECT FROM stage_unit s WHERE s.sor_id = k.sor_id)
"""

# Whose numbers each unit uses: its own, else those of the nearest ancestor, through units that inherit. Goes down
# from the holders, so a cycle of parents is never entered twice. Numbers that have ended are nobody's.
_HOLD = """
CREATE TEMP TABLE unit_holder ON COMMIT DROP AS
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

_SPECIALITIES = """
CREATE TEMP TABLE unit_speciality ON COMMIT DROP AS
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
CREATE TEMP TABLE unit_target ON COMMIT DROP AS
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
        CASE WHEN EXISTS (SELECT FROM locations_locationnumber l WHERE l.unit_id = s.id)
            THEN search_fold(concat_ws(' ', s.name, p.name, si.name, ie.name, s.street, s.postcode, s.city, s.sor_id,
                s.cvr, s.provider_number, s.shak)) ELSE '' END AS search_text
    FROM stage_unit s
    LEFT JOIN unit_key p ON p.sor_id = s.parent_sor_id
    LEFT JOIN unit_key ie ON ie.sor_id = s.owner_sor_id
    LEFT JOIN unit_key si ON si.sor_id = s.institution_sor_id
    LEFT JOIN unit_speciality sp ON sp.id = s.id
    LEFT JOIN unit_holder h ON h.id = s.id
    LEFT JOIN locations_region region ON region.code = s.region_code
) AS t
LEFT JOIN locations_sorunit o ON o.id = t.id
"""

_WRITE = f"""
INSERT INTO locations_sorunit (id, sor_id, {", ".join(_COLUMNS)})
SELECT id, sor_id, {_row("t")} FROM unit_target t WHERE change <> 'unchanged' ORDER BY sor_id
ON CONFLICT (sor_id) DO UPDATE SET {", ".join(f"{column} = excluded.{column}" for column in _COLUMNS)}
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
    SELECT s.line, 'unknown_parent', s.parent_sor_id FROM stage_unit s
    WHERE s.parent_sor_id IS NOT NULL AND NOT EXISTS (SELECT FROM unit_key k WHERE k.sor_id = s.parent_sor_id)
) AS found ORDER BY line
"""

# Open, and gone from a complete extract.
_MISSING = """
CREATE TEMP TABLE missing_unit ON COMMIT DROP AS
SELECT u.id, u.sor_id, u.name FROM locations_sorunit u
WHERE %(complete)s AND (u.to_date IS NULL OR u.to_date >= %(today)s)
  AND NOT EXISTS (SELECT FROM stage_unit s WHERE s.id = u.id)
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


def stage_units(*, today: date) -> None:
    """Stage raw_units: afterwards stage_unit and unit_key hold what the numbers need to find their units."""
    with connection.cursor() as cursor:
        for statement in (
            _READ,
            _PICK,
            "ANALYZE picked_unit",
            _STAGE,
            "ANALYZE stage_unit (sor_id, id)",
            _KEYS,
        ):
            cursor.execute(statement, {"today": today})
        cursor.execute(_REGIONS)
        cursor.execute(_NEW_SPECIALITIES)
        cursor.execute("ANALYZE unit_key (sor_id, id)")


def plan_units(*, run: int, file: str, complete: bool, today: date) -> dict[str, int]:
    """Say what the staged units would do; the numbers are written already. `complete`: a missing unit is to be closed.

    Returns how many are new, changed, closed and unchanged, and how many were open before.
    """
    params: dict[str, Any] = {"run": run, "file": file, "today": today, "complete": complete}
    with connection.cursor() as cursor:
        for statement in (
            _SPECIALITIES,
            _TREE,
            "ANALYZE unit_tree",
            "ANALYZE locations_locationnumber (unit_id)",
        ):
            cursor.execute(statement)
        cursor.execute(_HOLD, params)
        cursor.execute(_TARGET, params)
        cursor.execute(_PROBLEMS, params)
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


def merge_units(*, yesterday: date) -> None:
    """Write what `plan_units` found, and whose numbers each unit uses."""
    with connection.cursor() as cursor:
        cursor.execute(_WRITE)
        cursor.execute(_SORT_KEYS)
        cursor.execute(_CLOSE, {"yesterday": yesterday})
        cursor.execute(_REHOLD)
