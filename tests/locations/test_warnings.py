"""What a plan is warned of: per sort and EDI type, for the numbers that gain the type."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone

from locations import changes, warnings
from locations.models import LocationNumber, Vans
from tests.builders import approval_list, code, edi_type, location, mapped

pytestmark = pytest.mark.django_db


def plan(**operations: Any) -> Any:
    return changes.plan(locations=LocationNumber.objects.all(), by=None, **operations)


def told(planned: Any) -> list[Any]:
    """Sort, type, numbers, and why so many, as the page shows it."""
    return [
        (group.sort.value, str(one.edi_type), one.numbers, {answer.value: n for answer, n in one.answers})
        for group in warnings.groups(planned)
        for one in group.types
    ]


def test_types_that_the_system_is_not_certified_for_are_counted_by_answer() -> None:
    dis91, ref01 = edi_type(), edi_type("REF01", "H0131R")
    for system in ("Clinea", "Clinea", "XMO", "Nova", None):
        location(system=system)
    location(system="Clinea", edi_types=[ref01])  # has it already, whatever the list says
    for system in ("Clinea", "XMO"):
        mapped(system, f"{system} (LPS)")
    approvals = approval_list(
        ("Clinea (LPS)", dis91, "certified"),
        ("Clinea (LPS)", ref01, "refused"),
        ("XMO (LPS)", ref01, "in_test"),
    )
    planned = plan(add=[dis91, ref01])
    assert told(planned) == [
        ("not_certified", "DIS91 D9134L", 1, {"unknown": 1}),
        ("not_certified", "REF01 H0131R", 3, {"in_test": 1, "refused": 2}),
        ("unmapped_system", "DIS91 D9134L", 2, {}),
        ("unmapped_system", "REF01 H0131R", 2, {}),
    ]
    assert planned.counts["approvals"] == {
        "id": approvals.pk,
        "name": approvals.name,
        "dated": approvals.dated.isoformat(),
    }


def test_without_a_list_nothing_is_checked_and_nothing_warned_of() -> None:
    location(system="Clinea")
    planned = plan(add=[edi_type()])
    assert (planned.counts["approvals"], planned.counts["warnings"]) == (None, [])


def test_the_system_that_counts_is_the_one_the_number_gets() -> None:
    dis91 = edi_type()
    location(system="Nova", vendor="EG")
    clinea = mapped("Clinea", "Clinea (LPS)")
    approval_list(("Clinea (LPS)", dis91, "certified"))
    assert told(plan(add=[dis91], system=clinea, vendor=LocationNumber.objects.get().vendor)) == []
    assert told(plan(add=[dis91])) == [("unmapped_system", "DIS91 D9134L", 1, {})]


def test_retired_types_are_warned_of_from_their_day() -> None:
    today = timezone.localdate()
    gone, soon = edi_type("OLD", retired_on=today), edi_type("SOON", retired_on=today + timedelta(days=1))
    location(edi_types=[gone])
    location()
    assert told(plan(add=[gone, soon])) == [("retired_edi_type", "OLD D9134L", 1, {})]


def test_two_versions_and_two_standards_are_warned_of_where_the_plan_makes_them() -> None:
    h30, h31 = edi_type("REF06", "H0630R"), edi_type("REF06", "H0631R")
    dis91 = edi_type(letter="DIS91")
    xdis91 = edi_type("XDIS91", "XD9134L", standard="oioxml", letter="DIS91")
    dis90 = edi_type("DIS90", "D9034L", letter="DIS91")  # one standard: no double
    location(edi_types=[h30, dis91])
    location(edi_types=[dis90])
    location(edi_types=[h30, h31, dis91, xdis91])  # is so already
    assert told(plan(add=[h31, xdis91])) == [
        ("two_versions", "REF06 H0631R", 1, {}),
        ("two_standards", "XDIS91 XD9134L", 2, {}),
    ]
    assert told(plan(swap=(h30, h31))) == [], "the old version goes as the new one comes"
    assert told(plan(replace=[h30, h31])) == [
        ("two_versions", "REF06 H0630R", 1, {}),
        ("two_versions", "REF06 H0631R", 2, {}),
    ]


def test_a_plan_that_adds_no_type_is_warned_of_nothing() -> None:
    gone = edi_type("OLD", retired_on=date(2020, 1, 1))
    location(edi_types=[gone, edi_type()], system="Nova")
    approval_list(("Clinea", "DIS91 (D9134L)", "certified"))
    planned = plan(remove=[edi_type()], vans=code(Vans, "MultiMed"))
    assert "warnings" not in planned.counts and "approvals" not in planned.counts


def test_only_where_the_setting_says_so_is_a_type_that_is_not_certified_an_error(settings: Any) -> None:
    dis91 = edi_type()
    location(system="Clinea")
    location(system="Nova")
    mapped("Clinea", "Clinea (LPS)")
    approval_list(("Clinea (LPS)", dis91, "refused"))
    planned = plan(add=[dis91])

    def errors() -> dict[str, bool]:
        return {group.sort.value: group.is_error for group in warnings.groups(planned)}

    assert errors() == {"not_certified": False, "unmapped_system": False}
    settings.CERTIFICATION = "error"
    assert errors() == {"not_certified": True, "unmapped_system": False}
