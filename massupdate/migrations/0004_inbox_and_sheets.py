import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("locations", "0015_search_statistics"),
        ("massupdate", "0003_sentences"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="massupdate",
            name="claimed_as",
            field=models.CharField(
                blank=True,
                help_text="What the inbox calls the file from then on; empty: it came otherwise.",
                max_length=255,
            ),
        ),
        migrations.AddField(
            model_name="massupdate",
            name="edi_administrator",
            field=models.ForeignKey(
                help_text="Whose inbox it came to.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="locations.ediadministrator",
            ),
        ),
        migrations.AddField(
            model_name="massupdate",
            name="sheet",
            field=models.CharField(blank=True, help_text="Of a workbook; empty: the first.", max_length=255),
        ),
        migrations.AlterField(
            model_name="massupdate",
            name="file",
            field=models.FileField(
                blank=True,
                help_text="Empty for one that was too large to be kept.",
                upload_to="massupdate/%Y/%m/",
            ),
        ),
        migrations.AddConstraint(
            model_name="massupdate",
            constraint=models.CheckConstraint(
                condition=models.Q(("edi_administrator", None), ("by", None), _connector="OR"),
                name="massupdate_acts_for_one",
            ),
        ),
        migrations.AddConstraint(
            model_name="massupdate",
            constraint=models.UniqueConstraint(
                condition=models.Q(("claimed_as", ""), _negated=True),
                fields=("claimed_as",),
                name="massupdate_claimed_once",
            ),
        ),
    ]
