"""The one question: which location numbers. List, export, "all that match" and commands ask it alike.

The words are those of `/lokationsnumre/?…` and of `--query`:

    gln            the whole number or its first digits; spaces inside are fine
    q              words, each found in the unit's name, address, SOR code, CVR, provider number or SHAK code,
                   or in a name above it; æøå may be written ae, oe, aa. 13 digits mean a location number
    edi_type       has all of these: SOR id, `code version`, or `code` where it has one version
    ikke_edi_type  has none of these
    leverandoer    vendor, for administrators only
    speciale       serves a unit with any of these specialities
    vans, system, administrator, region    any of these codes
    status         any of these, see STATUS
    page, antal, sort, format    how it is shown: antal is the rows of a page; sort is a column, see ORDERS, with -
                   before it for descending; the vendor's for administrators only

Nothing is filtered unless asked for; an empty value asks for nothing. What is unknown or invalid raises.
"""

import unicodedata
from collections.abc import Callable
from datetime import date
from typing import Any, cast

import django_filters
from django import forms
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db.models import F, Func, Q, QuerySet, TextField, Value
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from locations.access import LocationNumberQuerySet
from locations.forms import Code, CodeLists, CodesField, CodesSelect, GlnField
from locations.models import LocationNumber, SorUnit
from locations.models.location import Status
from locations.orders import ORDERS, ordered
from soredi.models import User

ROWS = ("25", "50", "100", "250")  # a page
SHOWING = ("page", "antal", "sort", "format")  # parameters that do not narrow
FORMATS = ("csv", "csv-par", "massupdate", "xlsx")
INTERNAL = "intern"

# Each status on a day, in the order of `status_on`: every number has just one of the four, so that their counts add
# up to all numbers. A number yet to begin is future whether or not it is flagged inactive. `intern` is a flag beside
# them.
STATUS: dict[str, Callable[[date], Q]] = {
    Status.ACTIVE: lambda day: _begun(day) & _open(day) & Q(inactive=False),
    Status.INACTIVE: lambda day: _begun(day) & _open(day) & Q(inactive=True),
    Status.CLOSED: lambda day: Q(to_date__lt=day),
    Status.FUTURE: lambda day: _open(day) & Q(first_from_date__gt=day),
    INTERNAL: lambda day: Q(only_internal=True),
}


def _begun(day: date) -> Q:
    return Q(first_from_date=None) | Q(first_from_date__lte=day)


def _open(day: date) -> Q:
    return Q(to_date=None) | Q(to_date__gte=day)


def status_on(location: LocationNumber, day: date) -> Status:
    """The one status to show: closed before future before inactive before active."""
    if location.to_date and location.to_date < day:
        return Status.CLOSED
    if location.first_from_date and location.first_from_date > day:
        return Status.FUTURE
    return Status.INACTIVE if location.inactive else Status.ACTIVE


class FilterError(ValueError):
    """A parameter that is unknown or whose value cannot be used. `str()` names it and says why."""

    def __init__(self, parameter: str, message: str):
        super().__init__(f"{parameter}: {message}")
        self.parameter, self.message = parameter, message


class CodesFilter(django_filters.Filter):
    field_class = CodesField


class GlnFilter(django_filters.Filter):
    field_class = GlnField


class PageFilter(django_filters.Filter):
    field_class = forms.IntegerField


