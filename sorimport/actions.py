"""One import run, from bytes to counts: the action of its job.

Everything happens in one transaction, so a run that fails, or waits for an administrator, leaves the data as before.
"""

from datetime import date, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from locations.changes import close_door, open_door
from locations.models import ChangeSet
from locations.models.change import Source
from soredi.jobs import Failed, Phase, State
from soredi.tabular import TabularError
from sorimport.columns import EDI_TYPES, LOCATIONS, PAIRS, UNITS
from sorimport.download import fetched
from sorimport.fetch import digest, source_files
from sorimport.merge import merge_catalogue, merge_locations, merge_units, plan_locations, stage_units
from sorimport.models import ImportRun, Problem
from sorimport.stage import Staged, stage

CLOSING_LIMIT = 0.05  # of the numbers, and of the units, open before the run; more of them wait for a person
ANALYZE_FROM = 1000  # new rows; after fewer the planner's old figures will do until autovacuum comes by
EXAMPLES = 20  # problems shown in the summary; all are kept
_NOTHING = {"new": 0, "changed": 0, "closed": 0, "unchanged": 0}


class Waits(Exception):
    """The run needs an administrator's word; everything is rolled back."""


def run_import(run: ImportRun) -> None:
    """Import the extract that `run` names. Sets the run's state, counts, problems and change set.

    Raises Failed, with file, line, what was found and what to do, where the files cannot be imported.
    """
    try:
        with fetched(run.paths) as paths:
            shown, run.sha256 = run.sha256, digest(paths)
            if shown:
                _require_what_was_shown(run, shown)
            with transaction.atomic():
                _wait_for_others()
                files = source_files(paths)
                staged = stage(
                    files,
                    daily=run.source == "daily",
                    force=run.force,
                    on_read=lambda done, total: run.report(Phase.READING, done, total),
                )
                _merge(run, staged)
                run.state, run.finished_at = State.DONE, timezone.now()
                run.save()
            if _new_rows(run) > ANALYZE_FROM:
                _analyze()
    except TabularError as error:
        raise Failed(str(error)) from error
    except Waits as question:
        ImportRun.objects.filter(pk=run.pk, state=State.RUNNING).update(
            state=State.WAITING, message=str(question), counts=run.counts, sha256=run.sha256
        )


def _require_what_was_shown(run: ImportRun, shown: str) -> None:
    """A run that waited goes on with the very files its counts were taken from, and over nothing newer."""
    if run.sha256 != shown:
        raise Failed(
            _("The files are not those any more that waited for an administrator's word. Start a new import.")
        )
    if ImportRun.objects.filter(pk__gt=run.pk, state=State.DONE).exists():
        raise Failed(
            _("A later extract has been imported since. Start a new import if this one is still right.")
        )


def _new_rows(run: ImportRun) -> int:
    return int(run.counts["units"]["new"] + run.counts["locations"]["new"])


def _analyze() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "ANALYZE locations_sorunit, locations_locationnumber, locations_locationversion, locations_assignment"
        )


def _wait_for_others() -> None:
    """One import at a time: the second starts from what the first left. Let go with the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('sorimport.run_import'))")


def _merge(run: ImportRun, staged: Staged, today: date | None = None) -> None:
    today = today or timezone.localdate()
    yesterday = today - timedelta(days=1)
    Problem.objects.bulk_create(
        Problem(run=run, file=file, line=row.line, code=row.code, value=row.value) for file, row in staged.bad
    )
    run.report(Phase.CHECKING)
    merge_catalogue(run=run.pk, file=staged.files.get(EDI_TYPES.name, ""))
    stage_units(today=today)
    locations = dict(_NOTHING) | {"edi_links": 0}
    if staged.has(LOCATIONS):
        run.report(Phase.PLANNING)
        locations = plan_locations(has_pairs=staged.has(PAIRS), today=today)
        run.counts = _summary(_NOTHING, locations)
        _ask_about_closures(run, locations, _("location numbers"))
        _write_locations(run, staged, locations, yesterday)
    run.report(Phase.WRITING)
    units = merge_units(
        run=run.pk,
        file=staged.files.get(UNITS.name, ""),
        complete=staged.complete_units,
        today=today,
        yesterday=yesterday,
    )
    run.counts = _summary(units, locations)
    _ask_about_closures(run, units, _("units"))
    if staged.ignored:
        run.counts["ignored_columns"] = staged.ignored
    if staged.skipped:
        run.counts["skipped_files"] = staged.skipped
    run.counts["problems"] = run.problems.count()


def _summary(units: dict[str, int], locations: dict[str, int]) -> dict[str, Any]:
    return {
        "units": {name: units[name] for name in _NOTHING},
        "locations": {name: locations[name] for name in _NOTHING},
        "edi_links": locations["edi_links"],
    }


def _ask_about_closures(run: ImportRun, counts: dict[str, int], of_what: str) -> None:
    """A file that was cut off between two rows reads well; what it does not hold any more must not be closed unseen."""
    closed, open_before = counts["closed"], counts["open"]
    if closed > CLOSING_LIMIT * open_before and not run.accept_closures:
        raise Waits(
            _(
                "This extract would close %(closed)s of %(open)s open %(what)s, more than %(limit)s %%. "
                "Nothing was changed. If that is right, run it again and accept the closures."
            )
            % {"closed": closed, "open": open_before, "what": of_what, "limit": round(CLOSING_LIMIT * 100)}
        )


def _write_locations(run: ImportRun, staged: Staged, locations: dict[str, int], yesterday: date) -> None:
    now = timezone.now()
    if locations["versions"]:
        run.change_set = ChangeSet.objects.create(
            source=Source.IMPORT,
            by=run.by,
            state=State.RUNNING,
            started_at=now,
            reason=_("SOR extract %(files)s") % {"files": ", ".join(staged.files.values())},
            counts={"chosen": locations["versions"], "new": locations["new"]},
        )
        open_door(run.change_set)
    merge_locations(
        run=run.pk,
        file=staged.files[LOCATIONS.name],
        pairs_file=staged.files.get(PAIRS.name, ""),
        change_set=run.change_set,
        now=now,
        yesterday=yesterday,
    )
    if run.change_set:
        close_door(run.change_set, finished_at=now)


def summary(run: ImportRun) -> dict[str, Any]:
    """What the command prints: see the contract in README."""
    return {
        "run": run.pk,
        "state": run.state,
        "units": _NOTHING,
        "locations": _NOTHING,
        "edi_links": 0,
        "problems": 0,
        **run.counts,
        "problem_examples": [
            {"file": p.file, "line": p.line, "code": p.code, "message": p.message()}
            for p in run.problems.all()[:EXAMPLES]
        ],
        "change_set": run.change_set_id,
        **({"message": run.message} if run.message else {}),
    }
