"""`/lokationsnumre/ret/`: the same change for the numbers that were ticked, or for all that a search finds.

The choice stands in the address (or in a form that is posted): `omfang=valgte&valgt=<gln>&valgt=…`, or
`omfang=alle&soegning=<query of the list>`. With `soegning` the way back leads to where one came from; a single number
without it is edited from its own page.
"""

from dataclasses import dataclass
from itertools import groupby
from typing import Any, cast
from urllib.parse import quote

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.db.models import Count, F, Func, IntegerField
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from locations import changes
from locations.access import LocationNumberQuerySet
from locations.editing import NOTE_BEFORE, EditForm, on_vendor
from locations.filters import FilterError, LocationFilter
from locations.models import ChangeSet, EdiType, LocationNumber, System
from locations.models.change import Source
from locations.models.location import Status
from locations.stale import moved_since
from locations.statuses import STATUS
from locations.tables import in_groups
from locations.views import undoing
from locations.views.changes import PLANNED_AGAIN, controlled
from soredi.jobs import Refused, State
from soredi.models import User
from soredi.parameters import refused, takes

SHOWN = 5  # numbers named on the page
MORE = ("only_internal", "inactive", "edi_administrator", "note", "clear_note")  # seldom changed


class Unnest(Func):
    function = "unnest"
    set_returning = True
    output_field = IntegerField()


@dataclass(frozen=True)
class TypeChoice:
    """An EDI type to tick; `held_by` of the chosen numbers have it."""

    row: EdiType
    held_by: int
    ticked: bool


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest) -> HttpResponse:
    """Step 1: what shall change. Posted with operations it plans them and leads to the preview."""
    asked = request.POST if request.method == "POST" else request.GET
    try:
        locations = chosen(asked, cast(User, request.user))
    except FilterError as error:
        return refused(request, error.message, error.parameter)
    day, nothing = timezone.localdate(), False
    counts = locations.order_by().aggregate(
        total=Count("pk"),
        closed=Count("pk", filter=STATUS[Status.CLOSED](day)),
        inactive=Count("pk", filter=STATUS[Status.INACTIVE](day)),
    )
    back = way_back(asked)
    if not counts["total"]:
        messages.info(request, _("Tick the location numbers that you want to change."))
        return redirect(back)
    first = list(locations.select_related("unit", "vans", "system", "vendor", "edi_administrator")[:SHOWN])
    only = first[0] if counts["total"] == 1 else None
    form = EditForm(
        request.POST if "reason" in request.POST else None, user=cast(User, request.user), only=only
    )
    if form.is_bound and form.is_valid():
        try:
            planned = plan(request, locations, form)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            if planned:
                return redirect("change-set", planned.pk)
            nothing = True
    context = {
        "form": form,
        "nothing": nothing,
        "only": only and in_groups(only.gln),
        "counts": counts,
        "first": [(in_groups(location.gln), location) for location in first],
        "more": counts["total"] > SHOWN,
        "note_before": asked.get(NOTE_BEFORE, "") if form.is_bound else only and only.note,
        "more_open": any(form[name].value() for name in MORE if name in form.fields),
        "back": back,
        "asked": asked,
        "ticked": asked.getlist("valgt") if asked.get("omfang") != "alle" else [],
        **type_choices(locations, form),
    }
    return render(request, "locations/edit.html", context)


def chosen(asked: QueryDict, user: User, *, past: bool = False) -> LocationNumberQuerySet:
    """The numbers of the choice. Raises FilterError for an unusable search, Http404 for a number not the user's."""
    if asked.get("omfang") == "alle":
        return LocationFilter.for_query(asked.get("soegning", ""), user, past=past)
    glns = {gln for gln in asked.getlist("valgt") if gln.isascii() and gln.isdigit()}
    found = LocationNumber.objects.editable_by(user).filter(gln__in=glns).order_by("gln")
    if len(glns) != found.count():
        raise Http404
    if day := QueryDict(asked.get("soegning", "")).get("pr"):  # ticked on a list of that day
        then = LocationFilter.for_query(QueryDict(f"pr={quote(day)}"), user, past=past)
        return then.filter(gln__in=glns).order_by("gln")
    return found


def way_back(asked: QueryDict) -> str:
    """The list as it was searched; or the page of the one number, which was not chosen from a list."""
    glns = asked.getlist("valgt")
    if "soegning" not in asked and len(glns) == 1:
        return reverse("location", args=glns)
    return f"{reverse('locations')}?{asked.get('soegning', '')}"


