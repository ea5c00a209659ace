"""Mass-update files that were handed in, and what was found in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from soredi.jobs import Job
from soredi.sentences import SentenceField

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from soredi.models import User


class MassUpdateQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: User | AnonymousUser) -> MassUpdateQuerySet:
        """All of them for an administrator, else those that `user` handed in."""
        if not (user.is_authenticated and user.is_active):
            return self.none()
        return self.all() if user.is_staff else self.filter(by=user)


class MassUpdate(Job):
    """One file. Done = read and planned (see `change_set`); refused = it has errors and nothing is planned.

    `counts`: `{"locations", "lines", "errors", "warnings"}`.
    """

    task = "massupdate.check"

    file = models.FileField(upload_to="massupdate/%Y/%m/")
    name = models.CharField(max_length=255, help_text="As the user named the file.")
    size = models.BigIntegerField(help_text="Bytes.")
    sha256 = models.CharField(max_length=64)
    reason = models.TextField(blank=True, help_text="Why, in the user's words; empty: the name of the file.")
    change_set = models.OneToOneField(
        "locations.ChangeSet", models.PROTECT, null=True, related_name="mass_update"
    )

    objects = MassUpdateQuerySet.as_manager()

    class Meta(Job.Meta):
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.name


# What each finding means and what to do about it. An error stops; a warning is ticked and passed.
MESSAGES = {
    "ambiguous_edi_type": _("The code has several versions. Write code and version, or SOR's id."),
    "check_digit": _("The check digit of the location number is wrong. Compare it with its source."),
    "closed": _("The location number is closed. Remove its lines, or have it reopened."),
    "duplicate_line": _("The line adds nothing to an earlier one."),
    "empty_file": _("The file has no lines below the header."),
    "excel_number": _("Excel has rounded the location number. Format the column as text and enter it again."),
    "inactive": _("The location number is inactive. Remove its lines, or make it active first."),
    "large_loss": _("The location number loses more than half of its EDI types."),
    "malformed_gln": _("A location number has 13 digits."),
    "not_certified": _("The system of the location number is not certified to receive this EDI type."),
    "not_permitted": _("The location number belongs to another EDI administrator. Remove its lines."),
    "not_text": _("The file is not text in UTF-8 or Windows-1252. Save it as “CSV UTF-8”."),
    "removes_all": _("The line removes all EDI types of the location number."),
    "retired_edi_type": _("The EDI type is retired and is added to this location number."),
    "too_large": _("The file is too large. Divide it."),
    "two_versions": _("The location number gets two versions of this EDI type."),
    "unknown_edi_type": _("There is no such EDI type. Use SOR's id, or code and version."),
    "unknown_location": _("There is no such location number here."),
    "wrong_columns": _("The line or the header has not the columns Loknr and EdiId."),
}


class Finding(models.Model):
    """One error or warning, by line of the file (the header is line 1; 0 is the whole file)."""

    mass_update = models.ForeignKey(MassUpdate, models.CASCADE, related_name="findings")
    is_error = models.BooleanField()
    line = models.BigIntegerField()
    code = models.CharField(max_length=32)
    value = models.TextField(blank=True)
    detail = SentenceField(help_text="Of a file that cannot be read at all: why.")

    class Meta:
        ordering = ["line", "id"]

    def __str__(self) -> str:
        return f"{self.line} {self.code}"

    def message(self) -> str:
        return str(self.detail or MESSAGES[self.code])
