"""The old CSV files, beside which SOR2 came.

    sor.csv       ─→ raw_legacy_units ─┬→ raw_units       each row
                                       └→ raw_locations   each row whose number is its own (Nedarvningsstatus egen)
    edityper.csv  ─→ raw_legacy_pairs ──→ raw_pairs

System, vendor, VANS, region and speciality come as codes or names: a code is taken as it is, a name is looked up in its
code list. What neither fits is a problem, and for that number or unit the file says nothing of it: SOR's last word
stays.
"""

from collections.abc import Callable
from datetime import timedelta

from django.db import connection
from django.utils import timezone

from sorimport.columns import LEGACY_PAIRS, LEGACY_UNITS, LOCATIONS, PAIRS, UNITS, Kind
from sorimport.fetch import SourceFile
from sorimport.sources import sor2
from sorimport.staged import Staged

# Column of raw_units → that of raw_legacy_units; the others follow below.
_SAME = (
    "sor_id", "name", "type", "parent_sor_id", "cvr", "provider_number", "shak", "street", "building", "postcode",
    "city", "phone", "email", "updated_at", "first_from_date", "from_date", "to_date",
)  # fmt: skip
# The same for raw_locations.
_OF_NUMBERS = {
    "system_code": "system",
    "vendor_code": "vendor",
    "vans_code": "vans",
    "region_code": "region",
    "inactive": "gln_status",
    "to_date": "to_date",
    "administrator_code": "administrator_code",
    "note": "note",
}

# One row a unit: what owners and institutions are found by. A row further down of the same unit is the later one in
# none of the files seen, so the first counts.
_TREE = """
CREATE UNLOGGED TABLE staging.legacy_tree AS
WITH RECURSIVE unit AS MATERIALIZED (
    SELECT DISTINCT ON (sor_code(sor_id)) sor_code(sor_id) AS sor_id, sor_code(parent_sor_id) AS parent,
        CASE lower(btrim(kind)) WHEN 'institutionsejer' THEN 'IE' WHEN 'sundhedsinstitution' THEN 'SI'
            WHEN 'organisatorisk enhed' THEN 'OE' ELSE replace(upper(btrim(kind)), 'HI', 'SI') END AS kind,
        sor_code(name) AS name, sor_code(owner) AS owner_word, sor_code(institution) AS institution_word
    FROM raw_legacy_units ORDER BY sor_code(sor_id), line
), placed AS (
    SELECT u.*, NULL::text AS owner, NULL::text AS institution FROM unit u
    WHERE parent IS NULL OR NOT EXISTS (SELECT FROM unit p WHERE p.sor_id = u.parent)
    UNION ALL
    SELECT u.*, CASE p.kind WHEN 'IE' THEN p.sor_id ELSE p.owner END,
        CASE p.kind WHEN 'SI' THEN p.sor_id ELSE p.institution END
    FROM placed p JOIN unit u ON u.parent = p.sor_id
), named AS MATERIALIZED ( -- by its code, or by a name that just one of its kind has
    SELECT kind, word, min(sor_id) AS sor_id
    FROM (SELECT kind, name AS word, sor_id FROM unit UNION SELECT kind, sor_id, sor_id FROM unit) AS spelled
    WHERE kind IN ('IE', 'SI') GROUP BY kind, word HAVING count(*) = 1
)
SELECT p.sor_id, p.parent, p.kind,
    coalesce(p.owner, CASE WHEN p.kind <> 'IE' THEN o.sor_id END) AS owner,
    coalesce(p.institution, CASE WHEN p.kind NOT IN ('IE', 'SI') THEN i.sor_id END) AS institution
FROM placed p
LEFT JOIN named o ON o.kind = 'IE' AND o.word = p.owner_word
LEFT JOIN named i ON i.kind = 'SI' AND i.word = p.institution_word
"""

# Every word for a speciality that the file uses → its code; null where it is neither a code nor the name of just one.
_SPECIALITIES = """
CREATE UNLOGGED TABLE staging.legacy_speciality AS
SELECT w.speciality, CASE WHEN w.word ~ '^[0-9]{1,18}$' OR bool_or(l.code = w.word) THEN w.word
    WHEN count(l.code) = 1 THEN min(l.code) END AS code
FROM (SELECT DISTINCT speciality, sor_code(speciality) AS word FROM raw_legacy_units) AS w
LEFT JOIN locations_speciality l ON w.word IN (l.code, l.name)
WHERE w.word IS NOT NULL GROUP BY w.speciality, w.word
"""
_UNKNOWN_SPECIALITY = """
INSERT INTO stage_problem (file, line, code, value)
SELECT %(file)s, r.line, 'unknown_name', concat_ws(' ', sor_code(r.sor_id), sor_code(r.speciality))
FROM raw_legacy_units r JOIN legacy_speciality f ON f.speciality = r.speciality WHERE f.code IS NULL
"""

