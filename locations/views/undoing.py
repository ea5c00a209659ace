"""Choosing which numbers of a change set shall be undone.

A form that is posted says `omfang`: nothing for all that are left, `valgte` with `valgt=<gln>&valgt=…`, `alle` with
`soegning=<query of the change set's page>`, or `enter`, when no button was pressed: those that are ticked, else what
the button for all of them says.
"""

from typing import Any, cast

from django.http import Http404, HttpRequest, QueryDict
from django.utils.translation import gettext as _

from locations import changes
from locations.access import LocationNumberQuerySet
from locations.change_filters import NARROWS_VERSIONS
from locations.filters import FilterError
from locations.forms import UndoForm
from locations.models import ChangeSet, LocationNumber
from locations.undoing import holding, undone
from locations.views.contents import narrowed
from soredi.jobs import State
from soredi.models import User

CHOSEN, MATCHING, ENTER = "valgte", "alle", "enter"


def undoing(request: HttpRequest, it: ChangeSet, form: UndoForm | None = None) -> dict[str, Any]:
    """What locations/_undo.html shows: the undos that hold, how many numbers are `left` of those the user may edit,
    and the form where there are some.

    `others`: the change set touched numbers that are not the user's too.
    """
    if it.state != State.DONE:
        return {}
    touched = LocationNumber.objects.changed_by(it)
    undos = holding(it)
    others = False
    left = touched.exclude(pk__in=undone(it).values("location")) if undos else touched
    if not request.user.is_staff:
        own = LocationNumber.objects.editable_by(request.user).values("pk")
        others = touched.exclude(pk__in=own).exists()
        left = left.filter(pk__in=own)
    count = left.count()
    return {
        "undos": undos,
        "left": count,
        "others": others,
        "undo_form": (form or UndoForm()) if count else None,
        "ticked": request.POST.getlist("valgt"),
    }


def meant(asked: QueryDict) -> QueryDict:
    """`asked` with one of the other choices in the place of `enter`."""
    if asked.get("omfang") != ENTER:
        return asked
    meant = asked.copy()
    page = QueryDict(asked.get("soegning", ""))
    narrows = any(page.get(name) for name in NARROWS_VERSIONS)
    meant["omfang"] = CHOSEN if asked.getlist("valgt") else MATCHING if narrows else ""
    return meant


def plan(request: HttpRequest, it: ChangeSet, asked: QueryDict, reason: str) -> ChangeSet:
    """Plan the undo of the numbers that `asked` chooses, and keep the choice so that it can be planned again.

    Raises FilterError for an unusable choice, Http404 for a number not the user's, Refused as `changes.plan_undo`.
    """
    user = cast(User, request.user)
    planned = changes.plan_undo(it, by=user, reason=reason, locations=chosen(request, it, asked))
    if asked.get("omfang"):
        planned.asked = {
            name: asked.getlist(name) for name in ("omfang", "valgt", "soegning") if name in asked
        }
        planned.save(update_fields=["asked"])
    return planned


def chosen(request: HttpRequest, it: ChangeSet, asked: QueryDict) -> LocationNumberQuerySet | None:
    """The numbers of the choice; None for all that the user may undo."""
    scope = asked.get("omfang", "")
    if not scope:
        return None
    if scope == CHOSEN:
        glns = {gln for gln in asked.getlist("valgt") if gln.isascii() and gln.isdigit()}
        found = LocationNumber.objects.editable_by(request.user).filter(gln__in=glns)
        if found.count() != len(glns):
            raise Http404
        return found
    if scope != MATCHING:
        choices = f"{CHOSEN}, {MATCHING}, {ENTER}"
        raise FilterError("omfang", _("Choose one of: %(choices)s.") % {"choices": choices})
    query = QueryDict(asked.get("soegning", ""))
    for parameter in query:
        if parameter not in (*NARROWS_VERSIONS, "page"):
            raise FilterError(parameter, _("No such parameter."))
    matching = narrowed(request, it, query).qs
    return cast(
        LocationNumberQuerySet, LocationNumber.objects.filter(pk__in=matching.order_by().values("location"))
    )
