"""SOR imports, for administrators: hand an extract in, follow it, see what it did, accept its closures."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

from django.contrib import messages
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.crypto import get_random_string
from django.utils.text import get_valid_filename
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from soredi.administrators import administrators_only
from soredi.jobs import Phase, Refused, State
from soredi.models import User
from soredi.parameters import page_of, takes
from sorimport import changes, nightly, problems
from sorimport.course import WAITED, WRITING, in_words, phases_of
from sorimport.forms import ExtractForm, ForceForm
from sorimport.models import ImportRun
from sorimport.turn import whose_turn

ROWS = 25  # runs a page
LOOKED_AT = 10  # runs, for how many rows to expect
UNDER_WAY = (State.DRAFT, State.QUEUED, State.RUNNING)
SAID = {
    State.DRAFT: gettext_lazy("Waiting for its turn"),
    State.QUEUED: gettext_lazy("Waiting for its turn"),
    State.RUNNING: gettext_lazy("Under way"),
    State.WAITING: gettext_lazy("Waits for an administrator"),
    State.DONE: gettext_lazy("Done"),
    State.REFUSED: gettext_lazy("Refused"),
    State.FAILED: gettext_lazy("Failed"),
    State.CANCELLED: gettext_lazy("Dropped"),
}
COUNTED = {"units": gettext_lazy("Units"), "locations": gettext_lazy("Location numbers")}

SOURCES = {
    "sor2": "SOR2",
    "daily": gettext_lazy("SOR2, the daily file"),
    "legacy": gettext_lazy("old SOR files"),
    "xml": "SOR XML",
}


@administrators_only
@require_http_methods(["GET", "HEAD", "POST"])
@takes("page")
def imports(request: HttpRequest) -> HttpResponse:
    """`/sor-import/`: the form to hand an extract in, and the runs before."""
    form = ExtractForm()
    if request.method == "POST":
        form = ExtractForm(request.POST, request.FILES)
        if form.is_valid():
            run = ImportRun.objects.create(
                paths=kept(form.cleaned_data["extract"]) + form.cleaned_data.get("addresses", []),
                by=cast(User, request.user),
            )
            run.enqueue()
            return redirect("import", run.pk)
    page = page_of(request, ImportRun.objects.select_related("by"), ROWS)
    rows = [
        {
            "run": run,
            "files": files_of(run),
            "said": SAID.get(State(run.state), run.state),
            "duration": duration_of(run),
            "source": SOURCES.get(run.counts.get("source", ""), ""),
        }
        for run in page
    ]
    return render(request, "sorimport/imports.html", {"form": form, "page": page, "rows": rows})


@administrators_only
@require_POST
def fetch(request: HttpRequest) -> HttpResponse:
    """The extract of the night, at once; where it is being fetched already, that run."""
    try:
        run, new = nightly.start(by=cast(User, request.user))
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("imports")
    if not new:
        messages.info(request, _("It is being fetched already."))
    return redirect("import", run.pk)


@administrators_only
@require_safe
@takes()
def run(request: HttpRequest, pk: int) -> HttpResponse:
    """`/sor-import/<id>/` in whatever state; htmx asks it again while the run is under way."""
    run = found(pk)
    under_way = run.state in UNDER_WAY
    if request.headers.get("HX-Request") == "true":
        if not under_way:
            return HttpResponseClientRefresh()
        return render(request, "sorimport/_under_way.html", course_of(run))
    return whole_page(request, run)


def found(pk: int) -> ImportRun:
    people = ("by", "accepted_by", "forced_by", "change_set")
    return get_object_or_404(ImportRun.objects.select_related(*people), pk=pk)


def whole_page(request: HttpRequest, run: ImportRun, force_form: ForceForm | None = None) -> HttpResponse:
    under_way = run.state in UNDER_WAY
    context: dict[str, Any] = {
        "run": run,
        "files": files_of(run),
        "said": SAID.get(State(run.state), run.state),
        "duration": duration_of(run),
        "source": SOURCES.get(run.counts.get("source", ""), ""),
        "under_way": under_way,
    }
    if under_way:
        context |= course_of(run)
    elif run.state in (State.DONE, State.WAITING):
        context |= {
            "counts": [{"name": name, **run.counts[key]} for key, name in counted(run).items()],
            "times": times_of(run),
            "groups": problems.groups(run),
            "changed": changes.groups(run),
        }
    elif run.is_older:
        context["form"] = force_form or ForceForm()
    return render(request, "sorimport/import.html", context)


@administrators_only
@require_safe
@takes()
def problem_list(request: HttpRequest, pk: int) -> HttpResponseBase:
    """All problems of a run as CSV."""
    run = get_object_or_404(ImportRun, pk=pk)
    return as_file(problems.as_csv(run), f"sor-import-{run.pk}-problemer.csv")


@administrators_only
@require_safe
@takes()
def change_list(request: HttpRequest, pk: int) -> HttpResponseBase:
    """What a run changed in units and numbers, as far as it is kept, as CSV."""
    run = get_object_or_404(ImportRun, pk=pk)
    return as_file(changes.as_csv(run), f"sor-import-{run.pk}-aendringer.csv")


@administrators_only
@require_POST
def accept(request: HttpRequest, pk: int) -> HttpResponse:
    """The administrator's word for a run that waits: it goes on and closes what its extract leaves out."""
    run = get_object_or_404(ImportRun, pk=pk)
    given = run.enqueue(from_states=(State.WAITING,), accept_closures=True, accepted_by=request.user)
    if not given:
        messages.info(request, _("The import does not wait for anything."))
    return redirect("import", run.pk)


