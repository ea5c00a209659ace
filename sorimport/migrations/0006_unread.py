"""What stands in a field and cannot be read: the text itself, or null where all is well."""

from django.db import migrations

# No date, and not one of the ways to write "no end".
UNREAD_DATE = """
CREATE FUNCTION unread_date(value text) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN value IS NULL OR value = '' THEN NULL
        WHEN value LIKE '____-__-__%' AND pg_input_is_valid(left(value, 10), 'date') THEN NULL
        WHEN sor_date(value) IS NOT NULL OR value LIKE '%9999%' THEN NULL
        ELSE sor_code(value)
    END
$$
"""
UNREAD_FLAG = """
CREATE FUNCTION unread_flag(value text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN lower(sor_code(value)) NOT IN ('true', '1', 'ja', 'j', 'yes', 'y', 'nedarvet', 'false', '0',
        'nej', 'n', 'no', 'egen') THEN sor_code(value) END
$$
"""


class Migration(migrations.Migration):
    dependencies = [("sorimport", "0005_who_accepted")]
    operations = [
        migrations.RunSQL(UNREAD_DATE, "DROP FUNCTION unread_date(text)"),
        migrations.RunSQL(UNREAD_FLAG, "DROP FUNCTION unread_flag(text)"),
    ]
