"""The one question: which location numbers. List, export, "all that match" and commands ask it alike.

The words are those of `/lokationsnumre/?…` and of `--query`. All that are given hold together.

    gln            the whole number or its first digits; spaces inside are fine
    liste          the key of a list of numbers that was kept (`locations.gln_lists`), by who made it
    q              words, each found in the unit's name, address, SOR code, CVR, provider number or SHAK code, in a
                   name above it, in the number's note, or as its first digits; æøå may be written ae, oe, aa; commas
                   and the like around a word are not sought. Where nothing is found, one typing error a word
                   (`locations.free_text`). 13 digits mean a number

    edi_type       has all of these EDI types: SOR id, `code version`, `code (version)`, or `code` in any version
    edi_type_en_af has any of these
    mangler        lacks at least one of these
    ikke_edi_type  has none of these
    kun_edi_type   has exactly these: each of them and nothing else
    udgaaet        ja: has an EDI type that is retired today
    ingen_edi_typer    ja: has no EDI types at all

    vans, system, administrator, region    any of these codes
    leverandoer    any of these vendors, for administrators only
    enhedstype     the number's unit is of any of these types, as SOR writes them
    enhed_art      the number's unit is any of IE, SI, OE
    speciale       serves a unit, open today, with any of these specialities: the unit's own number or one above it
    kun_egne       ja, with speciale: only numbers that a unit with the speciality has itself
    eget           ja: serves its own unit only; nej: units below, open today, use it by inheritance too
    status         any of these, see STATUS
    intern         ja: only internal; nej: not so
    afviger        ja: our profile differs from what SOR says; nej: it does not, or SOR says nothing

    aendret_fra, aendret_til    the profile changed on or after, on or before this day (2026-12-31, Danish time)
    aendret_af     by any of these users, who planned it or had it carried out; with days: on those days

    pr             as it was at the end of this day, see `locations.as_of`; what deviates from SOR is not known of one

    page, antal, sort, format    how it is shown: antal is the rows of a page; sort is a column, see ORDERS, with -
                   before it for descending; the vendor's for administrators only. A list by free text without a
                   sort has the best match first; files and changes go by number

Words may be repeated where "any", "all" or "these" stands above. Nothing is filtered unless asked for; an empty value
asks for nothing. What is unknown or invalid raises.
"""

from functools import cached_property
from typing import Any, NoReturn, cast

import django_filters
from django import forms
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from locations import free_text
from locations.access import LocationNumberQuerySet
from locations.codes import EDI_TYPE, UNIT_TYPE, CodeLists
from locations.conditions import NO, Conditions
from locations.forms import (
    CodesField,
    CodesSelect,
)
from locations.gln_lists import touch
from locations.models import GlnList, LocationNumber, SorUnit
from locations.models.location import Status
from locations.orders import ORDERS, ordered
from locations.pages import keys_of_page
from locations.parameters import (
    CodesFilter,
    DayFilter,
    GlnFilter,
    KeptListFilter,
    PageFilter,
    PeopleFilter,
    WordsFilter,
    yes,
    yes_or_no,
)
from locations.statuses import INTERNAL
from soredi.models import User

ROWS = ("25", "50", "100", "250")  # a page
SHOWING = ("page", "antal", "sort", "format")  # parameters that do not narrow
FORMATS = ("csv", "csv-par", "massupdate", "xlsx")


class FilterError(ValueError):
    """A parameter that is unknown or whose value cannot be used. `str()` names it and says why.

    `asked` is the filter as it was filled in, with all that is wrong in its form, where a value is the trouble.
    """

    def __init__(self, parameter: str, message: str, asked: Any = None):
        super().__init__(f"{parameter}: {message}")
        self.parameter, self.message, self.asked = parameter, message, asked


