"""What can be asked of a change set's numbers, and of the list of change sets. All that is given holds together.

Of the numbers of one change set (`/aendringer/<id>/?…`):

    q              words, each in the unit's text (its name, the names above it, address, codes), or the number's
                   first digits; a number may be written with spaces
    felt           this field changes, by the names of `Field`
    faar, mister   gains, loses this EDI type: SOR id, `code version`, or `code` in any version
    mister_typer   ja: loses at least one EDI type

Of change sets (`/aendringer/?…`):

    person         planned it or had it carried out: a user name
    kilde          the source, by the values of `Source`
    tilstand       the state, by the values of `State`
    fra, til       carried out, or planned where it never was, on or after, on or before this day (2026-12-31)
    gln            touches this number
    felt           changes this field
    edi_type       some number gains or loses this EDI type

Both also take page and format. Nothing is filtered unless asked for; an empty value asks for nothing. What is unknown
or invalid raises FilterError.
"""

from datetime import timedelta
from functools import reduce
from operator import or_
from typing import Any, Self

import django_filters
from django import forms
from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, F, Func, OuterRef, Q, QuerySet, TextField, Value
from django.db.models.functions import Coalesce
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from locations.access import ChangeSetQuerySet, differ
from locations.codes import Code, CodeLists
from locations.conditions import YES, start_of
from locations.filters import FilterError
from locations.models import LocationNumber, LocationVersion
from locations.models.change import Source
from locations.models.deviation import FIELD_COLUMNS, Field
from locations.parameters import DayFilter, GlnFilter, WordsFilter
from soredi.jobs import State
from soredi.models import User

_WRITTEN = {"class": "form-input", "autocomplete": "off"}
SHOWING = ("page", "format")
NARROWS_VERSIONS = ("q", "felt", "faar", "mister", "mister_typer")
NARROWS_CHANGE_SETS = ("person", "kilde", "tilstand", "fra", "til", "gln", "felt", "edi_type")


class EdiTypeField(forms.Field):
    """One EDI type, or a code in any of its versions → its Code."""

    widget = forms.Select

    def __init__(self, *, code_lists: CodeLists, among: set[int] | None = None, **options: Any):
        """`among`: keys of those that can be chosen; others can still be written in the address."""
        super().__init__(**options)
        self.code_lists = code_lists
        entries = code_lists.edi_types.values()
        self.widget.choices = [
            ("", "–"),
            *((one.code, one.label) for one in entries if among is None or one.pk in among),
        ]

    def to_python(self, value: str | None) -> Code | None:
        return self.code_lists.find_any_version(value) if value else None


class EdiTypeFilter(django_filters.Filter):
    field_class = EdiTypeField


class Question(django_filters.FilterSet):
    """Abstract: a filter whose address is understood whole or refused."""

    @classmethod
    def checked(cls, data: QueryDict, queryset: QuerySet[Any], **options: Any) -> Self:
        """Raises FilterError for a value that cannot be used."""
        asked = cls(data, queryset, **options)
        for parameter, errors in asked.form.errors.get_json_data().items():
            raise FilterError(parameter, errors[0]["message"], asked)
        return asked

    @property
    def narrows(self) -> bool:
        return any(self.form.cleaned_data.values())


