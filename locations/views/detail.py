"""One location number: what it is, where it belongs, what it can receive, what happened to it."""

from collections import Counter
from datetime import datetime
from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import prefetch_related_objects
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from locations import deviations
from locations.certification import Answer, Mark, question
from locations.history import Change, changes_of, life_of
from locations.kinds import by_kind
from locations.models import EdiType, LifeEvent, LocationNumber, SorUnit, Speciality
from locations.models.deviation import Field
from locations.statuses import status_on
from locations.tables import in_groups
from locations.views.deviations import shown

USERS_SHOWN = 200

# In: a unit's key. Out: the unit and all above it, the owner first. Primary keys only.
_PATH = """
WITH RECURSIVE above AS (
    SELECT u.*, 0 AS height FROM locations_sorunit u WHERE u.id = %s
    UNION ALL
    SELECT p.*, a.height + 1 FROM above a JOIN locations_sorunit p ON p.id = a.parent_id
)
SELECT * FROM above ORDER BY height DESC
"""


@login_required
@require_safe
def detail(request: HttpRequest, gln: str) -> HttpResponse:
    """404 for a number that the user may not edit, as for one that does not exist."""
    location = get_object_or_404(
        LocationNumber.objects.editable_by(request.user).select_related(
            "unit__replaced_by", "region", "edi_administrator", "system", "vendor", "vans"
        ),
        gln=gln,
    )
    changes = changes_of(location)
    people = [change.change_set.by for change in changes if change.change_set.by]
    prefetch_related_objects(people, "edi_administrators")
    context = {
        "location": location,
        "gln": in_groups(location.gln),
        "status": status_on(location, timezone.localdate()),
        **received(location),
        "history": entries(changes, life_of(location)),
        "assignments": location.assignments.select_related("unit").order_by("-period"),
        "deviations": deviations_of(location),
        **place(location.unit),
    }
    return render(request, "locations/detail.html", context)


def received(location: LocationNumber) -> dict[str, Any]:
    """The EDI types by kind, each with its `mark`, and how many have which; `approvals` is the list that says so."""
    types = list(EdiType.objects.filter(pk__in=location.edi_types).order_by("standard", "code", "version"))
    found = question([(location.system_id, one.pk) for one in types], day=timezone.localdate())
    marks: Counter[Mark] = Counter()
    for one in types:
        basis = found.get((location.system_id, one.pk))
        one.mark = Mark.of(basis.answer if basis else None)  # type: ignore[attr-defined]
        marks[one.mark] += 1  # type: ignore[attr-defined]
    return {
        "kinds": by_kind(types),
        "marks": [(mark, marks[mark]) for mark in Mark if marks[mark]],
        "approvals": next((basis.approval_list for basis in found.values()), None),
        "unmapped": any(basis.answer == Answer.UNMAPPED for basis in found.values()),
    }


def entries(changes: list[Change], life: list[LifeEvent]) -> list[dict[str, Any]]:
    """Changes of the profile and what SOR did with the number, newest first."""
    told: list[tuple[datetime, dict[str, Any]]] = [
        *(
            (change.applied_at, {"change": change, "fields": [(f.label, *f.texts) for f in change.fields]})
            for change in changes
            if change.applied_at
        ),
        *((event.at, {"event": event}) for event in life),
    ]
    return [entry for _at, entry in sorted(told, key=lambda pair: pair[0], reverse=True)]


def deviations_of(location: LocationNumber) -> list[dict[str, Any]]:
    """The rows of the page of deviations that are about `location`; no query where the pointers tell enough."""
    if location.sor_version_id in (None, location.version_id):
        return []
    asked = deviations.Asked(LocationNumber.objects.filter(pk=location.pk))
    return [shown(row) for row in deviations.rows(asked, 0, len(Field))]


def place(unit: SorUnit | None) -> dict[str, Any]:
    """Where a unit stands and who else uses its numbers; `users` are the first of `users_total`."""
    if unit is None:
        return {"path": [], "users": [], "users_total": 0, "specialities": []}
    users = SorUnit.objects.filter(number_holder=unit).exclude(pk=unit.pk)
    return {
        "path": list(SorUnit.objects.raw(_PATH, [unit.pk])),
        "users": users.order_by("name", "pk")[:USERS_SHOWN],
        "users_total": users.count(),
        "specialities": Speciality.objects.filter(pk__in=unit.specialities),
    }
