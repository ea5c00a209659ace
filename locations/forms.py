"""Codes as people and addresses write them → the rows they mean; and the form that changes many numbers alike."""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from html import escape
from typing import Any

from django import forms
from django.db import connection
from django.db.models import Count, Q, QuerySet
from django.forms.utils import flatatt
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

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

_GLN = re.compile(r"[0-9]{1,13}")


@dataclass(frozen=True)
class Code:
    """One entry of a code list: its key, what stands in the address, and what people read."""

    pk: int
    code: str
    name: str
    label: str

    @property
    def short(self) -> str:
        """An EDI type's code without its version."""
        return self.label.partition(" ")[0]


class CodeLists:
    """All code lists, read in one statement: about 250 short rows."""

    _TABLES = {
        "administrator": EdiAdministrator._meta.db_table,
        "vans": Vans._meta.db_table,
        "system": System._meta.db_table,
        "leverandoer": Vendor._meta.db_table,
        "region": Region._meta.db_table,
        "speciale": Speciality._meta.db_table,
    }
    # Out: (list, key, SOR id or code, code, version, name). Composing it by the ORM for each page took longer than
    # PostgreSQL takes to answer it.
    _READ = (
        "SELECT 'edi_type', id, coalesce(sor_id, ''), code, version, name FROM locations_editype"
        + "".join(
            f" UNION ALL SELECT '{parameter}', id, code, '', '', name FROM {table}"
            for parameter, table in _TABLES.items()
        )
    )

    def __init__(self) -> None:
        self._lists: dict[str, dict[str, Code]] = {name: {} for name in (*self._TABLES, "edi_type")}
        self._versions: dict[str, list[str]] = defaultdict(list)
        with connection.cursor() as cursor:
            cursor.execute(self._READ)
            rows = cursor.fetchall()
        for parameter, pk, first, code, version, name in rows:
            if parameter == "edi_type":
                label = f"{code} {version}".strip()
                self._lists["edi_type"][label] = Code(pk, first or label, name, label)
                self._versions[code].append(label)
            else:
                self._lists[parameter][first] = Code(pk, first, name, name)
        self._by_sor_id = {entry.code: entry for entry in self._lists["edi_type"].values()}

    def all(self, parameter: str) -> list[Code]:
        """The entries of one list, in the order of their labels."""
        return sorted(self._lists[parameter.removeprefix("ikke_")].values(), key=lambda entry: entry.label)

    @cached_property
    def edi_types(self) -> Mapping[int, Code]:
        """Key → EDI type, in the order of code and version."""
        return {entry.pk: entry for entry in self.all("edi_type")}

    def find(self, parameter: str, value: str) -> Code:
        """The entry that `value` means; raises ValidationError where none or several do."""
        if parameter.endswith("edi_type"):
            return self._edi_type(" ".join(value.split()))
        if entry := self._lists[parameter].get(value.strip()):
            return entry
        raise forms.ValidationError(_("“%(value)s” is not in the code list.") % {"value": value})

    def _edi_type(self, value: str) -> Code:
        if entry := self._by_sor_id.get(value) or self._lists["edi_type"].get(value):
            return entry
        versions = self._versions.get(value, [])
        if len(versions) == 1:
            return self._lists["edi_type"][versions[0]]
        if versions:
            raise forms.ValidationError(
                _("%(code)s has several versions. Write one of: %(versions)s.")
                % {"code": value, "versions": ", ".join(sorted(versions))},
            )
        raise forms.ValidationError(_("“%(value)s” is not in the code list.") % {"value": value})


