import json
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from locations import changes
from massupdate import actions
from soredi.jobs import State
from soredi.management.acting import user_named
from soredi.management.answering import JobCommand


class Command(JobCommand):
    help = "Check a mass-update file (Loknr;EdiId) and plan it; with --apply carry it out."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--user", help="Act with the rights of this user; without it as administrator.")
        parser.add_argument("--sheet", default="", help="Of an Excel file; without it the first.")
        parser.add_argument("--apply", action="store_true", help="Carry the plan out if there are no errors.")
        parser.add_argument(
            "--accept-warnings", action="store_true", help="Carry it out in spite of warnings."
        )

    def handle(self, **options: Any) -> None:
        if not options["file"].is_file():
            raise CommandError(f"There is no file {options['file']}.", returncode=2)
        with options["file"].open("rb") as file:
            update = actions.hand_in(
                file=file, name=options["file"].name, by=user_named(options["user"]), sheet=options["sheet"]
            )
        update = update.run_here(actions.check_and_plan)
        held_back = update.counts.get("warnings") and not options["accept_warnings"]
        if options["apply"] and update.change_set:
            if held_back:
                self.stderr.write(
                    "Nothing was changed, because of the warnings. Look at them; then run this again with "
                    f"--accept-warnings, or: manage.py change_set apply {update.change_set.pk}"
                )
            else:
                update.change_set.run_here(changes.apply, applied_by=update.by)
        summary = actions.summary(update)
        self.stdout.write(json.dumps(summary))
        wanted = State.DONE if options["apply"] else State.DRAFT
        if summary["state"] != wanted:
            raise SystemExit(1)
