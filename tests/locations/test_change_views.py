"""A change in the browser: preview, carrying out, receipt, undo; and who sees which of it."""

import builders
import pytest

from locations import changes
from locations.models import ChangeSet, LocationNumber, Vans
from soredi.jobs import State

pytestmark = pytest.mark.django_db


@pytest.fixture
def anna(client):
    """Logged in: a person of EDI administrator 102."""
    person = builders.user("anna", administrators=["102"])
    client.force_login(person)
    return person


def text(response):
    """The page, with runs of white space as one."""
    return " ".join(response.content.decode().split())


def planned(by, **operations):
    """Of all numbers that `by` may edit: VANS becomes MultiMed, unless other operations are given."""
    operations = operations or {"vans": builders.code(Vans, "MultiMed")}
    locations = LocationNumber.objects.editable_by(by)
    return changes.plan(locations=locations, by=by, reason="Ny aftale", **operations)


WHY = {"reason": "Forkert liste"}


def carried_out(change_set):
    done = change_set.run_here(changes.apply)
    assert done.state == State.DONE
    return done


def address(change_set, verb=""):
    return f"/aendringer/{change_set.pk}/{verb}"


def test_a_draft_shows_totals_types_fields_and_each_number(client, anna, django_assert_num_queries):
    dis91, ref06 = builders.edi_type("DIS91", "D9134L"), builders.edi_type("REF06", "H0630R")
    gln = builders.location(edi_types=[ref06], unit=builders.unit("Ærø Apotek")).gln
    builders.location(edi_types=[dis91], vans="MultiMed")
    draft = planned(anna, vans=builders.code(Vans, "MultiMed"), add=[dis91], remove=[ref06])
    with django_assert_num_queries(10):
        page = text(client.get(address(draft)))
    for shown in (
        "2 lokationsnumre:",
        "1 ændres,",
        "1 er uændret.",
        "1 EDI-type tilføjes,",
        "1 fjernes.",
        f"/lokationsnumre/{gln}/",
        "Ærø Apotek",
        '<span class="was">KMD</span>',
        "<strong>MultiMed</strong>",
        "+</span> DIS91 D9134L",
        "−</span> REF06 H0630R",
        "Udfør 1 ændring",
        "Annuller",
        "Ny aftale",
    ):
        assert shown in page


def test_a_preview_is_paged_and_takes_no_more_queries_for_more_numbers(
    client, anna, django_assert_num_queries
):
    for _n in range(60):
        builders.location()
    draft = planned(anna)
    with django_assert_num_queries(9):
        first = text(client.get(address(draft)))
    assert (first.count('class="gln"'), "1–50 af 60" in first) == (50, True)
    assert text(client.get(address(draft) + "?page=2")).count('class="gln"') == 10
    for page in ("3", "0", "x", "²"):
        assert client.get(address(draft) + f"?page={page}").status_code == 404


def test_it_is_carried_out_once_and_leaves_a_receipt(client, anna, django_capture_on_commit_callbacks):
    location = builders.location()
    draft = planned(anna)
    with django_capture_on_commit_callbacks() as sent:
        for _click in range(2):
            response = client.post(address(draft, "udfoer/"))
            assert (response.status_code, response["Location"]) == (302, address(draft))
    assert len(sent) == 1
    waiting = text(client.get(address(draft)))
    assert "Du kan roligt forlade siden." in waiting
    assert '<noscript> <meta http-equiv="refresh" content="2"> </noscript>' in waiting
    assert f'hx-get="{address(draft)}"' in waiting
    htmx = {"HX-Request": "true"}
    part = client.get(address(draft), headers=htmx)
    assert "<progress" in text(part)
    assert "<html" not in text(part)
    ChangeSet.run(draft.pk, changes.apply)
    assert client.get(address(draft), headers=htmx)["HX-Refresh"] == "true"
    receipt = text(client.get(address(draft)))
    for shown in ("Udført", "anna", "Ny aftale", "1 blev ændret,", "MultiMed", "Fortryd"):
        assert shown in receipt
    location.refresh_from_db()
    assert location.vans.code == "MultiMed"
    assert client.post(address(draft, "udfoer/")).status_code == 302
    assert ChangeSet.objects.get(pk=draft.pk).state == State.DONE


