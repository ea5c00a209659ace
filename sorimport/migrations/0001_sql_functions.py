"""How the extracts write text, ids, dates and booleans. The SQL ones are inlined by the planner."""

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
# PL/pgSQL, 1 µs a call: an SQL function with a sub-select is not inlined and took 40 µs.
SOR_DATE = """
CREATE FUNCTION sor_date(value text) RETURNS date LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
DECLARE
    word text := btrim(value, E' ="\\'\\t\\r\\n');
BEGIN
    IF word LIKE '____-__-__%' THEN
        word := left(word, 10);
    ELSIF word LIKE '__-__-____%' OR word LIKE '__.__.____%' THEN
        word := substr(word, 7, 4) || '-' || substr(word, 4, 2) || '-' || left(word, 2);
    ELSE
        RETURN NULL;
    END IF;
    IF word < '9' AND pg_input_is_valid(word, 'date') THEN
        RETURN word::date;
    END IF;
    RETURN NULL;
END
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
