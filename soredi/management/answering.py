"""What a command answers where the database goes away, or was never made ready."""

import json
from typing import Any

from django.core.management.base import BaseCommand
from django.db import ProgrammingError
from django.utils.translation import gettext as _
from psycopg.errors import UndefinedColumn, UndefinedTable

from soredi.db.process import ServerFailed
from soredi.faults import DATABASE_ERRORS, first_line
from soredi.jobs import State


class JobCommand(BaseCommand):
    """A command whose JSON summary comes at any rate: with a database that does not answer, failed and exit 1.

    A job that was running then, and could not be ended, stays running in the database: a worker takes it over.
    """

    def execute(self, *args: Any, **options: Any) -> str | None:
        try:
            return super().execute(*args, **options)
        except (*DATABASE_ERRORS, ServerFailed) as error:
            if options.get("traceback"):
                raise
            message = _(
                "The database does not answer: %(error)s. If anything had begun, it goes on by itself when the "
                "database is back. Look there before you run this again."
            ) % {"error": first_line(error)}
            self.answer(json.dumps({"state": State.FAILED, "message": message}))
            raise SystemExit(1) from None
        except ProgrammingError as error:
            if options.get("traceback") or not isinstance(error.__cause__, UndefinedTable | UndefinedColumn):
                raise
            message = _(
                "The database is not made ready for this version. Run “manage.py migrate”, and then this again."
            )
            self.answer(json.dumps({"state": State.FAILED, "message": message}))
            raise SystemExit(1) from None

    def answer(self, summary: str) -> None:
        self.stdout.write(summary)
