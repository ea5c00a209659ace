"""Downloads from a real server that is slow, busy, cuts off, lies about lengths or changes the file meanwhile."""

from __future__ import annotations

import random
import socket
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from soredi.tabular import TabularError
from sorimport import download as module
from sorimport.download import PATIENCE, Version, download, fetched
from tests.sorimport.publisher import (
    Publisher,
    another_version,
    cut_off,
    ignores_range,
    in_chunks,
    publishing,
    says,
    slowly,
    well,
    wrong_place,
)

CONTENT = random.Random(4).randbytes(1_000_000)
OTHER = random.Random(5).randbytes(700_000)
ETAG, DAY = '"one"', "Mon, 02 Nov 2026 03:00:00 GMT"
QUICK = PATIENCE.new(total=3, backoff_factor=0.01)
THE_REST = {"Range": "bytes=600000-", "If-Range": ETAG}


def get(publisher: Publisher, folder: Path, **options: Any) -> tuple[Version | None, bytes]:
    """What was said and what is there; nothing must be left beside it."""
    target = folder / "Sor_complete.zip"
    version = download(f"{publisher.url}/Sor_complete.zip", target, patience=QUICK, **options)
    assert [path.name for path in folder.iterdir() if path != target] == []
    return version, target.read_bytes() if target.exists() else b""


def refusal(publisher: Publisher, folder: Path, **options: Any) -> tuple[str, str]:
    with pytest.raises(TabularError) as refused:
        get(publisher, folder, **options)
    assert not (folder / "Sor_complete.zip").exists()
    return refused.value.code, str(refused.value)


def test_a_file_comes_whole_with_its_version(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    with publishing(CONTENT) as publisher:
        got = get(publisher, tmp_path, report=lambda done, total: told.append((done, total)))
    assert got == (Version(ETAG, DAY), CONTENT)
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert publisher.conditions == [{}]


def test_what_is_known_is_not_fetched_again(tmp_path: Path) -> None:
    with publishing(CONTENT) as publisher:
        assert get(publisher, tmp_path, known=Version(ETAG, DAY)) == (None, b"")
        assert get(publisher, tmp_path, known=Version('"before"', DAY)) == (Version(ETAG, DAY), CONTENT)
    assert publisher.conditions == [
        {"If-None-Match": ETAG, "If-Modified-Since": DAY},
        {"If-None-Match": '"before"', "If-Modified-Since": DAY},
    ]


def test_a_connection_that_breaks_is_gone_on_from(tmp_path: Path) -> None:
    with publishing(CONTENT, cut_off(600_000), cut_off(150_000)) as publisher:
        assert get(publisher, tmp_path) == (Version(ETAG, DAY), CONTENT)
    assert publisher.conditions == [{}, THE_REST, THE_REST | {"Range": "bytes=750000-"}]


def test_another_process_goes_on_from_what_the_first_had(tmp_path: Path) -> None:
    def killed(done: int, total: int) -> None:
        if done == 600_000:
            raise KeyboardInterrupt

    with publishing(CONTENT, cut_off(600_000)) as publisher:
        with pytest.raises(KeyboardInterrupt):
            get(publisher, tmp_path, report=killed)
        assert get(publisher, tmp_path, known=Version('"before"')) == (Version(ETAG, DAY), CONTENT)
    assert publisher.conditions == [{}, THE_REST]


def test_a_server_without_ranges_sends_it_all_again(tmp_path: Path) -> None:
    with publishing(CONTENT, cut_off(600_000), ignores_range) as publisher:
        assert get(publisher, tmp_path) == (Version(ETAG, DAY), CONTENT)


def test_a_file_that_changes_between_two_parts_is_fetched_anew(tmp_path: Path) -> None:
    with publishing(CONTENT, cut_off(600_000), another_version(OTHER, '"two"')) as publisher:
        assert get(publisher, tmp_path) == (Version('"two"', DAY), OTHER)
    assert publisher.conditions == [{}, THE_REST]


@pytest.mark.parametrize("by", ["etag", "last_modified"])
def test_the_rest_of_another_version_is_not_added(tmp_path: Path, by: str) -> None:
    """The server takes no notice of If-Range."""
    one, two = {"etag": (ETAG, '"two"'), "last_modified": (DAY, "Tue, 03 Nov 2026 03:00:00 GMT")}[by]
    versions = {"etag": "", "last_modified": "", by: one}

    def rest_of_two(request: Any) -> None:
        request.publisher.content = CONTENT[::-1]
        setattr(request.publisher, by, two)
        request.headers.replace_header("If-Range", two)
        well(request)

    with publishing(CONTENT, cut_off(600_000), rest_of_two, **versions) as publisher:
        assert get(publisher, tmp_path) == (Version(**{by: two}), CONTENT[::-1])
    assert publisher.conditions == [{}, THE_REST | {"If-Range": one}, {}]


def test_a_part_from_the_wrong_place_is_not_added(tmp_path: Path) -> None:
    with publishing(CONTENT, cut_off(600_000), wrong_place) as publisher:
        assert get(publisher, tmp_path) == (Version(ETAG, DAY), CONTENT)
    assert publisher.conditions == [{}, THE_REST, {}]


def test_a_file_that_became_shorter_than_the_part_is_fetched_anew(tmp_path: Path) -> None:
    with publishing(CONTENT, cut_off(600_000), says(416)) as publisher:
        assert get(publisher, tmp_path) == (Version(ETAG, DAY), CONTENT)


def test_a_weak_etag_is_no_word_for_the_same_bytes(tmp_path: Path) -> None:
    with publishing(CONTENT, cut_off(600_000), etag='W/"one"') as publisher:
        assert get(publisher, tmp_path)[1] == CONTENT
    assert publisher.conditions[1] == {"Range": "bytes=600000-", "If-Range": DAY}


def test_without_any_version_a_broken_download_begins_anew(tmp_path: Path) -> None:
    with publishing(CONTENT, cut_off(600_000), etag="", last_modified="") as publisher:
        assert get(publisher, tmp_path) == (Version(), CONTENT)
    assert publisher.conditions == [{}, {}]


def test_a_slow_server_is_waited_for(tmp_path: Path) -> None:
    with publishing(CONTENT, slowly(10, 0.05)) as publisher:
        assert get(publisher, tmp_path)[1] == CONTENT
    assert len(publisher.asked) == 1


def test_a_server_that_falls_silent_is_asked_for_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "READ_TIMEOUT", 0.3)
    awake = threading.Event()

    def falls_silent(request: Any) -> None:
        request.head(200, Content_Length=len(CONTENT), **request.version())
        request.wfile.write(CONTENT[:600_000])
        awake.wait(10)
        request.break_off()

    with publishing(CONTENT, falls_silent) as publisher:
        assert get(publisher, tmp_path)[1] == CONTENT
        awake.set()
    assert publisher.conditions == [{}, THE_REST]


