"""Which numbers an address or `--query` means."""

from datetime import timedelta
from urllib.parse import quote

import builders
import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from locations.filters import FilterError, LocationFilter
from locations.models.location import Status
from locations.statuses import status_on

pytestmark = pytest.mark.django_db


def glns(query, user=None):
    return [location.gln for location in LocationFilter.for_query(query, user)]


def test_nothing_asked_finds_all_closed_ones_too():
    closed = builders.location("5790000000029", to_date="2001-01-01")
    open_ = builders.location("5790000000012")
    assert glns("") == glns("vans=&q=&page=1&format=csv") == [open_.gln, closed.gln]


def test_a_number_is_found_by_all_or_the_first_digits_with_spaces_inside():
    builders.location("5790001300067")
    builders.location("5790002184154")
    assert glns("gln=5790 0013 0006 7") == ["5790001300067"]
    assert glns("q=5790 0013 0006 7") == ["5790001300067"]
    assert glns("gln=5790 002") == ["5790002184154"]
    assert glns("gln=5790002184155") == []


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("ærø apotek", True),
        ("APOTEK AEROE", True),
        ("øskøb", True),
        ("5970", True),
        ("12345678", True),
        ("apotek odense", False),
        ("apo_ek", False),
        ("%", False),
        ("0%", False),
        ("100%", True),
        ("æ", True),
        ("57", False),
        ("b\\c", True),
        ("b\\\\c", False),
    ],
)
def test_every_word_must_be_found_however_it_is_spelt(words, found):
    unit = builders.unit("Ærø Apotek 100% b\\c", postcode="5970", city="Ærøskøbing", cvr="12345678")
    location = builders.location(unit=unit)
    builders.location(unit=builders.unit("Odense Lægehus"))
    assert glns(f"q={quote(words)}") == ([location.gln] if found else [])


def test_edi_types_all_of_them_and_none_of_the_others():
    dis91 = builders.edi_type("DIS91", "D9134L", sor_id="1001")
    ctl01 = builders.edi_type("CTL01", "C0130Q", sor_id="1003")
    both = builders.location("5790000000012", edi_types=[dis91, ctl01])
    one = builders.location("5790000000029", edi_types=[dis91])
    none = builders.location("5790000000036")
    assert (
        glns("edi_type=1001")
        == glns("edi_type=DIS91 D9134L")
        == glns("edi_type=DIS91")
        == glns("edi_type=dis91")
        == glns("edi_type=dis91 (d9134l)")
        == [both.gln, one.gln]
    )
    assert glns("edi_type=1001&edi_type=1003") == [both.gln]
    assert glns("edi_type=1001&ikke_edi_type=1003") == [one.gln]
    assert glns("ikke_edi_type=1001&ikke_edi_type=1003") == [none.gln]


def test_an_edi_type_by_its_code_is_any_of_its_versions():
    old = builders.edi_type("REF06", "H0630R")
    new = builders.edi_type("REF06", "H0631R", sor_id="1006")
    ctl01 = builders.edi_type("CTL01", "C0130Q")
    first = builders.location("5790000000012", edi_types=[old])
    second = builders.location("5790000000029", edi_types=[new, ctl01])
    both = builders.location("5790000000036", edi_types=[old, new])
    third = builders.location("5790000000043", edi_types=[ctl01])
    assert glns("edi_type=REF06") == [first.gln, second.gln, both.gln]
    assert glns("edi_type=REF06 (H0631R)") == glns("edi_type=1006") == [second.gln, both.gln]
    assert glns("edi_type=REF06&edi_type=CTL01") == [second.gln]
    assert glns("edi_type_en_af=REF06 H0630R&edi_type_en_af=CTL01") == glns("")
    assert glns("mangler=REF06&mangler=CTL01") == [first.gln, both.gln, third.gln]
    assert glns("ikke_edi_type=REF06") == glns("kun_edi_type=CTL01") == [third.gln]
    assert glns("kun_edi_type=REF06") == [first.gln, both.gln]
    assert glns("kun_edi_type=REF06 H0630R") == [first.gln]


def test_codes_of_one_list_are_any_of_them_and_two_lists_are_both():
    kmd = builders.location("5790000000012", vans="KMD", system="XMO", vendor="CGM", region="1084")
    multi = builders.location("5790000000029", vans="MultiMed", system="XMO", edi_administrator="106")
    assert glns("vans=KMD&vans=MultiMed") == [kmd.gln, multi.gln]
    assert glns("vans=KMD&system=XMO") == glns("leverandoer=CGM") == glns("region=1084") == [kmd.gln]
    assert glns("administrator=106") == [multi.gln]


