"""A list of location numbers that somebody pasted or uploaded, kept so that an address can name it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from soredi.models import User

MOST = 10_000


class GlnListQuerySet(models.QuerySet[Any]):
    def readable_by(self, user: User | AnonymousUser | None) -> GlnListQuerySet:
        """Those that `user` made; all for an administrator, and for None, a command without --user."""
        if user is None:
            return self.all()
        if not (user.is_authenticated and user.is_active):
            return self.none()
        return self.all() if user.is_staff else self.filter(created_by=user)


class GlnList(models.Model):
    """Up to 10,000 location numbers, ascending, each once, whether or not there are such numbers.

    `key` is made of the numbers alone, so the same ones pasted again are the same address.
    """

    key = models.CharField(max_length=32)
    glns = ArrayField(models.CharField(max_length=13))
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    used_at = models.DateTimeField(default=timezone.now, db_index=True, help_text="To the day.")

    objects = GlnListQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["key", "created_by"], nulls_distinct=False, name="glnlist_one_a_person"
            ),
            models.CheckConstraint(condition=Q(glns__len__gte=1, glns__len__lte=MOST), name="glnlist_length"),
        ]

    def __str__(self) -> str:
        return self.key

    @staticmethod
    def key_of(glns: Iterable[str]) -> str:
        """Of the numbers, whatever their order."""
        return hashlib.sha256(" ".join(sorted(set(glns))).encode()).hexdigest()[:32]
