"""`/stamdata/`: the code lists, to look things up in; administrators change them (code_list_rows.py)."""

from collections.abc import Iterable
from datetime import date
from typing import Any, cast

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from locations.catalogue_check import is_day
from locations.catalogue_files import as_csv
from locations.catalogue_history import rows_on
from locations.code_lists import LISTS, CodeList, asked_for, held, in_order, matching
from locations.exports import CONTENT_TYPES
from locations.models import CatalogueChange
from soredi.jobs import State
from soredi.models import User
from soredi.parameters import refused, takes

LATEST = 8  # changes on the front page


class CodeListConverter:
    """In an address: the slug of a code list ↔ the CodeList."""

    regex = "|".join(LISTS)

    def to_python(self, value: str) -> CodeList:
        return LISTS[value]

    def to_url(self, value: CodeList | str) -> str:
        return value if isinstance(value, str) else value.slug


class LabelConverter:
    """In an address: what names a row ↔ the label. A label that would be read as something else is written with a
    tilde before it, and with ~1 for each slash, ~0 for each tilde: the row `ny` is at `~ny`, `a/ret` at `~a~1ret`.
    """

    regex = ".+"
    # What may stand in the place of a label in the addresses of a list, and what browsers take out of one.
    taken = frozenset(("ny", "indlaes", "kobling", "udfas", ".", ".."))

    def to_python(self, value: str) -> str:
        return value[1:].replace("~1", "/").replace("~0", "~") if value.startswith("~") else value

    def to_url(self, value: str) -> str:
        if value in self.taken or value.startswith("~") or "/" in value:
            return "~" + value.replace("~", "~0").replace("/", "~1")
        return value


@login_required
@require_safe
@takes()
def code_lists(request: HttpRequest) -> HttpResponse:
    """`/stamdata/`: which lists there are, how many rows each has, and what people changed lately."""
    today = timezone.localdate()
    done = CatalogueChange.objects.filter(state=State.DONE).select_related("by")
    context = {
        "lists": [
            {"list": one, "rows": len(days), "retired": sum(bool(day and day <= today) for day in days)}
            for one in LISTS.values()
            for days in [list(one.model._default_manager.values_list("retired_on", flat=True))]
        ],
        "latest": [(change, LISTS[change.code_list]) for change in done[:LATEST]],
    }
    return render(request, "locations/code_lists/index.html", context)


@login_required
@require_safe
@takes("q", "sort", "pr", "format")
def code_list(request: HttpRequest, code_list: CodeList) -> HttpResponseBase:
    """`/stamdata/<list>/?q=&sort=&pr=&format=csv`: one list; how many of the user's numbers have each row.

    With `pr` it is as it was at the end of that day, without those figures, which are today's.
    """
    user = cast(User, request.user)
    words, sort, day = (request.GET.get(name, "").strip() for name in ("q", "sort", "pr"))
    if sort.removeprefix("-") not in ("", *code_list.sorts):
        choices = ", ".join(code_list.sorts)
        return refused(request, _("Choose one of: %(choices)s.") % {"choices": choices}, "sort")
    if request.GET.get("format", "csv") != "csv":
        return refused(request, _("Choose one of: %(choices)s.") % {"choices": "csv"}, "format")
    if day and not is_day(day):
        return refused(request, _("Write the day as 2026-12-31."), "pr")
    then = date.fromisoformat(day) if day else None
    if then and then > timezone.localdate():
        return refused(request, _("The day is still to come. Choose today or an earlier one."), "pr")
    found = rows_on(code_list, then).select_related("pgh_obj", "replaced_by") if then else code_list.rows()
    rows = list(in_order(code_list, matching(code_list, found, words[:200]), sort))
    counted = code_list.counted_for(user) and not then and "format" not in request.GET
    counts = held(user, code_list.column) if counted else {}
    if sort.removeprefix("-") == "antal":
        rows.sort(key=lambda row: counts.get(row.pk, 0))
    if sort.startswith("-"):
        rows.reverse()
    if "format" in request.GET:
        return download(code_list, user, rows, then)
    shown = [described(code_list, user, row, counts.get(row.pk, 0)) for row in rows]
    context = {
        "code_list": code_list,
        "tabs": tabs(code_list),
        "rows": shown,
        "counted": counted,
        "headings": headings(code_list, request, counted),
        "with_standard": code_list.field_names >= {"standard"},
        "with_people": code_list.field_names >= {"people"} and user.is_staff and not then,
        "q": words,
        "day": then,
        "sort": sort,
        "today": timezone.localdate().isoformat(),
        "csv": "?" + urlencode({"q": words, "pr": day, "sort": sort, "format": "csv"}),
        "may_change": user.is_staff and not then,
    }
    return render(request, "locations/code_lists/list.html", context)


def described(code_list: CodeList, user: User, row: Any, count: int) -> dict[str, Any]:
    """A row, or an event of it, as the list shows it."""
    living, today = getattr(row, "pgh_obj", row), timezone.localdate()
    return {
        "count": count,
        "row": row,
        "label": row_label(code_list, row),
        "href": reverse("code-list-row", args=[code_list, living.label]),
        "retired": row.retired_on and row.retired_on <= today,
        "replaced_by": row.replaced_by.label if row.replaced_by else "",
        "numbers": numbers_of(code_list, user, row),
    }


def row_label(code_list: CodeList, row: Any) -> str:
    """Of a row or an event."""
    return " ".join(getattr(row, column) for column in code_list.key).strip()


def numbers_of(code_list: CodeList, user: User, row: Any) -> str:
    """The address of the location numbers that have `row`; "" where the user may not ask for them."""
    if (code_list.vendors and not user.is_staff) or hasattr(row, "pgh_obj"):
        return ""
    return f"{reverse('locations')}?{urlencode({code_list.parameter: asked_for(row)})}"


def tabs(chosen: CodeList | None) -> list[tuple[str, Any, bool]]:
    """(address, text, whether it is this page) of every list."""
    return [(reverse("code-list", args=[one]), one.title, one is chosen) for one in LISTS.values()]


def headings(code_list: CodeList, request: HttpRequest, counted: bool) -> list[dict[str, Any]]:
    """The columns, each with the address that sorts by it."""
    texts = {"kode": _("Code"), "navn": _("Name")}
    if "standard" in code_list.field_names:
        texts |= {"standard": _("Standard"), "": _("SOR id")}
    texts |= {"udgaar": _("Retired from"), " ": _("Is replaced by")}
    if "people" in code_list.field_names and cast(User, request.user).is_staff and "pr" not in request.GET:
        texts["  "] = _("People")
    if counted:
        texts["antal"] = _("Location numbers")
    now, found = request.GET.get("sort", ""), []
    for name, text in texts.items():
        first = f"-{name}" if now == name or (name == "antal" and now != "-antal") else name
        asked: dict[str, Any] = {key: value for key, value in request.GET.items() if key != "sort"} | {
            "sort": first
        }
        order = "" if now.removeprefix("-") != name else "descending" if now.startswith("-") else "ascending"
        found.append(
            {
                "text": text,
                "href": "?" + urlencode(asked) if name.strip() else "",
                "order": order,
                "figure": name == "antal",
            }
        )
    return found


def download(code_list: CodeList, user: User, rows: Iterable[Any], then: date | None) -> HttpResponseBase:
    """The rows as a file that can be changed and read in again."""
    fields = [field for field in code_list.fields_for(user) if field.kind != "people" or not then]
    response = StreamingHttpResponse(as_csv(code_list, fields, rows), content_type=CONTENT_TYPES["csv"])
    name = f"{code_list.slug}-{then}" if then else code_list.slug
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response
