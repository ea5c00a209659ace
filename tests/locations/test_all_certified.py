"""Add all certified: what the system of each number is certified to receive, and nothing else."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone

from locations import changes, expiry
from locations.models import ApprovalList, ChangeSet, EdiType, LocationNumber, System, Vendor
from locations.models.change import Source
from soredi.jobs import Refused, State
from tests.builders import approval_list, code, edi_type, location, mapped

pytestmark = pytest.mark.django_db


@pytest.fixture
def certified() -> list[EdiType]:
    """DIS91 and REF01, which Clinea (LPS) is certified to receive; it is not for CTL01, and only sends RPT01."""
    dis91, ref01 = edi_type(), edi_type("REF01", "H0131R")
    mapped("Clinea", "Clinea (LPS)")
    approval_list(
        ("Clinea (LPS)", dis91, "certified"),
        ("Clinea (LPS)", ref01, "certified"),
        ("Clinea (LPS)", edi_type("CTL01", "C0130Q"), "refused"),
        ("Clinea (LPS)", edi_type("RPT01", "R0131K"), "certified", "send"),
        ("Clinea (LPS)", edi_type("REF06", "H0630R", retired_on=date(2020, 1, 1)), "certified"),
        ("XMO (LPS)", edi_type("CTL02", "C0230Q"), "in_test"),
    )
    return [dis91, ref01]


def plan(**operations: Any) -> ChangeSet:
    return changes.plan(locations=LocationNumber.objects.all(), by=None, add_certified=True, **operations)


def sets(planned: ChangeSet) -> dict[int, list[str]]:
    """The EDI types that each number would have, by the key of the number."""
    names = {row.pk: row.code for row in EdiType.objects.all()}
    return {v.location_id: [names[pk] for pk in v.edi_types] for v in planned.versions.all()}


def test_each_number_gets_what_its_system_is_certified_to_receive(certified: list[EdiType]) -> None:
    dis91, _ref01 = certified
    none, some = location(system="Clinea"), location(system="Clinea", edi_types=[dis91, edi_type("OWN")])
    planned = plan()
    assert sets(planned) == {none.pk: ["DIS91", "REF01"], some.pk: ["DIS91", "REF01", "OWN"]}
    assert planned.counts["certified"] == {
        "list": ApprovalList.objects.get().pk,
        "types": {str(certified[0].pk): 1, str(certified[1].pk): 2},
        "left_out": {},
    }
    assert planned.run_here(changes.apply).state == State.DONE


def test_numbers_that_get_nothing_are_listed_with_why(certified: list[EdiType]) -> None:
    mapped("XMO", "XMO (LPS)")
    left = {
        location(system=None).gln: "no_system",
        location(system="Nova").gln: "unmapped",
        location(system="XMO").gln: "none_certified",
    }
    location(system="Clinea", edi_types=certified)
    planned = plan()
    assert dict(planned.left_out.values_list("location__gln", "why")) == left
    assert planned.counts["certified"]["left_out"] == {"no_system": 1, "none_certified": 1, "unmapped": 1}
    assert planned.counts["changed"] == 0


def test_the_system_that_counts_is_the_one_the_number_gets(certified: list[EdiType]) -> None:
    number = location(system="Nova")
    planned = plan(system=code(System, "Clinea"), vendor=code(Vendor, "EG"))
    assert sets(planned) == {number.pk: ["DIS91", "REF01"]}
    assert not planned.left_out.exists()


def test_it_goes_with_the_other_operations(certified: list[EdiType]) -> None:
    dis91, ref01 = certified
    own = edi_type("OWN")
    number = location(system="Clinea", edi_types=[own])
    for operations, wanted, basis in (
        ({"replace": []}, ["DIS91", "REF01"], {dis91: 1, ref01: 1}),
        ({"remove": [ref01]}, ["DIS91", "OWN"], {dis91: 1}),
        ({"add": [dis91]}, ["DIS91", "REF01", "OWN"], {ref01: 1}),  # DIS91 was asked for, so that is why
        ({"swap": (own, edi_type("NEW"))}, ["DIS91", "REF01", "NEW"], {dis91: 1, ref01: 1}),
    ):
        planned = plan(**operations)
        assert sets(planned) == {number.pk: wanted}
        assert planned.counts["certified"]["types"] == {str(one.pk): n for one, n in basis.items()}


def test_without_a_list_it_is_refused() -> None:
    location(system="Clinea")
    with pytest.raises(Refused):
        plan()
    assert not ChangeSet.objects.filter(source=Source.EDIT).exists()


def test_what_was_left_out_goes_when_the_plan_does(certified: list[EdiType]) -> None:
    location(system="Nova")
    old, fresh = plan(note="a"), plan(note="b")
    ChangeSet.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=2))
    expiry.expire_plans(before=timezone.now() - timedelta(days=1))
    assert [planned.left_out.count() for planned in (old, fresh)] == [0, 1]