def test_a_file_of_unknown_length_comes_too(tmp_path: Path) -> None:
    with publishing(CONTENT, in_chunks) as publisher:
        assert get(publisher, tmp_path) == (Version(ETAG, DAY), CONTENT)


def test_a_busy_server_is_asked_again(tmp_path: Path) -> None:
    with publishing(CONTENT, says(503), says(500)) as publisher:
        assert get(publisher, tmp_path)[1] == CONTENT
    assert len(publisher.asked) == 3


def test_the_server_says_when_to_come_back(tmp_path: Path) -> None:
    with publishing(CONTENT, says(503, Retry_After=1)) as publisher:
        begun = time.monotonic()
        assert get(publisher, tmp_path)[1] == CONTENT
    assert time.monotonic() - begun >= 1


def test_a_server_that_wants_an_hour_is_not_waited_for(tmp_path: Path) -> None:
    with publishing(CONTENT, says(503, Retry_After=3600)) as publisher:
        assert refusal(publisher, tmp_path) == (
            "not_fetched",
            "Sor_complete.zip: Kunne ikke hentes: serveren beder os komme igen om 60 minutter. Prøv igen senere.",
        )
    assert len(publisher.asked) == 1


def test_a_missing_file_is_not_asked_for_again(tmp_path: Path) -> None:
    with publishing(CONTENT, says(404)) as publisher:
        assert refusal(publisher, tmp_path) == (
            "not_fetched",
            f"Sor_complete.zip: Serveren svarede 404 for {publisher.url}/Sor_complete.zip. Kontrollér adressen.",
        )
    assert len(publisher.asked) == 1


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (says(503), "serveren svarede 503"),
        (cut_off(0), "forbindelsen blev afbrudt igen og igen"),
    ],
)
def test_it_gives_up_in_the_end(tmp_path: Path, answer: Any, why: str) -> None:
    with publishing(CONTENT, *[answer] * 9) as publisher:
        assert refusal(publisher, tmp_path) == (
            "not_fetched",
            f"Sor_complete.zip: Kunne ikke hentes: {why}. Prøv igen senere.",
        )
    assert len(publisher.asked) == 4


def test_nobody_answers(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nobody = Publisher(url=f"http://127.0.0.1:{taken.getsockname()[1]}")
        assert refusal(nobody, tmp_path) == (
            "not_fetched",
            "Sor_complete.zip: Kunne ikke hentes: serveren svarer ikke. Prøv igen senere.",
        )


@pytest.mark.parametrize("answer", [well, in_chunks])
def test_a_file_beyond_the_limit_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: Any
) -> None:
    monkeypatch.setattr(module, "MAX_BYTES", 1 << 19)
    with publishing(CONTENT, answer) as publisher:
        assert refusal(publisher, tmp_path)[0] == "too_large"


def test_a_file_that_the_disk_cannot_hold_is_not_begun(tmp_path: Path) -> None:
    def vast(request: Any) -> None:
        request.head(200, Content_Length=3 << 50, **request.version())
        request.break_off()

    with publishing(CONTENT, vast) as publisher, pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "MAX_BYTES", 4 << 50)
        assert refusal(publisher, tmp_path)[0] == "no_space"


def test_a_download_has_its_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_SECONDS", 0.3)
    with publishing(CONTENT, slowly(100, 0.05)) as publisher:
        begun = time.monotonic()
        assert refusal(publisher, tmp_path)[0] == "not_fetched"
    assert time.monotonic() - begun < 3


def test_addresses_and_files_stand_side_by_side(tmp_path: Path) -> None:
    here = tmp_path / "EDITypes.csv"
    with publishing(CONTENT) as publisher:
        with fetched([f"{publisher.url}/a/x.csv", str(here), f"{publisher.url}/b/x.csv?y=1"]) as local:
            assert [path.name for path in local] == ["x.csv", "EDITypes.csv", "x.csv"]
            assert [local[0].read_bytes(), local[1], local[2].read_bytes()] == [CONTENT, here, CONTENT]
        assert not local[0].exists()
