"""Where our profiles differ from SOR's: found, shown, settled."""

import builders
import pytest

from locations import changes
from locations.models import LocationNumber, Vans

pytestmark = pytest.mark.django_db


def test_a_number_deviates_while_its_profile_is_not_that_of_sor():
    location = builders.location(vans="KMD")
    builders.location()
    plan = changes.plan(
        locations=LocationNumber.objects.filter(pk=location.pk), by=None, vans=builders.code(Vans, "MultiMed")
    )
    assert not LocationNumber.objects.deviating().exists()
    plan = plan.run_here(changes.apply)
    assert [row.gln for row in LocationNumber.objects.deviating()] == [location.gln]
    changes.plan_undo(plan, by=None).run_here(changes.apply)
    assert LocationNumber.objects.not_as_sor().count() == 1
    assert not LocationNumber.objects.deviating().exists()
