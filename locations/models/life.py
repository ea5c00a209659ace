"""What SOR did with a location number itself: closed it, opened it again, moved it, gave it other dates or another
region. Its profile has versions; this is kept beside them, for the number's history."""

from datetime import date

import pgtrigger
from django.db import models
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from . import guards


class LifeEvent(models.Model):
    """One such event, kept for ever. The import that met it writes them in one statement, one row a number and kind.

    `before` and `after`: names of units or regions, "" for none; else a period as ISO text, "2010-01-01/2026-11-22",
    where a day that is not known is "".
    """

    class Kind(models.TextChoices):
        CLOSED = "closed", _("closed")
        REOPENED = "reopened", _("opened again")
        MOVED = "moved", _("moved to another unit")
        DATES = "dates", _("given other dates")
        REGION = "region", _("given another region")

    location = models.ForeignKey(
        "locations.LocationNumber", models.PROTECT, related_name="life", db_index=False
    )
    kind = models.CharField(max_length=10, choices=Kind)
    before = models.TextField(blank=True)
    after = models.TextField(blank=True)
    at = models.DateTimeField(help_text="When we heard of it.")
    change_set = models.ForeignKey(
        "locations.ChangeSet",
        models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        help_text="The change of the same import; none where no profile changed.",
    )
    source = models.TextField(help_text="The files that said so.")
    run = models.TextField(help_text="The number of the import.")

    class Meta:
        ordering = ["-at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind__in=["closed", "reopened", "moved", "dates", "region"]),
                name="lifeevent_kind",
            ),
        ]
        indexes = [models.Index(fields=["location", "at"], name="lifeevent_of_location")]
        triggers = [
            guards.never_deleted(),
            guards.never_truncated(),
            pgtrigger.Protect(name="never_updated", operation=pgtrigger.Update),
        ]

    def __str__(self) -> str:
        return f"{self.location_id} {self.kind}"

    @property
    def sentence(self) -> str:
        """What SOR did, without the moment: "SOR closed the number; its last day was 22 November 2026"."""
        match self.kind:
            case self.Kind.CLOSED:
                return gettext("SOR closed the number; its last day is %(day)s") % {"day": _last(self.after)}
            case self.Kind.REOPENED:
                return gettext("SOR opened the number again: %(period)s (before: %(before)s)") % {
                    "period": _period(self.after),
                    "before": _period(self.before),
                }
            case self.Kind.MOVED:
                return gettext("SOR moved the number: %(before)s → %(after)s") % self._said()
            case self.Kind.DATES:
                return gettext("SOR gave the number other dates: %(before)s → %(after)s") % {
                    "before": _period(self.before),
                    "after": _period(self.after),
                }
        return gettext("SOR gave the number another region: %(before)s → %(after)s") % self._said()

    def _said(self) -> dict[str, str]:
        return {"before": self.before or gettext("none"), "after": self.after or gettext("none")}


def _day(iso: str) -> str:
    return date_format(date.fromisoformat(iso), "j. F Y") if iso else "…"


def _last(period: str) -> str:
    return _day(period.partition("/")[2])


def _period(period: str) -> str:
    first, _slash, last = period.partition("/")
    return f"{_day(first)} – {_day(last)}"