class VersionFilter(Question):
    """What narrows the versions of one change set. `counts` are those of the change set, where the user may see them:
    only EDI types that it moves are then to choose from."""

    q = WordsFilter(method="by_words", label=_("Number or unit"))
    felt = django_filters.ChoiceFilter(
        method="by_field", choices=Field.choices, empty_label="–", label=_("Field")
    )
    faar = EdiTypeFilter(method="gaining", label=_("Gains"))
    mister = EdiTypeFilter(method="losing", label=_("Loses"))
    mister_typer = django_filters.ChoiceFilter(
        method="losing_any",
        choices=[(YES, _("yes"))],
        label=_("Loses EDI types"),
    )

    def __init__(self, data: QueryDict, queryset: QuerySet[Any], *, counts: dict[str, Any] | None):
        super().__init__(data, queryset)
        moved = None if counts is None else counts.get("edi_types", {})
        code_lists = CodeLists()
        for name, place in (("faar", 0), ("mister", 1)):
            self.filters[name].extra["code_lists"] = code_lists
            self.filters[name].extra["among"] = (
                None if moved is None else {int(pk) for pk, numbers in moved.items() if numbers[place]}
            )

    def by_words(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        words = value.split()
        if len(words) > 1 and all(word.isascii() and word.isdigit() for word in words):
            words = ["".join(words)]
        for word in words:
            folded = Func(Value(word), function="search_fold", output_field=TextField())
            found = Q(location__unit__search_text__contains=folded)
            if word.isascii() and word.isdigit():
                found |= Q(location__gln__startswith=word)
            queryset = queryset.filter(found)
        return queryset

    def by_field(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return queryset.filter(_changes(value), base__isnull=False)

    def gaining(self, queryset: QuerySet[Any], name: str, value: Code) -> QuerySet[Any]:
        return queryset.filter(_gained(value), base__isnull=False)

    def losing(self, queryset: QuerySet[Any], name: str, value: Code) -> QuerySet[Any]:
        return queryset.filter(_lost(value), base__isnull=False)

    def losing_any(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return queryset.filter(~Q(edi_types__contains=F("base__edi_types")), base__isnull=False)


def _changes(field: str) -> Q:
    return reduce(
        or_, (Q(differ(column, f"base__{column}", "IS DISTINCT FROM")) for column in FIELD_COLUMNS[field])
    )


def _gained(edi_type: Code) -> Q:
    each = (Q(edi_types__contains=[key]) & ~Q(base__edi_types__contains=[key]) for key in edi_type.keys)
    return reduce(or_, each)


def _lost(edi_type: Code) -> Q:
    each = (Q(base__edi_types__contains=[key]) & ~Q(edi_types__contains=[key]) for key in edi_type.keys)
    return reduce(or_, each)


class ChangeSetFilter(Question):
    """What narrows the change sets that `user` may see. Of those that others made only the user's own numbers tell."""

    person = django_filters.CharFilter(
        method="by_person", label=_("Person"), widget=forms.TextInput(attrs=_WRITTEN)
    )
    kilde = django_filters.ChoiceFilter(
        field_name="source", choices=Source.choices, empty_label="–", label=_("Source")
    )
    tilstand = django_filters.ChoiceFilter(
        method="in_state", choices=State.choices, empty_label="–", label=_("Status")
    )
    fra = DayFilter(method="from_day", label=_("From"))
    til = DayFilter(method="until_day", label=_("Until"))
    gln = GlnFilter(
        method="touching",
        label=_("Location number"),
        widget=forms.TextInput(attrs=_WRITTEN | {"inputmode": "numeric"}),
    )
    felt = django_filters.ChoiceFilter(
        method="changing", choices=Field.choices, empty_label="–", label=_("Field")
    )
    edi_type = EdiTypeFilter(method="moving", label=_("EDI type"))

    def __init__(self, data: QueryDict, queryset: QuerySet[Any], *, user: User | AnonymousUser | None):
        super().__init__(data, queryset)
        self.user = user
        self.filters["edi_type"].extra["code_lists"] = CodeLists()

    def by_person(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Somebody who is not there has done nothing: who is a user is not to be found out here."""
        people = list(User.objects.filter(username=value.strip()).values_list("pk", flat=True))
        return queryset.filter(Q(by__in=people) | Q(applied_by__in=people))

    def in_state(self, queryset: ChangeSetQuerySet, name: str, value: str) -> ChangeSetQuerySet:
        return queryset.in_state(value)

    def from_day(self, queryset: QuerySet[Any], name: str, value: Any) -> QuerySet[Any]:
        return queryset.alias(at=Coalesce("finished_at", "created_at")).filter(at__gte=start_of(value))

    def until_day(self, queryset: QuerySet[Any], name: str, value: Any) -> QuerySet[Any]:
        end = start_of(value + timedelta(days=1))
        return queryset.alias(at=Coalesce("finished_at", "created_at")).filter(at__lt=end)

    def touching(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """By the unique index (number, change set): a number has a few hundred versions at most."""
        numbers = LocationNumber.objects.editable_by(self.user).filter(gln=value)
        versions = _seen(LocationVersion.objects.filter(location__in=numbers.values("pk")))
        return queryset.filter(pk__in=versions.values("change_set"))

    def changing(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        columns = [column.removesuffix("_id") for column in FIELD_COLUMNS[value]]
        counted = reduce(or_, (Q(counts__fields__has_key=column) for column in columns))
        return self._told(queryset.filter(counted), _changes(value))

    def moving(self, queryset: QuerySet[Any], name: str, value: Code) -> QuerySet[Any]:
        counted = Q(counts__edi_types__has_any_keys=[str(key) for key in value.keys])
        return self._told(queryset.filter(counted), _gained(value) | _lost(value))

    def _told(self, queryset: QuerySet[Any], condition: Q) -> QuerySet[Any]:
        """`queryset` is what the totals say of all numbers. Of another's change set the user's own must say so."""
        user = self.user
        if user is None or user.is_staff:
            return queryset
        own = LocationNumber.objects.editable_by(user)
        versions = LocationVersion.objects.filter(condition, change_set=OuterRef("pk"), base__isnull=False)
        return queryset.filter(Q(by=user) | Exists(_seen(versions.filter(location__in=own))))


def _seen(versions: QuerySet[LocationVersion]) -> QuerySet[LocationVersion]:
    """Without what SOR stated and nobody applied."""
    return versions.exclude(applied_at=None, change_set__state=State.DONE)
