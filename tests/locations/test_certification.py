"""Is a system certified for a message type? Each answer, with what it rests on."""

from datetime import date, timedelta

import builders
import pytest
from django.db import DatabaseError, connection, transaction

from locations.certification import Answer, Basis, Direction, list_in_force, question, tabulate
from locations.models import Approval, ApprovalList

pytestmark = pytest.mark.django_db

DAY = date(2026, 6, 1)


def tables():
    with connection.cursor() as cursor:
        cursor.execute("SELECT system_id, edi_type, answer FROM certified_pair")
        pairs = {(system, edi_type): answer for system, edi_type, answer in cursor.fetchall()}
        cursor.execute("SELECT system_id FROM certified_system")
        return pairs, {system for (system,) in cursor.fetchall()}


@pytest.mark.parametrize(
    ("statuses", "answer"),
    [
        (["certified"], Answer.CERTIFIED),
        (["refused"], Answer.REFUSED),
        (["in_test"], Answer.IN_TEST),
        (["missing"], Answer.REFUSED),
        (["certified", "in_test"], Answer.CERTIFIED),
        (["certified", "missing"], Answer.CERTIFIED),
        (["certified", "refused"], Answer.CONFLICTING),
        (["certified", "in_test", "refused"], Answer.CONFLICTING),
        (["refused", "in_test"], Answer.REFUSED),
        (["in_test", "missing"], Answer.IN_TEST),
        ([], Answer.UNKNOWN),
    ],
)
def test_several_rows_of_one_pair_are_one_answer(statuses, answer):
    dis91 = builders.edi_type()
    clinea = builders.mapped("Clinea", "Clinea (LPS)")
    approvals = builders.approval_list(
        ("Clinea (LPS)", "REF01 (H0131R)", "certified"),
        *(("Clinea (LPS)", dis91, status) for status in statuses),
    )
    lines = tuple(range(3, 3 + len(statuses)))
    assert question([(clinea.pk, dis91.pk)], day=DAY) == {
        (clinea.pk, dis91.pk): Basis(answer, approvals, lines)
    }
    tabulate(day=DAY)
    expected = {} if answer == Answer.UNKNOWN else {(clinea.pk, dis91.pk): answer.value}
    assert tables() == (expected, {clinea.pk})


def test_no_other_version_standard_or_product_stands_in():
    dis91, older = builders.edi_type(), builders.edi_type("DIS91", "D9133L")
    xdis91, same_version = builders.edi_type("XDIS91", "XD9134L"), builders.edi_type("DIS92", "D9134L")
    clinea = builders.mapped("Clinea", "Clinea (LPS)")
    hospital = builders.mapped("Clinea hospital", "Clinea (Privath.)")
    types = [dis91, older, xdis91, same_version]
    approvals = builders.approval_list(
        ("Clinea (LPS)", dis91, "certified"), ("Clinea (Privath.)", older, "certified")
    )
    asked = [(system.pk, edi_type.pk) for system in (clinea, hospital) for edi_type in types]
    answers = question(asked, day=DAY)
    assert {pair: basis.answer for pair, basis in answers.items()} == dict.fromkeys(asked, Answer.UNKNOWN) | {
        (clinea.pk, dis91.pk): Answer.CERTIFIED,
        (hospital.pk, older.pk): Answer.CERTIFIED,
    }
    assert {basis.approval_list for basis in answers.values()} == {approvals}


def test_many_systems_of_medcoms_are_one_of_ours_and_the_other_way_round():
    dis91, ref01 = builders.edi_type(), builders.edi_type("REF01", "H0131R")
    both = builders.mapped("Xmedicus", "Xmedicus (LPS)", "Xmedicus (Privath.)")
    one = builders.mapped("Xmedicus hospital", "Xmedicus (Privath.)")
    builders.approval_list(
        ("Xmedicus (LPS)", dis91, "certified"),
        ("Xmedicus (Privath.)", dis91, "refused"),
        ("Xmedicus (Privath.)", ref01, "certified"),
    )
    tabulate(day=DAY)
    assert tables() == (
        {
            (both.pk, dis91.pk): "conflicting",
            (both.pk, ref01.pk): "certified",
            (one.pk, dis91.pk): "refused",
            (one.pk, ref01.pk): "certified",
        },
        {both.pk, one.pk},
    )


