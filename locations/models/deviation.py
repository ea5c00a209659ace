"""What is known of the fields in which our profile of a number differs from what SOR says, and what was decided."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from . import guards


class Field(models.TextChoices):
    """A field of the profile as deviations count them: system and vendor are one. In the order of EdiProfile."""

    EDI_ADMINISTRATOR = "edi_administrator", _("EDI administrator")
    SYSTEM = "system", _("System and vendor")
    VANS = "vans", "VANS"
    EDI_TYPES = "edi_types", _("EDI types")
    ONLY_INTERNAL = "only_internal", _("Only internal")
    INACTIVE = "inactive", _("Not active")
    NOTE = "note", _("Note")


# Field → its columns on a profile.
FIELD_COLUMNS: dict[str, tuple[str, ...]] = {
    Field.EDI_ADMINISTRATOR: ("edi_administrator_id",),
    Field.SYSTEM: ("system_id", "vendor_id"),
    Field.VANS: ("vans_id",),
    Field.EDI_TYPES: ("edi_types",),
    Field.ONLY_INTERNAL: ("only_internal",),
    Field.INACTIVE: ("inactive",),
    Field.NOTE: ("note",),
}


class Deviation(models.Model):
    """That both sides had changed a field, or that a person kept ours; a row only where there is such a thing to say.

    Whether the field deviates is never stored: compare the profiles of `version` and `sor_version`. An import marks
    the fields that it found changed on both sides, in one statement:

        INSERT INTO locations_deviation (location_id, field, marked_version_id)
        SELECT <number>, <field>, <our version in force after the merge> …
        ON CONFLICT (location_id, field) DO UPDATE SET marked_version_id = excluded.marked_version_id

    A mark holds while our value is still that of `marked_version`; who has set the field since knew what SOR said. A
    decision holds while SOR still says of the field what it says in `kept_sor_version`. Both come back by themselves
    when the value does, as after an undo.

    Of the decisions this is the latest that keeps ours; all of them are `DeviationDecision`.
    """

    location = models.ForeignKey(
        "locations.LocationNumber", models.PROTECT, related_name="deviations", db_index=False
    )
    field = models.CharField(max_length=20, choices=Field)
    # Versions that were in force, or that SOR stated, are never deleted: no constraint is needed, and no index.
    marked_version = models.ForeignKey(
        "locations.LocationVersion",
        models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    kept_sor_version = models.ForeignKey(
        "locations.LocationVersion",
        models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False
    )
    decided_at = models.DateTimeField(null=True)
    reason = models.TextField(blank=True, db_default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["location", "field"], name="deviation_one_a_field"),
            models.CheckConstraint(condition=Q(field__in=Field.values), name="deviation_field"),
            models.CheckConstraint(
                condition=Q(kept_sor_version__isnull=True, decided_at__isnull=True)
                | Q(kept_sor_version__isnull=False, decided_at__isnull=False),
                name="deviation_decision_has_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.location_id} {self.field}"


class DeviationDecision(models.Model):
    """That somebody kept ours against SOR's in a field, or opened it again: kept for ever, whatever became of it.

    Written in the statement that settles (`locations.settling`), one row a number and field. Taking SOR's is a change
    set like any other and has its history there.
    """

    class Kind(models.TextChoices):
        KEPT = "kept", _("ours kept")
        REOPENED = "reopened", _("opened again")

    location = models.ForeignKey(
        "locations.LocationNumber", models.PROTECT, related_name="deviation_decisions", db_index=False
    )
    field = models.CharField(max_length=20, choices=Field)
    kind = models.CharField(max_length=8, choices=Kind)
    # As for Deviation: what was in force here, and what SOR said, when it was decided.
    version = models.ForeignKey(
        "locations.LocationVersion", models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    sor_version = models.ForeignKey(
        "locations.LocationVersion", models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        help_text="Empty for the system itself.",
    )
    at = models.DateTimeField()
    reason = models.TextField(blank=True)

    class Meta:
        ordering = ["-at", "-id"]
        constraints = [
            models.CheckConstraint(condition=Q(field__in=Field.values), name="deviationdecision_field"),
            models.CheckConstraint(condition=Q(kind__in=["kept", "reopened"]), name="deviationdecision_kind"),
        ]
        indexes = [models.Index(fields=["location", "field", "at"], name="deviationdecision_of_field")]
        triggers = [
            guards.never_deleted(),
            guards.never_truncated(),
            pgtrigger.Protect(name="never_updated", operation=pgtrigger.Update),
        ]

    def __str__(self) -> str:
        return f"{self.location_id} {self.field} {self.kind}"
