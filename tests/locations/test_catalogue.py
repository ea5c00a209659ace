"""Changes of the code lists: planned, applied, refused, taken back, and told."""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.db.utils import ProgrammingError
from django.utils import timezone

from locations import catalogue
from locations.catalogue import Way
from locations.catalogue_check import Draft, Known, draft_of, problems
from locations.catalogue_history import history_of, rows_on
from locations.code_lists import LISTS
from locations.models import CatalogueChange, EdiAdministrator, System, Vans
from soredi.jobs import Refused, State
from tests import builders

pytestmark = pytest.mark.django_db

SYSTEMS, TYPES, ADMINISTRATORS = LISTS["systemer"], LISTS["edi-typer"], LISTS["edi-administratorer"]


@pytest.fixture
def staff():
    return builders.user("anna", staff=True)


def asked(code_list, row, **after):
    """`row` as it is, and as it shall become."""
    draft = draft_of(code_list, row, after)
    draft.after |= after
    return draft


def told(code_list, row, with_people=True):
    """The row's history, newest first: (who, what)."""
    return [
        (
            str(entry.change.by) if entry.change else entry.import_run or "system",
            "created" if entry.is_first else [(c.label, c.before, c.after) for c in entry.fields],
            *([entry.added, entry.removed] if entry.added or entry.removed else []),
        )
        for entry in history_of(code_list, row, with_people=with_people)
    ]


def test_a_change_is_applied_told_and_undone(staff):
    old, new = builders.code(System, "S1", "Novax"), builders.code(System, "S2", "Nova")
    draft = asked(SYSTEMS, old, name="NOVAX", retired_on="2026-12-31", replaced_by="S2")
    done = catalogue.change(code_list=SYSTEMS, drafts=[draft], by=staff, reason="Udgår")
    assert done.rows == [
        {
            "pk": old.pk,
            "key": ["S1"],
            "before": {"name": "Novax", "retired_on": "", "replaced_by": ""},
            "after": {"name": "NOVAX", "retired_on": "2026-12-31", "replaced_by": "S2"},
        }
    ]
    old.refresh_from_db()
    assert (old.name, str(old.retired_on), old.replaced_by, done.state) == (
        "NOVAX",
        "2026-12-31",
        new,
        State.DONE,
    )
    undo = catalogue.plan_undo(done, by=staff, reason="Fejl")
    catalogue.apply(undo)
    old.refresh_from_db()
    assert (old.name, old.retired_on, old.replaced_by) == ("Novax", None, None)
    forth = [("Navn", "Novax", "NOVAX"), ("Udgået fra", "", "2026-12-31"), ("Erstattes af", "", "S2")]
    back = [(label, after, before) for label, before, after in forth]
    assert told(SYSTEMS, old) == [("anna", back), ("anna", forth), ("system", "created")]
    with pytest.raises(Refused):
        catalogue.plan_undo(done, by=staff)


def test_what_differs_in_nothing_is_no_change(staff):
    row = builders.code(System, "S1", "Novax")
    assert catalogue.change(code_list=SYSTEMS, drafts=[asked(SYSTEMS, row, name="Novax")], by=staff) is None
    assert not CatalogueChange.objects.exists()


def test_a_new_row_is_added_and_its_undoing_retires_it(staff):
    draft = Draft(("DIS91", "D9135L"), {"name": "Epikrise", "standard": "edifact", "replaced_by": ""})
    done = catalogue.change(code_list=TYPES, drafts=[draft], by=staff)
    row = TYPES.find("DIS91 D9135L")
    assert (row.name, row.standard, row.sor_id, done.rows[0]["pk"]) == ("Epikrise", "edifact", None, row.pk)
    catalogue.apply(catalogue.plan_undo(done, by=staff))
    row.refresh_from_db()
    assert row.retired_on == timezone.localdate()


def test_a_row_of_a_file_may_be_replaced_by_a_new_one_of_it(staff):
    old = builders.code(Vans, "V1")
    drafts = [asked(LISTS["vans"], old, replaced_by="V2"), Draft(("V2",), {"name": "Ny"})]
    catalogue.change(code_list=LISTS["vans"], drafts=drafts, by=staff, way=Way.FILE)
    old.refresh_from_db()
    assert old.replaced_by.name == "Ny"


def test_a_stale_plan_is_refused_whole(staff):
    one, other = builders.code(System, "S1", "Et"), builders.code(System, "S2", "To")
    drafts = [asked(SYSTEMS, one, name="Et!"), asked(SYSTEMS, other, name="To!")]
    planned = catalogue.plan(code_list=SYSTEMS, drafts=drafts, by=staff, way=Way.FILE)
    System.objects.filter(pk=other.pk).update(name="Noget andet")
    with pytest.raises(Refused, match="S2"):
        catalogue.apply(planned)
    one.refresh_from_db()
    planned.refresh_from_db()
    assert (one.name, planned.state) == ("Et", State.DRAFT)


