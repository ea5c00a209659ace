"""What plans aim at: SELECTs of (id, <profile columns>), one row for each number that is asked to become so.

`changes.py` writes from each the versions of the numbers that are not so yet.
"""

from locations.merging import CLASHES, MERGED
from locations.sets import LESS, UNION

# One form, several operations. In: temporary table chosen(id). A null means "leave as it is"; what is removed stays
# away, whoever adds it.
_EDIT = """
    SELECT l.id,
        coalesce(%(edi_administrator)s::bigint, l.edi_administrator_id) AS edi_administrator_id,
        coalesce(%(system)s::bigint, l.system_id) AS system_id,
        coalesce(%(vendor)s::bigint, l.vendor_id) AS vendor_id,
        coalesce(%(vans)s::bigint, l.vans_id) AS vans_id,
        CASE
            WHEN %(replace)s::int[] IS NOT NULL THEN %(replace)s::int[] {union} {add}
            WHEN l.edi_types @> {add} AND NOT l.edi_types && %(remove)s::int[]
                AND NOT l.edi_types && %(swap_from)s::int[] THEN l.edi_types
            ELSE (l.edi_types {union} {add}
                      {union} CASE WHEN l.edi_types && %(swap_from)s::int[] THEN %(swap_to)s::int[] ELSE '{{}}' END)
                 {less} (%(remove)s::int[] || %(swap_from)s::int[])
        END AS edi_types,
        coalesce(%(only_internal)s::boolean, l.only_internal) AS only_internal,
        coalesce(%(inactive)s::boolean, l.inactive) AS inactive,
        coalesce(%(note)s::text, l.note) AS note
    FROM locations_locationnumber l JOIN chosen ON chosen.id = l.id {certified}
"""
EDIT = _EDIT.format(add="%(add)s::int[]", certified="", union=UNION, less=LESS)

# The same, and to each number what its system, as it will be, is certified to receive. In: temporary tables chosen(id)
# and certified_set(system_id, edi_types).
EDIT_WITH_CERTIFIED = _EDIT.format(
    add="(%(add)s::int[] || coalesce(c.edi_types, '{}'))",
    certified="LEFT JOIN certified_set c ON c.system_id = coalesce(%(system)s::bigint, l.system_id)",
    union=UNION,
    less=LESS,
)

# Mass update: each number gets exactly its set. In: temporary table planned_set(location_id, edi_types), ascending.
SETS = """
    SELECT l.id, l.edi_administrator_id, l.system_id, l.vendor_id, l.vans_id, s.edi_types,
        l.only_internal, l.inactive, l.note
    FROM planned_set s JOIN locations_locationnumber l ON l.id = s.location_id
"""

# Take SOR's word. In: temporary table taken(location_id, field), the fields by the names of `Field`.
SOR = """
    SELECT l.id,
        CASE WHEN 'edi_administrator' = ANY (f.fields) THEN s.edi_administrator_id ELSE l.edi_administrator_id
        END AS edi_administrator_id,
        CASE WHEN 'system' = ANY (f.fields) THEN s.system_id ELSE l.system_id END AS system_id,
        CASE WHEN 'system' = ANY (f.fields) THEN s.vendor_id ELSE l.vendor_id END AS vendor_id,
        CASE WHEN 'vans' = ANY (f.fields) THEN s.vans_id ELSE l.vans_id END AS vans_id,
        CASE WHEN 'edi_types' = ANY (f.fields) THEN s.edi_types ELSE l.edi_types END AS edi_types,
        CASE WHEN 'only_internal' = ANY (f.fields) THEN s.only_internal ELSE l.only_internal END AS only_internal,
        CASE WHEN 'inactive' = ANY (f.fields) THEN s.inactive ELSE l.inactive END AS inactive,
        CASE WHEN 'note' = ANY (f.fields) THEN s.note ELSE l.note END AS note
    FROM (SELECT location_id, array_agg(field) AS fields FROM taken GROUP BY location_id) f
    JOIN locations_locationnumber l ON l.id = f.location_id
    JOIN locations_locationversion s ON s.id = l.sor_version_id
"""

# One entry of a code list takes the place of another; all else stays, the vendor of a system too. In: temporary table
# chosen(id).
REPLACEMENT = """
    SELECT l.id,
        CASE %(field)s WHEN 'edi_administrator' THEN %(new)s::bigint ELSE l.edi_administrator_id
        END AS edi_administrator_id,
        CASE %(field)s WHEN 'system' THEN %(new)s::bigint ELSE l.system_id END AS system_id,
        CASE %(field)s WHEN 'vendor' THEN %(new)s::bigint ELSE l.vendor_id END AS vendor_id,
        CASE %(field)s WHEN 'vans' THEN %(new)s::bigint ELSE l.vans_id END AS vans_id,
        l.edi_types, l.only_internal, l.inactive, l.note
    FROM locations_locationnumber l JOIN chosen ON chosen.id = l.id
"""

# What led from a change set's version (base) back to what was before it (theirs) is done to the present (ours). In:
# temporary table chosen(id).
UNDO = f"""
    SELECT o.id, {MERGED}
    FROM locations_locationversion b
    JOIN locations_locationversion t ON t.id = b.base_id
    JOIN locations_locationnumber o ON o.id = b.location_id
    JOIN chosen ON chosen.id = o.id
    WHERE b.change_set_id = %(undoes)s AND b.applied_at IS NOT NULL
"""

# Scalars that the change set set and that somebody has set to something else since: undo leaves them.
KEPT = f"""
SELECT o.gln, clash.field FROM locations_locationversion b
JOIN locations_locationversion t ON t.id = b.base_id
JOIN locations_locationnumber o ON o.id = b.location_id
JOIN chosen ON chosen.id = o.id
CROSS JOIN LATERAL ({CLASHES}) AS clash
WHERE b.change_set_id = %(undoes)s AND b.applied_at IS NOT NULL
ORDER BY o.gln, clash.field
"""