class LocationFilter(django_filters.FilterSet):
    """See the module. `checked` and `for_query` are the ways in; both restrict to what the user may edit."""

    gln = GlnFilter(method="by_gln", label=gettext_lazy("Location number"))
    q = django_filters.CharFilter(method="by_words", max_length=200, label=gettext_lazy("Search"))
    edi_type = CodesFilter(method="having_edi_types", label=gettext_lazy("Has EDI type"))
    ikke_edi_type = CodesFilter(method="lacking_edi_types", label=gettext_lazy("Lacks EDI type"))
    leverandoer = CodesFilter(method="by_code", field_name="vendor", label=gettext_lazy("Vendor"))
    speciale = CodesFilter(method="by_speciality", label=gettext_lazy("Speciality"))
    vans = CodesFilter(method="by_code", label="VANS")
    system = CodesFilter(method="by_code", label=gettext_lazy("System"))
    administrator = CodesFilter(
        method="by_code", field_name="edi_administrator", label=gettext_lazy("EDI administrator")
    )
    region = CodesFilter(method="by_code", label=gettext_lazy("Region"))
    status = django_filters.MultipleChoiceFilter(
        method="by_status",
        choices=[*Status.choices, (INTERNAL, gettext_lazy("only internal"))],
        widget=CodesSelect,
        label=gettext_lazy("Status"),
    )
    page = PageFilter(method="unfiltered", min_value=1, max_value=1_000_000)
    antal = django_filters.ChoiceFilter(method="unfiltered", choices=[(rows, rows) for rows in ROWS])
    sort = django_filters.ChoiceFilter(
        method="unfiltered", choices=[(f"{sign}{key}", key) for key in ORDERS for sign in ("", "-")]
    )
    format = django_filters.ChoiceFilter(method="unfiltered", choices=[(name, name) for name in FORMATS])

    @classmethod
    def checked(cls, query: QueryDict | str, user: User | AnonymousUser | None) -> "LocationFilter":
        """The filter of `query`, of the numbers that `user` may edit; None acts as administrator.

        Raises FilterError for a parameter or value that cannot be used, PermissionDenied where somebody else
        than an administrator asks for a vendor.
        """
        data = QueryDict(query.removeprefix("?")) if isinstance(query, str) else query
        for parameter in data:
            if parameter not in cls.base_filters:
                raise FilterError(parameter, _("No such parameter."))
        by_vendor = any(data.getlist("leverandoer")) or data.get("sort", "").strip(" -") == "leverandoer"
        if by_vendor and not (user is None or user.is_staff):
            raise PermissionDenied(_("Only administrators may search by vendor."))
        asked = cls(data, user)
        for parameter, values in data.lists():
            single = not isinstance(asked.form.fields[parameter], CodesField | forms.MultipleChoiceField)
            if single and len(values) > 1:
                raise FilterError(parameter, _("Give it once only."))
        for parameter, errors in asked.form.errors.get_json_data().items():
            raise FilterError(parameter, errors[0]["message"])
        return asked

    @classmethod
    def for_query(cls, query: QueryDict | str, user: User | AnonymousUser | None) -> LocationNumberQuerySet:
        """The numbers that `query` asks for among those `user` may edit, in the order asked for."""
        return cast(LocationNumberQuerySet, cls.checked(query, user).qs)

    def __init__(self, data: QueryDict, user: User | AnonymousUser | None):
        filled = data.copy()
        for parameter, values in list(filled.lists()):
            filled.setlist(parameter, [value for value in values if value.strip()])
        super().__init__(filled, queryset=LocationNumber.objects.editable_by(user))
        self.user = user
        self.code_lists = CodeLists()
        for name, one in self.filters.items():
            if isinstance(one, CodesFilter):
                one.extra |= {"parameter": name, "code_lists": self.code_lists}

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return ordered(super().filter_queryset(queryset), self.order, self.code_lists)

    @property
    def order(self) -> str:
        return self.form.cleaned_data["sort"] or "gln"

    @property
    def chosen(self) -> list[tuple[str, str, str]]:
        """What narrows the list, as (parameter, value in the address, text): one entry for each value."""
        entries = []
        for name, field in self.form.fields.items():
            value = self.form.cleaned_data.get(name)
            if name in SHOWING or not value:
                continue
            if isinstance(field, CodesField):
                entries += [(name, entry.code, f"{field.label}: {entry.label}") for entry in value]
            elif isinstance(value, list):
                texts = dict(field.choices)
                entries += [(name, one, str(texts[one])) for one in value]
            else:
                entries.append((name, value, f"{field.label}: {value}"))
        return entries

    def unfiltered(self, queryset: QuerySet[Any], name: str, value: Any) -> QuerySet[Any]:
        return queryset

    def by_gln(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return queryset.filter(gln=value) if len(value) == 13 else queryset.filter(gln__startswith=value)

    def by_words(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Carried by the trigram index of search_text."""
        digits = "".join(value.split())
        if len(digits) == 13 and digits.isascii() and digits.isdigit():
            return queryset.filter(gln=digits)
        units = SorUnit.objects.all()
        for word in unicodedata.normalize("NFC", value).split():
            folded = Func(Value(word), function="search_fold", output_field=TextField())
            units = units.filter(search_text__contains=folded)
        return queryset.filter(unit__in=units.values("pk"))

    def having_edi_types(self, queryset: QuerySet[Any], name: str, value: list[Code]) -> QuerySet[Any]:
        """Carried by the GIN index of edi_types."""
        return queryset.filter(edi_types__contains=[entry.pk for entry in value])

    def lacking_edi_types(self, queryset: QuerySet[Any], name: str, value: list[Code]) -> QuerySet[Any]:
        return queryset.exclude(edi_types__overlap=[entry.pk for entry in value])

    def by_code(self, queryset: QuerySet[Any], name: str, value: list[Code]) -> QuerySet[Any]:
        return queryset.filter(**{f"{name}__in": [entry.pk for entry in value]})

    def by_speciality(self, queryset: QuerySet[Any], name: str, value: list[Code]) -> QuerySet[Any]:
        """The unit with the speciality may use the number of a unit above it."""
        served = SorUnit.objects.filter(specialities__overlap=[entry.pk for entry in value])
        return queryset.filter(unit__in=served.exclude(number_holder=None).values(held=F("number_holder")))

    def by_status(self, queryset: QuerySet[Any], name: str, value: list[str]) -> QuerySet[Any]:
        day = timezone.localdate()
        any_of = Q()
        for one in value:
            any_of |= STATUS[one](day)
        return queryset.filter(any_of)
