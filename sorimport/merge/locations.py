"""Location numbers: which exist, where and when (SOR's), and the first profile of each (ours from then on).

`plan_locations` says what an extract would do, `merge_locations` does it. A number that is new gets its whole profile
from SOR. Where SOR says something new of a known one, that is kept as `sor_version` and merged into ours.
"""

from datetime import date, timedelta
from typing import Any

from django.db import connection

from locations.models import PROFILE_COLUMNS, ChangeSet
from sorimport.columns import LOCATIONS, PAIRS
from sorimport.merge.assignments import assign
from sorimport.merge.profiles import accept_versions, write_versions
from sorimport.staged import Staged

_COLUMNS = ", ".join(PROFILE_COLUMNS)


def _of(alias: str) -> str:
    return ", ".join(f"{alias}.{column}" for column in PROFILE_COLUMNS)


# Every row of LocationsCode.csv, typed.
_READ = """
CREATE UNLOGGED TABLE staging.read_location AS
SELECT line, sor_code(gln) AS gln, sor_code(sor_id) AS sor_id, sor_date(first_from_date) AS first_from_date,
    sor_date(from_date) AS from_date, sor_date(to_date) AS to_date,
    sor_flag(only_internal) AS only_internal, sor_flag(inactive) AS inactive, coalesce(sor_text(note, 254), '') AS note,
    sor_code(region_code) AS region_code, sor_code(administrator_code) AS administrator_code,
    sor_code(system_code) AS system_code, sor_code(vendor_code) AS vendor_code, sor_code(vans_code) AS vans_code,
    length(btrim(note)) > 254 AS note_cut,
    concat_ws(' ', unread_date(first_from_date), unread_date(from_date), unread_date(to_date)) AS bad_dates,
    concat_ws(' ', unread_flag(only_internal), unread_flag(inactive)) AS bad_flags
FROM raw_locations
"""

# The rows of numbers that have been on several units: each row is a stay, the earliest from the number's first day.
# Null where the dates are the wrong way round.
_STAYS = """
CREATE UNLOGGED TABLE staging.location_stay AS
SELECT line, gln, sor_id, CASE WHEN begins <= coalesce(to_date, 'infinity') OR begins IS NULL
    THEN daterange(begins, to_date, '[]') END AS stay
FROM (
    SELECT line, gln, sor_id, to_date, CASE row_number() OVER (PARTITION BY gln ORDER BY from_date NULLS FIRST, line)
        WHEN 1 THEN least(first_from_date, from_date) ELSE coalesce(from_date, first_from_date) END AS begins
    FROM read_location
    WHERE gln IN (SELECT gln FROM read_location GROUP BY gln HAVING count(DISTINCT sor_id) > 1)
) AS rows
"""

# Rows that must not be merged: nothing is moved or opened by what cannot be read. A number on two units on one day is
# refused on both lines.
_REFUSE = """
CREATE UNLOGGED TABLE staging.refused_location AS
SELECT line, 'malformed_gln' AS code, gln AS value FROM read_location WHERE (gln ~ '^[0-9]{13}$') IS NOT TRUE
UNION ALL
SELECT line, 'bad_period', concat_ws(' ', gln, concat_ws(' > ', greatest(first_from_date, from_date), to_date))
FROM read_location
WHERE to_date < coalesce(first_from_date, from_date) OR line IN (SELECT line FROM location_stay WHERE stay IS NULL)
UNION ALL
SELECT line, 'bad_date', concat_ws(' ', gln, bad_dates) FROM read_location WHERE bad_dates <> ''
UNION ALL
SELECT line, 'bad_flag', concat_ws(' ', gln, bad_flags) FROM read_location WHERE bad_flags <> ''
UNION ALL
SELECT DISTINCT a.line, 'two_units', a.gln FROM location_stay a JOIN location_stay b ON a.gln = b.gln
    AND a.sor_id <> b.sor_id AND a.stay && b.stay
"""

# One row a number: the one in force on `today`, as for units. Where one of its rows cannot be read, none is. `id` and
# `version_id` are the keys that a new number, and what SOR newly says, will get.
_PICK = """
CREATE UNLOGGED TABLE staging.stage_location AS
SELECT coalesce(known.id, nextval('locations_locationnumber_id_seq')) AS id, known.id IS NULL AS is_new,
    nextval('locations_locationversion_id_seq') AS version_id, r.*
FROM (
    SELECT DISTINCT ON (gln) r.* FROM read_location r
    WHERE NOT EXISTS (SELECT FROM refused_location f WHERE f.line = r.line)
      AND gln NOT IN (SELECT gln FROM read_location WHERE bad_dates <> '' OR bad_flags <> '')
      AND gln NOT IN (SELECT key FROM left_out_key WHERE kind = 'locations' AND key IS NOT NULL)
    ORDER BY gln, (from_date > %(today)s) IS TRUE, CASE WHEN from_date <= %(today)s THEN from_date END DESC NULLS LAST,
        from_date, line
) AS r LEFT JOIN locations_locationnumber known ON known.gln = r.gln
"""

