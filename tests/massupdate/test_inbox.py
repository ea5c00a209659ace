"""Files laid in an EDI administrator's folder are carried out or refused, once, with a receipt beside them."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache

from locations import changes
from locations.models import ChangeSet, EdiAdministrator, LocationNumber
from massupdate import actions, inbox
from massupdate.models import MassUpdate
from soredi.jobs import State
from tests.builders import code, user
from tests.massupdate.running import NOBODYS, ONE, THREE, TWO, sets
from tests.workbooks import workbook

pytestmark = pytest.mark.django_db


@pytest.fixture
def root(settings: Any, tmp_path: Path, number: Any) -> Path:
    """The inbox, with a folder for EDI administrator 102; ONE is its number, TWO is that of 116."""
    cache.clear()
    settings.INBOX = str(tmp_path / "inbox")
    (tmp_path / "inbox" / "102").mkdir(parents=True)
    number(ONE, "1001", edi_administrator="102")
    number(TWO, "1001", edi_administrator="116")
    return tmp_path / "inbox"


def lay(root: Path, name: str, *lines: str, folder: str = "102") -> Path:
    path = root / folder / name
    path.write_text("\r\n".join(["Loknr;EdiId", *lines, ""]))
    return path


def work() -> None:
    """What a worker does with what is queued."""
    for update in MassUpdate.objects.filter(state=State.QUEUED):
        MassUpdate.run(update.pk, actions.check_and_plan)
    for change_set in ChangeSet.objects.filter(state=State.QUEUED):
        ChangeSet.run(change_set.pk, changes.apply)


def swept(times: int = 5) -> dict[str, int]:
    """Sweep and work in turn; all that was told."""
    told = {"taken": 0, "done": 0, "refused": 0}
    for _time in range(times):
        for name, count in inbox.sweep().items():
            told[name] += count
        work()
    return told


def names(root: Path, place: str) -> list[str]:
    folder = root / "102" / place
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def receipt(root: Path, place: str) -> dict[str, Any]:
    (path,) = (root / "102" / place).glob("*.json")
    return dict(json.loads(path.read_text()))


def test_a_file_is_carried_out_and_comes_back_with_its_receipt(root: Path) -> None:
    path = lay(root, "maj.csv", f"{ONE};1001", f"{ONE};1002")
    content = path.read_bytes()
    assert swept() == {"taken": 1, "done": 1, "refused": 0}
    update = MassUpdate.objects.get()
    final = f"{update.pk}-maj.csv"
    assert names(root, "done") == [final, f"{final}.json", f"{final}.txt"]
    assert (root / "102" / "done" / final).read_bytes() == content
    assert not path.exists() and names(root, ".taken") == []
    told = receipt(root, "done")
    assert (told["state"], told["changed"], told["added"], told["removed"]) == ("done", 1, 1, 0)
    assert (told["file"], told["sha256"], told["same_as"]) == ("maj.csv", update.sha256, None)
    said = (root / "102" / "done" / f"{final}.txt").read_text("utf-8-sig")
    assert "Udført: 1 af 1 lokationsnumre er ændret." in said
    assert sets() == {ONE: "1001 1002", TWO: "1001"}
    assert (update.by, update.edi_administrator, update.change_set.reason) == (
        None,
        code_102(),
        "102/maj.csv",
    )
    assert swept() == {"taken": 0, "done": 0, "refused": 0}, "and that was all"


def code_102() -> Any:
    return code(EdiAdministrator, "102")


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ([f"{ONE};1001", f"{TWO};1002"], [(3, "not_permitted")]),  # with the rights of its folder only
        ([f"{ONE};1001", f"{NOBODYS};1001"], [(3, "unknown_location")]),
        ([f"{ONE};"], [(2, "removes_all")]),  # a warning that nobody is there to tick
        ([], [(1, "empty_file")]),
    ],
)
def test_errors_and_warnings_refuse_a_file(
    root: Path, lines: list[str], found: list[tuple[int, str]]
) -> None:
    lay(root, "maj.csv", *lines)
    assert swept() == {"taken": 1, "done": 0, "refused": 1}
    told = receipt(root, "refused")
    assert told["state"] == "refused"
    assert [(f["line"], f["code"]) for f in told["errors"] + told["warnings"]] == found
    assert len(names(root, "refused")) == 4, "the file, two receipts, and all findings by line"
    assert sets() == {ONE: "1001", TWO: "1001"}
    assert not ChangeSet.objects.filter(state=State.DRAFT).exists()


def test_warnings_pass_where_the_setting_says_so(root: Path, settings: Any) -> None:
    settings.INBOX_ACCEPT_WARNINGS = True
    lay(root, "maj.csv", f"{ONE};")
    assert swept() == {"taken": 1, "done": 1, "refused": 0}
    assert [w["code"] for w in receipt(root, "done")["warnings"]] == ["removes_all"]
    assert sets()[ONE] == ""


def test_a_file_is_left_until_it_grows_no_more(root: Path) -> None:
    path = lay(root, "maj.csv", f"{ONE};1001")
    assert inbox.sweep()["taken"] == 0, "seen for the first time"
    with path.open("a") as file:
        file.write(f"{ONE};1002\r\n")
    assert inbox.sweep()["taken"] == 0, "it has grown"
    os.utime(path, ns=(0, 0))
    assert inbox.sweep()["taken"] == 0, "its time has moved"
    assert inbox.sweep()["taken"] == 1
    hidden = lay(root, ".juni.csv", f"{ONE};1001")
    swept()
    assert hidden.exists(), "a name to write under, and rename from"


def test_the_same_file_again_changes_nothing_and_says_so(root: Path) -> None:
    lay(root, "maj.csv", f"{ONE};1001", f"{ONE};1002")
    swept()
    lay(root, "maj.csv", f"{ONE};1001", f"{ONE};1002")
    assert swept() == {"taken": 1, "done": 1, "refused": 0}
    first, again = MassUpdate.objects.order_by("pk")
    told = json.loads((root / "102" / "done" / f"{again.pk}-maj.csv.json").read_text())
    assert (told["same_as"], told["changed"], told["state"]) == (first.pk, 0, "done")
    assert len(names(root, "done")) == 6, "both are kept"


@pytest.mark.parametrize("cut", range(1, 12))
def test_a_sweep_that_is_cut_short_anywhere_is_gone_on_with_and_nothing_is_done_twice(
    root: Path, monkeypatch: pytest.MonkeyPatch, cut: int
) -> None:
    """Each call by which a sweep touches a file or a job may be the last one of a process."""
    lay(root, "maj.csv", f"{ONE};1001", f"{ONE};1002")
    left = [cut]

    class Killed(BaseException):
        pass

    def counting(function: Any) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            left[0] -= 1
            if left[0] == 0:
                raise Killed
            return function(*args, **kwargs)

        return call

    with monkeypatch.context() as patch:
        for name in ("rename", "mkdir"):
            patch.setattr(inbox.os, name, counting(getattr(os, name)))
        for owner, name in (
            (actions, "hand_in"),
            (inbox, "_write"),
            (MassUpdate, "enqueue"),
            (ChangeSet, "enqueue"),
        ):
            patch.setattr(owner, name, counting(getattr(owner, name)))
        with suppress(Killed):
            swept()
    swept(6)
    update = MassUpdate.objects.get()
    final = f"{update.pk}-maj.csv"
    assert [name for name in names(root, "done") if not name.startswith(".")] == [
        final,
        f"{final}.json",
        f"{final}.txt",
    ]
    assert (names(root, ".taken"), sets()[ONE]) == ([], "1001 1002")
    assert ChangeSet.objects.filter(source="massupdate").count() == 1


def test_links_are_never_followed(root: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text(f"Loknr;EdiId\r\n{ONE};1002\r\n")
    (root / "102" / "maj.csv").symlink_to(secret)
    assert swept() == {"taken": 0, "done": 0, "refused": 1}
    assert receipt(root, "refused")["message"] == "Det er et link og ikke en fil. Læg selve filen her."
    assert sets()[ONE] == "1001" and secret.exists()
    assert not MassUpdate.objects.exists()


@pytest.mark.parametrize("place", [".taken", "done", "refused"])
def test_a_folder_that_is_a_link_is_not_written_to(root: Path, tmp_path: Path, place: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (root / "102" / place).symlink_to(elsewhere)
    lay(root, "maj.csv", f"{ONE};1001", f"{ONE};1002" if place == "done" else f"{NOBODYS};1001")
    swept()
    assert list(elsewhere.iterdir()) == []


def test_the_folder_itself_may_not_be_a_link_and_must_be_an_edi_administrators(root: Path) -> None:
    (root / "116").symlink_to(root / "102")
    (root / "999").mkdir()
    stray = lay(root, "maj.csv", f"{ONE};1002", folder="999")
    assert swept() == {"taken": 0, "done": 0, "refused": 0}
    assert stray.exists()


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("år 1 (ny).csv", "år 1 (ny).csv"),
        ("a\nb;$(rm).csv", "a_b_(rm).csv"),
        ("-rf.csv", "-rf.csv"),
        ("x" * 240 + ".xlsx", "x" * 95 + ".xlsx"),
        (os.fsdecode(b"\xe6.csv"), "fil.csv"),
    ],
)
def test_names_are_made_safe(root: Path, name: str, shown: str) -> None:
    (root / "102" / name).write_bytes(workbook([(ONE, "1001"), (ONE, "1002")]))
    assert swept()["done"] == 1
    update = MassUpdate.objects.get()
    assert names(root, "done")[0] == f"{update.pk}-{shown}"


def test_what_is_no_file_is_left_alone(root: Path) -> None:
    (root / "102" / "folder").mkdir()
    os.mkfifo(root / "102" / "pipe.csv")
    (root / "102" / ".taken").mkdir()
    (root / "102" / ".taken" / "mine.csv").write_text(f"Loknr;EdiId\r\n{ONE};1002\r\n")
    assert swept() == {"taken": 0, "done": 0, "refused": 0}
    assert sets()[ONE] == "1001"


def test_its_people_see_it_and_undo_it_and_others_do_not(root: Path, client: Any) -> None:
    lay(root, "maj.csv", f"{ONE};1001", f"{ONE};1002")
    swept()
    update = MassUpdate.objects.get()
    seen = {}
    for name, codes in {"anna": ["102"], "bo": ["116"], "carl": []}.items():
        client.force_login(user(name, administrators=codes))
        seen[name] = client.get(f"/masseopdatering/{update.pk}/").status_code
    assert seen == {"anna": 200, "bo": 404, "carl": 404}
    client.force_login(user("dina", administrators=["102"]))
    page = client.get("/masseopdatering/").content.decode()
    assert "maj.csv" in page
    client.post(f"/aendringer/{update.change_set_id}/fortryd/", {"reason": "Forkert fil"})
    ChangeSet.objects.get(undoes=update.change_set).run_here(changes.apply)
    assert sets()[ONE] == "1001"


def test_wherever_it_is_told_who_did_it_the_inbox_is_named(root: Path, client: Any) -> None:
    EdiAdministrator.objects.filter(code="102").update(name="Region Syd")
    lay(root, "maj.csv", f"{ONE};1001", f"{ONE};1002")
    swept()
    update = MassUpdate.objects.get()
    client.force_login(user("dina", administrators=["102"]))
    pages = [
        "/",
        "/aendringer/",
        f"/aendringer/{update.change_set_id}/",
        f"/lokationsnumre/{ONE}/",
        "/masseopdatering/",
        f"/masseopdatering/{update.pk}/",
    ]
    assert [
        page for page in pages if "indbakken for Region Syd" not in client.get(page).content.decode()
    ] == []
    for file in ("/aendringer/?format=csv", f"/lokationsnumre/{ONE}/?format=csv"):
        content = b"".join(client.get(file).streaming_content).decode()
        assert ";indbakken for Region Syd;" in content


def test_a_number_that_leaves_the_edi_administrator_before_it_is_carried_out_refuses_the_file(
    root: Path,
) -> None:
    lay(root, "maj.csv", f"{ONE};1001", f"{ONE};1002")
    for _time in range(3):
        inbox.sweep()
        for update in MassUpdate.objects.filter(state=State.QUEUED):
            MassUpdate.run(update.pk, actions.check_and_plan)
    changes.plan(
        locations=LocationNumber.objects.filter(gln=ONE),
        by=None,
        edi_administrator=code(EdiAdministrator, "116"),
    ).run_here(changes.apply)
    swept()
    assert (names(root, "done"), sets()[ONE]) == ([], "1001")
    assert ONE in receipt(root, "refused")["message"]


def test_one_full_or_forbidden_folder_does_not_stop_the_others(
    root: Path, number: Any, caplog: pytest.LogCaptureFixture
) -> None:
    number(THREE, "1001", edi_administrator="106")
    (root / "106").mkdir()
    (root / "102" / ".taken").write_text("in the way")
    lay(root, "maj.csv", f"{ONE};1002")
    lay(root, "maj.csv", f"{THREE};1001", f"{THREE};1002", folder="106")
    assert swept() == {"taken": 1, "done": 1, "refused": 0}
    assert "102" in caplog.text
    assert sets() == {ONE: "1001", TWO: "1001", THREE: "1001 1002"}


def test_without_the_setting_nothing_is_looked_at(root: Path, settings: Any) -> None:
    settings.INBOX = ""
    lay(root, "maj.csv", f"{ONE};1002")
    assert swept() == {"taken": 0, "done": 0, "refused": 0}
