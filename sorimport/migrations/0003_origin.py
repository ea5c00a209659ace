"""Where each run came from. Only commands ran without a person."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sorimport", "0002_models")]

    operations = [
        migrations.AddField(
            model_name="importrun",
            name="origin",
            field=models.CharField(
                choices=[
                    ("upload", "upload"),
                    ("command", "command"),
                    ("nightly", "fetched from SOR"),
                ],
                default="upload",
                max_length=8,
            ),
        ),
        migrations.RunSQL(
            "UPDATE sorimport_importrun SET origin = 'command' WHERE by_id IS NULL",
            migrations.RunSQL.noop,
        ),
    ]
