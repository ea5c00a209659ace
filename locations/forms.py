"""The fields of what can be asked of the list; and the form that changes many numbers alike."""

import re
import unicodedata
from datetime import date
from html import escape
from typing import Any

from django import forms
from django.contrib.auth.models import AnonymousUser
from django.core.validators import MaxValueValidator, MinValueValidator
from django.forms.utils import flatatt
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from locations.codes import EDI_TYPE, Code, CodeLists
from locations.free_text import WORDS
from locations.models import GlnList
from soredi.models import User

_GLN = re.compile(r"[0-9]{1,13}")


class CodesSelect(forms.SelectMultiple):
    """A list to choose several from. Three hundred choices through a template each took 12 of a page's 55 ms.

    The choices are taken as they are, where Django's widget goes through them with each copy of a form.
    """

    choices: Any = ()

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
    """Repeatable codes of the list `of` → their `Code` entries, each once."""

    widget: Any = CodesSelect

    def __init__(self, *, of: str, code_lists: CodeLists, **options: Any):
        super().__init__(**options)
        self.of, self.code_lists = of, code_lists
        self.widget.choices = [(entry.code, entry.label) for entry in self.entries()]

    def entries(self) -> list[Code]:
        """What can be chosen."""
        return self.code_lists.edi_type_choices if self.of == EDI_TYPE else self.code_lists.all(self.of)

    def to_python(self, value: list[str] | None) -> list[Code]:
        return list(dict.fromkeys(self.find(one) for one in value or []))

    def find(self, value: str) -> Code:
        if self.of == EDI_TYPE:
            return self.code_lists.find_any_version(value)
        return self.code_lists.find(self.of, value)

    def prepare_value(self, value: list[str] | None) -> list[str]:
        """However a code was written, its entry in the list of choices; what is none of them stays as it is."""
        return [found.code if (found := self._found(one)) else one for one in value or []]

    def parted(self, values: list[str]) -> tuple[list[Code], list[str]]:
        """What `values` mean, and those that mean nothing."""
        found = {one: self._found(one) for one in values}
        known = list(dict.fromkeys(code for code in found.values() if code))
        return known, [one for one, code in found.items() if not code]

    def _found(self, value: str) -> Code | None:
        try:
            return self.find(value)
        except forms.ValidationError:
            return None


class WordsField(forms.CharField):
    """Free text, in one Unicode form."""

    def __init__(self, **options: Any):
        super().__init__(max_length=200, **options)

    def to_python(self, value: Any) -> str:
        text = unicodedata.normalize("NFC", super().to_python(value) or "")
        if len(text.split()) > WORDS:
            raise forms.ValidationError(_("At most %(count)s words.") % {"count": WORDS})
        return text


class PeopleInput(forms.TextInput):
    """User names with commas between, or the parameter repeated."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str]:
        return [one for text in data.getlist(name) for one in text.replace(",", " ").split()]

    def format_value(self, value: Any) -> str:
        return ", ".join(value or [])


class PeopleField(CodesField):
    """Repeatable user names → `Code` entries of the people.

    Only an administrator is told that a name is nobody's: to others it is somebody who has done nothing here.
    """

    widget: Any = PeopleInput

    def __init__(self, *, told: bool, **options: Any):
        super().__init__(of="", **options)
        self.told = told

    def entries(self) -> list[Code]:
        return []

    def find(self, value: str) -> Code:
        name = value.strip()
        person = User.objects.filter(username=name).only("pk").first()
        if person is None and self.told:
            raise forms.ValidationError(_("There is no user “%(value)s”.") % {"value": name})
        return Code(person.pk if person else 0, name, name, name)


class DayInput(forms.DateInput):
    """A calendar; but what is no day stands as it was written, where a calendar would show nothing."""

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        context["widget"]["type"] = "date" if _is_day(context["widget"]["value"] or "") else "text"
        return context


def _is_day(text: str) -> bool:
    try:
        return not text or date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


class DayField(forms.DateField):
    """An ISO day. The years are those that a time zone can be applied to."""

    def __init__(self, **options: Any):
        super().__init__(
            input_formats=["%Y-%m-%d"],
            error_messages={"invalid": gettext_lazy("Write the day as 2026-12-31.")},
            validators=[MinValueValidator(date(1900, 1, 1)), MaxValueValidator(date(9000, 1, 1))],
            widget=DayInput(format="%Y-%m-%d"),
            **options,
        )


class KeptListField(forms.CharField):
    """The key of a list that was kept → its GlnList. One of somebody else is as unknown as one that never was."""

    def __init__(self, *, user: User | AnonymousUser | None, **options: Any):
        super().__init__(**options)
        self.user = user

    def to_python(self, value: Any) -> GlnList | None:  # type: ignore[override]
        key = super().to_python(value)
        if not key:
            return None
        if kept := GlnList.objects.readable_by(self.user).filter(key=key).order_by("pk").first():
            return kept
        raise forms.ValidationError(_("There is no such list. Insert it again."))


class GlnField(forms.CharField):
    def to_python(self, value: Any) -> str:
        digits = "".join((super().to_python(value) or "").split())
        if digits and not _GLN.fullmatch(digits):
            raise forms.ValidationError(_("A location number has up to 13 digits and nothing else."))
        return digits


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
