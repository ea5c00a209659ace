"""Receipts by mail: what became of a change set, to the person who carried it out and asked for one.

Sent by the worker after the change set has ended. At most once; and a mail that cannot be sent changes nothing.
"""

import logging
from typing import Any, cast

from django.core.cache import cache
from django.core.mail import send_mail
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from locations.models import ChangeSet, EdiType
from soredi.jobs import State
from soredi.models import User

logger = logging.getLogger(__name__)
ENDED = (State.DONE, State.REFUSED, State.FAILED, State.CANCELLED)
TYPES_SHOWN = 50
ONCE = 7 * 24 * 3600  # seconds that a receipt which went out is remembered


def asked(request: HttpRequest, change_set: ChangeSet) -> dict[str, Any]:
    """For `ChangeSet.receipt`: where the person who asks wants it, and in which language."""
    return {
        "to": cast(User, request.user).email,
        "url": request.build_absolute_uri(reverse("change-set", args=[change_set.pk])),
        "language": get_language(),
    }


def mail(change_set: ChangeSet) -> None:
    """Send the receipt that was asked for, once `change_set` has ended. Never raises."""
    if not change_set.receipt or change_set.state not in ENDED:
        return
    try:
        # A job is offered to workers again and again; only the first of them that sees it ended tells of it.
        if cache.add(f"receipt:{change_set.pk}", 1, ONCE):
            send(change_set)
    except Exception:
        logger.exception("The receipt of change set %s could not be mailed", change_set.pk)


def send(change_set: ChangeSet) -> None:
    wanted = change_set.receipt
    with override(wanted["language"]):
        moved = change_set.counts.get("edi_types", {})
        types = [(row, *moved[str(row.pk)]) for row in EdiType.objects.filter(pk__in=map(int, moved))]
        text = render_to_string(
            "locations/receipt.txt",
            {
                "change_set": change_set,
                "counts": change_set.counts,
                "done": change_set.state == State.DONE,
                "url": wanted["url"],
                "types": types[:TYPES_SHOWN],
                "more_types": max(0, len(types) - TYPES_SHOWN),
            },
        )
        state = _("carried out") if change_set.state == State.DONE else _("not carried out")
        subject = _("SOR-EDI: change %(id)s is %(state)s") % {"id": change_set.pk, "state": state}
        send_mail(subject, text, None, [wanted["to"]])
