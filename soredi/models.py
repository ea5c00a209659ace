"""People. A user may edit the location numbers of the EDI administrators he or she belongs to."""

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _


class User(AbstractUser):
    """Someone who logs in. `is_staff` makes an administrator, who sees and edits every location number."""

    list_rows = models.PositiveSmallIntegerField(default=50, help_text="Rows a page in the list of numbers.")
    list_columns = ArrayField(
        models.CharField(max_length=16),
        default=list,
        blank=True,
        help_text="Its columns, in order; empty for the usual ones.",
    )

    class Meta(AbstractUser.Meta):
        verbose_name = _("person")  # type: ignore[assignment]
        verbose_name_plural = _("people")  # type: ignore[assignment]
        constraints = [
            models.CheckConstraint(condition=Q(list_rows__in=[25, 50, 100, 250]), name="user_list_rows")
        ]

    @property
    def is_administrator(self) -> bool:
        return self.is_active and self.is_staff

    @property
    def acts_for(self) -> str:
        """On whose behalf, as people read it. One query, unless `edi_administrators` were prefetched."""
        if self.is_staff:
            return gettext("Administrator")
        names = [administrator.name for administrator in self.edi_administrators.all()]
        return ", ".join(names) or gettext("no EDI administrator")