def plan(request: HttpRequest, locations: LocationNumberQuerySet, form: EditForm) -> ChangeSet | None:
    """The draft; None, and no draft, where nothing would change. Raises Refused.

    A draft that changes nothing stays where it tells which numbers get nothing certified, and why.
    """
    asked = form.cleaned_data
    with transaction.atomic():
        change_set = changes.plan(
            locations=locations,
            by=cast(User, request.user),
            reason=asked["reason"],
            **form.operations(),
        )
        left_out = change_set.counts.get("certified", {}).get("left_out")
        if not change_set.counts["changed"] and not left_out:
            transaction.set_rollback(True)
            return None
        change_set.asked = {
            name: values
            for name, values in cast(QueryDict, form.data).lists()
            if name != "csrfmiddlewaretoken"
        }
        change_set.save(update_fields=["asked"])
    if form.took_usual_vendor:
        messages.info(
            request,
            _("The vendor becomes %(vendor)s, the usual one of %(system)s.")
            % {"vendor": asked["vendor"], "system": asked["system"]},
        )
    return change_set


@login_required
@require_safe
@takes("system")
def usual_vendor(request: HttpRequest) -> HttpResponse:
    """For htmx: what becomes of the vendor where the system that was chosen comes without one."""
    key = request.GET.get("system", "")
    system = get_object_or_404(System, pk=key) if key.isascii() and key.isdigit() else None
    return HttpResponse(format_html('<span role="status">{}</span>', on_vendor(system)))


@login_required
@require_POST
def again(request: HttpRequest, pk: int) -> HttpResponse:
    """Plan anew what came to nothing, or is out of date, for the same numbers or the same search as they are now."""
    it: ChangeSet = controlled(request, pk)
    user = cast(User, request.user)
    if it.state not in PLANNED_AGAIN and not (it.state == State.DRAFT and moved_since(it, most=1)[1]):
        return redirect("change-set", pk)
    if it.source == Source.UNDO and it.undoes:
        return undo_again(request, it)
    asked = QueryDict(mutable=True)
    for name, values in it.asked.items():
        asked.setlist(name, values)
    form = EditForm(asked, user=user)
    try:
        locations = chosen(asked, user)
        planned = plan(request, locations, form) if form.is_valid() else None
    except (FilterError, Http404):
        messages.error(request, _("The numbers cannot be found again as they were chosen. Choose them anew."))
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        if planned:
            it.cancel()
            return redirect("change-set", planned.pk)
        if form.is_valid():
            messages.info(request, _("There is nothing to carry out: nothing would change."))
        else:
            messages.error(request, _("It cannot be planned like this any more. Choose again."))
    return redirect("change-set", pk)


def undo_again(request: HttpRequest, it: ChangeSet) -> HttpResponse:
    asked = QueryDict(mutable=True)
    for name, values in it.asked.items():
        asked.setlist(name, values)
    try:
        planned = undoing.plan(request, cast(ChangeSet, it.undoes), asked, it.reason)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("change-set", it.pk)
    it.cancel()
    return redirect("change-set", planned.pk)


def type_choices(locations: LocationNumberQuerySet, form: EditForm) -> dict[str, Any]:
    """`add`: (standard, TypeChoice rows, whether any is ticked) of all types that may be chosen; `remove`: TypeChoice
    rows of those that the numbers have. Three queries.
    """
    held = dict(
        locations.order_by()
        .annotate(edi_type=Unnest(F("edi_types")))
        .values("edi_type")
        .annotate(numbers=Count("pk"))
        .values_list("edi_type", "numbers")
    )
    ticked = {name: set(form[name].value() or ()) for name in ("add", "remove")}
    current = set(form.fields["add"].queryset.values_list("pk", flat=True))
    rows = list(EdiType.objects.order_by("standard", "code", "version"))

    def choices(name: str, among: Any) -> list[TypeChoice]:
        return [
            TypeChoice(row, held.get(row.pk, 0), str(row.pk) in ticked[name])
            for row in rows
            if row.pk in among
        ]

    by_standard = groupby(choices("add", current), lambda choice: choice.row.get_standard_display())
    return {
        "add": [
            (standard, types, any(choice.ticked for choice in types))
            for standard, types in ((standard, list(types)) for standard, types in by_standard)
        ],
        "remove": choices("remove", held),
    }
