"""Mass updates: hand a file in, see what was found, carry it out."""

from datetime import date
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.forms import BoundField
from django.http import (
    FileResponse,
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    StreamingHttpResponse,
)
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from locations.change_filters import NARROWS_VERSIONS
from locations.exports import CONTENT_TYPES
from locations.filters import FilterError
from locations.models import LocationNumber
from locations.views.contents import contents
from locations.views.undoing import undoing
from massupdate import actions
from massupdate.findings import as_csv, groups, with_examples
from massupdate.forms import HandInForm, WarningsForm
from massupdate.guide import filled
from massupdate.models import MassUpdate
from massupdate.uploads import NO_ROOM, is_full
from massupdate.uploads import refused as refused_upload
from soredi.jobs import Job, State
from soredi.models import User
from soredi.parameters import page_of, refused, takes

ROWS = 25  # earlier files a page
ERRORS_SHOWN = 100  # lines
UNDER_WAY = (State.QUEUED, State.RUNNING)

# How a mass update stands, by the state of its check and, once there is one, of its change set.
CHECKING = {
    State.DRAFT: gettext_lazy("Waiting for its turn"),
    State.QUEUED: gettext_lazy("Waiting for its turn"),
    State.RUNNING: gettext_lazy("Being checked"),
    State.REFUSED: gettext_lazy("Errors in the file"),
    State.FAILED: gettext_lazy("Failed"),
}
CARRYING_OUT = {
    State.DRAFT: gettext_lazy("Waits for you"),
    State.QUEUED: gettext_lazy("Waiting for its turn"),
    State.RUNNING: gettext_lazy("Being carried out"),
    State.DONE: gettext_lazy("Carried out"),
    State.REFUSED: gettext_lazy("Refused"),
    State.FAILED: gettext_lazy("Failed"),
    State.CANCELLED: gettext_lazy("Dropped"),
    State.EXPIRED: gettext_lazy("Expired"),
}


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@takes("page")
def mass_updates(request: HttpRequest) -> HttpResponse:
    """`/masseopdatering/`: the form to hand a file in, and the files handed in before."""
    form = HandInForm(request.POST or None, request.FILES or None)
    if request.method == "POST":
        form = HandInForm(request.POST, request.FILES)
        if form.is_valid():
            file = form.cleaned_data["file"]
            try:
                update = actions.hand_in(
                    file=file,
                    name=file.name,
                    by=cast(User, request.user),
                    reason=form.cleaned_data["reason"],
                    sheet=form.cleaned_data["ark"],
                )
            except OSError as error:
                if not is_full(error):
                    raise
                return refused_upload(request, NO_ROOM, 507)
            update.enqueue()
            return redirect("mass-update", update.pk)
    earlier = MassUpdate.objects.visible_to(request.user).select_related(
        "by", "edi_administrator", "change_set"
    )
    page = page_of(request, earlier, ROWS)
    rows = [
        {"update": update, "mark": mark(update), "said": said(update), "planned": planned(update)}
        for update in page
    ]
    context = {
        "form": form,
        "page": page,
        "rows": rows,
        "searches": filled(request),
        "may_edit": request.user.is_staff or LocationNumber.objects.editable_by(request.user).exists(),
    }
    return render(request, "massupdate/mass_updates.html", context)


@login_required
@require_safe
@takes(*NARROWS_VERSIONS, "page")
def mass_update(request: HttpRequest, pk: int) -> HttpResponse:
    """`/masseopdatering/<id>/` in whatever state; htmx asks it again while something is under way."""
    update = found(request, pk)
    job = current(update)
    if request.headers.get("HX-Request") == "true":
        if not under_way(update):
            return HttpResponseClientRefresh()
        return render(request, "components/_progress.html", {"job": job, "progress": job.progress()})
    try:
        return whole_page(request, update)
    except FilterError as error:
        return refused(request, error.message, error.parameter)


@login_required
@require_POST
def apply(request: HttpRequest, pk: int) -> HttpResponse:
    """Carry the plan out, once every sort of warning is ticked. A second click finds it under way."""
    update = found(request, pk)
    change_set = update.change_set
    if change_set is None or change_set.state != State.DRAFT or changes_nothing(update):
        return redirect("mass-update", update.pk)
    warnings = groups(update, is_error=False)
    form = WarningsForm(warnings, request.POST)
    if not form.is_valid():
        return whole_page(request, update, form)
    if not change_set.enqueue(from_states=(State.DRAFT,), applied_by=cast(User, request.user)):
        change_set.refresh_from_db()
        if change_set.state in UNDER_WAY:
            messages.info(request, _("It is already being carried out."))
    return redirect("mass-update", update.pk)


