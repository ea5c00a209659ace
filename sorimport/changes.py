"""What an import changed in units and location numbers, as its page tells it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import F, Window
from django.db.models.functions import RowNumber
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from locations.models import LocationNumber
from locations.tables import in_groups
from soredi.spreadsheet import CHUNK, csv_chunks, guarded
from sorimport.models import Change, ImportRun

EXAMPLES = 5  # of each kind that a page shows


@dataclass(frozen=True)
class Told:
    """One change for the template, which has a sentence for each kind: its places filled with what can be followed."""

    kind: str
    unit: SafeString
    gln: SafeString
    before: SafeString
    after: SafeString
    day: date | None


@dataclass(frozen=True)
class Group:
    """All changes of one kind: how many there were, how many are kept as CSV, and the first of them."""

    label: str
    count: int
    told: list[Told]

    @property
    def more(self) -> int:
        return self.count - len(self.told)


def groups(run: ImportRun) -> list[Group]:
    """The changes of `run` by kind, in the order of Change.Kind. Two queries, none where nothing changed."""
    counts: dict[str, int] = run.counts.get("changes", {})
    if not counts:
        return []
    numbered = run.changes.annotate(
        place=Window(RowNumber(), partition_by=[F("kind")], order_by=["id"]),
    )
    first = list(numbered.filter(place__lte=EXAMPLES).order_by("id"))
    with_numbers = _with_numbers(first)
    return [
        Group(
            str(kind.label),
            counts[kind],
            [_told(change, with_numbers) for change in first if change.kind == kind],
        )
        for kind in Change.Kind
        if counts.get(kind)
    ]


def as_csv(run: ImportRun) -> Iterator[bytes]:
    """One line a change that is kept: what, SOR code or number, name, before, after, each with its SOR code."""
    labels = {kind.value: str(kind.label) for kind in Change.Kind}
    header = [
        _("What"),
        _("SOR code or location number"),
        _("Name"),
        _("Before"),
        _("Before, SOR code"),
        _("After"),
        _("After, SOR code"),
    ]
    columns = ("kind", "code", "name", "before", "before_code", "after", "after_code")
    rows = run.changes.values_list(*columns).iterator(chunk_size=CHUNK)
    return csv_chunks(header, ([labels[kind], *(guarded(text) for text in rest)] for kind, *rest in rows))


def _with_numbers(changes: Sequence[Change]) -> set[str]:
    """The SOR codes among those of `changes` whose units have location numbers to show. One query."""
    codes = {code for change in changes for code in (change.code, change.before_code, change.after_code)}
    having = LocationNumber.objects.filter(unit__sor_id__in=codes).order_by().values_list("unit__sor_id")
    return {code for (code,) in having.distinct()}


def _told(change: Change, with_numbers: set[str]) -> Told:
    def unit(name: str, code: str) -> SafeString:
        if code in with_numbers:
            return format_html('<a href="{}?q={}">{}</a>', reverse("locations"), code, name or code)
        return format_html("{}", name or code)

    of_number = change.kind.startswith("number_")
    closed = change.kind in (Change.Kind.UNIT_CLOSED, Change.Kind.NUMBER_CLOSED)
    reopened = change.kind in (Change.Kind.UNIT_REOPENED, Change.Kind.NUMBER_REOPENED)
    day = change.after if closed else change.before if reopened else ""
    return Told(
        kind=change.kind,
        unit=format_html("{}", change.name) if of_number else unit(change.name, change.code),
        gln=_number(change.code) if of_number else SafeString(""),
        before=unit(change.before, change.before_code),
        after=unit(change.after, change.after_code),
        day=date.fromisoformat(day) if day else None,
    )


def _number(gln: str) -> SafeString:
    return format_html('<a href="{}">{}</a>', reverse("location", args=[gln]), in_groups(gln))
