"""Who is where: the units of the health organisation register, and which of them had a number when."""

import pgtrigger
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateRangeField, RangeOperators
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import NullIf
from django.utils.translation import gettext_lazy as _

from . import guards

# The words of search_text that are not there yet, each once, in order, so that two imports wait for each other. Codes
# without a letter are no words.
_ADD_WORDS = """
    INSERT INTO locations_unitword (word)
    SELECT DISTINCT word FROM ({texts}) AS texts (text),
        string_to_table(translate(text, '.,:;/()"''-&+', '            '), ' ') AS word
    WHERE length(word) > 2 AND word ~ '[a-z]'
    ORDER BY word
    ON CONFLICT DO NOTHING;
    RETURN NULL;
"""

WORD_TRIGGERS = [
    pgtrigger.Trigger(
        name="words_insert",
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=pgtrigger.Insert,
        referencing=pgtrigger.Referencing(new="new_rows"),
        func=_ADD_WORDS.format(texts="SELECT search_text FROM new_rows WHERE search_text <> ''"),
    ),
    pgtrigger.Trigger(
        name="words_update",
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=pgtrigger.Update,
        referencing=pgtrigger.Referencing(old="old_rows", new="new_rows"),
        func=_ADD_WORDS.format(
            texts="SELECT n.search_text FROM new_rows n JOIN old_rows o USING (id) "
            "WHERE n.search_text <> o.search_text"
        ),
    ),
]


class SorUnit(models.Model):
    """A unit in SOR. Wholly owned by the import, which resolves all keys set-wise; nobody edits it here.

    `owner`, `institution` and `number_holder` follow from the tree and are not checked a second time, row by row.
    """

    class Kind(models.TextChoices):
        OWNER = "IE", _("Institution owner")
        INSTITUTION = "SI", _("Health institution")
        UNIT = "OE", _("Organisational unit")

    sor_id = models.CharField(max_length=18, unique=True)
    kind = models.CharField(max_length=2, choices=Kind)
    name = models.CharField(max_length=255)
    types = ArrayField(models.CharField(max_length=255), default=list, blank=True)
    parent = models.ForeignKey("self", models.PROTECT, null=True, related_name="children")
    owner = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False
    )
    institution = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False
    )
    cvr = models.CharField(max_length=8, blank=True)
    provider_number = models.CharField(max_length=16, blank=True)
    shak = models.CharField(max_length=16, blank=True)
    region = models.ForeignKey("Region", models.PROTECT, null=True, related_name="+")
    street = models.CharField(max_length=255, blank=True)
    postcode = models.CharField(max_length=16, blank=True)
    city = models.CharField(max_length=255, blank=True)
    phone = models.CharField(max_length=64, blank=True)
    email = models.CharField(max_length=255, blank=True)
    specialities = ArrayField(models.IntegerField(), default=list, blank=True, help_text="Speciality keys.")
    first_from_date = models.DateField(null=True)
    from_date = models.DateField(null=True)
    to_date = models.DateField(null=True, help_text="Last valid day.")
    replaced_by = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        related_name="replaces",
        db_constraint=False,
        help_text="Its successor.",
    )
    inherits_number = models.BooleanField(default=False)
    number_holder = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        related_name="number_users",
        db_constraint=False,
        help_text="The unit whose location numbers it uses: itself, or the nearest ancestor through units "
        "that inherit. Filled after each import.",
    )
    search_text = models.TextField(
        blank=True, help_text="search_fold() of what free text looks in; empty without numbers."
    )

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=["IE", "SI", "OE"]), name="sorunit_kind"),
            models.CheckConstraint(condition=Q(sor_id__regex=r"^[0-9]{1,18}$"), name="sorunit_sor_id_digits"),
        ]
        indexes = [
            GinIndex(fields=["specialities"], name="sorunit_specialities"),
            GinIndex(fields=["search_text"], name="sorunit_search", opclasses=["gin_trgm_ops"]),
            # Few distinct values: read by leaps for the choices, and by value for the filter.
            models.Index(fields=["types"], name="sorunit_types"),
            # What the list of numbers can be sorted by.
            models.Index(Func("types__0", function="danish_key"), "id", name="sorunit_first_type"),
            models.Index(NullIf(F("cvr"), Value("")), "id", name="sorunit_cvr"),
            models.Index(NullIf(F("provider_number"), Value("")), "id", name="sorunit_provider_number"),
            models.Index(NullIf(F("shak"), Value("")), "id", name="sorunit_shak"),
        ]
        triggers = [guards.never_deleted(), guards.never_truncated(), *WORD_TRIGGERS]

    def __str__(self) -> str:
        return self.name


class UnitWord(models.Model):
    """A word of the free text of units, as search_fold() writes it: what a mistyped one is compared with.

    Units are public, notes are not: no word of a note is here. Written by triggers, read by `locations.free_text`.
    """

    word = models.TextField(unique=True, db_collation="C")

    class Meta:
        indexes = [GinIndex(fields=["word"], name="unitword_trigrams", opclasses=["gin_trgm_ops"])]

    def __str__(self) -> str:
        return self.word


class Assignment(models.Model):
    """`unit` had the number `location` on the days of `period` (lower bound in, upper bound out)."""

    location = models.ForeignKey("LocationNumber", models.PROTECT, related_name="assignments")
    unit = models.ForeignKey(SorUnit, models.PROTECT, related_name="assignments")
    period = DateRangeField()

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="assignment_one_unit_a_day",
                expressions=[
                    ("location", RangeOperators.EQUAL),
                    ("period", RangeOperators.OVERLAPS),
                ],
            ),
            models.CheckConstraint(condition=Q(period__isempty=False), name="assignment_period_not_empty"),
        ]

    def __str__(self) -> str:
        return f"{self.location_id} at {self.unit_id}"
