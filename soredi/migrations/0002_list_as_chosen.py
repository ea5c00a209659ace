import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("soredi", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="list_columns",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=16),
                blank=True,
                default=list,
                help_text="Its columns, in order; empty for the usual ones.",
                size=None,
            ),
        ),
        migrations.AddField(
            model_name="user",
            name="list_rows",
            field=models.PositiveSmallIntegerField(
                default=50, help_text="Rows a page in the list of numbers."
            ),
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.CheckConstraint(
                condition=models.Q(("list_rows__in", [25, 50, 100, 250])), name="user_list_rows"
            ),
        ),
    ]
