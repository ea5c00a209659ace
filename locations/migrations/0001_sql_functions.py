"""Extensions and the functions that constraints, indexes and triggers of the next migrations use."""

from django.contrib.postgres.operations import BtreeGistExtension, TrigramExtension
from django.db import migrations

# The order of Danish names under COLLATE "C": æ, ø, å after z, and aa as å as in CLDR's Danish. The embedded
# server has no ICU, so the order must not depend on a collation of the machine.
DANISH_KEY = """
CREATE FUNCTION danish_key(name text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT translate(
        replace(lower(name COLLATE "pg_c_utf8"), 'aa', 'å') COLLATE "C",
        'æäøöåüéèëáàíóõ', '{{||}yeeeaaioo'
    )
$$
"""

# One spelling for search: lower case, æ as ae, ø as oe, å as aa.
SEARCH_FOLD = """
CREATE FUNCTION search_fold(words text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT translate(
        replace(replace(replace(replace(replace(
            lower(words COLLATE "pg_c_utf8"), 'æ', 'ae'), 'ä', 'ae'), 'ø', 'oe'), 'ö', 'oe'), 'å', 'aa'),
        'éèëáàíóõü', 'eeeaaiooy'
    )
$$
"""

# GS1: 10 - (sum of the digits weighted 1, 3, 1, 3 … from the left) mod 10; nine zeros and the like pass too.
GLN_CHECK_DIGIT_OK = """
CREATE FUNCTION gln_check_digit_ok(gln text) RETURNS boolean
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT gln ~ '^[0-9]{13}$' AND (
        ascii(substr(gln, 1, 1)) + ascii(substr(gln, 3, 1)) + ascii(substr(gln, 5, 1))
        + ascii(substr(gln, 7, 1)) + ascii(substr(gln, 9, 1)) + ascii(substr(gln, 11, 1))
        + ascii(substr(gln, 13, 1)) - 7 * 48
        + 3 * (ascii(substr(gln, 2, 1)) + ascii(substr(gln, 4, 1)) + ascii(substr(gln, 6, 1))
        + ascii(substr(gln, 8, 1)) + ascii(substr(gln, 10, 1)) + ascii(substr(gln, 12, 1)) - 6 * 48)
    ) % 10 = 0
$$
"""

# Whether an array of keys is a set as profiles write it: ascending, each once. 3.5 µs for 30 elements.
IS_ASCENDING = """
CREATE FUNCTION is_ascending(keys integer[]) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    previous integer := 0;
    key integer;
BEGIN
    FOREACH key IN ARRAY keys LOOP
        IF key IS NULL OR key <= previous THEN
            RETURN false;
        END IF;
        previous := key;
    END LOOP;
    RETURN true;
END
$$
"""


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        BtreeGistExtension(),
        TrigramExtension(),
        migrations.RunSQL(DANISH_KEY, "DROP FUNCTION danish_key"),
        migrations.RunSQL(SEARCH_FOLD, "DROP FUNCTION search_fold"),
        migrations.RunSQL(GLN_CHECK_DIGIT_OK, "DROP FUNCTION gln_check_digit_ok"),
        migrations.RunSQL(IS_ASCENDING, "DROP FUNCTION is_ascending"),
    ]
