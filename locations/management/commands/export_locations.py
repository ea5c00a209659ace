"""`manage.py export_locations`: the file on stdout, a JSON summary as the last line of stderr."""

import argparse
import json
import os
import sys
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.management.base import CommandError

from locations.exports import Export, TooManyRows
from locations.filters import FORMATS, FilterError, LocationFilter
from soredi.management.acting import user_named
from soredi.management.answering import JobCommand


class Command(JobCommand):
    """Exit 0 done, 1 refused, 2 for an unknown user, parameter or value; nothing on stdout unless done."""

    help = "Write location numbers as a file to stdout."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--format", choices=FORMATS, default="csv")
        parser.add_argument("--user", help="Only what this user may edit; without it as administrator.")
        parser.add_argument(
            "--query", default="", help="As in the address of the list, such as 'vans=…&edi_type=…'."
        )

    def handle(self, **options: Any) -> None:
        try:
            found = LocationFilter.for_query(options["query"], user_named(options["user"]))
            export = Export(found, options["format"])
        except FilterError as error:
            raise CommandError(str(error), returncode=2) from None
        except (PermissionDenied, TooManyRows) as refusal:
            self.stderr.write(str(refusal))
            self._summarise(0, 0, options["format"])
            raise SystemExit(1) from None
        try:
            for chunk in export:
                sys.stdout.buffer.write(chunk)
            sys.stdout.buffer.flush()
        except BrokenPipeError:  # the reader has had enough, as in `… | head`
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise SystemExit(1) from None
        self._summarise(export.locations, export.rows, export.format)

    def _summarise(self, locations: int, rows: int, form: str) -> None:
        self.answer(json.dumps({"locations": locations, "rows": rows, "format": form}))

    def answer(self, summary: str) -> None:
        self.stderr.style_func = None  # no colours in what scripts read
        self.stderr.write(summary)
