"""`manage.py change_set`: plan, show, apply and undo by script; what it prints and how it ends."""

from __future__ import annotations

import base64
import io
import json
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import redis
from django.conf import settings
from django.core.management import CommandError, call_command

from locations import changes
from locations.models import (
    ChangeSet,
    EdiType,
    LocationNumber,
    System,
)
from soredi.jobs import State
from soredi.models import User
from tests import builders
from tests.builders import approval_list, edi_type, location, mapped, user

ROOT = Path(__file__).resolve().parents[2]
ONE, TWO, THREE = "5790000000012", "5790000000029", "5790000000036"


@pytest.fixture
def types(db: None) -> list[EdiType]:
    return [
        edi_type("DIS91", "D9134L", sor_id="1001"),
        edi_type("CTL01", "C0130Q", sor_id="1005"),
        edi_type("REF06", "H0630R"),
        edi_type("REF06", "H0631R"),
    ]


@pytest.fixture
def numbers(types: list[EdiType]) -> list[LocationNumber]:
    return [
        location(ONE, vans="KMD", edi_types=types[:1]),
        location(TWO, vans="KMD", edi_administrator="116"),
        location(THREE, vans="MultiMed", system="XMO", vendor="CGM"),
    ]


def run(*arguments: str) -> tuple[int, dict[str, Any]]:
    """The exit code and the summary, which is the last line of stdout."""
    out = io.StringIO()
    code: Any = 0
    try:
        call_command("change_set", *arguments, stdout=out)
    except SystemExit as ended:
        code = ended.code
    return code, json.loads(out.getvalue().splitlines()[-1])


def wrong(*arguments: str) -> str:
    """What is said of a command that cannot be carried out as it stands; a real process ends with 2."""
    out = io.StringIO()
    with pytest.raises(CommandError) as error:
        call_command("change_set", *arguments, stdout=out)
    assert (error.value.returncode, out.getvalue()) == (2, "")
    return str(error.value)


def vans() -> dict[str, str]:
    return {n.gln: n.vans.code for n in LocationNumber.objects.select_related("vans")}


def held() -> dict[str, list[str]]:
    known = {t.pk: str(t) for t in EdiType.objects.all()}
    return {n.gln: sorted(known[pk] for pk in n.edi_types) for n in LocationNumber.objects.all()}


def test_a_plan_changes_nothing_and_says_what_it_would_do(numbers: list[LocationNumber]) -> None:
    code, summary = run("plan", "--query", "vans=KMD", "--vans", "MultiMed", "--reason", "New agreement")
    planned = ChangeSet.objects.latest("pk")
    assert (code, summary) == (
        0,
        {
            "change_set": planned.pk,
            "state": "draft",
            "source": "edit",
            "chosen": 2,
            "changed": 2,
            "unchanged": 0,
            "added": 0,
            "removed": 0,
            "edi_types": {},
            "fields": {"vans": 2},
        },
    )
    assert (planned.by, planned.reason) == (None, "New agreement")
    assert vans() == {ONE: "KMD", TWO: "KMD", THREE: "MultiMed"}


def test_what_was_planned_is_shown_applied_and_undone(numbers: list[LocationNumber]) -> None:
    _code, planned = run("plan", "--query", "vans=KMD", "--vans", "MultiMed")
    pk = str(planned["change_set"])
    assert run("show", pk) == (0, planned)
    assert run("apply", pk) == (0, planned | {"state": "done"})
    assert set(vans().values()) == {"MultiMed"}
    assert run("show", pk) == (0, planned | {"state": "done"})
    code, undo = run("undo", pk, "--reason", "By mistake")
    assert (code, undo["state"], undo["source"], undo["changed"], undo["kept_total"]) == (
        0,
        "draft",
        "undo",
        2,
        0,
    )
    assert set(vans().values()) == {"MultiMed"}
    assert run("apply", str(undo["change_set"]))[0] == 0
    assert vans() == {ONE: "KMD", TWO: "KMD", THREE: "MultiMed"}
    assert ChangeSet.objects.get(pk=undo["change_set"]).reason == "By mistake"


def test_plan_and_undo_are_carried_out_at_once_with_apply(numbers: list[LocationNumber]) -> None:
    code, done = run("plan", "--query", f"gln={ONE}", "--vans", "MultiMed", "--apply")
    assert (code, done["state"], vans()[ONE]) == (0, "done", "MultiMed")
    code, undone = run("undo", str(done["change_set"]), "--apply")
    assert (code, undone["state"], undone["source"], vans()[ONE]) == (0, "done", "undo", "KMD")


