"""Searches that people keep, for themselves or for their colleagues."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from locations.access import SavedSearchQuerySet

QUERY_LENGTH = 3000  # letters; web servers take addresses of some 4,000


class SavedSearch(models.Model):
    """A question in the words of LocationFilter, with a name. What it finds is up to the rights of who asks it.

    `query` is as in the address of the list, without what tells how many rows are shown and which.
    """

    name = models.CharField(max_length=80)
    query = models.CharField(max_length=QUERY_LENGTH, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    shared_with = models.ForeignKey(
        "locations.EdiAdministrator", models.PROTECT, null=True, blank=True, related_name="+"
    )
    shared_with_all = models.BooleanField(default=False)
    changed_at = models.DateTimeField(auto_now=True)

    objects = SavedSearchQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["by", "name"], name="savedsearch_name_once_a_person"),
            models.CheckConstraint(
                condition=Q(shared_with=None) | Q(shared_with_all=False), name="savedsearch_shared_one_way"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_shared(self) -> bool:
        return self.shared_with_all or self.shared_with_id is not None

    @property
    def sharing(self) -> str:
        """With whom, as people read it."""
        if self.shared_with_all:
            return str(_("shared with everybody"))
        if self.shared_with is not None:
            return _("shared with %(administrator)s") % {"administrator": self.shared_with.name}
        return str(_("only you"))
