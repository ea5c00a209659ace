"""Import runs and the problems each of them met."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.utils.formats import number_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from soredi.jobs import Job, State

if TYPE_CHECKING:
    from soredi.models import User


class Origin(models.TextChoices):
    """How a run came about; NIGHTLY also where an administrator did not want to wait for the night."""

    UPLOAD = "upload", _("upload")
    COMMAND = "command", _("command")
    NIGHTLY = "nightly", _("fetched from SOR")


class ImportRun(Job):
    """One import of one extract. `counts` is the summary that the contract names (see `sorimport.actions`)."""

    task = "sorimport.run_import"

    paths = models.JSONField(help_text="Files, folders and zip files, as given, in order.")
    source = models.CharField(max_length=8, default="auto")
    origin = models.CharField(max_length=8, choices=Origin, default=Origin.UPLOAD)
    sha256 = models.CharField(max_length=64, blank=True, help_text="Of the bytes of all files, in order.")
    accept_closures = models.BooleanField(default=False)
    force = models.BooleanField(
        default=False, help_text="Go on past the limit of bad rows, and over a newer extract."
    )
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="The administrator whose word a waiting run went on with.",
    )
    forced_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="The administrator who had it go on although its extract is older than the last one.",
    )
    forced_why = models.TextField(blank=True, db_default="")
    change_set = models.OneToOneField(
        "locations.ChangeSet", models.PROTECT, null=True, related_name="import_run"
    )

    class Meta(Job.Meta):
        ordering = ["-id"]

    @property
    def is_older(self) -> bool:
        """Refused for that alone; see `force_older`."""
        return self.state == State.REFUSED and bool(self.counts.get("older"))

    def force_older(self, *, by: User, why: str) -> bool:
        """Have it go on over the newer extract; False where it is not refused for being older, or not any more."""
        said: dict[str, Any] = {"forced_by": by, "forced_why": why, "finished_at": None}
        return self.is_older and self.enqueue(from_states=(State.REFUSED,), **said)


class Change(models.Model):
    """What an import changed in one unit or number, for its page; of each kind the first 1,000 are kept.

    `code` and `name` are the unit's, or the number and its unit's name. For what moved, was renamed or replaced,
    `before` and `after` are names, with the SOR codes where they are other units; for what was closed `after` is the
    last day as ISO text, and for what is open again `before` is the last day that it had.
    """

    class Kind(models.TextChoices):
        UNIT_NEW = "unit_new", _("New units")
        UNIT_RENAMED = "unit_renamed", _("Renamed units")
        UNIT_MOVED = "unit_moved", _("Moved units")
        UNIT_REPLACED = "unit_replaced", _("Replaced units")
        UNIT_CLOSED = "unit_closed", _("Closed units")
        UNIT_REOPENED = "unit_reopened", _("Units that are open again")
        UNIT_DETAILS = "unit_details", _("Units with other details")
        NUMBER_NEW = "number_new", _("New location numbers")
        NUMBER_MOVED = "number_moved", _("Location numbers at another unit")
        NUMBER_PROFILE = "number_profile", _("Location numbers with another profile in SOR")
        NUMBER_CLOSED = "number_closed", _("Closed location numbers")
        NUMBER_REOPENED = "number_reopened", _("Location numbers that are open again")
        NUMBER_DATES = "number_dates", _("Location numbers with other dates or another region")
        NUMBER_UNIT = "number_unit", _("Location numbers whose unit has another name or town")

    run = models.ForeignKey(ImportRun, models.CASCADE, related_name="changes")
    kind = models.CharField(max_length=16, choices=Kind)
    code = models.CharField(max_length=18)
    name = models.CharField(max_length=255, blank=True)
    before = models.CharField(max_length=255, blank=True)
    before_code = models.CharField(max_length=18, blank=True)
    after = models.CharField(max_length=255, blank=True)
    after_code = models.CharField(max_length=18, blank=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.kind} {self.code}"


# What a problem means and what to do. Those that say "kept" are flags; the rows of the others were left out.
MESSAGES = {
    "bad_check_digit": _("The check digit is wrong. Kept as SOR has it; have it corrected in SOR."),
    "bad_date": _("A date cannot be read. Left out, the number stays as it was; have it corrected in SOR."),
    "bad_flag": _("Neither yes nor no. Left out, the number stays as it was; have it corrected in SOR."),
    "unit_date": _("A date cannot be read. The unit keeps the date it had; have it corrected in SOR."),
    "bad_period": _("The last day is before the first. Left out; have the dates corrected in SOR."),
    "duplicate_row": _("The same row stands twice. The first one counts."),
    "edi_type_clash": _("Another EDI type has this code and version. Left out; have it corrected in SOR."),
    "malformed_code": _("A code is longer than codes are. Left out; have it corrected in SOR."),
    "malformed_gln": _("A location number has 13 digits. Left out; have it corrected in SOR."),
    "malformed_sor_id": _("A SOR code has up to 18 digits. Left out; have it corrected in SOR."),
    "missing": _("The number is not in this extract any more. It was closed yesterday's date."),
    "not_text": _("The row has characters that are not in the file's encoding. Left out; mend the row."),
    "parent_cycle": _("The unit is its own ancestor. Kept, without a parent; have it corrected in SOR."),
    "ragged_row": _("The row has more or fewer fields than the header. Left out; mend the row."),
    "stray_quote": _("The row has a quotation mark that is never closed. Left out; mend the row."),
    "text_cut": _("A text is longer than there is room for. Kept, cut off."),
    "two_units": _("The number is on two units on one day. Both rows left out; have it corrected in SOR."),
    "unknown_edi_type": _(
        "The EDI type is not in EDITypes.csv. Left out; give that file in the same import."
    ),
    "unknown_kind": _("The unit is neither IE, SI nor OE. Left out; have it corrected in SOR."),
    "unknown_location": _("EDI types for a number that is not in LocationsCode.csv. Left out."),
    "unknown_name": _(
        "The name is neither a code nor the name of just one entry of its code list. Kept, with what SOR said last."
    ),
    "unknown_parent": _("The parent unit is not in the extract. Kept, without a parent."),
    "unknown_unit": _("The unit of the number is not in the extract. Kept, without a unit."),
}


class Problem(models.Model):
    """What an import met in one row: left out, or kept and flagged, as `code` says."""

    run = models.ForeignKey(ImportRun, models.CASCADE, related_name="problems")
    file = models.CharField(max_length=255)
    line = models.BigIntegerField(
        help_text="Physical line in the file, the header being 1; 0 for the whole file."
    )
    code = models.CharField(max_length=32)
    value = models.TextField(blank=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.file}:{self.line} {self.code}"

    def place(self) -> str:
        """The file, with the line where there is one."""
        if not self.line:
            return self.file
        return gettext("%(file)s, line %(line)s") % {
            "file": self.file,
            "line": number_format(self.line, force_grouping=True),
        }

    def message(self) -> str:
        return (
            f"{MESSAGES.get(self.code, self.code)} ({self.value})" if self.value else str(MESSAGES[self.code])
        )
