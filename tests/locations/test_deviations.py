"""Where our profiles differ from SOR's: found, shown, taken away, settled."""

import csv
import io

import builders
import pytest

from locations import changes
from locations.deviations import Asked, Counts, Export, count, keep_ours, numbers, reopen, rows, take_sor
from locations.models import Deviation, LocationNumber, System, Vans, Vendor
from locations.models.deviation import Field
from soredi.jobs import Refused

pytestmark = pytest.mark.django_db

PAGE = "/afvigelser/"
SETTLE = "/afvigelser/afgoer/"


def changed(*locations, by=None, **operations):
    """The change set that did `operations` to `locations` here."""
    chosen = LocationNumber.objects.filter(pk__in=[location.pk for location in locations])
    plan = changes.plan(locations=chosen, by=by, reason="Ny aftale", **operations)
    return plan.run_here(changes.apply)


def everything(**narrowed):
    return Asked(LocationNumber.objects.all(), **narrowed)


def found(**narrowed):
    return [(row.gln, row.field, row.both, row.kept) for row in rows(everything(**narrowed), 0, 100)]


def mark(location, *fields):
    """What an import does that found `fields` changed on both sides."""
    location.refresh_from_db()
    Deviation.objects.bulk_create(
        Deviation(location=location, field=field, marked_version_id=location.version_id) for field in fields
    )


@pytest.fixture
def multimed():
    return builders.code(Vans, "MultiMed")


@pytest.fixture
def anna(client):
    """Logged in: a person of EDI administrator 102."""
    person = builders.user("anna", administrators=["102"])
    client.force_login(person)
    return person


def text(response):
    """The page, with runs of white space as one."""
    return " ".join(response.content.decode().split())


def test_a_number_deviates_while_its_profile_is_not_that_of_sor(multimed):
    location = builders.location(vans="KMD")
    builders.location()
    plan = changed(location, vans=multimed)
    assert [row.gln for row in LocationNumber.objects.deviating()] == [location.gln]
    changes.plan_undo(plan, by=None).run_here(changes.apply)
    assert LocationNumber.objects.not_as_sor().count() == 1
    assert not LocationNumber.objects.deviating().exists()
    assert found() == []


def test_a_row_tells_both_values_and_who_set_ours(multimed):
    dis91, ref06, ctl01 = (builders.edi_type(code, "1") for code in ("DIS91", "REF06", "CTL01"))
    kim = builders.user("kim", staff=True)
    location = builders.location(unit=builders.unit("Ølby"), edi_types=[dis91, ref06], note="SOR")
    moved = changed(location, by=kim, vans=multimed)
    types = changed(location, by=kim, add=[ctl01], remove=[dis91], note="Vores")
    said = [
        (row.field, row.ours, row.sors, row.only_ours, row.only_sors, row.change_set)
        for row in rows(everything(), 0, 9)
    ]
    assert said == [
        (Field.VANS, "MultiMed", "KMD", None, None, moved.pk),
        (Field.EDI_TYPES, "2", "2", ["CTL01 1"], ["DIS91 1"], types.pk),
        (Field.NOTE, "Vores", "SOR", None, None, types.pk),
    ]
    first = rows(everything(), 0, 1)[0]
    assert (first.gln, first.unit, first.changed_by) == (location.gln, "Ølby", "kim")
    assert first.since == LocationNumber.objects.get().versions.get(change_set=moved).applied_at
    assert count(everything()) == Counts(3, 1, {Field.VANS: 1, Field.EDI_TYPES: 1, Field.NOTE: 1})


def test_where_sor_changed_and_we_did_not_the_first_version_is_ours():
    location = builders.sor_states(builders.location(vans="KMD"), vans="Evenex")
    (row,) = rows(everything(), 0, 9)
    assert (row.ours, row.sors, row.change_set) == ("KMD", "Evenex", location.version.change_set_id)


def test_system_and_vendor_are_one_field():
    location = builders.location(system="Novax", vendor="CompuGroup")
    changed(location, system=builders.code(System, "Novax"), vendor=builders.code(Vendor, "EG"))
    assert [(r.field, r.ours, r.sors) for r in rows(everything(), 0, 9)] == [
        (Field.SYSTEM, "Novax / EG", "Novax / CompuGroup")
    ]


