"""Mass-update files that were handed in, and what was found in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Q

from locations.access import LocationNumberQuerySet
from locations.models import EdiAdministrator, LocationNumber
from massupdate.codes import CODES
from soredi.jobs import Job
from soredi.sentences import SentenceField

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from soredi.models import User


class MassUpdateQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: User | AnonymousUser) -> MassUpdateQuerySet:
        """All of them for an administrator, else those that `user` handed in, and those that came to the inbox of one
        of the user's EDI administrators.
        """
        if not (user.is_authenticated and user.is_active):
            return self.none()
        if user.is_staff:
            return self.all()
        return self.filter(Q(by=user) | Q(edi_administrator__in=user.edi_administrators.values("pk")))


class MassUpdate(Job):
    """One file. Done = read and planned (see `change_set`); refused = it has errors and nothing is planned.

    `counts`: `{"locations", "lines", "errors", "warnings"}`, `"ignored"`, the columns nobody asked for, and
    `"approvals"`, the list that certification was checked against.

    It acts for `by`; from an inbox for `edi_administrator`, whose numbers alone it may change; else as administrator.
    """

    task = "massupdate.check"

    file = models.FileField(
        upload_to="massupdate/%Y/%m/", blank=True, help_text="Empty for one that was too large to be kept."
    )
    name = models.CharField(max_length=255, help_text="As the user named the file.")
    size = models.BigIntegerField(help_text="Bytes.")
    sha256 = models.CharField(max_length=64)
    sheet = models.CharField(max_length=255, blank=True, help_text="Of a workbook; empty: the first.")
    reason = models.TextField(blank=True, help_text="Why, in the user's words; empty: the name of the file.")
    edi_administrator = models.ForeignKey(
        EdiAdministrator, models.PROTECT, null=True, related_name="+", help_text="Whose inbox it came to."
    )
    claimed_as = models.CharField(
        max_length=255,
        blank=True,
        help_text="What the inbox calls the file from then on; empty: it came otherwise.",
    )
    change_set = models.OneToOneField(
        "locations.ChangeSet", models.PROTECT, null=True, related_name="mass_update"
    )

    objects = MassUpdateQuerySet.as_manager()

    class Meta(Job.Meta):
        ordering = ["-id"]
        constraints = [
            *Job.Meta.constraints,
            models.CheckConstraint(
                condition=Q(edi_administrator=None) | Q(by=None), name="massupdate_acts_for_one"
            ),
            models.UniqueConstraint(
                fields=["claimed_as"], condition=~Q(claimed_as=""), name="massupdate_claimed_once"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def who(self) -> str:
        return self.edi_administrator.inbox_name if self.edi_administrator else super().who

    def editable(self) -> LocationNumberQuerySet:
        """The location numbers that it may change."""
        if self.edi_administrator_id:
            return LocationNumber.objects.filter(edi_administrator=self.edi_administrator_id)
        return LocationNumber.objects.editable_by(self.by)


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
        return str(self.detail or CODES[self.code])
