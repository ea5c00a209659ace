"""What one system is certified for, beside what its numbers have."""

from datetime import date

import builders
import pytest

from locations.certification import Answer
from locations.certified_system import of_system
from locations.models import Approval, RequiredStandard

pytestmark = pytest.mark.django_db

DAY = date(2026, 6, 1)


def test_a_system_is_told_beside_the_numbers_that_the_user_may_edit(django_assert_num_queries):
    dis91, ref01, rpt01 = (builders.edi_type(code, "1") for code in ("DIS91", "REF01", "RPT01"))
    clinea = builders.mapped("Clinea", "Clinea (LPS)", "Clinea (nedlagt)")
    anna = builders.user("anna", administrators=["102"])
    builders.location(system=clinea, edi_types=[dis91, rpt01])
    builders.location(system=clinea, edi_types=[rpt01])
    builders.location(system=clinea, edi_types=[rpt01], edi_administrator="106")
    builders.location(system="MADS", edi_types=[ref01])
    approvals = builders.approval_list(
        ("Clinea (LPS)", dis91, "certified"),
        ("Clinea (LPS)", ref01, "certified"),
        ("Clinea (LPS)", rpt01, "certified", "send"),
        ("Clinea (PAS)", rpt01, "certified"),
    )
    with django_assert_num_queries(7):
        found = of_system(clinea, user=anna, day=DAY)
    assert (found.approvals, found.numbers, found.names) == (approvals, 2, ["Clinea (LPS)"])
    told = [(one.edi_type, one.receive, one.send, one.lines, one.having, one.lacking) for one in found.types]
    assert told == [
        (dis91, Answer.CERTIFIED, Answer.UNKNOWN, [2], 1, 1),
        (ref01, Answer.CERTIFIED, Answer.UNKNOWN, [3], 0, 2),
        (rpt01, Answer.UNKNOWN, Answer.CERTIFIED, [], 2, 0),
    ]
    assert [one.edi_type for one in found.not_certified] == [rpt01]
    assert [one.edi_type for one in found.not_used] == [dis91, ref01]
    assert dict(found.tally) == {"certified": 2, "in_test": 0, "refused": 0, "conflicting": 0}
    assert found.certified_to_send == 1


def test_mandatory_standards_are_those_of_its_kinds_of_system():
    clinea = builders.mapped("Clinea", "Clinea (LPS)")
    dis91 = builders.edi_type("DIS91", "D9134L")
    made = builders.approval_list(("Clinea (LPS)", dis91, "certified"), accepted=False)
    Approval.objects.create(
        approval_list=made,
        row=9,
        system="Clinea (LPS)",
        system_type="Lægesystemer",
        message="REF01 (1)",
        code="REF01",
        version="1",
        channel="receive",
        status="in_test",
    )
    made.accepted_at = made.created_at
    made.save()
    RequiredStandard.objects.update(required=False)
    for kind, label in (
        ("Lægesystemer", "DIS91 D9134L"),
        ("Lægesystemer", "X 1"),
        ("Apotekssystemer", "Y 1"),
    ):
        code, _space, version = label.partition(" ")
        RequiredStandard.objects.update_or_create(
            system_type=kind, code=code, version=version, defaults={"required": True}
        )
    staff = builders.user("staff", staff=True)
    found = of_system(clinea, user=staff, day=DAY)
    assert found.kinds == ["Lægesystemer"]
    assert [(str(standard), answer) for standard, answer in found.required] == [
        ("DIS91 D9134L", Answer.CERTIFIED),
        ("X 1", Answer.UNKNOWN),
    ]
    assert found.missing == 1


def test_a_system_that_is_not_mapped_or_has_no_list_is_not_checked():
    clinea = builders.mapped("Clinea", "Clinea (PAS)")
    staff = builders.user("staff", staff=True)
    assert (of_system(clinea, user=staff, day=DAY).approvals, clinea.name) == (None, "Clinea")
    builders.approval_list(("Clinea (LPS)", "DIS91 (D9134L)", "certified"))
    found = of_system(clinea, user=staff, day=DAY)
    assert (found.checked, found.names, found.types) == (False, [], [])
