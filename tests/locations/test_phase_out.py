"""A version of an EDI type gives way to another."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from locations import changes, phase_out
from locations.models import ChangeSet, LocationNumber
from tests import builders

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def staff(client):
    person = builders.user("staff", staff=True)
    client.force_login(person)
    return person


@pytest.fixture
def types():
    return builders.edi_type("DIS91", "D9134L"), builders.edi_type("DIS91", "D9135L")


def certify(system, new):
    """A list of approvals on which `system` is certified for `new`."""
    builders.approval_list(("Novax", new, "certified"))
    builders.mapped(system, "Novax")


def test_it_is_told_who_has_which_and_whose_systems_are_certified(staff, types, django_assert_num_queries):
    old, new = types
    ready = builders.location(edi_types=[old], system="S1", edi_administrator="102")
    builders.location(edi_types=[old, new], system="S1", edi_administrator="106")
    builders.location(edi_types=[old], system="S2", edi_administrator="102")
    builders.location(edi_types=[old], system=None, edi_administrator="102")
    builders.location(edi_types=[new], system="S2")
    builders.location(edi_types=[old], system="S1", to_date=date(2020, 1, 1))
    certify(ready.system, new)
    with django_assert_num_queries(6):
        it = phase_out.standing(old, new, staff)
    assert (it.has_old, it.has_new, it.both, it.ready) == (4, 2, 1, 2)
    assert it.answers == {"certified": (2, 1), "unmapped": (2, 0)}
    assert [(str(g.edi_administrator), str(g.system), g.answer, g.numbers) for g in it.groups] == [
        ("102", "None", "unmapped", 1),
        ("102", "S1", "certified", 1),
        ("102", "S2", "unmapped", 1),
        ("106", "S1", "certified", 1),
    ]


def test_nothing_is_checked_until_a_list_is_read_in(staff, types):
    old, new = types
    builders.location(edi_types=[old], system="S1")
    assert phase_out.standing(old, new, staff).answers == {"unchecked": (1, 0)}
    with pytest.raises(changes.Refused):
        phase_out.plan_move(old, new, by=staff, reason="x")


def test_those_that_can_be_moved_are_moved_by_a_change_set(client, staff, types):
    old, new = types
    ready = builders.location(edi_types=[old], system="S1")
    rest = builders.location(edi_types=[old], system="S2")
    certify(ready.system, new)
    answer = client.post(
        "/stamdata/edi-typer/udfas/planlaeg/", {"fra": "DIS91 D9134L", "til": "DIS91 D9135L"}
    )
    planned = ChangeSet.objects.latest("pk")
    assert answer["Location"] == f"/aendringer/{planned.pk}/"
    planned.run_here(changes.apply)
    held = {row.pk: row.edi_types for row in LocationNumber.objects.all()}
    assert held == {ready.pk: [new.pk], rest.pk: [old.pk]}


def test_a_person_sees_and_moves_only_the_own_numbers(client, types):
    old, new = types
    own = builders.location(edi_types=[old], system="S1", edi_administrator="102")
    builders.location(edi_types=[old], system="S1", edi_administrator="106")
    certify(own.system, new)
    anna = builders.user("anna", administrators=["102"])
    assert phase_out.standing(old, new, anna).has_old == 1
    assert phase_out.plan_move(old, new, by=anna, reason="x").counts["changed"] == 1
    client.force_login(anna)
    file = client.get("/stamdata/edi-typer/udfas/?fra=DIS91+D9134L&til=DIS91+D9135L&format=csv")
    assert file.getvalue().decode("utf-8-sig").count("\r\n") == 1


def test_the_rest_is_listed_with_its_administrators(client, staff, types):
    old, new = types
    unit = builders.unit("=Klinik; Syd")
    row = builders.location(edi_types=[old, new], system="S2", edi_administrator="106", unit=unit)
    builders.location(edi_types=[old], system="S1")
    certify("S1", new)
    answer = client.get("/stamdata/edi-typer/udfas/?fra=DIS91+D9134L&til=DIS91+D9135L&format=csv")
    assert answer.getvalue().decode("utf-8-sig").splitlines() == [
        "Lokationsnummer;Enhed;System kode;System;EDI-administrator kode;EDI-administrator;"
        "Systemets godkendelse;Har den nye",
        f'{row.gln};"\'=Klinik; Syd";S2;S2;106;106;ikke koblet;ja',
    ]


def test_it_warns_of_a_new_one_that_is_retired_or_not_yet_valid(client, staff, types):
    old, new = types
    builders.location(edi_types=[old], system="S1")
    today = timezone.localdate()
    better = builders.edi_type("DIS91", "D9136L")
    retired, not_yet, replaced = ("selv udgået", "gælder først fra", "er erstattet af DIS91 D9136L")

    def warned(**fields):
        type(new).objects.filter(pk=new.pk).update(**{"retired_on": None, "valid_from": None} | fields)
        page = client.get("/stamdata/edi-typer/udfas/?fra=DIS91+D9134L&til=DIS91+D9135L").content.decode()
        return [words in page for words in (retired, not_yet, replaced, "udgår selv")]

    assert warned() == [False, False, False, False]
    assert warned(valid_from=today) == [False, False, False, False]
    assert warned(valid_from=today + timedelta(days=1)) == [False, True, False, False]
    assert warned(retired_on=today + timedelta(days=1)) == [False, False, False, True]
    assert warned(retired_on=today, replaced_by=better) == [True, False, True, False]


def test_the_page_says_how_it_stands(client, staff, types):
    old, _new = types
    builders.location(edi_types=[old], system="S1")
    page = client.get("/stamdata/edi-typer/udfas/?fra=DIS91+D9134L&til=DIS91+D9135L")
    said = " ".join(page.content.decode().split())
    for words in (
        "Fra DIS91 D9134L til DIS91 D9135L",
        "Ikke kontrolleret",
        "1 kan ikke flyttes endnu",
        'hx-get="/stamdata/edi-typer/udfas/uger/?fra=DIS91+D9134L&amp;til=DIS91+D9135L"',
    ):
        assert words in said
    assert " style=" not in said
    weeks = "/stamdata/edi-typer/udfas/uger/?fra=DIS91+D9134L"
    for page in (
        client.get(f"{weeks}&til=DIS91+D9135L"),
        client.get(f"{weeks}&til=DIS91+D9135L", headers=HTMX),
    ):
        assert "<svg" in page.content.decode() and " style=" not in page.content.decode()
    assert "<html" not in page.content.decode()
    assert client.get(weeks).status_code == 400
    for query, status in (
        ("", 200),
        ("fra=DIS91+D9134L", 200),
        ("fra=X", 400),
        ("fra=DIS91", 400),
        ("fra=DIS91+D9134L&til=DIS91+D9134L", 400),
        ("format=x", 400),
        ("til2=1", 400),
    ):
        assert client.get(f"/stamdata/edi-typer/udfas/?{query}").status_code == status


def test_what_replaces_the_old_is_the_new(client, staff, types):
    old, new = types
    type(old).objects.filter(pk=old.pk).update(replaced_by=new)
    assert client.get("/stamdata/edi-typer/udfas/?fra=DIS91+D9134L").context["new"] == new


def test_the_weeks_tell_how_many_are_left(staff, types):
    old, new = types
    today = timezone.localdate()
    monday = today - timedelta(days=today.weekday())
    one = builders.location(edi_types=[old])
    other = builders.location(edi_types=[old])
    third = builders.location(edi_types=[new])
    closed = builders.location(edi_types=[old], to_date=date(2020, 1, 1))
    moved = changes.plan(
        locations=LocationNumber.objects.filter(pk=one.pk), by=staff, reason="x", swap=(old, new)
    )
    moved.run_here(changes.apply)
    _came(one, 3, 1)
    _came(other, 3)
    _came(third, 2)
    _came(closed, 5)
    assert [(week.monday, week.old, week.new) for week in phase_out.weeks(old, new, staff)] == [
        (monday - timedelta(days=21), 2, 0),
        (monday - timedelta(days=14), 2, 1),
        (monday - timedelta(days=7), 1, 2),
        (monday, 1, 2),
    ]
    assert phase_out.weeks(old, new, builders.user("bo")) == []


def _came(location, *weeks):
    """Date the versions of `location`, the oldest first, so many weeks back."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        for pk, ago in zip(location.versions.order_by("pk").values_list("pk", flat=True), weeks, strict=True):
            cursor.execute(
                "UPDATE locations_locationversion SET applied_at = applied_at - %s * interval '7 days' WHERE id = %s",
                [ago, pk],
            )
        cursor.execute("SET LOCAL session_replication_role = origin")
