"""Phasing a version of an EDI type out: who has the old one, who may be moved to the new, and how many are left.

Numbers that are closed today are no part of it: nothing is sent to them. What a system is certified for is asked of
`locations.certification`; moving is a change set like any other.
"""

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.backends.postgresql.psycopg_any import mogrify
from django.db.models import Count, Q
from django.utils import timezone

from locations import changes
from locations.access import LocationNumberQuerySet
from locations.certification import Answer, list_in_force, question
from locations.exports import cell, gather
from locations.models import ApprovalList, ChangeSet, EdiAdministrator, EdiType, LocationNumber, System
from soredi.jobs import Refused
from soredi.models import User
from soredi.sentences import Sentence

WEEKS = 26
NOT_CHECKED = "unchecked"  # no list of approvals is loaded


@dataclass(frozen=True)
class Group:
    """Numbers with the old version that have one system and one EDI administrator."""

    system: System | None
    edi_administrator: EdiAdministrator | None
    answer: str  # an Answer, or NOT_CHECKED
    numbers: int
    both: int


@dataclass(frozen=True)
class Standing:
    """How it stands with a phase-out among the numbers that a user may edit."""

    old: EdiType
    new: EdiType
    has_old: int
    has_new: int
    both: int
    groups: list[Group]
    approvals: ApprovalList | None

    @property
    def answers(self) -> dict[str, tuple[int, int]]:
        """Answer → (numbers with the old one, how many of them have the new one too), certified first."""
        order = [*Answer.values, NOT_CHECKED]
        found = dict.fromkeys(order, (0, 0))
        for group in self.groups:
            numbers, both = found[group.answer]
            found[group.answer] = numbers + group.numbers, both + group.both
        return {answer: counts for answer, counts in found.items() if counts[0]}

    @property
    def ready(self) -> int:
        """Numbers whose system is certified for the new version."""
        return self.answers.get(Answer.CERTIFIED, (0, 0))[0]


@dataclass(frozen=True)
class Week:
    """How many had each version at the end of a week, or now in the week that has begun."""

    monday: date
    old: int
    new: int


def numbers_of(user: User) -> LocationNumberQuerySet:
    open_today: LocationNumberQuerySet = LocationNumber.objects.listed_for(user)
    return open_today.not_closed_on(timezone.localdate())


def standing(old: EdiType, new: EdiType, user: User) -> Standing:
    """Six queries, seven for who is no administrator; rows of (system, EDI administrator), never of numbers."""
    has_old, has_new = Q(edi_types__contains=[old.pk]), Q(edi_types__contains=[new.pk])
    rows = list(
        numbers_of(user)
        .order_by()
        .filter(edi_types__overlap=[old.pk, new.pk])
        .values_list("system", "edi_administrator")
        .annotate(
            old=Count("pk", filter=has_old),
            new=Count("pk", filter=has_new),
            both=Count("pk", filter=has_old & has_new),
        )
    )
    total_old, total_new, total_both = (sum(row[place] for row in rows) for place in (2, 3, 4))
    rows = [row for row in rows if row[2]]
    answers = answers_of([system for system, *_rest in rows], new)
    systems = System.objects.in_bulk({system for system, *_rest in rows if system})
    administrators = EdiAdministrator.objects.in_bulk({row[1] for row in rows if row[1]})
    groups = [
        Group(systems.get(system), administrators.get(administrator), answers[system], count, both)
        for system, administrator, count, _new, both in rows
    ]
    groups.sort(key=lambda g: (str(g.edi_administrator or ""), -g.numbers, str(g.system or "")))
    approvals = list_in_force(timezone.localdate())
    return Standing(old, new, total_old, total_new, total_both, groups, approvals)


def answers_of(systems: list[int | None], new: EdiType) -> dict[int | None, str]:
    """Each system's answer for `new` today; a number without a system is as one whose system is not mapped."""
    told = question([(system, new.pk) for system in systems], day=timezone.localdate())
    return {
        system: told[(system, new.pk)].answer.value if (system, new.pk) in told else NOT_CHECKED
        for system in systems
    }


def plan_move(old: EdiType, new: EdiType, *, by: User, reason: str) -> ChangeSet:
    """Plan that `new` takes the place of `old` where the system is certified for it; where nothing is loaded, nowhere.

    Raises Refused where no number is such.
    """
    numbers = numbers_of(by).receiving(old)
    systems = list(numbers.order_by().values_list("system", flat=True).distinct())
    certified = [
        key for key, answer in answers_of(systems, new).items() if answer == Answer.CERTIFIED and key
    ]
    if not certified:
        raise Refused(
            Sentence(
                "No location number can be moved: none has a system that is certified for %(new)s.", new=new
            )
        )
    return changes.plan(locations=numbers.filter(system__in=certified), by=by, reason=reason, swap=(old, new))


