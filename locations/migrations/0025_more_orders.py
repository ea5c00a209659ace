"""What more the list can be sorted by."""

import django.db.models.functions.comparison
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("locations", "0024_intarray"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="locationnumber",
            index=models.Index(
                django.db.models.functions.comparison.NullIf(
                    models.Func(models.F("note"), function="danish_key", output_field=models.TextField()),
                    models.Value(""),
                ),
                models.F("gln"),
                condition=models.Q(("note", ""), _negated=True),
                name="location_note_key",
            ),
        ),
        migrations.AddIndex(
            model_name="sorunit",
            index=models.Index(
                models.Func("types__0", function="danish_key"), models.F("id"), name="sorunit_first_type"
            ),
        ),
        migrations.AddIndex(
            model_name="sorunit",
            index=models.Index(
                django.db.models.functions.comparison.NullIf(models.F("cvr"), models.Value("")),
                models.F("id"),
                name="sorunit_cvr",
            ),
        ),
        migrations.AddIndex(
            model_name="sorunit",
            index=models.Index(
                django.db.models.functions.comparison.NullIf(models.F("provider_number"), models.Value("")),
                models.F("id"),
                name="sorunit_provider_number",
            ),
        ),
        migrations.AddIndex(
            model_name="sorunit",
            index=models.Index(
                django.db.models.functions.comparison.NullIf(models.F("shak"), models.Value("")),
                models.F("id"),
                name="sorunit_shak",
            ),
        ),
    ]