def test_a_speciality_is_that_of_a_unit_which_the_number_serves():
    clinic = builders.unit("Sygehus", kind="SI")
    number = builders.location(unit=clinic)
    builders.unit("Afdeling", parent=clinic, specialities=["s1"], inherits_number=True, number_holder=clinic)
    builders.location(unit=builders.unit("Andet", specialities=["s2"]))
    assert glns("speciale=s1") == [number.gln]


def test_status():
    today = timezone.localdate()
    day = timedelta(days=1)
    rows = {
        "begins today": builders.location(first_from_date=today),
        "last day": builders.location(first_from_date=today - day, to_date=today),
        "internal": builders.location(only_internal=True),
        "inactive": builders.location(inactive=True),
        "closed": builders.location(first_from_date=today - 9 * day, to_date=today - day),
        "closed and inactive": builders.location(to_date=today - day, inactive=True),
        "future": builders.location(first_from_date=today + day),
        "future and inactive": builders.location(first_from_date=today + day, inactive=True),
        "closed before it began": builders.location(first_from_date=today + day, to_date=today - day),
    }

    def names(query):
        found = set(glns(query))
        return [name for name, location in rows.items() if location.gln in found]

    assert names("status=aktiv") == ["begins today", "last day", "internal"]
    assert names("status=inaktiv") == ["inactive"]
    assert names("status=lukket") == ["closed", "closed and inactive", "closed before it began"]
    assert names("status=fremtidig") == ["future", "future and inactive"]
    assert names("status=intern") == ["internal"]
    assert names("status=inaktiv&status=fremtidig") == ["inactive", "future", "future and inactive"]
    assert [status_on(location, today) for location in rows.values()] == [
        *[Status.ACTIVE] * 3,
        Status.INACTIVE,
        Status.CLOSED,
        Status.CLOSED,
        Status.FUTURE,
        Status.FUTURE,
        Status.CLOSED,
    ]


def test_order_is_danish_and_steady():
    names = ["Åby", "Aabenraa", "Østby", "Zoo", "Ærø", "Zoo"]
    rows = [builders.location(unit=builders.unit(name, city=name)) for name in names]
    in_order = [rows[3], rows[5], rows[4], rows[2], rows[1], rows[0]]
    assert glns("sort=enhed") == glns("sort=by") == [location.gln for location in in_order]
    assert glns("sort=-enhed") == [rows[i].gln for i in (0, 1, 2, 4, 3, 5)]
    assert glns("sort=-gln") == [location.gln for location in reversed(rows)]


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("vams=KMD", "vams"),
        ("vans=unknown", "vans"),
        ("edi_type=XXX01", "edi_type"),
        ("ikke_edi_type=XXX01", "ikke_edi_type"),
        ("speciale=1", "speciale"),
        ("status=aktivt", "status"),
        ("sort=name", "sort"),
        ("format=pdf", "format"),
        ("page=0", "page"),
        ("page=99999999999999999999", "page"),
        ("gln=57900a", "gln"),
        ("gln=57900000000121", "gln"),
        ("gln=1&gln=2", "gln"),
        ("q=%00", "q"),
        ("vans=KMD%00", "vans"),
        ("q=a b c d e f g h i j k", "q"),
        ("edi_type_en_af=XXX01", "edi_type_en_af"),
        ("mangler=XXX01", "mangler"),
        ("kun_edi_type=XXX01", "kun_edi_type"),
        ("udgaaet=nej", "udgaaet"),
        ("ingen_edi_typer=1", "ingen_edi_typer"),
        ("enhedstype=Rumstation", "enhedstype"),
        ("enhed_art=HI", "enhed_art"),
        ("eget=måske", "eget"),
        ("intern=1", "intern"),
        ("afviger=1", "afviger"),
        ("kun_egne=ja", "kun_egne"),
        ("liste=0", "liste"),
        ("aendret_fra=31-12-2026", "aendret_fra"),
        ("aendret_fra=0001-01-01", "aendret_fra"),
        ("aendret_til=9999-12-31", "aendret_til"),
        ("aendret_til=2026-02-30", "aendret_til"),
        ("aendret_af=nobody-here", "aendret_af"),
    ],
)
def test_what_cannot_be_used_is_named(query, parameter):
    builders.location(vans="KMD")
    with pytest.raises(FilterError) as raised:
        glns(query)
    assert raised.value.parameter == parameter
    assert str(raised.value).startswith(f"{parameter}: ")


def test_rights_are_inside_and_vendors_are_for_administrators():
    mine = builders.location("5790000000012", edi_administrator="102", vendor="CGM")
    other = builders.location("5790000000029", edi_administrator="106", vendor="CGM")
    anna = builders.user("anna", administrators=["102"])
    staff = builders.user("staff", staff=True)
    nobody = builders.user("nobody")
    assert glns("", anna) == [mine.gln]
    assert glns(f"gln={other.gln}", anna) == []
    assert glns("", nobody) == []
    assert glns("leverandoer=CGM", staff) == glns("leverandoer=CGM") == [mine.gln, other.gln]
    for query in ("leverandoer=CGM", "leverandoer=unknown"):
        with pytest.raises(PermissionDenied):
            glns(query, anna)
    assert glns("leverandoer=", anna) == [mine.gln]


