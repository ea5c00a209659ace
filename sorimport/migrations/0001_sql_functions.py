"""How the extracts write text, ids, dates and booleans. Plain SQL, so that the planner inlines them."""

from django.db import migrations

# Ids are written for Excel as ="123", which COPY reads as =123, or as "=""123""", which it reads as ="123".
SOR_CODE = """
CREATE FUNCTION sor_code(value text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT nullif(btrim(value, E' ="\\'\\t\\r\\n'), '')
$$
"""
SOR_TEXT = """
CREATE FUNCTION sor_text(value text, longest integer) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT nullif(left(btrim(value, E' \\t\\r\\n'), longest), '')
$$
"""
# YYYY-MM-DD, DD-MM-YYYY or DD.MM.YYYY, with or without a time; null for anything else and for "no end" (9999).
SOR_DATE = """
CREATE FUNCTION sor_date(value text) RETURNS date LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN pg_input_is_valid(iso, 'date') AND iso < '9' THEN iso::date END
    FROM (SELECT CASE
        WHEN word LIKE '____-__-__%' THEN left(word, 10)
        WHEN word LIKE '__-__-____%' OR word LIKE '__.__.____%'
        THEN substr(word, 7, 4) || '-' || substr(word, 4, 2) || '-' || left(word, 2)
    END AS iso FROM (SELECT sor_code(value) AS word) AS cleaned) AS read
$$
"""
SOR_FLAG = """
CREATE FUNCTION sor_flag(value text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(lower(sor_code(value)) IN ('true', '1', 'ja', 'j', 'yes', 'y', 'nedarvet'), false)
$$
"""


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.RunSQL(SOR_CODE, "DROP FUNCTION sor_code(text)"),
        migrations.RunSQL(SOR_TEXT, "DROP FUNCTION sor_text(text, integer)"),
        migrations.RunSQL(SOR_DATE, "DROP FUNCTION sor_date(text)"),
        migrations.RunSQL(SOR_FLAG, "DROP FUNCTION sor_flag(text)"),
    ]
