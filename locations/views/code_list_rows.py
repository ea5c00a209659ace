"""One row of a code list: what it is and was, and its changing, adding, merging and moving by administrators."""

from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from locations import catalogue, changes, row_merges
from locations.catalogue_check import draft_of, names
from locations.catalogue_history import history_of
from locations.certified_system import of_system
from locations.code_list_forms import MergeForm, RowForm
from locations.code_lists import CodeList, held, holding
from locations.models import EdiType, System
from locations.views.code_list_changes import address_of
from locations.views.code_lists import numbers_of, tabs
from soredi.administrators import administrators_only
from soredi.jobs import Refused
from soredi.models import User
from soredi.parameters import takes


def found(code_list: CodeList, label: str) -> Any:
    try:
        return code_list.find(label)
    except code_list.model.DoesNotExist:
        raise Http404 from None


@login_required
@require_safe
@takes()
def row(request: HttpRequest, code_list: CodeList, label: str) -> HttpResponse:
    """`/stamdata/<list>/<code>/`: the row, its family, and everything that happened to it."""
    it, user = found(code_list, label), cast(User, request.user)
    counts = held(user, code_list.column) if code_list.counted_for(user) else {}
    left = holding(code_list, it).count() if user.is_staff and code_list.moves and it.replaced_by else 0
    people = list(it.users.order_by("username")) if sees_people(code_list, user, it) else None
    context = {
        "code_list": code_list,
        "tabs": tabs(code_list),
        "row": it,
        "facts": facts(code_list, it),
        "retired": it.retired_on and it.retired_on <= timezone.localdate(),
        "count": counts.get(it.pk, 0),
        "counted": code_list.counted_for(user),
        "numbers": numbers_of(code_list, user, it),
        "replaces": list(it.replaces.all()),
        "left": left,
        "people": people,
        "history": history_of(code_list, it, with_people=people is not None),
        **(families(it, counts) if isinstance(it, EdiType) else {}),
    }
    if isinstance(it, System):
        context["certification"] = of_system(it, user=user, day=timezone.localdate())
    return render(request, "locations/code_lists/row.html", context)


def sees_people(code_list: CodeList, user: User, it: Any) -> bool:
    """Administrators, and those who belong to it themselves."""
    return "people" in code_list.field_names and (user.is_staff or it.users.filter(pk=user.pk).exists())


def facts(code_list: CodeList, it: Any) -> list[tuple[Any, str, str]]:
    """(label, text, kind) of the fields that have a value, and of an EDI type its standard in words."""
    said = []
    for field in code_list.fields:
        if field.kind in ("people", "entry") or field.name == "name":
            continue
        text = str(it.get_standard_display()) if field.kind == "standard" else field.text(it)
        if text:
            said.append((field.label, getattr(it, field.name) if field.kind == "day" else text, field.kind))
    return said


def families(it: EdiType, counts: Any) -> dict[str, Any]:
    """The versions of the type's code, and the other codes of its letter; each with the numbers that have it."""
    versions = list(EdiType.objects.filter(code=it.code).select_related("replaced_by").order_by("-version"))
    letter = EdiType.objects.filter(letter=it.letter).exclude(code=it.code) if it.letter else []
    newer = it.replaced_by or next(
        (one for one in versions if not one.retired_on and one.version > it.version), None
    )
    return {
        "versions": [(one, counts.get(one.pk, 0)) for one in versions],
        "letter": [(one, counts.get(one.pk, 0)) for one in letter],
        "newer": newer,
    }


