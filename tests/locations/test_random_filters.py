"""Two hundred questions of several parameters each, and what plain Python answers over the same numbers.

`World` reads every row once; `Answer` says of one number whether a question means it. No SQL, and no code of the
filter but its list of parameters.
"""

import random
import re
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from urllib.parse import urlencode

import builders
import pytest
from django.db import connection
from django.utils import timezone

from locations import changes, free_text, orders
from locations.filters import SHOWING, LocationFilter
from locations.gln_lists import keep_list
from locations.models import ChangeSet, EdiType, LocationNumber, LocationVersion, SorUnit, UnitWord, Vans

NUMBERS = 150
QUESTIONS = 200
NAMES = [
    "Ærø Apotek",
    "Lægehuset Søndergade",
    "Aabenraa Sygehus",
    "Odense Lægehus",
    "Kirurgisk Afdeling E4",
    'Klinik "Syd"',
]
STREETS = ["Østre Ringvej 12", "Skovvej 107", "Ålekistevej 4"]
CITIES = [("5970", "Ærøskøbing"), ("8000", "Aarhus C"), ("9000", "Aalborg")]
NOTES = ["Flytter til nyt system", "Kun til test; må ikke lukkes", "Modtager for Ærø"]
TYPES = ["Apotek", "Lægepraksis", "Afdeling", "Afsnit"]
EDI = [
    *(("DIS91", "D9134L"), ("REF06", "H0630R"), ("REF06", "H0631R")),
    *(("CTL01", "C0130Q"), ("XDIS91", "XD91"), ("FCTL", "")),
]
WORDS = (
    """
aeroe|ÆRØ|apotek|syge|øskøb|e4|E|8000|aarhus c|søndergade odense|5970 apotek|flytter|test;|modtager ærø|57900|5790 0000
apotke|sygehsu|lægehusett|ordense|kirugisk afdeling|skovvje|apotkee|zzzz|flyter|100%|a_o|100010000|"syd"|ålekistevej 4
ringvej ærø|sygehus apotke
""".strip()
    .replace("\n", "|")
    .split("|")
)


@dataclass
class World:
    people: dict = field(default_factory=dict)
    numbers: list = field(default_factory=list)
    units: dict = field(default_factory=dict)
    children: dict = field(default_factory=dict)
    change_sets: dict = field(default_factory=dict)
    vocabulary: set = field(default_factory=set)
    types: dict = field(default_factory=dict)
    lists: dict = field(default_factory=dict)


@pytest.fixture
def world(db):
    pick = random.Random(5)
    edi = [builders.edi_type(code, version, sor_id=str(1000 + n)) for n, (code, version) in enumerate(EDI)]
    EdiType.objects.filter(pk=edi[1].pk).update(retired_on=timezone.localdate())
    EdiType.objects.filter(pk=edi[3].pk).update(retired_on=timezone.localdate() + timedelta(days=1))
    people = {
        "staff": builders.user("staff", staff=True),
        "anna": builders.user("anna", administrators=["102", "103"]),
        "bo": builders.user("bo", administrators=["106"]),
        "nobody": builders.user("nobody"),
    }
    units = make_units(pick)
    numbers = [make_number(pick, units, edi, n) for n in range(NUMBERS)]
    make_history(pick, people, numbers, edi)
    return read(people, numbers)


def make_units(pick):
    units = []
    for n in range(100):
        parent = pick.choice(units) if n > 10 and pick.random() < 0.6 else None
        postcode, city = pick.choice(CITIES)
        unit = builders.unit(
            f"{pick.choice(NAMES)} {pick.choice(['', 'Nord', 'Distrikt Vest'])}".strip(),
            kind=pick.choice(["IE", "SI", "OE"]),
            parent=parent,
            types=pick.sample(TYPES, pick.choice([0, 1, 1, 2])),
            specialities=pick.sample(["s1", "s2", "s3"], pick.choice([0, 1, 2])),
            street=pick.choice(STREETS),
            postcode=postcode,
            city=city,
            cvr=f"{12345678 + n % 7}",
            inherits_number=parent is not None,
            to_date=pick.choice([None, None, date(2020, 1, 1)]),
        )
        units.append(unit)
    return units


