"""What MedCom has approved, and which of MedCom's systems each of SOR's is."""

import pghistory
import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from . import guards


class Channel(models.TextChoices):
    """How a message passes between a system and others. Only receiving decides what a number may be sent."""

    RECEIVE = "receive", _("receive")
    SEND = "send", _("send")
    WEBSERVICE = "webservice", _("web service")
    UPLOAD = "upload", "upload"
    DOWNLOAD = "download", "download"


class Verdict(models.TextChoices):
    """MedCom's word of one test."""

    CERTIFIED = "certified", _("approved")
    REFUSED = "refused", _("not approved")
    IN_TEST = "in_test", _("in test")
    MISSING = "missing", _("test missing")


class ApprovalList(models.Model):
    """One sheet of approvals as MedCom published it. A preview until it is accepted, then kept for ever.

    `counts` holds `{"rows", "duplicates", "keys", "certified", "in_test", "refused", "conflicting", "problems"}`:
    rows of the sheet; those equal in all columns to an earlier one; pairs of system and message that are received,
    and how many of them have each answer; lines that could not be understood. `problems` are those lines,
    `[{"line", "code", "value"}]`.
    """

    name = models.CharField(max_length=255)
    sha256 = models.CharField(max_length=64)
    dated = models.DateField(_("Date of the list"))
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False
    )
    created_at = models.DateTimeField(default=timezone.now)
    accepted_at = models.DateTimeField(null=True)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False
    )
    counts = models.JSONField(default=dict)
    problems = models.JSONField(default=list)

    class Meta:
        ordering = ["-dated", "-accepted_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["sha256", "dated"], name="approvallist_once_a_day"),
        ]
        triggers = [
            pgtrigger.Protect(
                name="accepted_for_ever",
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=pgtrigger.Condition("OLD.accepted_at IS NOT NULL"),
            ),
            guards.never_truncated(),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.dated})"


class Approval(models.Model):
    """One row of a sheet, its first where several are equal. Names are MedCom's, suffixes such as (LPS) kept.

    `message` is what the sheet says, with line breaks and doubled spaces made one space: `DIS91 (D9134L)`; `code` and
    `version` are its parts, empty where it has no such parts.
    """

    approval_list = models.ForeignKey(ApprovalList, models.CASCADE, related_name="approvals", db_index=False)
    row = models.IntegerField(help_text="Line in the sheet; the header is 1.")
    system = models.TextField()
    vendor = models.TextField(blank=True)
    system_type = models.TextField(blank=True)
    standard = models.TextField(blank=True)
    message = models.TextField()
    code = models.TextField(blank=True)
    version = models.TextField(blank=True)
    channel = models.CharField(max_length=10, choices=Channel)
    status = models.CharField(max_length=10, choices=Verdict)

    class Meta:
        ordering = ["row"]
        indexes = [models.Index(fields=["approval_list", "system"], name="approval_of_system")]
        constraints = [
            models.UniqueConstraint(fields=["approval_list", "row"], name="approval_one_a_row"),
            models.CheckConstraint(condition=Q(channel__in=Channel.values), name="approval_channel"),
            models.CheckConstraint(condition=Q(status__in=Verdict.values), name="approval_status"),
        ]
        triggers = [
            pgtrigger.Protect(name="as_published", operation=pgtrigger.Update),
            pgtrigger.Trigger(
                name="accepted_for_ever",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Delete,
                declare=[("touched", "bigint")],
                func="""
    touched := CASE TG_OP WHEN 'INSERT' THEN NEW.approval_list_id ELSE OLD.approval_list_id END;
    IF EXISTS (SELECT FROM locations_approvallist WHERE id = touched AND accepted_at IS NOT NULL) THEN
        RAISE EXCEPTION 'An accepted list of approvals is kept as it is.'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN CASE TG_OP WHEN 'INSERT' THEN NEW ELSE OLD END;""",
            ),
            guards.never_truncated(),
        ]

    def __str__(self) -> str:
        return f"{self.system}: {self.message}"


@pghistory.track()
class SystemMap(models.Model):
    """That a system of SOR's is, or is not, one of MedCom's; a person said so. Many to many.

    `accepted` is empty where the word was taken back.
    """

    system = models.ForeignKey("locations.System", models.PROTECT, related_name="maps", db_index=False)
    medcom_system = models.TextField(_("MedCom's name"))
    accepted = models.BooleanField(_("Accepted"), null=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False
    )
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = _("system map")
        constraints = [
            models.UniqueConstraint(fields=["system", "medcom_system"], name="systemmap_one_a_pair"),
        ]
        triggers = [guards.never_deleted(), guards.never_truncated()]

    def __str__(self) -> str:
        return f"{self.system_id} = {self.medcom_system}"


@pghistory.track()
class RequiredStandard(models.Model):
    """An EDI type that MedCom has every system of a kind receive; `required` is false where that is no longer so."""

    system_type = models.TextField(_("Kind of system"))
    code = models.TextField(_("Code"))
    version = models.TextField(_("Version"), blank=True)
    required = models.BooleanField(_("Required"), default=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False
    )
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["system_type", "code", "version"]
        verbose_name, verbose_name_plural = _("mandatory standard"), _("mandatory standards")
        constraints = [
            models.UniqueConstraint(
                fields=["system_type", "code", "version"], name="requiredstandard_once_a_kind"
            ),
        ]
        triggers = [guards.never_deleted(), guards.never_truncated()]

    def __str__(self) -> str:
        return f"{self.code} {self.version}".strip()
