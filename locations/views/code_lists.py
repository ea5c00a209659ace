"""Stamdata: the code lists, to look things up in. Administrators change them in the admin site."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import Count, F, Func, IntegerField, Model
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from locations.models import (
    EdiAdministrator,
    EdiType,
    LocationNumber,
    Region,
    Speciality,
    System,
    Vans,
    Vendor,
)
from soredi.models import User
from soredi.parameters import takes


@dataclass(frozen=True)
class CodeList:
    """`field` of LocationNumber points into the list, `parameter` of the search asks for one entry of it."""

    model: type[Model]
    title: Any
    field: str = ""
    parameter: str = ""
    administrators_only: bool = False


# By the value of `?liste=`.
CODE_LISTS = {
    "edi-typer": CodeList(EdiType, _("EDI types"), "edi_types", "edi_type"),
    "vans": CodeList(Vans, "VANS", "vans", "vans"),
    "systemer": CodeList(System, _("Systems"), "system", "system"),
    "leverandoerer": CodeList(Vendor, _("Vendors"), "vendor", "leverandoer", administrators_only=True),
    "edi-administratorer": CodeList(
        EdiAdministrator, _("EDI administrators"), "edi_administrator", "administrator"
    ),
    "regioner": CodeList(Region, _("Regions"), "region", "region"),
    "specialer": CodeList(Speciality, _("Specialities"), "", "speciale"),
}


class Unnest(Func):
    function = "unnest"
    set_returning = True
    output_field = IntegerField()


@login_required
@require_safe
@takes("liste")
def code_lists(request: HttpRequest) -> HttpResponse:
    """`/stamdata/?liste=…`: one list, with how many of the numbers the user may edit have each entry.

    Vendors are counted for administrators only, who alone may search by them.
    """
    user = request.user
    assert isinstance(user, User)
    chosen = request.GET.get("liste", "edi-typer")
    if chosen not in CODE_LISTS:
        raise Http404
    code_list = CODE_LISTS[chosen]
    counted = bool(code_list.field) and (user.is_staff or not code_list.administrators_only)
    counts = held(user, code_list.field) if counted else {}
    entries: Iterable[Any] = code_list.model._default_manager.all()
    linked = user.is_staff or not code_list.administrators_only
    context = {
        "tabs": [(key, one.title, key == chosen) for key, one in CODE_LISTS.items()],
        "title": code_list.title,
        "counted": counted,
        "with_standard": code_list.model is EdiType,
        "rows": [
            {
                "entry": entry,
                "code": str(entry) if isinstance(entry, EdiType) else entry.code,
                "count": counts.get(entry.pk, 0),
                "href": f"{reverse('locations')}?{urlencode({code_list.parameter: asked_for(entry)})}"
                if linked
                else "",
            }
            for entry in entries
        ],
        "edit": reverse(f"admin:locations_{code_list.model._meta.model_name}_changelist")
        if user.is_staff
        else "",
    }
    return render(request, "locations/code_lists.html", context)


def asked_for(entry: Any) -> str:
    """How the search names an entry."""
    return entry.sor_id or str(entry) if isinstance(entry, EdiType) else entry.code


def held(user: User, field: str) -> Mapping[int, int]:
    """Primary key of an entry → how many of the numbers that `user` may edit have it. One query."""
    key = Unnest(F(field)) if field == "edi_types" else F(field)
    rows = LocationNumber.objects.editable_by(user).order_by().values(entry=key).annotate(n=Count("pk"))
    return {row["entry"]: row["n"] for row in rows if row["entry"] is not None}
