"""One change set in whatever state, with what can be done to it."""

from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from locations.carrying_out import CarryOutForm, carrying_out
from locations.filters import FilterError
from locations.forms import UndoForm
from locations.models import CatalogueChange, ChangeSet
from locations.models.change import Source
from locations.views import undoing
from locations.views.code_list_changes import described
from locations.views.contents import PARAMETERS, contents, download
from soredi.jobs import Refused, State
from soredi.models import User
from soredi.parameters import refused, takes

UNDER_WAY = (State.QUEUED, State.RUNNING)
# What is carried out from its own page here; a mass update has warnings to tick first.
CARRIED_OUT_HERE = (Source.EDIT, Source.UNDO)
# What came to nothing and can be planned again at one click.
PLANNED_AGAIN = (State.REFUSED, State.FAILED, State.CANCELLED, State.EXPIRED)
STEP = {State.DRAFT: 2, State.QUEUED: 3, State.RUNNING: 3, State.DONE: 5}


@login_required
@require_safe
@takes(*PARAMETERS)
def change_set(request: HttpRequest, pk: int) -> HttpResponseBase:
    """`/aendringer/<id>/`: preview of a draft, progress of a running one, receipt of one that is done; or a file."""
    visible = ChangeSet.objects.visible_to(request.user)
    related = visible.select_related("by", "inbox", "applied_by", "undoes", "catalogue_change")
    it: ChangeSet = get_object_or_404(related, pk=pk)
    fragment = request.headers.get("HX-Request") == "true"
    if fragment and it.state not in UNDER_WAY:
        return HttpResponseClientRefresh()
    if fragment:
        return render(request, "components/_progress.html", {"job": it, "progress": it.progress()})
    try:
        return download(request, it) if request.GET.get("format") else whole_page(request, it)
    except FilterError as error:
        return refused(request, error.message, error.parameter)


def whole_page(
    request: HttpRequest,
    it: ChangeSet,
    undo_form: UndoForm | None = None,
    carry_out_form: CarryOutForm | None = None,
) -> HttpResponse:
    may_control = request.user.is_staff or it.by_id == request.user.pk
    here = it.source in CARRIED_OUT_HERE
    correction: CatalogueChange | None = getattr(it, "catalogue_change", None)
    context: dict[str, Any] = {
        "job": it,
        "progress": it.progress(),
        "url": reverse("change-set", args=[it.pk]),
        "change_set": it,
        "step": STEP.get(State(it.state), 2),
        "may_apply": it.state == State.DRAFT and may_control and here and it.counts.get("changed"),
        "may_plan_again": it.state in PLANNED_AGAIN
        and may_control
        and not correction
        and (it.asked or it.source == Source.UNDO),
        "correction": described(correction, cast(User, request.user)) if correction else None,
        "may_drop": it.state in (State.DRAFT, *UNDER_WAY) and may_control and here,
        "mass_update": getattr(it, "mass_update", None) if may_control and not here else None,
        **({} if it.state in UNDER_WAY else contents(request, it)),
        **undoing.undoing(request, it, undo_form),
    }
    if may_control and here:
        context |= carrying_out(it, user=cast(User, request.user), form=carry_out_form)
    shown = {row["location"].gln for row in context.get("rows", ())}
    context["ticked_elsewhere"] = [gln for gln in context.get("ticked", ()) if gln not in shown]
    return render(request, "locations/change_set.html", context)


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
    """Plan to take `pk` back, or those of its numbers that were chosen, and show the plan."""
    it = get_object_or_404(
        ChangeSet.objects.visible_to(request.user).select_related("by", "inbox", "undoes"), pk=pk
    )
    form = UndoForm(request.POST)
    asked = undoing.meant(request.POST)
    nothing_ticked = asked.get("omfang") == undoing.CHOSEN and not asked.getlist("valgt")
    if nothing_ticked:
        messages.info(request, _("Tick the location numbers that you want to undo."))
    try:
        if nothing_ticked or not form.is_valid():
            return whole_page(request, it, form)
        planned = undoing.plan(request, it, asked, form.cleaned_data["reason"])
    except FilterError as error:
        return refused(request, error.message, error.parameter)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("change-set", pk)
    return redirect("change-set", planned.pk)
