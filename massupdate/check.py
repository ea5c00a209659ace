"""`mass_line` → findings by line, and `planned_set` for the plan. All in SQL, over sets.

The million lines are read twice: once to find their few distinct spellings, once to gather the sets. Every rule looks
at distinct numbers and distinct types, and goes back to the lines only where it has something to report.
"""

from datetime import date
from typing import Any

from django.conf import settings
from django.core.exceptions import EmptyResultSet
from django.db import connection

from locations.access import LocationNumberQuerySet
from locations.certification import tabulate
from locations.sets import LESS

# Spaces that a copy from a web page, a PDF or a French spreadsheet brings along and that nobody sees: no-break ones,
# those of a figure's or a thin width, and those of none. As both a string and a regular expression of SQL write them.
SPACES = r"\u00a0\u2007\u2009\u200b\u202f\ufeff"

# The distinct spellings of numbers. In a cell, spaces, an apostrophe and ="…" are Excel's, not the number's.
# location_id is that of a number we hold and the person may change: of others' numbers nothing more is looked at.
_NUMBERS = f"""
CREATE TEMP TABLE mass_number ON COMMIT DROP AS
SELECT s.spelt, s.gln, l.id IS NOT NULL AS held, e.id AS location_id FROM (
    SELECT spelt, translate(spelt, E' ="''\\t{SPACES}', '') AS gln
    FROM (SELECT DISTINCT coalesce(gln, '') AS spelt FROM (SELECT DISTINCT gln FROM mass_line) l) d
) AS s LEFT JOIN locations_locationnumber l USING (gln) LEFT JOIN mass_editable e ON e.id = l.id
"""

# How two spellings of an EDI type are compared: case does not count, and what stands between or around the words
# (spaces, the parentheses of `code (version)`, Excel's apostrophe and ="…") is one space.
_WORD = r"""upper(btrim(regexp_replace({}, '[\s""" + SPACES + r"""()="'']+', ' ', 'g')))"""

# Every way to write an EDI type. First comes what an export writes, so that it means the same when it comes back.
# A code alone means its one current version, or its only version at all.
_SPELLINGS = f"""
CREATE TEMP TABLE mass_spelling ON COMMIT DROP AS
SELECT word, edi_type FROM (
    SELECT word, edi_type, way, min(way) OVER (PARTITION BY word) AS first_way FROM (
        SELECT {_WORD.format("coalesce(nullif(sor_id, ''), code || ' ' || version)")}, id, 1 FROM locations_editype
        UNION ALL SELECT {_WORD.format("code || ' ' || version")}, id, 2
        FROM locations_editype WHERE version <> '' AND sor_id <> ''
        UNION ALL SELECT {_WORD.format("code")}, id, 2 FROM locations_editype t
        WHERE retired_on IS NULL OR retired_on > %(today)s
           OR NOT EXISTS (SELECT FROM locations_editype c
                          WHERE c.code = t.code AND (c.retired_on IS NULL OR c.retired_on > %(today)s))
    ) AS ways (word, edi_type, way)
) AS ranked WHERE way = first_way
"""

# The distinct spellings of EDI types. word is null for an empty one; edi_type where not just one type is meant.
_TYPES = f"""
CREATE TEMP TABLE mass_type ON COMMIT DROP AS
SELECT s.spelt, s.word, count(w.edi_type) AS meanings, s.word IS NULL OR count(w.edi_type) = 1 AS readable,
    CASE count(w.edi_type) WHEN 1 THEN min(w.edi_type) END AS edi_type
FROM (
    SELECT spelt, nullif({_WORD.format("spelt")}, '') AS word
    FROM (SELECT DISTINCT coalesce(edi, '') AS spelt FROM (SELECT DISTINCT edi FROM mass_line) l) d
) AS s LEFT JOIN mass_spelling w ON w.word = s.word
GROUP BY s.spelt, s.word
"""

# What each number in the file shall have. One sort of (bigint, int) pairs.
_SETS = """
CREATE TEMP TABLE mass_set ON COMMIT DROP AS
SELECT n.location_id, min(m.line) AS line, count(*) AS lines, count(t.edi_type) AS pairs,
    bool_and(t.readable) AS readable,
    coalesce(array_agg(DISTINCT t.edi_type ORDER BY t.edi_type) FILTER (WHERE t.edi_type IS NOT NULL), '{}')
        AS edi_types
FROM mass_line m
JOIN mass_number n ON n.spelt = m.gln AND n.location_id IS NOT NULL
JOIN mass_type t ON t.spelt = coalesce(m.edi, '')
GROUP BY n.location_id
"""

