"""`manage.py bench [NAME …]`: each job beside its floor, the least that PostgreSQL must do for it, in the same run.

Machines are noisy, so read the ratios. Floors and products run one after the other on the same server and the same
national-size data: 50,000 location numbers (41,000 open and active), 110,000 units, 400,000 unit rows, 1.1 M pairs.
The work is done in the data folder of `make bench` only; nobody's data can be in it.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from locations.exports import Export, Format
from locations.models import LocationNumber
from soredi.management import bulk_add_bench, certification_bench, list_bench, mass_update_bench
from soredi.management.floors import copy_in, row, timed
from soredi.management.grow import grown_database
from sorimport.models import ImportRun

EXTRACT = {"locations": 50_000, "units": 110_000, "history_rows": 290_000}


class Command(BaseCommand):
    help = "Measure import, mass update, bulk edit, export and list beside their floors."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHES)}; all without any"
        )

    def handle(self, **options: Any) -> None:
        unknown = set(options["names"]) - set(BENCHES)
        if unknown:
            raise CommandError(f"No such benchmark: {', '.join(sorted(unknown))}.", returncode=2)
        if not settings.EMBEDDED or settings.DATA_DIR.name != "bench":
            raise CommandError(
                "Benchmarks write a lot: run them by `make bench`, in a data folder of their own."
            )
        extract = self._prepare(fresh="import" in (options["names"] or BENCHES))
        self.stdout.write(f"{'':34}{'floor':>9}{'ours':>9}{'ratio':>8}  remarks")
        for name in options["names"] or BENCHES:
            for line in BENCHES[name](extract):
                self.stdout.write(line)

    def _prepare(self, *, fresh: bool) -> Path:
        if fresh:
            with connection.cursor() as cursor:
                cursor.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        call_command("migrate", verbosity=0, interactive=False)
        extract = settings.DATA_DIR / "extract"
        if not (extract / "Sor_complete.zip").exists():
            call_command("make_extract", str(extract), stdout=sys.stderr, **EXTRACT)
        if not fresh and not LocationNumber.objects.exists():
            call_command("import_sor", str(extract), stdout=sys.stderr)
        return extract


def bench_import(extract: Path) -> Iterator[str]:
    """Floor: COPY of the bytes of SOREntity.csv. Ours: the whole import by command, its start included."""
    connection.close()
    first, _memory, counts = _imported(extract)
    again, memory, same = _imported(extract)
    if counts["locations"]["new"] != EXTRACT["locations"] or same["change_set"]:
        raise CommandError(f"The import did not do what is measured: {counts}, {same}")
    floor = statistics.median(_copy_entities(extract) for _turn in range(2))
    yield row("import, first", floor, first, f"target 2x + 5 s = {2 * floor + 5:.1f} s")
    yield from _phases(counts)
    yield row("import, again", floor, again, f"target 2x + 5 s; peak {memory / 1024:.0f} MB, target 150 MB")
    yield from _phases(same)


def _phases(counts: dict[str, Any]) -> Iterator[str]:
    """Where the time went, apart from the start of the process."""
    spent: dict[str, float] = ImportRun.objects.get(pk=counts["run"]).counts["seconds"]
    for phase, seconds in spent.items():
        yield f"  {phase:41}{seconds:8.2f}s"


def _imported(extract: Path) -> tuple[float, int, dict[str, Any]]:
    started = time.perf_counter()
    command = [sys.executable, "manage.py", "import_sor", str(extract / "Sor_complete.zip")]
    with subprocess.Popen(command, cwd=settings.BASE_DIR, stdout=subprocess.PIPE) as process:
        output = process.stdout.read() if process.stdout else b""
        _pid, status, used = os.wait4(process.pid, 0)  # of this process alone, not of the servers
        process.returncode = os.waitstatus_to_exitcode(status)
    spent = time.perf_counter() - started
    if process.returncode:
        raise CommandError(f"The import failed: {output.decode()}")
    return spent, used.ru_maxrss, json.loads(output.splitlines()[-1])  # kB on Linux


def _copy_entities(extract: Path) -> float:
    with zipfile.ZipFile(extract / "Sor_complete.zip") as archive:
        with archive.open("SOREntity.csv") as stream:
            columns = stream.readline().count(b";") + 1
        with archive.open("SOREntity.csv") as stream, connection.cursor() as cursor:
            names = ", ".join(f"c{number} text" for number in range(columns))
            cursor.execute(f"DROP TABLE IF EXISTS floor_entity; CREATE UNLOGGED TABLE floor_entity ({names})")
            with timed() as clock:
                copy_in(cursor, "COPY floor_entity FROM STDIN (FORMAT csv, DELIMITER ';', HEADER)", stream)
            cursor.execute("DROP TABLE floor_entity")
    return clock.seconds


def bench_mass_update(_extract: Path) -> Iterator[str]:
    """Floor: COPY of the pairs, version rows and array UPDATE. Ours: from upload to done. And as it is done naively."""
    return mass_update_bench.measured()


def bench_bulk_add(_extract: Path) -> Iterator[str]:
    """Floor: the same UPDATE with its version rows in bare SQL. Ours: plan with its preview, then apply."""
    return bulk_add_bench.measured()


# What each file must at least do: the bare pairs, the pairs with what is told of the types, and the rows themselves.
_BARE_PAIRS = """
COPY (SELECT l.gln, {columns} FROM locations_locationnumber l, unnest(l.edi_types) e
JOIN locations_editype t ON t.id = e ORDER BY l.gln) TO STDOUT (FORMAT csv, DELIMITER ';')
"""
_EXPORT_FLOORS: dict[Format, str] = {
    "massupdate": _BARE_PAIRS.format(columns="t.sor_id"),
    "csv-par": _BARE_PAIRS.format(columns="t.sor_id, t.code, t.version, t.name"),
    "csv": "",
    "xlsx": "",
}


def bench_export(
    _extract: Path, forms: Iterable[Format] = tuple(_EXPORT_FLOORS), turns: int = 3
) -> Iterator[str]:
    """Floor: COPY TO, of the pairs or of the rows. Ours: the file, as the browser gets it."""
    for form in forms:
        statement = _EXPORT_FLOORS[form]
        floors, ours, firsts, memory = [], [], [], 0
        for _turn in range(turns):
            export = Export(LocationNumber.objects.all(), form)
            with (
                connection.cursor() as cursor,
                timed() as clock,
                cursor.copy(statement) if statement else export.copy_rows(cursor) as copy,
            ):
                sum(len(chunk) for chunk in copy)
            floors.append(clock.seconds)
            chunks = iter(export)
            with timed() as clock:
                next(chunks)
                firsts.append(time.perf_counter() - clock.started)
                before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
                sum(len(chunk) for chunk in chunks)
            memory = max(memory, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
            ours.append(clock.seconds)
        remarks = (
            f"target {'5 s' if form == 'xlsx' else '1.3x'}; {export.rows} lines, "
            f"first byte {statistics.median(firsts) * 1000:.0f} ms, target 200; memory +{memory / 1024:.0f} MB"
        )
        yield row(f"export, {form}", statistics.median(floors), statistics.median(ours), remarks)


def bench_certification(_extract: Path) -> Iterator[str]:
    """Floor: a walk through every number's EDI types. Ours: the tables made, and the answer for each."""
    floors, ours, answers = certification_bench.measured()
    said = ", ".join(f"{count} {answer}" for answer, count in sorted(answers.items()))
    yield row(
        "certification, every pair",
        statistics.median(floors),
        statistics.median(ours),
        f"target 1 s; {sum(answers.values())} pairs: {said}",
    )


