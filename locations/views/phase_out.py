"""`/stamdata/edi-typer/udfas/?fra=<old>&til=<new>`: one version of an EDI type gives way to another."""

from datetime import date
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from locations.certification import Answer
from locations.code_lists import LISTS, asked_for
from locations.codes import EDI_TYPE, CodeLists
from locations.exports import CONTENT_TYPES
from locations.forms import reason_field
from locations.models import EdiType
from locations.models.location import Status
from locations.phase_out import (
    NOT_CHECKED,
    WEEKS,
    Group,
    Standing,
    Week,
    plan_move,
    rest_as_csv,
    standing,
    weeks,
)
from soredi.jobs import Refused
from soredi.models import User
from soredi.parameters import refused, takes

NOT_CHECKED_TEXT = gettext_lazy("not checked")
# The chart, in its own units; its size on the page is the style sheet's.
WIDTH, HEIGHT, BASE, GAP = 520, 120, 100, 4


class BadType(Exception):
    """(parameter, why)"""


@login_required
@require_safe
@takes("fra", "til", "format")
def phase_out(request: HttpRequest) -> HttpResponseBase:
    """What to choose from; once both are chosen, how it stands. `format=csv` is the list of the rest."""
    user = cast(User, request.user)
    try:
        old, new = chosen(request.GET)
    except BadType as bad:
        return refused(request, bad.args[1], bad.args[0])
    if request.GET.get("format", "csv") != "csv":
        return refused(request, _("Choose one of: %(choices)s.") % {"choices": "csv"}, "format")
    if old and new and "format" in request.GET:
        response = StreamingHttpResponse(
            rest_as_csv(old, new, user, words()), content_type=CONTENT_TYPES["csv"]
        )
        response["Content-Disposition"] = 'attachment; filename="udfasning.csv"'
        return response
    types = EdiType.objects.select_related("replaced_by")
    context: dict[str, Any] = {
        "code_list": LISTS["edi-typer"],
        "old": old,
        "new": new,
        "choices": [(one.label, f"{one.label} · {one.name}") for one in types],
    }
    if old and new:
        context["doubts"] = doubts(old, new, timezone.localdate())
        it = standing(old, new, user)
        asked = {"fra": old.label, "til": new.label}
        context |= told(it) | {"reason": reason_field(_("Reason"))}
        context |= {
            "csv": "?" + urlencode(asked | {"format": "csv"}),
            "weeks_url": f"{reverse('phase-out-weeks')}?{urlencode(asked)}",
        }
    return render(request, "locations/code_lists/phase_out.html", context)


@login_required
@require_safe
@takes("fra", "til")
def course(request: HttpRequest) -> HttpResponse:
    """How many are left, week by week: a fragment for the page, since all history is read; else a page of its own."""
    try:
        old, new = chosen(request.GET)
        if not (old and new):
            raise BadType("fra", _("Choose both EDI types: the old and the new."))
    except BadType as bad:
        return refused(request, bad.args[1], bad.args[0])
    context = {
        "code_list": LISTS["edi-typer"],
        "old": old,
        "new": new,
        "chart": chart(weeks(old, new, cast(User, request.user))),
        "standing_url": f"{reverse('phase-out')}?{urlencode({'fra': old.label, 'til': new.label})}",
    }
    fragment = request.headers.get("HX-Request") == "true"
    template = "_chart.html" if fragment else "phase_out_weeks.html"
    return render(request, f"locations/code_lists/{template}", context)


@login_required
@require_POST
def plan(request: HttpRequest) -> HttpResponse:
    """Plan the move of those that can be moved, and show the plan."""
    try:
        old, new = chosen(request.POST)
        if not (old and new):
            raise BadType("fra", _("Choose both EDI types: the old and the new."))
    except BadType as bad:
        return refused(request, bad.args[1], bad.args[0])
    reason = request.POST.get("reason", "").strip()[:1000] or _("%(old)s is replaced by %(new)s") % {
        "old": old,
        "new": new,
    }
    try:
        planned = plan_move(old, new, by=cast(User, request.user), reason=reason)
    except Refused as refusal:
        messages.error(request, str(refusal))
        query = urlencode({"fra": old.label, "til": new.label})
        return redirect(f"{reverse('phase-out')}?{query}")
    return redirect("change-set", planned.pk)


