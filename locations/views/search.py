"""The list: search, filters, pages, and how many of each choice there are."""

from collections.abc import Iterable
from datetime import date
from typing import Any, cast

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from locations import wider
from locations.counts import counts
from locations.filters import SHOWING, FilterError, LocationFilter
from locations.free_text import RUN, folded
from locations.models import LocationNumber
from locations.orders import CODE_LISTS, ORDERS
from locations.panel import EDI_TYPES, KEPT, Panel
from locations.specialities import units_served
from locations.tables import FIXED, USUAL, LocationTable, shown_to
from locations.views.display import DisplayForm
from locations.views.downloads import CHOICES, download
from soredi.models import User
from soredi.parameters import address, mistakes, refused

# Parameters of the question that have no field in the panel of filters.
NOT_IN_PANEL = {"q", *SHOWING}


@login_required
@require_safe
def search(request: HttpRequest) -> HttpResponseBase:
    """`/lokationsnumre/?…`, in the words of LocationFilter; `format` answers with a file instead of a page.

    The panel also sends `edi_ny`, EDI types separated by commas, with `edi_maade`, the parameter to add them to.
    """
    try:
        if (query := with_new_types(request.GET)) is not None:
            return redirect(reverse("locations") + address(query))
        asked = LocationFilter.checked(request.GET, request.user)
    except FilterError as error:
        return asked_again(request, error)
    if form := asked.form.cleaned_data["format"]:
        return download(request, asked.qs, form)
    return page(request, asked, cast(User, request.user))