def test_rows_are_narrowed_by_field_kind_decision_and_choice(multimed):
    one, two = sorted((builders.location(), builders.location()), key=lambda location: location.gln)
    changed(one, two, vans=multimed, note="Vores")
    mark(one, "vans")
    keep_ours(everything(picked=((two.gln, "note"),)), by=None)
    every = [
        (one.gln, "vans", True, False),
        (one.gln, "note", False, False),
        (two.gln, "vans", False, False),
        (two.gln, "note", False, True),
    ]
    assert found() == every
    assert found(fields=("vans",)) == [every[0], every[2]]
    assert found(both=True) == [every[0]]
    assert found(both=False) == every[1:]
    assert found(kept=True) == [every[3]]
    assert found(kept=False) == every[:3]
    assert found(picked=((one.gln, "note"), (two.gln, "vans"))) == every[1:3]
    assert [row.gln for row in numbers(everything(kept=True))] == [two.gln]
    assert rows(everything(), 1, 3) == rows(everything(), 0, 9)[1:3]


def test_a_mark_holds_while_our_value_is_the_same(multimed):
    location = builders.location()
    changed(location, vans=multimed)
    mark(location, "vans")
    again = changed(location, vans=builders.code(Vans, "Evenex"))
    assert found() == [(location.gln, "vans", False, False)]
    changes.plan_undo(again, by=None).run_here(changes.apply)
    assert found() == [(location.gln, "vans", True, False)]


def test_ours_is_kept_until_sor_says_something_else_of_the_field(multimed):
    anna = builders.user("anna")
    location = builders.location(vans="KMD")
    changed(location, vans=multimed)
    assert keep_ours(everything(), by=anna, reason="Aftalt") == 1
    (row,) = rows(everything(), 0, 9)
    assert (row.kept, row.decided_by, row.reason) == (True, "anna", "Aftalt")
    builders.sor_states(location, note="Andet")
    assert found() == [(location.gln, "vans", False, True), (location.gln, "note", False, False)]
    builders.sor_states(location, vans="Evenex")
    assert found(fields=("vans",)) == [(location.gln, "vans", False, False)]


def test_what_was_settled_can_be_reopened_and_keeps_its_mark(multimed):
    location = builders.location()
    changed(location, vans=multimed, note="Vores")
    mark(location, "vans")
    assert keep_ours(everything(), by=None) == 2
    assert reopen(everything()) == 2
    assert reopen(everything()) == 0
    assert found() == [(location.gln, "vans", True, False), (location.gln, "note", False, False)]


def test_taking_sors_is_a_change_that_can_be_undone(multimed):
    dis91 = builders.edi_type()
    location = builders.location(vans="KMD", edi_types=[dis91], note="SOR")
    changed(location, vans=multimed, remove=[dis91], note="Vores")
    mark(location, "vans")
    plan = take_sor(everything(fields=("vans", "edi_types")), by=None, reason="SOR har ret")
    assert (plan.state, plan.reason, plan.counts["changed"], plan.counts["added"]) == (
        "draft",
        "SOR har ret",
        1,
        1,
    )
    assert len(found()) == 3, "a plan changes nothing"
    done = plan.run_here(changes.apply)
    location.refresh_from_db()
    assert (location.vans.name, location.edi_types, location.note) == ("KMD", [dis91.pk], "Vores")
    assert found() == [(location.gln, "note", False, False)]
    changes.plan_undo(done, by=None).run_here(changes.apply)
    assert found()[0] == (location.gln, "vans", True, False)


def test_each_number_takes_the_fields_chosen_for_it(multimed):
    one, two = builders.location(), builders.location()
    changed(one, two, vans=multimed, note="Vores")
    picked = ((one.gln, "vans"), (two.gln, "note"))
    take_sor(everything(picked=picked), by=None, reason="").run_here(changes.apply)
    assert {row[:2] for row in found()} == {(one.gln, "note"), (two.gln, "vans")}


def test_only_administrators_give_a_number_away(multimed):
    anna = builders.user("anna", administrators=["106"])
    administrator = builders.code(type(builders.location().edi_administrator), "106")
    location = builders.location(edi_administrator="102")
    changed(location, edi_administrator=administrator)
    asked = Asked(LocationNumber.objects.editable_by(anna))
    with pytest.raises(Refused):
        take_sor(asked, by=anna, reason="")
    changed(location, vans=multimed)
    assert take_sor(asked, by=anna, reason="").counts["fields"] == {"vans": 1}
    boss = builders.user("boss", staff=True)
    assert take_sor(asked, by=boss, reason="").counts["fields"] == {"edi_administrator": 1, "vans": 1}


