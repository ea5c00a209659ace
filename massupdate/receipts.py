"""What lies beside a file that came back from an inbox: the summary as JSON, and the same to be read."""

import json
from typing import Any

from django.utils import translation
from django.utils.formats import date_format, number_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from massupdate.actions import summary
from massupdate.findings import as_csv
from massupdate.models import MassUpdate
from soredi.jobs import State

LANGUAGE = "da"
SHOWN = 100  # findings of each sort


def of(update: MassUpdate, *, accepted: bool) -> dict[str, bytes]:
    """Suffix → content. `accepted`: whether warnings are let pass."""
    told = summary(update)
    earlier = (
        MassUpdate.objects.filter(
            edi_administrator=update.edi_administrator, sha256=update.sha256, pk__lt=update.pk
        )
        .exclude(sha256="")
        .first()
    )
    if told["state"] == State.CANCELLED and told["warnings"]:
        told["state"] = State.REFUSED.value
    told = {
        "file": update.name,
        "mass_update": update.pk,
        "sha256": update.sha256,
        "received_at": update.created_at.isoformat(),
        "same_as": earlier.pk if earlier else None,
        **told,
    }
    with translation.override(LANGUAGE):
        files = {
            ".json": (json.dumps(told, ensure_ascii=False, indent=1) + "\n").encode(),
            ".txt": _readable(update, told, accepted).encode("utf-8-sig"),
        }
        if told["errors"] or told["warnings"]:
            files[".fund.csv"] = b"".join(as_csv(update))
    return files


def of_link(name: str) -> dict[str, bytes]:
    """Of a link, which is never read."""
    with translation.override(LANGUAGE):
        message = _("This is a link, not a file. Lay the file itself here.")
    told = {"file": name, "state": State.REFUSED.value, "message": message}
    return {
        ".json": (json.dumps(told) + "\n").encode(),
        ".txt": f"{message}\r\n".encode("utf-8-sig"),
    }


def _readable(update: MassUpdate, told: dict[str, Any], accepted: bool) -> str:
    def number(name: str) -> str:
        return number_format(told[name], force_grouping=True)

    lines = [
        _("Mass update %(id)s: %(file)s") % {"id": update.pk, "file": update.name},
        _("Received %(moment)s") % {"moment": date_format(localtime(update.created_at), "j. F Y H.i")},
        "",
    ]
    if told["state"] == State.DONE:
        lines.append(
            _("Carried out: %(changed)s of %(locations)s location numbers changed.")
            % {"changed": number("changed"), "locations": number("locations")}
        )
        lines.append(
            _("EDI types: %(added)s added, %(removed)s removed.")
            % {"added": number("added"), "removed": number("removed")}
        )
        if update.change_set:
            lines.append(_("It can be undone from change %(id)s.") % {"id": update.change_set.pk})
    else:
        lines.append(_("Refused. Nothing was changed."))
        if told.get("message"):
            lines.append(told["message"])
        elif told["warnings"] and not accepted:
            lines.append(
                _("The file has warnings. Mend it, or read it in on the page, where they can be ticked.")
            )
    if told["same_as"]:
        lines.append(_("The very same file came before, as mass update %(id)s.") % {"id": told["same_as"]})
    for name, title in (("errors", _("Errors")), ("warnings", _("Warnings"))):
        if told[name]:
            total = update.counts.get(name, len(told[name]))
            lines += ["", f"{title}: {number_format(total, force_grouping=True)}"]
            lines += [
                f"{finding['line']}: {finding['value']} – {finding['message']} ({finding['code']})"
                for finding in told[name][:SHOWN]
            ]
            if total > SHOWN:
                lines.append(_("… all of them are in the file ending in .fund.csv."))
    return "\r\n".join([*lines, ""])
