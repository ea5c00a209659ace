"""Forms about one row of a code list."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from locations.catalogue_check import Draft, Known, draft_of, problems
from locations.catalogue_files import MAX_BYTES
from locations.code_lists import CodeList, Field
from locations.models import EdiType

HINTS = {
    "retired_on": gettext_lazy("First day it must not be chosen anew."),
    "letter": gettext_lazy("Types of one letter carry the same message in different standards."),
    "sor_id": gettext_lazy("EdiId in mass-update files. Once given, it stays."),
    "code": gettext_lazy("Once given, it stays."),
}


def reason_field(*, required: bool = True) -> forms.CharField:
    return forms.CharField(
        max_length=1000,
        required=required,
        label=gettext_lazy("Reason"),
        help_text=gettext_lazy("Stands in the history of the code list."),
        error_messages={"required": gettext_lazy("Write why, for those who read the history.")},
        widget=forms.TextInput(attrs={"class": "form-input", "autocomplete": "off"}),
    )


class RowForm(forms.Form):
    """`row` as it is asked to become, or a new one where it is None; `draft` once it is valid."""

    reason = reason_field()
    fields: dict[str, Any]

    def __init__(self, code_list: CodeList, row: Any, data: Any = None):
        super().__init__(data)
        self.code_list, self.row = code_list, row
        reason = self.fields.pop("reason")
        if row is None:
            for column, header in zip(code_list.key, code_list.key_headers, strict=True):
                self.fields[column] = _text_field(header, HINTS.get(column, ""), required=column == "code")
        for field in code_list.fields:
            if field.kind != "people" and not (field.name == "sor_id" and row and row.sor_id):
                self.fields[field.name] = self._field(field)
                self.fields[field.name].initial = field.text(row) if row else ""
        self.fields["reason"] = reason

    def _field(self, field: Field) -> forms.Field:
        if field.kind == "standard":
            return forms.ChoiceField(choices=EdiType.Standard.choices, label=field.label, widget=_select())
        if field.kind == "entry":
            others = [one for one in self.code_list.rows() if one != self.row]
            return forms.ChoiceField(
                choices=[("", "–"), *entries(others)],
                label=field.label,
                required=False,
                widget=_select(),
            )
        if field.kind == "day":
            return forms.CharField(
                label=field.label,
                required=False,
                help_text=HINTS.get(field.name, ""),
                widget=forms.TextInput(attrs={"class": "form-input", "type": "date"}),
            )
        return _text_field(field.label, HINTS.get(field.name, ""), required=field.name == "name")

    def clean(self) -> dict[str, Any]:
        asked = super().clean() or {}
        given = {name: asked[name] for name in asked if name in self.code_list.field_names}
        if self.row is None:
            key = tuple(asked.get(column, "") for column in self.code_list.key)
            self.draft = Draft(key, given)
            if key[0] and any(row.label == self.draft.label for row in self.code_list.rows()):
                self.add_error("code", _("%(code)s is in the list already.") % {"code": self.draft.label})
        else:
            self.draft = draft_of(self.code_list, self.row, given)
            self.draft.after = given
            if not self.errors and not self.draft.changes():
                raise forms.ValidationError(_("Nothing differs from what it is."))
        for _draft, name, why in problems(self.code_list, [self.draft], Known.of(self.code_list)):
            if (name or "code") in self.fields and (name or "code") not in self.errors:
                self.add_error(name or "code", str(why))
        return asked


class MergeForm(forms.Form):
    """Which row takes the place of `row`."""

    to = forms.ChoiceField(label=gettext_lazy("Is replaced by"), choices=[])
    reason = reason_field()

    fields: dict[str, Any]

    def __init__(self, others: Iterable[Any], data: Any = None):
        super().__init__(data)
        self.fields["to"].choices = [("", "–"), *entries(others)]
        self.fields["to"].widget = _select(self.fields["to"].choices)
        self.fields["to"].error_messages["required"] = _("Choose what takes its place.")


class FileForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy("CSV, as the list is fetched."),
        error_messages={
            "required": gettext_lazy("Choose a file."),
            "missing": gettext_lazy("Choose a file."),
            "empty": gettext_lazy("The file is empty. Choose another, or save it again."),
        },
        max_length=255,
        widget=forms.FileInput(attrs={"class": "form-input", "accept": ".csv,.txt,text/csv"}),
    )
    reason = reason_field()

    def clean_file(self) -> UploadedFile:
        file: UploadedFile = self.cleaned_data["file"]
        if (file.size or 0) > MAX_BYTES:
            raise forms.ValidationError(_("The file is too large for a code list."))
        return file


class UndoForm(forms.Form):
    reason = reason_field()


def entries(rows: Iterable[Any]) -> list[tuple[str, str]]:
    """Choices: label → label and name."""
    return [(row.label, row.label if row.name == row.label else f"{row.label} · {row.name}") for row in rows]


def _select(choices: Any = ()) -> forms.Select:
    return forms.Select(attrs={"class": "form-select"}, choices=choices)


def _text_field(label: Any, hint: Any, *, required: bool) -> forms.CharField:
    return forms.CharField(
        label=label,
        help_text=hint,
        required=required,
        max_length=255,
        widget=forms.TextInput(attrs={"class": "form-input", "autocomplete": "off"}),
    )
