"""Numbers of every sort at random, with their units and history, read into Python once."""

import random
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

import builders
from django.db import connection
from django.utils import timezone

from locations import changes
from locations.gln_lists import keep_list
from locations.models import ChangeSet, EdiType, LocationNumber, LocationVersion, SorUnit, UnitWord, Vans

NUMBERS = 150
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


def make_world():
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
