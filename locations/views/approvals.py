"""`/stamdata/certificering/`: MedCom's lists of approvals. Everybody reads them, administrators hand in and accept."""

from typing import Any, cast

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.files.uploadedfile import UploadedFile
from django.db import connection
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from locations.approvals import actions
from locations.approvals.compare import compare
from locations.approvals.read import CHANNELS, COLUMNS, MAX_BYTES, STATUSES, is_usual
from locations.certification import list_in_force
from locations.models import ApprovalList
from soredi.administrators import administrators_only, require_administrator
from soredi.jobs import Refused
from soredi.models import User
from soredi.parameters import page_of, takes
from soredi.spreadsheet import csv_chunks, guarded
from soredi.tabular import TabularError

ROWS = 25  # lists a page
PROBLEMS = {
    "no_system": gettext_lazy("No system. The row is left out."),
    "no_message": gettext_lazy("No standard ID. The row is left out."),
    "unknown_channel": gettext_lazy("An unknown channel. The row is left out."),
    "unknown_status": gettext_lazy("An unknown test status. The row is left out."),
    "malformed_message": gettext_lazy(
        "The standard ID is not a code with one version. The row is kept, and answers for no EDI type."
    ),
}
# MedCom's words, so that a file can be handed in again.
_CHANNEL = {value: word.capitalize() for word, value in CHANNELS.items()}
_STATUS = dict(zip(STATUSES.values(), ("Godkendt", "Ikke Godkendt", "Tester", "Test mangler"), strict=True))

# In: a list. Out: each standard ID on it that is no EDI type here, with how many rows it has.
_STRANGE = """
SELECT a.message, count(*) FROM locations_approval a
WHERE a.approval_list_id = %s
  AND NOT EXISTS (SELECT FROM locations_editype t WHERE t.code = a.code AND t.version = a.version)
GROUP BY a.message ORDER BY a.message
"""


class SheetForm(forms.Form):
    """The sheet, and the day that it is of."""

    ark = forms.FileField(
        label=gettext_lazy("MedCom's sheet of approved systems"),
        help_text=gettext_lazy("Excel (xlsx) or CSV, at most 10 MB."),
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"class": "form-input", "accept": ".xlsx,.csv,.txt"}),
    )
    dato = forms.DateField(
        label=gettext_lazy("Date of the list"),
        help_text=gettext_lazy("The day from which it is in force."),
        initial=timezone.localdate,
        input_formats=["%Y-%m-%d", "%d-%m-%Y", "%d.%m.%Y"],
        widget=forms.DateInput(attrs={"class": "form-input", "type": "date"}, format="%Y-%m-%d"),
    )

    def clean_ark(self) -> UploadedFile:
        file = cast(UploadedFile, self.cleaned_data["ark"])
        if (file.size or 0) > MAX_BYTES:
            raise forms.ValidationError(_("The file is larger than 10 MB. Is this the right file?"))
        return file

    def clean_dato(self) -> Any:
        if self.cleaned_data["dato"] > timezone.localdate():
            raise forms.ValidationError(_("The day is in the future."))
        return self.cleaned_data["dato"]

    def hand_in(self, by: User) -> ApprovalList | None:
        """The preview; None with an error in the form where the file cannot be read."""
        file = self.cleaned_data["ark"]
        try:
            return actions.hand_in(file=file.read(), name=file.name, dated=self.cleaned_data["dato"], by=by)
        except TabularError as error:
            self.add_error("ark", str(error.message))
            return None


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@takes("page")
def approval_lists(request: HttpRequest) -> HttpResponse:
    """The lists, newest first, and for administrators the previews and the form to hand a sheet in."""
    form = SheetForm()
    if request.method == "POST":
        require_administrator(request)
        form = SheetForm(request.POST, request.FILES)
        if form.is_valid() and (made := form.hand_in(cast(User, request.user))):
            if made.accepted_at:
                messages.info(request, _("The very same sheet of that day is here already."))
            return redirect("approval-list", made.pk)
    lists = ApprovalList.objects.select_related("by", "accepted_by").order_by("-dated", "-pk")
    if not request.user.is_staff:
        lists = lists.filter(accepted_at__isnull=False)
    context = {
        "section": "code-lists",
        "form": form,
        "page": page_of(request, lists, ROWS),
        "in_force": list_in_force(timezone.localdate()),
    }
    return render(request, "locations/certification/lists.html", context)


