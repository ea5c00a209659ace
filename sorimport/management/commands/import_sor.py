import json
from functools import partial
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _

from soredi.jobs import State
from soredi.management.answering import JobCommand
from sorimport import actions
from sorimport.models import ImportRun, Origin


class Command(JobCommand):
    help = (
        "Import a SOR extract: Sor_complete.zip, a folder with its files, single files, or addresses of them."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("paths", nargs="+", metavar="PATH_OR_URL")
        parser.add_argument("--source", choices=["auto", "sor2", "daily", "legacy", "xml"], default="auto")
        parser.add_argument(
            "--accept-closures", action="store_true", help="Close more than 5 %% of the numbers."
        )
        parser.add_argument(
            "--force", action="store_true", help="Go on past the limit of bad rows, and over a newer extract."
        )

    def handle(self, **options: Any) -> None:
        run = ImportRun.objects.create(
            paths=[p if "://" in p else str(Path(p).absolute()) for p in options["paths"]],
            source=options["source"],
            origin=Origin.COMMAND,
            accept_closures=options["accept_closures"],
            force=options["force"],
        )
        run = run.run_here(partial(actions.run_import, on_wait=self.tell_wait))
        self.stdout.write(json.dumps(actions.summary(run)))
        if run.state != State.DONE:
            raise SystemExit(1)

    def tell_wait(self, ahead: int) -> None:
        self.stderr.write(_("Waits for import %(number)s") % {"number": ahead})
