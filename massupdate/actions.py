"""Hand in a file, check and plan it. Applying and undoing are the change set's."""

import hashlib
import os
import secrets
from pathlib import Path
from typing import IO, Any

from django.core.files import File
from django.db import transaction
from django.utils import timezone

from locations import changes
from locations.models import EdiAdministrator
from massupdate.check import check
from massupdate.models import Finding, MassUpdate
from massupdate.read import fits, read
from soredi.jobs import Phase, State
from soredi.models import User
from soredi.sentences import Sentence, counted
from soredi.tabular import CHUNK, TabularError

SHOWN = 1000  # findings of each sort in a summary; all of them are kept


def hand_in(
    *,
    file: IO[bytes],
    name: str,
    by: User | None,
    reason: str = "",
    sheet: str = "",
    edi_administrator: EdiAdministrator | None = None,
    claimed_as: str = "",
) -> MassUpdate:
    """Keep the file as it was handed in, with its size and hash; returns the draft job that will check it.

    Of a file that is too large only the size is kept, and the check will say so.
    """
    update = MassUpdate(
        name=Path(name).name[:255],
        by=by,
        reason=reason.strip(),
        sheet=sheet.strip()[:255],
        edi_administrator=edi_administrator,
        claimed_as=claimed_as,
        size=file.seek(0, os.SEEK_END),
    )
    if fits(update.size):
        file.seek(0)
        sha256 = hashlib.sha256()
        while chunk := file.read(CHUNK):
            sha256.update(chunk)
        file.seek(0)
        update.sha256 = sha256.hexdigest()
        _keep(update, file)
    update.save()
    return update


def _keep(update: MassUpdate, file: IO[bytes]) -> None:
    """Store the file under a name that nobody else has, or nothing of it where the disk is full."""
    suffix = ".xlsx" if Path(update.name).suffix.lower() == ".xlsx" else ".csv"
    kept_as = update.file.field.generate_filename(
        update, f"{update.sha256[:16]}-{secrets.token_hex(4)}{suffix}"
    )
    storage = update.file.storage
    try:
        update.file.name = storage.save(kept_as, File(file))
    except OSError:
        Path(storage.path(kept_as)).unlink(missing_ok=True)
        raise


def check_and_plan(update: MassUpdate) -> None:
    """The action of the job: done with a draft change set, or refused with at least one error by line."""
    with transaction.atomic():
        try:
            loaded = read(
                Path(update.file.path) if update.file else None,
                name=update.name,
                size=update.size,
                sheet=update.sheet,
                on_read=lambda done, _lines: update.report(Phase.READING, done, update.size),
            )
        except TabularError as error:
            Finding.objects.create(
                mass_update=update,
                is_error=True,
                line=error.line,
                code=_code(error),
                value=error.message.args.get("found", ""),
                detail=error.message,
            )
            _finish(update, State.REFUSED, error.message, {"locations": 0, "errors": 1, "warnings": 0})
            return
        Finding.objects.bulk_create(
            Finding(mass_update=update, is_error=True, line=row.line, code="wrong_columns", value=row.value)
            for row in loaded.bad
        )
        update.report(Phase.CHECKING)
        found = check(update=update.pk, editable=update.editable(), today=timezone.localdate())
        ignored = [name for name in loaded.ignored if name]
        counts = {**found, "lines": loaded.rows + len(loaded.bad), "ignored": ignored}
        if found["errors"]:
            message = counted(
                "The file has %(count)s error. Nothing was changed.",
                "The file has %(count)s errors. Nothing was changed.",
                count=found["errors"],
            )
            _finish(update, State.REFUSED, message, counts)
            return
        update.report(Phase.PLANNING)
        update.change_set = changes.plan_sets(
            by=update.by, inbox=update.edi_administrator, reason=update.reason or update.name
        )
        _finish(update, State.DONE, "", counts)


def _code(error: TabularError) -> str:
    """Of the contract: unreadable rows beyond the limit are, like each of them, a matter of columns."""
    return "wrong_columns" if error.code == "too_many_bad_rows" else error.code


def _finish(update: MassUpdate, state: str, message: Sentence | str, counts: dict[str, Any]) -> None:
    update.state, update.message, update.counts = state, message, counts
    update.finished_at = timezone.now()
    update.save()


def summary(update: MassUpdate) -> dict[str, Any]:
    """What the command prints: see the contract in README."""
    change_set = update.change_set
    if change_set:
        change_set.refresh_from_db()
    planned = change_set.counts if change_set else {}
    return {
        "change_set": change_set.pk if change_set else None,
        "state": change_set.state if change_set else update.state,
        "locations": update.counts.get("locations", 0),
        "changed": planned.get("changed", 0),
        "added": planned.get("added", 0),
        "removed": planned.get("removed", 0),
        "errors": _findings(update, is_error=True),
        "warnings": _findings(update, is_error=False),
        **(
            {"message": str(message)}
            if (message := change_set.message if change_set else update.message)
            else {}
        ),
    }


def _findings(update: MassUpdate, *, is_error: bool) -> list[dict[str, Any]]:
    return [
        {"line": f.line, "code": f.code, "value": f.value, "message": f.message()}
        for f in update.findings.filter(is_error=is_error)[:SHOWN]
    ]