def test_undo_leads_to_a_plan_and_says_what_it_leaves(client, anna):
    kept, back = builders.location(), builders.location()
    done = carried_out(planned(anna))
    mine = LocationNumber.objects.filter(pk=kept.pk)
    carried_out(changes.plan(locations=mine, by=anna, vans=builders.code(Vans, "Evenex")))
    response = client.post(address(done, "fortryd/"), WHY)
    undo = ChangeSet.objects.latest("pk")
    assert (response.status_code, response["Location"]) == (302, address(undo))
    page = text(client.get(address(undo)))
    assert f"{kept.gln}</a> (VANS)" in page
    assert f"/lokationsnumre/{back.gln}/" in page
    assert "Udfør 1 ændring" in page
    assert "Forkert liste" in page
    client.post(address(undo, "udfoer/"))
    ChangeSet.run(undo.pk, changes.apply)
    back.refresh_from_db()
    assert back.vans.code == "KMD"
    assert f"Fortrudt af ændring {undo.pk}" in text(client.get(address(done)))


def test_a_plan_that_changes_nothing_cannot_be_carried_out(client, anna):
    builders.location(vans="MultiMed")
    draft = planned(anna)
    page = text(client.get(address(draft)))
    assert "Der er intet at udføre" in page
    assert address(draft, "udfoer/") not in page
    client.post(address(draft, "udfoer/"))
    assert ChangeSet.objects.get(pk=draft.pk).state == State.DRAFT


def test_a_draft_can_be_dropped(client, anna):
    builders.location()
    draft = planned(anna)
    page = text(client.post(address(draft, "annuller/"), follow=True))
    assert "Kladden er annulleret" in page
    assert ChangeSet.objects.get(pk=draft.pk).state == State.CANCELLED
    client.post(address(draft, "udfoer/"))
    assert ChangeSet.objects.get(pk=draft.pk).state == State.CANCELLED


def test_a_refused_change_names_numbers_and_people(client, anna):
    gln = builders.location().gln
    draft = planned(anna)
    carried_out(planned(anna, vans=builders.code(Vans, "Evenex")))
    draft.run_here(changes.apply)
    page = text(client.get(address(draft)))
    for shown in (
        "Ikke udført",
        "1 lokationsnummer er ændret i mellemtiden",
        f">{gln}</a>",
        "· anna ·",
        "Vælg igen",
    ):
        assert shown in page


def test_the_list_is_newest_first_and_paged(client, anna, django_assert_num_queries):
    location = builders.location()
    drafts = [planned(anna) for _n in range(51)]
    with django_assert_num_queries(5):  # session, user, rows, the user's EDI administrators, code lists
        first = text(client.get("/aendringer/"))
    assert first.index(address(drafts[-1])) < first.index(address(drafts[1]))
    assert f'"{address(drafts[0])}"' not in first
    assert f'"{address(drafts[0])}"' in text(client.get("/aendringer/?page=2"))
    assert client.get("/aendringer/?page=3").status_code == 404
    assert location.gln not in first


def test_others_see_their_own_numbers_of_a_change_and_no_totals(client, anna):
    mine, other = builders.location(), builders.location(edi_administrator="106")
    staff = builders.user("staff", staff=True)
    done = carried_out(planned(staff))
    page = text(client.get(address(done)))
    assert f"/lokationsnumre/{mine.gln}/" in page
    assert other.gln not in page
    assert "2 lokationsnumre" not in page
    assert "<strong>1</strong> af de lokationsnumre, du må rette" in page
    assert "Ændringen rørte også andres lokationsnumre; du kan fortryde dine egne." in page
    undo = text(client.post(address(done, "fortryd/"), WHY, follow=True))
    assert "1 lokationsnummer, som du ikke må rette. Det er ikke med." in undo
    assert (f"/lokationsnumre/{mine.gln}/" in undo, other.gln in undo) == (True, False)


def test_anothers_change_is_not_found(client, anna):
    builders.location(edi_administrator="106")
    theirs = planned(builders.user("bo", administrators=["106"]))
    assert address(theirs) not in text(client.get("/aendringer/"))
    assert client.get(address(theirs)).status_code == 404
    for verb in ("udfoer/", "annuller/", "fortryd/"):
        assert client.post(address(theirs, verb), WHY).status_code == 404
    assert ChangeSet.objects.get(pk=theirs.pk).state == State.DRAFT


def test_only_its_planner_or_an_administrator_carries_a_draft_out(client, anna):
    builders.location()
    colleague = builders.user("carla", administrators=["102"])
    draft = planned(colleague)
    page = text(client.get(address(draft)))
    assert address(draft, "udfoer/") not in page
    for verb in ("udfoer/", "annuller/"):
        assert client.post(address(draft, verb)).status_code == 403
    client.force_login(builders.user("staff", staff=True))
    client.post(address(draft, "udfoer/"))
    assert ChangeSet.objects.get(pk=draft.pk).state == State.QUEUED


def test_the_plan_of_a_mass_update_is_carried_out_on_its_own_page(client, anna):
    builders.location()
    draft = planned(anna, vans=builders.code(Vans, "MultiMed"), source="massupdate")
    for verb in ("udfoer/", "annuller/"):
        assert client.post(address(draft, verb)).status_code == 403
    assert address(draft, "udfoer/") not in text(client.get(address(draft)))