# Only the first speciality stands in the file: a known unit keeps its others, and all where the word fits none.
_EIGHT = ", ".join(f"speciality{place}" for place in range(1, 9))
_PLACES = ", ".join(f"special.codes[{place}]" for place in range(1, 9))

_UNITS = f"""
INSERT INTO raw_units
    (line, kind, owner_sor_id, institution_sor_id, region_code, inherits_number, {_EIGHT}, {", ".join(_SAME)})
SELECT r.line, coalesce(t.kind, r.kind), t.owner, t.institution, region.code,
    (lower(btrim(r.inherited)) = 'nedarvet')::text, {_PLACES}, {", ".join(f"r.{column}" for column in _SAME)}
FROM raw_legacy_units r
LEFT JOIN legacy_speciality f ON f.speciality = r.speciality
LEFT JOIN (
    SELECT u.sor_id, array_agg(w.code::text ORDER BY s.place) AS codes
    FROM locations_sorunit u, unnest(u.specialities) WITH ORDINALITY AS s (id, place)
    JOIN locations_speciality w ON w.id = s.id GROUP BY u.sor_id
) AS k ON k.sor_id = sor_code(r.sor_id)
CROSS JOIN LATERAL (SELECT CASE WHEN f.code IS NOT NULL THEN ARRAY[f.code] || array_remove(k.codes, f.code)
    WHEN f.speciality IS NOT NULL THEN k.codes END) AS special (codes)
LEFT JOIN legacy_tree t ON t.sor_id = sor_code(r.sor_id)
LEFT JOIN LATERAL (SELECT min(l.code) AS code FROM locations_region l
                   WHERE sor_code(r.unit_region) IN (l.code, l.name)) AS region ON true
ORDER BY r.line
"""

# Every word of a code list that the numbers use → its code; null where it is neither a code nor the name of just one.
# A word of digits alone is a code, known or new.
_WORDS = """
CREATE UNLOGGED TABLE staging.legacy_word AS
SELECT w.list, w.word, CASE
        WHEN w.word ~ '^[0-9]{1,18}$' OR bool_or(l.code = w.word) THEN w.word
        WHEN count(l.code) = 1 THEN min(l.code)
    END AS code
FROM (
    SELECT DISTINCT list, sor_code(word) AS word
    FROM raw_legacy_units r, (VALUES ('system'), ('vendor'), ('vans'), ('region')) AS v (list),
        LATERAL (SELECT CASE list WHEN 'system' THEN r.system WHEN 'vendor' THEN r.vendor WHEN 'vans' THEN r.vans
            ELSE r.region END) AS c (word)
    WHERE lower(btrim(r.inherited)) = 'egen'
) AS w
LEFT JOIN (
    SELECT 'system' AS list, code, name FROM locations_system UNION ALL
    SELECT 'vendor', code, name FROM locations_vendor UNION ALL
    SELECT 'vans', code, name FROM locations_vans UNION ALL
    SELECT 'region', code, name FROM locations_region
) AS l ON l.list = w.list AND w.word IN (l.code, l.name)
WHERE w.word IS NOT NULL GROUP BY w.list, w.word
"""

# A word that fits nothing leaves what SOR said of the number last. A number ends with its unit; one that is said to be
# closed, without a day gone by, keeps the one it had or ended yesterday.
_LOCATIONS = """
INSERT INTO raw_locations
    (line, gln, sor_id, inactive, to_date, system_code, vendor_code, vans_code, region_code, administrator_code, note)
SELECT r.line, r.gln, r.sor_id, (lower(btrim(r.gln_status)) IN ('inaktiv', 'ikke aktiv', 'ikke-aktiv', 'nej'))::text,
    CASE WHEN lower(btrim(r.gln_status)) IN ('lukket', 'ophørt', 'nedlagt') THEN least(
            coalesce(sor_date(r.to_date), known.to_date, %(yesterday)s), %(yesterday)s)::text ELSE r.to_date END,
    CASE WHEN s.word IS NULL OR s.code IS NOT NULL THEN s.code ELSE system.code END,
    CASE WHEN l.word IS NULL OR l.code IS NOT NULL THEN l.code ELSE vendor.code END,
    CASE WHEN v.word IS NULL OR v.code IS NOT NULL THEN v.code ELSE vans.code END,
    CASE WHEN g.word IS NULL OR g.code IS NOT NULL THEN g.code ELSE region.code END,
    r.administrator_code, r.note
FROM raw_legacy_units r
LEFT JOIN legacy_word s ON s.list = 'system' AND s.word = sor_code(r.system)
LEFT JOIN legacy_word l ON l.list = 'vendor' AND l.word = sor_code(r.vendor)
LEFT JOIN legacy_word v ON v.list = 'vans' AND v.word = sor_code(r.vans)
LEFT JOIN legacy_word g ON g.list = 'region' AND g.word = sor_code(r.region)
LEFT JOIN locations_locationnumber known ON known.gln = sor_code(r.gln)
LEFT JOIN locations_locationversion said ON said.id = known.sor_version_id
LEFT JOIN locations_system system ON system.id = said.system_id
LEFT JOIN locations_vendor vendor ON vendor.id = said.vendor_id
LEFT JOIN locations_vans vans ON vans.id = said.vans_id
LEFT JOIN locations_region region ON region.id = known.region_id
WHERE lower(btrim(r.inherited)) = 'egen'
ORDER BY r.line
"""

