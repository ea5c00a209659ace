"""Invented names: persons, practices, institutions, streets and notes, in Danish."""

from __future__ import annotations

import random

from sorimport.synthetic.facts import Place, words

FIRST = words("first")
LAST = words("last")
STREETS = words("streets")
SECTIONS = words("sections")
TEAMS = words("teams")
DISTRICTS = words("districts")
HOMES = words("homes")
PHARMACIES = words("pharmacies")
NOTES = (
    "Modtager på vegne af hele huset",
    "Bruges kun til test; må ikke lukkes",
    'Henvendelser til "EDI-gruppen"',
    "Flytter til nyt system i løbet af året",
    "Overtaget efter tidligere ejer, se journalnotat",
    "Åbent for henvisninger; øvrigt efter aftale",
    "Fælles postkasse for afdelingens afsnit",
)


def person(rng: random.Random) -> str:
    return f"{rng.choice(FIRST)} {rng.choice(LAST)}"


def street(rng: random.Random) -> str:
    return rng.choice(STREETS)


def practice(sector: str, rng: random.Random, place: Place) -> str:
    """Return the name of a private practice of the kind `sector` in `place`."""
    style = rng.randrange(4)
    if sector == "gp":
        return (
            f"Læge {person(rng)}",
            f"Lægerne {street(rng)}",
            f'Lægehuset "{street(rng)}", {place.town}',
            f"{place.town} Lægehus",
        )[style]
    if sector == "pharmacy":
        return f"{place.town} {rng.choice(PHARMACIES)} Apotek" if style else f"{place.town} Apotek"
    if sector == "private_hospital":
        return f"Privathospitalet {rng.choice(HOMES)}"
    if sector == "laboratory":
        return f"{place.town} Laboratorium og Prøvetagning"
    noun, owner = {
        "specialist": ("Speciallægeklinikken", "Speciallæge"),
        "dentist": ("Tandlægerne", "Tandlæge"),
        "physio": ("Fysioterapien", "Fysioterapeut"),
        "psychologist": ("Psykologhuset", "Psykolog"),
        "chiropractor": ("Kiropraktisk Klinik", "Kiropraktor"),
        "podiatrist": ("Fodklinikken", "Fodterapeut"),
    }[sector]
    return f"{owner} {person(rng)}" if style < 2 else f"{noun} {street(rng)}, {place.town}"


def former(name: str, age: int) -> str:
    """Return what a unit called `name` was called `age` changes ago."""
    return name if age % 2 else f"{name} (under omlægning)"
