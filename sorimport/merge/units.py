"""Units of the register: the row of each that is in force, its place in the tree, and whose numbers it uses."""

from datetime import date
from typing import Any

from django.db import connection

from sorimport.columns import REPLACED, SHAK, UNITS
from sorimport.staged import Staged

# Every row, narrow: what picking and checking need. The wide rows are read once here and once for those picked. `begun`
# is ISO text, which orders as dates do; a call of sor_date for each of 400,000 rows would take a second.
_READ = """
CREATE TEMP TABLE read_unit ON COMMIT DROP AS
SELECT *, coalesce(translate(sor_id, '0123456789', '') = '' AND length(sor_id) <= 18
    AND kind IN ('IE', 'SI', 'HI', 'OE'), false) AS usable
FROM (
    SELECT line, sor_code(sor_id) AS sor_id, upper(btrim(kind)) AS kind,
        CASE WHEN from_date LIKE '____-__-__%%' THEN left(from_date, 10)
             ELSE to_char(sor_date(from_date), 'YYYY-MM-DD') END COLLATE "C" AS begun,
        CASE WHEN to_date LIKE '____-__-__%%' THEN left(to_date, 10)
             ELSE to_char(sor_date(to_date), 'YYYY-MM-DD') END COLLATE "C" < %(today)s::text AS ended
    FROM raw_units OFFSET 0
) AS r
"""

# Of the rows of one unit (SOREntity.csv holds history) the one in force on `today`: the latest begun, or, where none
# has begun, the first to come.
_PICK = """
CREATE TEMP TABLE picked_unit ON COMMIT DROP AS
SELECT DISTINCT ON (sor_id) sor_id, line, begun FROM read_unit WHERE usable
ORDER BY sor_id, (begun > %(today)s::text) IS TRUE,
    CASE WHEN begun <= %(today)s::text THEN begun END DESC NULLS LAST, begun, line
"""

# Whether the file tells of days gone by: a row that has ended, or a unit with rows of several days.
_HISTORY = """
SELECT EXISTS (SELECT FROM read_unit WHERE usable AND ended) OR EXISTS (
    SELECT FROM read_unit r JOIN picked_unit p ON p.sor_id = r.sor_id
    WHERE r.usable AND r.begun IS DISTINCT FROM p.begun)
"""

# SHAKSORMap.csv as it holds on `today`.
_SHAK = """
CREATE TEMP TABLE picked_shak ON COMMIT DROP AS
SELECT DISTINCT ON (sor_code(sor_id)) sor_code(sor_id) AS sor_id, left(sor_code(shak), 16) AS shak FROM raw_shak
WHERE (sor_date(from_date) <= %(today)s) IS NOT FALSE AND (sor_date(to_date) >= %(today)s) IS NOT FALSE
ORDER BY sor_code(sor_id), sor_date(from_date) DESC NULLS LAST, line
"""


def _carried(column: str, in_file: str, known: str) -> str:
    """What the file has, where it has such a column at all; else what is known. Decided once, by the planner."""
    return f"CASE WHEN '{column}' = ANY (%(stated)s::text[]) THEN {in_file} ELSE {known} END"


def _sor_id(pointer: str) -> str:
    return f"(SELECT o.sor_id FROM locations_sorunit o WHERE o.id = known.{pointer})"


# One row a unit, typed. `id` is the key it has, or the one it will get, so that parents resolve before any insert.
# SHAK codes stand in the file of units, else in the map; without either, SOR's last word on them stays.
_STAGE = f"""
CREATE TEMP TABLE stage_unit ON COMMIT DROP AS
SELECT coalesce(known.id, nextval('locations_sorunit_id_seq')) AS id, known.id IS NULL AS is_new,
    p.line, p.sor_id, replace(upper(btrim(r.kind)), 'HI', 'SI') AS kind,
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
    {_carried("first_from_date", "sor_date(r.first_from_date)", "known.first_from_date")} AS first_from_date,
    {_carried("from_date", "sor_date(r.from_date)", "known.from_date")} AS from_date,
    {_carried("to_date", "sor_date(r.to_date)", "known.to_date")} AS to_date,
    coalesce({_carried("inherits_number", "sor_flag(r.inherits_number)", "known.inherits_number")}, false)
        AS inherits_number,
    length(btrim(r.name)) > 255 OR length(r.type) > 255 OR length(r.street) > 200 OR length(r.building) > 50
        OR length(r.city) > 255 OR length(r.email) > 255 OR length(sor_code(r.provider_number)) > 16
        OR length(sor_code(r.shak)) > 16 OR length(sor_code(r.postcode)) > 16 OR length(sor_code(r.phone)) > 64
        AS is_cut
FROM picked_unit p JOIN raw_units r ON r.line = p.line LEFT JOIN locations_sorunit known ON known.sor_id = p.sor_id
LEFT JOIN picked_shak m ON m.sor_id = p.sor_id
"""

