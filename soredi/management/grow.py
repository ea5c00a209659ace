"""Ten times a national extract: the numbers that are there, copied by SQL, in a database of its own for benchmarks."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.core.management import call_command
from django.db import connection

from locations.models import PROFILE_COLUMNS, LocationNumber, SorUnit

TIMES = 9  # so many times 50,000 numbers

# Copy number n of a unit that holds numbers has the key id + n * step, and so has all that points to it.
_UNITS = """
INSERT INTO locations_sorunit ({columns}, id, sor_id, number_holder_id)
SELECT {columns}, id + n * %(step)s, (900000000000000 + id * 10 + n)::text, id + n * %(step)s
FROM locations_sorunit u, generate_series(1, %(times)s - 1) n
WHERE EXISTS (SELECT FROM locations_locationnumber l WHERE l.unit_id = u.id)
"""
_VERSIONS = """
INSERT INTO locations_locationversion ({columns}, id, location_id, change_set_id, base_id, applied_at)
SELECT {columns}, v.id + n * %(step)s, location_id + n * %(step)s, change_set_id, base_id + n * %(step)s, applied_at
FROM locations_locationversion v, generate_series(1, %(times)s - 1) n
"""
# The twelve digits before the check digit of the copies count upwards from 579100000000.
_NUMBERS = """
INSERT INTO locations_locationnumber ({columns}, id, gln, unit_id, version_id, sor_version_id)
SELECT {columns}, id + n * %(step)s,
    body || (10 - (
        SELECT sum(substr(body, place, 1)::int * CASE WHEN place %% 2 = 0 THEN 3 ELSE 1 END)
        FROM generate_series(1, 12) place
    ) %% 10) %% 10,
    unit_id + n * %(step)s, version_id + n * %(step)s, sor_version_id + n * %(step)s
FROM (
    SELECT l.*, n, (579100000000 + (row_number() OVER () * 37))::text AS body
    FROM locations_locationnumber l, generate_series(1, %(times)s - 1) n
) copies
"""
# The indexes of free text are quicker made anew than filled row by row.
_WITHOUT_INDEXES = """
SELECT indexname, indexdef FROM pg_indexes
WHERE tablename IN ('locations_sorunit', 'locations_locationnumber') AND indexdef LIKE '%USING gin%'
"""


@contextmanager
def grown_database() -> Iterator[float]:
    """Inside, the connection is to the database with 450,000 numbers, made where it is not there; seconds it took."""
    started = time.perf_counter()
    small = connection.settings_dict["NAME"]
    grown = f"{small}_grown"
    connection.close()
    with connection._nodb_cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_database WHERE datname = %s", [grown])
        made = not cursor.fetchone()[0]
        if made:
            cursor.execute(f"CREATE DATABASE {grown} TEMPLATE {small}")
    try:
        settings.DATABASES["default"]["NAME"] = connection.settings_dict["NAME"] = grown
        if made:
            _grow()
        call_command("migrate", verbosity=0, interactive=False)
        yield time.perf_counter() - started
    finally:
        connection.close()
        settings.DATABASES["default"]["NAME"] = connection.settings_dict["NAME"] = small


def _grow() -> None:
    own = {"id", "sor_id", "gln", "unit_id", "number_holder_id", "version_id", "sor_version_id"}
    columns = {
        model: ", ".join(
            str(f.column) for f in model._meta.local_fields if not f.generated and f.column not in own
        )
        for model in (SorUnit, LocationNumber)
    }
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT greatest((SELECT max(id) FROM locations_sorunit), (SELECT max(id) FROM locations_locationnumber),
            (SELECT max(id) FROM locations_locationversion)) + 1"""
        )
        values = {"times": TIMES, "step": cursor.fetchone()[0]}
        cursor.execute(_WITHOUT_INDEXES)
        indexes = cursor.fetchall()
        cursor.execute("SET session_replication_role = replica; SET maintenance_work_mem = '512MB'")
        for name, _definition in indexes:
            cursor.execute(f"DROP INDEX {name}")
        cursor.execute(_UNITS.format(columns=columns[SorUnit]), values)
        cursor.execute(_VERSIONS.format(columns=", ".join(PROFILE_COLUMNS)), values)
        cursor.execute(_NUMBERS.format(columns=columns[LocationNumber]), values)
        for _name, definition in indexes:
            cursor.execute(definition)
        for table in ("locations_sorunit", "locations_locationversion", "locations_locationnumber"):
            cursor.execute(f"SELECT setval('{table}_id_seq', (SELECT max(id) FROM {table}))")
        cursor.execute("RESET session_replication_role")
        cursor.execute(
            "VACUUM ANALYZE locations_sorunit, locations_locationversion, locations_locationnumber"
        )
