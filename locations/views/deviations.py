"""`/afvigelser/`: where our profiles differ from what SOR says.

The words of the address are those of LocationFilter, which choose the numbers, and

    felt        any of these fields, by the names of `Field`
    art         `ours`: only we changed it; `both`: SOR did too
    afgjort     `ja`: ours is kept; `nej`: open
    format      csv: a line a number and field; massupdate: the EDI types we have for the numbers, to send to SOR

How many there are comes in a second request, as for the list.
"""

from dataclasses import dataclass
from typing import Any, cast

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_safe

from locations import deviations as found_by
from locations.decisions import beside
from locations.deviation_file import Export
from locations.deviations import Asked, Row, numbers, rows
from locations.exports import CONTENT_TYPES
from locations.exports import Export as LocationExport
from locations.filters import FilterError, LocationFilter
from locations.forms import CodesSelect
from locations.models.deviation import Field
from locations.panel import Choice, Choices, Panel
from locations.tables import in_groups
from locations.views.search import chips, with_new_types
from soredi.models import User
from soredi.parameters import address, refused

ROWS = 50
BOTH = {"ours": False, "both": True}
KEPT = {"nej": False, "ja": True}
FORMATS = {"csv": "afvigelser.csv", "massupdate": "afvigelser-masseopdatering.csv"}
NARROWS = ("felt", "art", "afgjort")


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
            if name in ("sort", "pr"):
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

    @property
    def fields(self) -> Choices:
        chosen = self.narrow.cleaned_data["felt"]
        field = [Choice(value, str(label), value, value in chosen) for value, label in Field.choices]
        return Choices("felt", str(self.narrow.fields["felt"].label), field)

    def panel(self, user: User) -> Panel:
        """That of the list, and above it what only this page has."""
        ours = [self.narrow["art"], self.narrow["afgjort"]]
        return Panel(self.location_filter, staff=user.is_staff, first=[self.fields], fields=ours, past=False)


@login_required
@require_safe
def deviations(request: HttpRequest) -> HttpResponseBase:
    """The page, or with `format` a file. The panel sends EDI types as that of the list does."""
    query, user = request.GET, cast(User, request.user)
    try:
        if (changed := with_new_types(query)) is not None:
            return redirect(reverse("deviations") + address(changed))
        question = Question.checked(query, user)
    except FilterError as error:
        return refused(request, error.message, error.parameter)
    if question.format:
        return download(question)
    start = (question.page - 1) * ROWS
    found = rows(question.asked, start, start + ROWS + 1)
    if not found and question.page > 1:
        raise Http404
    panel = question.panel(user)
    decided = beside([(row.gln, row.field.value) for row in found[:ROWS]])
    context = {
        "rows": [
            shown(row)
            | {
                "is_first": before is None or before.gln != row.gln,
                "earlier": decided.get((row.gln, row.field.value), [])[row.kept :],  # the first is in force
            }
            for before, row in zip([None, *found], found[:ROWS], strict=False)
        ],
        "query": address(query, page=None).removeprefix("?"),
        "number": question.page,
        "panel": panel,
        "kept": panel.kept,
        "form": question.location_filter.form,
        "chips": question.chips(query),
        "count_url": reverse("deviation-count") + address(query, page=None),
        "downloads": {form: address(query, format=form, page=None) for form in FORMATS},
        "previous": address(query, page=question.page - 1) if question.page > 1 else "",
        "next": address(query, page=question.page + 1) if len(found) > ROWS else "",
    }
    return render(request, "locations/deviations.html", context)


@login_required
@require_safe
def count(request: HttpRequest) -> HttpResponse:
    """How many there are, in all and by field: a fragment for the page, else a page of its own."""
    query, user = request.GET, cast(User, request.user)
    try:
        question = Question.checked(query, user)
    except FilterError as error:
        return refused(request, error.message, error.parameter)
    counts = found_by.count(question.asked)
    page = reverse("deviations")
    context = {
        "section": "deviations",
        "counts": counts,
        "fields": [
            (place, one.text, counts.by_field.get(Field(one.value), 0), page + address(query, felt=one.value))
            for place, one in question.fields.numbered
        ],
        "list": page + address(query),
        "htmx": request.headers.get("HX-Request") == "true",
    }
    fragment = "locations/_deviation_count.html"
    return render(request, fragment if context["htmx"] else "locations/deviation_count.html", context)


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
