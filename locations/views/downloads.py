"""The same rows as files: of a whole result, or of the numbers that were ticked.

`/lokationsnumre/hent/` takes the choice as `edit` does, in the address or in a form that is posted, and `format`:
`format=csv&omfang=valgte&valgt=<gln>&valgt=…`, or `format=csv&omfang=alle&soegning=<query of the list>`.
"""

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponseBase, QueryDict, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from locations.access import LocationNumberQuerySet
from locations.exports import CONTENT_TYPES, FILE_NAMES, Export, Format, TooManyRows
from locations.filters import FilterError
from locations.views.edit import chosen
from soredi.models import User
from soredi.parameters import refused

# The formats in the order of the menu: what each is called, and what it is good for.
CHOICES = {
    "csv": (
        gettext_lazy("All data (CSV)"),
        gettext_lazy("One line a location number, its EDI types in one column"),
    ),
    "xlsx": (
        gettext_lazy("All data (Excel)"),
        gettext_lazy("The same as text cells: numbers keep all their digits"),
    ),
    "csv-par": (
        gettext_lazy("EDI types (CSV)"),
        gettext_lazy("One line for each EDI type of each location number"),
    ),
    "massupdate": (
        gettext_lazy("Mass-update file"),
        gettext_lazy("Loknr;EdiId, ready to be changed and handed in"),
    ),
}
PARAMETERS = {"format", "omfang", "valgt", "soegning", "csrfmiddlewaretoken"}


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def download_chosen(request: HttpRequest) -> HttpResponseBase:
    """A file of the ticked numbers; 404 where one of them is not the user's."""
    asked = request.POST if request.method == "POST" else request.GET
    try:
        form = format_of(asked)
        locations = chosen(asked, cast(User, request.user), past=True)
    except FilterError as error:
        return refused(request, error.message, error.parameter)
    if asked.get("omfang") != "alle" and not asked.getlist("valgt"):
        messages.info(request, _("Tick the location numbers that you want to fetch."))
        return redirect(f"{reverse('locations')}?{asked.get('soegning', '')}")
    return download(request, locations, form)


def format_of(asked: QueryDict) -> Format:
    """Raises FilterError for a format or a parameter that is not known."""
    for parameter in asked:
        if parameter not in PARAMETERS:
            raise FilterError(parameter, _("No such parameter."))
    form = asked.get("format", "")
    if form not in CHOICES:
        raise FilterError("format", _("Choose one of: %(choices)s.") % {"choices": ", ".join(CHOICES)})
    return cast(Format, form)


def download(request: HttpRequest, locations: LocationNumberQuerySet, form: Format) -> HttpResponseBase:
    """The file, sent while it is read; when the browser leaves, the query ends."""
    try:
        export = Export(locations, form)
    except TooManyRows as error:
        return refused(request, str(error))
    response = StreamingHttpResponse(iter(export), content_type=CONTENT_TYPES[form])
    day = f"{locations.day}-" if locations.day else ""
    response["Content-Disposition"] = f'attachment; filename="{day}{FILE_NAMES[form]}"'
    response["X-Accel-Buffering"] = "no"
    return response
