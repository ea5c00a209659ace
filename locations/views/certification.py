"""`/stamdata/certificering/svar/`: was a system certified for an EDI type on a day, and what does that rest on?"""

from typing import Any

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from locations.certification import Answer, Direction, list_in_force, question
from locations.models import Approval, EdiType, System
from soredi.parameters import takes


class EdiTypeChoice(forms.ModelChoiceField):
    """Its values are `code version`."""

    def prepare_value(self, value: Any) -> Any:
        return str(value) if isinstance(value, EdiType) else value

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj} · {obj.name}"

    def to_python(self, value: Any) -> Any:
        if value in self.empty_values:
            return None
        code, _space, version = str(value).partition(" ")
        if found := EdiType.objects.filter(code=code, version=version).first():
            return found
        raise forms.ValidationError(self.error_messages["invalid_choice"], code="invalid_choice")

    def valid_value(self, value: Any) -> bool:
        return True


class CertifiedForm(forms.Form):
    """One question; all of it is in the address."""

    system = forms.ModelChoiceField(
        System.objects.all(),
        to_field_name="code",
        label=gettext_lazy("System"),
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    edi_type = EdiTypeChoice(
        EdiType.objects.all(),
        label=gettext_lazy("EDI type"),
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    retning = forms.ChoiceField(
        choices=Direction.choices,
        initial=Direction.RECEIVE,
        required=False,
        label=gettext_lazy("Direction"),
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    pr = forms.DateField(
        required=False,
        initial=timezone.localdate,
        label=gettext_lazy("On the day"),
        input_formats=["%Y-%m-%d", "%d-%m-%Y", "%d.%m.%Y"],
        widget=forms.DateInput(attrs={"class": "form-input", "type": "date"}, format="%Y-%m-%d"),
    )


@login_required
@require_safe
@takes("system", "edi_type", "retning", "pr")
def certified(request: HttpRequest) -> HttpResponse:
    """The form, and the answer where something was asked."""
    form = CertifiedForm(request.GET) if request.GET else CertifiedForm()
    context: dict[str, Any] = {"section": "code-lists", "form": form}
    if form.is_bound and form.is_valid():
        context |= answered(form.cleaned_data)
    return render(request, "locations/certification/certified.html", context)


def answered(asked: dict[str, Any]) -> dict[str, Any]:
    """`answer` is None where no list was in force on the day."""
    system, edi_type = asked["system"], asked["edi_type"]
    day, direction = asked["pr"] or timezone.localdate(), Direction(asked["retning"] or Direction.RECEIVE)
    basis = question([(system.pk, edi_type.pk)], day=day, direction=direction).get((system.pk, edi_type.pk))
    return {
        "asked": {"system": system, "edi_type": edi_type, "day": day, "direction": direction},
        "answer": basis.answer if basis else None,
        "list": basis.approval_list if basis else None,
        "rows": Approval.objects.filter(approval_list=basis.approval_list, row__in=basis.rows)
        if basis
        else [],
        "why": WHY.get(basis.answer, "") if basis else "",
        "in_force": list_in_force(timezone.localdate()),
    }


WHY = {
    Answer.CONFLICTING: gettext_lazy("MedCom's list both approves it and does not."),
    Answer.UNMAPPED: gettext_lazy("The system is mapped to none of MedCom's systems on the list."),
    Answer.UNKNOWN: gettext_lazy("The list has no row for the system with just that code and version."),
}
