"""`/stamdata/certificering/obligatoriske/`: what each kind of system must receive. Administrators change it."""

from typing import Any, cast

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from locations.models import Approval, EdiType, RequiredStandard
from locations.views.certification import EdiTypeChoice
from soredi.administrators import require_administrator
from soredi.models import User
from soredi.parameters import takes


class StandardForm(forms.Form):
    """One mandatory standard."""

    systemtype = forms.CharField(
        max_length=200,
        label=gettext_lazy("Kind of system"),
        help_text=gettext_lazy("As MedCom calls it on its lists."),
        widget=forms.TextInput(attrs={"class": "form-input", "list": "system-types", "autocomplete": "off"}),
    )
    edi_type = EdiTypeChoice(
        EdiType.objects.all(),
        label=gettext_lazy("EDI type"),
        widget=forms.Select(attrs={"class": "form-select"}),
    )


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@takes()
def required_standards(request: HttpRequest) -> HttpResponse:
    """The table by kind of system; a POST adds one, or with `fjern`, its key, takes one out."""
    form = StandardForm()
    if request.method == "POST":
        require_administrator(request)
        if removed(request):
            return redirect("required-standards")
        form = StandardForm(request.POST)
        if form.is_valid():
            added(form.cleaned_data, cast(User, request.user))
            messages.success(request, _("The standard is mandatory."))
            return redirect("required-standards")
    types = Approval.objects.exclude(system_type="").order_by("system_type")
    context = {
        "section": "code-lists",
        "form": form,
        "standards": RequiredStandard.objects.filter(required=True).select_related("by"),
        "system_types": types.values_list("system_type", flat=True).distinct(),
    }
    return render(request, "locations/certification/required_standards.html", context)


def added(said: dict[str, Any], by: User) -> None:
    edi_type = said["edi_type"]
    RequiredStandard.objects.update_or_create(
        system_type=" ".join(said["systemtype"].split()),
        code=edi_type.code,
        version=edi_type.version,
        defaults={"required": True, "by": by, "at": timezone.now()},
    )


def removed(request: HttpRequest) -> bool:
    """Whether the request asked for that; the row stays, and its history with it."""
    key = request.POST.get("fjern", "")
    if not (key.isascii() and key.isdigit() and len(key) < 19):
        return False
    rows = RequiredStandard.objects.filter(pk=int(key), required=True)
    if rows.update(required=False, by=cast(User, request.user), at=timezone.now()):
        messages.success(request, _("The standard is no longer mandatory."))
    return True
