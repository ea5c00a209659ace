"""The list and a number as they were on a day."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from unittest.mock import patch
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from locations import changes, history
from locations.filters import FilterError, LocationFilter
from locations.models import Assignment, ChangeSet, EdiAdministrator, LocationNumber, System, Vans, Vendor
from soredi.jobs import State
from tests.builders import code, edi_type, location, unit, user

pytestmark = pytest.mark.django_db
DENMARK = ZoneInfo("Europe/Copenhagen")
FIRST = date(2031, 1, 1)
TODAY = datetime(2031, 12, 1, 12, tzinfo=DENMARK)


@pytest.fixture(autouse=True)
def late() -> Any:
    """It is a day of 2031, so that there is a past to have histories in."""
    with patch.object(timezone, "now", return_value=TODAY):
        yield


def born(day: int = 0, **fields: Any) -> LocationNumber:
    with patch.object(timezone, "now", return_value=at(day)):
        return location(**fields)


def at(day: int, hour: int = 12) -> datetime:
    """`day` days after FIRST."""
    return datetime(2031, 1, 1, hour, tzinfo=DENMARK) + timedelta(days=day)


def change(day: int, *numbers: LocationNumber, hour: int = 12, **operations: Any) -> ChangeSet:
    rows = LocationNumber.objects.filter(pk__in=[number.pk for number in numbers])
    with patch.object(timezone, "now", return_value=at(day, hour)):
        done = changes.plan(locations=rows, by=None, **operations).run_here(changes.apply)
    assert done.state == State.DONE
    return done


def found(query: str, day: int | None, person: Any = None) -> set[str]:
    """gln of what the query finds, by list and by page alike."""
    if day is not None:
        query += f"&pr={FIRST + timedelta(days=day)}"
    asked = LocationFilter.checked(query, person)
    listed = {number.gln for number in asked.qs}
    assert len(asked.page_keys(0, 100)) == len(listed) == asked.qs.count()
    return listed


def test_every_field_of_the_profile_is_asked_of_the_day() -> None:
    a, b = edi_type("DIS91", sor_id="91"), edi_type("DIS92", sor_id="92")
    number = born(vans="KMD", system="XMO", vendor="CGM", edi_types=[a], note="old note")
    change(
        5,
        number,
        vans=code(Vans, "MultiMed"),
        system=code(System, "EG"),
        vendor=code(Vendor, "EGV"),
        add=[b],
        remove=[a],
        note="new note",
        inactive=True,
        only_internal=True,
        edi_administrator=code(EdiAdministrator, "116"),
    )
    before = [
        "vans=KMD", "system=XMO", "leverandoer=CGM", "edi_type=91", "edi_type_en_af=91", "kun_edi_type=91",
        "ikke_edi_type=92", "mangler=92", "q=old", "status=aktiv", "intern=nej", "administrator=102",
    ]  # fmt: skip
    after = [
        "vans=MultiMed", "system=EG", "leverandoer=EGV", "edi_type=92", "edi_type_en_af=92", "kun_edi_type=92",
        "ikke_edi_type=91", "mangler=91", "q=new", "status=inaktiv", "intern=ja", "administrator=116",
    ]  # fmt: skip
    for query in before:
        assert [bool(found(query, day)) for day in (4, 5, None)] == [True, False, False], query
    for query in after:
        assert [bool(found(query, day)) for day in (4, 5, None)] == [False, True, True], query


def test_a_number_is_not_there_before_it_was_known_and_a_day_ends_at_midnight_in_denmark() -> None:
    number = born(3)
    change(7, number, note="x", hour=23)
    assert [found("", day) for day in (2, 3)] == [set(), {number.gln}]
    assert [found("q=x", day) for day in (6, 7)] == [set(), {number.gln}]


def test_status_is_that_of_the_day() -> None:
    number = born(first_from_date=date(2031, 1, 11), to_date=date(2031, 1, 21))
    assert [
        next(status for status in ("fremtidig", "aktiv", "lukket") if found(f"status={status}", day))
        for day in (9, 10, 20, 21)
    ] == ["fremtidig", "aktiv", "aktiv", "lukket"]
    assert found("status=lukket", None) == {number.gln}


def test_the_unit_is_the_one_that_had_the_number_then() -> None:
    north, south = unit("Nord", city="Aalborg"), unit("Syd", city="Nakskov")
    number = born(unit=south)
    born(20, unit=north)  # so that free text knows the unit
    born(unit=unit("Midt", city="Vejle"))
    Assignment.objects.create(location=number, unit=north, period=(date(2020, 1, 1), date(2031, 1, 6)))
    Assignment.objects.create(location=number, unit=south, period=(date(2031, 1, 6), None))
    assert [found("q=nord", day) & {number.gln} for day in (4, 5, None)] == [{number.gln}, set(), set()]
    assert [found("q=nakskov", day) for day in (4, 5)] == [set(), {number.gln}]
    listed = LocationFilter.checked(f"pr={FIRST}&sort=enhed", None)
    assert [row.unit.name for row in listed.qs.select_related("unit")] == ["Midt", "Nord"]


def test_rights_are_todays() -> None:
    """Who got the number later may see what it was; who lost it may not, however long it was hers."""
    number = born(edi_administrator="102")
    change(5, number, edi_administrator=code(EdiAdministrator, "116"))
    anna, bo = user("anna", administrators=["102"]), user("bo", administrators=["116"])
    assert [found("", 2, person) for person in (anna, bo)] == [set(), {number.gln}]


@pytest.mark.parametrize(
    "sort",
    [
        "gln",
        "-gln",
        "enhed",
        "by",
        "edi_typer",
        "aendret",
        "-aendret",
        "vans",
        "-system",
        "status",
        "-cvr",
        "note",
    ],
)
def test_a_list_of_the_past_has_every_order(sort: str) -> None:
    for name in ("Nord", "Syd", "Øst"):
        change(5, born(unit=unit(name), vans=name, note=name), note="x")
    asked = LocationFilter.checked(f"pr={FIRST}&sort={sort}", None)
    assert asked.page_keys(0, 10) == [number.pk for number in asked.qs]
    assert {number.note for number in asked.qs} == {"Nord", "Syd", "Øst"}


NAMES = ["DIS91", "DIS92", "DIS93"]
SETS = st.frozensets(st.integers(0, 2))
# (day, which numbers, set of types, VANS)
STEPS = st.tuples(
    st.integers(1, 6), st.frozensets(st.integers(0, 2), min_size=1), SETS, st.sampled_from("KMV")
)


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(births=st.lists(st.integers(0, 3), min_size=3, max_size=3), steps=st.lists(STEPS, max_size=5))
def test_any_day_of_any_history_is_what_a_replay_of_it_says(births: list[int], steps: list[Any]) -> None:
    types = [edi_type(name, sor_id=f"9{place}") for place, name in enumerate(NAMES)]
    numbers = [born(day, vans="K") for day in births]
    replay = {day: {} for day in range(8)}  # type: dict[int, dict[str, tuple[list[int], str]]]
    now = {number.gln: ([], "K") for number in numbers}  # type: dict[str, tuple[list[int], str]]
    steps = sorted(steps, key=lambda step: step[0])
    for day in range(8):
        for when, chosen, keys, vans in steps:
            changed = [numbers[key] for key in sorted(chosen) if births[key] < when]
            if when == day and changed:
                kept = [types[key] for key in sorted(keys)]
                change(day, *changed, replace=kept, vans=code(Vans, vans))
                now |= {number.gln: ([row.pk for row in kept], vans) for number in changed}
        replay[day] = {
            number.gln: now[number.gln] for number, birth in zip(numbers, births, strict=True) if birth <= day
        }
    mine = {number.gln for number in numbers}
    for day, wanted in replay.items():
        on = FIRST + timedelta(days=day)
        profiles = history.profiles_on(on).filter(location__in=numbers).select_related("location", "vans")
        assert {v.location.gln: (v.edi_types, v.vans.code) for v in profiles if v.vans} == wanted
        then = LocationNumber.objects.as_of(on).filter(pk__in=[n.pk for n in numbers]).select_related("vans")
        assert {n.gln: (n.edi_types, n.vans.code) for n in then if n.vans} == wanted
        for place, row in enumerate(types):
            with_it = {gln for gln, (held, _vans) in wanted.items() if row.pk in held}
            assert found(f"edi_type=9{place}", day) & mine == with_it
        assert found("vans=K", day) & mine == {gln for gln, (_held, vans) in wanted.items() if vans == "K"}


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("pr=2031-12-02", "pr"),
        ("pr=1.5.2031", "pr"),
        ("pr=2031-02-30", "pr"),
        ("pr=2031-05-01&afviger=ja", "afviger"),
    ],
)
def test_what_cannot_be_asked_of_a_day_is_named(query: str, parameter: str) -> None:
    with pytest.raises(FilterError) as error:
        LocationFilter.checked(query, None)
    assert error.value.parameter == parameter


def test_nothing_is_planned_from_the_past(client: Client) -> None:
    number = born()
    client.force_login(user("anna", administrators=["102"]))
    made = ChangeSet.objects.count()
    for choice in ({"omfang": "alle"}, {"omfang": "valgte", "valgt": number.gln}):
        answer = client.post(
            "/lokationsnumre/ret/", {**choice, "soegning": "pr=2031-05-01", "reason": "x", "note": "y"}
        )
        assert answer.status_code == 400 and "kan ikke ændres" in answer.content.decode()
    assert client.get("/afvigelser/?pr=2031-05-01").status_code == 400
    with pytest.raises(CommandError):
        call_command("change_set", "plan", "--query", "pr=2031-05-01", "--vans", "KMD")
    assert ChangeSet.objects.count() == made


@pytest.fixture
def anna(client: Client) -> Any:
    person = user("anna", administrators=["102"])
    client.force_login(person)
    return person


def test_the_list_says_which_day_it_shows_and_leads_to_the_number_of_that_day(
    client: Client, anna: Any
) -> None:
    number = born(vans="KMD", unit=unit("Nord"))
    change(40, number, vans=code(Vans, "MultiMed"))
    page = client.get("/lokationsnumre/?pr=2031-01-15&vans=KMD").content.decode()
    for shown in (
        "Som det var 15. januar 2031",
        'href="/lokationsnumre/?vans=KMD"',
        f'href="/lokationsnumre/{number.gln}/?pr=2031-01-15"',
        '<td class="col-vans" data-title="VANS">KMD</td>',
    ):
        assert shown in page
    assert "Ret valgte" not in page
    assert "Ret valgte" in client.get("/lokationsnumre/").content.decode()
    count = client.get("/lokationsnumre/antal/?pr=2031-01-15&vans=KMD").content.decode()
    assert "1 lokationsnummer" in count


@pytest.mark.parametrize("form", ["csv", "csv-par", "massupdate", "xlsx"])
def test_files_of_the_past_hold_what_was(client: Client, anna: Any, form: str) -> None:
    number = born(edi_types=[edi_type("DIS91", sor_id="91")], unit=unit("Nord"))
    change(40, number, replace=[])
    answer = client.get(f"/lokationsnumre/?pr=2031-01-15&format={form}")
    assert 'filename="2031-01-15-' in answer["Content-Disposition"]
    if form != "xlsx":
        assert b"91" in b"".join(answer.streaming_content).replace(number.gln.encode(), b"")  # type: ignore[attr-defined]
    ticked = client.post(
        "/lokationsnumre/hent/",
        {"format": form, "omfang": "valgte", "valgt": number.gln, "soegning": "pr=2031-01-15"},
    )
    assert 'filename="2031-01-15-' in ticked["Content-Disposition"]


def test_a_number_is_shown_as_it_was(client: Client, anna: Any) -> None:
    number = born(vans="KMD", note="then", unit=unit("Nord"), to_date=date(2031, 6, 1))
    change(40, number, vans=code(Vans, "MultiMed"), note="now")
    page = " ".join(client.get(f"/lokationsnumre/{number.gln}/?pr=2031-01-15").content.decode().split())
    assert "Som det var 15. januar 2031" in page
    assert ("KMD" in page, "then" in page, "MultiMed" in page, ">Ret<" in page, "Lukket" in page) == (
        True, True, False, False, False,
    )  # fmt: skip
    today = client.get(f"/lokationsnumre/{number.gln}/").content.decode()
    assert ("Som det var 15." in today, "MultiMed" in today) == (False, True)
    for query, parameter in (
        ("pr=2030-12-31", "pr"),
        ("pr=2031-12-02", "pr"),
        ("pr=x", "pr"),
        ("dag=1", "dag"),
    ):
        answer = client.get(f"/lokationsnumre/{number.gln}/?{query}")
        assert (answer.status_code, f"<strong>{parameter}</strong>" in answer.content.decode()) == (400, True)


def test_the_history_of_a_number_is_a_file(client: Client, anna: Any) -> None:
    a, b = edi_type("DIS91", "D9134L"), edi_type("REF06", "H0630R")
    number = born(edi_types=[a])
    rows = LocationNumber.objects.filter(pk=number.pk)
    with patch.object(timezone, "now", return_value=at(40)):
        plan = changes.plan(locations=rows, by=anna, reason="=Ny", add=[b], remove=[a], note="-x")
        plan.run_here(changes.apply)
    answer = client.get(f"/lokationsnumre/{number.gln}/?format=csv")
    assert answer["Content-Disposition"] == f'attachment; filename="{number.gln}-historik.csv"'
    content = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    first = f"2031-02-10 12:00:00;anna;102;rettelse;{plan.pk}"
    created = f"2031-01-01 12:00:00;;;SOR-import;{number.version.change_set_id}"
    assert content.split("\r\n")[1:-1] == [
        f"{first};Bemærkning;–;'-x;'=Ny",
        f"{first};EDI-type;;REF06 H0630R;'=Ny",
        f"{first};EDI-type;DIS91 D9134L;;'=Ny",
        f"{created};oprettet;;;",
        f"{created};EDI-type;;DIS91 D9134L;",
    ]
