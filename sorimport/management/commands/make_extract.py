"""`manage.py make_extract DIR`: a synthetic SOR2 extract for demonstration, tests and benchmarks."""

from __future__ import annotations

import argparse
import datetime
import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from sorimport.synthetic import make_extract
from sorimport.synthetic.extract import LOCATIONS, SEED, TODAY, UNITS


class Command(BaseCommand):
    """Writes Sor_complete.zip and SorEntity_daily.csv to DIR; the last line of output is a JSON summary."""

    help = "Write a synthetic SOR2 extract (Sor_complete.zip and SorEntity_daily.csv) to a folder."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("directory", metavar="DIR", help="folder to write to; made when missing")
        parser.add_argument("--locations", type=int, default=LOCATIONS, metavar="N", help="location numbers")
        parser.add_argument("--units", type=int, default=UNITS, metavar="N", help="SOR units")
        parser.add_argument(
            "--seed", type=int, default=SEED, metavar="S", help="another seed, another country"
        )
        parser.add_argument(
            "--history-rows",
            type=int,
            metavar="N",
            help="earlier rows in SOREntity.csv; 0.3 per unit unless given",
        )
        parser.add_argument(
            "--today",
            type=datetime.date.fromisoformat,
            default=TODAY,
            metavar="YYYY-MM-DD",
            help="day of the extract",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            summary = make_extract(
                options["directory"],
                locations=options["locations"],
                units=options["units"],
                seed=options["seed"],
                history_rows=options["history_rows"],
                today=options["today"],
            )
        except ValueError as error:
            raise CommandError(
                _("No extract was made: %(reason)s") % {"reason": error}, returncode=2
            ) from error
        self.stdout.write(json.dumps(summary))
