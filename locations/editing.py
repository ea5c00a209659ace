"""What "Ret valgte" may ask for: one form, several operations at once on the same numbers."""

from typing import Any

from django import forms
from django.db.models import Count, Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from locations.certification import list_in_force
from locations.forms import reason_field
from locations.models import EdiAdministrator, EdiType, LocationNumber, System, Vans, Vendor
from soredi.models import User

_MODELS: dict[str, type[Any]] = {
    "vans": Vans,
    "system": System,
    "vendor": Vendor,
    "edi_administrator": EdiAdministrator,
    "swap_from": EdiType,
    "swap_to": EdiType,
}
NOTE_BEFORE = "note_foer"  # the note that the form began with
VENDOR_LEFT_EMPTY = gettext_lazy("Left empty, it becomes the usual vendor of the system.")
YES_OR_NO = (("", gettext_lazy("Leave as it is")), ("ja", gettext_lazy("yes")), ("nej", gettext_lazy("no")))


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


def on_vendor(system: System | None) -> str:
    """What becomes of a vendor that is left empty when `system` is chosen."""
    if system is None:
        return str(VENDOR_LEFT_EMPTY)
    if vendor := usual_vendor(system):
        return _("Left empty, it becomes %(vendor)s, the usual one of %(system)s.") % {
            "vendor": vendor,
            "system": system,
        }
    return _("Choose the vendor: no location number has this system yet.")


def one_line(note: str) -> str:
    """A note as a field of one line hands it back."""
    return "".join(note.splitlines()).strip()


def _yes_or_no(label: Any) -> forms.TypedChoiceField:
    """True, False, or None where it stays as it is."""
    return forms.TypedChoiceField(
        choices=YES_OR_NO,
        coerce=lambda word: word == "ja",
        empty_value=None,
        required=False,
        label=label,
        widget=forms.Select(attrs={"class": "form-select"}),
    )