def make_number(pick, units, edi, n):
    today = timezone.localdate()
    day = timedelta(days=1)
    begun = pick.choice([None, today - 99 * day, today, today + day])
    row = builders.location(
        unit=pick.choice([None, *units[:60]]),
        edi_types=pick.sample(edi, pick.choice([0, 1, 1, 2, 3])),
        edi_administrator=pick.choice(["102", "103", "106"]),
        vans=pick.choice(["KMD", "MultiMed", None]),
        system=pick.choice(["XMO", "EG", None]),
        vendor=pick.choice(["CGM", "EG", None]),
        region=pick.choice(["1081", "1084", None]),
        first_from_date=begun,
        to_date=pick.choice([None, None, today, today - day]),
        inactive=pick.random() < 0.2,
        only_internal=pick.random() < 0.2,
        note=pick.choice(["", "", *NOTES]),
    )
    # Units below that inherit use the number too, as after an import.
    SorUnit.objects.filter(parent=row.unit_id, number_holder=None).exclude(parent=None).update(
        number_holder=row.unit_id
    )
    return row


def make_history(pick, people, numbers, edi):
    """Change sets of three people, on days up to a month ago; and what SOR says else of some numbers."""
    for turn in range(12):
        by = people[pick.choice(["staff", "anna", "bo"])]
        chosen = pick.sample([row.pk for row in numbers], 15)
        locations = LocationNumber.objects.editable_by(by).filter(pk__in=chosen)
        planned = changes.plan(locations=locations, by=by, vans=builders.code(Vans, f"V{turn}"), add=[edi[4]])
        if turn % 4:
            planned.run_here(changes.apply)
    for row in pick.sample(numbers, 20):
        builders.sor_states(row, note="SOR")
    first = timezone.make_aware(datetime.combine(timezone.localdate() - timedelta(days=30), time(0, 30)))
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        for change_set in ChangeSet.objects.filter(finished_at__isnull=False):
            moment = first + timedelta(days=pick.randrange(31), hours=pick.choice([0, 11, 23]))
            change_set_by = pick.choice([None, None, people["staff"].pk])
            cursor.execute(
                "UPDATE locations_changeset SET finished_at = %s, applied_by_id = %s WHERE id = %s",
                [moment, change_set_by, change_set.pk],
            )
            cursor.execute(
                "UPDATE locations_locationversion SET applied_at = %s "
                "WHERE change_set_id = %s AND applied_at IS NOT NULL",
                [moment, change_set.pk],
            )
        cursor.execute("SET LOCAL session_replication_role = origin")


def read(people, numbers):
    world = World(people=people)
    world.units = {unit.pk: unit for unit in SorUnit.objects.all()}
    for unit in world.units.values():
        world.children.setdefault(unit.number_holder_id, []).append(unit)
    world.change_sets = {row.pk: row for row in ChangeSet.objects.all()}
    world.vocabulary = set(UnitWord.objects.values_list("word", flat=True))
    world.types = {row.pk: row for row in EdiType.objects.all()}
    lists = ("vans", "system", "vendor", "region", "edi_administrator")
    world.numbers = list(LocationNumber.objects.select_related(*lists, "sor_version").order_by("gln"))
    for row in world.numbers:
        row.profiles = list(LocationVersion.objects.filter(location=row, applied_at__isnull=False))
        row.unit_row = world.units.get(row.unit_id)
    some = [row.gln for row in world.numbers[::3]]
    for name, by in people.items():
        kept = keep_list(" ".join(some), by).kept
        world.lists[name] = (kept.key, set(some))
    return world


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
    assert set(some) == set(LocationFilter.base_filters) - set(SHOWING)
    names = pick.sample(sorted(some), pick.choice([1, 1, 2, 2, 3, 4]))
    if "kun_egne" in names:
        names = [*dict.fromkeys([*names, "speciale"])]
    if who != "staff":
        names = [name for name in names if name != "leverandoer"]
    return {name: some[name]() for name in names}


