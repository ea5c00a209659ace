"""Code lists that an extract carries: rows are added and renamed, never removed."""

import pghistory
from django.db import connection

from sorimport.columns import EDI_TYPES, LOCATIONS
from sorimport.staged import Staged

# Each adds unknown codes and takes a new name where the extract gives one; a code without a name takes the code. What
# administrators call a row otherwise than SOR stays; SOR's own word stands beside it.
_UPSERT = """
INSERT INTO {table} AS known (code, name, sor_name)
SELECT code, coalesce(max(name), code), coalesce(nullif(max(name), code), '')
FROM ({source}) AS stated (code, name)
WHERE length(code) <= 64 GROUP BY code
ON CONFLICT (code) DO UPDATE SET sor_name = excluded.sor_name,
    name = CASE WHEN known.sor_name IN ('', known.name) THEN excluded.name ELSE known.name END
WHERE excluded.sor_name NOT IN ('', known.sor_name)
"""

_SOURCES = {
    "locations_vans": "SELECT DISTINCT sor_code(vans_code), sor_text(vans_name, 255) FROM raw_locations",
    "locations_system": "SELECT DISTINCT sor_code(system_code), sor_text(system_name, 255) FROM raw_locations",
    "locations_vendor": "SELECT DISTINCT sor_code(vendor_code), sor_text(vendor_name, 255) FROM raw_locations",
    "locations_ediadministrator": """
        SELECT DISTINCT sor_code(administrator_code), sor_text(administrator_name, 255) FROM raw_locations""",
    "locations_region": """
        SELECT DISTINCT sor_code(region_code), sor_text(region_name, 255) FROM raw_locations
        UNION SELECT sor_code(code), sor_text(name, 255) FROM raw_classifications WHERE lower(type) = 'region'""",
    "locations_speciality": """
        SELECT sor_code(code), sor_text(name, 255) FROM raw_classifications WHERE lower(type) = 'speciality'""",
}

# A type made here by hand gets SOR's id when SOR names the same (code, version); the id finds it ever after.
_ADOPT = """
UPDATE locations_editype t SET sor_id = sor_code(r.edi_type_id)
FROM raw_edi_types r
WHERE t.sor_id IS NULL AND t.code = sor_text(r.code, 32) AND t.version = coalesce(sor_text(r.version, 32), '')
  AND NOT EXISTS (SELECT FROM locations_editype o WHERE o.sor_id = sor_code(r.edi_type_id))
"""

# In: EDITypes.csv, the first row of each id. A code and version that another id has, in an earlier row or among the
# types that this file does not rename, stay with that id.
_STAGE = """
CREATE UNLOGGED TABLE staging.stage_edi_type AS
SELECT r.*, row_number() OVER (PARTITION BY r.code, r.version ORDER BY r.line) > 1
    OR EXISTS (SELECT FROM locations_editype t WHERE t.code = r.code AND t.version = r.version AND t.sor_id <> r.sor_id
               AND NOT EXISTS (SELECT FROM raw_edi_types o WHERE sor_code(o.edi_type_id) = t.sor_id)) AS clashes
FROM (
    SELECT DISTINCT ON (sor_code(edi_type_id)) line, sor_code(edi_type_id) AS sor_id, sor_text(code, 32) AS code,
        coalesce(sor_text(version, 32), '') AS version, sor_text(name, 255) AS name
    FROM raw_edi_types WHERE length(sor_code(edi_type_id)) <= 32 AND sor_text(code, 32) IS NOT NULL
    ORDER BY sor_code(edi_type_id), line
) AS r
"""

_PROBLEMS = """
INSERT INTO sorimport_problem (run_id, file, line, code, value)
SELECT %(run)s, %(file)s, line, code, left(value, 200) FROM (
    SELECT line, 'edi_type_clash' AS code, concat_ws(' ', sor_id, code, nullif(version, '')) AS value
    FROM stage_edi_type WHERE clashes
    UNION ALL
    SELECT line, 'malformed_code', concat_ws(' ', sor_code(edi_type_id), code) FROM raw_edi_types
    WHERE sor_code(edi_type_id) IS NULL OR length(sor_code(edi_type_id)) > 32 OR sor_text(code, 32) IS NULL
    UNION ALL
    SELECT line, 'text_cut', sor_code(edi_type_id) FROM raw_edi_types
    WHERE length(btrim(code)) > 32 OR length(btrim(version)) > 32 OR length(btrim(name)) > 255
) AS found ORDER BY line
"""

# Codes of the numbers' own lists that are longer than any code; the number is kept without.
_LONG_CODES = """
INSERT INTO sorimport_problem (run_id, file, line, code, value)
SELECT %(run)s, %(file)s, r.line, 'malformed_code', concat_ws(' ', sor_code(r.gln), left(c.code, 80))
FROM raw_locations r, LATERAL (VALUES (sor_code(vans_code)), (sor_code(system_code)), (sor_code(vendor_code)),
    (sor_code(administrator_code)), (sor_code(region_code))) AS c (code)
WHERE length(c.code) > 64 AND 64 < greatest(length(vans_code), length(system_code), length(vendor_code),
    length(administrator_code), length(region_code))
ORDER BY r.line
"""

# The standard follows the grammar: X… is OIOXML, a code without a version that begins with F is FHIR, a three-letter
# code with two digits EDIFACT. The letter is a first guess, which people may put right.
_EDI_TYPES = """
INSERT INTO locations_editype AS known (code, version, name, sor_name, standard, letter, urn, sor_id)
SELECT code, version, coalesce(name, concat_ws(' ', code, nullif(version, ''))), coalesce(name, ''),
    CASE
        WHEN code ~ '^F[A-Z]' AND version = '' THEN 'fhir'
        WHEN code ~ '^X[A-Z]{3}[0-9]' THEN 'oioxml'
        WHEN code ~ '^[A-Z]{3}[0-9]{2}' THEN 'edifact'
        ELSE 'other'
    END,
    edi_letter(code), '', sor_id
FROM stage_edi_type WHERE NOT clashes ORDER BY sor_id
ON CONFLICT (sor_id) DO UPDATE SET code = excluded.code, version = excluded.version,
    sor_name = coalesce(nullif(excluded.sor_name, ''), known.sor_name),
    name = CASE WHEN known.sor_name IN ('', known.name) THEN excluded.name ELSE known.name END
WHERE (known.code, known.version) <> (excluded.code, excluded.version)
   OR excluded.sor_name NOT IN ('', known.sor_name)
   OR known.sor_name IN ('', known.name) AND known.name <> excluded.name
"""


def merge_catalogue(*, run: int, staged: Staged) -> None:
    """Write the code lists, and what is wrong in them to the problems of run `run`, which their history names."""
    with pghistory.context(import_run=run), connection.cursor() as cursor:
        for table, source in _SOURCES.items():
            cursor.execute(_UPSERT.format(table=table, source=source))
        cursor.execute(_LONG_CODES, {"run": run, "file": staged.files.get(LOCATIONS.name, "")})
        cursor.execute(_ADOPT)
        cursor.execute(_STAGE)
        cursor.execute(_PROBLEMS, {"run": run, "file": staged.files.get(EDI_TYPES.name, "")})
        cursor.execute(_EDI_TYPES)