def readable(request: HttpRequest, pk: int) -> ApprovalList:
    """The list; 404 for a preview where the user is no administrator."""
    lists = ApprovalList.objects.select_related("by", "accepted_by")
    if not request.user.is_staff:
        lists = lists.filter(accepted_at__isnull=False)
    return get_object_or_404(lists, pk=pk)


@login_required
@require_safe
@takes()
def approval_list(request: HttpRequest, pk: int) -> HttpResponse:
    """What one list says, what it changes, and which of its rows were not understood."""
    return shown(request, readable(request, pk))


def shown(
    request: HttpRequest, approvals: ApprovalList, *, ticked: Any = (), refusal: Refused | None = None
) -> HttpResponse:
    comparison = compare(approvals)
    taken = comparison.taken_away()
    context = {
        "section": "code-lists",
        "list": approvals,
        "counts": approvals.counts,
        "in_force": list_in_force(timezone.localdate()),
        "comparison": comparison,
        "taken": taken.items(),
        "taken_count": sum(map(len, taken.values())),
        "given": [one for one in comparison.differences if not one.takes_away],
        "ticked": ticked,
        "unticked": [system for system in taken if system not in ticked] if refusal else [],
        "refusal": refusal,
        "problems": [{**problem, "said": PROBLEMS[problem["code"]]} for problem in approvals.problems],
        "strange": strange(approvals),
    }
    return render(request, "locations/certification/list.html", context)


def strange(approvals: ApprovalList) -> list[tuple[str, int, bool]]:
    """(standard ID, rows, made as most are) of those on the list that are no EDI type here."""
    with connection.cursor() as cursor:
        cursor.execute(_STRANGE, [approvals.pk])
        return [(message, rows, is_usual(message)) for message, rows in cursor.fetchall()]


@administrators_only
@require_POST
def accept(request: HttpRequest, pk: int) -> HttpResponse:
    """In force from its date; back to the page with what is still to be ticked."""
    approvals, ticked = get_object_or_404(ApprovalList, pk=pk), request.POST.getlist("mister")
    try:
        actions.accept(approvals, by=cast(User, request.user), ticked=ticked)
    except Refused as refusal:
        return shown(request, readable(request, pk), ticked=ticked, refusal=refusal)
    messages.success(request, _("The list is in use."))
    return redirect("approval-list", pk)


@administrators_only
@require_POST
def drop(request: HttpRequest, pk: int) -> HttpResponse:
    if actions.drop(get_object_or_404(ApprovalList, pk=pk)):
        messages.success(request, _("The sheet is dropped. Nothing was changed."))
        return redirect("approval-lists")
    messages.error(request, _("The list is in use, and is kept."))
    return redirect("approval-list", pk)


@login_required
@require_safe
@takes()
def download(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The list as CSV with MedCom's own headers: every row that is used."""
    approvals = readable(request, pk)
    columns = [column for column in COLUMNS if column not in ("channel", "status")]
    rows = (
        [*map(guarded, texts), _CHANNEL[channel], _STATUS[status]]
        for *texts, channel, status in approvals.approvals.values_list(
            *columns, "channel", "status"
        ).iterator()
    )
    response = StreamingHttpResponse(
        csv_chunks([names[0] for names in COLUMNS.values()], rows), content_type="text/csv; charset=utf-8"
    )
    response["Content-Disposition"] = f'attachment; filename="godkendelser-{approvals.dated}.csv"'
    return response
