"""The extension that reckons with sets of EDI types, in a schema of its own: see locations/sets.py. The guard of
versions uses it in the place of a function."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations

MAKE = """
CREATE SCHEMA IF NOT EXISTS intarray;
CREATE EXTENSION IF NOT EXISTS intarray SCHEMA intarray;
"""
DROP = """
DROP EXTENSION intarray;
DROP SCHEMA intarray;
"""
IS_ASCENDING = """
CREATE FUNCTION is_ascending(keys integer[]) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN keys = keys OPERATOR(intarray.|) '{}'::integer[]
"""


class Migration(migrations.Migration):
    dependencies = [
        ("locations", "0023_merge_with_change_set"),
    ]

    operations = [
        migrations.RunSQL(MAKE, DROP),
        pgtrigger.migrations.RemoveTrigger(
            model_name="locationversion",
            name="version_insert",
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="locationversion",
            trigger=pgtrigger.compiler.Trigger(
                name="version_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE named bigint;",
                    func="named := (\n    SELECT id FROM locations_changeset\n    WHERE id = nullif(current_setting('soredi.change_set', true), '')::bigint AND state = 'running'\n);\n    -- an EDI type that is not in the code list\n    IF EXISTS (\n        SELECT FROM new_rows WHERE NOT edi_types OPERATOR(intarray.<@) ARRAY(SELECT id FROM locations_editype)) THEN\n        RAISE EXCEPTION 'Unknown EDI type id in a profile.' USING ERRCODE = 'integrity_constraint_violation';\n    END IF;\n    -- a key that is in no code list\n    IF EXISTS (SELECT FROM (SELECT DISTINCT edi_administrator_id AS key FROM new_rows) used\n        WHERE key IS NOT NULL AND NOT EXISTS (SELECT FROM locations_ediadministrator t WHERE t.id = key)) OR EXISTS (SELECT FROM (SELECT DISTINCT system_id AS key FROM new_rows) used\n        WHERE key IS NOT NULL AND NOT EXISTS (SELECT FROM locations_system t WHERE t.id = key)) OR EXISTS (SELECT FROM (SELECT DISTINCT vendor_id AS key FROM new_rows) used\n        WHERE key IS NOT NULL AND NOT EXISTS (SELECT FROM locations_vendor t WHERE t.id = key)) OR EXISTS (SELECT FROM (SELECT DISTINCT vans_id AS key FROM new_rows) used\n        WHERE key IS NOT NULL AND NOT EXISTS (SELECT FROM locations_vans t WHERE t.id = key)) THEN\n        RAISE EXCEPTION 'Unknown key of a code list in a profile.' USING ERRCODE = 'integrity_constraint_violation';\n    END IF;\n    -- edi_types is a set, written ascending\n    IF EXISTS (SELECT FROM new_rows WHERE edi_types <> edi_types OPERATOR(intarray.|) '{}'::int[]) THEN\n        RAISE EXCEPTION 'edi_types must ascend, each id once.' USING ERRCODE = 'integrity_constraint_violation';\n    END IF;\n    -- a base that is not a former version\n    IF 0 < (\n        SELECT count(*) FROM new_rows n\n        LEFT JOIN locations_locationversion b ON b.id = n.base_id AND b.location_id = n.location_id\n        LEFT JOIN locations_changeset c ON c.id = b.change_set_id AND c.state = 'done'\n        WHERE n.base_id IS NOT NULL AND c.id IS NULL) THEN\n        RAISE EXCEPTION 'base is no former version of the number.' USING ERRCODE = 'integrity_constraint_violation';\n    END IF;\n    -- what was previewed takes no more rows\n    IF 0 < (\n        SELECT count(*) FROM (SELECT DISTINCT change_set_id, applied_at IS NOT NULL AS applied FROM new_rows) n\n        JOIN locations_changeset c ON c.id = n.change_set_id\n        WHERE (c.state <> 'draft' OR n.applied) AND c.id IS DISTINCT FROM named) THEN\n        RAISE EXCEPTION 'Profiles of location numbers change only through locations/changes.py: no running change set is named in this transaction, or the row does not belong to it.' USING ERRCODE = 'integrity_constraint_violation';\n    END IF;\n    RETURN NULL;",
                    hash="6aec9e0fd15d4853e7790176b372ca3eeb1fd9df",
                    level="STATEMENT",
                    operation="INSERT",
                    pgid="pgtrigger_version_insert_c59bd",
                    referencing="REFERENCING NEW TABLE AS new_rows ",
                    table="locations_locationversion",
                    when="AFTER",
                ),
            ),
        ),
        migrations.RunSQL("DROP FUNCTION is_ascending", IS_ASCENDING),
    ]
