"""`/lokationsnumre/liste/`: paste or upload location numbers, and see them in the list; what is not there is told."""

from typing import Any, cast
from urllib.parse import urlencode

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from locations.gln_lists import MAX_BYTES, Kept, keep_list
from locations.models.gln_list import MOST
from soredi.jobs import Refused
from soredi.models import User

MAX_CHARACTERS = 500_000


class InsertForm(forms.Form):
    """Text or a file; the file where both are given."""

    numre = forms.CharField(
        label=gettext_lazy("Location numbers"),
        help_text=gettext_lazy(
            "One a line, or with spaces, commas or semicolons between; also straight from Excel."
        ),
        max_length=MAX_CHARACTERS,
        required=False,
        widget=forms.Textarea(attrs={"class": "form-input", "rows": 10, "spellcheck": "false"}),
    )
    fil = forms.FileField(
        label=gettext_lazy("Or a file"),
        help_text=gettext_lazy(
            "Text, CSV or Excel, at most 2 MB. Of a table the column of numbers is taken."
        ),
        required=False,
        max_length=255,
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"class": "form-input", "accept": ".csv,.txt,.xlsx,.xls,.ods"}),
    )

    def clean(self) -> dict[str, Any]:
        asked = super().clean() or {}
        if asked.get("fil") and asked["fil"].size > MAX_BYTES:
            self.add_error("fil", _("The file is larger than 2 MB. Divide it."))
        if not self.errors and not asked.get("numre", "").strip() and not asked.get("fil"):
            self.add_error("numre", _("Paste location numbers, or choose a file."))
        return asked

    def keep(self, user: User) -> Kept | None:
        """What became of the numbers; None with an error in the form where they cannot be read or there are none."""
        file = self.cleaned_data["fil"]
        field = "fil" if file else "numre"
        try:
            result = keep_list(file.read() if file else self.cleaned_data["numre"], user)
        except Refused as refusal:
            self.add_error(field, str(refusal))
            return None
        if not result.kept and not result.malformed_count:
            self.add_error(field, _("There is no location number in it. Choose or paste something else."))
            return None
        return result


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def insert(request: HttpRequest) -> HttpResponse:
    """Leads to the list where all numbers are in it; else tells first what is not."""
    form = InsertForm(request.POST, request.FILES) if request.method == "POST" else InsertForm()
    context: dict[str, Any] = {"section": "locations", "form": form, "most": MOST}
    if form.is_bound and form.is_valid() and (kept := form.keep(cast(User, request.user))):
        found = len(kept.kept.glns) - len(kept.not_found) if kept.kept else 0
        query = f"liste={kept.kept.key}" if kept.kept else ""
        address = f"{reverse('locations')}?{query}"
        if found and not kept.not_found and not kept.malformed_count:
            return redirect(address)
        context |= {"result": kept, "found": found, "address": address}
        context["edit_address"] = (
            f"{reverse('location-edit')}?{urlencode({'omfang': 'alle', 'soegning': query})}"
        )
        context["more_malformed"] = kept.malformed_count - len(kept.malformed)
    return render(request, "locations/insert_list.html", context)
