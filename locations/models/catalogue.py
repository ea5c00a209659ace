"""The code lists. Their rows are never deleted, only retired; each change of a row is kept by pghistory."""

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from . import guards


class Catalogue(models.Model):
    """Abstract: one code list. `code` is text, as SOR's codes are too long for a spreadsheet's numbers."""

    code = models.CharField(_("Code"), max_length=64, unique=True)
    name = models.CharField(_("Name"), max_length=255, help_text=_("A code without a name takes the code."))
    sor_name = models.CharField(
        max_length=255,
        blank=True,
        help_text="What SOR called it last. Where the name is another, it is ours.",
    )
    retired_on = models.DateField(
        _("Retired from"), null=True, blank=True, help_text=_("First day it must not be chosen anew.")
    )
    replaced_by = models.ForeignKey(
        "self",
        models.PROTECT,
        verbose_name=_("Replaced by"),
        null=True,
        blank=True,
        related_name="replaces",
    )

    class Meta:
        abstract = True
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(replaced_by=None) | ~Q(replaced_by=models.F("id")),
                name="%(class)s_replaced_by_another",
            )
        ]
        triggers = [guards.never_deleted(), guards.never_truncated(), guards.key_fixed()]

    def __str__(self) -> str:
        return self.name

    @property
    def label(self) -> str:
        """What names the row in an address, in a file and in the history."""
        return self.code


@pghistory.track()
class Vans(Catalogue):
    """The network that carries the messages (netoperatør)."""

    class Meta(Catalogue.Meta):
        verbose_name = verbose_name_plural = _("VANS")


@pghistory.track()
class System(Catalogue):
    """The product used at a location number."""

    class Meta(Catalogue.Meta):
        verbose_name, verbose_name_plural = _("system"), _("systems")


@pghistory.track()
class Vendor(Catalogue):
    """Who supplies the system."""

    class Meta(Catalogue.Meta):
        verbose_name, verbose_name_plural = _("vendor"), _("vendors")


@pghistory.track()
class Region(Catalogue):
    class Meta(Catalogue.Meta):
        verbose_name, verbose_name_plural = _("region"), _("regions")


@pghistory.track()
class Speciality(Catalogue):
    """Clinical speciality of an organisational unit; a unit has up to eight, in order of priority."""

    id = models.AutoField(primary_key=True)  # int4: `SorUnit.specialities` is int[]

    class Meta(Catalogue.Meta):
        verbose_name, verbose_name_plural = _("speciality"), _("specialities")


@pghistory.track()
class EdiAdministrator(Catalogue):
    """Who may edit a location number: a small integer in SOR, and the people who act for it."""

    users = models.ManyToManyField(
        settings.AUTH_USER_MODEL,
        verbose_name=_("People"),
        blank=True,
        related_name="edi_administrators",
        db_table="locations_ediadministrator_user",
    )

    class Meta(Catalogue.Meta):
        verbose_name, verbose_name_plural = _("EDI administrator"), _("EDI administrators")

    @property
    def inbox_name(self) -> str:
        """Who a change is made by that came through its inbox."""
        return gettext("the inbox of %(administrator)s") % {"administrator": self}


@pghistory.track(
    pghistory.InsertEvent("added"), pghistory.DeleteEvent("removed"), obj_field=None, model_name="PersonEvent"
)
class Person(EdiAdministrator.users.through):  # type: ignore[name-defined]
    """Who acts for an EDI administrator: the rows of `users`, tracked as those of the lists are."""

    class Meta:
        proxy = True


@pghistory.track()
class EdiType(models.Model):
    """A message type in one version, such as DIS91 D9134L: what a location number can receive.

    Key is (code, version): a version code may serve two codes (R0130K), a code has several versions (REF06).
    """

    class Standard(models.TextChoices):
        EDIFACT = "edifact", "EDIFACT"
        OIOXML = "oioxml", "OIOXML"
        FHIR = "fhir", "FHIR"
        OTHER = "other", _("Other")

    id = models.AutoField(primary_key=True)  # int4: profiles hold int[]
    code = models.CharField(_("Code"), max_length=32)
    version = models.CharField(_("Version"), max_length=32, blank=True)
    name = models.CharField(_("Name"), max_length=255)
    standard = models.CharField(_("Standard"), max_length=8, choices=Standard, default=Standard.OTHER)
    letter = models.CharField(
        _("Letter"),
        max_length=32,
        blank=True,
        help_text=_("Types of one letter carry the same message in different standards. Empty: of no other."),
    )
    sor_id = models.CharField(
        _("SOR id"),
        max_length=32,
        unique=True,
        null=True,
        blank=True,
        help_text=_("EdiId in mass-update files."),
    )
    sor_name = models.CharField(max_length=255, blank=True, help_text="As of the other lists.")
    urn = models.CharField("URN", max_length=255, blank=True)
    valid_from = models.DateField(_("Valid from"), null=True, blank=True)
    retired_on = models.DateField(_("Retired from"), null=True, blank=True)
    replaced_by = models.ForeignKey(
        "self",
        models.PROTECT,
        verbose_name=_("Replaced by"),
        null=True,
        blank=True,
        related_name="replaces",
    )

    class Meta:
        ordering = ["code", "version"]
        verbose_name, verbose_name_plural = _("EDI type"), _("EDI types")
        constraints = [
            # Checked at the end of a statement, so that an import can let two types trade their names.
            models.UniqueConstraint(
                fields=["code", "version"],
                name="editype_code_version",
                deferrable=models.Deferrable.IMMEDIATE,
            ),
            models.CheckConstraint(condition=~Q(code=""), name="editype_code_not_empty"),
            models.CheckConstraint(
                condition=Q(replaced_by=None) | ~Q(replaced_by=models.F("id")),
                name="editype_replaced_by_another",
            ),
        ]
        triggers = [guards.never_deleted(), guards.never_truncated(), guards.key_fixed()]

    def __str__(self) -> str:
        return f"{self.code} {self.version}".strip()

    @property
    def label(self) -> str:
        return str(self)
