"""Which units with a speciality a number serves."""

from datetime import timedelta

import builders
import pytest
from django.utils import timezone

from locations.filters import LocationFilter
from locations.specialities import Served, ServedUnit, units_served

pytestmark = pytest.mark.django_db


def test_a_number_serves_its_own_unit_and_those_that_inherit_it(django_assert_num_queries):
    clinic = builders.unit("Sygehus", kind="SI", specialities=["s1"])
    number = builders.location(unit=clinic)
    below = {"parent": clinic, "inherits_number": True, "number_holder": clinic}
    children = [builders.unit(name, specialities=["s1", "s2"], **below) for name in ("Ål", "Bro", "Ærø")]
    builders.unit("Andet", specialities=["s3"], **below)
    alone = builders.location(unit=builders.unit("Alene", specialities=["s2"]))
    other = builders.location(unit=builders.unit("Uden"))
    asked = LocationFilter.checked("speciale=s1&speciale=s2", None)
    with django_assert_num_queries(1):
        served = units_served([number, alone, other], asked.form.cleaned_data["speciale"])
    own = ServedUnit(clinic.sor_id, "Sygehus", True)
    inherit = [ServedUnit(children[at].sor_id, children[at].name, False) for at in (1, 2)]
    assert served == {
        number.pk: Served([own, *inherit], 4),
        alone.pk: Served([ServedUnit(alone.unit.sor_id, "Alene", True)], 1),
    }
    assert served[number.pk].more == 1


def test_own_numbers_only_are_those_of_units_with_the_speciality():
    clinic = builders.unit("Sygehus", kind="SI")
    builders.location(unit=clinic)
    builders.unit("Afsnit", parent=clinic, inherits_number=True, number_holder=clinic, specialities=["s1"])
    own = builders.location(unit=builders.unit("Praksis", specialities=["s1"]))
    assert LocationFilter.for_query("speciale=s1", None).count() == 2
    assert [row.gln for row in LocationFilter.for_query("speciale=s1&kun_egne=ja", None)] == [own.gln]


def test_a_unit_that_has_closed_is_not_served():
    today = timezone.localdate()
    clinic = builders.unit("Sygehus", kind="SI")
    number = builders.location(unit=clinic)
    below = {"parent": clinic, "inherits_number": True, "number_holder": clinic, "specialities": ["s1"]}
    closed = builders.unit("Nedlagt afsnit", to_date=today - timedelta(days=1), **below)
    assert list(LocationFilter.for_query("speciale=s1", None)) == []
    last_day = builders.unit("Afsnit", to_date=today, **below)
    asked = LocationFilter.checked("speciale=s1", None)
    assert [row.gln for row in asked.qs] == [number.gln]
    served = units_served([number], asked.form.cleaned_data["speciale"])[number.pk]
    assert [unit.sor_id for unit in served.units] == [last_day.sor_id]
    assert closed.specialities == last_day.specialities
