"""What each word of a LocationFilter means of the numbers, one method a word. `locations.filters` says it in prose."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import BooleanField, Exists, F, Func, IntegerField, OuterRef, Q, QuerySet, Value
from django.utils import timezone

from locations.codes import Code, CodeLists
from locations.models import ChangeSet, GlnList, LocationNumber, LocationVersion, SorUnit
from locations.statuses import STATUS, open_on
from soredi.jobs import State

YES, NO = "ja", "nej"


class Conditions:
    """The methods that the filters of LocationFilter name."""

    form: Any
    code_lists: CodeLists

    @property
    def then(self) -> date | None:
        """The day that is asked of; None where it is today's numbers."""
        said: date | None = self.form.cleaned_data["pr"]
        return said

    @property
    def day(self) -> date:
        """What statuses are true of."""
        return self.then or timezone.localdate()

    def unfiltered(self, queryset: QuerySet[Any], name: str, value: Any) -> QuerySet[Any]:
        return queryset

    def by_gln(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return queryset.filter(gln=value) if len(value) == 13 else queryset.filter(gln__startswith=value)

    def in_list(self, queryset: QuerySet[Any], name: str, value: GlnList) -> QuerySet[Any]:
        """As a subquery: ten thousand numbers in the statement took longer to plan than to find."""
        kept = GlnList.objects.filter(pk=value.pk)
        return queryset.filter(gln__in=kept.values(one=Func("glns", function="unnest")))

    def having_all(self, queryset: QuerySet[Any], name: str, value: list[Code]) -> QuerySet[Any]:
        """Carried by the GIN index of edi_types, as what follows."""
        return queryset.filter(_each(value))

    def having_any(self, queryset: QuerySet[Any], name: str, value: list[Code]) -> QuerySet[Any]:
        return queryset.filter(edi_types__overlap=_keys(value))

    def lacking_any(self, queryset: QuerySet[Any], name: str, value: list[Code]) -> QuerySet[Any]:
        (first, *others) = value
        if not others and not first.versions:
            return queryset.filter(_lacks(first.pk))
        return queryset.exclude(_each(value))

    def having_none(self, queryset: QuerySet[Any], name: str, value: list[Code]) -> QuerySet[Any]:
        keys = _keys(value)
        return queryset.filter(_lacks(*keys)) if len(keys) == 1 else queryset.exclude(edi_types__overlap=keys)

    def having_exactly(self, queryset: QuerySet[Any], name: str, value: list[Code]) -> QuerySet[Any]:
        """One set where each is one version, found by its length: `=` would be looked up in the GIN index too, and
        read every number that has a frequent type."""
        keys = _keys(value)
        if len(keys) == len(value):
            one_set = Func(
                F("edi_types"),
                Value(keys, output_field=LocationNumber._meta.get_field("edi_types")),
                arg_joiner=" IS NOT DISTINCT FROM ",
                template="(%(expressions)s)",
                output_field=BooleanField(),
            )
            return _of_length(queryset, len(keys)).filter(Q(one_set))
        others = [pk for pk in self.code_lists.edi_types if pk not in keys]
        return queryset.filter(_each(value)).exclude(edi_types__overlap=others)

    def having_retired(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return queryset.filter(edi_types__overlap=self.code_lists.retired_edi_types)

    def without_edi_types(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return _of_length(queryset, 0)

    def by_code(self, queryset: QuerySet[Any], name: str, value: list[Code]) -> QuerySet[Any]:
        return queryset.filter(**{f"{name}__in": [entry.pk for entry in value]})

    def by_unit_type(self, queryset: QuerySet[Any], name: str, value: list[Code]) -> QuerySet[Any]:
        """Carried by sorunit_types, which knows how many have each."""
        return queryset.filter(unit__types__in=self.code_lists.unit_types_with(entry.code for entry in value))

    def by_kind(self, queryset: QuerySet[Any], name: str, value: list[str]) -> QuerySet[Any]:
        return queryset.filter(unit__kind__in=value)

    def by_speciality(self, queryset: QuerySet[Any], name: str, value: list[Code]) -> QuerySet[Any]:
        """The unit with the speciality, open today, may use the number of a unit above it."""
        units = SorUnit.objects.filter(open_on(timezone.localdate()))
        served = units.filter(specialities__overlap=[entry.pk for entry in value])
        if self.form.cleaned_data["kun_egne"]:
            served = served.filter(number_holder=F("pk"))
        return queryset.filter(unit__in=served.exclude(number_holder=None).values(held=F("number_holder")))

    def by_use(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        units = SorUnit.objects.filter(open_on(timezone.localdate()))
        others = units.filter(number_holder=OuterRef("unit")).exclude(pk=OuterRef("unit"))
        return queryset.filter(~Exists(others) if value == YES else Exists(others))

    def by_status(self, queryset: QuerySet[Any], name: str, value: list[str]) -> QuerySet[Any]:
        day = self.day
        any_of = Q()
        for one in value:
            any_of |= STATUS[one](day)
        return queryset.filter(any_of)

    def by_internal(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return queryset.filter(only_internal=value == YES)

    def by_deviation(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        deviating = LocationNumber.objects.deviating().values("pk")
        return queryset.filter(pk__in=deviating) if value == YES else queryset.exclude(pk__in=deviating)

    def _changed(self) -> Q:
        """A change set's versions came into force when it was done: the few change sets are found first."""
        said = self.form.cleaned_data
        change_sets = ChangeSet.objects.filter(state=State.DONE)
        if said["aendret_fra"]:
            change_sets = change_sets.filter(finished_at__gte=start_of(said["aendret_fra"]))
        if said["aendret_til"]:
            change_sets = change_sets.filter(
                finished_at__lt=start_of(said["aendret_til"] + timedelta(days=1))
            )
        if said["aendret_af"]:
            people = [entry.pk for entry in said["aendret_af"]]
            change_sets = change_sets.filter(Q(by__in=people) | Q(applied_by__in=people))
        versions = LocationVersion.objects.filter(
            change_set__in=list(change_sets.values_list("pk", flat=True)), applied_at__isnull=False
        )
        return Q(pk__in=versions.values("location"))


def _of_length(queryset: QuerySet[Any], types: int) -> QuerySet[Any]:
    """With so many EDI types; carried by location_type_count, which has each order too."""
    length = Func("edi_types", function="cardinality", output_field=IntegerField())
    return queryset.alias(length=length).filter(length=types)


def _lacks(key: int) -> Q:
    """Does not have this EDI type. No index carries it; it is seen a third sooner so than by NOT and an operator."""
    return Q(
        Func(
            Value(key),
            F("edi_types"),
            arg_joiner=" <> ALL (",
            template="(%(expressions)s))",
            output_field=BooleanField(),
        )
    )


def _keys(asked: Sequence[Code]) -> list[int]:
    return sorted({key for entry in asked for key in entry.keys})


def _each(asked: Sequence[Code]) -> Q:
    """Has every one of them, those in any version in some version."""
    exact = [entry.pk for entry in asked if not entry.versions]
    has = Q(edi_types__contains=exact) if exact else Q()
    for entry in asked:
        if entry.versions:
            has &= Q(edi_types__overlap=entry.versions)
    return has


def start_of(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
