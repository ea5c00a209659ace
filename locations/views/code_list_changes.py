"""`/stamdata/rettelser/`: what people changed in the code lists, and a file that says what to change."""

from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from locations import catalogue, row_merges
from locations.catalogue import Way
from locations.catalogue_files import read
from locations.code_list_forms import FileForm, UndoForm
from locations.code_lists import LISTS, CodeList
from locations.models import CatalogueChange
from soredi.administrators import administrators_only
from soredi.jobs import Refused, State
from soredi.models import User
from soredi.parameters import page_of, takes
from soredi.tabular import TabularError

ROWS = 50
WRONG_SHOWN = 100  # lines
STEP = {State.DRAFT: 2, State.DONE: 5}


@login_required
@require_safe
@takes("page")
def changes(request: HttpRequest) -> HttpResponse:
    """All of them, newest first; drafts only to administrators."""
    page = page_of(request, visible(request).select_related("by", "undoes"), ROWS)
    context = {"page": page, "changes": [(it, LISTS[it.code_list]) for it in page]}
    return render(request, "locations/code_lists/changes.html", context)


def visible(request: HttpRequest) -> Any:
    every = CatalogueChange.objects.all()
    return every if request.user.is_staff else every.filter(state=State.DONE)


@login_required
@require_safe
@takes()
def change(request: HttpRequest, pk: int) -> HttpResponse:
    """Preview of a draft, receipt of what is done."""
    it = get_object_or_404(visible(request).select_related("by", "undoes"), pk=pk)
    return whole_page(request, it)


def whole_page(request: HttpRequest, it: CatalogueChange, undo_form: UndoForm | None = None) -> HttpResponse:
    user = cast(User, request.user)
    undone_by = it.undone_by.filter(state=State.DONE).first()
    context = {
        "step": STEP.get(State(it.state), 2),
        **described(it, user),
        "undone_by": undone_by,
        "undo_form": (undo_form or UndoForm())
        if it.state == State.DONE and user.is_staff and not undone_by
        else None,
    }
    return render(request, "locations/code_lists/change.html", context)


def described(it: CatalogueChange, user: User) -> dict[str, Any]:
    """What `it` does to the rows of its list, as far as `user` may see it; for locations/code_lists/_corrected.html.

    `merged` and `to` are the names of the two rows of a merge; empty for all else.
    """
    code_list = LISTS[it.code_list]
    fields = code_list.shown_to(user)
    called = {row.label: row.name for row in code_list.model._default_manager.all()}
    leaving = " ".join(it.rows[0]["key"]).strip() if it.way == Way.MERGE else ""

    def said(name: str, text: str) -> str:
        return with_name(text, called) if fields[name].kind == "entry" else fields[name].said(text)

    return {
        "change": it,
        "code_list": code_list,
        "leaving": leaving,
        "merged": called.get(leaving, ""),
        "to": called[it.found["to"]] if leaving else "",
        "people_move": bool(leaving) and any("people" in row["after"] for row in it.rows),
        "rows": [
            {
                "label": (label := " ".join(row["key"]).strip()),
                "name": called.get(label, ""),
                "is_new": row["before"] is None,
                "fields": [
                    (field.label, said(name, (row["before"] or {}).get(name, "")), said(name, text))
                    for name, field in fields.items()
                    if (text := row["after"].get(name)) is not None and (row["before"] is not None or text)
                ],
            }
            for row in it.rows
        ],
        "gone": it.found.get("gone", []),
        "left_alone": [(label, code_list.field(name).label) for label, name in it.found.get("kept", [])],
    }


def with_name(label: str, called: dict[str, str]) -> str:
    """A row as its label and its name."""
    name = called.get(label, label)
    return label if name == label else f"{label} {name}"


def address_of(it: CatalogueChange) -> str:
    """Where `it` is previewed and carried out: with the location numbers that move, where some do."""
    if it.change_set_id:
        return reverse("change-set", args=[it.change_set_id])
    return reverse("catalogue-change", args=[it.pk])


@administrators_only
@require_POST
def apply(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Carry out what was previewed."""
    it = get_object_or_404(CatalogueChange, pk=pk)
    if it.change_set_id:
        return redirect(address_of(it))
    try:
        catalogue.apply(it)
    except catalogue.Busy as busy:
        messages.error(request, str(busy))
    except Refused as refusal:
        stale = CatalogueChange.objects.filter(pk=pk, state=State.DRAFT)
        stale.update(state=State.REFUSED, finished_at=timezone.now(), message=refusal.args[0])
        messages.error(request, str(refusal))
    return redirect("catalogue-change", pk)


@administrators_only
@require_POST
def drop(request: HttpRequest, pk: int) -> HttpResponseBase:
    it = get_object_or_404(CatalogueChange, pk=pk)
    if it.change_set:
        return redirect(address_of(it))
    catalogue.drop(it)
    return redirect("catalogue-change", pk)


@administrators_only
@require_POST
def undo(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Plan to take it back, and show the plan."""
    it = get_object_or_404(CatalogueChange, pk=pk)
    form = UndoForm(request.POST)
    if not form.is_valid():
        return whole_page(request, it, form)
    try:
        planned = row_merges.plan_undo(it, by=cast(User, request.user), reason=form.cleaned_data["reason"])
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("catalogue-change", pk)
    return redirect(address_of(planned))


@administrators_only
@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: HttpRequest, code_list: CodeList) -> HttpResponseBase:
    """A file is compared with the list; what would change is shown, and nothing is changed before that is accepted."""
    form = FileForm(request.POST or None, request.FILES or None)
    wrong: list[Any] = []
    if request.method == "POST":
        form = FileForm(request.POST, request.FILES)
        if form.is_valid():
            file = form.cleaned_data["file"]
            try:
                found = read(code_list, file.read(), file.name)
            except TabularError as error:
                form.add_error("file", str(error.message))
            else:
                wrong = found.wrong
                if not wrong and (planned := plan(request, code_list, found, file.name, form)):
                    return planned
    context = {
        "code_list": code_list,
        "form": form,
        "wrong": wrong[:WRONG_SHOWN],
        "wrong_total": len(wrong),
        "headers": [*code_list.key_headers, *(field.header for field in code_list.fields)],
    }
    return render(request, "locations/code_lists/upload.html", context)


def plan(
    request: HttpRequest, code_list: CodeList, found: Any, name: str, form: Any
) -> HttpResponseBase | None:
    planned = catalogue.plan(
        code_list=code_list,
        drafts=found.drafts,
        by=cast(User, request.user),
        way=Way.FILE,
        reason=form.cleaned_data["reason"],
        file=name[:255],
        found={"unchanged": found.unchanged, "gone": found.gone},
    )
    if planned.rows:
        return redirect("catalogue-change", planned.pk)
    planned.delete()
    messages.info(request, _("The file says what the list says already. Nothing to change."))
    return redirect("code-list", code_list)
