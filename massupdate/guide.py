"""The guide to mass updates, and the files to begin with."""

from dataclasses import dataclass
from typing import cast

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from locations.exports import CONTENT_TYPES, PAIRS_HEADER
from locations.models import SavedSearch
from massupdate import empty_file
from massupdate.codes import ERRORS, WARNINGS
from soredi.models import User
from soredi.parameters import refused, takes

SEARCHES = 12  # saved ones with a link to their file


@dataclass(frozen=True)
class Filled:
    """A file with the location numbers of a search as they are now."""

    name: str
    href: str


@login_required
@require_safe
@takes()
def guide(request: HttpRequest) -> HttpResponse:
    """`/masseopdatering/vejledning/`: eight steps, an example, and every code that a file can be answered with."""
    context = {
        "header": PAIRS_HEADER,
        "errors": ERRORS,
        "warnings": WARNINGS,
        "searches": filled(request),
    }
    return render(request, "massupdate/guide.html", context)


@login_required
@require_safe
@takes("format")
def template(request: HttpRequest) -> HttpResponseBase:
    """`/masseopdatering/skabelon/?format=csv|xlsx`: a file with the right header and nothing below it."""
    form = request.GET.get("format", "csv")
    if form not in empty_file.FORMATS:
        problem = _("Choose one of: %(choices)s.") % {"choices": ", ".join(empty_file.FORMATS)}
        return refused(request, problem, "format")
    content = empty_file.as_workbook() if form == "xlsx" else empty_file.as_csv()
    response = HttpResponse(content, content_type=CONTENT_TYPES[form])
    response["Content-Disposition"] = f'attachment; filename="{empty_file.NAME}.{form}"'
    return response


def filled(request: HttpRequest) -> list[Filled]:
    """The files that a person can begin with: of all numbers that may be edited, and of each saved search."""
    address = reverse("locations")
    searches = SavedSearch.objects.visible_to(cast(User, request.user))[:SEARCHES]
    return [
        Filled(_("All location numbers that you may edit"), f"{address}?format=massupdate"),
        *(
            Filled(search.name, f"{address}?{search.query}{'&' if search.query else ''}format=massupdate")
            for search in searches
        ),
    ]
