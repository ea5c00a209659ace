"""Location numbers, and every profile each of them ever had."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import NullIf
from django.utils.translation import gettext_lazy as _

from locations.access import NOT_AS_SOR, LocationNumberQuerySet

from . import guards


def _code_list(model: str) -> Any:
    """A key into a code list. Checked once a statement by the trigger `version_insert`, not once a row and column:
    360,000 single checks at the commit of a first import became four set differences."""
    return models.ForeignKey(
        f"locations.{model}", models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False
    )


class EdiProfile(models.Model):
    """Abstract: all that an EDI administrator can change on a location number. Named here and nowhere else."""

    edi_administrator = _code_list("EdiAdministrator")
    system = _code_list("System")
    vendor = _code_list("Vendor")
    vans = _code_list("Vans")
    edi_types = ArrayField(
        models.IntegerField(), default=list, blank=True, help_text="EdiType keys, ascending."
    )
    only_internal = models.BooleanField(default=False)
    inactive = models.BooleanField(default=False)
    note = models.CharField(max_length=254, blank=True)

    class Meta:
        abstract = True


# Column → table of its code list.
_CODE_LISTS = {
    "edi_administrator_id": "locations_ediadministrator",
    "system_id": "locations_system",
    "vendor_id": "locations_vendor",
    "vans_id": "locations_vans",
}
PROFILE_COLUMNS = tuple(str(field.column) for field in EdiProfile._meta.local_fields)


class LocationVersion(EdiProfile):
    """One whole profile of one number, written by one change set.

    Before and after of a change are `base` and the version itself. `applied_at` is empty while the change is only
    planned, and stays empty for a profile that SOR states but that is not the one in force here.
    """

    location = models.ForeignKey(
        "locations.LocationNumber", models.PROTECT, related_name="versions", db_index=False
    )
    change_set = models.ForeignKey("locations.ChangeSet", models.PROTECT, related_name="versions")
    # The trigger `version_insert` checks it; an index would cost every change and serve no query.
    base = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False
    )
    applied_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            # An import may write two: what SOR states, and what that made of ours.
            models.UniqueConstraint(
                "location",
                "change_set",
                models.ExpressionWrapper(Q(applied_at__isnull=True), output_field=models.BooleanField()),
                name="version_one_a_change_set",
            ),
        ]
        indexes = [
            models.Index(fields=["location", "applied_at"], name="version_as_of"),
            models.Index(
                fields=["applied_at", "id"], condition=Q(applied_at__isnull=False), name="version_latest"
            ),
        ]
        triggers = guards.version_triggers(PROFILE_COLUMNS, _CODE_LISTS)

    def __str__(self) -> str:
        return f"{self.location_id} by {self.change_set_id}"


class Status(models.TextChoices):
    """What a number is good for today. Values are those of `?status=`."""

    ACTIVE = "aktiv", _("active")
    INACTIVE = "inaktiv", _("inactive")
    CLOSED = "lukket", _("closed")
    FUTURE = "fremtidig", _("future")


class LocationNumber(EdiProfile):
    """A mailbox: 13 digits that messages are addressed to. SOR owns unit, region and dates; the profile is ours.

    The profile stands here as in `version`, for search; the database refuses any difference between the two.
    """

    gln = models.CharField(max_length=13, unique=True)
    unit = models.ForeignKey("locations.SorUnit", models.PROTECT, null=True, related_name="location_numbers")
    region = models.ForeignKey(
        "locations.Region", models.PROTECT, null=True, related_name="+", db_index=False
    )
    first_from_date = models.DateField(null=True)
    from_date = models.DateField(null=True, help_text="Date of the latest change in SOR.")
    to_date = models.DateField(null=True, help_text="Last valid day; closed after it.")
    version = models.OneToOneField(LocationVersion, models.PROTECT, related_name="+")
    # The trigger `sor_statement` checks it where it moves; an index would cost every change and serve no query.
    sor_version = models.ForeignKey(
        LocationVersion, models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False
    )
    unit_key = models.TextField(blank=True, db_collation="C", help_text="danish_key() of the unit's name.")
    city_key = models.TextField(blank=True, db_collation="C", help_text="danish_key() of the unit's city.")
    check_digit_ok = models.GeneratedField(
        expression=models.Func(F("gln"), function="gln_check_digit_ok"),
        output_field=models.BooleanField(),
        db_persist=True,
    )

    objects = LocationNumberQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(gln__regex=r"^[0-9]{13}$"), name="location_gln_13_digits"),
        ]
        indexes = [
            GinIndex(fields=["edi_types"], name="location_edi_types"),
            models.Index(fields=["edi_administrator", "gln"], name="location_administrator"),
            models.Index(fields=["vans", "gln"], name="location_by_vans"),
            models.Index(fields=["system", "gln"], name="location_by_system"),
            models.Index(fields=["vendor", "gln"], name="location_by_vendor"),
            models.Index(fields=["region", "gln"], name="location_by_region"),
            models.Index(Func("edi_types", function="cardinality"), "gln", name="location_type_count"),
            # One scan of it, in its order, answers the counts beside all choices: 6 MB for 450,000 numbers.
            models.Index(
                fields=[
                    "vans",
                    "system",
                    "vendor",
                    "region",
                    "edi_administrator",
                    "inactive",
                    "only_internal",
                    "to_date",
                    "first_from_date",
                ],
                name="location_choices",
            ),
            models.Index(fields=["unit_key", "gln"], name="location_unit_key"),
            models.Index(fields=["city_key", "gln"], name="location_city_key"),
            models.Index(fields=["gln"], condition=NOT_AS_SOR, name="location_not_as_sor"),
            GinIndex(
                OpClass(models.Func(F("note"), function="search_fold"), name="gin_trgm_ops"),
                condition=~Q(note=""),
                name="location_note",
            ),
            models.Index(
                NullIf(Func(F("note"), function="danish_key", output_field=models.TextField()), Value("")),
                "gln",
                condition=~Q(note=""),
                name="location_note_key",
            ),
        ]
        triggers = guards.location_triggers(PROFILE_COLUMNS)

    def __str__(self) -> str:
        return self.gln