@pytest.mark.parametrize(
    ("wanted", "after", "added", "removed"),
    [
        (["--add", "1005"], ["CTL01 C0130Q", "DIS91 D9134L"], 1, 0),
        (["--add", "CTL01"], ["CTL01 C0130Q", "DIS91 D9134L"], 1, 0),
        (["--add", "REF06 H0631R", "1005", "--remove", "DIS91"], ["CTL01 C0130Q", "REF06 H0631R"], 2, 1),
        (["--replace", "REF06 H0630R", "DIS91 D9134L"], ["DIS91 D9134L", "REF06 H0630R"], 1, 0),
        (["--replace"], [], 0, 1),
        (["--add", "1001"], ["DIS91 D9134L"], 0, 0),
        (["--remove-all", "--add", "1005"], ["CTL01 C0130Q"], 1, 1),
        (["--swap-from", "1001", "--swap-to", "REF06 H0631R"], ["REF06 H0631R"], 1, 1),
        (["--swap-from", "1005", "--swap-to", "REF06 H0631R"], ["DIS91 D9134L"], 0, 0),
    ],
)
def test_edi_types_are_added_removed_or_stated_whole(
    numbers: list[LocationNumber], wanted: list[str], after: list[str], added: int, removed: int
) -> None:
    before = held()
    code, summary = run("plan", "--query", f"gln={ONE}", *wanted, "--apply")
    assert (code, summary["state"], summary["added"], summary["removed"]) == (0, "done", added, removed)
    assert held() == before | {ONE: after}


def test_system_and_vendor_are_set_together(numbers: list[LocationNumber]) -> None:
    code, summary = run("plan", "--query", "", "--system", "XMO", "--vendor", "CGM", "--apply")
    assert (code, summary["chosen"], summary["changed"], summary["fields"]) == (
        0,
        3,
        2,
        {"system": 2, "vendor": 2},
    )


def test_a_system_without_a_vendor_takes_its_usual_one(numbers: list[LocationNumber]) -> None:
    code, summary = run("plan", "--query", f"gln={ONE}", "--system", "XMO", "--apply")
    assert (code, summary["fields"]) == (0, {"system": 1, "vendor": 1})
    assert str(LocationNumber.objects.get(gln=ONE).vendor) == "CGM"


def test_a_query_that_finds_nothing_is_a_plan_for_nothing(numbers: list[LocationNumber]) -> None:
    code, summary = run("plan", "--query", "gln=5790000000098", "--vans", "KMD", "--apply")
    assert (code, summary["state"], summary["chosen"]) == (0, "done", 0)


def test_a_user_plans_for_its_own_numbers_only(numbers: list[LocationNumber]) -> None:
    user("anna", administrators=["102"])
    code, summary = run("plan", "--query", "", "--vans", "MultiMed", "--user", "anna", "--apply")
    assert (code, summary["chosen"], summary["changed"]) == (0, 2, 1)
    assert vans() == {ONE: "MultiMed", TWO: "KMD", THREE: "MultiMed"}


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["plan", "--query", "colour=red", "--vans", "KMD"], "colour"),
        (["plan", "--query", "vans=Nowhere", "--vans", "KMD"], "Nowhere"),
        (["plan", "--query", "", "--vans", "Nowhere"], "Nowhere"),
        (["plan", "--query", "", "--add", "DIS92"], "DIS92"),
        (["plan", "--query", "", "--remove", "1001", "REF06"], "H0630R"),
        (["plan", "--query", "", "--replace", "9"], "9"),
        (["plan", "--query", "", "--vans", "KMD", "--user", "nobody"], "nobody"),
        (["plan", "--query", "", "--vans", "KMD", "--user", "left"], "left"),
        (["plan", "--query", ""], "Vælg, hvad der skal ændres."),
        (["plan", "--query", "", "--system", "Nova"], "--vendor"),
        (["plan", "--query", "", "--vendor", "CGM"], "--system"),
        (["plan", "--query", "", "--add", "1001", "--remove", "1001"], "--remove"),
        (["plan", "--query", "", "--swap-from", "1001"], "--swap-to"),
        (["plan", "--query", "", "--swap-from", "1001", "--swap-to", "1001"], "--swap-to"),
        (["plan", "--query", "", "--remove-all", "--remove", "1001"], "--remove-all"),
        (["plan", "--query", "", "--note", "x", "--clear-note"], "--note"),
        (["plan", "--query", "", "--note", "x" * 255], "--note"),
        (["plan", "--query", "", "--edi-administrator", "Nowhere"], "Nowhere"),
        (["plan", "--query", "", "--add", "Retired R1"], "--add"),
        (["plan", "--query", "", "--add", "1001", "--replace", "1005"], "whole set"),
        (["plan", "--query", "", "--replace", "--remove", "1005"], "whole set"),
        (["show", "4711"], "4711"),
        (["apply", "4711"], "4711"),
        (["undo", "4711"], "4711"),
        (["apply", "0", "--user", "nobody"], "0"),
    ],
)
def test_wrong_usage_is_told_apart_and_leaves_nothing(
    numbers: list[LocationNumber], arguments: list[str], named: str
) -> None:
    user("left")
    User.objects.update(is_active=False)
    builders.code(System, "Nova")
    edi_type("Retired", "R1", retired_on=date(2020, 1, 1))
    made = ChangeSet.objects.count()
    assert named in wrong(*arguments)
    assert ChangeSet.objects.count() == made


