"""One import run, from bytes to counts: the action of its job.

Everything happens in one transaction, so a run that fails, or waits for an administrator, leaves the data as before.
"""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import PurePath
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from locations.changes import close_door, open_door
from locations.models import ChangeSet
from locations.models.change import Source
from locations.totals import totals
from soredi.jobs import Failed, Phase, State
from soredi.sentences import Sentence, joined
from soredi.tabular import TabularError
from sorimport.columns import LOCATIONS, PAIRS
from sorimport.course import Course
from sorimport.download import fetched
from sorimport.fetch import digest, source_files
from sorimport.guards import (
    Older,
    Waits,
    newest,
    refuse_older,
    rows_of,
    source_of,
    too_few_rows,
    too_many_closures,
)
from sorimport.left_out import keep_problems, require_few_left_out
from sorimport.merge import (
    indexed_at_the_end,
    merge_catalogue,
    merge_locations,
    merge_units,
    plan_locations,
    plan_units,
    stage_units,
    tell_lives,
    tell_numbers,
    tell_units,
)
from sorimport.models import ImportRun
from sorimport.stage import Staged, stage
from sorimport.staged import staging
from sorimport.turn import take_turn

ANALYZE_FROM = 1000  # new rows; after fewer the planner's old figures will do until autovacuum comes by
EXAMPLES = 20  # problems shown in the summary; all are kept
_TOLD = ("units", "locations", "edi_links", "problems", "ignored_columns", "skipped_files")  # by the command
_NOTHING = {"new": 0, "changed": 0, "closed": 0, "unchanged": 0}


def run_import(run: ImportRun, *, on_wait: Callable[[int], None] = lambda _ahead: None) -> None:
    """Import the extract that `run` names. Sets the run's state, counts, problems, changes and change set.

    One import at a time: `on_wait` is told the number of each that goes before. Raises Failed, with file, line, what
    was found and what to do, where the files cannot be imported, and Refused where the extract is an old one.
    """
    course = Course(run)
    try:
        with fetched(run.paths, course.fetch) as paths:
            shown, run.sha256 = run.sha256, digest(paths)
            if shown:
                _require_what_was_shown(run, shown)
            with transaction.atomic():
                with course.wait():
                    take_turn(run, on_wait)
                if not ImportRun.objects.filter(pk=run.pk, state=State.RUNNING).exists():
                    return  # another, whose lock was lost but not its work, has ended it meanwhile
                course.enter(Phase.READING)
                with staging():
                    files = source_files(paths)
                    staged = stage(files, source=run.source, force=run.force, on_read=course.read)
                    _merge(run, staged, course)
                course.enter(Phase.FINISHING)
                run.state, run.finished_at = State.DONE, timezone.now()
                run.save()
            if _new_rows(run) > ANALYZE_FROM:
                _analyze()
            run.counts["seconds"] = course.end()
            run.finished_at = timezone.now()
            ImportRun.objects.filter(pk=run.pk).update(counts=run.counts, finished_at=run.finished_at)
    except TabularError as error:
        raise Failed(error.sentence()) from error
    except Older:
        ImportRun.objects.filter(pk=run.pk, state=State.RUNNING).update(
            counts={"older": True}, sha256=run.sha256
        )
        raise
    except Waits as question:
        ImportRun.objects.filter(pk=run.pk, state=State.RUNNING).update(
            state=State.WAITING, message=question.args[0], counts=run.counts, sha256=run.sha256
        )


def _require_what_was_shown(run: ImportRun, shown: str) -> None:
    """A run that waited goes on with the very files its counts were taken from, and over nothing newer."""
    if run.sha256 != shown:
        raise Failed(
            Sentence(
                "The files are not those any more that waited for an administrator's word. Start a new import."
            )
        )
    # A run without counts found its extract unchanged and imported nothing.
    if ImportRun.objects.filter(pk__gt=run.pk, state=State.DONE).exclude(counts={}).exists():
        raise Failed(
            Sentence(
                "A later extract has been imported since. Start a new import if this one is still right."
            )
        )


def _new_rows(run: ImportRun) -> int:
    return int(run.counts["units"]["new"] + run.counts["locations"]["new"])


def _analyze() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "ANALYZE locations_sorunit, locations_locationnumber, locations_locationversion, locations_assignment"
        )