class LocationFilter(Conditions, django_filters.FilterSet):
    """See the module; how each word narrows is in Conditions.

    `checked` and `for_query` are the ways in; both restrict to what the user may edit.
    """

    gln = GlnFilter(method="by_gln", label=gettext_lazy("Location number"))
    liste = KeptListFilter(method="in_list", label=gettext_lazy("List"))
    q = WordsFilter(method="unfiltered", label=gettext_lazy("Search"))
    edi_type = CodesFilter(of=EDI_TYPE, method="having_all", label=gettext_lazy("Has EDI type"))
    edi_type_en_af = CodesFilter(of=EDI_TYPE, method="having_any", label=gettext_lazy("Has any of"))
    mangler = CodesFilter(of=EDI_TYPE, method="lacking_any", label=gettext_lazy("Lacks any of"))
    ikke_edi_type = CodesFilter(of=EDI_TYPE, method="having_none", label=gettext_lazy("Lacks EDI type"))
    kun_edi_type = CodesFilter(of=EDI_TYPE, method="having_exactly", label=gettext_lazy("Has exactly"))
    udgaaet = yes("having_retired", gettext_lazy("Has a retired EDI type"))
    ingen_edi_typer = yes("without_edi_types", gettext_lazy("Has no EDI types"))
    leverandoer = CodesFilter(
        of="leverandoer", method="by_code", field_name="vendor", label=gettext_lazy("Vendor")
    )
    speciale = CodesFilter(of="speciale", method="by_speciality", label=gettext_lazy("Speciality"))
    kun_egne = yes("unfiltered", gettext_lazy("Own numbers only"))
    vans = CodesFilter(of="vans", method="by_code", label="VANS")
    system = CodesFilter(of="system", method="by_code", label=gettext_lazy("System"))
    administrator = CodesFilter(
        of="administrator",
        method="by_code",
        field_name="edi_administrator",
        label=gettext_lazy("EDI administrator"),
    )
    region = CodesFilter(of="region", method="by_code", label=gettext_lazy("Region"))
    enhedstype = CodesFilter(of=UNIT_TYPE, method="by_unit_type", label=gettext_lazy("Unit type"))
    enhed_art = django_filters.MultipleChoiceFilter(
        method="by_kind", choices=SorUnit.Kind.choices, widget=CodesSelect, label=gettext_lazy("Kind of unit")
    )
    eget = yes_or_no("by_use", gettext_lazy("Serves its own unit only"))
    status = django_filters.MultipleChoiceFilter(
        method="by_status",
        choices=[*Status.choices, (INTERNAL, gettext_lazy("only internal"))],
        widget=CodesSelect,
        label=gettext_lazy("Status"),
    )
    intern = yes_or_no("by_internal", gettext_lazy("Only internal"))
    afviger = yes_or_no("by_deviation", gettext_lazy("Deviates from SOR"))
    aendret_fra = DayFilter(method="unfiltered", label=gettext_lazy("Changed from"))
    aendret_til = DayFilter(method="unfiltered", label=gettext_lazy("Changed until"))
    aendret_af = PeopleFilter(method="unfiltered", label=gettext_lazy("Changed by"))
    pr = DayFilter(method="unfiltered", label=gettext_lazy("As it was on"))
    page = PageFilter(method="unfiltered", min_value=1, max_value=1_000_000)
    antal = django_filters.ChoiceFilter(method="unfiltered", choices=[(rows, rows) for rows in ROWS])
    sort = django_filters.ChoiceFilter(
        method="unfiltered", choices=[(f"{sign}{key}", key) for key in ORDERS for sign in ("", "-")]
    )
    format = django_filters.ChoiceFilter(method="unfiltered", choices=[(name, name) for name in FORMATS])

    @classmethod
    def checked(
        cls,
        query: QueryDict | str,
        user: User | AnonymousUser | None,
        code_lists: CodeLists | None = None,
    ) -> "LocationFilter":
        """The filter of `query`, of the numbers that `user` may edit; None acts as administrator.

        `code_lists`, where they have been read already.

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
        asked = cls(data, user, code_lists)
        for parameter, values in data.lists():
            single = not isinstance(asked.form.fields[parameter], CodesField | forms.MultipleChoiceField)
            if single and len(values) > 1:
                raise FilterError(parameter, _("Give it once only."))
        for parameter, errors in asked.form.errors.get_json_data().items():
            raise FilterError(parameter, errors[0]["message"], asked)
        said = asked.form.cleaned_data
        if said["liste"]:
            touch(said["liste"])
        if said["kun_egne"] and not said["speciale"]:
            asked._refuse("kun_egne", _("It narrows a speciality; give speciale too."))
        if said["pr"]:
            asked._look_back()
        return asked

    def _refuse(self, parameter: str, message: str) -> NoReturn:
        """Raises FilterError, which the form then tells too."""
        self.form.add_error(parameter, message)
        raise FilterError(parameter, message, self)

    def _look_back(self) -> None:
        """The numbers as they were, of those that the user may edit today. Raises FilterError."""
        if self.day > timezone.localdate():
            self._refuse("pr", _("The day has not been yet. Choose today or a day before."))
        if self.form.cleaned_data["afviger"]:
            self._refuse("afviger", _("What deviated from SOR on a day is not known. Leave one of them out."))
        numbers = LocationNumber.objects.as_of(self.then)
        if self.user is not None and not self.user.is_staff:
            numbers = numbers.filter(pk__in=LocationNumber.objects.listed_for(self.user).values("pk"))
        self.queryset = numbers

    @classmethod
    def for_query(
        cls, query: QueryDict | str, user: User | AnonymousUser | None, *, past: bool = True
    ) -> LocationNumberQuerySet:
        """The numbers that `query` asks for among those `user` may edit, in the order asked for.

        Without `past` it raises FilterError where they are asked for as they were: those cannot be changed.
        """
        asked = cls.checked(query, user)
        if asked.then and not past:
            raise FilterError("pr", _("What was cannot be changed. Ask for the list as it is today."))
        return cast(LocationNumberQuerySet, asked.qs)

    def __init__(
        self, data: QueryDict, user: User | AnonymousUser | None, code_lists: CodeLists | None = None
    ):
        filled = data.copy()
        for parameter, values in list(filled.lists()):
            filled.setlist(parameter, [value for value in values if value.strip()])
        super().__init__(filled, queryset=LocationNumber.objects.listed_for(user))
        self.user = user
        self.code_lists = code_lists or CodeLists()
        for one in self.filters.values():
            if isinstance(one, CodesFilter):
                one.extra["code_lists"] = self.code_lists
            elif isinstance(one, PeopleFilter):
                one.extra |= {"code_lists": self.code_lists, "told": user is None or user.is_staff}
            elif isinstance(one, KeptListFilter):
                one.extra["user"] = user

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        found = self.narrowed
        if self.found:
            few = not self.found.more
            found = found.filter(pk__in=self.found.keys if few else self.found.numbers)
        return ordered(found, self.order, self.code_lists)

    @cached_property
    def narrowed(self) -> LocationNumberQuerySet:
        """All that is asked but the free text."""
        asked = super().filter_queryset(self.queryset)
        said = self.form.cleaned_data
        if said["aendret_fra"] or said["aendret_til"] or said["aendret_af"]:
            asked = asked.filter(self._changed())
        return cast(LocationNumberQuerySet, asked)

    @cached_property
    def found(self) -> free_text.Found | None:
        """What the free text finds; `found.words` say how it was taken."""
        text = self.form.cleaned_data["q"]
        if not text:
            return None
        more_asked = any(
            value for name, value in self.form.cleaned_data.items() if name not in (*SHOWING, "q")
        )
        return free_text.look(text, asked=self.narrowed, own=self.queryset if more_asked else None)

    @property
    def tolerant(self) -> bool:
        """Nothing was found by the words as they were written; `found.words` say what they were taken to mean."""
        return self.found is not None and self.found.tolerant

    def page_keys(self, start: int, rows: int) -> list[int]:
        """Primary keys of `rows` numbers from place `start` of the list, in its order."""
        if self.found is None or self.form.cleaned_data["sort"]:
            return self._walked(self.qs, start, rows)
        page = self.found.keys[start : start + rows]
        if self.found.more and len(page) < rows:
            others = self.qs.exclude(pk__in=self.found.keys)
            page += self._walked(others, max(start - len(self.found.keys), 0), rows - len(page))
        return page

    def _walked(self, numbers: LocationNumberQuerySet, start: int, rows: int) -> list[int]:
        parts = reckonable = None
        if self.found and self.found.more:
            asked = self.narrowed
            if not self.form.cleaned_data["sort"]:
                asked = asked.exclude(pk__in=self.found.keys)
            parts = [asked.filter(part) for part in self.found.parts]
            reckonable = [asked.filter(part) for part in self.found.reckonable]
            numbers = cast(
                LocationNumberQuerySet,
                ordered(asked.filter(self.found.condition), self.order, self.code_lists),
            )
        return keys_of_page(
            numbers,
            self.order,
            self.code_lists,
            start=start,
            rows=rows,
            own=self.queryset,
            parts=parts,
            reckonable=reckonable,
        )

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
                entries += [(name, one, f"{field.label}: {texts[one]}") for one in value]
            elif isinstance(value, GlnList):
                entries.append((name, value.key, self._list_label(value)))
            elif isinstance(field, forms.ChoiceField):
                no = _("no")
                entries.append((name, value, f"{field.label}: {no}" if value == NO else str(field.label)))
            else:
                entries.append((name, str(value), f"{field.label}: {value}"))
        return entries

    @staticmethod
    def _list_label(kept: GlnList) -> str:
        count = len(kept.glns)
        return ngettext("List of %(count)s number", "List of %(count)s numbers", count) % {"count": count}
