"""Rows for tests, each made in one call with only what the test is about.

Code lists may be given as rows or as codes; a code that is not there yet is added, with the code as its name.
"""

from collections.abc import Iterable
from datetime import date
from itertools import count
from typing import Any, TypeVar

from django.db import connection, models, transaction
from django.db.models import Func, Value
from django.utils import timezone
from stdnum import ean

from locations import changes
from locations.approvals.actions import SUMMARY
from locations.models import (
    Approval,
    ApprovalList,
    ChangeSet,
    EdiAdministrator,
    EdiType,
    LocationNumber,
    LocationVersion,
    Region,
    SorUnit,
    Speciality,
    System,
    SystemMap,
    Vans,
    Vendor,
)
from locations.models.change import Source
from soredi.jobs import State
from soredi.models import User

_serial = count(1)
Row = TypeVar("Row", bound=models.Model)


def code(model: type[Row], value: Row | str | None, name: str = "") -> Row | None:
    """The row of the code list `model` with this code; `value` may be the row itself."""
    if value is None or isinstance(value, model):
        return value
    return model._default_manager.get_or_create(code=value, defaults={"name": name or value})[0]


def edi_type(code: str = "DIS91", version: str = "D9134L", **fields: Any) -> EdiType:
    """The EDI type `code version`, added with `fields` (sor_id, name, standard, …) when it is not there."""
    defaults = {"name": code, "standard": EdiType.Standard.EDIFACT} | fields
    return EdiType.objects.get_or_create(code=code, version=version, defaults=defaults)[0]


def user(
    username: str, *, administrators: Iterable[EdiAdministrator | str] = (), staff: bool = False
) -> User:
    """A person of these EDI administrators; log in with `client.force_login`."""
    person = User.objects.create_user(username, is_staff=staff)
    for administrator in administrators:
        row = code(EdiAdministrator, administrator)
        assert row is not None
        row.users.add(person)
    return person


def unit(name: str = "Lægehuset Søndergade", **fields: Any) -> SorUnit:
    """A unit of kind OE below `parent`; `region` and `specialities` may be codes."""
    parent: SorUnit | None = fields.get("parent")
    fields["region"] = code(Region, fields.get("region"))
    fields["specialities"] = [
        row.pk for row in (code(Speciality, value) for value in fields.get("specialities", [])) if row
    ]
    defaults = {
        "sor_id": str(1_000_001_000_016_000 + next(_serial)),
        "kind": SorUnit.Kind.UNIT,
        "owner": parent and (parent.owner or parent),
        "institution": parent and (parent.institution or (parent if parent.kind == "SI" else None)),
    }
    return SorUnit.objects.create(name=name, **defaults | fields)


def unused_gln() -> str:
    """A location number nobody has, with the right check digit."""
    digits = f"579{next(_serial):09}"
    return digits + ean.calc_check_digit(digits)


@transaction.atomic
def location(
    gln: str | None = None,
    *,
    unit: SorUnit | None = None,
    edi_types: Iterable[EdiType] = (),
    edi_administrator: EdiAdministrator | str | None = "102",
    vans: Vans | str | None = "KMD",
    system: System | str | None = None,
    vendor: Vendor | str | None = None,
    region: Region | str | None = None,
    **fields: Any,
) -> LocationNumber:
    """A location number as an import would have made it: a first version, applied by a change set of its own.

    `fields` are further columns (to_date, inactive, note, …). The unit then holds it and can be searched.
    """
    profile = {
        "edi_types": sorted(row.pk for row in edi_types),
        "edi_administrator": code(EdiAdministrator, edi_administrator),
        "vans": code(Vans, vans),
        "system": code(System, system),
        "vendor": code(Vendor, vendor),
        **{name: fields.pop(name) for name in ("only_internal", "inactive", "note") if name in fields},
    }
    change_set = ChangeSet.objects.create(
        source=Source.IMPORT, state=State.RUNNING, counts={"chosen": 1, "new": 1}
    )
    now = timezone.now()
    changes.open_door(change_set)
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('locations_locationnumber', 'id'))")
        (pk,) = cursor.fetchone()
    version = LocationVersion.objects.create(location_id=pk, change_set=change_set, applied_at=now, **profile)
    row = LocationNumber.objects.create(
        pk=pk,
        gln=gln or unused_gln(),
        unit=unit,
        region=code(Region, region),
        version=version,
        sor_version=version,
        unit_key=_sql("danish_key", unit.name if unit else ""),
        city_key=_sql("danish_key", unit.city if unit else ""),
        **profile,
        **fields,
    )
    changes.close_door(change_set, finished_at=now)
    if unit:
        searched = " ".join(
            (
                unit.name,
                unit.street,
                unit.postcode,
                unit.city,
                unit.sor_id,
                unit.cvr,
                unit.provider_number,
                unit.shak,
            )
        )
        SorUnit.objects.filter(pk=unit.pk).update(
            number_holder=unit, search_text=_sql("search_fold", searched)
        )
    return LocationNumber.objects.get(pk=row.pk)


@transaction.atomic
def sor_states(location: LocationNumber, **profile: Any) -> LocationNumber:
    """`location` after an import in which SOR said `profile` of it, else the same as last; ours stays as it is.

    `edi_types` are rows; code lists may be codes.
    """
    location.refresh_from_db()
    said = LocationVersion.objects.get(pk=location.sor_version_id)
    lists = {"edi_administrator": EdiAdministrator, "system": System, "vendor": Vendor, "vans": Vans}
    for name, value in profile.items():
        if name == "edi_types":
            value = sorted(row.pk for row in value)
        setattr(said, name, code(lists[name], value) if name in lists else value)
    change_set = ChangeSet.objects.create(source=Source.IMPORT, state=State.RUNNING, counts={"chosen": 1})
    changes.open_door(change_set)
    said.pk, said.base_id, said.change_set, said.applied_at = None, location.sor_version_id, change_set, None
    said.save(force_insert=True)
    LocationNumber.objects.filter(pk=location.pk).update(sor_version=said)
    changes.close_door(change_set, finished_at=timezone.now())
    return LocationNumber.objects.get(pk=location.pk)


@transaction.atomic
def approval_list(
    *rows: tuple[Any, ...], dated: date = date(2026, 1, 1), accepted: bool = True
) -> ApprovalList:
    """A list of approvals, in force from `dated`; each row is (MedCom's system, message, status[, channel]).

    A message is an EDI type or what the sheet writes, `DIS91 (D9134L)`. Lines are 2, 3, …
    """
    made = ApprovalList.objects.create(
        name="godkendelser.xlsx",
        sha256=f"{next(_serial):064}",
        dated=dated,
        counts=dict.fromkeys(SUMMARY, 0) | {"rows": len(rows), "keys": len(rows)},
    )
    for line, (system, message, status, *channel) in enumerate(rows, 2):
        if isinstance(message, EdiType):
            message = f"{message.code} ({message.version})"
        code, _space, version = message.removesuffix(")").partition(" (")
        Approval.objects.create(
            approval_list=made,
            row=line,
            system=system,
            message=message,
            code=code,
            version=version,
            status=status,
            channel=channel[0] if channel else "receive",
        )
    if accepted:
        made.accepted_at = timezone.now()
        made.save()
    return made


def mapped(system: System | str, *names: str, accepted: bool = True) -> System:
    """`system` with the word that it is, or is not, each of these of MedCom's."""
    row = code(System, system)
    assert row is not None
    for name in names:
        SystemMap.objects.create(system=row, medcom_system=name, accepted=accepted)
    return row


def _sql(function: str, text: str) -> Func:
    return Func(Value(text), function=function)
