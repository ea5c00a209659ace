"""What people changed in the code lists: who, when, why, and from what to what."""

from typing import Any

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from soredi.jobs import State
from soredi.sentences import SentenceField

from . import guards


class Way(models.TextChoices):
    FORM = "form", _("form")
    FILE = "file", _("file")
    MERGE = "merge", _("merge")
    UNDO = "undo", _("undo")


class CatalogueChange(models.Model):
    """Rows of one code list: planned, previewed, applied, and undone as one. Small: it is carried out at once.

    `rows`, one for each row that changes, all values being text, "" for none:
    `[{"pk": 7, "key": ["DIS91", "D9134L"], "before": {"name": "Epikrise"}, "after": {"name": "Udskrivningsbrev"}}]`.
    `before` and `after` name the same fields. Of a row that is new `before` is null, and `pk` until it is added.
    `found` holds what was read beside them: `{"unchanged", "gone"}` of a file, `{"kept"}` of an undo, `{"to", "stays",
    "asked_by"}` of a merge (see row_merges.py).

    `change_set` moves the location numbers of a merge, or moves them back: the two are carried out as one, by the
    change set, and end as one.
    """

    code_list = models.CharField(max_length=24, help_text="As in its address: systemer, vans, …")
    way = models.CharField(max_length=5, choices=Way)
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    reason = models.TextField(blank=True)
    file = models.CharField(max_length=255, blank=True, help_text="As its sender named it.")
    rows = models.JSONField(default=list)
    found = models.JSONField(default=dict)
    message = SentenceField(help_text="Why it was refused.")
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)
    change_set = models.OneToOneField(
        "locations.ChangeSet", models.PROTECT, null=True, related_name="catalogue_change"
    )
    undoes = models.ForeignKey("self", models.PROTECT, null=True, related_name="undone_by")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(way="undo", undoes__isnull=False) | ~Q(way="undo") & Q(undoes__isnull=True),
                name="cataloguechange_undo_names_what",
            ),
            models.CheckConstraint(
                condition=Q(state=State.DRAFT) | Q(finished_at__isnull=False),
                name="cataloguechange_ended_has_time",
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="done_is_for_ever",
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=pgtrigger.Q(old__state=State.DONE),
            ),
            guards.never_truncated(),
        ]

    def __str__(self) -> str:
        return f"{self.code_list} {self.pk}"

    @property
    def new(self) -> list[dict[str, Any]]:
        return [row for row in self.rows if row["before"] is None]

    @property
    def changed(self) -> list[dict[str, Any]]:
        return [row for row in self.rows if row["before"] is not None]