class EditForm(forms.Form):
    """The same change for many numbers. What is left empty stays as it is on each of them.

    A system without a vendor takes its usual one; `took_usual_vendor` tells so. Only an administrator, which a `user`
    of None is too, is asked for the EDI administrator. What is certified can be added only where a list of approvals is
    in force: `approvals`. `only` is the one number that is edited, where it is one: the note then begins as what it
    has, and NOTE_BEFORE says it.
    """

    vans = forms.ModelChoiceField(Vans.objects.none(), required=False, label="VANS")
    system = forms.ModelChoiceField(System.objects.none(), required=False, label=gettext_lazy("System"))
    vendor = forms.ModelChoiceField(
        Vendor.objects.none(),
        required=False,
        label=gettext_lazy("Vendor"),
        help_text=VENDOR_LEFT_EMPTY,
    )
    edi_administrator = forms.ModelChoiceField(
        EdiAdministrator.objects.none(), required=False, label=gettext_lazy("EDI administrator")
    )
    add = forms.ModelMultipleChoiceField(
        EdiType.objects.none(), required=False, label=gettext_lazy("Add EDI types")
    )
    add_certified = forms.BooleanField(
        required=False, label=gettext_lazy("Add all that the system is certified to receive")
    )
    remove = forms.ModelMultipleChoiceField(
        EdiType.objects.none(), required=False, label=gettext_lazy("Remove EDI types")
    )
    remove_all = forms.BooleanField(
        required=False,
        label=gettext_lazy("Remove all EDI types, except those that are added above"),
    )
    swap_from = forms.ModelChoiceField(
        EdiType.objects.none(), required=False, label=gettext_lazy("Replace, where it is found")
    )
    swap_to = forms.ModelChoiceField(EdiType.objects.none(), required=False, label=gettext_lazy("by"))
    only_internal = _yes_or_no(gettext_lazy("Only internal"))
    inactive = _yes_or_no(gettext_lazy("Not active"))
    note = forms.CharField(
        max_length=254,
        required=False,
        label=gettext_lazy("Note"),
        help_text=gettext_lazy("Left empty, each number keeps its own."),
        widget=forms.TextInput(attrs={"class": "form-input", "autocomplete": "off"}),
    )
    clear_note = forms.BooleanField(
        required=False,
        label=gettext_lazy("Remove the note"),
    )
    reason = reason_field(gettext_lazy("Reason"))

    fields: dict[str, Any]
    took_usual_vendor = False

    def __init__(self, data: Any = None, *, user: User | None, only: LocationNumber | None = None):
        super().__init__(data, initial={"note": one_line(only.note)} if only else None)
        self.only = only
        self.approvals = list_in_force(timezone.localdate())
        self.fields["add_certified"].disabled = self.approvals is None
        if user is not None and not user.is_administrator:
            del self.fields["edi_administrator"]
        empty = {"swap_from": "–", "swap_to": "–"}
        for name, field in self.fields.items():
            if name in _MODELS:
                field.queryset = _current(_MODELS[name])
                field.empty_label = empty.get(name, _("Leave as it is"))
                field.widget.attrs["class"] = "form-select"
        self.fields["add"].queryset = _current(EdiType)
        self.fields["remove"].queryset = self.fields["swap_from"].queryset = (
            EdiType.objects.all()
        )  # retired ones too
        self.fields["system"].widget.attrs |= {
            "hx-get": reverse("location-usual-vendor"),
            "hx-target": "#id_vendor_helptext",
        }
        if only:
            self._tell_present(only)

    def _tell_present(self, only: LocationNumber) -> None:
        """Beside each field what the one number has now."""
        for name in ("vans", "system", "vendor", "edi_administrator", "only_internal", "inactive"):
            if name in self.fields:
                value = getattr(only, name)
                shown = (_("yes") if value else _("no")) if isinstance(value, bool) else value or _("none")
                now = _("Now: %(value)s.") % {"value": shown}
                self.fields[name].help_text = " ".join((now, str(self.fields[name].help_text))).strip()
        self.fields["note"].help_text = _("Emptied, the note is removed.") if only.note else ""

    def clean(self) -> dict[str, Any]:
        asked = super().clean() or {}
        self._clean_system(asked)
        self._clean_edi_types(asked)
        if before := one_line(self.data.get(NOTE_BEFORE, "")):
            if asked.get("note") == before:
                asked["note"] = ""  # left as it stood on the form, whatever somebody has made of it since
            elif asked.get("note") == "":
                asked["clear_note"] = True
        if asked.get("note") and asked.get("clear_note"):
            self.add_error("note", _("Either write a note or remove it."))
        if not set(self.errors) - {"reason"} and not any(map(self._asks_for, set(self.fields) - {"reason"})):
            raise forms.ValidationError(_("Choose what to change."))
        return asked

    def _asks_for(self, name: str) -> bool:
        """Whether the field changes anything; "no" does."""
        value = self.cleaned_data[name]
        return value is not None if name in ("only_internal", "inactive") else bool(value)

    def _clean_system(self, asked: dict[str, Any]) -> None:
        system, vendor = asked.get("system"), asked.get("vendor")
        if vendor and not system and "system" not in self.errors:
            self.add_error("system", _("Choose the system too: system and vendor go together."))
        if system and not vendor and "vendor" not in self.errors:
            asked["vendor"] = usual_vendor(system)
            self.took_usual_vendor = asked["vendor"] is not None
            if not self.took_usual_vendor:
                self.add_error("vendor", _("Choose the vendor: no location number has this system yet."))

    def _clean_edi_types(self, asked: dict[str, Any]) -> None:
        add, remove = set(asked.get("add", ())), set(asked.get("remove", ()))
        old, new = asked.get("swap_from"), asked.get("swap_to")
        if both := add & remove:
            names = ", ".join(sorted(str(row) for row in both))
            self.add_error("remove", _("To be both added and removed: %(types)s.") % {"types": names})
        if asked.get("remove_all") and (remove or old):
            self.add_error(
                "remove_all", _("All are removed already: choose no single ones to remove or replace.")
            )
        if (old or new) and not (old and new) and not {"swap_from", "swap_to"} & set(self.errors):
            self.add_error(
                "swap_to" if old else "swap_from", _("Choose both EDI types: the old and the new.")
            )
        elif old and new and (old == new or old in add or new in remove):
            self.add_error("swap_to", _("This goes against itself: choose other EDI types."))

    def operations(self) -> dict[str, Any]:
        """What `changes.plan` is to do."""
        asked = self.cleaned_data
        wanted = {name: asked[name] for name in ("vans", "system", "vendor", "only_internal", "inactive")}
        wanted |= {"edi_administrator": asked.get("edi_administrator")}
        wanted |= {"note": "" if asked["clear_note"] else asked["note"] or None}
        if asked["remove_all"]:
            return wanted | {"replace": list(asked["add"]), "add_certified": asked["add_certified"]}
        swap = (asked["swap_from"], asked["swap_to"]) if asked["swap_from"] else None
        return wanted | {
            "add": asked["add"],
            "add_certified": asked["add_certified"],
            "remove": asked["remove"],
            "swap": swap,
        }