@administrators_only
@require_POST
def force(request: HttpRequest, pk: int) -> HttpResponse:
    """An administrator's word, with the reason, for an extract that was refused as older than the last one."""
    run, form = found(pk), ForceForm(request.POST)
    if not run.is_older:
        messages.info(request, _("The import does not wait for anything."))
    elif not form.is_valid():
        return whole_page(request, run, form)
    else:
        run.force_older(by=cast(User, request.user), why=form.cleaned_data["why"])
    return redirect("import", run.pk)


@administrators_only
@require_POST
def stop(request: HttpRequest, pk: int) -> HttpResponse:
    """Stop a run that is queued or reads. Once it writes it goes on to its end, which is near."""
    run = get_object_or_404(ImportRun, pk=pk)
    progress = run.progress() if run.state == State.RUNNING else None
    if progress and progress.phase in WRITING:
        messages.info(request, _("It is too late to stop the import: it has begun to write."))
    elif run.ask_to_cancel():
        messages.info(request, _("The import stops unless it has just begun to write."))
    else:
        messages.info(request, _("The import is not under way any more."))
    return redirect("import", run.pk)


@administrators_only
@require_POST
def drop(request: HttpRequest, pk: int) -> HttpResponse:
    """The other word: the extract is not imported."""
    run = get_object_or_404(ImportRun, pk=pk)
    if run.cancel():
        messages.info(request, _("The import was dropped. Nothing was changed."))
    else:
        messages.info(request, _("The import does not wait for anything."))
    return redirect("import", run.pk)


def kept(files: Iterable[UploadedFile]) -> list[str]:
    """The files in a folder of their own, under the names they came with, which tell their kind; their paths."""
    folder = f"sorimport/{get_random_string(16)}"
    names = [
        default_storage.save(f"{folder}/{get_valid_filename(Path(file.name or '').name)}", file)
        for file in files
    ]
    return [default_storage.path(name) for name in names]


def counted(run: ImportRun) -> dict[str, Any]:
    """What the counts of a run are about. One that waits may not have come to the units."""
    if run.state not in (State.DONE, State.WAITING):
        return {}
    return {
        key: name
        for key, name in COUNTED.items()
        if key in run.counts and (run.state == State.DONE or any(run.counts[key].values()))
    }


def files_of(run: ImportRun) -> str:
    """What the run was given, by name."""
    return ", ".join(Path(path).name or path for path in run.paths)


def duration_of(run: ImportRun) -> str:
    """From the start to the end, or to now, in words; of a run that is done as its phases add up to."""
    if seconds := run.counts.get("seconds"):
        return in_words(sum(seconds.values()))
    if run.started_at is None or (run.finished_at is None and run.state != State.RUNNING):
        return ""
    return in_words(((run.finished_at or timezone.now()) - run.started_at).total_seconds())


def times_of(run: ImportRun) -> dict[str, Any] | None:
    """How long each phase took, all of them together, and how many rows a second were read."""
    seconds = run.counts.get("seconds")
    if not seconds:
        return None
    return {
        "phases": [
            (label, in_words(seconds[phase]))
            for phase, label in ((WAITED, _("Waited for its turn")), *((p, p.label) for p in phases_of(run)))
            if phase in seconds
        ],
        "all": in_words(sum(seconds.values())),
        "rows": run.counts["read"],
        "bytes": run.counts["bytes"],
        "rate": round(run.counts["read"] / seconds["reading"]) if seconds.get("reading", 0) >= 1 else None,
    }


def course_of(run: ImportRun) -> dict[str, Any]:
    """How far a run is that is under way: its phases, rows, bytes and time, or which import goes before.

    Two queries at most.
    """
    progress, turn, phases = run.progress(), whose_turn(), phases_of(run)
    facts = progress.facts if progress else {}
    took = facts.get("seconds", {})
    place = phases.index(progress.phase) if progress and progress.phase in phases else -1
    return {
        "run": run,
        "job": run,
        "progress": progress,
        "ahead": turn if turn != run.pk else None,
        "phases": [
            {
                "label": phase.label,
                "state": "done" if at < place else "now" if at == place else "next",
                "took": in_words(took[phase]) if phase in took else "",
            }
            for at, phase in enumerate(phases)
        ],
        "rows": facts.get("rows"),
        "rows_before": rows_before(run) if progress and progress.phase == Phase.READING else None,
        "rate": facts.get("rate"),
        "duration": duration_of(run),
    }


def rows_before(run: ImportRun) -> int | None:
    """How many rows the last import of files with these names had: about as many as there are to be read."""
    done = ImportRun.objects.filter(state=State.DONE, counts__has_key="read")[:LOOKED_AT]
    return next((before.counts["read"] for before in done if files_of(before) == files_of(run)), None)


def as_file(chunks: Iterable[bytes], name: str) -> StreamingHttpResponse:
    response = StreamingHttpResponse(chunks, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["X-Accel-Buffering"] = "no"
    return response
