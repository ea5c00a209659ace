"""The orders that the list can be in, each carried by an index; `locations.pages` takes a page of one.

Number, unit, city and number of EDI types have an index of their own; the latest change has one on the versions. A code
list is in Danish order of its names, which no index of the numbers knows: its entries are walked in that order, each
through the index of its numbers.
"""

from typing import Any

from django.db.models import F, Func, IntegerField, QuerySet, Value
from django.db.models.expressions import Expression, OrderBy

from locations.codes import CodeLists

# Value of `sort` → what carries it. `-` before the value turns the first around; `aendret` turns both.
COLUMNS: dict[str, tuple[Expression | F, ...]] = {
    "gln": (F("gln"),),
    "enhed": (F("unit_key"), F("gln")),
    "by": (F("city_key"), F("gln")),
    "edi_typer": (Func("edi_types", function="cardinality", output_field=IntegerField()), F("gln")),
    "aendret": (F("version__applied_at"), F("version_id")),
}
# Value of `sort`, which is also the name of the code list → the column that holds its key.
CODE_LISTS = {
    "vans": "vans_id",
    "system": "system_id",
    "leverandoer": "vendor_id",
    "administrator": "edi_administrator_id",
    "region": "region_id",
}
ORDERS = (*COLUMNS, *CODE_LISTS)

_DANISH = str.maketrans("æäøöåüéèëáàíóõ", "{{||}yeeeaaioo")


def danish_key(name: str) -> str:
    """Sorts as the SQL function of the same name: æ, ø, å after z, and aa as å."""
    return name.lower().replace("aa", "å").translate(_DANISH)


def in_danish_order(code_lists: CodeLists, name: str) -> list[int]:
    """The keys of a code list in the Danish order of its names."""
    return [entry.pk for entry in sorted(code_lists.all(name), key=lambda entry: danish_key(entry.label))]


def keys(sort: str, code_lists: CodeLists) -> list[OrderBy]:
    """What to order by; those without an entry in a code list come last, and first when it is turned around."""
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
    first, *rest = COLUMNS[name]
    both = descending and name == "aendret"
    return [OrderBy(first, descending=descending), *(OrderBy(key, descending=both) for key in rest)]


def ordered(queryset: QuerySet[Any], sort: str, code_lists: CodeLists) -> QuerySet[Any]:
    return queryset.order_by(*keys(sort, code_lists))
