"""A merge of two rows of a code list ends with the change set that moves its numbers."""

import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("locations", "0022_deviation_decision"),
    ]

    operations = [
        migrations.AddField(
            model_name="cataloguechange",
            name="change_set",
            field=models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="catalogue_change",
                to="locations.changeset",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="changeset",
            trigger=pgtrigger.compiler.Trigger(
                name="ends_with_code_list",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (NEW.state IN ('refused', 'failed', 'cancelled', 'expired') AND OLD.state <> NEW.state)",
                    func="\n    UPDATE locations_cataloguechange SET state = NEW.state, finished_at = NEW.finished_at, message = NEW.message\n    WHERE change_set_id = NEW.id AND state = 'draft';\n    RETURN NULL;",
                    hash="c3e20b4111f7f7ec4e37b712d065754e13f59f54",
                    operation='UPDATE OF "state"',
                    pgid="pgtrigger_ends_with_code_list_82987",
                    table="locations_changeset",
                    when="AFTER",
                ),
            ),
        ),
    ]
