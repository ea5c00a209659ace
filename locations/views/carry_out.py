"""Carrying a plan out or dropping it, from its own page; and who got nothing of it."""

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from locations import receipts, warnings
from locations.carrying_out import CarryOutForm
from locations.exports import CONTENT_TYPES
from locations.models import LeftOut
from locations.views.changes import controlled, whole_page
from soredi.jobs import State
from soredi.models import User
from soredi.spreadsheet import CHUNK, csv_chunks, guarded


@login_required
@require_POST
def apply(request: HttpRequest, pk: int) -> HttpResponse:
    """Queue a draft whose warnings are ticked, once however often it is asked for; its page tells the rest."""
    it, user = controlled(request, pk), cast(User, request.user)
    if it.state == State.DRAFT and not it.counts.get("changed"):
        messages.info(request, _("There is nothing to carry out."))
    elif it.state == State.DRAFT:
        form = CarryOutForm(warnings.groups(it), user=user, data=request.POST)
        if not form.is_valid():
            return whole_page(request, it, carry_out_form=form)
        it.enqueue(
            from_states=(State.DRAFT,),
            applied_by=user,
            receipt=receipts.asked(request, it) if form.wants_receipt else {},
        )
    return redirect("change-set", pk)


@login_required
@require_POST
def drop(request: HttpRequest, pk: int) -> HttpResponse:
    """Throw a draft away, or stop one that is under way; after its commit it is done all the same."""
    it = controlled(request, pk)
    if not it.cancel() and it.ask_to_cancel():
        messages.info(request, _("It is being stopped."))
    return redirect("change-set", pk)


@login_required
@require_safe
def left_out(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The numbers that a plan to add all certified EDI types gave nothing, as CSV, for who planned it."""
    it = controlled(request, pk)
    rows = it.left_out.order_by("location__gln").values_list(
        "location__gln", "location__unit__name", "location__system__name", "why"
    )
    why = {value: str(label) for value, label in LeftOut.Why.choices}
    response = StreamingHttpResponse(
        csv_chunks(
            [_("Location number"), _("Unit"), _("System"), _("Why")],
            (
                [gln, guarded(unit or ""), guarded(system or ""), why[reason]]
                for gln, unit, system, reason in rows.iterator(chunk_size=CHUNK)
            ),
        ),
        content_type=CONTENT_TYPES["csv"],
    )
    response["Content-Disposition"] = f'attachment; filename="aendring-{it.pk}-udeladt.csv"'
    return response
