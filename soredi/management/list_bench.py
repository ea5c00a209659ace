"""Benchmarks of the list: its pages for every filter, order and some combinations; counts; and Django's admin."""

import importlib
import resource
import statistics
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode

from django.core.cache import cache
from django.core.management.base import CommandError
from django.db import connection, reset_queries
from django.db.models import Count
from django.test import Client, override_settings
from django.utils import timezone

from locations.gln_lists import keep_list
from locations.models import (
    EdiAdministrator,
    EdiType,
    LocationNumber,
    Region,
    SorUnit,
    Speciality,
    System,
    Vendor,
)
from locations.orders import ORDERS
from soredi.models import User

WARM = 3
REQUESTS = 40  # of each page; p95 is of these

LIST, COUNT = "/lokationsnumre/", "/lokationsnumre/antal/"
ADMIN = "/bench/admin/locations/locationnumber/"


@dataclass(frozen=True)
class Measured:
    """Milliseconds of one page: `floor` is its SQL by itself, `cpu` what this process and its connection's worked for
    it, which tells more than the clock where others use the machine too. `target` is for p95; 0 for none.
    """

    floor: float
    median: float
    p95: float
    cpu: float
    queries: int
    target: int


def measured(*, only: str = "", requests: int = REQUESTS) -> Iterator[tuple[str, Measured]]:
    """(name, figures) of each page as an administrator sees it, who has all the numbers, and as somebody does who has
    those of the largest EDI administrator. `only` those with this in their name.
    """
    importlib.import_module("soredi.wsgi")  # memory as in the web server
    with override_settings(DEBUG=False, ROOT_URLCONF="soredi.management.bench_urls"):
        for client, name, address, target, fresh in _asked():
            if only in name:
                yield name, _measure(client, address, target, requests, fresh=fresh)


def _asked() -> Iterator[tuple[Client, str, str, int, bool]]:
    """(who asks, name, address, target, whether an answer that is kept does not count)."""
    administrator, client = _user("bench", is_staff=True, is_superuser=True)
    for name, query in pages(administrator).items():
        yield client, f"list, {name}", f"{LIST}?{query}", 100 if name.startswith("text") else 60, False
    for name, query in counted(administrator).items():
        yield client, f"counts, {name}", f"{COUNT}?{query}", 150, True
    for name, query in admin_pages().items():
        yield client, f"Django's admin, {name}", f"{ADMIN}?{query}", 0, False
    most = LocationNumber.objects.values("edi_administrator").annotate(n=Count("pk")).order_by("-n")[0]
    person, client = _user("bench-many", is_staff=False, is_superuser=False)
    person.edi_administrators.set(EdiAdministrator.objects.filter(pk=most["edi_administrator"]))
    for name, query in pages(person).items():
        if "leverandoer" not in query:
            yield client, f"of many, {name}", f"{LIST}?{query}", 100 if name.startswith("text") else 60, False
    for name, query in counted(person).items():
        yield client, f"counts of many, {name}", f"{COUNT}?{query}", 150, True


def _user(username: str, **rights: bool) -> tuple[User, Client]:
    user, _made = User.objects.update_or_create(username=username, defaults=rights)
    client = Client(headers={"host": "localhost"})
    client.force_login(user)
    return user, client


def _measure(client: Client, address: str, target: int, requests: int, *, fresh: bool) -> Measured:
    headers = {"HX-Request": "true"} if fresh else {}
    spent, floors, worked = [], [], 0.0
    for turn in range(-WARM, requests):
        if fresh:
            cache.clear()
        if turn == 0:
            worked = _worked()
        started = time.perf_counter()
        response = client.get(address, headers=headers)
        response.content  # noqa: B018
        if turn >= 0:
            spent.append((time.perf_counter() - started) * 1000)
        if response.status_code != 200:
            raise CommandError(f"{address} answered {response.status_code}")
    worked = (_worked() - worked) * 1000 / requests
    connection.force_debug_cursor = True
    for _turn in range(3):
        reset_queries()
        if fresh:
            cache.clear()
        client.get(address, headers=headers)
        floors.append(sum(float(one["time"]) for one in connection.queries) * 1000)
    queries = len(connection.queries)
    connection.force_debug_cursor = False
    return Measured(
        floor=max(statistics.median(floors), 0.5),
        median=statistics.median(spent),
        p95=statistics.quantiles(spent, n=20)[-1],
        cpu=worked,
        queries=queries,
        target=target,
    )


# What the server's process of this connection has worked, in ticks of 10 ms, as Linux tells it.
_TICKS = """
SELECT (p[12]::int + p[13]::int) / 100.0 FROM string_to_array(
    split_part(pg_read_file('/proc/self/stat'), ') ', 2), ' ') AS p
"""


