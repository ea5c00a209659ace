"""`/afvigelser/afgoer/`: settling deviations.

The choice stands in the address (or in a form that is posted) as in `edit`:
`omfang=valgte&valgt=<gln>:<felt>&valgt=…`, or `omfang=alle&soegning=<query of /afvigelser/>`.
"""

from typing import Any, cast

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from locations.deviations import Asked, Counts, count
from locations.filters import FilterError
from locations.models import LocationNumber
from locations.models.deviation import Field
from locations.settling import keep_ours, may_take, reopen, take_sor
from locations.views.deviations import Question
from soredi.jobs import Refused
from soredi.models import User
from soredi.parameters import refused

TAKE_SOR, KEEP_OURS, REOPEN = "sor", "vores", "genaabn"


class SettleForm(forms.Form):
    """What shall be done with the chosen deviations, and why."""

    handling = forms.ChoiceField(
        choices=[(TAKE_SOR, ""), (KEEP_OURS, ""), (REOPEN, "")],
        label=gettext_lazy("How it is settled"),
        error_messages={"required": gettext_lazy("Choose how it is settled.")},
    )
    reason = forms.CharField(
        max_length=1000,
        required=False,
        label=gettext_lazy("Reason"),
        help_text=gettext_lazy(
            "Needed to take SOR's. It stands in the history of every number, as does who decided and when."
        ),
        widget=forms.TextInput(attrs={"class": "form-input", "autocomplete": "off"}),
    )

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if said.get("handling") == TAKE_SOR and not said.get("reason"):
            self.add_error("reason", _("Write why, for those who read the history."))
        return said


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def settle(request: HttpRequest) -> HttpResponse:
    """How the chosen ones shall be settled. Taking SOR's leads to a preview; the others are done at once."""
    query, user = request.POST if request.method == "POST" else request.GET, cast(User, request.user)
    try:
        asked = chosen(query, user)
    except FilterError as error:
        return refused(request, error.message, error.parameter)
    back = f"{reverse('deviations')}?{query.get('soegning', '')}"
    counts = count(asked)
    if not counts.deviations:
        messages.info(request, _("Tick the deviations that you want to settle."))
        return redirect(back)
    form = SettleForm(request.POST) if request.method == "POST" else SettleForm()
    if form.is_bound and form.is_valid():
        return carry_out(request, asked, form, back)
    context = {
        "form": form,
        "counts": counts,
        "fields": [(field.label, number) for field, number in counts.by_field.items()],
        "left_out": left_out(counts, user),
        "kept": count(Asked(asked.numbers, asked.fields, asked.both, True, asked.picked)).deviations,
        "back": back,
        "asked": query,
        "ticked": query.getlist("valgt") if query.get("omfang") != "alle" else [],
    }
    return render(request, "locations/settling.html", context)


def left_out(counts: Counts, user: User) -> int:
    """How many of them only an administrator may settle by taking SOR's."""
    return sum(number for field, number in counts.by_field.items() if not may_take(field, user))


def chosen(query: QueryDict, user: User) -> Asked:
    """The deviations of the choice. Raises FilterError for an unusable search, Http404 for a number not the user's."""
    if query.get("omfang") == "alle":
        return Question.checked(query.get("soegning", ""), user).asked
    picked = []
    for entry in query.getlist("valgt"):
        gln, _colon, field = entry.partition(":")
        if field not in Field.values:
            raise FilterError("valgt", _("A location number and a field are meant, with a colon between."))
        picked.append((gln, field))
    own = LocationNumber.objects.editable_by(user).filter(gln__in={gln for gln, _field in picked})
    if own.count() != len({gln for gln, _field in picked}):
        raise Http404
    return Asked(own, picked=tuple(picked))


def carry_out(request: HttpRequest, asked: Asked, form: SettleForm, back: str) -> HttpResponse:
    said, user = form.cleaned_data, cast(User, request.user)
    if said["handling"] == TAKE_SOR:
        try:
            planned = take_sor(asked, by=user, reason=said["reason"])
        except Refused as refusal:
            messages.error(request, str(refusal))
            return redirect(back)
        return redirect("change-set", planned.pk)
    if said["handling"] == KEEP_OURS:
        settled = keep_ours(asked, by=user, reason=said["reason"])
        text = ngettext(
            "Ours is kept in %(count)s deviation, until SOR says something else.",
            "Ours is kept in %(count)s deviations, until SOR says something else.",
            settled,
        )
    else:
        settled = reopen(asked, by=user, reason=said["reason"])
        text = ngettext("%(count)s deviation is open again.", "%(count)s deviations are open again.", settled)
    messages.success(request, text % {"count": settled})
    return redirect(back)
