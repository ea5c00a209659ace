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