@login_required
@require_safe
def count(request: HttpRequest) -> HttpResponse:
    """How many a list holds and how many have each choice: a fragment for the list, else a page of its own."""
    try:
        asked = LocationFilter.checked(request.GET, request.user)
    except FilterError as error:
        return refused(request, error.message, error.parameter)
    user = cast(User, request.user)
    found = counts(asked, user)
    panel = Panel(asked, staff=user.is_staff)
    counted = (*(name for name in CODE_LISTS if user.is_staff or name != "administrator"), "status")
    beside = [one for one in panel.lists if one.name in counted]
    htmx = request.headers.get("HX-Request") == "true"
    rows = int(asked.form.cleaned_data["antal"] or user.list_rows)
    context = {
        "section": "locations",
        "count": found.total,
        "pages": -(-found.total // rows),
        "beside": [
            (place, choice, found.choices[one.name][choice.key])
            for one in beside
            for place, choice in one.numbered
        ]
        if htmx
        else [],
        "lists": [
            (one.label, narrowed(one.name, one.choices, found.choices[one.name], request.GET))
            for one in beside
        ],
        "list": reverse("locations") + address(request.GET),
    }
    return render(request, "locations/_count.html" if htmx else "locations/count.html", context)


def narrowed(name: str, choices: Any, numbers: Any, query: QueryDict) -> list[tuple[str, int, str]]:
    """(text, numbers, address of the list with it alone) of each choice that has numbers."""
    return [
        (one.text, numbers[one.key], reverse("locations") + address(query, **{name: one.value, "page": None}))
        for one in choices
        if numbers[one.key]
    ]


def page(request: HttpRequest, asked: LocationFilter, user: User) -> HttpResponse:
    query, number = request.GET, asked.form.cleaned_data["page"] or 1
    rows = int(asked.form.cleaned_data["antal"] or user.list_rows)
    sort = "" if asked.found and not query.get("sort") else asked.order  # by text: the best match first
    keys = asked.page_keys((number - 1) * rows, rows + 1)
    if not keys and number > 1:
        raise Http404
    columns, specialities = shown_to(user), asked.form.cleaned_data["speciale"]
    found = rows_of(keys[:rows], columns, asked.then)
    table = LocationTable(
        found,
        columns=columns,
        serves=units_served(found, specialities) if specialities else None,
        code_lists=asked.code_lists,
        day=asked.day,
        then=asked.then,
        sort=sort,
        links={key: address(query, sort=f"-{key}" if sort == key else key, page=None) for key in ORDERS},
    )
    panel = Panel(asked, staff=user.is_staff)
    chosen = chips(asked, query)
    plain = address(query, page=None, sort=None, antal=None)
    context: dict[str, Any] = {
        "section": "locations",
        "table": table,
        "wide": len(table.columns) > len(FIXED) + len(USUAL),
        "query": address(query).removeprefix("?"),
        "narrows": plain.removeprefix("?"),
        "number": number,
        "form": asked.form,
        "panel": panel,
        "kept": panel.kept + [(name, query[name]) for name in ("sort", "antal") if query.get(name)],
        "sort": sort,
        "chips": chosen,
        "mistyped": mistyped(asked, found),
        "wider": wider.searches(asked, query, user) if not keys and chosen else [],
        "then": asked.then,
        "today_url": reverse("locations") + address(query, pr=None, page=None),
        "display": DisplayForm(user=user),
        "downloads": [
            {"format": form, "text": text, "hint": hint, "href": address(query, format=form, page=None)}
            for form, (text, hint) in CHOICES.items()
        ],
        "count_url": reverse("location-count") + address(query, page=None, sort=None),
        "previous": address(query, page=number - 1) if number > 1 else "",
        "next": address(query, page=number + 1) if len(keys) > rows else "",
    }
    return render(request, "locations/search.html", context)


def asked_again(request: HttpRequest, error: FilterError) -> HttpResponse:
    """400: the form as it was filled in, with what is wrong beside each field. What has no field is named."""
    asked: LocationFilter | None = error.asked
    if asked is None or request.GET.get("format") or set(asked.form.errors) & set(SHOWING):
        return refused(request, error.message, error.parameter)
    panel = Panel(asked, staff=cast(User, request.user).is_staff)
    kept = [(name, request.GET[name]) for name in ("sort", "antal") if request.GET.get(name)]
    context = {
        "section": "locations",
        "form": asked.form,
        "panel": panel,
        "kept": panel.kept + kept,
        "chips": chips(asked, request.GET),
        "mistakes": mistakes(asked.form, dict.fromkeys(EDI_TYPES, "id_edi_ny") | dict.fromkeys(KEPT, "")),
    }
    return render(request, "locations/search_again.html", context, status=400)


def mistyped(asked: LocationFilter, rows: Iterable[LocationNumber]) -> list[tuple[str, str]]:
    """(word as typed, what it was taken to mean) of the words that nothing was found by.

    What was meant is known without its Danish letters only; it is told as the units of `rows` write it.
    """
    words = [word for word in asked.found.words if word.mistyped] if asked.found else []
    units = [row.unit for row in rows if row.unit] if words else []
    texts = (text for unit in units for text in (unit.name, unit.street, unit.city))
    forms = {folded(run): run for text in texts for run in RUN.findall(text)}
    return [(word.written, ", ".join(forms.get(one, one) for one in word.spellings)) for word in words]


def rows_of(keys: list[int], columns: list[str], then: date | None = None) -> list[LocationNumber]:
    """The numbers with these primary keys, in their order, with what a table of `columns` shows of them, as they are
    or as they were on the day `then`."""
    latest = ["version"] if "aendret" in columns else []
    numbers = LocationNumber.objects.as_of(then)
    found = numbers.select_related("unit", *latest).defer("unit__search_text").in_bulk(keys)
    return [found[key] for key in keys if key in found]


def with_new_types(query: QueryDict) -> QueryDict | None:
    """`query` with the EDI types that were written in the panel; None where it did not send any field for them."""
    if "edi_ny" not in query and "edi_maade" not in query:
        return None
    way = query.get("edi_maade", "edi_type")
    if way not in EDI_TYPES:
        raise FilterError("edi_maade", _("No such parameter."))
    changed = query.copy()
    written = ",".join(changed.pop("edi_ny", [])).replace(";", ",").split(",")
    changed.pop("edi_maade", None)
    changed.setlist(way, list(dict.fromkeys([*changed.getlist(way), *(one.strip() for one in written)])))
    changed.pop("page", None)
    return changed


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
