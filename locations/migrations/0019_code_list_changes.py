"""Changes of the code lists by people: who and why; what SOR calls a row beside what we call it; what replaces it."""

import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

import soredi.sentences


class Migration(migrations.Migration):
    dependencies = [
        ("locations", "0018_receipt_and_left_out"),
        ("pghistory", "0007_auto_20250421_0444"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="CatalogueChange",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "code_list",
                    models.CharField(help_text="As in its address: systemer, vans, …", max_length=24),
                ),
                (
                    "way",
                    models.CharField(
                        choices=[("form", "form"), ("file", "file"), ("merge", "merge"), ("undo", "undo")],
                        max_length=5,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("draft", "draft"),
                            ("queued", "queued"),
                            ("running", "running"),
                            ("done", "done"),
                            ("failed", "failed"),
                            ("refused", "refused"),
                            ("waiting", "waiting for a person"),
                            ("cancelled", "cancelled"),
                            ("expired", "expired"),
                        ],
                        default="draft",
                        max_length=10,
                    ),
                ),
                ("reason", models.TextField(blank=True)),
                ("file", models.CharField(blank=True, help_text="As its sender named it.", max_length=255)),
                ("rows", models.JSONField(default=list)),
                ("found", models.JSONField(default=dict)),
                ("message", soredi.sentences.SentenceField(help_text="Why it was refused.")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("finished_at", models.DateTimeField(null=True)),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="PersonEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("id", models.BigIntegerField()),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Person",
            fields=[],
            options={
                "proxy": True,
                "indexes": [],
                "constraints": [],
            },
            bases=("locations.ediadministrator_users",),
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="ediadministrator",
            name="insert_insert",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="ediadministrator",
            name="update_update",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="editype",
            name="insert_insert",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="editype",
            name="update_update",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="region",
            name="insert_insert",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="region",
            name="update_update",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="speciality",
            name="insert_insert",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="speciality",
            name="update_update",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="system",
            name="insert_insert",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="system",
            name="update_update",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="vans",
            name="insert_insert",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="vans",
            name="update_update",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="vendor",
            name="insert_insert",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="vendor",
            name="update_update",
        ),
        migrations.AddField(
            model_name="ediadministrator",
            name="replaced_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="replaces",
                to="locations.ediadministrator",
                verbose_name="Replaced by",
            ),
        ),
        migrations.AddField(
            model_name="ediadministrator",
            name="sor_name",
            field=models.CharField(
                blank=True,
                help_text="What SOR called it last. Where the name is another, it is ours.",
                max_length=255,
            ),
        ),
        migrations.AddField(
            model_name="ediadministratorevent",
            name="replaced_by",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                related_query_name="+",
                to="locations.ediadministrator",
                verbose_name="Replaced by",
            ),
        ),
        migrations.AddField(
            model_name="ediadministratorevent",
            name="sor_name",
            field=models.CharField(
                blank=True,
                help_text="What SOR called it last. Where the name is another, it is ours.",
                max_length=255,
            ),
        ),
        migrations.AddField(
            model_name="editype",
            name="sor_name",
            field=models.CharField(blank=True, help_text="As of the other lists.", max_length=255),
        ),
        migrations.AddField(
            model_name="editype",
            name="urn",
            field=models.CharField(blank=True, max_length=255, verbose_name="URN"),
        ),
        migrations.AddField(
            model_name="editype",
            name="valid_from",
            field=models.DateField(blank=True, null=True, verbose_name="Valid from"),
        ),
        migrations.AddField(
            model_name="editypeevent",
            name="sor_name",
            field=models.CharField(blank=True, help_text="As of the other lists.", max_length=255),
        ),
        migrations.AddField(
            model_name="editypeevent",
            name="urn",
            field=models.CharField(blank=True, max_length=255, verbose_name="URN"),
        ),
        migrations.AddField(
            model_name="editypeevent",
            name="valid_from",
            field=models.DateField(blank=True, null=True, verbose_name="Valid from"),
        ),
        migrations.AddField(
            model_name="region",
            name="replaced_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="replaces",
                to="locations.region",
                verbose_name="Replaced by",
            ),
        ),
        migrations.AddField(
            model_name="region",
            name="sor_name",
            field=models.CharField(
                blank=True,
                help_text="What SOR called it last. Where the name is another, it is ours.",
                max_length=255,
            ),
        ),
        migrations.AddField(
            model_name="regionevent",
            name="replaced_by",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                related_query_name="+",
                to="locations.region",
                verbose_name="Replaced by",
            ),
        ),
        migrations.AddField(
            model_name="regionevent",
            name="sor_name",
            field=models.CharField(
                blank=True,
                help_text="What SOR called it last. Where the name is another, it is ours.",
                max_length=255,
            ),
        ),
        migrations.AddField(
            model_name="speciality",
            name="replaced_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="replaces",
                to="locations.speciality",
                verbose_name="Replaced by",
            ),
        ),
        migrations.AddField(
            model_name="speciality",
            name="sor_name",
            field=models.CharField(
                blank=True,
                help_text="What SOR called it last. Where the name is another, it is ours.",
                max_length=255,
            ),
        ),
        migrations.AddField(
            model_name="specialityevent",
            name="replaced_by",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                related_query_name="+",
                to="locations.speciality",
                verbose_name="Replaced by",
            ),
        ),
        migrations.AddField(
            model_name="specialityevent",
            name="sor_name",
            field=models.CharField(
                blank=True,
                help_text="What SOR called it last. Where the name is another, it is ours.",
                max_length=255,
            ),
        ),
        migrations.AddField(
            model_name="system",
            name="replaced_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="replaces",
                to="locations.system",
                verbose_name="Replaced by",
            ),
        ),
        migrations.AddField(
            model_name="system",
            name="sor_name",
            field=models.CharField(
                blank=True,
                help_text="What SOR called it last. Where the name is another, it is ours.",
                max_length=255,
            ),
        ),
        migrations.AddField(
            model_name="systemevent",
            name="replaced_by",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                related_query_name="+",
                to="locations.system",
                verbose_name="Replaced by",
            ),
        ),
        migrations.AddField(
            model_name="systemevent",
            name="sor_name",
            field=models.CharField(
                blank=True,
                help_text="What SOR called it last. Where the name is another, it is ours.",
                max_length=255,
            ),
        ),
        migrations.AddField(
            model_name="vans",
            name="replaced_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="replaces",
                to="locations.vans",
                verbose_name="Replaced by",
            ),
        ),
        migrations.AddField(
            model_name="vans",
            name="sor_name",
            field=models.CharField(
                blank=True,
                help_text="What SOR called it last. Where the name is another, it is ours.",
                max_length=255,
            ),
        ),
        migrations.AddField(
            model_name="vansevent",
            name="replaced_by",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                related_query_name="+",
                to="locations.vans",
                verbose_name="Replaced by",
            ),
        ),
        migrations.AddField(
            model_name="vansevent",
            name="sor_name",
            field=models.CharField(
                blank=True,
                help_text="What SOR called it last. Where the name is another, it is ours.",
                max_length=255,
            ),
        ),
        migrations.AddField(
            model_name="vendor",
            name="replaced_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="replaces",
                to="locations.vendor",
                verbose_name="Replaced by",
            ),
        ),
        migrations.AddField(
            model_name="vendor",
            name="sor_name",
            field=models.CharField(
                blank=True,
                help_text="What SOR called it last. Where the name is another, it is ours.",
                max_length=255,
            ),
        ),
        migrations.AddField(
            model_name="vendorevent",
            name="replaced_by",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                related_query_name="+",
                to="locations.vendor",
                verbose_name="Replaced by",
            ),
        ),
        migrations.AddField(
            model_name="vendorevent",
            name="sor_name",
            field=models.CharField(
                blank=True,
                help_text="What SOR called it last. Where the name is another, it is ours.",
                max_length=255,
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="ediadministrator",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "locations_ediadministratorevent" ("code", "id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "replaced_by_id", "retired_on", "sor_name") VALUES (NEW."code", NEW."id", NEW."name", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."replaced_by_id", NEW."retired_on", NEW."sor_name"); RETURN NULL;',
                    hash="b9d2d0854e093285d5ce1a247599c9fc675b9e67",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_bd843",
                    table="locations_ediadministrator",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="ediadministrator",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "locations_ediadministratorevent" ("code", "id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "replaced_by_id", "retired_on", "sor_name") VALUES (NEW."code", NEW."id", NEW."name", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."replaced_by_id", NEW."retired_on", NEW."sor_name"); RETURN NULL;',
                    hash="4c90d62e75105326ecc449cb5ddd2fd4e1835989",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_c2a30",
                    table="locations_ediadministrator",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="editype",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "locations_editypeevent" ("code", "id", "letter", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "replaced_by_id", "retired_on", "sor_id", "sor_name", "standard", "urn", "valid_from", "version") VALUES (NEW."code", NEW."id", NEW."letter", NEW."name", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."replaced_by_id", NEW."retired_on", NEW."sor_id", NEW."sor_name", NEW."standard", NEW."urn", NEW."valid_from", NEW."version"); RETURN NULL;',
                    hash="78a6682b8f613225acf0ab6a279df8690b579fd4",
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
                    func='INSERT INTO "locations_editypeevent" ("code", "id", "letter", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "replaced_by_id", "retired_on", "sor_id", "sor_name", "standard", "urn", "valid_from", "version") VALUES (NEW."code", NEW."id", NEW."letter", NEW."name", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."replaced_by_id", NEW."retired_on", NEW."sor_id", NEW."sor_name", NEW."standard", NEW."urn", NEW."valid_from", NEW."version"); RETURN NULL;',
                    hash="55d7ba826d5c16baecf47e3e29f6bd043e7064cb",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_f142b",
                    table="locations_editype",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="region",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "locations_regionevent" ("code", "id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "replaced_by_id", "retired_on", "sor_name") VALUES (NEW."code", NEW."id", NEW."name", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."replaced_by_id", NEW."retired_on", NEW."sor_name"); RETURN NULL;',
                    hash="a773c18b7d776fa3616402b4f06a8a706c7dc109",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_e0f60",
                    table="locations_region",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="region",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "locations_regionevent" ("code", "id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "replaced_by_id", "retired_on", "sor_name") VALUES (NEW."code", NEW."id", NEW."name", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."replaced_by_id", NEW."retired_on", NEW."sor_name"); RETURN NULL;',
                    hash="6f1d690dfe8f28706158b05f61d10d05b93c7b6b",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_3f22f",
                    table="locations_region",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="speciality",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "locations_specialityevent" ("code", "id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "replaced_by_id", "retired_on", "sor_name") VALUES (NEW."code", NEW."id", NEW."name", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."replaced_by_id", NEW."retired_on", NEW."sor_name"); RETURN NULL;',
                    hash="c83876eb32c372ce1063fa1672640c173d521456",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_bea75",
                    table="locations_speciality",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="speciality",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "locations_specialityevent" ("code", "id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "replaced_by_id", "retired_on", "sor_name") VALUES (NEW."code", NEW."id", NEW."name", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."replaced_by_id", NEW."retired_on", NEW."sor_name"); RETURN NULL;',
                    hash="c83ba4ca073dae680f687c5c9875316f027df96b",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_59595",
                    table="locations_speciality",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="system",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "locations_systemevent" ("code", "id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "replaced_by_id", "retired_on", "sor_name") VALUES (NEW."code", NEW."id", NEW."name", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."replaced_by_id", NEW."retired_on", NEW."sor_name"); RETURN NULL;',
                    hash="ff74ab7133a86e43c640b9f0e73b40ae1ef4d773",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_6914a",
                    table="locations_system",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="system",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "locations_systemevent" ("code", "id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "replaced_by_id", "retired_on", "sor_name") VALUES (NEW."code", NEW."id", NEW."name", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."replaced_by_id", NEW."retired_on", NEW."sor_name"); RETURN NULL;',
                    hash="e2e13409730b717c5a154e64688ea9fedd55da92",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_5d403",
                    table="locations_system",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="vans",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "locations_vansevent" ("code", "id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "replaced_by_id", "retired_on", "sor_name") VALUES (NEW."code", NEW."id", NEW."name", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."replaced_by_id", NEW."retired_on", NEW."sor_name"); RETURN NULL;',
                    hash="fbe2c2df1a8c05a3d44b16e58360d5870841bb9c",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_0f5f8",
                    table="locations_vans",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="vans",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "locations_vansevent" ("code", "id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "replaced_by_id", "retired_on", "sor_name") VALUES (NEW."code", NEW."id", NEW."name", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."replaced_by_id", NEW."retired_on", NEW."sor_name"); RETURN NULL;',
                    hash="4192a2890530f5aee1743940bcab4322699eee9d",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_7e723",
                    table="locations_vans",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="vendor",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "locations_vendorevent" ("code", "id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "replaced_by_id", "retired_on", "sor_name") VALUES (NEW."code", NEW."id", NEW."name", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."replaced_by_id", NEW."retired_on", NEW."sor_name"); RETURN NULL;',
                    hash="50c71abc7f4726dd8dace78b0c35a1bc854db471",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_c113f",
                    table="locations_vendor",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="vendor",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "locations_vendorevent" ("code", "id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "replaced_by_id", "retired_on", "sor_name") VALUES (NEW."code", NEW."id", NEW."name", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."replaced_by_id", NEW."retired_on", NEW."sor_name"); RETURN NULL;',
                    hash="66b86370a7abda4406b24e4203fb047402ce5052",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_97636",
                    table="locations_vendor",
                    when="AFTER",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="ediadministrator",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("replaced_by", None),
                    models.Q(("replaced_by", models.F("id")), _negated=True),
                    _connector="OR",
                ),
                name="ediadministrator_replaced_by_another",
            ),
        ),
        migrations.AddConstraint(
            model_name="editype",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("replaced_by", None),
                    models.Q(("replaced_by", models.F("id")), _negated=True),
                    _connector="OR",
                ),
                name="editype_replaced_by_another",
            ),
        ),
        migrations.AddConstraint(
            model_name="region",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("replaced_by", None),
                    models.Q(("replaced_by", models.F("id")), _negated=True),
                    _connector="OR",
                ),
                name="region_replaced_by_another",
            ),
        ),
        migrations.AddConstraint(
            model_name="speciality",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("replaced_by", None),
                    models.Q(("replaced_by", models.F("id")), _negated=True),
                    _connector="OR",
                ),
                name="speciality_replaced_by_another",
            ),
        ),
        migrations.AddConstraint(
            model_name="system",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("replaced_by", None),
                    models.Q(("replaced_by", models.F("id")), _negated=True),
                    _connector="OR",
                ),
                name="system_replaced_by_another",
            ),
        ),
        migrations.AddConstraint(
            model_name="vans",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("replaced_by", None),
                    models.Q(("replaced_by", models.F("id")), _negated=True),
                    _connector="OR",
                ),
                name="vans_replaced_by_another",
            ),
        ),
        migrations.AddConstraint(
            model_name="vendor",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("replaced_by", None),
                    models.Q(("replaced_by", models.F("id")), _negated=True),
                    _connector="OR",
                ),
                name="vendor_replaced_by_another",
            ),
        ),
        migrations.AddField(
            model_name="cataloguechange",
            name="by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="cataloguechange",
            name="undoes",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="undone_by",
                to="locations.cataloguechange",
            ),
        ),
        migrations.AddField(
            model_name="personevent",
            name="ediadministrator",
            field=models.ForeignKey(
                db_constraint=False,
                db_tablespace="",
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                related_query_name="+",
                to="locations.ediadministrator",
            ),
        ),
        migrations.AddField(
            model_name="personevent",
            name="pgh_context",
            field=models.ForeignKey(
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="pghistory.context",
            ),
        ),
        migrations.AddField(
            model_name="personevent",
            name="user",
            field=models.ForeignKey(
                db_constraint=False,
                db_tablespace="",
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                related_query_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="person",
            trigger=pgtrigger.compiler.Trigger(
                name="added_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "locations_personevent" ("ediadministrator_id", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "user_id") VALUES (NEW."ediadministrator_id", NEW."id", _pgh_attach_context(), NOW(), \'added\', NEW."user_id"); RETURN NULL;',
                    hash="dc0938494f79ca2c4015da7e6007bb6fee9f3e5b",
                    operation="INSERT",
                    pgid="pgtrigger_added_insert_af7de",
                    table="locations_ediadministrator_user",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="person",
            trigger=pgtrigger.compiler.Trigger(
                name="removed_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "locations_personevent" ("ediadministrator_id", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "user_id") VALUES (OLD."ediadministrator_id", OLD."id", _pgh_attach_context(), NOW(), \'removed\', OLD."user_id"); RETURN NULL;',
                    hash="f9b2ffc32314518f3c8d4774f4b682f25fd88f7e",
                    operation="DELETE",
                    pgid="pgtrigger_removed_delete_917a1",
                    table="locations_ediadministrator_user",
                    when="AFTER",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="cataloguechange",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("undoes__isnull", False), ("way", "undo")),
                    models.Q(models.Q(("way", "undo"), _negated=True), ("undoes__isnull", True)),
                    _connector="OR",
                ),
                name="cataloguechange_undo_names_what",
            ),
        ),
        migrations.AddConstraint(
            model_name="cataloguechange",
            constraint=models.CheckConstraint(
                condition=models.Q(("state", "draft"), ("finished_at__isnull", False), _connector="OR"),
                name="cataloguechange_ended_has_time",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="cataloguechange",
            trigger=pgtrigger.compiler.Trigger(
                name="done_is_for_ever",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.\"state\" = 'done')",
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="305428499a4c1727f94309cfb218033f823655b4",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_done_is_for_ever_71cf1",
                    table="locations_cataloguechange",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="cataloguechange",
            trigger=pgtrigger.compiler.Trigger(
                name="never_truncated",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n    -- TRUNCATE passes row triggers by\n    IF true THEN\n        RAISE EXCEPTION 'These rows are kept for ever.' USING ERRCODE = 'integrity_constraint_violation';\n    END IF;\n    RETURN NULL;",
                    hash="aa6920365da0853b6e6e88856654508b9fddf7dd",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_never_truncated_b8236",
                    table="locations_cataloguechange",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="personevent",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="b290f636e70d8fbfb4d6a0c3c028f1cfca241fd3",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_append_only_2858c",
                    table="locations_personevent",
                    when="BEFORE",
                ),
            ),
        ),
        # What the lists hold until now is what SOR said.
        *(
            migrations.RunSQL(f"UPDATE locations_{table} SET sor_name = name", migrations.RunSQL.noop)
            for table in ("vans", "system", "vendor", "region", "speciality", "ediadministrator", "editype")
        ),
    ]
