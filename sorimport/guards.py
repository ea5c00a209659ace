"""What keeps a wrong extract out: it is older than the last one, far smaller, or would close too much.

An older one is refused, until an administrator says why it is imported all the same. A smaller one, and one that
closes, waits for an administrator, who may know better.
"""

from datetime import date

from django.db import connection

from soredi.jobs import Refused, State
from soredi.sentences import Sentence
from sorimport.columns import LOCATIONS, PAIRS, UNITS
from sorimport.models import ImportRun
from sorimport.stage import Staged

CLOSING_LIMIT = 0.05  # of the numbers, and of the units, open before the run
ROWS_LIMIT = 0.5  # of the rows that the last run of the same kind had

# The newest day, not to come, as ISO text, that the numbers speak of, on which a unit began, and on which one was last
# changed in SOR.
_NEWEST = """
SELECT (SELECT max(day) FROM (
            SELECT CASE WHEN said LIKE '____-__-__%%' THEN left(said, 10) ELSE sor_date(said)::text END
            FROM raw_locations, LATERAL (VALUES (from_date), (updated_at)) AS v (said)
        ) AS v (day) WHERE day COLLATE "C" <= %(today)s::text),
    max(begun) FILTER (WHERE begun <= %(today)s::text), max(updated) FILTER (WHERE updated <= %(today)s::text)
FROM read_unit
"""
UPDATED = "units_updated"  # beside the kinds of files; only ever compared with itself


class Waits(Exception):
    """The run needs an administrator's word, for what its argument, a Sentence, tells; everything is rolled back."""


class Older(Refused):
    """The extract is older than the last one. An administrator may have the run go on, from its page."""


def source_of(staged: Staged) -> str:
    """sor2, daily, legacy or xml."""
    only_daily = staged.has(UNITS) and not staged.complete_units and not staged.has(LOCATIONS)
    return "daily" if only_daily else staged.found


def rows_of(staged: Staged) -> dict[str, int]:
    """How many rows each kind of file has that holds everything there is; a daily file does not."""
    return {
        kind.name: staged.rows[kind.name]
        for kind in (LOCATIONS, PAIRS, UNITS)
        if staged.has(kind) and (kind != UNITS or staged.complete_units)
    }


def newest(staged: Staged, today: date) -> dict[str, str]:
    """The newest day, as ISO text, of the numbers and of the units. After `stage_units`.

    Of units it is UPDATED, where their file says when each was changed; else, of a complete list, when the latest
    began.
    """
    with connection.cursor() as cursor:
        cursor.execute(_NEWEST, {"today": today})
        numbers, begun, updated = cursor.fetchone()
    days = {LOCATIONS.name: numbers, UNITS.name: None if updated else begun}
    days = {kind: day for kind, day in days.items() if day and kind in rows_of(staged)}
    return days | ({UPDATED: updated} if updated else {})


def refuse_older(run: ImportRun, staged: Staged, days: dict[str, str]) -> None:
    """Raise Older where numbers or units end earlier than in the last import that had them, unless it is forced."""
    if run.force or run.forced_by_id:
        return
    for kind, day in days.items():
        last = _last_with("newest", kind)
        if last and day < last.counts["newest"][kind]:
            raise Older(
                Sentence(
                    "%(file)s is older than what was imported last: its newest date is %(day)s, in import %(last)s "
                    "it was %(then)s. Give the newest extract. To import this one all the same, an administrator "
                    "says why on the page of the import, or runs the command import_sor with --force.",
                    file=staged.files[UNITS.name if kind == UPDATED else kind],
                    day=day,
                    last=str(last.pk),
                    then=last.counts["newest"][kind],
                )
            )


def too_few_rows(run: ImportRun, staged: Staged) -> list[Sentence]:
    """A question about each file with less than ROWS_LIMIT of the rows that the same source had last time."""
    questions = []
    for kind, rows in rows_of(staged).items():
        last = _last_with("rows", kind, counts__source=source_of(staged))
        if last and rows < ROWS_LIMIT * last.counts["rows"][kind] and not run.accept_closures:
            questions.append(
                Sentence(
                    "%(file)s has %(rows)s rows; in import %(last)s there were %(then)s. It may have been cut off.",
                    file=staged.files[kind],
                    rows=rows,
                    last=str(last.pk),
                    then=last.counts["rows"][kind],
                )
            )
    return questions


def too_many_closures(run: ImportRun, counts: dict[str, int], question: Sentence) -> list[Sentence]:
    """`question` with its figures where a file that reads well does not hold any more what it held."""
    closed, open_before = counts["closed"], counts["open"]
    if closed <= CLOSING_LIMIT * open_before or run.accept_closures:
        return []
    return [Sentence(question.text, closed=closed, open=open_before, limit=round(CLOSING_LIMIT * 100))]


def _last_with(figure: str, kind: str, **also: str) -> ImportRun | None:
    done = ImportRun.objects.filter(state=State.DONE, **{f"counts__{figure}__has_key": kind}, **also)
    return done.order_by("-finished_at", "-pk").first()
