"""What the demo knows of certification: a synthetic sheet of approvals in force, and some systems mapped to it.

The others show as suggested, or as on no list, so that every mark there is can be met.
"""

from django.db import transaction
from django.utils import timezone

from locations.approvals.actions import accept, hand_in
from locations.models import ApprovalList, System
from locations.system_map import say, suggestions
from soredi.models import User
from sorimport.synthetic.approvals import approvals_sheet

NAME = "demo-godkendelser.csv"
MAPPED = (
    "Clinea",
    "XMO",
    "Novax",
    "EasyMe",
    "Nexus",
    "Cura",
    "Sundhedsplatformen",
    "MidtEPJ",
    "Columna CIS",
    "Labka II",
    "Dental Suite",
    "Pharmanet",
)


def has_approvals() -> bool:
    return ApprovalList.objects.filter(accepted_at__isnull=False).exists()


@transaction.atomic
def add_approvals(by: User) -> None:
    """Accept the sheet from the first of this month, and for each of MAPPED the name that is most like its own."""
    sheet = hand_in(file=approvals_sheet(), name=NAME, dated=timezone.localdate().replace(day=1), by=by)
    suggested = suggestions(accept(sheet, by=by, ticked=None))
    for system in System.objects.filter(name__in=MAPPED):
        for best in suggested[system.pk][:1]:
            say(system=system, medcom_system=best.medcom_system, accepted=True, by=by)
