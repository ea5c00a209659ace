"""The rows of units: which of each unit's is in force, and what stands in it, typed."""

from datetime import date
from typing import Any

from django.db import connection

from sorimport.columns import SHAK, UNITS
from sorimport.staged import Staged

# Every row, narrow: what picking and checking need. The wide rows are read once here and once for those picked. `id` is
# the key of a unit that is known. Days are ISO text, which orders as days do; a call of sor_date for each of 400,000
# rows would take a second.
_READ = """
CREATE UNLOGGED TABLE staging.read_unit AS
SELECT r.*, known.id, coalesce(translate(r.sor_id, '0123456789', '') = '' AND length(r.sor_id) <= 18
    AND r.kind IN ('IE', 'SI', 'HI', 'OE'), false) AS usable
FROM (
    SELECT line, sor_code(sor_id) AS sor_id, upper(btrim(kind)) AS kind,
        CASE WHEN from_date LIKE '____-__-__%%' THEN left(from_date, 10)
             ELSE to_char(sor_date(from_date), 'YYYY-MM-DD') END COLLATE "C" AS begun,
        CASE WHEN to_date LIKE '____-__-__%%' THEN left(to_date, 10)
             ELSE to_char(sor_date(to_date), 'YYYY-MM-DD') END COLLATE "C" AS last_day,
        CASE WHEN updated_at LIKE '____-__-__%%' THEN left(updated_at, 10)
             WHEN updated_at LIKE '__-__-____%%'
             THEN substr(updated_at, 7, 4) || '-' || substr(updated_at, 4, 2) || '-' || left(updated_at, 2)
             ELSE to_char(sor_date(updated_at), 'YYYY-MM-DD') END COLLATE "C" AS updated
    FROM raw_units OFFSET 0
) AS r LEFT JOIN locations_sorunit known ON known.sor_id = r.sor_id
"""

# Of the rows of one unit (SOREntity.csv holds history) the one in force on `today`: the latest begun, or, where none
# has begun, the first to come. `id` is the key the unit has, or the one it will get, so that parents resolve before any
# insert.
_PICK = """
CREATE UNLOGGED TABLE staging.picked_unit AS
SELECT coalesce(id, nextval('locations_sorunit_id_seq')) AS id, id IS NULL AS is_new, sor_id, line, begun
FROM (
    SELECT DISTINCT ON (sor_id) * FROM read_unit WHERE usable
    ORDER BY sor_id, (begun > %(today)s::text) IS TRUE,
        CASE WHEN begun <= %(today)s::text THEN begun END DESC NULLS LAST, begun, line
) AS r
"""

# Whether the file tells of days gone by: a row that had ended before the newest day, up to `today`, that the file
# speaks of, or a unit with rows of several days. What ended since, the daily file of some days ago has too.
_HISTORY = """
SELECT EXISTS (
    SELECT FROM read_unit WHERE usable AND last_day < (
        SELECT coalesce(max(updated) FILTER (WHERE updated <= %(today)s::text),
            max(begun) FILTER (WHERE begun <= %(today)s::text), %(today)s::text) FROM read_unit WHERE usable)
) OR EXISTS (
    SELECT FROM read_unit r JOIN picked_unit p ON p.sor_id = r.sor_id
    WHERE r.usable AND r.begun IS DISTINCT FROM p.begun)
"""

# SHAKSORMap.csv as it holds on `today`.
_SHAK = """
CREATE UNLOGGED TABLE staging.picked_shak AS
SELECT DISTINCT ON (sor_code(sor_id)) sor_code(sor_id) AS sor_id, left(sor_code(shak), 16) AS shak FROM raw_shak
WHERE (sor_date(from_date) <= %(today)s) IS NOT FALSE AND (sor_date(to_date) >= %(today)s) IS NOT FALSE
ORDER BY sor_code(sor_id), sor_date(from_date) DESC NULLS LAST, line
"""


def _carried(column: str, in_file: str, known: str) -> str:
    """What the file has, where it has such a column at all; else what is known. Decided once, by the planner."""
    return f"CASE WHEN '{column}' = ANY (%(stated)s::text[]) THEN {in_file} ELSE {known} END"


def _dated(column: str) -> str:
    """SQL: a date; of one that cannot be read, what is known."""
    unread = f"CASE WHEN unread_date(r.{column}) IS NOT NULL THEN known.{column} END"
    return _carried(column, f"coalesce(sor_date(r.{column}), {unread})", f"known.{column}")


def _sor_id(pointer: str) -> str:
    return f"(SELECT o.sor_id FROM locations_sorunit o WHERE o.id = known.{pointer})"


