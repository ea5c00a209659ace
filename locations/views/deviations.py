"""`/afvigelser/`: where our profiles differ from what SOR says, and settling it.

The words of the address are those of LocationFilter, which choose the numbers, and

    felt        any of these fields, by the names of `Field`
    art         `ours`: only we changed it; `both`: SOR did too
    afgjort     `ja`: ours is kept; `nej`: open
    format      csv: a line a number and field; massupdate: the EDI types we have for the numbers, to send to SOR

To settle, the choice stands in the address (or in a form that is posted) as in `edit`:
`omfang=valgte&valgt=<gln>:<felt>&valgt=…`, or `omfang=alle&soegning=<query of this page>`.
"""

from dataclasses import dataclass
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_safe

from locations.deviations import (
    Asked,
    Counts,
    Export,
    Row,
    count,
    keep_ours,
    may_take,
    numbers,
    reopen,
    rows,
    take_sor,
)
from locations.exports import CONTENT_TYPES
from locations.exports import Export as LocationExport
from locations.filters import FilterError, LocationFilter
from locations.forms import CodesSelect
from locations.models import LocationNumber
from locations.models.deviation import Field
from locations.tables import in_groups
from locations.views.search import NOT_IN_PANEL, address, chips
from soredi.jobs import Refused
from soredi.models import User
from soredi.parameters import refused

ROWS = 50
BOTH = {"ours": False, "both": True}
KEPT = {"nej": False, "ja": True}
FORMATS = {"csv": "afvigelser.csv", "massupdate": "afvigelser-masseopdatering.csv"}
NARROWS = ("felt", "art", "afgjort")
TAKE_SOR, KEEP_OURS, REOPEN = "sor", "vores", "genaabn"


class NarrowForm(forms.Form):
    """The parameters that only this page has."""

    felt = forms.MultipleChoiceField(
        choices=Field.choices, required=False, widget=CodesSelect, label=gettext_lazy("Field")
    )
    art = forms.ChoiceField(
        choices=[
            ("", gettext_lazy("all")),
            ("ours", gettext_lazy("changed by us only")),
            ("both", gettext_lazy("changed on both sides")),
        ],
        required=False,
        label=gettext_lazy("Kind"),
    )
    afgjort = forms.ChoiceField(
        choices=[("", gettext_lazy("all")), ("nej", gettext_lazy("open")), ("ja", gettext_lazy("ours kept"))],
        required=False,
        label=gettext_lazy("Settled"),
    )
    format = forms.ChoiceField(choices=[("", ""), *((name, name) for name in FORMATS)], required=False)


@dataclass(frozen=True)
class Question:
    """An address understood: what it asks for, and the forms that say it again."""

    asked: Asked
    narrow: NarrowForm
    location_filter: LocationFilter
    page: int
    format: str

    @classmethod
    def checked(cls, query: QueryDict | str, user: User) -> "Question":
        """Raises FilterError and PermissionDenied as LocationFilter does."""
        data = QueryDict(query.removeprefix("?")) if isinstance(query, str) else query
        ours, rest = QueryDict(mutable=True), QueryDict(mutable=True)
        for name, values in data.lists():
            given = [value for value in values if value.strip()]
            if name == "sort":
                raise FilterError(name, _("No such parameter."))
            if name in NarrowForm.base_fields and name != "felt" and len(values) > 1:
                raise FilterError(name, _("Give it once only."))
            (ours if name in NarrowForm.base_fields else rest).setlist(name, given)
        narrow = NarrowForm(ours)
        for name, errors in narrow.errors.get_json_data().items():
            raise FilterError(name, errors[0]["message"])
        location_filter = LocationFilter.checked(rest, user)
        said = narrow.cleaned_data
        return cls(
            asked=Asked(
                location_filter.qs, tuple(said["felt"]), BOTH.get(said["art"]), KEPT.get(said["afgjort"])
            ),
            narrow=narrow,
            location_filter=location_filter,
            page=location_filter.form.cleaned_data["page"] or 1,
            format=said["format"],
        )

    def chips(self, query: QueryDict) -> list[dict[str, str]]:
        """What narrows the page, one by one, each with the address without it."""
        said, found = self.narrow.cleaned_data, []
        for name in NARROWS:
            field: Any = self.narrow.fields[name]
            chosen = [said[name]] if isinstance(said[name], str) else said[name]
            found += [
                {
                    "text": f"{field.label}: {dict(field.choices)[value]}",
                    "href": address(query, page=None, **{name: [v for v in chosen if v != value]}),
                }
                for value in chosen
                if value
            ]
        return found + chips(self.location_filter, query)


@login_required
@require_safe
def deviations(request: HttpRequest) -> HttpResponseBase:
    """The page, or with `format` a file."""
    query, user = request.GET, cast(User, request.user)
    try:
        question = Question.checked(query, user)
    except FilterError as error:
        return refused(request, error.message, error.parameter)
    if question.format:
        return download(question)
    start = (question.page - 1) * ROWS
    found = rows(question.asked, start, start + ROWS + 1)
    if not found and question.page > 1:
        raise Http404
    hidden = NOT_IN_PANEL if user.is_staff else {*NOT_IN_PANEL, "leverandoer"}
    panel = [field for field in question.location_filter.form if field.name not in hidden]
    context = {
        "rows": [
            shown(row) | {"is_first": before is None or before.gln != row.gln}
            for before, row in zip([None, *found], found[:ROWS], strict=False)
        ],
        "counts": count(question.asked),
        "query": address(query, page=None).removeprefix("?"),
        "number": question.page,
        "fields": [*(question.narrow[name] for name in NARROWS), *panel],
        "form": question.location_filter.form,
        "chips": question.chips(query),
        "downloads": {form: address(query, format=form, page=None) for form in FORMATS},
        "previous": address(query, page=question.page - 1) if question.page > 1 else "",
        "next": address(query, page=question.page + 1) if len(found) > ROWS else "",
    }
    return render(request, "locations/deviations.html", context)


def shown(row: Row) -> dict[str, Any]:
    """The row with its values in the language of the page."""
    return row._asdict() | {
        "grouped": in_groups(row.gln),
        "label": row.field.label,
        "ours": value_shown(row.field, row.ours),
        "sors": value_shown(row.field, row.sors),
    }


def value_shown(field: Field, value: str) -> str:
    if field in (Field.ONLY_INTERNAL, Field.INACTIVE):
        return _("yes") if value == "ja" else _("no")
    if field == Field.EDI_TYPES:
        return ngettext("%(count)s EDI type", "%(count)s EDI types", int(value)) % {"count": value}
    return value or "–"


def download(question: Question) -> HttpResponseBase:
    if question.format == "csv":
        chunks = iter(Export(question.asked))
    else:
        chunks = iter(LocationExport(numbers(question.asked), "massupdate"))
    response = StreamingHttpResponse(chunks, content_type=CONTENT_TYPES[question.format])
    response["Content-Disposition"] = f'attachment; filename="{FORMATS[question.format]}"'
    response["X-Accel-Buffering"] = "no"
    return response


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
            "Needed to take SOR's: it stands in the history of every number that changes. If ours is kept, it stands "
            "beside the decision."
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
    return render(request, "locations/deviations_settle.html", context)


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
        settled = reopen(asked)
        text = ngettext("%(count)s deviation is open again.", "%(count)s deviations are open again.", settled)
    messages.success(request, text % {"count": settled})
    return redirect(back)
