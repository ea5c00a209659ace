"""Handing in a SOR extract."""

from pathlib import Path
from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

SUFFIXES = (".zip", ".csv", ".xml")
MAX_BYTES = 4 << 30  # all files together; Sor_complete.zip has about 100 MB, unpacked 1 GB


class _FilesInput(forms.FileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """One or several files → a list of them, each checked as a single one would be."""

    widget = _FilesInput

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:
        one = super().clean
        return [one(file, initial) for file in data or []] or ([one(None, initial)] if self.required else [])


class ExtractForm(forms.Form):
    """Files from this machine or, where SOR_BASE_URL is set, addresses below it: at least one of them."""

    extract = FilesField(
        label=gettext_lazy("Files"),
        help_text=gettext_lazy(
            "Sor_complete.zip, single CSV files from it, SorEntity_daily.csv, sor.csv with edityper.csv, or sor.xml."
        ),
        required=False,
        error_messages={
            "empty": gettext_lazy("A file is empty. Fetch it again."),
            "max_length": gettext_lazy(
                "The name of a file has %(length)d characters; at most %(max)d. Give it a shorter one."
            ),
        },
        max_length=200,
        widget=_FilesInput(attrs={"class": "form-input", "multiple": True, "accept": ".zip,.csv,.xml"}),
    )
    addresses = forms.CharField(
        label=gettext_lazy("Addresses"),
        required=False,
        widget=forms.Textarea(attrs={"class": "form-input", "rows": 2, "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        base = settings.SOR_BASE_URL
        if base:
            self.fields["addresses"].help_text = _("One a line, below %(base)s") % {"base": base}
        else:
            del self.fields["addresses"]

    def clean_extract(self) -> list[UploadedFile]:
        files: list[UploadedFile] = self.cleaned_data["extract"]
        names = [Path(file.name or "").name for file in files]
        for name in names:
            if not name.lower().endswith(SUFFIXES):
                raise forms.ValidationError(
                    _("“%(name)s” is no zip, CSV or XML file. Choose the files that SOR publishes.")
                    % {"name": name}
                )
            if names.count(name) > 1:
                raise forms.ValidationError(_("“%(name)s” is there twice. Choose it once.") % {"name": name})
        size = sum(file.size or 0 for file in files)
        if size > MAX_BYTES:
            raise forms.ValidationError(
                _("The files have %(size)s MB; at most %(limit)s MB can be read.")
                % {"size": size >> 20, "limit": MAX_BYTES >> 20}
            )
        return files

    def clean_addresses(self) -> list[str]:
        """Only what lies below SOR_BASE_URL: the server fetches for nobody from elsewhere."""
        base = settings.SOR_BASE_URL.rstrip("/") + "/"
        addresses = [line.strip() for line in self.cleaned_data["addresses"].splitlines() if line.strip()]
        for address in addresses:
            if not address.startswith(base) or ".." in address:
                raise forms.ValidationError(
                    _("“%(address)s” is not below %(base)s.") % {"address": address, "base": base}
                )
        return addresses

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.errors and not cleaned.get("extract") and not cleaned.get("addresses"):
            self.add_error("extract", _("Choose at least one file."))
        return cleaned


class ForceForm(forms.Form):
    """Why an extract that is older than the last one is imported all the same."""

    why = forms.CharField(
        max_length=1000,
        label=gettext_lazy("Why it is right to import an older extract"),
        help_text=gettext_lazy(
            "It stands on the page of the import, with your name, for those who wonder later."
        ),
        error_messages={"required": gettext_lazy("Write why, for those who wonder later.")},
        widget=forms.TextInput(attrs={"class": "form-input", "autocomplete": "off"}),
    )