# One row a unit, typed. SHAK codes stand in the file of units, else in the map; without either, SOR's last word on them
# stays.
_STAGE = f"""
CREATE UNLOGGED TABLE staging.stage_unit AS
SELECT p.id, p.is_new, p.line, p.sor_id, replace(upper(btrim(r.kind)), 'HI', 'SI') AS kind,
    coalesce(sor_text(r.name, 255), p.sor_id) AS name,
    {_carried("type", "sor_text(r.type, 255)", "known.types[1]")} AS type,
    {_carried("parent_sor_id", "sor_code(r.parent_sor_id)", _sor_id("parent_id"))} AS parent_sor_id,
    {_carried("owner_sor_id", "sor_code(r.owner_sor_id)", _sor_id("owner_id"))} AS owner_sor_id,
    {
    _carried("institution_sor_id", "sor_code(r.institution_sor_id)", _sor_id("institution_id"))
} AS institution_sor_id,
    coalesce({_carried("cvr", "substring(sor_code(r.cvr) FROM '^[0-9]{8}$')", "known.cvr")}, '') AS cvr,
    coalesce({
    _carried("provider_number", "left(sor_code(r.provider_number), 16)", "known.provider_number")
}, '')
        AS provider_number,
    coalesce(left(sor_code(r.shak), 16), CASE WHEN %(has_shak)s THEN m.shak ELSE known.shak END, '') AS shak,
    {
    _carried(
        "region_code",
        "sor_code(r.region_code)",
        "(SELECT g.code FROM locations_region g WHERE g.id = known.region_id)",
    )
} AS region_code,
    coalesce({
    _carried("street", "concat_ws(' ', sor_text(r.street, 200), sor_text(r.building, 50))", "known.street")
}, '') AS street,
    coalesce({_carried("postcode", "left(sor_code(r.postcode), 16)", "known.postcode")}, '') AS postcode,
    coalesce({_carried("city", "sor_text(r.city, 255)", "known.city")}, '') AS city,
    coalesce({_carried("phone", "left(sor_code(r.phone), 64)", "known.phone")}, '') AS phone,
    coalesce({_carried("email", "sor_text(r.email, 255)", "known.email")}, '') AS email,
    {
    _carried(
        "speciality1",
        "ARRAY[sor_code(speciality1), sor_code(speciality2), sor_code(speciality3), sor_code(speciality4),"
        " sor_code(speciality5), sor_code(speciality6), sor_code(speciality7), sor_code(speciality8)]",
        "(SELECT array_agg(w.code::text ORDER BY array_position(known.specialities, w.id))"
        " FROM locations_speciality w WHERE w.id = ANY (known.specialities))",
    )
} AS speciality_codes,
    ARRAY[speciality1_name, speciality2_name, speciality3_name, speciality4_name,
        speciality5_name, speciality6_name, speciality7_name, speciality8_name] AS speciality_names,
    {_dated("first_from_date")} AS first_from_date,
    {_dated("from_date")} AS from_date,
    {_dated("to_date")} AS to_date,
    coalesce({_carried("inherits_number", "sor_flag(r.inherits_number)", "known.inherits_number")}, false)
        AS inherits_number,
    length(btrim(r.name)) > 255 OR length(r.type) > 255 OR length(r.street) > 200 OR length(r.building) > 50
        OR length(r.city) > 255 OR length(r.email) > 255 OR length(sor_code(r.provider_number)) > 16
        OR length(sor_code(r.shak)) > 16 OR length(sor_code(r.postcode)) > 16 OR length(sor_code(r.phone)) > 64
        AS is_cut,
    concat_ws(' ', unread_date(r.first_from_date), unread_date(r.from_date), unread_date(r.to_date)) AS bad_dates
FROM picked_unit p JOIN raw_units r ON r.line = p.line LEFT JOIN locations_sorunit known ON known.id = p.id
LEFT JOIN picked_shak m ON m.sor_id = p.sor_id
"""

# Codes that only the units name; their classification, where the extract has one, is merged before.
_REGIONS = """
INSERT INTO locations_region (code, name, sor_name)
SELECT DISTINCT region_code, region_code, '' FROM stage_unit WHERE length(region_code) <= 64
ON CONFLICT (code) DO NOTHING
"""
_NEW_SPECIALITIES = """
INSERT INTO locations_speciality (code, name, sor_name)
SELECT w.code, coalesce(max(sor_text(w.name, 255)), w.code), coalesce(max(sor_text(w.name, 255)), '')
FROM stage_unit u, unnest(u.speciality_codes, u.speciality_names) AS w (code, name)
WHERE u.speciality_codes[1] IS NOT NULL AND length(w.code) <= 64 GROUP BY w.code
ON CONFLICT (code) DO NOTHING
"""

# All units, staged or known: what parents and the units of numbers are looked up in.
_KEYS = """
CREATE UNLOGGED TABLE staging.unit_key AS
SELECT sor_id, id, name, city FROM stage_unit
UNION ALL
SELECT sor_id, id, name, city FROM locations_sorunit k
WHERE NOT EXISTS (SELECT FROM stage_unit s WHERE s.sor_id = k.sor_id)
"""


def stage_units(*, staged: Staged, today: date) -> None:
    """Stage raw_units: afterwards stage_unit and unit_key hold what the numbers need to find their units.

    Says in `staged` whether the units are complete, which is seen only now.
    """
    params: dict[str, Any] = {"today": today, "has_shak": staged.has(SHAK)}
    params["stated"] = sorted(staged.stated.get(UNITS.name, ()))
    with connection.cursor() as cursor:
        cursor.execute(_READ, params)
        cursor.execute(_PICK, params)
        cursor.execute("ANALYZE picked_unit")
        cursor.execute(_HISTORY, params)
        staged.complete_units = staged.are_units_complete(history=cursor.fetchone()[0])
        cursor.execute(_SHAK, params)
        cursor.execute(_STAGE, params)
        cursor.execute("ANALYZE stage_unit (sor_id, id)")
        cursor.execute(_KEYS)
        cursor.execute(_REGIONS)
        cursor.execute(_NEW_SPECIALITIES)
        cursor.execute("ANALYZE unit_key (sor_id, id)")