def test_the_file_tells_it_all_and_guards_against_formulas(multimed):
    dis91 = builders.edi_type("DIS91", "D9134L")
    kim = builders.user("kim")
    location = builders.location(unit=builders.unit("Ølby"), vans="KMD", edi_types=[dis91])
    changed(location, by=builders.user("boss", staff=True), vans=multimed)
    last = changed(location, remove=[dis91], note="=1+1")
    keep_ours(everything(fields=("note",)), by=kim, reason="Aftalt")
    content = b"".join(Export(everything())).decode("utf-8-sig")
    vans, types, note = csv.DictReader(io.StringIO(content, newline=""), delimiter=";")
    assert {
        name: vans[name] for name in ("Lokationsnummer", "Enhed", "Felt", "Vores", "SORs", "Ændret af")
    } == {
        "Lokationsnummer": location.gln,
        "Enhed": "Ølby",
        "Felt": "VANS",
        "Vores": "MultiMed",
        "SORs": "KMD",
        "Ændret af": "boss",
    }
    assert (types["Felt"], types["Vores"], types["SORs"], types["Kun hos SOR"], types["Ændring"]) == (
        "EDI-typer",
        "",
        "DIS91 D9134L",
        "DIS91 D9134L",
        str(last.pk),
    )
    assert (note["Vores"], note["Afgjort"], note["Afgjort af"], note["Begrundelse"], note["Art"]) == (
        "'=1+1",
        "ja",
        "kim",
        "Aftalt",
        "kun os",
    )


def test_the_page_shows_own_numbers_only(client, anna, multimed):
    own, others = builders.location(), builders.location(edi_administrator="106")
    changed(own, others, vans=multimed)
    page = text(client.get(PAGE))
    assert own.gln in page and others.gln not in page
    assert "1 afvigelse på 1 lokationsnummer" in page
    client.force_login(builders.user("boss", staff=True))
    assert "2 afvigelser på 2 lokationsnumre" in text(client.get(PAGE))


def test_the_page_takes_as_many_queries_whatever_it_shows(client, anna, multimed, django_assert_num_queries):
    dis91 = builders.edi_type()
    locations = [builders.location(unit=builders.unit()) for _n in range(20)]
    changed(*locations, vans=multimed, add=[dis91], note="Vores")
    with django_assert_num_queries(6):
        page = text(client.get(PAGE))
    assert "60 afvigelser på 20 lokationsnumre" in page
    assert "Side 1" in page and "page=2" in page
    assert "Side 2" in text(client.get(f"{PAGE}?page=2"))
    assert client.get(f"{PAGE}?page=3").status_code == 404


def test_the_address_narrows_the_page(client, anna, multimed):
    one, two = builders.location(), builders.location()
    changed(one, two, vans=multimed, note="Vores")
    mark(two, "note")
    keep_ours(everything(picked=((one.gln, "vans"),)), by=anna)
    for query, expected in (
        ("", [f"{one.gln}:vans", f"{one.gln}:note", f"{two.gln}:vans", f"{two.gln}:note"]),
        ("?felt=vans", [f"{one.gln}:vans", f"{two.gln}:vans"]),
        ("?felt=vans&felt=note&art=both", [f"{two.gln}:note"]),
        ("?art=ours&afgjort=nej", [f"{one.gln}:note", f"{two.gln}:vans"]),
        ("?afgjort=ja", [f"{one.gln}:vans"]),
        (f"?gln={two.gln}", [f"{two.gln}:vans", f"{two.gln}:note"]),
        ("?vans=KMD", []),
        (
            "?vans=MultiMed&felt=&art=",
            [f"{one.gln}:vans", f"{one.gln}:note", f"{two.gln}:vans", f"{two.gln}:note"],
        ),
    ):
        page = text(client.get(PAGE + query))
        shown = [value for value in sorted(every(one, two)) if f'value="{value}"' in page]
        assert (query, shown) == (query, sorted(expected))


def every(*locations):
    return [f"{location.gln}:{field}" for location in locations for field in Field.values]


@pytest.mark.parametrize(
    "query",
    ["ukendt=1", "felt=edi", "art=alle", "art=ours&art=both", "sort=gln", "format=xlsx", "vans=findesikke"],
)
def test_what_cannot_be_asked_is_refused(client, anna, query):
    assert client.get(f"{PAGE}?{query}").status_code == 400


