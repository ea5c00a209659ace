"""A plan says why numbers stay as they are, by set and adding up."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from locations import changes
from locations.models import ChangeSet, EdiType, LocationNumber, System, Vans
from tests.builders import approval_list, code, edi_type, location, mapped, user

pytestmark = pytest.mark.django_db


@pytest.fixture
def types() -> tuple[EdiType, EdiType]:
    """An EDI type and the version that comes after it."""
    return edi_type("DIS91", "D9134L"), edi_type("DIS91", "D9135L")


def plan(**operations: Any) -> ChangeSet:
    return changes.plan(locations=LocationNumber.objects.all(), by=None, **operations)


def why(change_set: ChangeSet) -> dict[str, int]:
    counts = change_set.counts
    said: dict[str, int] = counts.get("why_unchanged", {})
    assert sum(said.values()) == counts["unchanged"]
    return said


def test_what_is_as_asked_already(types: tuple[EdiType, EdiType]) -> None:
    location(vans="KMD", edi_types=types[:1])
    location(vans="MultiMed")
    assert why(plan(vans=code(Vans, "KMD"))) == {"already": 1}
    assert why(plan(vans=code(Vans, "KMD"), remove=types[1:])) == {"already": 1}
    assert why(plan(add=types[:1])) == {"already": 1}
    assert why(plan(note="")) == {"already": 2}
    assert why(plan(note="x")) == {}


def test_what_has_nothing_to_remove_or_replace(types: tuple[EdiType, EdiType]) -> None:
    old, new = types
    location()
    location(edi_types=[new])
    location(edi_types=[old])
    assert why(plan(remove=[old])) == {"nothing_to_remove": 2}
    assert why(plan(replace=[])) == {"nothing_to_remove": 1}
    assert why(plan(swap=(old, new))) == {"already": 1, "nothing_to_remove": 1}


def test_what_nothing_is_certified_for(types: tuple[EdiType, EdiType]) -> None:
    mapped("Clinea", "Clinea (LPS)")
    approval_list(("Clinea (LPS)", types[0], "certified"))
    location(system="Clinea", edi_types=types[:1])
    location(system="Nova")
    location(system=None, vans="MultiMed")
    assert why(plan(add_certified=True)) == {"already": 1, "none_certified": 2}
    assert why(plan(add_certified=True, vans=code(Vans, "KMD"))) == {"already": 1, "none_certified": 1}


def test_what_an_undo_leaves() -> None:
    one, two, three = location(), location(), location()
    done = plan(note="x")
    done = done.run_here(changes.apply)
    for number, note in ((one, "y"), (two, "")):
        later = changes.plan(locations=LocationNumber.objects.filter(pk=number.pk), by=None, note=note)
        later.run_here(changes.apply)
    undo = changes.plan_undo(done, by=None)
    assert [version.location for version in undo.versions.all()] == [three]
    assert why(undo) == {"changed_since": 1, "undone_already": 1}


def test_the_preview_tells(client: Client, types: tuple[EdiType, EdiType]) -> None:
    anna = user("anna", administrators=["102"])
    client.force_login(anna)
    location(edi_types=types[1:])
    location()
    location(edi_types=types[:1], system=code(System, "Clinea"))
    draft = changes.plan(locations=LocationNumber.objects.all(), by=anna, swap=types)
    page = " ".join(client.get(f"/aendringer/{draft.pk}/").content.decode().split())
    assert "2 er uændrede." in page
    assert "1 er allerede som ønsket" in page
    assert "1 har ingen EDI-typer, der skal fjernes eller udskiftes" in page
