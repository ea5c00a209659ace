"""What an error means for the job that met it: try again, or end it, and with what reason."""

import errno

import psycopg
from django.db import InterfaceError, OperationalError

from soredi.sentences import Sentence

# What Django says when the database goes away, and the driver, which speaks for itself within a COPY.
DATABASE_ERRORS = (OperationalError, InterfaceError, psycopg.OperationalError, psycopg.InterfaceError)

# SQLSTATEs after which the same job may succeed: no connection, stopped by a shutdown, too many connections, in the
# way of another (a deadlock among them). The driver gives none where the connection just ended.
_PASSES = ("08", "57P", "53300", "40")
_NO_CONNECTION = "08"
_DISK_FULL = "53100"


def passes(error: Exception) -> bool:
    """Whether the job may succeed when it is simply tried again, as when the database went away."""
    return isinstance(error, DATABASE_ERRORS) and (_sqlstate(error) or _NO_CONNECTION).startswith(_PASSES)


def reason(error: Exception) -> Sentence:
    """Why a job failed that did not foresee `error`."""
    full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
    if full or _sqlstate(error) == _DISK_FULL:
        return Sentence(
            "There is no room left on the disk (%(error)s). Nothing was changed. Make room and try again.",
            error=first_line(error),
        )
    return Sentence(
        "Unexpected error, nothing was changed: %(error)s",
        error=f"{type(error).__name__}: {first_line(error)}",
    )


def first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), "")


def _sqlstate(error: Exception) -> str | None:
    """PostgreSQL's code for `error`; Django keeps the driver's error as the cause of its own."""
    return getattr(error, "sqlstate", None) or getattr(error.__cause__, "sqlstate", None)