# Codes that only the units name; their classification, where the extract has one, is merged before.
_REGIONS = """
INSERT INTO locations_region (code, name)
SELECT DISTINCT region_code, region_code FROM stage_unit WHERE length(region_code) <= 64
ON CONFLICT (code) DO NOTHING
"""
_NEW_SPECIALITIES = """
INSERT INTO locations_speciality (code, name)
SELECT w.code, coalesce(max(sor_text(w.name, 255)), w.code)
FROM stage_unit u, unnest(u.speciality_codes, u.speciality_names) AS w (code, name)
WHERE u.speciality_codes[1] IS NOT NULL AND length(w.code) <= 64 GROUP BY w.code
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

# Whether a unit has come below another one than before; nothing else can close a cycle of parents.
_MOVED = """
SELECT EXISTS (
    SELECT FROM unit_tree t LEFT JOIN locations_sorunit k ON k.id = t.id
    WHERE t.parent_id IS NOT NULL AND t.parent_id IS DISTINCT FROM k.parent_id)
"""

# The staged units that are their own ancestors. Going down from the roots reaches all others; from those left over,
# which are in a cycle or below one, going up ends where it began.
_CYCLE = """
CREATE TEMP TABLE unit_cycle ON COMMIT DROP AS
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
_NO_CYCLE = "CREATE TEMP TABLE unit_cycle (id bigint, line bigint, parent_sor_id text) ON COMMIT DROP"
_CUT_CYCLE = (
    "UPDATE stage_unit s SET parent_sor_id = NULL FROM unit_cycle c WHERE c.id = s.id",
    "UPDATE unit_tree t SET parent_id = NULL FROM unit_cycle c WHERE c.id = t.id",
)

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
    OFFSET 0 -- else the search text is made twice, to compare it and to keep it
) AS t
LEFT JOIN locations_sorunit o ON o.id = t.id
"""

_WRITE = f"""
INSERT INTO locations_sorunit (id, sor_id, {", ".join(_COLUMNS)})
SELECT id, sor_id, {_row("t")} FROM unit_target t WHERE change <> 'unchanged' ORDER BY sor_id
ON CONFLICT (sor_id) DO UPDATE SET {", ".join(f"{column} = excluded.{column}" for column in _COLUMNS)}
"""

# Before the write: whose name changes.
_RENAMED = """
CREATE TEMP TABLE unit_renamed ON COMMIT DROP AS
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
CREATE TEMP TABLE unit_successor ON COMMIT DROP AS
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
        cursor.execute(_HISTORY)
        staged.complete_units = staged.are_units_complete(history=cursor.fetchone()[0])
        cursor.execute(_SHAK, params)
        cursor.execute(_STAGE, params)
        cursor.execute("ANALYZE stage_unit (sor_id, id)")
        cursor.execute(_KEYS)
        cursor.execute(_REGIONS)
        cursor.execute(_NEW_SPECIALITIES)
        cursor.execute("ANALYZE unit_key (sor_id, id)")


def plan_units(*, run: int, staged: Staged, today: date) -> dict[str, int]:
    """Say what the staged units would do; the numbers are written already.

    Returns how many are new, changed, closed and unchanged, and how many were open before. Where the units are
    complete, one that is missing is to be closed.
    """
    file, complete = staged.files.get(UNITS.name, ""), staged.complete_units
    params: dict[str, Any] = {"run": run, "file": file, "today": today, "complete": complete}
    with connection.cursor() as cursor:
        for statement in (
            _SPECIALITIES,
            _TREE,
            "ANALYZE unit_tree",
            "ANALYZE locations_locationnumber (unit_id)",
        ):
            cursor.execute(statement)
        _cut_cycles(cursor)
        cursor.execute(_HOLD, params)
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


def _cut_cycles(cursor: Any) -> None:
    """Keep the units of a cycle of parents, without their parents."""
    cursor.execute(_MOVED)
    moved = cursor.fetchone()[0]
    cursor.execute(_CYCLE if moved else _NO_CYCLE)
    if moved and cursor.rowcount:
        for statement in _CUT_CYCLE:
            cursor.execute(statement)