# Only numbers that would change count for what follows; the others come back as they went out. Of a number with a
# type that cannot be read that is not known.
_CHANGED = """
CREATE TEMP TABLE mass_change ON COMMIT DROP AS
SELECT s.location_id, l.gln, s.line, s.edi_types AS new, l.edi_types AS old, l.inactive, l.to_date, l.system_id
FROM mass_set s JOIN locations_locationnumber l ON l.id = s.location_id
WHERE s.readable AND s.edi_types <> l.edi_types
"""

_NUMBER_ERRORS = """
INSERT INTO massupdate_finding (mass_update_id, is_error, line, code, value)
SELECT %(update)s, true, m.line, n.code, coalesce(m.gln, '') FROM mass_line m JOIN (
    SELECT n.spelt, CASE
        WHEN n.gln ~* '^[0-9]+([.,][0-9]+)?e[+]?[0-9]+$' THEN 'excel_number'
        WHEN (n.gln ~ '^[0-9]{13}$') IS NOT TRUE THEN 'malformed_gln'
        WHEN NOT n.held AND NOT gln_check_digit_ok(n.gln) THEN 'check_digit'
        WHEN NOT n.held THEN 'unknown_location'
        WHEN n.location_id IS NULL THEN 'not_permitted'
        WHEN c.to_date < %(today)s THEN 'closed'
        WHEN c.inactive THEN 'inactive'
    END AS code
    FROM mass_number n LEFT JOIN mass_change c ON c.location_id = n.location_id
) AS n ON n.spelt = coalesce(m.gln, '')
WHERE n.code IS NOT NULL
"""

_TYPE_ERRORS = """
INSERT INTO massupdate_finding (mass_update_id, is_error, line, code, value)
SELECT %(update)s, true, m.line, CASE t.meanings WHEN 0 THEN 'unknown_edi_type' ELSE 'ambiguous_edi_type' END, m.edi
FROM mass_line m JOIN mass_type t ON t.spelt = m.edi WHERE NOT t.readable
"""

# A pair that stands twice, and an empty EdiId beside types of the same number. Runs only where the sets say so.
_REPEATED = """
INSERT INTO massupdate_finding (mass_update_id, is_error, line, code, value)
SELECT %(update)s, false, line, 'duplicate_line', concat(gln, ';', edi) FROM (
    SELECT m.line, n.gln, t.spelt AS edi, t.edi_type, s.edi_types,
        row_number() OVER (PARTITION BY n.location_id, t.edi_type ORDER BY m.line) AS time
    FROM mass_line m
    JOIN mass_number n ON n.spelt = m.gln JOIN mass_set s ON s.location_id = n.location_id
    JOIN mass_type t ON t.spelt = coalesce(m.edi, '')
    WHERE t.readable
) AS lines
WHERE time > 1 OR (edi_type IS NULL AND cardinality(edi_types) > 0)
"""

# Without repetitions a number has one line for each type, or one line that is empty.
_ANY_REPEATED = """
SELECT EXISTS (SELECT FROM mass_set WHERE pairs <> cardinality(edi_types) OR lines <> greatest(pairs, 1))
"""

# Numbers that lose everything, or more than half: at the first line of each.
_LOSSES = f"""
INSERT INTO massupdate_finding (mass_update_id, is_error, line, code, value)
SELECT %(update)s, false, line, CASE WHEN cardinality(new) = 0 THEN 'removes_all' ELSE 'large_loss' END, gln
FROM mass_change
WHERE 2 * cardinality(old {LESS} new) > cardinality(old)
ORDER BY line
"""

_RETIRED = """
INSERT INTO massupdate_finding (mass_update_id, is_error, line, code, value)
SELECT %(update)s, false, m.line, 'retired_edi_type', concat(n.gln, ';', m.edi)
FROM mass_type t JOIN locations_editype e ON e.id = t.edi_type AND e.retired_on <= %(today)s
JOIN mass_line m ON m.edi = t.spelt JOIN mass_number n ON n.spelt = m.gln
JOIN mass_change c ON c.location_id = n.location_id
WHERE NOT t.edi_type = ANY (c.old)
"""

# Two versions of one code on one number, where the file adds at least one of them; at the line of the later version.
_TWO_VERSIONS = """
INSERT INTO massupdate_finding (mass_update_id, is_error, line, code, value)
SELECT %(update)s, false, m.line, 'two_versions', concat(n.gln, ';', m.edi)
FROM mass_type t JOIN (
    SELECT later.id, array_agg(earlier.id) AS earlier
    FROM locations_editype later
    JOIN locations_editype earlier ON earlier.code = later.code AND earlier.version < later.version
    WHERE earlier.id IN (SELECT edi_type FROM mass_type) GROUP BY later.id
) AS v ON v.id = t.edi_type
JOIN mass_line m ON m.edi = t.spelt JOIN mass_number n ON n.spelt = m.gln
JOIN mass_change c ON c.location_id = n.location_id
WHERE EXISTS (SELECT FROM unnest(v.earlier) e WHERE e = ANY (c.new) AND NOT c.old @> ARRAY[v.id, e])
"""

