"""Change sets: the list, and one of them in whatever state, with what can be done to it."""

from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from locations import changes
from locations.carrying_out import CarryOutForm, carrying_out
from locations.forms import UndoForm
from locations.history import FIELD_LABELS, changes_by_location, versions_in
from locations.models import ChangeSet, EdiType, LocationNumber
from locations.models.change import Source
from locations.tables import in_groups
from soredi.jobs import Refused, State
from soredi.models import User
from soredi.parameters import page_number, takes

ROWS = 50
UNDER_WAY = (State.QUEUED, State.RUNNING)
# What is carried out from its own page here; a mass update has warnings to tick first.
CARRIED_OUT_HERE = (Source.EDIT, Source.UNDO)
# What came to nothing and can be planned again at one click.
PLANNED_AGAIN = (State.REFUSED, State.FAILED, State.CANCELLED, State.EXPIRED)
STEP = {State.DRAFT: 2, State.QUEUED: 3, State.RUNNING: 3, State.DONE: 5}


@login_required
@require_safe
@takes("page")
def change_sets(request: HttpRequest) -> HttpResponse:
    """`/aendringer/`: newest first. Counts are told to those who made a change set, and to administrators."""
    number = page_number(request)
    start = (number - 1) * ROWS
    found = ChangeSet.objects.visible_to(request.user).select_related("by", "undoes").order_by("-pk")
    rows = list(found[start : start + ROWS + 1])
    if not rows and number > 1:
        raise Http404
    context = {
        "change_sets": [{"it": row, "whole": sees_whole(request, row)} for row in rows[:ROWS]],
        "number": number,
        "previous": f"?page={number - 1}" if number > 1 else "",
        "next": f"?page={number + 1}" if len(rows) > ROWS else "",
    }
    return render(request, "locations/changes.html", context)


@login_required
@require_safe
@takes("page")
def change_set(request: HttpRequest, pk: int) -> HttpResponse:
    """`/aendringer/<id>/`: preview of a draft, progress of a running one, receipt of one that is done."""
    visible = ChangeSet.objects.visible_to(request.user).select_related("by", "applied_by", "undoes")
    it: ChangeSet = get_object_or_404(visible, pk=pk)
    fragment = request.headers.get("HX-Request") == "true"
    if fragment and it.state not in UNDER_WAY:
        return HttpResponseClientRefresh()
    if fragment:
        return render(request, "components/_progress.html", {"job": it, "progress": it.progress()})
    return whole_page(request, it)


def whole_page(
    request: HttpRequest,
    it: ChangeSet,
    undo_form: UndoForm | None = None,
    carry_out_form: CarryOutForm | None = None,
) -> HttpResponse:
    may_control = request.user.is_staff or it.by_id == request.user.pk
    here = it.source in CARRIED_OUT_HERE
    context: dict[str, Any] = {
        "job": it,
        "progress": it.progress(),
        "url": reverse("change-set", args=[it.pk]),
        "change_set": it,
        "step": STEP.get(State(it.state), 2),
        "may_apply": it.state == State.DRAFT and may_control and here and it.counts.get("changed"),
        "may_plan_again": it.state in PLANNED_AGAIN
        and may_control
        and (it.asked or it.source == Source.UNDO),
        "may_drop": it.state in (State.DRAFT, *UNDER_WAY) and may_control and here,
        "mass_update": getattr(it, "mass_update", None) if may_control and not here else None,
        **({} if it.state in UNDER_WAY else contents(request, it)),
        **undoing(request, it, undo_form),
    }
    if may_control and here:
        context |= carrying_out(it, user=cast(User, request.user), form=carry_out_form)
    return render(request, "locations/change_set.html", context)


def contents(request: HttpRequest, it: ChangeSet) -> dict[str, Any]:
    """The context of locations/_contents.html: totals, per EDI type, per field, and one page of numbers."""
    whole = sees_whole(request, it)
    versions = versions_in(it, request.user)
    number = page_number(request)
    start = (number - 1) * ROWS
    rows = changes_by_location(versions, start, start + ROWS)
    if not rows and number > 1:
        raise Http404
    # The planner counted what it wrote; only where some of that is not to be seen here is it counted again.
    total = it.counts.get("changed") if whole else None
    if total is None or it.state != State.DRAFT:
        total = versions.count()
    kept = it.counts.get("kept", []) if whole else []
    return {
        "counts": it.counts,
        "whole": whole and "changed" in it.counts,
        "per_type": per_type(it) if whole else [],
        "per_field": [
            (FIELD_LABELS[name], count) for name, count in it.counts.get("fields", {}).items() if whole
        ],
        "kept": [(gln, FIELD_LABELS[name]) for gln, name in kept],
        "rows": [(location, in_groups(location.gln), change) for location, change in rows],
        "total": total,
        "first": start + 1,
        "last": start + len(rows),
        "number": number,
        "previous": f"?page={number - 1}" if number > 1 else "",
        "next": f"?page={number + 1}" if start + ROWS < total else "",
    }


def undoing(request: HttpRequest, it: ChangeSet, form: UndoForm | None = None) -> dict[str, Any]:
    """What locations/_undo.html shows: the form where `changes.plan_undo` lets the user; the undo that holds."""
    if it.state != State.DONE:
        return {}
    numbers = LocationNumber.objects.changed_by(it)
    foreign = numbers.exclude(pk__in=LocationNumber.objects.editable_by(request.user).values("pk"))
    allowed = numbers.exists() and (request.user.is_staff or not foreign.exists())
    undone_by = changes.undone_by(it)
    return {"undone_by": undone_by, "undo_form": (form or UndoForm()) if allowed and not undone_by else None}


def per_type(it: ChangeSet) -> list[tuple[EdiType, int, int]]:
    """(EDI type, numbers that gain it, numbers that lose it), by code and version."""
    moved = it.counts.get("edi_types", {})
    types = EdiType.objects.filter(pk__in=[int(key) for key in moved]) if moved else []
    return [(row, *moved[str(row.pk)]) for row in types]


def sees_whole(request: HttpRequest, it: ChangeSet) -> bool:
    """Totals tell of numbers that others may not see."""
    return request.user.is_staff or it.by_id == request.user.pk


def controlled(request: HttpRequest, pk: int) -> ChangeSet:
    """The edit or undo `pk` that the user may carry out or drop. 404 if hidden, 403 if another's, or from a file."""
    visible: QuerySet[ChangeSet] = ChangeSet.objects.visible_to(request.user)
    it = get_object_or_404(visible, pk=pk)
    if not (request.user.is_staff or it.by_id == request.user.pk):
        raise PermissionDenied(_("Only the person who planned this may carry it out or drop it."))
    if it.source not in CARRIED_OUT_HERE:
        raise PermissionDenied(_("This is carried out from the page of its mass update."))
    return it


@login_required
@require_POST
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Plan to take `pk` back, and show the plan."""
    it = get_object_or_404(ChangeSet.objects.visible_to(request.user).select_related("by", "undoes"), pk=pk)
    form = UndoForm(request.POST)
    if not form.is_valid():
        return whole_page(request, it, form)
    try:
        planned = changes.plan_undo(it, by=cast(User, request.user), reason=form.cleaned_data["reason"])
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("change-set", pk)
    return redirect("change-set", planned.pk)