def _merge(run: ImportRun, staged: Staged, course: Course, today: date | None = None) -> None:
    today = today or timezone.localdate()
    course.enter(Phase.CHECKING)
    keep_problems(run=run, staged=staged)
    merge_catalogue(run=run.pk, staged=staged)
    stage_units(staged=staged, today=today)
    days = newest(staged, today)
    refuse_older(run, staged, days)
    run.counts = _facts(staged, days)
    questions = too_few_rows(run, staged)

    course.enter(Phase.NUMBERS)
    locations = dict(_NOTHING) | {"edi_links": 0}
    if staged.has(LOCATIONS):
        locations = plan_locations(staged=staged, today=today)
        if not staged.has(PAIRS):
            locations["edi_links"] = 0  # those that were planned are of an earlier import
        questions += too_many_closures(
            run,
            locations,
            Sentence(
                "This extract would close %(closed)s of %(open)s open location numbers, more than %(limit)s %%."
            ),
        )
        questions += too_many_closures(
            run,
            locations | {"closed": locations["losing"]},
            Sentence(
                "This extract would take EDI types away from %(closed)s of %(open)s open location numbers, more than "
                "%(limit)s %%."
            ),
        )
    run.counts |= _summary(_NOTHING, locations) | {"changes": {}}
    _ask(questions)
    with indexed_at_the_end(staged):
        _write(run, staged, course, locations, today)
    run.counts["problems"] = run.problems.count()


def _write(run: ImportRun, staged: Staged, course: Course, locations: dict[str, int], today: date) -> None:
    yesterday = today - timedelta(days=1)
    if staged.has(LOCATIONS):
        run.counts["changes"] |= tell_numbers(run=run.pk, yesterday=yesterday)
        _write_locations(run, staged, locations, yesterday)

    course.enter(Phase.UNITS)
    units = plan_units(run=run.pk, staged=staged, today=today)
    run.counts |= _summary(units, locations)
    _ask(
        too_many_closures(
            run,
            units,
            Sentence("This extract would close %(closed)s of %(open)s open units, more than %(limit)s %%."),
        )
    )
    run.counts["changes"] |= tell_units(run=run.pk, yesterday=yesterday)
    merge_units(staged=staged, yesterday=yesterday)
    require_few_left_out(run=run, staged=staged)


def _facts(staged: Staged, days: dict[str, str]) -> dict[str, Any]:
    """What the run keeps about its files: rows by kind, bytes, the newest days, and what was left aside."""
    facts: dict[str, Any] = {
        "source": source_of(staged),
        "rows": rows_of(staged),
        "read": sum(staged.rows.values()),
        "bytes": staged.size,
        "newest": days,
    }
    if staged.ignored:
        facts["ignored_columns"] = staged.ignored
    if staged.skipped:
        facts["skipped_files"] = staged.skipped
    return facts


def _summary(units: dict[str, int], locations: dict[str, int]) -> dict[str, Any]:
    return {
        "units": {name: units[name] for name in _NOTHING},
        "locations": {name: locations[name] for name in _NOTHING},
        "edi_links": locations["edi_links"],
    }


def _ask(questions: list[Sentence]) -> None:
    """Stop here where an administrator has to say first that the extract is right."""
    if questions:
        raise Waits(
            joined(
                [
                    *questions,
                    Sentence("Nothing was changed. If that is right, run it again and accept the closures."),
                ]
            )
        )


def _write_locations(run: ImportRun, staged: Staged, locations: dict[str, int], yesterday: date) -> None:
    now = timezone.now()
    if locations["versions"]:
        run.change_set = ChangeSet.objects.create(
            source=Source.IMPORT,
            by=run.by,
            state=State.RUNNING,
            started_at=now,
            reason=_named(run, staged),
            counts={"new": locations["new"]},
        )
        open_door(run.change_set)
    tell_lives(
        run=run.pk,
        source=staged.files[LOCATIONS.name],
        change_set=run.change_set,
        now=now,
        yesterday=yesterday,
    )
    clashes = merge_locations(
        run=run.pk,
        file=staged.files[LOCATIONS.name],
        pairs_file=staged.files.get(PAIRS.name, ""),
        change_set=run.change_set,
        now=now,
        yesterday=yesterday,
    )
    if run.change_set:
        said_anew = locations["versions"] - locations["new"]
        run.change_set.counts |= totals(run.change_set, said_anew, in_force=True) | {"clashes": clashes}
        close_door(run.change_set, finished_at=now)


def _named(run: ImportRun, staged: Staged) -> str:
    """Sor_complete.zip, or LocationsCode.csv +5."""
    if len(run.paths) == 1 and run.paths[0].lower().endswith(".zip"):
        return PurePath(run.paths[0]).name
    first, *others = staged.files.values()
    return f"{first} +{len(others)}" if others else first


def summary(run: ImportRun) -> dict[str, Any]:
    """What the command prints: see the contract in README."""
    return {
        "run": run.pk,
        "state": run.state,
        "units": _NOTHING,
        "locations": _NOTHING,
        "edi_links": 0,
        "problems": 0,
        **{name: run.counts[name] for name in _TOLD if name in run.counts},
        "problem_examples": [
            {"file": p.file, "line": p.line, "code": p.code, "message": p.message()}
            for p in run.problems.all()[:EXAMPLES]
        ],
        "change_set": run.change_set_id,
        **({"message": str(run.message)} if run.message else {}),
    }