@pytest.mark.parametrize("verb", ["udfoer/", "annuller/", "fortryd/"])
def test_reading_an_address_changes_nothing_and_leads_back(client, anna, verb):
    builders.location()
    draft = planned(anna)
    answer = client.get(address(draft, verb))
    assert (answer.status_code, answer["Allow"]) == (405, "POST")
    assert f'<a href="{address(draft)}">Gå til siden</a>' in text(answer)
    assert ChangeSet.objects.get(pk=draft.pk).state == State.DRAFT


def test_a_page_that_is_only_read_says_so_when_posted_to(client, anna):
    answer = client.post("/aendringer/")
    assert (answer.status_code, answer["Allow"]) == (405, "GET, HEAD")
    assert "Siden kan kun læses" in text(answer)


def test_an_undo_needs_its_reason(client, anna):
    builders.location()
    done = carried_out(planned(anna))
    made = ChangeSet.objects.count()
    answer = client.post(address(done, "fortryd/"), {"reason": " "})
    page = text(answer)
    assert answer.status_code == 200
    assert '<a href="#id_reason">Årsag til at fortryde: Skriv hvorfor' in page
    assert f'<input type="hidden" name="next" value="{address(done)}">' in page
    assert ChangeSet.objects.count() == made


def test_what_is_undone_already_is_not_planned_again_and_names_the_undo(client, anna):
    builders.location()
    done = carried_out(planned(anna))
    undo = carried_out(changes.plan_undo(done, by=anna))
    assert address(done, "fortryd/") not in text(client.get(address(done)))
    made = ChangeSet.objects.count()
    page = text(client.post(address(done, "fortryd/"), WHY, follow=True))
    assert f"Der er intet tilbage at fortryde: ændring {undo.pk} har fortrudt det." in page
    assert f'<a href="{address(undo)}">Se den</a>' in page
    assert ChangeSet.objects.count() == made
    carried_out(changes.plan_undo(undo, by=anna))
    assert address(done, "fortryd/") in text(client.get(address(done)))


def test_the_receipt_of_new_numbers_offers_no_undo_and_a_post_says_why(client, anna):
    new = builders.location().version.change_set
    assert address(new, "fortryd/") not in text(client.get(address(new)))
    page = text(client.post(address(new, "fortryd/"), WHY, follow=True))
    assert "Der er intet at fortryde" in page
    changed = carried_out(planned(anna, vans=builders.code(Vans, "MultiMed"), source="import"))
    assert address(changed, "fortryd/") in text(client.get(address(changed)))
    assert client.post(address(changed, "fortryd/"), WHY).status_code == 302


@pytest.mark.parametrize(("query", "status"), [("?side=2", 400), ("?page=1&page=2", 400), ("?page=1", 200)])
def test_an_unknown_parameter_is_named(client, anna, query, status):
    builders.location()
    for path in ("/aendringer/", address(planned(anna))):
        answer = client.get(path + query)
        assert answer.status_code == status
        named = query[1:].partition("=")[0]
        assert (f"<strong>{named}</strong>" in text(answer)) == (status == 400)


def test_a_refused_plan_is_planned_again_at_one_click(client):
    anna, bo = builders.user("anna", administrators=["102"]), builders.user("bo", administrators=["102"])
    number, other = builders.location(), builders.location()
    client.force_login(anna)
    vans = builders.code(Vans, "MultiMed")
    asked = {"omfang": "valgte", "valgt": [number.gln, other.gln], "vans": vans.pk, "reason": "Ny aftale"}
    client.post("/lokationsnumre/ret/", asked)
    mine = ChangeSet.objects.latest("pk")
    theirs = changes.plan(locations=LocationNumber.objects.filter(pk=other.pk), by=bo, note="Bo's")
    theirs.run_here(changes.apply)
    assert mine.run_here(changes.apply).state == State.REFUSED
    assert "Beregn igen" in client.get(f"/aendringer/{mine.pk}/").content.decode()
    answer = client.post(f"/aendringer/{mine.pk}/igen/")
    again = ChangeSet.objects.latest("pk")
    assert (answer["Location"], again.pk > mine.pk, again.counts["changed"], again.reason) == (
        f"/aendringer/{again.pk}/", True, 2, "Ny aftale",
    )  # fmt: skip
    assert again.run_here(changes.apply).state == State.DONE
    assert set(LocationNumber.objects.values_list("vans__code", "note")) == {
        ("MultiMed", ""),
        ("MultiMed", "Bo's"),
    }
    client.post(f"/aendringer/{again.pk}/igen/")
    assert ChangeSet.objects.latest("pk") == again, "what was carried out is not planned again"
