"""Lists of location numbers that somebody pasted or uploaded."""

import io
from datetime import timedelta

import builders
import pytest
import xlsxwriter
from django.utils import timezone

from locations import gln_lists
from locations.filters import FilterError, LocationFilter
from locations.gln_lists import Malformed, keep_list
from locations.models import GlnList
from soredi.jobs import Refused
from tests.workbooks import with_far_corners

pytestmark = pytest.mark.django_db

ONE, TWO, THREE = "5790000000012", "5790000000029", "5790000000036"


def sheet(*rows):
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as book:
        page = book.add_worksheet()
        for at, row in enumerate(rows):
            page.write_row(at, 0, row)
    return file.getvalue()


@pytest.mark.parametrize(
    "text",
    [
        f"{TWO}\n{ONE}",
        f"{TWO}, {ONE};{TWO}\r\n\r\n",
        f"5790 0000 0002 9\t{ONE}",
        f"{TWO} {ONE}",
        f'="{ONE}"\n"{TWO}"',
        f"'{ONE}\n\u2019{TWO}",
        f"GLN\n{ONE}\n{TWO}",
        f"Navn;Lokationsnummer;CVR\nLægehuset;{ONE};12345678\nApoteket;{TWO};",
        f"Lægehuset\t{ONE}\t8000\nApoteket\t{TWO}\t5970",
        f"{ONE};{TWO}\n{TWO};{ONE}",
        f"\ufeff{ONE}\r{TWO}".encode(),
        f"Enhed;GLN\nLægehuset Søndergade;{ONE}\nÆrø;{TWO}".encode("cp1252"),
        sheet([int(ONE)], [TWO]),
        sheet(["Navn", "EAN"], ["Lægehuset", float(ONE)], ["Ærø 5970", TWO]),
    ],
)
def test_numbers_are_read_however_they_are_written(text):
    builders.location(ONE)
    builders.location(TWO)
    kept = keep_list(text, None)
    assert kept.kept is not None
    assert (kept.kept.glns, kept.malformed, kept.not_found) == ([ONE, TWO], [], [])


def test_what_is_no_number_is_listed_with_its_line():
    kept = keep_list(f"{ONE}\n57900\n\n5,79E+12;{TWO}\n{ONE}0\nn/a\n{ONE}", None)
    assert kept.malformed == [
        Malformed(2, "57900"),
        Malformed(4, "5,79E+12"),
        Malformed(5, f"{ONE}0"),
        Malformed(6, "n/a"),
    ]
    assert (kept.malformed_count, kept.repeated, kept.not_found) == (4, 1, [ONE, TWO])
    nothing = keep_list("hej", None)
    assert (nothing.kept, nothing.malformed_count) == (None, 0)  # one line without a digit is a header
    assert keep_list("", None).kept is None


def test_what_cannot_be_kept_is_refused():
    many = "\n".join(str(5790000000000 + n) for n in range(10_001))
    for text in (many, b"PK\3\4 no sheet", b"\0\1\2", b"1" * 2_000_001):
        with pytest.raises(Refused):
            keep_list(text, None)
    assert len(keep_list(many[:-14], None).kept.glns) == 10_000


def test_a_workbook_with_far_corners_is_refused_before_it_is_read():
    with pytest.raises(Refused, match="for stort"):
        keep_list(with_far_corners(), None)


def test_anothers_number_is_told_apart_from_none_to_nobody_but_administrators():
    mine = builders.location(ONE, edi_administrator="102")
    builders.location(TWO, edi_administrator="106")
    anna = builders.user("anna", administrators=["102"])
    bo = builders.user("bo", administrators=["106"])
    staff = builders.user("staff", staff=True)
    text = f"{ONE} {TWO} {THREE}"
    kept = keep_list(text, anna)
    assert kept.not_found == [TWO, THREE]
    assert keep_list(text, staff).not_found == [THREE]
    found = LocationFilter.for_query(f"liste={kept.kept.key}", anna)
    assert [location.gln for location in found] == [mine.gln]
    assert LocationFilter.for_query(f"liste={kept.kept.key}", staff).count() == 2
    with pytest.raises(FilterError) as as_other:
        LocationFilter.for_query(f"liste={kept.kept.key}", bo)
    with pytest.raises(FilterError) as as_unknown:
        LocationFilter.for_query(f"liste={'0' * 32}", bo)
    assert str(as_other.value) == str(as_unknown.value)


def test_the_same_numbers_are_the_same_list_of_one_person():
    anna, bo = builders.user("anna"), builders.user("bo")
    first, again, others = (
        keep_list(text, by).kept
        for text, by in ((f"{ONE} {TWO}", anna), (f"{TWO}\n{ONE}", anna), (f"{ONE} {TWO}", bo))
    )
    assert first == again != others
    assert first.key == others.key


def test_a_list_that_nobody_uses_goes_after_a_month():
    old, used = keep_list(ONE, None).kept, keep_list(TWO, None).kept
    GlnList.objects.update(used_at=timezone.now() - timedelta(days=31))
    LocationFilter.for_query(f"liste={used.key}", None)
    assert gln_lists.drop_unused() == 1
    assert list(GlnList.objects.all()) == [used]
    assert old.key != used.key
