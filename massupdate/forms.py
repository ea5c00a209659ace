"""Handing in a file, and ticking its warnings."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy

from massupdate.findings import Group
from massupdate.read import fits, too_large

REASON_LENGTH = 1000  # characters


class HandInForm(forms.Form):
    """A file to check. What stands in it is the worker's to judge, by line."""

    file = forms.FileField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy("CSV or Excel (.xlsx) with the columns Loknr and EdiId, at most 100 MB."),
        error_messages={
            "required": gettext_lazy("Choose a file."),
            "missing": gettext_lazy("Choose a file."),
            "empty": gettext_lazy("The file is empty. Choose another, or save it again."),
            "max_length": gettext_lazy(
                "The name of the file has %(length)d characters; at most %(max)d. Give it a shorter one."
            ),
        },
        max_length=255,
        widget=forms.FileInput(attrs={"class": "form-input", "accept": ".csv,.txt,.xlsx,text/csv"}),
    )
    ark = forms.CharField(
        label=gettext_lazy("Sheet"),
        help_text=gettext_lazy("Of an Excel file with several sheets; empty: the first."),
        max_length=31,  # Excel allows no more
        required=False,
        widget=forms.TextInput(attrs={"class": "form-input", "autocomplete": "off"}),
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        help_text=gettext_lazy("Stands in the history of every number that changes."),
        max_length=REASON_LENGTH,
        required=False,
        widget=forms.TextInput(attrs={"class": "form-input", "autocomplete": "off"}),
    )

    def clean_file(self) -> UploadedFile:
        file: UploadedFile = self.cleaned_data["file"]
        if not fits(file.size or 0):
            raise forms.ValidationError(str(too_large(file.name or "", file.size or 0).message))
        return file


class WarningsForm(forms.Form):
    """One tick for each sort of warning, named by what it means; all of them are needed to go on."""

    def __init__(self, groups: Iterable[Group], data: Any = None):
        super().__init__(data)
        for group in groups:
            self.fields[group.code] = forms.BooleanField(
                label=group.meaning.rstrip("."),
                error_messages={"required": gettext_lazy("Tick that you have seen these warnings.")},
                widget=forms.CheckboxInput(attrs={"class": "form-checkbox"}),
            )
