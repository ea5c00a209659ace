"""The past of the code lists, read from pghistory's events: of one row, and of a whole list on a day.

Every row has an event for each time that it was written, with all its values, and with the context that says by whom:
a CatalogueChange, an import, or neither, which is the system itself.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from locations.code_lists import CodeList, Field
from locations.models import CatalogueChange, EdiAdministrator, Person
from locations.models.catalogue_change import Way
from soredi.jobs import State


@dataclass(frozen=True)
class FieldChange:
    field: Field | None
    label: Any
    before: str
    after: str

    @property
    def said(self) -> tuple[str, str]:
        """Before and after, as people read them."""
        return (
            (self.field.said(self.before), self.field.said(self.after))
            if self.field
            else (self.before, self.after)
        )


@dataclass
class Entry:
    """What happened to a row at one time. `change` is what a person did, `import_run` the number of an import."""

    at: datetime
    is_first: bool = False
    change: CatalogueChange | None = None
    import_run: int | None = None
    fields: list[FieldChange] = field(default_factory=list)
    added: list[str] = field(default_factory=list)  # people
    removed: list[str] = field(default_factory=list)
    merged: list[str] = field(default_factory=list)  # other rows, into this one
    unmerged: list[str] = field(default_factory=list)


def events_of(code_list: CodeList) -> Any:
    """The model of the list's events."""
    return code_list.model._meta.get_field("events").related_model


def history_of(code_list: CodeList, row: Any, *, with_people: bool) -> list[Entry]:
    """Everything that happened to `row`, newest first; writings that changed nothing to be seen are left out.

    Five queries at most, of which two for an EDI administrator's people.
    """
    names = dict(zip(code_list.key, code_list.key_headers, strict=True))
    columns: list[tuple[Field | None, str, Any]] = [(None, name, header) for name, header in names.items()]
    columns += [(f, f.name, f.label) for f in code_list.fields if f.kind != "people"]
    entries: list[tuple[int, int, Entry]] = []
    before: dict[str, str] = {}
    contexts: list[tuple[Entry, dict[str, Any]]] = []
    events = events_of(code_list).objects.filter(pgh_obj=row).select_related("pgh_context", "replaced_by")
    for event in events.order_by("pgh_id"):
        now = {name: (f.text(event) if f else str(getattr(event, name))) for f, name, _label in columns}
        changed = [
            FieldChange(f, label, before[name], now[name])
            for f, name, label in columns
            if before and before[name] != now[name]
        ]
        if changed or not before:
            entry = Entry(event.pgh_created_at, is_first=not before, fields=changed)
            entries.append((0, event.pgh_id, entry))
            contexts.append((entry, _metadata(event)))
        before = now
    if with_people and isinstance(row, EdiAdministrator):
        entries += [(1, at, entry) for at, entry in _people(row, contexts)]
    _name(contexts)
    if code_list.moves:
        entries += _merged(code_list, row)
    return [entry for _kind, _at, entry in sorted(entries, key=lambda e: (e[2].at, e[0], e[1]), reverse=True)]


def _merged(code_list: CodeList, row: Any) -> Iterable[tuple[int, int, Entry]]:
    """Merges of others into `row`, and their undoing: these write nothing in the row itself. One query."""
    label = row.label
    named = Q(rows__contains=[{"after": {"replaced_by": label}}]) | Q(
        rows__contains=[{"before": {"replaced_by": label}}]
    )
    ways = CatalogueChange.objects.filter(way__in=(Way.MERGE, Way.UNDO), state=State.DONE)
    for it in ways.filter(named, code_list=code_list.slug).select_related("by"):
        entry = Entry(it.finished_at or it.created_at, change=it)
        for one in it.rows:
            other = " ".join(one["key"]).strip()
            if one["after"].get("replaced_by") == label:
                entry.merged.append(other)
            elif (one["before"] or {}).get("replaced_by") == label:
                entry.unmerged.append(other)
        yield 2, it.pk, entry


def _people(
    row: EdiAdministrator, contexts: list[tuple[Entry, dict[str, Any]]]
) -> Iterable[tuple[int, Entry]]:
    """Who came and went, one entry for each context: what was done at once was done together."""
    events = Person.pgh_event_model.objects.filter(ediadministrator=row)
    together: dict[Any, tuple[int, Entry]] = {}
    for event in events.select_related("pgh_context", "user").order_by("pgh_id"):
        key = event.pgh_context_id or event.pgh_created_at
        if key not in together:
            together[key] = (event.pgh_id, Entry(event.pgh_created_at))
            contexts.append((together[key][1], _metadata(event)))
        entry = together[key][1]
        (entry.added if event.pgh_label == "added" else entry.removed).append(event.user.username)
    return together.values()


def _metadata(event: Any) -> dict[str, Any]:
    return event.pgh_context.metadata if event.pgh_context else {}


def _name(contexts: Iterable[tuple[Entry, dict[str, Any]]]) -> None:
    """Give each entry its change or import. One query."""
    contexts = list(contexts)
    keys = {said["catalogue_change"] for _entry, said in contexts if "catalogue_change" in said}
    changes = CatalogueChange.objects.select_related("by").in_bulk(keys) if keys else {}
    for entry, said in contexts:
        entry.change = changes.get(said.get("catalogue_change", 0))
        entry.import_run = said.get("import_run")


def rows_on(code_list: CodeList, day: date) -> QuerySet[Any]:
    """The list as it was at the end of `day` (Danish time): the last event of each row by then, which has the row's
    columns. A row that was not known here by then has none."""
    end = timezone.make_aware(datetime.combine(day + timedelta(days=1), time.min))
    model = events_of(code_list)
    last = (
        model.objects.filter(pgh_created_at__lt=end)
        .order_by("pgh_obj_id", "-pgh_created_at", "-pgh_id")
        .distinct("pgh_obj_id")
        .values("pgh_id")
    )
    return model.objects.filter(pgh_id__in=last).select_related("replaced_by")
