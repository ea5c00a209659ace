"""`manage.py change_set plan` asks what the form of Ret valgte asks, by the same names and rules."""

from __future__ import annotations

import contextlib
import io
import json
from typing import Any

import pytest
from django.core.management import call_command

from locations.editing import EditForm
from locations.management.commands.change_set import Command
from locations.models import (
    PROFILE_COLUMNS,
    ChangeSet,
    EdiAdministrator,
    EdiType,
    System,
    Vans,
    Vendor,
)
from tests.builders import approval_list, edi_type, location, mapped, user

pytestmark = pytest.mark.django_db


@pytest.fixture
def numbers() -> None:
    dis91, ctl01 = edi_type("DIS91", "D9134L", sor_id="1001"), edi_type("CTL01", "C0130Q", sor_id="1005")
    location(edi_types=[dis91])
    location(edi_administrator="116")
    location(vans="MultiMed", system="Nova", vendor="CGM", inactive=True)
    location(system=mapped("XMO", "XMO (LPS)"), vendor="CGM", note="Gammel")
    approval_list(("XMO (LPS)", ctl01, "certified"))


def planned(*arguments: str) -> tuple[int, dict[str, Any]]:
    """The exit code and the summary."""
    out, ended = io.StringIO(), 0
    try:
        call_command("change_set", "plan", *arguments, stdout=out, stderr=io.StringIO())
    except SystemExit as end:
        ended = int(end.code or 0)
    return ended, json.loads(out.getvalue().splitlines()[-1])


# Field of the form → what the command is given, and what the page posts: keys of rows where the page has them.
OPERATIONS: dict[str, tuple[list[str], dict[str, Any]]] = {
    "vans": (["--vans", "MultiMed"], {"vans": (Vans, "MultiMed")}),
    "system": (
        ["--system", "XMO", "--vendor", "CGM"],
        {"system": (System, "XMO"), "vendor": (Vendor, "CGM")},
    ),
    "usual vendor": (["--system", "XMO"], {"system": (System, "XMO")}),
    "EDI administrator": (["--edi-administrator", "116"], {"edi_administrator": (EdiAdministrator, "116")}),
    "add and remove": (["--add", "1005", "--remove", "1001"], {"add": ["1005"], "remove": ["1001"]}),
    "add certified": (["--add-certified"], {"add_certified": "on"}),
    "all but": (["--remove-all", "--add", "1005"], {"remove_all": "on", "add": ["1005"]}),
    "whole set": (["--replace", "1005"], {"remove_all": "on", "add": ["1005"]}),
    "swap": (["--swap-from", "1001", "--swap-to", "1005"], {"swap_from": ["1001"], "swap_to": ["1005"]}),
    "only internal": (["--only-internal", "ja"], {"only_internal": "ja"}),
    "active": (["--inactive", "nej"], {"inactive": "nej"}),
    "note": (["--note", "Ring først"], {"note": "Ring først"}),
    "no note": (["--clear-note"], {"clear_note": "on"}),
    "several": (
        ["--vans", "MultiMed", "--note", "x", "--inactive", "ja", "--add", "1005"],
        {"vans": (Vans, "MultiMed"), "note": "x", "inactive": "ja", "add": ["1005"]},
    ),
}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_what_the_command_plans_is_what_the_page_plans(numbers: None, client: Any, operation: str) -> None:
    arguments, asked = OPERATIONS[operation]
    ended, summary = planned("--query", "", *arguments)
    by_command = ChangeSet.objects.get(pk=summary["change_set"])

    def posted(value: Any) -> Any:
        if isinstance(value, list):
            return [EdiType.objects.get(sor_id=one).pk for one in value]
        return value[0].objects.get(code=value[1]).pk if isinstance(value, tuple) else value

    client.force_login(user("root", staff=True))
    form = {"omfang": "alle", "soegning": "", "reason": "x"}
    answer = client.post("/lokationsnumre/ret/", form | {name: posted(one) for name, one in asked.items()})
    by_page = ChangeSet.objects.latest("pk")
    assert (ended, answer.status_code) == (0, 302)
    assert by_page.pk > by_command.pk and by_page.counts == by_command.counts
    assert plan_of(by_page) == plan_of(by_command) != []


def plan_of(change_set: ChangeSet) -> list[tuple[Any, ...]]:
    return list(change_set.versions.order_by("location").values_list("location", *PROFILE_COLUMNS))


def test_the_command_knows_every_field_of_the_form() -> None:
    out = io.StringIO()
    with pytest.raises(SystemExit), contextlib.redirect_stdout(out):
        Command().create_parser("manage.py", "change_set").parse_args(["plan", "--help"])
    assert [
        name for name in EditForm.base_fields if f"--{name.replace('_', '-')}" not in out.getvalue()
    ] == []


def test_only_administrators_change_the_edi_administrator_by_command(numbers: None) -> None:
    user("anna", administrators=["102"])
    made = ChangeSet.objects.count()
    ended, summary = planned("--query", "", "--edi-administrator", "116", "--user", "anna")
    assert (ended, summary["state"], bool(summary["message"])) == (1, "refused", True)
    assert ChangeSet.objects.count() == made


def test_without_a_list_of_approvals_nothing_is_added_as_certified() -> None:
    location(system="XMO")
    ended, summary = planned("--query", "", "--add-certified")
    assert (ended, summary["state"], "godkend" in summary["message"]) == (1, "refused", True)
