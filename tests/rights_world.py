"""The world in which it is asked who may do what."""

import io
from typing import Any

import builders
from django.core.cache import cache as shared_cache

from locations import catalogue, changes
from locations.catalogue_check import Draft
from locations.code_lists import LISTS
from locations.models import LocationNumber, SavedSearch, Vans
from massupdate.actions import check_and_plan, hand_in
from soredi.celery import HEARTBEAT
from soredi.jobs import State
from sorimport.models import ImportRun


def people_and_objects() -> dict[str, Any]:
    """The objects that the paths are about, by name, and its people by their names in PEOPLE of test_rights.py."""
    people = {
        "no_rights": builders.user("no_rights"),
        "own": builders.user("own", administrators=["102"]),
        "other": builders.user("other", administrators=["106"]),
        "administrator": builders.user("administrator", staff=True),
    }
    shared_cache.delete(HEARTBEAT)  # no worker: not ready
    location = builders.location(unit=builders.unit())
    builders.location(unit=builders.unit(), edi_administrator="106")

    def planned(name: str) -> Any:
        return changes.plan(
            locations=LocationNumber.objects.filter(pk=location.pk),
            by=people["own"],
            reason="Ny aftale",
            vans=builders.code(Vans, name),
        )

    done = planned("MultiMed")
    done.run_here(changes.apply)
    file = f"Loknr;EdiId\r\n{location.gln};{builders.edi_type(sor_id='1001').sor_id}\r\n".encode()
    mass_update = hand_in(file=io.BytesIO(file), name="maj.csv", by=people["own"])
    mass_update = mass_update.run_here(check_and_plan)
    builders.edi_type("DIS91", "D9135L")
    Vans.objects.create(code="Gammel", name="Gammel", replaced_by=builders.code(Vans, "KMD"))
    catalogue_draft = catalogue.plan(
        code_list=LISTS["vans"],
        drafts=[Draft(("V9",), {"name": "Ny"})],
        by=people["administrator"],
        way=catalogue.Way.FILE,
    )
    saved_search = SavedSearch.objects.create(
        name="Aktive", query="status=aktiv", by=people["own"], shared_with=location.edi_administrator
    )
    import_run = ImportRun.objects.create(
        paths=[],
        state=State.WAITING,
        counts={"locations": {"new": 0, "changed": 0, "closed": 9, "unchanged": 91}},
    )
    builders.mapped("Clinea")
    approvals = builders.approval_list(("Clinea (LPS)", "DIS91 (D9134L)", "certified"))
    preview = builders.approval_list(("Clinea (LPS)", "DIS91 (D9134L)", "certified"), accepted=False)
    return {
        **people,
        "approvals": approvals.pk,
        "preview": preview.pk,
        "gln": location.gln,
        "done": done.pk,
        "draft": planned("KMD").pk,
        "saved_search": saved_search.pk,
        "mass_update": mass_update.pk,
        "import_run": import_run.pk,
        "catalogue_draft": catalogue_draft.pk,
    }
