"""Pages that belong to no single part of the domain."""

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.messages.storage.base import Message
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from locations.models import ChangeSet
from locations.models.location import Status
from soredi.jobs import Phase, Progress, State

YEAR = 365 * 24 * 3600  # seconds


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Keep the language in a cookie and go back to `next`, which must be a page of ours."""
    chosen = request.POST.get("language", "")
    if chosen not in dict(settings.LANGUAGES):
        return HttpResponseBadRequest("language")
    back = request.POST.get("next", "/")
    own = url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure())
    response = redirect(back if own else "/")
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        chosen,
        max_age=YEAR,
        httponly=True,
        samesite="Lax",
        secure=request.is_secure(),
    )
    return response


class SampleForm(forms.Form):
    """A form that was sent empty."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        help_text=gettext_lazy("Stands in the history of every number that changes."),
        widget=forms.TextInput(attrs={"class": "form-input"}),
    )


@login_required
@require_safe
def components(request: HttpRequest) -> HttpResponse:
    """`/komponenter/`: every component in all its states, for those who build pages. Administrators only."""
    if not request.user.is_staff:
        raise PermissionDenied(_("Only administrators see the components."))
    levels = (messages.INFO, messages.SUCCESS, messages.WARNING, messages.ERROR)
    jobs = [
        (State.QUEUED, None),
        (State.RUNNING, None),
        (State.RUNNING, Progress(Phase.CHECKING)),
        (State.RUNNING, Progress(Phase.WRITING, done=450, total=1000, seconds_left=12)),
    ]
    context = {
        "sample_messages": [
            Message(level, _("What happened, what it means and what to do.")) for level in levels
        ],
        "steps": range(1, 6),
        "statuses": list(Status),
        "jobs": [(ChangeSet(state=state), progress) for state, progress in jobs],
        "forms": [SampleForm(), SampleForm({})],
    }
    return render(request, "soredi/components.html", context)