@administrators_only
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest, code_list: CodeList, label: str) -> HttpResponseBase:
    """The form of one row."""
    it = found(code_list, label)
    form = RowForm(code_list, it, request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid() and carried_out(request, code_list, [form.draft], form):
        return redirect("code-list-row", code_list, it.label)
    return page(request, code_list, it, form)


@administrators_only
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest, code_list: CodeList) -> HttpResponseBase:
    """The form of a row that is not there yet."""
    form = RowForm(code_list, None, request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid() and carried_out(request, code_list, [form.draft], form):
        return redirect("code-list-row", code_list, form.draft.label)
    return page(request, code_list, None, form)


def page(request: HttpRequest, code_list: CodeList, it: Any, form: Any) -> HttpResponse:
    up = (
        reverse("code-list-row", args=[code_list, it.label]) if it else reverse("code-list", args=[code_list])
    )
    context = {"code_list": code_list, "row": it, "form": form, "up": up}
    return render(request, "locations/code_lists/form.html", context)


def carried_out(request: HttpRequest, code_list: CodeList, drafts: Any, form: Any) -> bool:
    try:
        catalogue.change(
            code_list=code_list,
            drafts=drafts,
            by=cast(User, request.user),
            reason=form.cleaned_data["reason"],
        )
    except Refused as refusal:
        messages.error(request, str(refusal))
        return False
    messages.success(request, _("The code list is changed."))
    return True


@administrators_only
@require_POST
def people(request: HttpRequest, code_list: CodeList, label: str) -> HttpResponseBase:
    """`add` a user name to the people of an EDI administrator, or `remove` one."""
    if "people" not in code_list.field_names:
        raise Http404
    it = found(code_list, label)
    draft = draft_of(code_list, it, ["people"])
    now = set(names(draft.after["people"]))
    add, remove = request.POST.get("add", "").strip(), request.POST.get("remove", "").strip()
    if add and not User.objects.filter(username=add).exists():
        messages.error(request, _("There is no user “%(value)s”.") % {"value": add})
        return redirect("code-list-row", code_list, label)
    draft.after["people"] = ", ".join(sorted((now | {add}) - {remove, ""}))
    try:
        done = catalogue.change(code_list=code_list, drafts=[draft], by=cast(User, request.user))
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        if done:
            messages.success(request, _("The people are changed."))
    return redirect("code-list-row", code_list, label)


@administrators_only
@require_http_methods(["GET", "HEAD", "POST"])
def merge(request: HttpRequest, code_list: CodeList, label: str) -> HttpResponseBase:
    """Two rows that are one: plan that another takes the place of this one, and show the plan."""
    it = found(code_list, label)
    if not code_list.moves:
        raise Http404
    rows = list(code_list.rows())
    others = [one for one in rows if one != it and not (one.retired_on or one.replaced_by)]
    form = MergeForm(others, request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            planned = row_merges.plan(
                code_list=code_list,
                row=it,
                to=next(one for one in others if one.label == form.cleaned_data["to"]),
                on=timezone.localdate(),
                by=cast(User, request.user),
                reason=form.cleaned_data["reason"],
            )
        except Refused as refusal:
            messages.error(request, str(refusal))
            return redirect("code-list-row", code_list, it.label)
        return redirect(address_of(planned))
    context = {
        "code_list": code_list,
        "row": it,
        "form": form,
        "count": holding(code_list, it).count(),
        "drafts": [
            (draft, next(one.name for one in rows if one.label == draft.found["to"]), address_of(draft))
            for draft in row_merges.drafts(code_list, it)
        ],
    }
    return render(request, "locations/code_lists/merge.html", context)


@administrators_only
@require_POST
def move(request: HttpRequest, code_list: CodeList, label: str) -> HttpResponseBase:
    """Plan that the numbers that still have a replaced row get what replaces it."""
    it = found(code_list, label)
    if not (code_list.moves and it.replaced_by):
        raise PermissionDenied(_("There is nothing to move: nothing replaces it."))
    if not holding(code_list, it).exists():
        messages.info(request, _("No location number has it."))
        return redirect("code-list-row", code_list, it.label)
    new = row_merges.final(it)
    reason = _("%(old)s is replaced by %(new)s") % {"old": it, "new": new}
    planned = changes.plan_replacement(
        field=code_list.column, old=it, new=new, by=cast(User, request.user), reason=reason
    )
    return redirect("change-set", planned.pk)
