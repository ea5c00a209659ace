"""The code lists as pages and files know them: their fields, their rows, and how many numbers have each row.

Every value is text here, "" for none: as forms send it, as files hold it and as a CatalogueChange keeps it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, F, Func, IntegerField, Q, QuerySet, Value
from django.db.models.functions import Concat
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from locations.models import (
    EdiAdministrator,
    EdiType,
    LocationNumber,
    Region,
    SavedSearch,
    Speciality,
    System,
    Vans,
    Vendor,
)
from soredi.models import User


@dataclass(frozen=True)
class Field:
    """A field that administrators may change. `header` is its column in files, in Danish for ever.

    `kind`: text, day, standard, entry (another row of the list) or one of GOES_ALONG: people, maps (what was said of
    MedCom's systems, a line each: `= Clinea`, `≠ Novax`) and searches (keys of saved searches).
    """

    name: str
    header: str
    label: Any
    kind: str = "text"

    def text(self, row: Any) -> str:
        """The value of `row`, or of an event of it, as text."""
        if self.kind == "people":
            return ", ".join(sorted(user.username for user in row.users.all()))
        if self.kind == "maps":
            words = row.maps.exclude(accepted=None).values_list("accepted", "medcom_system")
            return "\n".join(sorted(f"{'=' if accepted else '≠'} {name}" for accepted, name in words))
        if self.kind == "searches":
            keys = SavedSearch.objects.filter(shared_with=row).order_by("pk").values_list("pk", flat=True)
            return ", ".join(map(str, keys))
        value = getattr(row, self.name)
        if value is None:
            return ""
        if self.kind == "day":
            return value.isoformat()
        return value.label if self.kind == "entry" else str(value)

    def said(self, text: str) -> str:
        """The same for people: days and standards in words."""
        if self.kind == "day" and text:
            return date_format(date.fromisoformat(text))
        if self.kind == "standard" and text in EdiType.Standard.values:
            return str(EdiType.Standard(text).label)
        if self.kind == "maps":
            lines = text.splitlines()
            return " · ".join(
                one[2:] if one.startswith("=") else gettext("%(name)s (rejected)") % {"name": one[2:]}
                for one in lines
            )
        if self.kind == "searches" and text:
            known = SavedSearch.objects.in_bulk(list(map(int, text.split(", "))))
            return " · ".join(str(known.get(int(key), key)) for key in text.split(", "))
        return text

    def value(self, text: str) -> Any:
        """What a row holds for `text`; of an entry and of people see catalogue.py."""
        if self.kind == "day":
            return date.fromisoformat(text) if text else None
        return (text or None) if self.name == "sor_id" else text


# Kinds of fields that are sets of things which belong to a row, and go with it when it is merged into another.
GOES_ALONG = ("people", "maps", "searches")

_NAME = Field("name", "Navn", _("Name"))
_RETIRED = Field("retired_on", "Udgår", _("Retired from"), "day")
_REPLACED = Field("replaced_by", "Erstattes af", _("Is replaced by"), "entry")
_COMMON = (_NAME, _RETIRED, _REPLACED)


@dataclass(frozen=True)
class CodeList:
    """`column` of LocationNumber points into the list (`specialities` are those of the units that a number serves),
    `parameter` of the search asks for a row of it.

    `moves`: rows can be merged, the numbers of one moving to the other by a change set. `besides` are the fields that
    have forms of their own elsewhere, and that only merging changes here.
    """

    slug: str
    model: type[Any]
    title: Any
    one: Any
    fields: tuple[Field, ...] = _COMMON
    column: str = ""
    parameter: str = ""
    moves: bool = False
    besides: tuple[Field, ...] = ()
    vendors: bool = False

    @property
    def key(self) -> tuple[str, ...]:
        """The columns that name a row: given once, never changed here."""
        return ("code", "version") if self.model is EdiType else ("code",)

    @property
    def key_headers(self) -> tuple[str, ...]:
        return ("Kode", "Version")[: len(self.key)]

    @property
    def field_names(self) -> set[str]:
        return {field.name for field in self.fields}

    def field(self, name: str) -> Field:
        return next(field for field in (*self.fields, *self.besides) if field.name == name)

    def fields_for(self, user: User) -> tuple[Field, ...]:
        """Who the people are is told to administrators only."""
        return tuple(field for field in self.fields if user.is_staff or field.kind != "people")

    def shown_to(self, user: User) -> dict[str, Field]:
        """All fields that `user` may see changes of, by name."""
        hidden = () if user.is_staff else ("people", "searches")
        return {f.name: f for f in (*self.fields, *self.besides) if f.kind not in hidden}

    @property
    def going_along(self) -> tuple[str, ...]:
        """The fields that go with a row when it is merged into another."""
        return tuple(field.name for field in (*self.fields, *self.besides) if field.kind in GOES_ALONG)

    def rows(self) -> QuerySet[Any]:
        """All rows with what `Field.text` reads of them."""
        people = ["users"] if any(field.kind == "people" for field in self.fields) else []
        found = self.model._default_manager.select_related("replaced_by")
        return in_order(self, found.prefetch_related(*people), "")

    def find(self, label: str) -> Any:
        """The row that `label` names. Raises DoesNotExist."""
        return self.rows().get(label_is(self, label))

    @property
    def sorts(self) -> tuple[str, ...]:
        """Values of `sort`; `-` before one turns it round."""
        return tuple(sort for sort in SORTS if sort != "standard" or sort in self.field_names)

    def counted_for(self, user: User) -> bool:
        """Vendors are counted for administrators only, who alone may search by them."""
        return bool(self.column) and (user.is_staff or not self.vendors)

    def __str__(self) -> str:
        return str(self.title)


LISTS = {
    one.slug: one
    for one in (
        CodeList(
            "edi-typer",
            EdiType,
            _("EDI types"),
            _("EDI type"),
            (
                _NAME,
                Field("standard", "Standard", _("Standard"), "standard"),
                Field("sor_id", "SOR-id", _("SOR id")),
                Field("urn", "URN", "URN"),
                Field("letter", "Brev", _("Letter")),
                Field("valid_from", "Gyldig fra", _("Valid from"), "day"),
                _RETIRED,
                _REPLACED,
            ),
            "edi_types",
            "edi_type",
        ),
        CodeList("vans", Vans, "VANS", "VANS", column="vans", parameter="vans", moves=True),
        CodeList(
            "systemer",
            System,
            _("Systems"),
            _("System"),
            column="system",
            parameter="system",
            moves=True,
            besides=(Field("maps", "MedCom", _("MedCom's systems"), "maps"),),
        ),
        CodeList(
            "leverandoerer",
            Vendor,
            _("Vendors"),
            _("Vendor"),
            column="vendor",
            parameter="leverandoer",
            moves=True,
            vendors=True,
        ),
        CodeList("regioner", Region, _("Regions"), _("Region"), column="region", parameter="region"),
        CodeList(
            "specialer",
            Speciality,
            _("Specialities"),
            _("Speciality"),
            column="specialities",
            parameter="speciale",
        ),
        CodeList(
            "edi-administratorer",
            EdiAdministrator,
            _("EDI administrators"),
            _("EDI administrator"),
            (*_COMMON, Field("people", "Personer", _("People"), "people")),
            "edi_administrator",
            "administrator",
            moves=True,
            besides=(Field("searches", "Gemte søgninger", _("Saved searches shared with it"), "searches"),),
        ),
    )
}

SORTS = ("kode", "navn", "standard", "udgaar", "antal")


def label_is(code_list: CodeList, label: str) -> Q:
    """Rows (or events) that `label` names: the code, of an EDI type `code version`."""
    if code_list.model is not EdiType:
        return Q(code=label)
    places = [at for at, letter in enumerate(label) if letter == " "]
    named = Q(code=label, version="")
    for at in places:
        named |= Q(code=label[:at], version=label[at + 1 :])
    return named


def in_order(code_list: CodeList, found: QuerySet[Any], sort: str) -> QuerySet[Any]:
    """By the value of `sort`; "" is as people look them up. `antal` is for who has the counts."""
    code: list[Any] = ["code", "version"] if code_list.model is EdiType else ["code"]
    danish = Func("name", function="danish_key")
    usual: list[Any] = code if code_list.model is EdiType else [danish, *code]
    by: list[Any] = {
        "kode": code,
        "navn": [danish, *code],
        "standard": ["standard", *code],
        "udgaar": ["retired_on", *code],
    }.get(sort.removeprefix("-"), usual)
    return found.order_by(*by)


def matching(code_list: CodeList, found: QuerySet[Any], words: str) -> QuerySet[Any]:
    """Those in which every word of `words` stands: in code, version, name, SOR id or URN."""
    columns: list[Any] = [F("code"), F("name")]
    if code_list.model is EdiType:
        columns += [F("version"), Func("sor_id", Value(""), function="coalesce"), F("urn")]
    spaced: list[Any] = []
    for column in columns:
        spaced += [column, Value(" ")]
    found = found.annotate(said=Func(Concat(*spaced), function="search_fold"))
    for word in words.split():
        found = found.filter(said__contains=Func(Value(word), function="search_fold"))
    return found


class Unnest(Func):
    function = "unnest"
    set_returning = True
    output_field = IntegerField()


def held(user: User, column: str) -> Mapping[int, int]:
    """Primary key of a row → how many of the numbers that `user` may edit have it. One query, two for who is no
    administrator."""
    numbers = LocationNumber.objects.listed_for(user).order_by()
    if column == "specialities":  # A number serves several units with the same one.
        served = numbers.exclude(unit__number_users__specialities=[])
        rows = served.values(entry=Unnest(F("unit__number_users__specialities"))).annotate(
            n=Count("pk", distinct=True)
        )
    else:
        key = Unnest(F(column)) if column == "edi_types" else F(column)
        rows = numbers.values(entry=key).annotate(n=Count("pk"))
    return {row["entry"]: row["n"] for row in rows if row["entry"] is not None}


def holding(code_list: CodeList, row: Any) -> QuerySet[Any]:
    """All numbers that have `row`, whosoever they are."""
    if code_list.column == "edi_types":
        return LocationNumber.objects.receiving(row)
    return LocationNumber.objects.filter(**{code_list.column: row.pk})


def asked_for(row: Any) -> str:
    """How the search names a row."""
    return getattr(row, "sor_id", None) or row.label
