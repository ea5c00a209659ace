"""Codes as people and addresses write them → the rows they mean."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from locations.models import EdiAdministrator, LocationNumber, Region, Speciality, System, Vans, Vendor

EDI_TYPE, UNIT_TYPE = "edi_type", "enhedstype"


@dataclass(frozen=True)
class Code:
    """One entry of a code list: its key, what stands in the address, and what people read.

    An EDI type's code in any version has several keys, `versions`.
    """

    pk: int
    code: str
    name: str
    label: str
    versions: tuple[int, ...] = ()

    @property
    def keys(self) -> tuple[int, ...]:
        """Of the rows that are meant."""
        return self.versions or (self.pk,)

    @property
    def short(self) -> str:
        """An EDI type's code without its version."""
        return self.label.partition(" ")[0]


class CodeLists:
    """All code lists, and the types that units have, read in one statement: about 300 short rows.

    `numbers` is about how many location numbers there are, as the planner knows it.
    """

    _TABLES = {
        "administrator": EdiAdministrator._meta.db_table,
        "vans": Vans._meta.db_table,
        "system": System._meta.db_table,
        "leverandoer": Vendor._meta.db_table,
        "region": Region._meta.db_table,
        "speciale": Speciality._meta.db_table,
    }
    _NUMBERS = LocationNumber._meta.db_table
    # Out: (list, key, SOR id or code, code, version, name, retired on, types of a unit). Composing it by the ORM for
    # each page took longer than PostgreSQL takes to answer it. The types of units are found by leaps along the index
    # sorunit_types: 2 ms for 1.1 million units, where DISTINCT takes 300.
    _READ = f"""
        WITH RECURSIVE unit_type AS (
            (SELECT types FROM locations_sorunit ORDER BY types LIMIT 1)
            UNION ALL
            SELECT (SELECT u.types FROM locations_sorunit u WHERE u.types > t.types ORDER BY u.types LIMIT 1)
            FROM unit_type t WHERE t.types IS NOT NULL
        )
        SELECT '{EDI_TYPE}', id, coalesce(sor_id, ''), code, version, name, retired_on, NULL::varchar[]
        FROM locations_editype
        UNION ALL
        SELECT '{UNIT_TYPE}', 0, '', '', '', '', NULL::date, types FROM unit_type WHERE types IS NOT NULL
        UNION ALL
        SELECT '{_NUMBERS}', greatest(reltuples, 0)::bigint, '', '', '', '', NULL::date, NULL
        FROM pg_class WHERE oid = '{_NUMBERS}'::regclass
        """ + "".join(
        f" UNION ALL SELECT '{parameter}', id, code, '', '', name, retired_on, NULL FROM {table}"
        for parameter, table in _TABLES.items()
    )

    def __init__(self) -> None:
        self._lists: dict[str, dict[str, Code]] = {name: {} for name in (*self._TABLES, EDI_TYPE, UNIT_TYPE)}
        self._versions: dict[str, list[str]] = defaultdict(list)
        self._retired_on: dict[int, date] = {}  # EDI types
        self._unit_types: list[list[str]] = []  # as units have them: several are a list of several
        with connection.cursor() as cursor:
            cursor.execute(self._READ)
            rows = cursor.fetchall()
        self.numbers = 0
        for parameter, pk, first, code, version, name, retired_on, types in rows:
            if parameter == self._NUMBERS:
                self.numbers = pk
            elif parameter == EDI_TYPE:
                label = f"{code} {version}".strip()
                self._lists[EDI_TYPE][label] = Code(pk, first or label, name, label)
                self._versions[code].append(label)
                if retired_on:
                    self._retired_on[pk] = retired_on
            elif parameter == UNIT_TYPE:
                self._unit_types.append(types)
                self._lists[UNIT_TYPE] |= {one: Code(0, one, one, one) for one in types}
            else:
                self._lists[parameter][first] = Code(pk, first, name, name)
        self._by_sor_id = {entry.code: entry for entry in self._lists[EDI_TYPE].values()}

    def all(self, parameter: str) -> list[Code]:
        """The entries of one list, in the order of their labels."""
        return sorted(self._lists[parameter].values(), key=lambda entry: entry.label)

    @cached_property
    def edi_types(self) -> Mapping[int, Code]:
        """Key → EDI type, in the order of code and version."""
        return {entry.pk: entry for entry in self.all(EDI_TYPE)}

    @cached_property
    def edi_type_choices(self) -> list[Code]:
        """Every EDI type, and before the versions of a code that has several, the code in any of them."""
        several = (self._any_version(code) for code, labels in self._versions.items() if len(labels) > 1)
        any_version = [entry for entry in several if entry.code not in self._lists[EDI_TYPE]]
        return sorted([*self.edi_types.values(), *any_version], key=lambda entry: (entry.short, entry.label))

    @property
    def retired_edi_types(self) -> list[int]:
        """Keys of those that must not be chosen anew today."""
        today = timezone.localdate()
        return [pk for pk, day in self._retired_on.items() if day <= today]

    def unit_types_with(self, asked: Iterable[str]) -> list[list[str]]:
        """Every list of types that some unit has and that holds any of those asked for."""
        wanted = set(asked)
        return [types for types in self._unit_types if wanted.intersection(types)]

    def find(self, parameter: str, value: str) -> Code:
        """The one entry that `value` means; raises ValidationError where none or several do."""
        if parameter != EDI_TYPE:
            if entry := self._lists[parameter].get(value.strip()):
                return entry
            raise self._unknown(value)
        entry = self.find_any_version(value)
        if entry.versions:
            raise ValidationError(
                _("%(code)s has several versions. Write one of: %(versions)s.")
                % {"code": entry.code, "versions": ", ".join(sorted(self._versions[entry.code]))},
            )
        return entry

    def find_any_version(self, value: str) -> Code:
        """The EDI type that a SOR id, `code version`, `code (version)` or code means; a code is it in any version.

        In small letters too, where nothing is written so.
        """
        text = " ".join(value.split())
        entry = self._meant(text) or self._meant(text.upper())
        if entry is None:
            raise self._unknown(value)
        return entry

    def _meant(self, text: str) -> Code | None:
        if entry := self._by_sor_id.get(text) or self._lists[EDI_TYPE].get(text):
            return entry
        code, _space, version = text.partition(" ")
        if entry := self._lists[EDI_TYPE].get(f"{code} {version.strip('()').strip()}"):
            return entry
        if labels := self._versions.get(text):
            return self._any_version(text) if len(labels) > 1 else self._lists[EDI_TYPE][labels[0]]
        return None

    def _any_version(self, code: str) -> Code:
        versions = [self._lists[EDI_TYPE][label] for label in self._versions[code]]
        label = _("%(code)s in any version") % {"code": code}
        return Code(0, code, versions[0].name, label, tuple(sorted(entry.pk for entry in versions)))

    def _unknown(self, value: str) -> ValidationError:
        return ValidationError(_("“%(value)s” is not in the code list.") % {"value": value})
