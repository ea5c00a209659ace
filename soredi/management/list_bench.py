"""Benchmarks of the list: its pages for every filter, order and some combinations; counts; and Django's admin."""

import statistics
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode

from django.core.cache import cache
from django.core.management.base import CommandError
from django.db import connection, reset_queries
from django.test import Client, override_settings
from django.utils import timezone

from locations.gln_lists import keep_list
from locations.models import EdiType, LocationNumber, Region, SorUnit, Speciality, System, Vendor
from locations.orders import ORDERS
from soredi.models import User

WARM = 3
REQUESTS = 40  # of each page; p95 is of these

LIST, COUNT = "/lokationsnumre/", "/lokationsnumre/antal/"
ADMIN = "/bench/admin/locations/locationnumber/"


@dataclass(frozen=True)
class Measured:
    name: str
    floor: float  # ms: its SQL by itself
    median: float
    p95: float
    queries: int
    target: int


def measured(*, quick: bool = False) -> Iterator[Measured]:
    """Each page as an administrator sees it, who has all the numbers; `quick` asks each only five times."""
    user, _made = User.objects.update_or_create(
        username="bench", defaults={"is_staff": True, "is_superuser": True}
    )
    client = Client(headers={"host": "localhost"})
    client.force_login(user)
    requests = 5 if quick else REQUESTS
    with override_settings(DEBUG=False, ROOT_URLCONF="soredi.management.bench_urls"):
        for name, query in pages(user).items():
            target = 100 if name.startswith("text") else 60
            yield _measure(client, f"list, {name}", f"{LIST}?{query}", target, requests)
        for name, query in counted(user).items():
            yield _measure(client, f"counts, {name}", f"{COUNT}?{query}", 150, requests, fresh=True)
        for name, query in admin_pages().items():
            yield _measure(client, f"Django's admin, {name}", f"{ADMIN}?{query}", 0, min(requests, 10))


def _measure(
    client: Client, name: str, address: str, target: int, requests: int, *, fresh: bool = False
) -> Measured:
    """`fresh`: an answer that is kept does not count."""
    headers = {"HX-Request": "true"} if fresh else {}
    spent, floors, queries = [], [], 0
    for turn in range(-WARM, requests):
        if fresh:
            cache.clear()
        started = time.perf_counter()
        response = client.get(address, headers=headers)
        response.content  # noqa: B018
        if turn >= 0:
            spent.append((time.perf_counter() - started) * 1000)
        if response.status_code != 200:
            raise CommandError(f"{address} answered {response.status_code}")
    connection.force_debug_cursor = True
    for _turn in range(3):
        reset_queries()
        if fresh:
            cache.clear()
        client.get(address, headers=headers)
        floors.append(sum(float(one["time"]) for one in connection.queries) * 1000)
        queries = len(connection.queries)
    connection.force_debug_cursor = False
    floor = max(statistics.median(floors), 0.5)
    return Measured(
        name, floor, statistics.median(spent), statistics.quantiles(spent, n=20)[-1], queries, target
    )


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