# In: the two types and a SELECT of primary keys. Out: for each week in which anything changed, how many more had each
# version at its end than at its beginning. A version's base is the one before it, so the differences add up: first
# versions count for what they have, the others for what they changed. All of one change set were applied in the same
# moment, so the calendar is asked of few moments and not of each version.
_MOVED = """
WITH moved AS MATERIALIZED (
    SELECT applied_at, sum(old) AS old, sum(new) AS new
    FROM (
        SELECT applied_at, (%(old)s = ANY (edi_types))::int AS old, (%(new)s = ANY (edi_types))::int AS new
        FROM locations_locationversion
        WHERE base_id IS NULL AND applied_at IS NOT NULL AND location_id IN ({chosen})
        UNION ALL
        SELECT v.applied_at, (%(old)s = ANY (v.edi_types))::int - (%(old)s = ANY (b.edi_types))::int,
            (%(new)s = ANY (v.edi_types))::int - (%(new)s = ANY (b.edi_types))::int
        FROM locations_locationversion v JOIN locations_locationversion b ON b.id = v.base_id
        WHERE v.applied_at IS NOT NULL AND v.edi_types <> b.edi_types AND v.location_id IN ({chosen})
    ) AS versions
    GROUP BY applied_at
)
SELECT date_trunc('week', applied_at AT TIME ZONE 'Europe/Copenhagen')::date, sum(old)::int, sum(new)::int
FROM moved WHERE old <> 0 OR new <> 0 GROUP BY 1 ORDER BY 1
"""


def weeks(old: EdiType, new: EdiType, user: User) -> list[Week]:
    """The last WEEKS weeks, or those since the numbers came here if they are fewer; the last is the present one."""
    chosen = mogrify(*_keys(numbers_of(user)), connection).replace("%", "%%")
    with connection.cursor() as cursor:
        cursor.execute(_MOVED.format(chosen=chosen), {"old": old.pk, "new": new.pk})
        moved = {monday: (more_old, more_new) for monday, more_old, more_new in cursor.fetchall()}
    if not moved:
        return []
    today = timezone.localdate()
    last = today - timedelta(days=today.weekday())
    monday, has_old, has_new, course = min(moved), 0, 0, []
    while monday <= last:
        more_old, more_new = moved.get(monday, (0, 0))
        has_old, has_new = has_old + more_old, has_new + more_new
        course.append(Week(monday, has_old, has_new))
        monday += timedelta(days=7)
    return course[-WEEKS:]


# Header → SQL, and whether it is text that somebody wrote.
_FILE: dict[str, tuple[str, bool]] = {
    "Lokationsnummer": ("l.gln", False),
    "Enhed": ("u.name", True),
    "System kode": ("s.code", True),
    "System": ("s.name", True),
    "EDI-administrator kode": ("a.code", True),
    "EDI-administrator": ("a.name", True),
    "Systemets godkendelse": ("told.answer", False),
    "Har den nye": ("CASE WHEN %s = ANY (l.edi_types) THEN 'ja' ELSE 'nej' END", False),
}
# In: the new type, systems and their answers in words, and a SELECT of primary keys. Out: a row a number.
_LINES = f"""
SELECT {", ".join(cell(sql, text) for sql, text in _FILE.values())}
FROM locations_locationnumber l
JOIN unnest(%s::bigint[], %s::text[]) told (system, answer) ON told.system = coalesce(l.system_id, 0)
LEFT JOIN locations_sorunit u ON u.id = l.unit_id
LEFT JOIN locations_system s ON s.id = l.system_id
LEFT JOIN locations_ediadministrator a ON a.id = l.edi_administrator_id
WHERE l.id IN ({{chosen}}) ORDER BY l.gln
"""


def rest_as_csv(old: EdiType, new: EdiType, user: User, words: dict[str, str]) -> Iterator[bytes]:
    """The numbers that cannot be moved yet, with their EDI administrators; `words` for the answers. One COPY."""
    numbers = numbers_of(user).receiving(old)
    systems = list(numbers.order_by().values_list("system", flat=True).distinct())
    rest = {
        key: words[answer] for key, answer in answers_of(systems, new).items() if answer != Answer.CERTIFIED
    }
    chosen, params = _keys(numbers)
    values = [new.pk, [key or 0 for key in rest], list(rest.values()), *params]
    filled = mogrify(_LINES.format(chosen=chosen), values, connection)
    return gather(";".join(_FILE), _lines(filled))


def _lines(statement: str) -> Generator[bytes, None, None]:
    """COPY sends one message a row, ended by LF."""
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY ({statement}) TO STDOUT (FORMAT csv, DELIMITER ';')") as copy,
    ):
        for row in copy:
            yield bytes(row[:-1]) + b"\r\n"


def _keys(numbers: LocationNumberQuerySet) -> tuple[str, tuple[Any, ...]]:
    try:
        return numbers.order_by().values("pk").query.sql_with_params()
    except EmptyResultSet:  # Django knows without asking
        return "SELECT id FROM locations_locationnumber WHERE false", ()
