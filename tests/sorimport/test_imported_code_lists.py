"""Rows of code lists that come with an extract: known by their ids, called what people call them."""

from __future__ import annotations

from pathlib import Path

import pytest

from locations import catalogue
from locations.catalogue_check import draft_of
from locations.catalogue_history import history_of
from locations.code_lists import LISTS
from locations.models import EdiType, Vans
from tests import builders
from tests.sorimport.extracts import extract, gln, import_once, import_twice, loc, write

pytestmark = pytest.mark.usefixtures("committed_db")


def test_an_edi_type_is_known_by_its_id_whatever_it_is_called(folder: Path) -> None:
    EdiType.objects.create(code="DIS91", version="D9134L", name="made by hand")
    import_twice(write(extract([loc(1)], types={"501": "DIS91 D9134L"}, pairs={gln(1): "501"}), folder))
    adopted = EdiType.objects.get()
    assert (adopted.sor_id, adopted.name) == ("501", "Besked DIS91")
    import_twice(write(extract([loc(1)], types={"501": "DIS91 D9135L"}, pairs={gln(1): "501"}), folder))
    assert [(t.pk, str(t)) for t in EdiType.objects.all()] == [(adopted.pk, "DIS91 D9135L")]


def test_what_administrators_call_a_row_stays_and_sors_word_stands_beside_it(folder: Path) -> None:
    def named(name: str) -> dict[str, bytes]:
        return extract([loc(1, CommunicationSupplierName=name)])

    run = import_twice(write(named("KMD"), folder))
    row = Vans.objects.get(code="30")
    by = builders.user("anna", staff=True)
    draft = draft_of(LISTS["vans"], row, ["name"])
    draft.after["name"] = "KMD A/S"
    catalogue.change(code_list=LISTS["vans"], drafts=[draft], by=by)
    later = import_once(write(named("TietoEvry"), folder))
    row.refresh_from_db()
    assert (row.name, row.sor_name) == ("KMD A/S", "TietoEvry")
    told = history_of(LISTS["vans"], row, with_people=False)
    assert [(e.import_run, e.change and e.change.by, [c.after for c in e.fields]) for e in told] == [
        (None, by, ["KMD A/S"]),
        (run.pk, None, []),
    ]
    draft = draft_of(LISTS["vans"], row, ["name"])
    draft.after["name"] = "TietoEvry"
    catalogue.change(code_list=LISTS["vans"], drafts=[draft], by=by)
    last = import_once(write(named("Aeven"), folder))
    row.refresh_from_db()
    assert (row.name, row.sor_name, last.pk) == ("Aeven", "Aeven", later.pk + 1)


def test_two_edi_types_that_trade_names_do_not_stop_the_import(folder: Path) -> None:
    import_twice(write(extract([loc(1)], types={"1": "DIS91 A", "2": "DIS91 B"}), folder))
    import_twice(write(extract([loc(1)], types={"1": "DIS91 B", "2": "DIS91 A"}), folder))
    assert dict(EdiType.objects.values_list("sor_id", "version")) == {"1": "B", "2": "A"}
