"""One import at a time: whose turn it is.

Two advisory locks of the import's transaction: (turn, 0) is held by the one whose turn it is, and (turn, its number)
tells the others who that is. PostgreSQL drops both with the transaction, or with the process.
"""

import time
from collections.abc import Callable

from django.db import connection

from soredi.jobs import Phase
from sorimport.models import ImportRun

LOOK_EVERY = 0.5  # seconds

_TAKE = "SELECT pg_try_advisory_xact_lock(hashtext('sorimport.turn'), 0)"
_SIGN = "SELECT pg_advisory_xact_lock(hashtext('sorimport.turn'), %s)"

# objsubid 2: a lock of two keys.
_WHOSE = """
SELECT objid::bigint FROM pg_locks
WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND classid = hashtext('sorimport.turn')::oid AND objsubid = 2 AND objid <> 0 AND granted
"""


def take_turn(run: ImportRun, on_wait: Callable[[int], None]) -> None:
    """Return when it is `run`'s turn, which ends with the transaction; until then tell `on_wait` of each run ahead.

    Looks now and then instead of waiting in the lock, so that a run can be cancelled while it waits.
    """
    told = None
    while not _take(run):
        ahead = whose_turn()
        if ahead and ahead != told:
            on_wait(ahead)
            told = ahead
        run.report(Phase.READING)
        time.sleep(LOOK_EVERY)


def whose_turn() -> int | None:
    """The number of the import that goes on at this moment, or None. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_WHOSE)
        row = cursor.fetchone()
        return row[0] if row else None


def _take(run: ImportRun) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_TAKE)
        (taken,) = cursor.fetchone()
        if taken:
            cursor.execute(_SIGN, [run.pk])
        return bool(taken)
