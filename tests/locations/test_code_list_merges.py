"""Merging rows of the code lists on their pages: the plan, the numbers that move, what is refused."""

import pytest
from django.utils import timezone

from locations import changes
from locations.models import CatalogueChange, ChangeSet, System
from tests import builders

pytestmark = pytest.mark.django_db


@pytest.fixture
def anna(client):
    person = builders.user("anna", administrators=["102"])
    client.force_login(person)
    return person


@pytest.fixture
def staff(client):
    person = builders.user("staff", staff=True)
    client.force_login(person)
    return person


def text(answer):
    return answer.content.decode()


def held(*numbers):
    return [
        (str(row.system), str(row.vendor)) for row in (type(one).objects.get(pk=one.pk) for one in numbers)
    ]


def test_two_systems_that_are_one_are_merged_by_a_change_set(client, staff):
    numbers = [
        builders.location(system="S1", vendor="L1"),
        builders.location(system="S1", vendor="L2"),
        builders.location(system="S3", vendor="L1"),
    ]
    builders.code(System, "S2")
    builders.mapped("S1", "Clinea (LPS)")
    before = held(*numbers)
    answer = client.post("/stamdata/systemer/S1/sammenlaeg/", {"to": "S2", "reason": "Samme produkt"})
    planned, correction = ChangeSet.objects.latest("pk"), CatalogueChange.objects.get()
    assert answer["Location"] == f"/aendringer/{planned.pk}/"
    page = text(client.get(answer["Location"]))
    for words in (
        "Læg S1 sammen med S2",
        "2 ændres",
        "Læg sammen, og flyt 2 lokationsnumre",
        "Clinea (LPS)",
        f"/stamdata/rettelser/{correction.pk}/",
    ):
        assert words in page
    own = f"/stamdata/rettelser/{correction.pk}/"
    assert ("udfoer/" in text(client.get(own)), answer["Location"] in text(client.get(own))) == (False, True)
    assert client.post(f"{own}udfoer/")["Location"] == answer["Location"]
    assert client.post(f"{own}annuller/")["Location"] == answer["Location"]
    assert (held(*numbers), System.objects.get(code="S1").retired_on) == (before, None)
    again = client.get("/stamdata/systemer/S1/sammenlaeg/")
    assert "staff planlagde" in text(again) and answer["Location"] in text(again)
    planned.run_here(changes.apply)
    assert held(*numbers) == [("S2", "L1"), ("S2", "L2"), ("S3", "L1")]
    merged = System.objects.get(code="S1")
    assert (merged.replaced_by.code, merged.retired_on) == ("S2", timezone.localdate())
    page = text(client.get("/stamdata/systemer/S1/"))
    assert "Erstattes af" in page and "flyt/" not in page
    assert "lagde S1 sammen med den" in text(client.get("/stamdata/systemer/S2/"))
    page = text(client.post("/stamdata/systemer/S1/sammenlaeg/", {"to": "S3", "reason": "x"}, follow=True))
    assert "S1 er allerede erstattet af S2" in page
    assert "fortryd rettelsen" in text(client.get(answer["Location"]))
    assert "tages S1 i brug igen" in text(client.get(own))
    undo = client.post(f"{own}fortryd/", {"reason": "Fejl"})["Location"]
    assert undo == f"/aendringer/{ChangeSet.objects.latest('pk').pk}/"
    ChangeSet.objects.latest("pk").run_here(changes.apply)
    assert held(*numbers) == before
    assert System.objects.get(code="S1").replaced_by is None


def test_numbers_that_still_have_a_merged_row_are_moved_to_what_took_its_place_at_last(client, staff):
    last = builders.code(System, "S3")
    System.objects.create(
        code="S1", name="S1", replaced_by=System.objects.create(code="S2", name="S2", replaced_by=last)
    )
    assert "Intet lokationsnummer har den" in text(client.post("/stamdata/systemer/S1/flyt/", follow=True))
    number = builders.location(system="S1", vendor="L1")
    assert "1 lokationsnummer har den stadig" in text(client.get("/stamdata/systemer/S1/"))
    again = client.post("/stamdata/systemer/S1/flyt/")["Location"]
    planned = ChangeSet.objects.latest("pk")
    assert again == f"/aendringer/{planned.pk}/"
    planned.run_here(changes.apply)
    assert held(number) == [("S3", "L1")]


def test_a_row_is_merged_into_those_alone_that_stay(client, staff):
    stays = builders.code(System, "S2")
    System.objects.create(code="S3", name="S3", replaced_by=stays)
    System.objects.create(code="S4", name="S4", retired_on=timezone.localdate())
    form = client.get("/stamdata/systemer/S3/sammenlaeg/").context["form"]
    assert [value for value, _text in form.fields["to"].choices] == ["", "S2"]


def test_a_row_that_no_number_has_is_merged_from_its_own_page(client, staff):
    builders.code(System, "S1")
    builders.code(System, "S2")
    there = client.post("/stamdata/systemer/S1/sammenlaeg/", {"to": "S2", "reason": "Samme"})["Location"]
    assert there == f"/stamdata/rettelser/{CatalogueChange.objects.get().pk}/"
    page = text(client.get(there))
    assert ("Læg S1 sammen med S2" in page, System.objects.get(code="S1").replaced_by) == (True, None)
    client.post(f"{there}udfoer/")
    assert System.objects.get(code="S1").replaced_by.code == "S2"


@pytest.mark.parametrize("field", ["vans", "vendor", "edi_administrator"])
def test_numbers_of_other_lists_move_alike(staff, field):
    number = builders.location(**{field: "gammel"}, system="S1")
    new = builders.code(type(getattr(number, field)), "ny")
    planned = changes.plan_replacement(field=field, old=getattr(number, field), new=new, by=staff)
    planned = planned.run_here(changes.apply)
    moved = type(number).objects.get(pk=number.pk)
    others = {"edi_administrator", "system", "vendor", "vans"} - {field}
    assert getattr(moved, field) == new
    assert [getattr(moved, name) for name in others] == [getattr(number, name) for name in others]


def test_only_administrators_move_numbers_within_a_list(anna):
    number = builders.location(system="S1", vendor="L1")
    with pytest.raises(changes.NotPermitted):
        changes.plan_replacement(field="system", old=number.system, new=builders.code(System, "S2"), by=anna)
    assert not ChangeSet.objects.filter(by=anna).exists()