def test_vendors_are_asked_for_by_administrators_only(client, anna):
    builders.code(Vendor, "EG")
    assert client.get(f"{PAGE}?leverandoer=EG").status_code == 403


def test_both_files_hold_what_the_page_asks_for(client, anna, multimed, django_assert_num_queries):
    dis91 = builders.edi_type(sor_id="1001")
    one, two = builders.location(edi_types=[dis91]), builders.location()
    changed(one, vans=multimed)
    changed(two, note="Vores")
    others = builders.location(edi_administrator="106")
    changed(others, vans=multimed)
    with django_assert_num_queries(5):  # session, user, the user's EDI administrators, code lists, COPY
        lines = b"".join(client.get(f"{PAGE}?felt=vans&format=csv")).decode().splitlines()
    assert [line.partition(";")[0] for line in lines[1:]] == [one.gln]
    answer = client.get(f"{PAGE}?felt=vans&format=massupdate")
    assert b"".join(answer).decode() == f"\ufeffLoknr;EdiId\r\n{one.gln};1001\r\n"
    assert "afvigelser" in answer["Content-Disposition"]


def settling(*chosen, **form):
    return {"omfang": "valgte", "valgt": list(chosen), "soegning": "felt=vans"} | form


def test_taking_sors_leads_to_the_preview(client, anna, multimed):
    location = builders.location()
    changed(location, vans=multimed, note="Vores")
    page = text(client.get(SETTLE, settling(f"{location.gln}:vans")))
    assert "Afgør 1 afvigelse på 1 lokationsnummer" in page and "VANS: 1" in page
    form = settling(f"{location.gln}:vans", handling="sor")
    assert "Skriv hvorfor" in text(client.post(SETTLE, form))
    answer = client.post(SETTLE, form | {"reason": "SOR har ret"})
    planned = location.versions.latest("pk").change_set
    assert (answer.status_code, answer["Location"]) == (302, f"/aendringer/{planned.pk}/")
    assert (planned.by, planned.reason, planned.counts["fields"]) == (anna, "SOR har ret", {"vans": 1})


def test_the_form_to_settle_takes_few_queries(client, anna, multimed, django_assert_num_queries):
    changed(*(builders.location() for _n in range(9)), vans=multimed, note="Vores")
    with django_assert_num_queries(
        6
    ):  # session, user, code lists, the user's EDI administrators, both counts
        page = text(client.get(SETTLE, {"omfang": "alle", "soegning": ""}))
    assert "Afgør 18 afvigelser på 9 lokationsnumre" in page


def test_all_that_match_are_kept_and_reopened(client, anna, multimed):
    one, two = builders.location(), builders.location()
    others = builders.location(edi_administrator="106")
    changed(one, two, others, vans=multimed, note="Vores")
    every = {"omfang": "alle", "soegning": "felt=vans"}
    answer = client.post(SETTLE, every | {"handling": "vores"}, follow=True)
    assert answer.redirect_chain == [("/afvigelser/?felt=vans", 302)]
    assert "Vores er beholdt i 2 afvigelser" in text(answer)
    kept = sorted(row[:2] for row in found(kept=True))
    assert kept == sorted([(one.gln, "vans"), (two.gln, "vans")])
    assert "2 af dem er afgjort" in text(client.get(SETTLE, every))
    assert "2 afvigelser er åbne igen" in text(
        client.post(SETTLE, every | {"handling": "genaabn"}, follow=True)
    )
    assert found(kept=True) == []


def test_nobody_settles_what_is_anothers(client, anna, multimed):
    others = builders.location(edi_administrator="106")
    changed(others, vans=multimed)
    form = settling(f"{others.gln}:vans", handling="vores")
    assert client.get(SETTLE, form).status_code == 404
    assert client.post(SETTLE, form).status_code == 404
    assert client.post(SETTLE, {"omfang": "alle", "soegning": "", "handling": "vores"}).status_code == 302
    assert not Deviation.objects.exists()


def test_a_choice_that_is_none_is_refused(client, anna):
    location = builders.location()
    assert client.get(SETTLE, settling(location.gln)).status_code == 400
    assert client.get(SETTLE, {"omfang": "alle", "soegning": "ukendt=1"}).status_code == 400
    answer = client.get(SETTLE, settling(), follow=True)
    assert answer.redirect_chain == [("/afvigelser/?felt=vans", 302)]
    assert "Sæt kryds" in text(answer)
