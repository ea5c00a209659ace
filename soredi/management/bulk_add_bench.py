"""Benchmarks of adding EDI types to 40,000 numbers: one type, and all that their systems are certified to receive.

Each turn adds the type that fewest of the numbers have, and all that was added is taken back in the end, so that a run
after a run measures the same.
"""

import statistics
from collections.abc import Iterator
from itertools import product
from typing import Any

from django.core.management.base import CommandError
from django.db import connection, transaction
from django.utils import timezone

from locations import changes
from locations.access import LocationNumberQuerySet
from locations.models import Approval, ApprovalList, ChangeSet, EdiType, LocationNumber, System, SystemMap
from soredi.jobs import State
from soredi.management.floors import MOVE, bare_tables, profile, row, timed, usable_numbers

TURNS = 3

# The EDI type that fewest of the usable numbers have.
_RAREST = """
SELECT t.id FROM locations_editype t LEFT JOIN (
    SELECT e, count(*) AS held FROM ({usable}) u JOIN locations_locationnumber l ON l.id = u.id, unnest(l.edi_types) e
    GROUP BY e
) had ON had.e = t.id
ORDER BY coalesce(had.held, 0), t.id LIMIT 1
"""

_FLOOR = """
INSERT INTO bare_version (location_id, change_set_id, base_id, applied_at, {columns})
SELECT l.id, 0, l.version_id, now(), {kept},
    ARRAY(SELECT DISTINCT t FROM unnest(l.edi_types || %(type)s::int) t ORDER BY t)
FROM bare_number l JOIN ({usable}) u ON u.id = l.id WHERE NOT l.edi_types @> ARRAY[%(type)s::int]
"""


def measured() -> Iterator[str]:
    """The floor is the UPDATE with its version rows in bare SQL; beside it the plan with its preview, and the apply."""
    locations = _usable()
    floors, plans, applies, done = [], [], [], []
    for _turn in range(TURNS):
        edi_type = _rarest()
        floors.append(_floor(edi_type))
        with timed() as clock:
            planned = changes.plan(locations=locations, by=None, add=[edi_type])
        plans.append(clock.seconds)
        with timed() as clock:
            done.append(planned.run_here(changes.apply))
        applies.append(clock.seconds)
        _expect(done[-1])
    floor = statistics.median(floors)
    fewest = min(change_set.counts["changed"] for change_set in done)
    changed = f"at least {fewest} of {done[-1].counts['chosen']} numbers changed"
    yield row("bulk add, plan and preview", floor, statistics.median(plans), f"target 3 s; {changed}")
    yield row("bulk add, apply", floor, statistics.median(applies), "target 1.5x")
    spent, counts = _add_certified(locations)
    warned = sum(one["numbers"] for one in counts["warnings"])
    remarks = f"target 3 s; {counts['added']} types added to {counts['changed']} numbers, {warned} warnings"
    yield row("add all certified, plan, warnings", floor, spent, remarks)
    for change_set in reversed(done):
        _expect(changes.plan_undo(change_set, by=None).run_here(changes.apply))


def _usable() -> LocationNumberQuerySet:
    with connection.cursor() as cursor:
        cursor.execute(usable_numbers())
        return LocationNumber.objects.filter(pk__in=[pk for pk, _gln, _place in cursor.fetchall()])


def _rarest() -> EdiType:
    with connection.cursor() as cursor:
        cursor.execute(_RAREST.format(usable=usable_numbers()))
        (key,) = cursor.fetchone()
    return EdiType.objects.get(pk=key)


def _floor(edi_type: EdiType) -> float:
    bare_tables()
    with connection.cursor() as cursor, timed() as clock:
        cursor.execute("BEGIN")
        cursor.execute(_FLOOR.format(usable=usable_numbers(), **profile()), {"type": edi_type.pk})
        cursor.execute(MOVE)
        cursor.execute("COMMIT")
    return clock.seconds


def _expect(change_set: ChangeSet) -> None:
    counts = change_set.counts
    if change_set.state != State.DONE or counts["changed"] < 0.7 * counts["chosen"]:
        raise CommandError(f"The bulk edit did not do what is measured: {change_set.state}, {counts}")


def _add_certified(locations: LocationNumberQuerySet) -> tuple[float, dict[str, Any]]:
    """Seconds and counts of a plan that is thrown away, as is what is certified for it."""
    with transaction.atomic():
        _certify_all_systems()
        with timed() as clock:
            planned = changes.plan(locations=locations, by=None, add_certified=True)
        transaction.set_rollback(True)
    return clock.seconds, planned.counts


def _certify_all_systems() -> None:
    """Nine of ten systems are certified to receive 30 types, the most that one is on MedCom's list of 2023."""
    approvals = ApprovalList.objects.create(name="bench", sha256="0" * 64, dated=timezone.localdate())
    types, systems = list(EdiType.objects.order_by("pk")[:30]), list(System.objects.all())
    Approval.objects.bulk_create(
        Approval(
            approval_list=approvals,
            row=place,
            system=system.code,
            message=str(edi_type),
            code=edi_type.code,
            version=edi_type.version,
            channel="receive",
            status="certified",
        )
        for place, (system, edi_type) in enumerate(product(systems, types), 2)
    )
    SystemMap.objects.bulk_create(
        SystemMap(system=system, medcom_system=system.code, accepted=True)
        for place, system in enumerate(systems)
        if place % 10
    )
    approvals.accepted_at = timezone.now()
    approvals.save()