def chosen(asked: QueryDict) -> tuple[EdiType | None, EdiType | None]:
    """The two types; the new one is what replaces the old one where it is not asked for. Raises BadType."""
    code_lists, found = CodeLists(), {}
    for name in ("fra", "til"):
        if text := asked.get(name, "").strip():
            try:
                found[name] = EdiType.objects.select_related("replaced_by").get(
                    pk=code_lists.find(EDI_TYPE, text).pk
                )
            except ValidationError as error:
                raise BadType(name, error.messages[0]) from None
    old, new = found.get("fra"), found.get("til")
    if old and not new:
        new = old.replaced_by
    if old and old == new:
        raise BadType("til", _("Choose two different EDI types."))
    return old, new


def doubts(old: EdiType, new: EdiType, today: date) -> list[dict[str, str]]:
    """Why it may be wrong to move numbers to `new`: each `text`, with the address of a better choice as `href`."""
    found = []
    if new.retired_on:
        text = (
            _("%(new)s was itself retired on %(day)s. Whoever is moved to it must be moved once more.")
            if new.retired_on <= today
            else _("%(new)s will itself be retired on %(day)s.")
        )
        found.append({"text": text % {"new": new, "day": date_format(new.retired_on, "j. F Y")}})
    if new.valid_from and new.valid_from > today:
        text = _("%(new)s is not valid until %(day)s: nobody may send it before that day.")
        found.append({"text": text % {"new": new, "day": date_format(new.valid_from, "j. F Y")}})
    if new.replaced_by and new.replaced_by != old:
        better = urlencode({"fra": old.label, "til": new.replaced_by.label})
        text = _("%(new)s has been replaced by %(better)s.") % {"new": new, "better": new.replaced_by}
        found.append({"text": text, "href": f"?{better}"})
    return found


def words() -> dict[str, str]:
    """Answers as people read them."""
    return {answer.value: str(answer.label) for answer in Answer} | {NOT_CHECKED: str(NOT_CHECKED_TEXT)}


def told(it: Standing) -> dict[str, Any]:
    """The standing as the page shows it."""
    said = words()
    return {
        "standing": it,
        "only_old": it.has_old - it.both,
        "only_new": it.has_new - it.both,
        "links": {
            "only_old": address(edi_type=asked_for(it.old), ikke_edi_type=asked_for(it.new)),
            "both": address(edi_type=[asked_for(it.old), asked_for(it.new)]),
            "only_new": address(edi_type=asked_for(it.new), ikke_edi_type=asked_for(it.old)),
        },
        "answers": [
            {"answer": answer, "text": said[answer], "numbers": numbers, "both": both}
            for answer, (numbers, both) in it.answers.items()
        ],
        "rest": [
            {"group": group, "text": said[group.answer], "href": group_address(it, group)}
            for group in it.groups
            if group.answer != Answer.CERTIFIED
        ],
        "rest_total": it.has_old - it.ready,
    }


def group_address(it: Standing, group: Group) -> str:
    """The list of the group's numbers; "" where it has no system or administrator to ask for."""
    if not (group.system and group.edi_administrator):
        return ""
    return address(
        edi_type=asked_for(it.old), system=group.system.code, administrator=group.edi_administrator.code
    )


def address(**asked: Any) -> str:
    """Of the list, without closed numbers."""
    asked["status"] = [Status.ACTIVE.value, Status.INACTIVE.value, Status.FUTURE.value]
    return f"{reverse('locations')}?{urlencode(asked, doseq=True)}"


def chart(course: list[Week]) -> dict[str, Any] | None:
    """One bar a week, the present one to the right, as numbers for an SVG."""
    if not course:
        return None
    top = max(max(week.old for week in course), 1)
    step = WIDTH / WEEKS
    bars = [
        {
            "week": week,
            "x": round(WIDTH - n * step + GAP / 2, 1),
            "width": round(step - GAP, 1),
            "height": (height := round(BASE * week.old / top, 1)),
            "y": round(BASE - height, 1),
        }
        for n, week in zip(range(len(course), 0, -1), course, strict=True)
    ]
    return {"bars": bars, "top": top, "weeks": course[::-1], "first": course[0], "last": course[-1]}
