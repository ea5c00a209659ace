"""Two hundred questions of several parameters each, and what plain Python answers over the same numbers."""

import random
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from asked_world import NUMBERS, TYPES, make_world
from django.utils import timezone
from plain_answer import Answer

from locations import free_text, pages
from locations.filters import SHOWING, LocationFilter
from locations.models import LocationNumber

QUESTIONS = 200
WORDS = (
    """
aeroe|ÆRØ|apotek|syge|øskøb|e4|E|8000|aarhus c|søndergade odense|5970 apotek|flytter|test;|modtager ærø|57900|5790 0000
apotke|sygehsu|lægehusett|ordense|kirugisk afdeling|skovvje|apotkee|zzzz|flyter|100%|a_o|100010000|"syd"|ålekistevej 4
ringvej ærø|sygehus apotke
""".strip()
    .replace("\n", "|")
    .split("|")
)


# `pr` asks of another day, for which tests/locations/test_as_of.py has a world of its own.
ASKED = set(LocationFilter.base_filters) - set(SHOWING) - {"pr"}
EDI_QUESTIONS = ("edi_type", "edi_type_en_af", "mangler", "ikke_edi_type", "kun_edi_type")


@pytest.fixture
def world(db):
    return make_world()


def question(pick, world, who):
    """{parameter: values} of one to four parameters."""
    codes = ["DIS91", "REF06", "REF06 H0631R", "CTL01 (C0130Q)", "1004", "FCTL"]
    days = [(timezone.localdate() - timedelta(days=n)).isoformat() for n in (0, 3, 10, 20, 40)]
    some = {
        "gln": lambda: [pick.choice(["5790", "57900000", pick.choice(world.numbers).gln, "999"])],
        "liste": lambda: [world.lists[who][0]],
        "q": lambda: [pick.choice(WORDS)],
        **{name: lambda: pick.sample(codes, pick.choice([1, 1, 2, 3])) for name in EDI_QUESTIONS},
        **{name: lambda: ["ja"] for name in ("udgaaet", "ingen_edi_typer")},
        **{name: lambda: [pick.choice(["ja", "nej"])] for name in ("eget", "intern", "afviger")},
        "vans": lambda: pick.sample(["KMD", "MultiMed", "V1", "V5"], pick.choice([1, 2])),
        "system": lambda: pick.sample(["XMO", "EG"], pick.choice([1, 2])),
        "leverandoer": lambda: pick.sample(["CGM", "EG"], pick.choice([1, 2])),
        "administrator": lambda: pick.sample(["102", "103", "106"], pick.choice([1, 2])),
        "region": lambda: [pick.choice(["1081", "1084"])],
        "enhedstype": lambda: pick.sample(TYPES, pick.choice([1, 2])),
        "enhed_art": lambda: pick.sample(["IE", "SI", "OE"], pick.choice([1, 2])),
        "speciale": lambda: pick.sample(["s1", "s2", "s3"], pick.choice([1, 2])),
        "kun_egne": lambda: ["ja"],
        "status": lambda: pick.sample(
            ["aktiv", "inaktiv", "lukket", "fremtidig", "intern"], pick.choice([1, 2])
        ),
        "aendret_fra": lambda: [pick.choice(days)],
        "aendret_til": lambda: [pick.choice(days)],
        "aendret_af": lambda: pick.sample(["staff", "anna", "bo"], pick.choice([1, 2])),
    }
    assert set(some) == ASKED
    names = pick.sample(sorted(some), pick.choice([1, 1, 2, 2, 3, 4]))
    if "kun_egne" in names:
        names = [*dict.fromkeys([*names, "speciale"])]
    if who != "staff":
        names = [name for name in names if name != "leverandoer"]
    return {name: some[name]() for name in names}


@pytest.mark.parametrize(
    ("ranked", "cheap", "least"), [(free_text.RANKED, pages.CHEAP, pages.LEAST), (5, 0, NUMBERS), (5, 0, 10)]
)
def test_every_question_finds_what_plain_python_finds(world, monkeypatch, ranked, cheap, least):
    """Also where what is found is too many to rank or to gather, and where a walk ends before the page is full."""
    monkeypatch.setattr(free_text, "RANKED", ranked)
    monkeypatch.setattr(pages, "CHEAP", cheap)
    monkeypatch.setattr(pages, "LEAST", least)
    pick = random.Random(11)
    found, names = [], set()
    for turn in range(QUESTIONS):
        who = pick.choice(["staff", "staff", "anna", "anna", "bo", "nobody"])
        asked = question(pick, world, who)
        query = urlencode(asked, doseq=True)
        question_filter = LocationFilter.checked(query, world.people[who])
        got = list(question_filter.qs.values_list("gln", flat=True))
        assert (turn, who, query, got) == (turn, who, query, Answer(world, asked, who).glns())
        everything = question_filter.page_keys(0, NUMBERS + 1)
        assert sorted(row.gln for row in LocationNumber.objects.in_bulk(everything).values()) == got
        assert question_filter.page_keys(0, 5) == everything[:5]
        assert question_filter.page_keys(5, 10) == everything[5:15]
        found.append(len(got))
        names |= set(asked)
    assert names == ASKED
    assert sum(0 < count < NUMBERS for count in found) > QUESTIONS / 3