@pytest.mark.parametrize(
    ("arguments", "named"),
    [([], "verb"), (["show"], "id"), (["show", "all"], "all"), (["plan", "--vans", "KMD"], "--query")],
)
def test_what_is_missing_is_named(arguments: list[str], named: str) -> None:
    """argparse ends a real process with 2; in this one it raises."""
    with pytest.raises(CommandError, match=named):
        call_command("change_set", *arguments)


def test_an_operation_of_somebody_else_is_refused(numbers: list[LocationNumber]) -> None:
    user("anna", administrators=["102"])
    user("root", staff=True)
    _code, planned = run("plan", "--query", f"gln={ONE}", "--vans", "MultiMed", "--user", "anna")
    pk = str(planned["change_set"])
    bo = user("bo", administrators=["102"]).username
    code, summary = run("apply", pk, "--user", bo)
    assert (code, summary["state"], bool(summary["message"])) == (1, "refused", True)
    assert ChangeSet.objects.get(pk=pk).state == State.DRAFT
    assert run("apply", pk, "--user", "root")[0] == 0
    done = ChangeSet.objects.get(pk=pk)
    assert (str(done.by), str(done.applied_by), done.carried_out_by_another) == ("anna", "root", True)
    # A script without --user carries out what anybody planned, with that person's rights.
    _code, planned = run("plan", "--query", f"gln={ONE}", "--vans", "KMD", "--user", "anna")
    User.objects.get(username="anna").edi_administrators.clear()
    code, summary = run("apply", str(planned["change_set"]))
    assert (code, summary["state"], ONE in summary["message"]) == (1, "refused", False)
    assert vans()[ONE] == "MultiMed"


def test_only_administrators_ask_for_a_vendor(numbers: list[LocationNumber]) -> None:
    user("anna", administrators=["102"])
    code, summary = run("plan", "--query", "leverandoer=CGM", "--vans", "KMD", "--user", "anna")
    assert (code, summary["state"], bool(summary["message"])) == (1, "refused", True)
    assert run("plan", "--query", "leverandoer=CGM", "--vans", "KMD")[1]["chosen"] == 1


def test_a_stale_plan_is_refused_and_names_the_number(numbers: list[LocationNumber]) -> None:
    _code, late = run("plan", "--query", "vans=KMD", "--vans", "MultiMed")
    run("plan", "--query", f"gln={TWO}", "--add", "1001", "--apply")
    code, summary = run("apply", str(late["change_set"]))
    assert (code, summary["state"]) == (1, "refused")
    assert TWO in summary["message"] and ONE not in summary["message"]
    assert run("show", str(late["change_set"])) == (1, summary), (
        "a script that asks later gets the same answer"
    )
    assert vans() == {ONE: "KMD", TWO: "KMD", THREE: "MultiMed"}


def test_a_change_set_is_carried_out_once(numbers: list[LocationNumber]) -> None:
    _code, done = run("plan", "--query", f"gln={ONE}", "--vans", "MultiMed", "--apply")
    code, summary = run("apply", str(done["change_set"]))
    assert (code, summary["state"], "udført" in summary["message"]) == (1, "refused", True)
    assert run("show", str(done["change_set"])) == (0, done)