def test_the_best_match_comes_first():
    names = {
        "within": "Klinikken ved Storapotek",
        "of the text": "Ærø Klinik",
        "of the name": "Ærø Apotek",
        "begins": "Apoteket Løven",
        "is": "Apotek",
    }
    places = {name: builders.location(unit=builders.unit(text)) for name, text in names.items()}
    near = builders.location(unit=builders.unit("Torvet", street="Apotekergade 1"))
    noted = builders.location(note="Se apotek")
    asked = LocationFilter.checked("q=apotek", None)
    assert asked.page_keys(0, 50) == [
        row.pk
        for row in (places["is"], places["begins"], places["of the name"], near, places["within"], noted)
    ]
    assert asked.page_keys(1, 2) == [places["begins"].pk, places["of the name"].pk]
    assert not asked.tolerant
    by_number = LocationFilter.checked("q=apotek&sort=-gln", None).page_keys(0, 50)
    assert by_number == sorted(by_number, reverse=True)


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("apotke", True),
        ("abotek", True),
        ("apottek", True),
        ("potek", True),
        ("apotk", True),
        ("nyp apotke", False),  # three letters are too few to guess from
        ("aptk", False),
        ("odense apotke", False),
        ("lægehsu odense", True),
    ],
)
def test_one_typing_error_a_word_is_forgiven_where_nothing_is_found(typed, found):
    builders.location(unit=builders.unit("Ærø Apotek"))
    builders.location(unit=builders.unit("Odense Lægehus"))
    assert len(glns(f"q={typed}")) == found


@pytest.mark.parametrize(
    "typed",
    [
        "Torvet 3, 6000 Kolding",
        "Lægehuset › Engvej",
        "“Engvej”, Kolding",
        "engvej, kolding; (torvet)",
        "5790001736242,",
        "5790-0017-3624-2",
        "Engvej/Kolding",
    ],
)
def test_the_signs_around_a_word_are_not_sought(typed):
    unit = builders.unit('Lægehuset "Engvej", Kolding', street="Torvet 3", postcode="6000", city="Kolding")
    builders.location("5790001736242", unit=unit)
    builders.location(unit=builders.unit("Ærø Apotek"))
    assert glns(f"q={typed}".replace(";", "%3B")) == ["5790001736242"]


def test_a_name_typed_as_it_is_comes_first_with_its_signs():
    builders.location(unit=builders.unit("Klinik D7 for Øjne"))
    named = builders.location(unit=builders.unit("Øjne, Klinik D7"))
    asked = LocationFilter.checked("q=Øjne, Klinik D7", None)
    assert asked.page_keys(0, 1) == [named.pk]


def test_the_words_that_were_taken_are_told_and_digits_are_never_guessed():
    builders.location(unit=builders.unit("Ærø Apotek", cvr="12345678"))
    asked = LocationFilter.checked("q=apotke ærø", None)
    assert asked.qs.count() == 1
    assert [(word.written, word.spellings, word.mistyped) for word in asked.found.words] == [
        ("apotke", ("apotek",), True),
        ("ærø", ("aeroe",), False),
    ]
    assert LocationFilter.for_query("q=12345679", None).count() == 0


def test_what_others_have_decides_nothing():
    """Neither their numbers nor their notes: a word is mistyped or not by one's own numbers and the public units."""
    anna = builders.user("anna", administrators=["102"])
    mine = builders.location(unit=builders.unit("Ærø Apotek"))
    builders.location(unit=builders.unit("Hemmelig"), edi_administrator="106", note="Kodeord zebra")
    for query in ("q=hemmelig", "q=zebra", "q=zebre", "gln=57900000", "q=kodeord"):
        assert LocationFilter.for_query(query, anna).exclude(pk=mine.pk).count() == 0
    assert LocationFilter.checked("q=zebre", anna).tolerant is False


def test_only_an_administrator_is_told_that_a_user_does_not_exist():
    builders.location()
    anna = builders.user("anna", administrators=["102"])
    assert glns("aendret_af=nobody-here", anna) == glns("aendret_af=anna", anna) == []
    with pytest.raises(FilterError):
        glns("aendret_af=anna,nobody-here", builders.user("staff", staff=True))


def test_a_note_changes_what_is_found_at_once():
    location = builders.location(note="Flytter snart")
    assert glns("q=flytter") == [location.gln]
    assert glns("q=snart 102") == []
