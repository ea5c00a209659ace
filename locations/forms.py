"""Codes as people and addresses write them → the rows they mean."""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django import forms
from django.db.models import CharField, Value
from django.db.models.functions import Coalesce
from django.forms.utils import flatatt
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from locations.models import EdiAdministrator, EdiType, Region, Speciality, System, Vans, Vendor

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

    _MODELS = {
        "administrator": EdiAdministrator,
        "vans": Vans,
        "system": System,
        "leverandoer": Vendor,
        "region": Region,
        "speciale": Speciality,
    }

    def __init__(self) -> None:
        edi_types = EdiType.objects.order_by().values_list(
            Value("edi_type"), "pk", Coalesce("sor_id", Value("")), "code", "version", "name"
        )
        others = [
            model._default_manager.order_by().values_list(
                Value(parameter), "pk", "code", _empty(), _empty(), "name"
            )
            for parameter, model in self._MODELS.items()
        ]
        self._lists: dict[str, dict[str, Code]] = {name: {} for name in (*self._MODELS, "edi_type")}
        self._versions: dict[str, list[str]] = defaultdict(list)
        for parameter, pk, first, code, version, name in edi_types.union(*others, all=True):
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


def _empty() -> Value:
    return Value("", output_field=CharField())


class CodesSelect(forms.SelectMultiple):
    """A list to choose several from. Three hundred choices through a template each took 12 of a page's 55 ms."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        chosen = set(value or [])
        options = (
            (code, SafeString(" selected") if code in chosen else "", label) for code, label in self.choices
        )
        return format_html(
            '<select multiple size="5" name="{}"{}>{}</select>',
            name,
            flatatt(attrs or {}),
            format_html_join("", '<option value="{}"{}>{}</option>', options),
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