EDI_QUESTIONS = ("edi_type", "edi_type_en_af", "mangler", "ikke_edi_type", "kun_edi_type")


class Answer:
    """Whether each number of `world` is meant by `asked`, for the person `who`."""

    def __init__(self, world, asked, who):
        self.world, self.asked, self.who = world, asked, who
        codes = {"102", "103"} if who == "anna" else {"106"} if who == "bo" else set()
        self.own = [row for row in world.numbers if who == "staff" or row.edi_administrator.code in codes]
        self.words = self.meant(asked["q"][0]) if "q" in asked else []

    def glns(self):
        return [
            row.gln
            for row in self.own
            if all(
                getattr(self, name)(row, values)
                for name, values in self.asked.items()
                if name not in ("kun_egne", "aendret_fra", "aendret_til", "aendret_af")
            )
            and self.changed(row)
        ]

    # The number, and free text.

    def gln(self, row, values):
        return row.gln.startswith(values[0])

    def liste(self, row, values):
        return row.gln in self.world.lists[self.who][1]

    def q(self, row, values):
        digits = values[0].replace(" ", "")
        whole = " " in values[0] and digits.isdigit() and len(digits) >= 5 and row.gln.startswith(digits)
        return whole or all(any(self.holds(row, one) for one in spellings) for spellings in self.words)

    def holds(self, row, word):
        texts = [row.unit_row.search_text if row.unit_row else "", folded(row.note)]
        if re.search(r"[a-z0-9]{3}", word):
            found = any(word in text for text in texts)
        else:
            found = any(text.startswith(word) or f" {word}" in text for text in texts)
        return found or (word.isdigit() and len(word) >= 5 and row.gln.startswith(word))

    def meant(self, text):
        written = [[folded(word)] for word in text.split()]
        self.words = written
        if any(self.q(row, [text]) for row in self.own):
            return written
        runs = re.findall("[a-z0-9]+", folded(text))
        meant = {}
        for at, run in enumerate(runs):
            if len(run) >= 4 and not run.isdigit() and not any(run in word for word in self.world.vocabulary):
                near = {word for word in self.world.vocabulary if begins_nearly(word, run)}
                if near:
                    meant[at] = near
        return [meant.get(at, [run]) for at, run in enumerate(runs)] if meant else written

    # EDI types.

    def sets(self, values):
        by = {}
        for row in self.world.types.values():
            for name in (row.sor_id, row.code, str(row), f"{row.code} ({row.version})"):
                by.setdefault(name, set()).add(row.pk)
        return [by[value] for value in values]

    def edi_type(self, row, values):
        return all(one & set(row.edi_types) for one in self.sets(values))

    def edi_type_en_af(self, row, values):
        return any(one & set(row.edi_types) for one in self.sets(values))

    def mangler(self, row, values):
        return not self.edi_type(row, values)

    def ikke_edi_type(self, row, values):
        return not self.edi_type_en_af(row, values)

    def kun_edi_type(self, row, values):
        return self.edi_type(row, values) and set(row.edi_types) <= set().union(*self.sets(values))

    def udgaaet(self, row, values):
        days = (self.world.types[pk].retired_on for pk in row.edi_types)
        return any(day is not None and day <= timezone.localdate() for day in days)

    def ingen_edi_typer(self, row, values):
        return not row.edi_types

    # Codes.

    def vans(self, row, values):
        return row.vans is not None and row.vans.code in values

    def system(self, row, values):
        return row.system is not None and row.system.code in values

    def leverandoer(self, row, values):
        return row.vendor is not None and row.vendor.code in values

    def administrator(self, row, values):
        return row.edi_administrator.code in values

    def region(self, row, values):
        return row.region is not None and row.region.code in values

    # The unit.

    def enhedstype(self, row, values):
        return row.unit_row is not None and bool(set(row.unit_row.types) & set(values))

    def enhed_art(self, row, values):
        return row.unit_row is not None and row.unit_row.kind in values

    def speciale(self, row, values):
        wanted = set(self.speciality_keys(values))
        served = self.world.children.get(row.unit_id, []) if row.unit_id else []
        if "kun_egne" in self.asked:
            served = [unit for unit in served if unit.pk == row.unit_id]
        return any(wanted & set(unit.specialities) for unit in served)

    def speciality_keys(self, values):
        from locations.models import Speciality

        return Speciality.objects.filter(code__in=values).values_list("pk", flat=True)

    def eget(self, row, values):
        served = self.world.children.get(row.unit_id, []) if row.unit_id else []
        today = timezone.localdate()
        others = [u for u in served if u.pk != row.unit_id and (u.to_date is None or u.to_date >= today)]
        return (not others) == (values == ["ja"])

    # The number's state, and its history.

    def status(self, row, values):
        today = timezone.localdate()
        if row.to_date and row.to_date < today:
            one = "lukket"
        elif row.first_from_date and row.first_from_date > today:
            one = "fremtidig"
        else:
            one = "inaktiv" if row.inactive else "aktiv"
        return one in values or ("intern" in values and row.only_internal)

    def intern(self, row, values):
        return row.only_internal == (values == ["ja"])

    def afviger(self, row, values):
        fields = ("edi_administrator_id", "system_id", "vendor_id", "vans_id", "edi_types", "only_internal")
        differs = any(
            getattr(row, name) != getattr(row.sor_version, name) for name in (*fields, "inactive", "note")
        )
        return differs == (values == ["ja"])

    def changed(self, row):
        asked = {name: values for name, values in self.asked.items() if name.startswith("aendret_")}
        return not asked or any(self.within(version, asked) for version in row.profiles)

    def within(self, version, asked):
        change_set = self.world.change_sets[version.change_set_id]
        day = timezone.localdate(version.applied_at)
        people = {self.world.people[name].pk for name in asked.get("aendret_af", [])}
        return (
            day >= date.fromisoformat(asked.get("aendret_fra", ["1900-01-01"])[0])
            and day <= date.fromisoformat(asked.get("aendret_til", ["9000-01-01"])[0])
            and (not people or change_set.by_id in people or change_set.applied_by_id in people)
        )


