"""What a change set does, for the pages that show one: totals, and its numbers, narrowed, paged, or as a file.

The address takes the words of `change_filters.VersionFilter` with `page` and `format`: csv, a line a number, or
csv-lang, a line a change.
"""

from collections.abc import Iterable
from typing import Any, cast

from django.http import Http404, HttpRequest, HttpResponseBase, QueryDict, StreamingHttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from locations.change_exports import Export, Format
from locations.change_filters import NARROWS_VERSIONS, VersionFilter
from locations.exports import CONTENT_TYPES
from locations.filters import FilterError
from locations.history import FIELD_LABELS, changes_by_location, versions_in
from locations.models import ChangeSet, EdiType
from locations.models.deviation import FIELD_COLUMNS
from locations.tables import in_groups
from locations.undoing import undone
from soredi.jobs import State
from soredi.parameters import address, page_number

ROWS = 50
PARAMETERS = (*NARROWS_VERSIONS, "page", "format")
FILE_NAMES = {"csv": "aendring-{}.csv", "csv-lang": "aendring-{}-linjer.csv"}
DOWNLOADS = {
    "csv": gettext_lazy("One line a location number (CSV)"),
    "csv-lang": gettext_lazy("One line a change (CSV)"),
}
# Name of a field of the profile → what the filter calls it.
_ASKED_AS = {
    column.removesuffix("_id"): str(field) for field, columns in FIELD_COLUMNS.items() for column in columns
}


def contents(request: HttpRequest, it: ChangeSet) -> dict[str, Any]:
    """The context of locations/_contents.html; of a form that comes back, as narrowed where it was filled in.

    Raises FilterError.
    """
    whole = sees_whole(request, it)
    query = QueryDict(request.POST["soegning"]) if request.POST.get("soegning") else request.GET
    asked = narrowed(request, it, query)
    versions, narrows = asked.qs, asked.narrows
    number = page_number(request)
    start = (number - 1) * ROWS
    rows = changes_by_location(versions, start, start + ROWS)
    if not rows and number > 1:
        raise Http404
    # The planner counted what it wrote; only where some of that is not to be seen here is it counted again.
    total = it.counts.get("changed") if whole and not narrows and it.state == State.DRAFT else None
    if total is None:
        total = versions.count()
    kept = it.counts.get("kept", []) if whole else []
    page = reverse("change-set", args=[it.pk])
    undone_by = undone_of(it, [location.pk for location, _change in rows])
    return {
        "counts": it.counts,
        "whole": whole and "changed" in it.counts,
        "per_type": per_type(it) if whole else [],
        "per_field": [
            (FIELD_LABELS[name], _ASKED_AS[name], count)
            for name, count in it.counts.get("fields", {}).items()
            if whole
        ],
        "kept": [(gln, FIELD_LABELS[name]) for gln, name in kept],
        "asked": asked.form,
        "narrows": narrows,
        "narrowing": address(query, page=None).removeprefix("?"),
        "downloads": [
            {"text": text, "href": page + address(query, page=None, format=form)}
            for form, text in DOWNLOADS.items()
        ],
        "rows": [
            {
                "location": location,
                "gln": in_groups(location.gln),
                "change": change,
                "undone_by": undone_by.get(location.pk),
            }
            for location, change in rows
        ],
        "total": total,
        "first": start + 1,
        "last": start + len(rows),
        "number": number,
        "previous": address(query, page=number - 1) if number > 1 else "",
        "next": address(query, page=number + 1) if start + ROWS < total else "",
    }


def narrowed(request: HttpRequest, it: ChangeSet, query: QueryDict) -> VersionFilter:
    """What `query` asks of the numbers of `it` that the user may edit. Raises FilterError."""
    return VersionFilter.checked(
        query, versions_in(it, request.user), counts=it.counts if sees_whole(request, it) else None
    )


def undone_of(it: ChangeSet, locations: list[int]) -> dict[int, int]:
    """Number → the undo of `it` that holds for it, of those numbers that are undone."""
    if it.state != State.DONE:
        return {}
    return dict(undone(it).filter(location__in=locations).values_list("location", "change_set"))


def per_type(it: ChangeSet) -> list[tuple[EdiType, int, int, int]]:
    """(EDI type, numbers that gain it, lose it, keep it), by code and version."""
    moved = it.counts.get("edi_types", {})
    types = EdiType.objects.filter(pk__in=[int(key) for key in moved]) if moved else []
    kept = it.counts.get("kept_types", {})
    return [(row, *moved[str(row.pk)], kept.get(str(row.pk), 0)) for row in types]


def sees_whole(request: HttpRequest, it: ChangeSet) -> bool:
    """Totals tell of numbers that others may not see."""
    return request.user.is_staff or it.by_id == request.user.pk


def download(request: HttpRequest, it: ChangeSet) -> HttpResponseBase:
    """The numbers that the address asks for. Raises FilterError."""
    form = request.GET["format"]
    if form not in FILE_NAMES:
        raise FilterError("format", _("Choose one of: %(choices)s.") % {"choices": ", ".join(FILE_NAMES)})
    versions = narrowed(request, it, request.GET).qs
    return attachment(Export(versions, cast(Format, form)), FILE_NAMES[form].format(it.pk))


def attachment(chunks: Iterable[bytes], name: str) -> HttpResponseBase:
    """A CSV file, sent while it is made; when the browser leaves, so does the query."""
    response = StreamingHttpResponse(iter(chunks), content_type=CONTENT_TYPES["csv"])
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["X-Accel-Buffering"] = "no"
    return response