class CodesSelect(forms.SelectMultiple):
    """A list to choose several from. Three hundred choices through a template each took 12 of a page's 55 ms."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        chosen = set(value or [])
        options = "".join(
            f'<option value="{escape(code)}"{" selected" if code in chosen else ""}>{escape(str(label))}</option>'
            for code, label in self.choices
        )
        return format_html(
            '<select multiple size="5" name="{}"{}>{}</select>',
            name,
            flatatt(attrs or {}),
            SafeString(options),
        )


class CodesField(forms.Field):
    """Repeatable codes of one list → their `Code` entries, each once."""

    widget = CodesSelect

    def __init__(self, *, parameter: str, code_lists: CodeLists, **options: Any):
        super().__init__(**options)
        self.parameter, self.code_lists = parameter, code_lists
        self.widget.choices = [(entry.code, entry.label) for entry in code_lists.all(parameter)]

    def to_python(self, value: list[str] | None) -> list[Code]:
        return list(dict.fromkeys(self.code_lists.find(self.parameter, one) for one in value or []))

    def prepare_value(self, value: list[str] | None) -> list[str]:
        """However a code was written, its entry in the list of choices."""
        return [entry.code for entry in self.to_python(value)]


class GlnField(forms.CharField):
    def to_python(self, value: Any) -> str:
        digits = "".join((super().to_python(value) or "").split())
        if digits and not _GLN.fullmatch(digits):
            raise forms.ValidationError(_("A location number has up to 13 digits and nothing else."))
        return digits


def _current(model: type[Any]) -> QuerySet[Any]:
    """What may be chosen anew today."""
    return model._default_manager.filter(Q(retired_on=None) | Q(retired_on__gt=timezone.localdate()))


def usual_vendor(system: System) -> Vendor | None:
    """The vendor that most numbers with `system` have; None where no number tells."""
    most = (
        LocationNumber.objects.filter(system=system, vendor__isnull=False)
        .values("vendor")
        .annotate(numbers=Count("pk"))
        .order_by("-numbers", "vendor")
        .first()
    )
    return Vendor.objects.get(pk=most["vendor"]) if most else None


def reason_field(label: Any) -> forms.CharField:
    """Why: asked of everybody who changes numbers here."""
    return forms.CharField(
        max_length=1000,
        label=label,
        help_text=gettext_lazy("Stands in the history of every number that changes."),
        error_messages={"required": gettext_lazy("Write why, for those who read the history.")},
        widget=forms.TextInput(attrs={"class": "form-input", "autocomplete": "off"}),
    )


class UndoForm(forms.Form):
    reason = reason_field(gettext_lazy("Reason for undoing"))


class EditForm(forms.Form):
    """The same change for many numbers. What is left empty stays as it is on each of them.

    A system without a vendor takes its usual one; `took_usual_vendor` tells so.
    """

    vans = forms.ModelChoiceField(Vans.objects.none(), required=False, label="VANS")
    system = forms.ModelChoiceField(System.objects.none(), required=False, label=gettext_lazy("System"))
    vendor = forms.ModelChoiceField(
        Vendor.objects.none(),
        required=False,
        label=gettext_lazy("Vendor"),
        help_text=gettext_lazy("Left empty, it becomes the usual vendor of the system."),
    )
    add = forms.ModelMultipleChoiceField(
        EdiType.objects.none(), required=False, label=gettext_lazy("Add EDI types")
    )
    remove = forms.ModelMultipleChoiceField(
        EdiType.objects.none(), required=False, label=gettext_lazy("Remove EDI types")
    )
    reason = reason_field(gettext_lazy("Reason"))

    fields: dict[str, Any]
    took_usual_vendor = False

    def __init__(self, data: Any = None):
        super().__init__(data)
        for name, model in (("vans", Vans), ("system", System), ("vendor", Vendor)):
            self.fields[name].queryset = _current(model)
            self.fields[name].empty_label = _("Leave as it is")
            self.fields[name].widget.attrs["class"] = "form-select"
        self.fields["add"].queryset = _current(EdiType)
        self.fields["remove"].queryset = EdiType.objects.all()

    def clean(self) -> dict[str, Any]:
        asked = super().clean() or {}
        system, vendor = asked.get("system"), asked.get("vendor")
        if vendor and not system and "system" not in self.errors:
            self.add_error("system", _("Choose the system too: system and vendor go together."))
        if system and not vendor and "vendor" not in self.errors:
            asked["vendor"] = usual_vendor(system)
            self.took_usual_vendor = asked["vendor"] is not None
            if not self.took_usual_vendor:
                self.add_error("vendor", _("Choose the vendor: no location number has this system yet."))
        if both := set(asked.get("add", ())) & set(asked.get("remove", ())):
            names = ", ".join(sorted(str(row) for row in both))
            self.add_error("remove", _("To be both added and removed: %(types)s.") % {"types": names})
        if not self.errors and not any(asked[name] for name in ("vans", "system", "add", "remove")):
            raise forms.ValidationError(_("Choose what to change."))
        return asked