@login_required
@require_POST
def drop(request: HttpRequest, pk: int) -> HttpResponse:
    """Throw the plan away."""
    update = found(request, pk)
    if update.change_set and update.change_set.cancel():
        messages.info(request, _("The mass update was dropped. Nothing was changed."))
    return redirect("mass-update", update.pk)


@login_required
@require_safe
def findings(request: HttpRequest, pk: int) -> HttpResponseBase:
    """All errors and warnings as CSV, streamed."""
    update = found(request, pk)
    return attachment(StreamingHttpResponse(as_csv(update)), f"masseopdatering-{update.pk}-fejl.csv")


@login_required
@require_safe
def file(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The file as it was handed in."""
    update = found(request, pk)
    try:
        stream = update.file.open("rb")
    except (FileNotFoundError, ValueError):  # it was too large to be kept
        raise Http404(_("The file is not kept any more.")) from None
    return FileResponse(
        stream, as_attachment=True, filename=update.name, content_type="application/octet-stream"
    )


def found(request: HttpRequest, pk: int) -> MassUpdate:
    """The mass update, for who handed it in and for administrators; anybody else's is a 404."""
    visible = MassUpdate.objects.visible_to(request.user).select_related(
        "by", "edi_administrator", "change_set__by", "change_set__inbox", "change_set__applied_by"
    )
    return get_object_or_404(visible, pk=pk)


def current(update: MassUpdate) -> Job:
    """The job that tells how far it is: the check until there is a plan, the plan's from then on."""
    return update.change_set or update


def under_way(update: MassUpdate) -> bool:
    """Whether there is nothing to do but wait. A plan is a draft for its reader; a file is one only for an instant."""
    job = current(update)
    return job.state in UNDER_WAY or (job is update and job.state == State.DRAFT)


def said(update: MassUpdate) -> str:
    """How it stands, in words."""
    job = current(update)
    if changes_nothing(update):
        return _("Nothing to change")
    return str((CARRYING_OUT if update.change_set else CHECKING)[State(job.state)])


def mark(update: MassUpdate) -> str:
    """The state whose sign stands beside the words; none where nobody need do anything."""
    return "" if changes_nothing(update) else current(update).state


def changes_nothing(update: MassUpdate) -> bool:
    plan = update.change_set
    return plan is not None and plan.state == State.DRAFT and not plan.counts.get("changed")


def planned(update: MassUpdate) -> dict[str, Any]:
    return update.change_set.counts if update.change_set else {}


def whole_page(request: HttpRequest, update: MassUpdate, form: WarningsForm | None = None) -> HttpResponse:
    """The whole page: progress, errors by line, preview with warnings, receipt, or what went wrong."""
    job, change_set = current(update), update.change_set
    visible = MassUpdate.objects.visible_to(request.user)
    context: dict[str, Any] = {
        "update": update,
        "job": job,
        "url": reverse("mass-update", args=[update.pk]),
        "change_set": change_set,
        "said": said(update),
        "mark": mark(update),
        "under_way": under_way(update),
        "step": 2,
        "same": visible.filter(sha256=update.sha256, pk__lt=update.pk)
        .exclude(sha256="")
        .select_related("by", "edi_administrator")
        .first(),
    }
    if approvals := update.counts.get("approvals"):
        context["approvals_dated"] = date.fromisoformat(approvals["dated"])
    if context["under_way"]:
        context |= {"progress": job.progress(), "step": 3 if change_set else 2}
    elif change_set is None:
        context |= errors_of(update)
    else:
        warnings = groups(update, is_error=False)
        fields: list[BoundField | None]
        if job.state == State.DRAFT:
            form = form or WarningsForm(warnings)
            fields = [form[group.code] for group in warnings]
        else:
            fields = [None] * len(warnings)
        context |= {
            "form": form,
            "warnings": list(zip(with_examples(update, warnings), fields, strict=True)),
            "step": {State.DRAFT: 2, State.DONE: 5}.get(State(job.state), 3),
            **contents(request, change_set),
            **undoing(request, change_set),
        }
    return render(request, "massupdate/mass_update.html", context)


def errors_of(update: MassUpdate) -> dict[str, Any]:
    """What stopped the file: the first lines with errors and how many of each sort there are."""
    errors = update.findings.filter(is_error=True)
    by_line = [finding for finding in errors[:ERRORS_SHOWN] if not finding.detail]
    return {
        "errors": by_line,
        "error_groups": groups(update, is_error=True) if by_line else [],
        "more_errors": update.counts.get("errors", 0) > ERRORS_SHOWN,
    }


def attachment(response: HttpResponseBase, name: str) -> HttpResponseBase:
    response["Content-Type"] = CONTENT_TYPES["csv"]
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["X-Accel-Buffering"] = "no"
    return response