# Every spelling of an EDI type in the pairs, of which there are few, with the type; null where there is none.
_TYPES = """
CREATE UNLOGGED TABLE staging.pair_type AS
SELECT said.edi_type_id, t.id
FROM (SELECT DISTINCT edi_type_id FROM raw_pairs) AS said
LEFT JOIN locations_editype t ON t.sor_id = sor_code(said.edi_type_id)
"""

# EDI types of each number, named by the line it was read from, as the ascending set that a profile holds. In: 1 M
# pairs.
_SETS = """
CREATE UNLOGGED TABLE staging.stage_set AS
SELECT s.line, array_agg(DISTINCT t.id ORDER BY t.id) AS edi_types, count(*) AS pairs
FROM raw_pairs p
JOIN stage_location s ON s.gln = sor_code(p.gln)
JOIN pair_type t ON t.edi_type_id = p.edi_type_id AND t.id IS NOT NULL
GROUP BY s.line
"""

# Numbers one of whose pairs cannot be read or has no type: what SOR said before is not taken away for its want.
_DOUBTFUL = """
CREATE UNLOGGED TABLE staging.doubtful_set AS
SELECT DISTINCT sor_code(gln) AS gln FROM raw_pairs
WHERE edi_type_id IS NULL OR edi_type_id IN (SELECT edi_type_id FROM pair_type WHERE id IS NULL)
UNION
SELECT key FROM left_out_key WHERE kind = 'pairs'
"""


def _stated(column: str, in_file: str, known: str) -> str:
    """SQL: what the file says; of a column that it does not have, what is known."""
    return f"CASE WHEN '{column}' = ANY (%(stated)s::text[]) THEN {in_file} ELSE {known} END"


# What each number shall be in SOR's words. Of what the source does not carry, a known number keeps SOR's last; without
# a pairs file that is so for EDI types.
_TARGET = f"""
CREATE UNLOGGED TABLE staging.location_target AS
SELECT t.*, o.sor_version_id AS old_sor_version_id,
    o.id IS NOT NULL AND ({_of("t")}) IS DISTINCT FROM ({_of("v")}) AS sor_changed,
    CASE
        WHEN t.is_new THEN 'new'
        WHEN t.to_date < %(today)s AND (o.to_date IS NULL OR o.to_date >= %(today)s) THEN 'closed'
        WHEN (t.unit_id, t.region_id, t.first_from_date, t.from_date, t.to_date, t.unit_key, t.city_key)
            IS DISTINCT FROM (o.unit_id, o.region_id, o.first_from_date, o.from_date, o.to_date, o.unit_key, o.city_key)
            OR ({_of("t")}) IS DISTINCT FROM ({_of("v")}) THEN 'changed'
        ELSE 'unchanged'
    END AS change
FROM (
    SELECT s.id, s.is_new, s.version_id, s.line, s.gln, s.sor_id,
        coalesce(known.check_digit_ok, gln_check_digit_ok(s.gln)) AS check_digit_ok, u.id AS unit_id,
        {_stated("region_code", "region.id", "known.region_id")} AS region_id,
        {_stated("first_from_date", "s.first_from_date", "known.first_from_date")} AS first_from_date,
        {_stated("from_date", "s.from_date", "known.from_date")} AS from_date,
        {_stated("to_date", "s.to_date", "known.to_date")} AS to_date,
        coalesce(danish_key(u.name), '') AS unit_key, coalesce(danish_key(u.city), '') AS city_key,
        {_stated("administrator_code", "a.id", "said.edi_administrator_id")} AS edi_administrator_id,
        {_stated("system_code", "system.id", "said.system_id")} AS system_id,
        {_stated("vendor_code", "vendor.id", "said.vendor_id")} AS vendor_id,
        {_stated("vans_code", "vans.id", "said.vans_id")} AS vans_id,
        CASE
            WHEN NOT %(has_pairs)s THEN coalesce(said.edi_types, '{{}}')
            WHEN said.edi_types IS NOT NULL AND EXISTS (SELECT FROM doubtful_set d WHERE d.gln = s.gln OR d.gln IS NULL)
                THEN ARRAY(SELECT DISTINCT u FROM unnest(said.edi_types || e.edi_types) u ORDER BY u)
            ELSE coalesce(e.edi_types, '{{}}')
        END AS edi_types,
        {_stated("only_internal", "s.only_internal", "coalesce(said.only_internal, false)")} AS only_internal,
        {_stated("inactive", "s.inactive", "coalesce(said.inactive, false)")} AS inactive,
        {_stated("note", "s.note", "coalesce(said.note, '')")} AS note
    FROM stage_location s
    LEFT JOIN locations_locationnumber known ON known.id = s.id
    LEFT JOIN locations_locationversion said ON said.id = known.sor_version_id
    LEFT JOIN unit_key u ON u.sor_id = s.sor_id
    LEFT JOIN locations_region region ON region.code = s.region_code
    LEFT JOIN locations_ediadministrator a ON a.code = s.administrator_code
    LEFT JOIN locations_system system ON system.code = s.system_code
    LEFT JOIN locations_vendor vendor ON vendor.code = s.vendor_code
    LEFT JOIN locations_vans vans ON vans.code = s.vans_code
    LEFT JOIN stage_set e ON e.line = s.line
    OFFSET 0 -- else keys are made twice, to compare them and to keep them
) AS t
LEFT JOIN locations_locationnumber o ON o.id = t.id
LEFT JOIN locations_locationversion v ON v.id = o.sor_version_id
"""