def _worked() -> float:
    """Seconds that this process and the one at the other end of its connection have worked."""
    with connection.cursor() as cursor:
        cursor.execute(_TICKS)
        (there,) = cursor.fetchone()
    here = resource.getrusage(resource.RUSAGE_SELF)
    return here.ru_utime + here.ru_stime + float(there)


def pages(user: User) -> dict[str, str]:
    """What is asked → its query: every filter by itself, every order, ten that people might ask."""
    filters = _filters(user)
    edi, region = filters["edi_type"], filters["region"]
    together = {
        "active": "status=aktiv",
        "receives": f"status=aktiv&{edi}",
        "receives in region": f"status=aktiv&{edi}&{region}",
        "lacks, by unit": f"status=aktiv&{filters['mangler']}&{filters['vans']}&sort=enhed",
        "VANS by type count": f"{filters['vans']}&sort=-edi_typer",
        "system by VANS": f"{filters['system']}&sort=vans",
        "administrator, latest": f"{filters['administrator']}&sort=-aendret",
        "speciality, own": f"{filters['speciale']}&kun_egne=ja&status=aktiv",
        "vendor, retired types": f"{filters['leverandoer']}&udgaaet=ja&sort=system",
        "text, region, status": f"{filters['text']}&{region}&status=aktiv",
        "page 400": "page=400",
        "250 rows": "antal=250",
    }
    return (
        {"all": ""}
        | filters
        | {f"sort {sign}{order}": f"sort={sign}{order}" for order in ORDERS for sign in ("", "-")}
        | together
    )


def _filters(user: User) -> dict[str, str]:
    edi = EdiType.objects.get(code="DIS91", standard="edifact").sor_id
    other = EdiType.objects.get(code="CTL01", standard="edifact").sor_id
    number = (
        LocationNumber.objects.select_related("vans", "edi_administrator", "unit")
        .exclude(vans=None)
        .exclude(unit=None)
        .order_by("gln")[0]
    )
    assert number.unit and number.vans and number.edi_administrator
    glns = LocationNumber.objects.order_by("-gln").values_list("gln", flat=True)[:10_000]
    kept = keep_list("\n".join(glns), user).kept
    assert kept
    day = timezone.localdate() - timedelta(days=30)
    name = number.unit.name.split()[0]
    return {
        "gln": f"gln={number.gln[:7]}",
        "one gln": f"gln={number.gln}",
        "liste of 10,000": f"liste={kept.key}",
        "edi_type": f"edi_type={edi}",
        "edi_type two": f"edi_type={edi}&edi_type={other}",
        "edi_type_en_af": f"edi_type_en_af={edi}&edi_type_en_af={other}",
        "mangler": f"mangler={edi}",
        "ikke_edi_type": f"ikke_edi_type={edi}",
        "kun_edi_type": f"kun_edi_type={edi}&kun_edi_type={other}",
        "udgaaet": "udgaaet=ja",
        "ingen_edi_typer": "ingen_edi_typer=ja",
        "vans": urlencode({"vans": number.vans.code}),
        "system": urlencode({"system": System.objects.order_by("name")[0].code}),
        "leverandoer": urlencode({"leverandoer": Vendor.objects.order_by("name")[0].code}),
        "administrator": urlencode({"administrator": number.edi_administrator.code}),
        "region": urlencode({"region": Region.objects.order_by("name")[1].code}),
        "speciale": urlencode({"speciale": Speciality.objects.order_by("name")[0].code}),
        "enhedstype": urlencode({"enhedstype": number.unit.types[0]}),
        "enhed_art": f"enhed_art={SorUnit.Kind.UNIT.value}",
        "eget": "eget=ja",
        **{f"status {status}": f"status={status}" for status in ("aktiv", "inaktiv", "lukket", "fremtidig")},
        "intern": "intern=ja",
        "afviger": "afviger=ja",
        "aendret_fra": f"aendret_fra={day}",
        "aendret_af": f"aendret_af={user.username}",
        "text": urlencode({"q": name}),
        "text, two words": urlencode({"q": f"{name} {number.unit.city}"}),
        "text, part of a number": f"q={number.gln[:8]}",
        "text, one letter wrong": urlencode({"q": _mistyped(name)}),
        "text, by unit": urlencode({"q": name, "sort": "enhed"}),
    }


def _mistyped(word: str) -> str:
    return f"{word[:2]}{word[3]}{word[2]}{word[4:]}x" if len(word) > 4 else f"{word}x"


def counted(user: User) -> Mapping[str, str]:
    filters = _filters(user)
    return {"all": ""} | {
        name: filters[name]
        for name in ("edi_type", "mangler", "vans", "region", "status aktiv", "speciale", "text")
    }


def admin_pages() -> Mapping[str, str]:
    gln = LocationNumber.objects.order_by("gln").values_list("gln", flat=True)[0]
    return {"all": "", "page 400": "p=400", "first digits": f"q={gln[:7]}", "sort by system": "o=4"}