def test_unmapped_is_an_answer_of_its_own():
    """Also of a system whose map is rejected or names none on the list, and of a number without a system."""
    dis91 = builders.edi_type()
    systems = [
        builders.mapped("Ingen"),
        builders.mapped("Afvist", "Clinea (LPS)", accepted=False),
        builders.mapped("Ophørt", "Clinea 1998"),
    ]
    approvals = builders.approval_list(("Clinea (LPS)", dis91, "certified"))
    keys = [*(system.pk for system in systems), None]
    assert question([(key, dis91.pk) for key in keys], day=DAY) == {
        (key, dis91.pk): Basis(Answer.UNMAPPED, approvals) for key in keys
    }
    tabulate(day=DAY)
    assert tables() == ({}, set())


def test_the_direction_is_asked_for_and_sending_decides_nothing():
    dis91 = builders.edi_type()
    clinea = builders.mapped("Clinea", "Clinea (LPS)")
    builders.approval_list(
        ("Clinea (LPS)", dis91, "certified", "send"), ("Clinea (LPS)", dis91, "certified", "webservice")
    )
    pair = (clinea.pk, dis91.pk)
    assert question([pair], day=DAY)[pair].answer == Answer.UNKNOWN
    assert question([pair], day=DAY, direction=Direction.SEND)[pair].answer == Answer.CERTIFIED
    tabulate(day=DAY, direction=Direction.SEND)
    assert tables() == ({pair: "certified"}, {clinea.pk})


def test_each_day_has_the_latest_accepted_list_up_to_it():
    dis91 = builders.edi_type()
    clinea = builders.mapped("Clinea", "Clinea (LPS)")
    first = builders.approval_list(("Clinea (LPS)", dis91, "in_test"), dated=date(2026, 1, 1))
    second = builders.approval_list(("Clinea (LPS)", dis91, "certified"), dated=date(2026, 3, 1))
    builders.approval_list(("Clinea (LPS)", dis91, "refused"), dated=date(2026, 4, 1), accepted=False)
    mended = builders.approval_list(("Clinea (LPS)", dis91, "refused"), dated=date(2026, 3, 1))
    builders.approval_list(("Clinea (LPS)", dis91, "certified"), dated=date(2025, 6, 1))
    eve = date(2026, 3, 1) - timedelta(days=1)
    assert [list_in_force(day) for day in (eve, date(2026, 3, 1), DAY)] == [first, mended, mended]
    pair = (clinea.pk, dis91.pk)
    assert question([pair], day=eve)[pair] == Basis(Answer.IN_TEST, first, (2,))
    assert tabulate(day=DAY) == mended != second
    assert tables()[0] == {pair: "refused"}


def test_with_no_list_nothing_is_checked():
    builders.approval_list(dated=DAY)
    assert question([(1, 1)], day=DAY - timedelta(days=1)) == {}
    assert tabulate(day=DAY - timedelta(days=1)) is None
    assert tables() == ({}, set())


def test_an_accepted_list_is_kept_as_it_is():
    approvals = builders.approval_list(("Clinea (LPS)", "DIS91 (D9134L)", "certified"))
    row = Approval.objects.get()
    for change in (
        row.delete,
        lambda: Approval.objects.update(status="refused"),
        lambda: Approval.objects.create(
            approval_list=approvals, row=9, system="X", message="X", channel="send", status="refused"
        ),
        lambda: ApprovalList.objects.update(dated=DAY),
        approvals.delete,
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    assert (Approval.objects.count(), ApprovalList.objects.count()) == (1, 1)