def test_an_undo_keeps_what_others_did_since(staff):
    row = builders.code(System, "S1", "Et")
    done = catalogue.change(
        code_list=SYSTEMS, drafts=[asked(SYSTEMS, row, name="To", retired_on="2026-01-01")], by=staff
    )
    catalogue.change(code_list=SYSTEMS, drafts=[asked(SYSTEMS, SYSTEMS.find("S1"), name="Tre")], by=staff)
    undo = catalogue.plan_undo(done, by=staff)
    assert (undo.rows[0]["after"], undo.found) == ({"retired_on": ""}, {"kept": [["S1", "name"]]})


def test_people_come_and_go_with_a_name_on_it(staff):
    row = builders.code(EdiAdministrator, "102", "Region Midtjylland")
    anna, bo = builders.user("anna2"), builders.user("bo")
    row.users.add(anna)
    done = catalogue.change(
        code_list=ADMINISTRATORS, drafts=[asked(ADMINISTRATORS, row, people="bo")], by=staff, reason="Ny"
    )
    assert list(row.users.all()) == [bo]
    cecilie = builders.user("cecilie")
    catalogue.change(
        code_list=ADMINISTRATORS, drafts=[asked(ADMINISTRATORS, row, people="bo, cecilie")], by=staff
    )
    catalogue.apply(catalogue.plan_undo(done, by=staff))
    assert set(row.users.all()) == {anna, cecilie}
    assert told(ADMINISTRATORS, row)[0] == ("anna", [], ["anna2"], ["bo"])
    assert ("anna", [], ["bo"], ["anna2"]) in told(ADMINISTRATORS, row)
    assert [what for _who, what, *_people in told(ADMINISTRATORS, row, with_people=False)] == ["created"]


def test_a_list_is_as_it_was_on_a_day(staff):
    row = builders.code(System, "S1", "Et")
    catalogue.change(code_list=SYSTEMS, drafts=[asked(SYSTEMS, row, name="To")], by=staff)
    first = row.events.order_by("pgh_id").first()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(
            "UPDATE locations_systemevent SET pgh_created_at = pgh_created_at - interval '3 days' WHERE pgh_id = %s",
            [first.pgh_id],
        )
        cursor.execute("SET LOCAL session_replication_role = origin")
    today = timezone.localdate()
    on = [[row.name for row in rows_on(SYSTEMS, today - timedelta(days=days))] for days in (4, 3, 1, 0)]
    assert on == [[], ["Et"], ["Et"], ["To"]]


@pytest.mark.parametrize(
    ("after", "why"),
    [
        ({"name": ""}, "Navnet mangler"),
        ({"name": "x" * 256}, "højst 255"),
        ({"name": "a\0"}, "ikke kan vises"),
        ({"retired_on": "31-12-2026"}, "er ikke en dag"),
        ({"valid_from": "2026-01-02", "retired_on": "2026-01-01"}, "før den gælder"),
        ({"standard": "fax"}, "er ikke en standard"),
        ({"sor_id": "1002"}, "SOR's id er 1001"),
        ({"replaced_by": "DIS91 X"}, "findes ikke i kodelisten"),
        ({"replaced_by": "DIS91 D9134L"}, "erstatte sig selv"),
        ({"replaced_by": "DIS91 D9135L"}, "erstatte sig selv"),
    ],
)
def test_what_cannot_be_is_told(staff, after, why):
    row = builders.edi_type(sor_id="1001")
    builders.edi_type("DIS91", "D9135L", replaced_by=row, sor_id="1003")
    found = list(problems(TYPES, [asked(TYPES, row, **after)], Known.of(TYPES)))
    assert [why in str(sentence) for _draft, _name, sentence in found] == [True]


def test_two_rows_cannot_take_one_id_of_sor(staff):
    builders.edi_type(sor_id="1001")
    drafts = [Draft(("A", ""), {"name": "A", "sor_id": "1001"}), Draft(("B", ""), {"name": "B"})]
    assert [d.label for d, _name, _why in problems(TYPES, drafts, Known.of(TYPES))] == ["A"]


def test_a_change_that_is_done_stays_as_it_is(staff):
    row = builders.code(System, "S1", "Et")
    done = catalogue.change(code_list=SYSTEMS, drafts=[asked(SYSTEMS, row, name="To")], by=staff)
    for deed in (lambda: done.delete(), lambda: CatalogueChange.objects.update(reason="x")):
        with pytest.raises(ProgrammingError), transaction.atomic():
            deed()
