"""A change set: who changed which numbers, when, why and from what to what."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any, Self

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from locations.access import ChangeSetQuerySet
from soredi.jobs import Job, State

from . import guards

# A plan older than that is not carried out, for the numbers may have changed since.
PLANS_LIVE = timedelta(hours=24)


class Source(models.TextChoices):
    EDIT = "edit", _("edit")
    MASS_UPDATE = "massupdate", _("mass update")
    IMPORT = "import", _("SOR import")
    LIFECYCLE = "lifecycle", _("life cycle")
    UNDO = "undo", _("undo")


class ChangeSet(Job):
    """Planned, previewed, applied, and undone as one. Its LocationVersion rows are the change.

    `counts` holds what planning found: `{"chosen", "changed", "unchanged", "added", "removed"}`; chosen, changed and
    unchanged count location numbers, added and removed count EDI types over all of them; `"why_unchanged"` as in
    `locations.unchanged`. An undo adds `"kept"`: how
    many fields it left alone because somebody changed them since.

    A draft older than PLANS_LIVE is expired to all who read it and cannot be queued, although its row says so only
    once the sweep has been there: ask for rows by `ChangeSetQuerySet.in_state`.
    """

    task = "locations.apply_change_set"

    source = models.CharField(max_length=10, choices=Source)
    reason = models.TextField(blank=True)
    applied_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Who had it carried out; `by` planned it. Empty for the system and for commands without --user.",
    )
    asked = models.JSONField(
        default=dict,
        blank=True,
        help_text="What the form of Ret valgte was given, name → values, so that it can be planned again.",
    )
    receipt = models.JSONField(
        default=dict,
        blank=True,
        help_text='Where to mail the receipt: {"to": address, "url": of this change, "language"}; empty: nowhere.',
    )
    inbox = models.ForeignKey(
        "locations.EdiAdministrator",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Whose inbox it came through, without a person; empty: it came otherwise.",
    )
    undoes = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="undone_by")

    objects = ChangeSetQuerySet.as_manager()

    class Meta(Job.Meta):
        ordering = ["-id"]
        constraints = [
            *Job.Meta.constraints,
            models.CheckConstraint(
                condition=Q(source="undo", undoes__isnull=False) | ~Q(source="undo") & Q(undoes__isnull=True),
                name="changeset_undo_names_what",
            ),
            models.CheckConstraint(
                condition=~Q(state=State.DONE) | Q(finished_at__isnull=False), name="changeset_done_has_time"
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="done_is_for_ever",
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=pgtrigger.Q(old__state=State.DONE),
            ),
            # However it ends: dropped, refused, expired, given up by the sweep.
            pgtrigger.Trigger(
                name="ends_with_code_list",
                when=pgtrigger.After,
                operation=pgtrigger.UpdateOf("state"),
                condition=pgtrigger.Condition(
                    "NEW.state IN ('refused', 'failed', 'cancelled', 'expired') AND OLD.state <> NEW.state"
                ),
                func="""
    UPDATE locations_cataloguechange SET state = NEW.state, finished_at = NEW.finished_at, message = NEW.message
    WHERE change_set_id = NEW.id AND state = 'draft';
    RETURN NULL;""",
            ),
            guards.never_truncated(),
        ]

    def __str__(self) -> str:
        return f"{self.get_source_display()} {self.pk}"

    @classmethod
    def from_db(
        cls, db: str | None, field_names: Collection[str], values: Collection[Any], **options: Any
    ) -> Self:
        read = super().from_db(db, field_names, values, **options)
        is_told = {"state", "created_at"} <= set(field_names)
        if is_told and read.state == State.DRAFT and read.created_at <= timezone.now() - PLANS_LIVE:
            read.state = State.EXPIRED
        return read

    def may_be_queued(self) -> Q:
        return ~Q(state=State.DRAFT) | Q(created_at__gt=timezone.now() - PLANS_LIVE)

    @property
    def why(self) -> str:
        """The reason; of an import, which file it was."""
        if self.source == Source.IMPORT and self.reason:
            return gettext("SOR extract %(files)s") % {"files": self.reason}
        return self.reason

    @property
    def who(self) -> str:
        """Whoever planned it, or the inbox that it came through."""
        return self.inbox.inbox_name if self.inbox else super().who

    @property
    def carried_out_by_another(self) -> bool:
        return self.applied_by_id is not None and self.applied_by_id != self.by_id


class LeftOut(models.Model):
    """A number that a plan to add all certified EDI types could give none, and why."""

    class Why(models.TextChoices):
        NO_SYSTEM = "no_system", _("The location number has no system.")
        UNMAPPED = "unmapped", _("The system is not mapped to one on the list.")
        NONE_CERTIFIED = "none_certified", _("The system is certified to receive nothing.")

    change_set = models.ForeignKey(ChangeSet, models.CASCADE, related_name="left_out")
    location = models.ForeignKey("locations.LocationNumber", models.PROTECT, related_name="+", db_index=False)
    why = models.CharField(max_length=14, choices=Why)

    def __str__(self) -> str:
        return f"{self.location_id}: {self.why}"