_UNKNOWN = """
INSERT INTO stage_problem (file, line, code, value)
SELECT %(file)s, r.line, 'unknown_name', concat_ws(' ', sor_code(r.gln), w.word)
FROM raw_legacy_units r, legacy_word w
WHERE w.code IS NULL AND lower(btrim(r.inherited)) = 'egen' AND w.word = sor_code(
    CASE w.list WHEN 'system' THEN r.system WHEN 'vendor' THEN r.vendor WHEN 'vans' THEN r.vans ELSE r.region END)
"""

# A type by its id, by `code version`, by `code (version)`, or by the code of just one. In: the distinct words, a few
# hundred; a word that is none of them is left as it is, which the merge reports with its line.
_PAIRS = """
INSERT INTO raw_pairs (line, gln, edi_type_id)
WITH type AS (
    SELECT sor_id AS id, code, version FROM locations_editype WHERE sor_id IS NOT NULL
    UNION
    SELECT sor_code(edi_type_id), btrim(code), coalesce(btrim(version), '') FROM raw_edi_types
), spelling AS (
    SELECT id, id AS word FROM type
    UNION
    SELECT id, lower(concat_ws(' ', code, nullif(version, ''))) FROM type
    UNION
    SELECT id, lower(format('%s (%s)', code, version)) FROM type WHERE version <> ''
    UNION
    SELECT min(id), lower(code) FROM type GROUP BY lower(code) HAVING count(*) = 1
), word AS (
    SELECT w.edi_type, min(s.id) AS id
    FROM (SELECT DISTINCT edi_type FROM raw_legacy_pairs) AS w
    JOIN spelling s ON s.word = lower(regexp_replace(sor_code(w.edi_type), '[[:space:]]+', ' ', 'g'))
    GROUP BY w.edi_type HAVING count(DISTINCT s.id) = 1
)
SELECT p.line, p.gln, coalesce(w.id, p.edi_type)
FROM raw_legacy_pairs p LEFT JOIN word w ON w.edi_type = p.edi_type ORDER BY p.line
"""


def read_units(
    kind: Kind, file: SourceFile, staged: Staged, force: bool, on_read: Callable[[int, int], None]
) -> None:
    """sor.csv → raw_units and raw_locations. Raises TabularError where the file breaks the run."""
    loaded = sor2.read_table(kind, file, staged, force, on_read)
    has = sor2.stated(LEGACY_UNITS, loaded)
    with connection.cursor() as cursor:
        cursor.execute(_TREE)
        cursor.execute("ANALYZE legacy_tree")
        cursor.execute(_SPECIALITIES)
        cursor.execute(_UNKNOWN_SPECIALITY, {"file": file.name})
        cursor.execute(_UNITS)
        cursor.execute(_WORDS)
        cursor.execute(_UNKNOWN, {"file": file.name})
        cursor.execute(_LOCATIONS, {"yesterday": timezone.localdate() - timedelta(days=1)})
        numbers = cursor.rowcount
    units = {*_SAME} & has | {"kind", "owner_sor_id", "institution_sor_id", "inherits_number"}
    if "unit_region" in has:
        units.add("region_code")
    if "speciality" in has:
        units.add("speciality1")
    staged.put(UNITS, file.name, frozenset(units), loaded.rows)
    if numbers:
        carried = {column for column, theirs in _OF_NUMBERS.items() if theirs in has}
        staged.put(LOCATIONS, file.name, frozenset({"gln", "sor_id"} | carried), numbers)


def read_pairs(
    kind: Kind, file: SourceFile, staged: Staged, force: bool, on_read: Callable[[int, int], None]
) -> None:
    """edityper.csv → raw_pairs. Raises TabularError where the file breaks the run."""
    loaded = sor2.read_table(kind, file, staged, force, on_read)
    with connection.cursor() as cursor:
        cursor.execute(_PAIRS)
    staged.put(
        PAIRS, file.name, sor2.stated(LEGACY_PAIRS, loaded) | {"edi_type_id"}, len(loaded.bad) + loaded.rows
    )
