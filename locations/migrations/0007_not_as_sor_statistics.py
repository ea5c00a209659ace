from django.db import migrations


class Migration(migrations.Migration):
    """How few numbers deviate, for the planner: see `LocationNumberQuerySet.not_as_sor`."""

    dependencies = [("locations", "0006_who_carried_out")]

    operations = [
        migrations.RunSQL(
            "CREATE STATISTICS location_not_as_sor_few ON ((version_id <> sor_version_id)) "
            "FROM locations_locationnumber",
            "DROP STATISTICS location_not_as_sor_few",
        )
    ]
