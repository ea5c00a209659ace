"""Overblik: what there is, what runs, what waits and what happened last, as far as the user may know."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from locations.deviations import Asked
from locations.deviations import count as count_deviations
from locations.models import ChangeSet, LocationNumber
from locations.models.location import Status
from locations.saved import shown
from locations.statuses import STATUS
from locations.views.saved import on_front_page
from massupdate.models import MassUpdate
from soredi.jobs import Job, State
from soredi.models import User
from sorimport.models import ImportRun

SHOWN = 8  # entries of each list
UNDER_WAY = (State.QUEUED, State.RUNNING)


@login_required
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """The page; for htmx only what runs, and a whole new page when that has ended."""
    user = request.user
    assert isinstance(user, User)
    jobs = running(user)
    if request.headers.get("HX-Request") == "true":
        if not jobs:
            return HttpResponse(headers={"HX-Refresh": "true"})
        return render(request, "soredi/_running.html", {"jobs": jobs})
    visible = ChangeSet.objects.visible_to(user).select_related("by", "inbox", "import_run")
    context = {
        "figures": figures(user),
        "jobs": jobs,
        "waiting": waiting(user),
        "deviations": count_deviations(Asked(LocationNumber.objects.editable_by(user), kept=False)),
        "searches": shown(on_front_page(user), user),
        "latest": [entry(change) for change in visible.filter(state=State.DONE)[:SHOWN]],
    }
    return render(request, "soredi/overview.html", context)


def figures(user: User) -> list[dict[str, Any]]:
    """How many numbers the user may edit, all and by status, each with the address that lists them. One query."""
    day, numbers = timezone.localdate(), reverse("locations")
    counts = (
        LocationNumber.objects.editable_by(user)
        .order_by()
        .aggregate(
            alle=Count("pk"),
            **{status.value: Count("pk", filter=STATUS[status](day)) for status in Status},
        )
    )
    return [
        {"count": counts["alle"], "text": _("location numbers"), "href": numbers},
        *(
            {"count": counts[status], "text": status.label, "href": f"{numbers}?status={status}"}
            for status in Status
        ),
    ]


def entry(job: Job) -> dict[str, Any]:
    """One line about a job: itself, what to call it and the page where it is followed."""
    if isinstance(job, ImportRun):
        return {"job": job, "text": _("SOR import"), "href": reverse("import", args=[job.pk])}
    if isinstance(job, MassUpdate):
        return {"job": job, "text": job.name, "href": reverse("mass-update", args=[job.pk])}
    assert isinstance(job, ChangeSet)
    href = reverse("change-set", args=[job.pk])
    if job.state != State.DONE and hasattr(job, "mass_update"):
        href = reverse("mass-update", args=[job.mass_update.pk])
    if hasattr(job, "import_run"):
        # Runs are counted by themselves: without its own number one would be taken for another.
        text = _("SOR import %(run)s (change %(change)s)") % {"run": job.import_run.pk, "change": job.pk}
        return {"job": job, "text": text, "href": href, "has_number": True}
    return {"job": job, "text": job.get_source_display(), "href": href}


def running(user: User) -> list[dict[str, Any]]:
    """What is queued or running, with how far it is; imports for administrators."""
    change_sets = ChangeSet.objects.visible_to(user).select_related(
        "by", "inbox", "mass_update", "import_run"
    )
    found: list[Job] = [
        *change_sets.filter(state__in=UNDER_WAY)[:SHOWN],
        *MassUpdate.objects.visible_to(user)
        .select_related("by", "edi_administrator")
        .filter(state__in=UNDER_WAY)[:SHOWN],
    ]
    if user.is_administrator:
        found += ImportRun.objects.select_related("by").filter(state__in=UNDER_WAY)[:SHOWN]
    return [entry(job) | {"progress": job.progress()} for job in found]


def waiting(user: User) -> list[dict[str, Any]]:
    """The user's own plans that nobody has carried out yet; imports that need an administrator's word."""
    plans = (
        ChangeSet.objects.in_state(State.DRAFT)
        .filter(by=user)
        .exclude(counts__changed=0)
        .select_related("mass_update", "import_run")
    )
    found: list[Job] = list(plans[:SHOWN])
    if user.is_administrator:
        found += ImportRun.objects.filter(state=State.WAITING)[:SHOWN]
    return [entry(job) for job in found]