# Known, open, and in none of the rows of a complete extract, refused rows included: what could not be read is not gone.
# Where a row does not even tell which number it is about, none is gone.
_MISSING = """
CREATE UNLOGGED TABLE staging.missing_location AS
SELECT l.id, l.gln FROM locations_locationnumber l
WHERE (l.to_date IS NULL OR l.to_date >= %(today)s)
  AND NOT EXISTS (SELECT FROM read_location r WHERE r.gln = l.gln)
  AND NOT EXISTS (SELECT FROM left_out_key k WHERE k.kind = 'locations' AND (k.key = l.gln OR k.key IS NULL))
  AND NOT EXISTS (SELECT FROM refused_location WHERE code = 'malformed_gln')
"""

_COUNT = """
SELECT (SELECT count(*) FROM location_target WHERE change = 'new'),
    (SELECT count(*) FROM location_target WHERE change = 'changed'),
    (SELECT count(*) FROM location_target WHERE change = 'closed') + (SELECT count(*) FROM missing_location),
    (SELECT count(*) FROM location_target WHERE change = 'unchanged'),
    (SELECT count(*) FROM locations_locationnumber WHERE to_date IS NULL OR to_date >= %(today)s),
    (SELECT coalesce(sum(cardinality(edi_types)), 0) FROM location_target),
    (SELECT count(*) FROM location_target WHERE change = 'new' OR sor_changed),
    (SELECT count(*) FROM location_target t JOIN locations_locationversion v ON v.id = t.old_sor_version_id
     WHERE t.sor_changed AND NOT v.edi_types <@ t.edi_types)
"""

# By line. bad_check_digit, unknown_unit, missing and text_cut are kept and flagged; the others left out.
_PROBLEMS = """
INSERT INTO sorimport_problem (run_id, file, line, code, value)
SELECT %(run)s, %(file)s, line, code, coalesce(value, '') FROM (
    SELECT line, code, value FROM refused_location
    UNION ALL
    SELECT line, 'bad_check_digit', gln FROM location_target WHERE NOT check_digit_ok
    UNION ALL
    SELECT line, 'unknown_unit', concat_ws(' ', gln, sor_id) FROM location_target WHERE unit_id IS NULL
    UNION ALL
    SELECT r.line, 'duplicate_row', r.gln FROM read_location r JOIN stage_location s ON s.gln = r.gln
    WHERE r.line <> s.line AND r.sor_id IS NOT DISTINCT FROM s.sor_id
      AND r.from_date IS NOT DISTINCT FROM s.from_date AND r.to_date IS NOT DISTINCT FROM s.to_date
    UNION ALL
    SELECT line, 'text_cut', gln FROM read_location WHERE note_cut
    UNION ALL
    SELECT 0, 'missing', gln FROM missing_location
) AS found ORDER BY line
"""