# Types that are added to a number whose system is on the list of approvals, but not approved for them. In: the tables
# of `certification.tabulate`.
_NOT_CERTIFIED = f"""
INSERT INTO massupdate_finding (mass_update_id, is_error, line, code, value)
SELECT %(update)s, %(certification_stops)s, m.line, 'not_certified', concat(n.gln, ';', m.edi) FROM (
    SELECT c.location_id, e AS edi_type
    FROM mass_change c JOIN certified_system s USING (system_id) CROSS JOIN LATERAL unnest(c.new {LESS} c.old) e
    LEFT JOIN certified_pair p ON p.system_id = c.system_id AND p.edi_type = e
    WHERE p.answer IS DISTINCT FROM 'certified'
) AS added
JOIN mass_number n ON n.location_id = added.location_id JOIN mass_type t ON t.edi_type = added.edi_type
JOIN mass_line m ON m.gln = n.spelt AND m.edi = t.spelt
"""

# Of a system that nobody has found on the list nothing can be told: once for each number, at its first line.
_UNMAPPED = """
INSERT INTO massupdate_finding (mass_update_id, is_error, line, code, value)
SELECT %(update)s, false, c.line, 'unmapped_system', c.gln
FROM mass_change c LEFT JOIN certified_system s USING (system_id)
WHERE s.system_id IS NULL AND NOT c.new <@ c.old
"""

# What is seen at a glance needs no warning: so many fit one page of the preview.
FEW = 50
_MANY = f"""
INSERT INTO massupdate_finding (mass_update_id, is_error, line, code, value)
SELECT %(update)s, false, 0, 'many_numbers', concat(changed, ' / ', editable)
FROM (SELECT (SELECT count(*) FROM mass_change) AS changed, (SELECT count(*) FROM mass_editable) AS editable) AS counted
WHERE changed > {FEW} AND 5 * changed > editable
"""

_PLANNED = """
CREATE TEMP TABLE planned_set ON COMMIT DROP AS SELECT location_id, edi_types FROM mass_set
"""

_TABLES = (
    "mass_number",
    "mass_spelling",
    "mass_type",
    "mass_set",
    "mass_change",
    "mass_editable",
    "planned_set",
)


def check(*, update: int, editable: LocationNumberQuerySet, today: date) -> dict[str, Any]:
    """Write the findings of mass update `update`; returns {"locations", "errors", "warnings", "approvals"}.

    `editable` are the numbers that the person behind the file may change. Leaves `planned_set` for the plan. The list
    of approvals that it was checked against is None where there is none, else {"id", "name", "dated"}.
    """
    params: dict[str, int | date | bool] = {
        "update": update,
        "today": today,
        "certification_stops": settings.CERTIFICATION == "error",
    }
    approvals = tabulate(day=today)
    try:
        query, query_params = editable.order_by().values("pk").query.sql_with_params()
    except EmptyResultSet:  # somebody who was shut out meanwhile
        query, query_params = "SELECT id FROM locations_locationnumber WHERE false", ()
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS " + ", ".join(_TABLES))
        cursor.execute("ANALYZE mass_line (line)")
        cursor.execute(f"CREATE TEMP TABLE mass_editable (id) ON COMMIT DROP AS {query}", query_params)
        cursor.execute("ANALYZE mass_editable")
        cursor.execute(_NUMBERS)
        cursor.execute("ANALYZE mass_number")
        cursor.execute(_SPELLINGS, params)
        cursor.execute(_TYPES)
        cursor.execute("ANALYZE mass_type")
        cursor.execute(_SETS)
        cursor.execute("ANALYZE mass_set (location_id)")
        cursor.execute(_CHANGED)
        cursor.execute("ANALYZE mass_change (location_id)")
        for statement in (_NUMBER_ERRORS, _TYPE_ERRORS, _LOSSES, _RETIRED, _TWO_VERSIONS, _MANY):
            cursor.execute(statement, params)
        if approvals:
            cursor.execute(_NOT_CERTIFIED, params)
            cursor.execute(_UNMAPPED, params)
        cursor.execute(_ANY_REPEATED)
        if cursor.fetchone()[0]:
            cursor.execute(_REPEATED, params)
        cursor.execute(_PLANNED)
        cursor.execute(
            """SELECT (SELECT count(DISTINCT nullif(gln, '')) FROM mass_number),
                count(*) FILTER (WHERE is_error), count(*) FILTER (WHERE NOT is_error)
            FROM massupdate_finding WHERE mass_update_id = %(update)s""",
            params,
        )
        counts: dict[str, Any] = dict(
            zip(("locations", "errors", "warnings"), cursor.fetchone(), strict=True)
        )
    counts["approvals"] = approvals and {
        "id": approvals.pk,
        "name": approvals.name,
        "dated": approvals.dated.isoformat(),
    }
    return counts
