from django.db import migrations, models


class Migration(migrations.Migration):
    """What carries each order of the list, and the counts beside its choices."""

    dependencies = [
        ("locations", "0008_version_of_import"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="locationnumber",
            name="location_vans",
        ),
        migrations.RemoveIndex(
            model_name="locationnumber",
            name="location_system",
        ),
        migrations.RemoveIndex(
            model_name="locationnumber",
            name="location_vendor",
        ),
        migrations.AddIndex(
            model_name="locationnumber",
            index=models.Index(fields=["vans", "gln"], name="location_by_vans"),
        ),
        migrations.AddIndex(
            model_name="locationnumber",
            index=models.Index(fields=["system", "gln"], name="location_by_system"),
        ),
        migrations.AddIndex(
            model_name="locationnumber",
            index=models.Index(fields=["vendor", "gln"], name="location_by_vendor"),
        ),
        migrations.AddIndex(
            model_name="locationnumber",
            index=models.Index(fields=["region", "gln"], name="location_by_region"),
        ),
        migrations.AddIndex(
            model_name="locationnumber",
            index=models.Index(
                models.Func("edi_types", function="cardinality"), models.F("gln"), name="location_type_count"
            ),
        ),
        migrations.AddIndex(
            model_name="locationnumber",
            index=models.Index(
                fields=[
                    "vans",
                    "system",
                    "vendor",
                    "region",
                    "edi_administrator",
                    "inactive",
                    "only_internal",
                    "to_date",
                    "first_from_date",
                ],
                name="location_choices",
            ),
        ),
        migrations.AddIndex(
            model_name="locationversion",
            index=models.Index(
                fields=["applied_at", "id"],
                condition=models.Q(applied_at__isnull=False),
                name="version_latest",
            ),
        ),
        # How few combinations there are, so that counting them needs no sorting.
        migrations.RunSQL(
            "CREATE STATISTICS location_choices_few (ndistinct) ON vans_id, system_id, vendor_id, region_id, "
            "edi_administrator_id FROM locations_locationnumber",
            "DROP STATISTICS location_choices_few",
        ),
    ]