def test_what_cannot_be_undone_is_refused(numbers: list[LocationNumber]) -> None:
    user("anna", administrators=["102"])
    _code, planned = run("plan", "--query", "vans=KMD", "--vans", "MultiMed")
    first = str(numbers[0].version.change_set_id)
    for pk in (first, str(planned["change_set"])):
        code, summary = run("undo", pk, "--apply")
        assert (code, summary["state"], bool(summary["message"])) == (1, "refused", True)
    run("apply", str(planned["change_set"]))
    user("carla", administrators=["999"])
    made = ChangeSet.objects.count()
    code, summary = run("undo", str(planned["change_set"]), "--user", "carla")
    assert (code, summary["state"], TWO in summary["message"]) == (1, "refused", False)
    assert (ChangeSet.objects.count(), set(vans().values())) == (made, {"MultiMed"})
    code, summary = run("undo", str(planned["change_set"]), "--user", "anna")
    assert (code, summary["chosen"], summary["not_yours"]) == (0, 1, 1)


def test_undo_lists_what_it_leaves(numbers: list[LocationNumber]) -> None:
    _code, done = run("plan", "--query", "vans=KMD", "--vans", "MultiMed", "--apply")
    location("5790000000043", vans="Dataregion")
    run("plan", "--query", f"gln={TWO}", "--vans", "Dataregion", "--apply")
    code, undo = run("undo", str(done["change_set"]), "--apply")
    assert (code, undo["state"], undo["kept"], undo["kept_total"]) == (0, "done", [[TWO, "vans"]], 1)
    assert (vans()[ONE], vans()[TWO]) == ("KMD", "Dataregion")


def test_with_queue_a_worker_is_asked(
    numbers: list[LocationNumber], django_capture_on_commit_callbacks: Any
) -> None:
    with redis.Redis.from_url(settings.REDIS_URL) as broker:
        broker.delete("celery")
        with django_capture_on_commit_callbacks(execute=True):
            code, summary = run("plan", "--query", f"gln={ONE}", "--vans", "MultiMed", "--apply", "--queue")
        messages: list[bytes] = broker.lrange("celery", 0, -1)  # type: ignore[assignment]
        broker.delete("celery")
    assert (code, summary["state"], vans()[ONE]) == (0, "queued", "KMD")
    (body,) = [json.loads(base64.b64decode(json.loads(message)["body"])) for message in messages]
    assert body[0] == [summary["change_set"]]
    assert ChangeSet.run(summary["change_set"], changes.apply).state == State.DONE
    assert run("show", str(summary["change_set"]))[1]["state"] == "done"


def test_a_real_process_ends_with_the_code_that_scripts_rely_on(process_environment: dict[str, str]) -> None:
    location(ONE, vans="KMD")
    location(TWO, vans="MultiMed")

    def manage(*arguments: str) -> tuple[int, list[bytes]]:
        done = subprocess.run(
            [sys.executable, "manage.py", "change_set", *arguments],
            cwd=ROOT,
            env=process_environment,
            capture_output=True,
            check=False,
        )
        return done.returncode, done.stdout.splitlines()

    code, said = manage("plan", "--query", f"gln={ONE}", "--vans", "MultiMed", "--apply")
    summary = json.loads(said[-1])
    assert (code, summary["state"], vans()[ONE]) == (0, "done", "MultiMed")
    code, said = manage("apply", str(summary["change_set"]))
    assert (code, json.loads(said[-1])["state"]) == (1, "refused")
    assert manage("show", "4711") == (2, [])
    assert manage("show") == (2, [])


@pytest.mark.django_db
def test_a_plan_with_warnings_is_carried_out_only_when_they_are_accepted(settings: Any) -> None:
    location(system="Nova")
    clinea, dis91 = mapped("Clinea", "Clinea (LPS)"), edi_type()
    approval_list(("Clinea (LPS)", dis91, "refused"))
    code, summary = run("plan", "--query", "", "--add", "DIS91 D9134L", "--apply", "--reason", "x")
    draft = ChangeSet.objects.latest("pk")
    assert (code, summary["state"], draft.state) == (1, "refused", "draft")
    assert f"{draft.pk} har advarsler (unmapped_system)" in summary["message"]
    assert run("apply", str(draft.pk), "--accept-warnings")[1]["state"] == "done"
    settings.CERTIFICATION = "error"
    location(system=clinea)
    query = f"system={clinea.code}"
    again = (
        "plan",
        "--query",
        query,
        "--add",
        "DIS91 D9134L",
        "--apply",
        "--accept-warnings",
        "--reason",
        "x",
    )
    assert run(*again)[0] == 1
    assert ChangeSet.objects.latest("pk").state == "draft"
