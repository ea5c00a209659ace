"""What stands between a plan and its being carried out: warnings to tick, numbers that moved on, and the receipt."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from locations import all_certified, warnings
from locations.models import ChangeSet
from locations.stale import moved_since
from soredi.jobs import State
from soredi.models import User

SHOWN = 50  # numbers that moved on
RECEIPT = "kvittering"


class CarryOutForm(forms.Form):
    """A tick for each sort of warning, and all of them are needed; and whether to mail a receipt.

    Cannot be valid where one of `groups` is an error.
    """

    def __init__(self, groups: list[warnings.Group], *, user: User, data: Any = None):
        super().__init__(data)
        self.groups = groups
        for group in groups:
            if not group.is_error:
                self.fields[group.sort.value] = forms.BooleanField(
                    label=group.sort.label,
                    error_messages={"required": gettext_lazy("Tick that you have seen this.")},
                )
        if user.email:
            self.fields[RECEIPT] = forms.BooleanField(
                required=False, label=_("Mail a receipt to %(address)s") % {"address": user.email}
            )

    def clean(self) -> dict[str, Any]:
        if any(group.is_error for group in self.groups):
            raise forms.ValidationError(
                _("Nobody may add an EDI type that the system is not certified to receive. Plan without it.")
            )
        return super().clean() or {}

    @property
    def warned(self) -> list[tuple[warnings.Group, Any]]:
        """Each sort of warning with its tick, None for an error."""
        return [(group, None if group.is_error else self[group.sort.value]) for group in self.groups]

    @property
    def receipt(self) -> Any:
        return self[RECEIPT] if RECEIPT in self.fields else None

    @property
    def wants_receipt(self) -> bool:
        return bool(self.cleaned_data.get(RECEIPT))

    @property
    def has_errors(self) -> bool:
        return any(group.is_error for group in self.groups)


def carrying_out(it: ChangeSet, *, user: User, form: CarryOutForm | None = None) -> dict[str, Any]:
    """The context of locations/_carry_out.html and what it includes, for somebody who may carry `it` out."""
    moved, total = moved_since(it, most=SHOWN) if it.state in (State.DRAFT, State.REFUSED) else ([], 0)
    return {
        "carry_out": form or CarryOutForm(warnings.groups(it), user=user),
        "certified": all_certified.shown(it, most=SHOWN),
        "moved": moved,
        "moved_total": total,
    }
