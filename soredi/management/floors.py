"""What the benchmarks of changes measure against: bare copies of the two tables, and the clock."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

from django.db import connection
from django.utils import timezone

from locations.models import PROFILE_COLUMNS, LocationNumber
from soredi.tabular import CHUNK

NUMBERS = 40_000

# Bare copies of the two tables, with their indexes and without triggers: what the same rows cost by themselves.
_BARE = """
DROP TABLE IF EXISTS bare_version, bare_number;
CREATE TABLE bare_version (LIKE locations_locationversion INCLUDING DEFAULTS INCLUDING INDEXES INCLUDING IDENTITY);
ALTER TABLE bare_version ALTER COLUMN id RESTART WITH 1000000000;
CREATE TABLE bare_number (LIKE locations_locationnumber INCLUDING DEFAULTS INCLUDING INDEXES INCLUDING GENERATED);
INSERT INTO bare_number SELECT {columns} FROM locations_locationnumber;
ANALYZE bare_number
"""

# The open and active numbers, which a mass update may change.
_USABLE = """
SELECT id, gln, row_number() OVER (ORDER BY gln) AS place FROM locations_locationnumber
WHERE (to_date IS NULL OR to_date >= '{today}') AND NOT inactive ORDER BY gln LIMIT {numbers}
"""

MOVE = """
UPDATE bare_number l SET edi_types = v.edi_types, version_id = v.id
FROM bare_version v WHERE v.location_id = l.id AND v.change_set_id = 0
"""


def row(name: str, floor: float, ours: float, remarks: str = "", unit: str = "s") -> str:
    return f"{name:34}{floor:8.2f}{unit}{ours:8.2f}{unit}{ours / floor:8.2f}  {remarks}"


class Clock:
    started = 0.0
    seconds = 0.0


@contextmanager
def timed() -> Iterator[Clock]:
    clock = Clock()
    clock.started = time.perf_counter()
    yield clock
    clock.seconds = time.perf_counter() - clock.started


def copy_in(cursor: Any, statement: str, stream: IO[bytes]) -> None:
    with cursor.copy(statement) as copy:
        while chunk := stream.read(CHUNK):
            copy.write(chunk)


def usable_numbers(numbers: int = NUMBERS) -> str:
    """A SELECT of (id, gln, place) of the first numbers that may be changed."""
    return _USABLE.format(numbers=numbers, today=timezone.localdate())


def profile() -> dict[str, str]:
    kept = [column for column in PROFILE_COLUMNS if column != "edi_types"]
    return {"columns": ", ".join([*kept, "edi_types"]), "kept": ", ".join(f"l.{column}" for column in kept)}


def bare_tables() -> None:
    columns = [str(f.column) for f in LocationNumber._meta.local_fields if not f.generated]
    with connection.cursor() as cursor:
        statements = _BARE.format(columns=", ".join(columns))
        statements = statements.replace(
            "INSERT INTO bare_number SELECT", f"INSERT INTO bare_number ({', '.join(columns)}) SELECT"
        )
        cursor.execute(statements)
