"""What sort of message an EDI type is, told from its code: an order for the eye, not a rule.

The letters after the X of OIOXML or the F of FHIR are the message family. Within DIS, MedCom's family of discharge
letters, some numbers are correspondence and others notifications and reports about a stay.
"""

import re
from collections.abc import Iterable

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from locations.models import EdiType


class Kind(TextChoices):
    """In the order of the page; the value is the message family, where the kind is one."""

    LETTERS = "DIS", _("Discharge letters")
    CORRESPONDENCE = "correspondence", _("Correspondence")
    NOTIFICATIONS = "notifications", _("Notifications and reports")
    REFERRALS = "REF", _("Referrals")
    REQUISITIONS = "REQ", _("Requisitions")
    RESULTS = "RPT", _("Results")
    PRESCRIPTIONS = "PRE", _("Prescriptions")
    RECEIPTS = "CTL", _("Receipts")
    BILLING = "RUC", _("Billing")
    PATIENT_DATA = "PID", _("Patient data")
    ATTACHMENTS = "BIN", _("Attachments")
    OTHER = "other", _("Other")


_CODE = re.compile(r"[XF]?(?P<family>[A-Z]{3})(?P<number>\d\d)?")
_LETTER_NUMBERS = dict.fromkeys(("90", "91"), Kind.CORRESPONDENCE) | dict.fromkeys(
    ("14", "16", "17", "18", "19", "20", "21", "95"), Kind.NOTIFICATIONS
)


def kind_of(code: str) -> Kind:
    """The kind of a code such as DIS91, XREF06 or FCTL; OTHER for what fits no family."""
    match = _CODE.fullmatch(code)
    if match is None or match["family"] not in Kind.values:
        return Kind.OTHER
    kind = Kind(match["family"])
    return _LETTER_NUMBERS.get(match["number"] or "", kind) if kind is Kind.LETTERS else kind


def by_kind(types: Iterable[EdiType]) -> list[tuple[Kind, list[tuple[str, list[EdiType]]]]]:
    """`types` in groups, as (kind, [(name of the standard, types)]); types keep their order."""
    groups: dict[Kind, dict[str, list[EdiType]]] = {kind: {} for kind in Kind}
    for one in types:
        groups[kind_of(one.code)].setdefault(one.get_standard_display(), []).append(one)
    return [(kind, list(standards.items())) for kind, standards in groups.items() if standards]
