"""EDI types of one business letter in several standards: a first guess from their codes, which people may put right."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

# In: a code such as XDIS91. Out: the letter that it carries, or ''. X is OIOXML, and what FHIR's three messages
# replace is told by MedCom: FDIS91 correspondence, FDIS20 admissions and discharges, FCTL all receipts.
LETTER = """
CREATE FUNCTION edi_letter(code text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE
        WHEN code ~ '^(X?CTL0[1-3]|FCTL)$' THEN 'CTL'
        WHEN code ~ '^(X?DIS(17|20)|FDIS20)$' THEN 'DIS20'
        WHEN code ~ '^FDIS91$' THEN 'DIS91'
        WHEN code ~ '^X?[A-Z]{3}[0-9]{2}[A-Z]?$' THEN regexp_replace(code, '^X(?=[A-Z]{3}[0-9])', '')
        ELSE ''
    END
$$
"""

SEED = "UPDATE locations_editype SET letter = edi_letter(code) WHERE edi_letter(code) <> ''"


class Migration(migrations.Migration):
    dependencies = [
        ("locations", "0015_search_statistics"),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name="editype",
            name="insert_insert",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="editype",
            name="update_update",
        ),
        migrations.AddField(
            model_name="editype",
            name="letter",
            field=models.CharField(
                blank=True,
                help_text="Types of one letter carry the same message in different standards. Empty: of no other.",
                max_length=32,
                verbose_name="Letter",
            ),
        ),
        migrations.AddField(
            model_name="editypeevent",
            name="letter",
            field=models.CharField(
                blank=True,
                help_text="Types of one letter carry the same message in different standards. Empty: of no other.",
                max_length=32,
                verbose_name="Letter",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="editype",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "locations_editypeevent" ("code", "id", "letter", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "replaced_by_id", "retired_on", "sor_id", "standard", "version") VALUES (NEW."code", NEW."id", NEW."letter", NEW."name", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."replaced_by_id", NEW."retired_on", NEW."sor_id", NEW."standard", NEW."version"); RETURN NULL;',
                    hash="803245bdfdea5d2a34d40b17aa6c64feb286ec5b",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_14207",
                    table="locations_editype",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="editype",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "locations_editypeevent" ("code", "id", "letter", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "replaced_by_id", "retired_on", "sor_id", "standard", "version") VALUES (NEW."code", NEW."id", NEW."letter", NEW."name", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."replaced_by_id", NEW."retired_on", NEW."sor_id", NEW."standard", NEW."version"); RETURN NULL;',
                    hash="13dc523069b0758457cc09e2a1f085cb7d32d140",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_f142b",
                    table="locations_editype",
                    when="AFTER",
                ),
            ),
        ),
        migrations.RunSQL(LETTER, "DROP FUNCTION edi_letter(text)"),
        migrations.RunSQL(SEED, migrations.RunSQL.noop),
    ]