def folded(text):
    return text.lower().replace("æ", "ae").replace("ø", "oe").replace("å", "aa")


def begins_nearly(word, typed):
    """`word` begins with something one error from `typed`."""
    return any(one_error_apart(word[:length], typed) for length in range(len(typed) - 1, len(typed) + 2))


def one_error_apart(one, other):
    if len(one) == len(other):
        differ = [at for at in range(len(one)) if one[at] != other[at]]
        swapped = len(differ) == 2 and differ[1] == differ[0] + 1 and one[differ[0]] == other[differ[1]]
        return len(differ) <= 1 or (swapped and one[differ[1]] == other[differ[0]])
    short, long = sorted((one, other), key=len)
    return len(long) == len(short) + 1 and any(long[:at] + long[at + 1 :] == short for at in range(len(long)))


@pytest.mark.parametrize(("ranked", "few"), [(free_text.RANKED, orders.FEW), (5, 0)])
def test_every_question_finds_what_plain_python_finds(world, monkeypatch, ranked, few):
    """Also where what is found is too many to rank or to sort."""
    monkeypatch.setattr(free_text, "RANKED", ranked)
    monkeypatch.setattr(orders, "FEW", few)
    pick = random.Random(11)
    found, names = [], set()
    for turn in range(QUESTIONS):
        who = pick.choice(["staff", "staff", "anna", "anna", "bo", "nobody"])
        asked = question(pick, world, who)
        query = urlencode(asked, doseq=True)
        question_filter = LocationFilter.checked(query, world.people[who])
        got = list(question_filter.qs.values_list("gln", flat=True))
        assert (turn, who, query, got) == (turn, who, query, Answer(world, asked, who).glns())
        page = LocationNumber.objects.in_bulk(question_filter.page_keys(0, NUMBERS + 1))
        assert sorted(row.gln for row in page.values()) == got
        found.append(len(got))
        names |= set(asked)
    assert names == set(LocationFilter.base_filters) - set(SHOWING)
    assert sum(0 < count < NUMBERS for count in found) > QUESTIONS / 3
