"""The orders that the list can be in, and the page of it that an order asks for.

At 450,000 numbers each page must come from an index. Number, unit, city and number of EDI types have one of their own;
the latest change has one on the versions. A code list is in Danish order of its names, which no index of the numbers
knows: its entries are walked in that order, each through the index of its numbers.
"""

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import F, Func, IntegerField, QuerySet, Value
from django.db.models.expressions import Expression, OrderBy, RawSQL

from locations.access import LocationNumberQuerySet
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
FEW = 10_000  # numbers that are sorted; above it an index finds a page soon enough

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


def keys_of_page(
    queryset: LocationNumberQuerySet,
    sort: str,
    code_lists: CodeLists,
    *,
    start: int,
    rows: int,
    narrowed: bool,
    gathered: LocationNumberQuerySet | None = None,
    few: int,
) -> list[int]:
    """Primary keys of `rows` numbers from place `start` of `queryset`, which is in the order `sort`.

    Keys alone: page 900 would else join 45,000 rows. Where something narrows, few are gathered and sorted, many are
    walked by an index. Left to itself the planner walked one for 50 numbers: six seconds. It stops too late to know:
    what it takes to lie evenly may all lie at the end, as the numbers of pharmacies do. How many there are it knows.
    `gathered` are the same numbers, asked for in a form that finds them all soonest; `few` is the most to gather.
    """
    try:
        narrowed = narrowed or (bool(queryset.query.where) and sort.removeprefix("-") != "gln")
        if narrowed and _estimated(queryset) <= few:
            return _of_few(queryset if gathered is None else gathered, keys(sort, code_lists), start, rows)
        if column := CODE_LISTS.get(sort.removeprefix("-")):
            entries = in_danish_order(code_lists, sort.removeprefix("-"))
            return _of_many(queryset, column, entries, sort.startswith("-"), start, rows)
    except EmptyResultSet:
        return []
    if sort.removeprefix("-") == "aendret":
        queryset = queryset.filter(version__applied_at__isnull=False)  # true of all; the index says so
    return list(queryset.values_list("pk", flat=True)[start : start + rows])


def _estimated(queryset: LocationNumberQuerySet) -> int:
    """How many the planner takes the numbers to be."""
    numbers, params = queryset.order_by().values("id").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {numbers}", params)
        ((plan,),) = cursor.fetchall()
    return int(plan[0]["Plan"]["Plan Rows"])


# In: the numbers with what they are sorted by. Out: the keys of a page. OFFSET 0 keeps the planner from walking an
# index in the hope of an early end.
_FEW = "SELECT few.id FROM ({numbers} OFFSET 0) few {joined} ORDER BY {order} OFFSET %s LIMIT %s"
_LATEST = "JOIN locations_locationversion v ON v.id = few.version_id"


def _of_few(queryset: LocationNumberQuerySet, order: Sequence[OrderBy], start: int, rows: int) -> list[int]:
    latest = order[0].expression == F("version__applied_at")
    names = ["v.applied_at", "few.version_id"] if latest else [f"sorted_by_{n}" for n in range(len(order))]
    sorted_by = {} if latest else {n: key.expression for n, key in zip(names, order, strict=True)}
    few = queryset.order_by().annotate(**sorted_by).values("id", *(["version_id"] if latest else names))
    numbers, params = few.query.sql_with_params()
    directions = (f"{n} {'DESC' if key.descending else 'ASC'}" for n, key in zip(names, order, strict=True))
    statement = _FEW.format(numbers=numbers, joined=_LATEST if latest else "", order=", ".join(directions))
    with connection.cursor() as cursor:
        cursor.execute(statement, (*params, start, rows))
        return [key for (key,) in cursor.fetchall()]


# In: the entries of the code list in order, and the numbers of one entry, by gln. Out: the keys of a page.
# A nested loop keeps the order of the array, and stops once the page is full.
_OF_ENTRIES = "SELECT one.id FROM unnest(%s::bigint[]) entry (id), LATERAL ({numbers}) one"


def _of_many(
    queryset: QuerySet[Any], column: str, entries: Sequence[int], descending: bool, start: int, rows: int
) -> list[int]:
    """Carried by the indexes (code list, gln)."""
    by_gln = queryset.order_by("gln").values("id")
    of_entry = by_gln.filter(**{column: RawSQL("entry.id", ())})[: start + rows]
    numbers, params = of_entry.query.sql_with_params()
    of_none, none_params = by_gln.filter(**{f"{column}__isnull": True})[
        : start + rows
    ].query.sql_with_params()
    parts = [
        (_OF_ENTRIES.format(numbers=numbers), (list(entries[::-1] if descending else entries), *params)),
        (of_none, none_params),
    ]
    if descending:
        parts.reverse()
    statement = " UNION ALL ".join(f"({part})" for part, _params in parts)
    with connection.cursor() as cursor:
        bound = [value for _part, values in parts for value in values]
        cursor.execute(f"{statement} OFFSET %s LIMIT %s", (*bound, start, rows))
        return [key for (key,) in cursor.fetchall()]
