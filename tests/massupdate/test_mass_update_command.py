"""What scripts rely on: the summary on the last line, the exit code, and that a real process keeps to both."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from locations import changes
from locations.models import ChangeSet, LocationNumber
from massupdate.models import MassUpdate
from soredi.models import User
from tests.builders import edi_type, location, user
from tests.massupdate.running import NOBODYS, ONE, TWO, sets

ROOT = Path(__file__).resolve().parents[2]


def test_the_summary_of_a_plan_without_findings(mass_update, number) -> None:
    number(ONE, "1001")
    answer = mass_update(f"{ONE};1002\r\n{ONE};1001\r\n")
    assert answer.exit_code == 0
    assert answer.summary == {
        "change_set": ChangeSet.objects.latest("pk").pk,
        "state": "draft",
        "locations": 1,
        "changed": 1,
        "added": 1,
        "removed": 0,
        "errors": [],
        "warnings": [],
    }


def test_the_summary_of_a_file_with_errors(mass_update, number) -> None:
    number(ONE, "1001 1002 1003")
    answer = mass_update(f"{ONE};1001\r\n{NOBODYS};1001\r\n")
    messages = [answer.summary[sort][0].pop("message") for sort in ("errors", "warnings")]
    assert answer.exit_code == 1
    assert answer.summary.pop("message")
    assert answer.summary == {
        "change_set": None,
        "state": "refused",
        "locations": 2,
        "changed": 0,
        "added": 0,
        "removed": 0,
        "errors": [{"line": 3, "code": "unknown_location", "value": NOBODYS}],
        "warnings": [{"line": 2, "code": "large_loss", "value": ONE}],
    }
    assert all(messages)


@pytest.mark.parametrize(
    ("options", "exit_code", "state", "after"),
    [
        ([], 0, "draft", "1001"),
        (["--accept-warnings"], 0, "draft", "1001"),
        (["--apply"], 1, "draft", "1001"),
        (["--apply", "--accept-warnings"], 0, "done", ""),
    ],
)
def test_warnings_hold_a_change_back_until_they_are_accepted(
    mass_update, number, capsys, options: list[str], exit_code: int, state: str, after: str
) -> None:
    number(ONE, "1001")
    answer = mass_update(f"{ONE};\r\n", *options)
    assert (answer.exit_code, answer.summary["state"], sets()) == (exit_code, state, {ONE: after})
    advice = f"change_set apply {answer.summary['change_set']}"
    assert (advice in capsys.readouterr().err) == (exit_code == 1), "what to do then"


def test_errors_are_not_accepted(mass_update, number) -> None:
    number(ONE, "1001")
    answer = mass_update(f"{ONE};\r\n{NOBODYS};\r\n", "--apply", "--accept-warnings")
    assert (answer.exit_code, sets()) == (1, {ONE: "1001"})


def test_a_number_that_somebody_changes_between_plan_and_apply_refuses_the_whole_file(
    mass_update, number, monkeypatch: pytest.MonkeyPatch
) -> None:
    number(ONE, "1001")
    number(TWO, "1001")
    late = mass_update(f"{ONE};1001\r\n{ONE};1002\r\n{TWO};1001\r\n{TWO};1003\r\n")
    assert mass_update(f"{TWO};1001\r\n{TWO};1005\r\n", "--apply").exit_code == 0
    draft = ChangeSet.objects.get(pk=late.summary["change_set"])
    refused = draft.run_here(changes.apply)
    assert (refused.state, TWO in str(refused.message), ONE in str(refused.message)) == (
        "refused",
        True,
        False,
    )
    assert sets() == {ONE: "1001", TWO: "1001 1005"}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("file", "options"),
    [
        ("nothing-here.csv", []),
        ("folder", []),
        ("mine.csv", ["--user", "nobody"]),
        ("mine.csv", ["--user", "left"]),
        ("mine.csv", ["--user", ""]),
        ("mine.csv", ["--certainly"]),
    ],
)
def test_wrong_usage_is_told_apart_and_leaves_nothing(tmp_path: Path, file: str, options: list[str]) -> None:
    user("left")
    User.objects.update(is_active=False)
    (tmp_path / "folder").mkdir()
    (tmp_path / "mine.csv").write_text("Loknr;EdiId\n")
    with pytest.raises(CommandError) as error:
        call_command("mass_update", str(tmp_path / file), *options)
    assert error.value.returncode == 2 or "--certainly" in options  # argparse ends a real process with 2
    assert not MassUpdate.objects.exists()


def test_a_real_process_exports_and_takes_back_refuses_and_applies(
    process_environment: dict[str, str], tmp_path: Path
) -> None:
    types = [edi_type("DIS91", "D9134L", sor_id="1001"), edi_type("FDIS91", "")]
    location(ONE, edi_types=types)
    location(TWO, edi_types=types[1:], inactive=True)
    user("anna", administrators=["102"])

    def manage(*arguments: str) -> tuple[int, bytes]:
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=process_environment | {"SOREDI_DATA_DIR": str(tmp_path / "data")},
            stdout=subprocess.PIPE,
            check=False,
        )
        return done.returncode, done.stdout

    code, content = manage("export_locations", "--format", "massupdate", "--user", "anna")
    path = tmp_path / "numbers.csv"
    path.write_bytes(content)
    assert code == 0
    code, said = manage("mass_update", str(path), "--user", "anna", "--apply")
    summary = json.loads(said.splitlines()[-1])
    assert (code, summary) == (
        0,
        {
            "change_set": ChangeSet.objects.get(source="massupdate").pk,
            "state": "done",
            "locations": 2,
            "changed": 0,
            "added": 0,
            "removed": 0,
            "errors": [],
            "warnings": [],
        },
    )
    path.write_bytes(content.replace(b";FDIS91\r\n", b";\r\n", 1))
    code, said = manage("mass_update", str(path), "--user", "anna", "--apply")
    assert (code, [w["code"] for w in json.loads(said.splitlines()[-1])["warnings"]]) == (
        1,
        ["duplicate_line"],
    )
    path.write_bytes(content + f"{NOBODYS};1001\r\n".encode())
    code, said = manage("mass_update", str(path), "--apply")
    assert (code, [e["line"] for e in json.loads(said.splitlines()[-1])["errors"]]) == (1, [5])
    assert sets() == {ONE: "1001 FDIS91", TWO: "FDIS91"}
    path.write_bytes(f"Loknr;EdiId\r\n{ONE};dis91\r\n".encode())
    code, said = manage("mass_update", str(path), "--apply")
    assert (code, json.loads(said.splitlines()[-1])["state"], sets()[ONE]) == (0, "done", "1001")
    assert manage("mass_update", str(path), "--user", "nobody")[0] == 2
    assert manage("mass_update", str(path), "--certainly")[0] == 2
    assert LocationNumber.objects.count() == 2
    kept = sorted(one.name for one in (tmp_path / "data" / "files").rglob("*.csv"))
    assert len(kept) == 4
