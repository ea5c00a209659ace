"""What stands beside the table to choose from: the words of LocationFilter as groups of choices and fields."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from typing import Any

from django.forms import BoundField
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from locations.filters import LocationFilter
from locations.forms import CodesField
from locations.orders import danish_key

# What an EDI type may be asked for, in the order of the panel: parameter → how it is said.
EDI_TYPES: dict[str, Promise] = {
    "edi_type": gettext_lazy("has all of"),
    "edi_type_en_af": gettext_lazy("has any of"),
    "ikke_edi_type": gettext_lazy("has none of"),
    "mangler": gettext_lazy("lacks at least one of"),
    "kun_edi_type": gettext_lazy("has exactly"),
}
# Parameters that are ticked in a list of choices; the first ones are open from the start.
CHOICES = (
    "vans",
    "status",
    "region",
    "system",
    "speciale",
    "leverandoer",
    "administrator",
    "enhed_art",
    "enhedstype",
)
OPEN = {"felt", "vans", "status", "region"}
ADMINISTRATORS_ONLY = {"leverandoer"}
# Below each other, in a group of its own with this name.
FIELDS: dict[Promise, tuple[str, ...]] = {
    gettext_lazy("Own or inherited"): ("eget", "kun_egne"),
    gettext_lazy("EDI types as a whole"): ("udgaaet", "ingen_edi_typer"),
    gettext_lazy("Changed"): ("aendret_fra", "aendret_til", "aendret_af"),
    gettext_lazy("As it was"): ("pr",),
    gettext_lazy("Other"): ("gln", "afviger", "intern"),
}
# Kept as it is when the form is sent; chosen elsewhere.
KEPT = ("liste",)


@dataclass(frozen=True)
class Choice:
    value: str
    text: str
    key: int | str  # by which it is counted
    chosen: bool


@dataclass(frozen=True)
class Choices:
    """A list to tick. `id_of` names the place of a choice's count."""

    name: str
    label: str
    choices: list[Choice]
    errors: Sequence[str] = ()

    @property
    def open(self) -> bool:
        return self.name in OPEN or self.chosen > 0

    @property
    def chosen(self) -> int:
        return sum(choice.chosen for choice in self.choices)

    @property
    def numbered(self) -> list[tuple[str, Choice]]:
        return [(f"n-{self.name}-{number}", choice) for number, choice in enumerate(self.choices)]

    @property
    def html(self) -> SafeString:
        """Two hundred choices by a template took a quarter of a page's time."""
        return SafeString(
            "".join(
                f'<label class="pick"><input type="checkbox" name="{self.name}" value="{escape(choice.value)}"'
                f"{' checked' if choice.chosen else ''}><span>{escape(choice.text)}</span>"
                f'<span class="n" id="{place}"></span></label>'
                for place, choice in self.numbered
            )
        )


def choices(asked: LocationFilter, name: str) -> Choices:
    field = asked.form.fields[name]
    chosen, unknown = parted(asked, name)
    if isinstance(field, CodesField):
        codes = {entry.code for entry in chosen}
        entries = sorted(asked.code_lists.all(name), key=lambda entry: danish_key(entry.label))
        found = [Choice(entry.code, entry.label, entry.pk, entry.code in codes) for entry in entries]
    else:
        found = [Choice(str(value), str(text), value, value in chosen) for value, text in field.choices]
    found += [Choice(value, value, value, chosen=True) for value in unknown]
    return Choices(name, str(field.label), [one for one in found if one.value], asked.form[name].errors)


def parted(asked: LocationFilter, name: str) -> tuple[list[Any], list[str]]:
    """What is chosen of a list, and what was written that is not on it."""
    if name not in asked.form.errors:
        return asked.form.cleaned_data.get(name) or [], []
    field, written = asked.form.fields[name], asked.data.getlist(name)
    if isinstance(field, CodesField):
        return field.parted(written)
    known = {str(value) for value, _text in field.choices}
    return [one for one in written if one in known], [one for one in written if one not in known]


class Panel:
    """The panel for one question. `staff`: whether an administrator asks. A page may have lists and fields of its own
    before the others, or not ask of the `past`.
    """

    def __init__(
        self,
        asked: LocationFilter,
        *,
        staff: bool,
        first: Sequence[Choices] = (),
        fields: Sequence[BoundField] = (),
        past: bool = True,
    ):
        self.asked, self.first, self.first_fields = asked, list(first), list(fields)
        known = asked.form.fields
        self.lists = [
            choices(asked, name)
            for name in CHOICES
            if name in known and (staff or name not in ADMINISTRATORS_ONLY)
        ]
        self.fields = [
            (label, [asked.form[name] for name in names if name in known and (past or name != "pr")])
            for label, names in FIELDS.items()
        ]
        self.kept = [
            (name, value)
            for name in KEPT
            if name in known and name not in asked.form.errors
            for value in asked.data.getlist(name)
        ]

    @property
    def groups(self) -> list[dict[str, Any]]:
        """Groups of single fields, and whether something is chosen in each."""
        return [
            {
                "label": label,
                "fields": fields,
                "open": any(self.asked.form.cleaned_data.get(f.name) or f.errors for f in fields),
            }
            for label, fields in self.fields
            if fields
        ]

    @property
    def edi_type_ways(self) -> list[tuple[str, Promise]]:
        return [(name, text) for name, text in EDI_TYPES.items() if name in self.asked.form.fields]

    @property
    def edi_types_chosen(self) -> list[tuple[str, str, Promise, str]]:
        """(parameter, value in the address, how it is said, label) of each EDI type that is asked for."""
        found = []
        for name, text in self.edi_type_ways:
            chosen, unknown = parted(self.asked, name)
            found += [(name, entry.code, text, entry.label) for entry in chosen]
            if name != self.edi_types_unknown[0]:
                found += [(name, value, text, value) for value in unknown]
        return found

    @cached_property
    def edi_types_unknown(self) -> tuple[str, str]:
        """(parameter, EDI types with commas between) of the first way of asking where some are written that are none:
        to be written anew in the field that they came from."""
        for name, _text in self.edi_type_ways:
            if unknown := parted(self.asked, name)[1]:
                return name, ", ".join(unknown)
        return "", ""

    @property
    def edi_type_errors(self) -> list[str]:
        return [error for name, _text in self.edi_type_ways for error in self.asked.form[name].errors]

    @property
    def edi_type_options(self) -> SafeString:
        """Codes with their names, to choose from while writing; a page reads the names of its codes from here too."""
        return SafeString(
            "".join(
                f'<option value="{escape(entry.label)}" data-key="{entry.pk}">{escape(entry.name)}</option>'
                for entry in self.asked.code_lists.edi_types.values()
            )
        )