# Pairs that found no number or no type. Runs only where some are left over.
_PAIR_PROBLEMS = """
INSERT INTO sorimport_problem (run_id, file, line, code, value)
SELECT %(run)s, %(pairs_file)s, line, code, coalesce(value, '') FROM (
    SELECT line, 'unknown_edi_type' AS code, concat_ws(' ', sor_code(gln), edi_type_id) AS value FROM raw_pairs
    WHERE edi_type_id IS NULL OR edi_type_id IN (SELECT edi_type_id FROM pair_type WHERE id IS NULL)
    UNION ALL
    SELECT min(line), 'unknown_location', sor_code(gln) FROM raw_pairs p
    WHERE NOT EXISTS (SELECT FROM read_location r WHERE r.gln = sor_code(p.gln))
      AND NOT EXISTS (SELECT FROM left_out_key k WHERE k.kind = 'locations' AND k.key = sor_code(p.gln))
    GROUP BY sor_code(gln)
) AS found ORDER BY line
"""

_PAIRS_LEFT = "SELECT (SELECT count(*) FROM raw_pairs) > (SELECT coalesce(sum(pairs), 0) FROM stage_set)"

# In key order, as change sets lock theirs: an import and a change set wait for each other instead of dead-locking.
_LOCK = """
SELECT l.id FROM locations_locationnumber l
WHERE l.id IN (SELECT id FROM location_target WHERE change IN ('changed', 'closed')
               UNION ALL SELECT id FROM missing_location)
ORDER BY l.id FOR NO KEY UPDATE OF l
"""

_INSERT = f"""
INSERT INTO locations_locationnumber
    (id, gln, unit_id, region_id, first_from_date, from_date, to_date, unit_key, city_key,
     version_id, sor_version_id, {_COLUMNS})
SELECT id, gln, unit_id, region_id, first_from_date, from_date, to_date, unit_key, city_key,
    version_id, version_id, {_of("t")}
FROM location_target t WHERE is_new ORDER BY gln
"""

_UPDATE = """
UPDATE locations_locationnumber l SET unit_id = t.unit_id, region_id = t.region_id,
    first_from_date = t.first_from_date, from_date = t.from_date, to_date = t.to_date,
    unit_key = t.unit_key, city_key = t.city_key,
    sor_version_id = CASE WHEN t.sor_changed THEN t.version_id ELSE l.sor_version_id END
FROM location_target t WHERE t.id = l.id AND t.change IN ('changed', 'closed')
"""

_CLOSE = """
UPDATE locations_locationnumber l SET to_date = %(yesterday)s FROM missing_location m WHERE m.id = l.id
"""


def plan_locations(*, staged: Staged, today: date) -> dict[str, int]:
    """Stage the numbers; returns counts: new, changed, closed, unchanged, open (before), edi_links, versions
    (to write), losing (numbers that lose EDI types in SOR's words).
    """
    params: dict[str, Any] = {"today": today, "has_pairs": staged.has(PAIRS)}
    params["stated"] = sorted(staged.stated[LOCATIONS.name])
    with connection.cursor() as cursor:
        cursor.execute(_READ)
        cursor.execute("ANALYZE read_location (gln, line)")
        cursor.execute(_STAYS)
        cursor.execute(_REFUSE)
        cursor.execute(_PICK, params)
        cursor.execute("ANALYZE stage_location (gln, line)")
        cursor.execute(_TYPES)
        cursor.execute("ANALYZE pair_type")
        cursor.execute(_SETS)
        cursor.execute("ANALYZE stage_set (line)")
        cursor.execute(_DOUBTFUL)
        cursor.execute(_TARGET, params)
        cursor.execute("ANALYZE location_target (id, gln, change)")
        cursor.execute(_MISSING, params)
        cursor.execute(_COUNT, params)
        names = ("new", "changed", "closed", "unchanged", "open", "edi_links", "versions", "losing")
        return dict(zip(names, cursor.fetchone(), strict=True))


def merge_locations(
    *, run: int, file: str, pairs_file: str, change_set: ChangeSet | None, now: Any, yesterday: date
) -> int:
    """Write what `plan_locations` found; returns how many fields clashed with ours and were marked.

    `change_set` is the running one whose door is open; None writes no profile.
    """
    params = {"run": run, "file": file, "pairs_file": pairs_file, "now": now}
    params |= {"yesterday": yesterday, "today": yesterday + timedelta(days=1)}
    with connection.cursor() as cursor:
        cursor.execute(_PROBLEMS, params)
        cursor.execute(_PAIRS_LEFT)
        if cursor.fetchone()[0]:
            cursor.execute(_PAIR_PROBLEMS, params)
        cursor.execute(_LOCK)
        clashes = write_versions(change_set=change_set, now=now) if change_set else 0
        if change_set:
            cursor.execute(_INSERT)
        cursor.execute(_UPDATE)
        if change_set:
            accept_versions()
        cursor.execute(_CLOSE, params)
    assign(today=params["today"])
    return clashes
