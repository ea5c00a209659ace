"""`/aendringer/`: all change sets that one may see, newest first, in the words of `change_filters.ChangeSetFilter`."""

from collections.abc import Iterator
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponseBase, QueryDict
from django.shortcuts import render
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from locations.change_filters import NARROWS_CHANGE_SETS, ChangeSetFilter
from locations.filters import FilterError
from locations.models import ChangeSet
from locations.views.contents import attachment, sees_whole
from soredi.parameters import address, mistakes, page_number, refused, takes
from soredi.spreadsheet import csv_chunks, guarded

ROWS = 50
FILE_NAME = "aendringer.csv"
HEADERS = (
    "Ændring",
    "Tidspunkt",
    "Af",
    "Udført af",
    "Kilde",
    "Fortryder",
    "Årsag",
    "Status",
    "Lokationsnumre",
    "EDI-typer tilføjet",
    "EDI-typer fjernet",
)


@login_required
@require_safe
@takes(*NARROWS_CHANGE_SETS, "page", "format")
def change_sets(request: HttpRequest) -> HttpResponseBase:
    """The list, or with `format=csv` all of it as a file.

    Counts are told to those who made a change set, and to administrators.
    """
    number = page_number(request)
    start = (number - 1) * ROWS
    visible = ChangeSet.objects.visible_to(request.user)
    try:
        asked = ChangeSetFilter.checked(request.GET, visible, user=request.user)
        if request.GET.get("format", "csv") != "csv":
            raise FilterError("format", _("Choose one of: %(choices)s.") % {"choices": "csv"})
    except FilterError as error:
        return asked_again(request, error)
    found = asked.qs.select_related("by", "inbox", "applied_by", "undoes").order_by("-pk")
    if request.GET.get("format"):
        return attachment(csv_chunks(HEADERS, lines(request, found)), FILE_NAME)
    rows = list(found[start : start + ROWS + 1])
    if not rows and number > 1:
        raise Http404
    query = request.GET
    context = {
        "change_sets": [{"it": row, "whole": sees_whole(request, row)} for row in rows[:ROWS]],
        "asked": asked.form,
        "chips": chips(asked, query),
        "csv": address(query, page=None, format="csv"),
        "number": number,
        "previous": address(query, page=number - 1) if number > 1 else "",
        "next": address(query, page=number + 1) if len(rows) > ROWS else "",
    }
    return render(request, "locations/changes.html", context)


def asked_again(request: HttpRequest, error: FilterError) -> HttpResponseBase:
    """400: the form as it was filled in, with what is wrong beside each field. What has no field is named."""
    if error.asked is None or request.GET.get("format"):
        return refused(request, error.message, error.parameter)
    context = {"asked": error.asked.form, "mistakes": mistakes(error.asked.form)}
    return render(request, "locations/changes.html", context, status=400)


def chips(asked: ChangeSetFilter, query: QueryDict) -> list[dict[str, str]]:
    """What narrows the list, one by one, each with the address without it."""
    found = []
    for name, field in asked.form.fields.items():
        value: Any = asked.form.cleaned_data[name]
        if value:
            text = dict(getattr(field, "choices", ())).get(value) or getattr(value, "label", value)
            found.append(
                {"text": f"{field.label}: {text}", "href": address(query, page=None, **{name: None})}
            )
    return found


def lines(request: HttpRequest, found: Any) -> Iterator[tuple[object, ...]]:
    """A line a change set, in the order of HEADERS."""
    for it in found.iterator(chunk_size=1000):
        counts = it.counts if sees_whole(request, it) else {}
        yield (
            it.pk,
            localtime(it.finished_at or it.created_at).strftime("%Y-%m-%d %H:%M:%S"),
            guarded(it.who) if it.by or it.inbox else "",
            guarded(it.applied_by.username) if it.applied_by else "",
            it.get_source_display(),
            it.undoes_id or "",
            guarded(it.why),
            it.get_state_display(),
            counts.get("changed", counts.get("chosen", "")),
            counts.get("added", ""),
            counts.get("removed", ""),
        )
