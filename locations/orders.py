"""The orders that the list can be in, each carried by an index; `locations.pages` takes a page of one.

Number, unit, city and number of EDI types have an index of their own; the latest change has one on the versions. A code
list is in Danish order of its names, which no index of the numbers knows: its entries are walked in that order, each
through the index of its numbers. What only a unit has is walked through the units, and numbers without one come last;
so do empty notes. Statuses stand in the order of the panel.
"""

from datetime import date
from typing import Any

from django.db.models import Case, F, Func, IntegerField, QuerySet, TextField, Value, When
from django.db.models.expressions import Expression, OrderBy
from django.db.models.functions import NullIf
from django.utils import timezone

from locations.access import LocationNumberQuerySet
from locations.codes import CodeLists
from locations.models.location import Status
from locations.statuses import STATUS


def _danish(text: F) -> Func:
    return Func(text, function="danish_key", output_field=TextField())


def _filled(text: F) -> NullIf:
    return NullIf(text, Value(""))


# Value of `sort` → what carries it. `-` before the value turns all around but the number among equals.
COLUMNS: dict[str, tuple[Expression | F, ...]] = {
    "gln": (F("gln"),),
    "enhed": (F("unit_key"), F("gln")),
    "by": (F("city_key"), F("gln")),
    "edi_typer": (Func("edi_types", function="cardinality", output_field=IntegerField()), F("gln")),
    "aendret": (F("version__applied_at"), F("version_id")),
    "note": (NullIf(_danish(F("note")), Value("", output_field=TextField())), F("gln")),
}
# The same of the unit; a unit's numbers stand together.
OF_UNIT: dict[str, Expression | F] = {
    "enhedstype": _danish(F("unit__types__0")),
    "sor": F("unit__sor_id"),
    "cvr": _filled(F("unit__cvr")),
    "ydernummer": _filled(F("unit__provider_number")),
    "shak": _filled(F("unit__shak")),
}
# Value of `sort`, which is also the name of the code list → the column that holds its key.
CODE_LISTS = {
    "vans": "vans_id",
    "system": "system_id",
    "leverandoer": "vendor_id",
    "administrator": "edi_administrator_id",
    "region": "region_id",
}
ORDERS = (*COLUMNS, *OF_UNIT, *CODE_LISTS, "status")

_DANISH = str.maketrans("æäøöåüéèëáàíóõ", "{{||}yeeeaaioo")


def danish_key(name: str) -> str:
    """Sorts as the SQL function of the same name: æ, ø, å after z, and aa as å."""
    return name.lower().replace("aa", "å").translate(_DANISH)


def in_danish_order(code_lists: CodeLists, name: str) -> list[int]:
    """The keys of a code list in the Danish order of its names."""
    return [entry.pk for entry in sorted(code_lists.all(name), key=lambda entry: danish_key(entry.label))]


def keys(sort: str, code_lists: CodeLists, day: date | None = None) -> list[OrderBy]:
    """What to order by; those without an entry in a code list come last, and first when it is turned around. Statuses
    are those of `day`, today without one."""
    name, descending = sort.removeprefix("-"), sort.startswith("-")
    if name in CODE_LISTS:
        place = Func(
            Value(in_danish_order(code_lists, name)),
            F(CODE_LISTS[name]),
            template="array_position((%(expressions)s)",
            arg_joiner=")::bigint[], ",
            output_field=IntegerField(),
        )
        return [OrderBy(place, descending=descending), OrderBy(F("gln"))]
    if name == "status":
        return [
            OrderBy(_place_of_status(day or timezone.localdate()), descending=descending),
            OrderBy(F("gln")),
        ]
    if name in OF_UNIT:
        of_unit: list[Expression | F] = [OF_UNIT[name], F("unit_id")]
        return [*(OrderBy(key, descending=descending) for key in of_unit), OrderBy(F("gln"))]
    first, *rest = COLUMNS[name]
    both = descending and name == "aendret"
    return [OrderBy(first, descending=descending), *(OrderBy(key, descending=both) for key in rest)]


def _place_of_status(day: date) -> Case:
    whens = [When(STATUS[status](day), then=Value(place)) for place, status in enumerate(Status)]
    return Case(*whens, output_field=IntegerField())


def pieces(numbers: LocationNumberQuerySet, sort: str, code_lists: CodeLists) -> list[LocationNumberQuerySet]:
    """`numbers` in disjoint pieces that follow each other in the order `sort`, each in an order that an index has.

    One piece where one index has it all; code lists, which are walked by entry, are not for this.
    """
    name = sort.removeprefix("-")
    in_order, by_gln = keys(sort, code_lists), [OrderBy(F("gln"))]
    if name == "status":
        found = [numbers.filter(STATUS[one](timezone.localdate())).order_by(*by_gln) for one in Status]
    elif name == "note":
        found = [numbers.exclude(note="").order_by(*in_order), numbers.filter(note="").order_by(*by_gln)]
    elif name in OF_UNIT:
        # What no unit lacks makes of Django's outer join an inner one, which may begin at the units.
        of_units = numbers.filter(unit__sor_id__isnull=False).order_by(*in_order)
        found = [of_units, numbers.filter(unit=None).order_by(*by_gln)]
    else:
        return [numbers.order_by(*in_order)]
    return found[::-1] if sort.startswith("-") else found


def ordered(queryset: LocationNumberQuerySet, sort: str, code_lists: CodeLists) -> QuerySet[Any]:
    return queryset.order_by(*keys(sort, code_lists, queryset.day))
