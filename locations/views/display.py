"""`/lokationsnumre/visning/`: how one sees the list, kept with the user: its columns, their order, rows a page."""

from dataclasses import dataclass
from typing import Any, cast

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from locations.filters import ROWS
from locations.tables import USUAL, LocationTable, may_show, shown_to
from soredi.models import User

MOVES = {"op": -1, "ned": 1}


@dataclass(frozen=True)
class Column:
    name: str
    text: str
    shown: bool


class DisplayForm(forms.Form):
    """`kolonne` repeated in the order wanted, `antal` rows; `op` or `ned` moves one column, `usual` forgets all."""

    kolonne = forms.MultipleChoiceField(required=False)
    antal = forms.TypedChoiceField(coerce=int, choices=[(rows, rows) for rows in ROWS])
    op = forms.ChoiceField(required=False)
    ned = forms.ChoiceField(required=False)

    def __init__(self, data: QueryDict | None = None, *, user: User):
        super().__init__(data)
        self.user = user
        self.names = [
            *shown_to(user),
            *(name for name in may_show(user.is_staff) if name not in shown_to(user)),
        ]
        choices = [(name, name) for name in self.names]
        for field in ("kolonne", "op", "ned"):
            cast(Any, self.fields[field]).choices = choices

    @property
    def columns(self) -> list[Column]:
        """Those shown, in order, then the others."""
        shown = shown_to(self.user)
        headers = LocationTable.base_columns
        return [Column(name, str(headers[name].verbose_name), name in shown) for name in self.names]

    @property
    def rows(self) -> list[tuple[str, bool]]:
        return [(rows, int(rows) == self.user.list_rows) for rows in ROWS]

    def save(self) -> None:
        shown = self.cleaned_data["kolonne"]
        for field, step in MOVES.items():
            if (name := self.cleaned_data[field]) in shown:
                place = shown.index(name)
                shown.insert(max(place + step, 0), shown.pop(place))
        self.user.list_columns = [] if shown == list(USUAL) else shown
        self.user.list_rows = self.cleaned_data["antal"]
        self.user.save(update_fields=["list_columns", "list_rows"])


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def display(request: HttpRequest) -> HttpResponse:
    """The form by itself, and where it is posted to; `tilbage` is the query of the list one came from."""
    user = cast(User, request.user)
    asked = request.POST if request.method == "POST" else request.GET
    back = f"{reverse('locations')}?{asked.get('tilbage', '')}"
    if request.method != "POST":
        context = {
            "section": "locations",
            "display": DisplayForm(user=user),
            "query": asked.get("tilbage", ""),
            "back": back,
        }
        return render(request, "locations/display.html", context)
    if "usual" in request.POST:
        user.list_columns, user.list_rows = [], 50
        user.save(update_fields=["list_columns", "list_rows"])
        return redirect(back)
    form = DisplayForm(request.POST, user=user)
    if not form.is_valid():
        context = {"section": "locations", "display": form, "query": asked.get("tilbage", ""), "back": back}
        context["problem"] = _("Choose columns and rows from the lists.")
        return render(request, "locations/display.html", context, status=400)
    form.save()
    moved = form.cleaned_data["op"] or form.cleaned_data["ned"]
    return redirect(f"{back}#kolonne-{moved}" if moved else back)
