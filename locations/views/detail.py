"""One location number: what it is, where it belongs, what it can receive, what happened to it.

`?pr=2026-12-31` shows it as it was at the end of that day, `?format=csv` gives its history as a file.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.db.models import prefetch_related_objects
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from locations import deviations
from locations.as_of import end_of
from locations.certification import Answer, Mark, question
from locations.decisions import Decision, decisions_of
from locations.filters import FilterError
from locations.forms import DayField
from locations.history import Change, changes_of, life_of
from locations.kinds import by_kind
from locations.models import EdiType, LifeEvent, LocationNumber, SorUnit, Speciality
from locations.models.deviation import Field
from locations.statuses import open_on, status_on
from locations.tables import in_groups
from locations.views.contents import attachment
from locations.views.deviations import shown
from soredi.parameters import refused, takes
from soredi.spreadsheet import csv_chunks, guarded

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
@takes("pr", "format")
def detail(request: HttpRequest, gln: str) -> HttpResponseBase:
    """404 for a number that the user may not edit, as for one that does not exist."""
    location = get_object_or_404(
        LocationNumber.objects.editable_by(request.user).select_related(
            "unit__replaced_by", "region", "edi_administrator", "system", "vendor", "vans"
        ),
        gln=gln,
    )
    try:
        then = day_asked(request)
        if request.GET.get("format", "csv") != "csv":
            raise FilterError("format", _("Choose one of: %(choices)s.") % {"choices": "csv"})
    except FilterError as error:
        return refused(request, error.message, error.parameter)
    changes = changes_of(location, until=end_of(then) if then else None)
    if then:
        if not changes:
            return refused(request, _("The number was not known here on that day."), "pr")
        location = LocationNumber.objects.as_of(then).select_related("unit__replaced_by").get(gln=gln)
    decisions = decisions_of(location, until=end_of(then) if then else None)
    people = [by for by in (*(c.change_set.by for c in changes), *(d.by for d in decisions)) if by]
    prefetch_related_objects(people, "edi_administrators")
    if request.GET.get("format"):
        return attachment(csv_chunks(HEADERS, lines(changes)), f"{gln}-historik.csv")
    today = timezone.localdate()
    context = {
        "then": then,
        "today": today,
        "today_url": reverse("location", args=[gln]),
        "location": location,
        "gln": in_groups(location.gln),
        "status": status_on(location, then or today),
        **received(location, then or today),
        "history": entries(
            changes,
            [event for event in life_of(location) if then is None or event.at < end_of(then)],
            decisions,
        ),
        "assignments": location.assignments.select_related("unit").order_by("-period"),
        "deviations": [] if then else deviations_of(location),
        **place(location.unit),
    }
    return render(request, "locations/detail.html", context)


def received(location: LocationNumber, day: date) -> dict[str, Any]:
    """The EDI types by kind, each with its `mark`, and how many have which; `approvals` is the list
    that says so on `day`."""
    types = list(EdiType.objects.filter(pk__in=location.edi_types).order_by("standard", "code", "version"))
    found = question([(location.system_id, one.pk) for one in types], day=day)
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


def day_asked(request: HttpRequest) -> date | None:
    """The parameter `pr`. Raises FilterError for what is no day, or one that has not been yet."""
    try:
        day: date | None = DayField(required=False).clean(request.GET.get("pr", ""))
    except ValidationError as error:
        raise FilterError("pr", error.messages[0]) from None
    if day and day > timezone.localdate():
        raise FilterError("pr", _("The day has not been yet. Choose today or a day before."))
    return day


def entries(changes: list[Change], life: list[LifeEvent], decisions: list[Decision]) -> list[dict[str, Any]]:
    """Changes of the profile, what SOR did with the number, and decisions against SOR, newest first."""
    told: list[tuple[datetime, dict[str, Any]]] = [
        *((change.applied_at, {"change": change}) for change in changes if change.applied_at),
        *((event.at, {"event": event}) for event in life),
        *((one.at, {"decision": one}) for one in decisions),
    ]
    return [entry for _at, entry in sorted(told, key=lambda pair: pair[0], reverse=True)]


HEADERS = ("Tidspunkt", "Af", "EDI-administrator", "Kilde", "Ændring", "Felt", "Før", "Efter", "Årsag")


def lines(changes: list[Change]) -> Iterator[tuple[object, ...]]:
    """A line for each field that changed and each EDI type added or removed, newest change first."""
    for change in changes:
        it, at = change.change_set, change.applied_at
        by = it.by
        first = (
            localtime(at).strftime("%Y-%m-%d %H:%M:%S") if at else "",
            guarded(it.who) if by or it.inbox else "",
            guarded(str(by.acts_for if by else it.inbox or "")),
            it.get_source_display(),
            it.pk,
        )
        moved = [
            *((field.label, *field.texts) for field in change.fields),
            *((_("EDI type"), "", str(one)) for one in change.added),
            *((_("EDI type"), str(one), "") for one in change.removed),
        ]
        if change.is_first:
            moved.insert(0, (_("created"), "", ""))
        for label, before, after in moved:
            yield (*first, label, guarded(before), guarded(after), guarded(it.why))


def deviations_of(location: LocationNumber) -> list[dict[str, Any]]:
    """The rows of the page of deviations that are about `location`; no query where the pointers tell enough."""
    if location.sor_version_id in (None, location.version_id):
        return []
    asked = deviations.Asked(LocationNumber.objects.filter(pk=location.pk))
    return [shown(row) for row in deviations.rows(asked, 0, len(Field))]


def place(unit: SorUnit | None) -> dict[str, Any]:
    """Where a unit stands and who else uses its numbers; `users` are the first of `users_total`, all open today."""
    if unit is None:
        return {"path": [], "users": [], "users_total": 0, "specialities": []}
    inherit = SorUnit.objects.filter(number_holder=unit).exclude(pk=unit.pk)
    users = inherit.filter(open_on(timezone.localdate()))
    return {
        "path": list(SorUnit.objects.raw(_PATH, [unit.pk])),
        "users": users.order_by("name", "pk")[:USERS_SHOWN],
        "users_total": users.count(),
        "specialities": Speciality.objects.filter(pk__in=unit.specialities),
    }
