import json
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from locations.approvals import actions
from soredi.jobs import Refused
from soredi.management.acting import user_named
from soredi.management.answering import JobCommand
from soredi.tabular import TabularError


class Command(JobCommand):
    help = "Load MedCom's sheet of approved systems (xlsx or CSV) as the list in force from its date."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--date", type=date.fromisoformat, metavar="YYYY-MM-DD", help="of the list; today without it"
        )
        parser.add_argument("--user", help="Accept it as this user; without it as administrator.")
        parser.add_argument(
            "--accept-losses",
            action="store_true",
            help="Accept that systems lose approvals which the list before it gives them.",
        )

    def handle(self, **options: Any) -> None:
        file, today = options["file"], timezone.localdate()
        if not file.is_file():
            raise CommandError(f"There is no file {file}.", returncode=2)
        dated, by = options["date"] or today, user_named(options["user"])
        if dated > today:
            raise CommandError(f"{dated} is in the future.", returncode=2)
        if by and not by.is_administrator:
            raise CommandError(f"{by} is no administrator.", returncode=2)
        summary: dict[str, Any] = {"list": None, **dict.fromkeys(actions.SUMMARY, 0)}
        try:
            approvals = actions.hand_in(file=file.read_bytes(), name=file.name, dated=dated, by=by)
            summary = actions.summary(approvals)
            if not approvals.accepted_at:
                actions.accept(approvals, by=by, ticked=None if options["accept_losses"] else ())
        except (Refused, TabularError) as error:
            message = str(error)
            if isinstance(error, Refused) and summary["list"]:
                message += f" /stamdata/certificering/{summary['list']}/"
            self.stderr.write(message)
            self.answer(json.dumps({**summary, "message": message}, ensure_ascii=False))
            raise SystemExit(1) from None
        self.answer(json.dumps(summary))