def bench_list(_extract: Path) -> Iterator[str]:
    """Each page of 50,000 numbers and of 450,000: the 95th percentile of 40 requests, through all middleware. The ratio
    is that of the work behind them."""
    small = dict(list_bench.measured())
    with grown_database() as spent:
        yield f"{'p95 of 50,000 and 450,000 numbers':34}{'50,000':>11}{'450,000':>11}{'ratio':>8}  remarks"
        yield f"{LocationNumber.objects.count()} location numbers made ready in {spent:.0f} s"
        for name, large in list_bench.measured():
            yield page_row(name, small[name], large)
        for one in bench_export(_extract, ("massupdate", "csv"), turns=1):
            yield one.replace("export,", "export of 450,000,")


def page_row(name: str, small: list_bench.Measured, large: list_bench.Measured) -> str:
    target = f"target {large.target} ms; " if large.target else ""
    return (
        f"{name:34}{small.p95:9.0f}ms{large.p95:9.0f}ms{large.cpu / small.cpu:8.2f}  {target}"
        f"median {small.median:.0f} and {large.median:.0f} ms, of it SQL {small.floor:.0f} and {large.floor:.0f}; "
        f"CPU {small.cpu:.0f} and {large.cpu:.0f} ms; {large.queries} queries"
    )


BENCHES: dict[str, Callable[[Path], Iterator[str]]] = {
    "import": bench_import,
    "mass_update": bench_mass_update,
    "bulk_add": bench_bulk_add,
    "export": bench_export,
    "certification": bench_certification,
    "list": bench_list,
}
