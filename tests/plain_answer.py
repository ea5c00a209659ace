"""What a question to the list means of each number, in plain Python: no SQL, and no code of the filter."""

import re
from datetime import date

from django.utils import timezone


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
        bare = [word.strip(".,:;/()\"'-&+“”„»«’‘›…") for word in text.replace("/", " ").split()]
        written = [[folded(word)] for word in bare if word]
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
        served = self.open_units(row)
        if "kun_egne" in self.asked:
            served = [unit for unit in served if unit.pk == row.unit_id]
        return any(wanted & set(unit.specialities) for unit in served)

    def open_units(self, row):
        today = timezone.localdate()
        served = self.world.children.get(row.unit_id, []) if row.unit_id else []
        return [unit for unit in served if unit.to_date is None or unit.to_date >= today]

    def speciality_keys(self, values):
        from locations.models import Speciality

        return Speciality.objects.filter(code__in=values).values_list("pk", flat=True)

    def eget(self, row, values):
        others = [unit for unit in self.open_units(row) if unit.pk != row.unit_id]
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
