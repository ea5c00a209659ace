"""Rows of code lists are kept, with the keys by which profiles hold them."""

from __future__ import annotations

import pytest

from locations.models import EdiType, Region, Vans
from tests.builders import code, edi_type, location
from tests.refusing import CANNOT, refused, sql

pytestmark = pytest.mark.django_db


def test_a_code_list_row_is_never_deleted() -> None:
    location(edi_types=[edi_type()], vans="V", system="S", vendor="L", edi_administrator="116")
    code(Vans, "unused")
    Region.objects.create(code="1084", name="Region Hovedstaden")
    for model in (EdiType, Vans, Region):
        table = model._meta.db_table
        with refused(CANNOT):
            sql(f"DELETE FROM {table}")
        with refused("kept for ever"):
            sql(f"TRUNCATE {table} CASCADE")
        with refused():
            model._default_manager.all().delete()


@pytest.mark.parametrize("kind", ["vans", "system", "vendor", "edi_administrator"])
def test_a_code_list_row_keeps_the_key_that_profiles_hold(kind: str) -> None:
    number = location(**{kind: "V"})
    row = getattr(number, kind)
    with refused(CANNOT):
        type(row).objects.filter(pk=row.pk).update(id=row.pk + 1000)


def test_an_edi_type_keeps_the_key_that_profiles_hold() -> None:
    known = edi_type()
    location(edi_types=[known])
    with refused(CANNOT):
        EdiType.objects.filter(pk=known.pk).update(id=known.pk + 1000)
