"""The list: search, filters, pages, and the same rows as a file."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from locations.filters import FilterError, LocationFilter
from locations.models import LocationNumber
from locations.orders import ORDERS
from locations.tables import LocationTable
from locations.views.downloads import CHOICES, download
from soredi.parameters import refused

ROWS = 50
# Parameters of the question that have no field in the panel of filters.
NOT_IN_PANEL = {"q", "page", "sort", "format"}


@login_required
@require_safe
def search(request: HttpRequest) -> HttpResponseBase:
    """`/lokationsnumre/?…`, in the words of LocationFilter; `format` answers with a file instead of a page."""
    try:
        asked = LocationFilter.checked(request.GET, request.user)
    except FilterError as error:
        return refused(request, error.message, error.parameter)
    if form := asked.form.cleaned_data["format"]:
        return download(request, asked.qs, form)
    return page(request, asked)


@login_required
@require_safe
def count(request: HttpRequest) -> HttpResponse:
    """How many a list would hold: a fragment for the list, a page of its own without JavaScript."""
    try:
        asked = LocationFilter.checked(request.GET, request.user)
    except FilterError as error:
        return refused(request, error.message, error.parameter)
    htmx = request.headers.get("HX-Request") == "true"
    context = {
        "count": asked.qs.order_by().count(),
        "list": reverse("locations") + address(request.GET),
        "htmx": htmx,
    }
    return render(request, "locations/_count.html" if htmx else "locations/count.html", context)


def page(request: HttpRequest, asked: LocationFilter) -> HttpResponse:
    query, number = request.GET, asked.form.cleaned_data["page"] or 1
    sort = asked.form.cleaned_data["sort"] or "gln"
    keys, more = keys_of_page(asked, number)
    if not keys and number > 1:
        raise Http404
    found = LocationNumber.objects.select_related("unit", "vans", "system").in_bulk(keys)
    rows = [found[key] for key in keys]
    links = {key: address(query, sort=f"-{key}" if sort == key else key, page=None) for key in ORDERS}
    table = LocationTable(
        rows, edi_types=asked.code_lists.edi_types, day=timezone.localdate(), sort=sort, links=links
    )
    hidden = NOT_IN_PANEL if request.user.is_staff else {*NOT_IN_PANEL, "leverandoer"}
    context: dict[str, Any] = {
        "section": "locations",
        "table": table,
        "query": address(query).removeprefix("?"),
        "number": number,
        "form": asked.form,
        "fields": [field for field in asked.form if field.name not in hidden],
        "sort": sort,
        "chips": chips(asked, query),
        "downloads": [
            {"format": form, "text": text, "hint": hint, "href": address(query, format=form, page=None)}
            for form, (text, hint) in CHOICES.items()
        ],
        "count_url": reverse("location-count") + address(query, page=None, sort=None),
        "previous": address(query, page=number - 1) if number > 1 else "",
        "next": address(query, page=number + 1) if more else "",
    }
    return render(request, "locations/search.html", context)


def keys_of_page(asked: LocationFilter, number: int) -> tuple[list[int], bool]:
    """The primary keys of one page, and whether another follows. Keys alone: page 900 would else join 45,000 rows."""
    start = (number - 1) * ROWS
    keys = asked.page_keys(start, ROWS + 1)
    return keys[:ROWS], len(keys) > ROWS


def chips(asked: LocationFilter, query: QueryDict) -> list[dict[str, str]]:
    """What narrows the list, one by one, each with the address without it."""
    chosen = asked.chosen
    return [
        {
            "text": text,
            "href": address(
                query, page=None, **{name: [v for n, v, _t in chosen if n == name and v != value]}
            ),
        }
        for name, value, text in chosen
    ]


def address(query: QueryDict, **changes: Any) -> str:
    """`?…` of `query` with `changes`: a value, a list of them, or None to leave out. Empty ones are dropped."""
    changed = QueryDict(mutable=True)
    for name, values in query.lists():
        changed.setlist(name, [value for value in values if value.strip()])
    for name, value in changes.items():
        changed.setlist(name, value if isinstance(value, list) else [] if value is None else [str(value)])
    return "?" + changed.urlencode()
