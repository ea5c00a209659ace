"""`/stamdata/systemer/kobling/`: SOR's systems beside MedCom's. Everybody reads it, administrators decide."""

from collections import Counter
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from locations import system_map
from locations.certification import list_in_force
from locations.models import LocationNumber, System
from locations.system_map import Mapped, Mapping
from soredi.administrators import require_administrator
from soredi.jobs import Refused
from soredi.models import User
from soredi.parameters import page_of, refused, takes

ROWS = 50
# Name of a button → what it says of the name in its value.
WORDS: dict[str, bool | None] = {"er": True, "er-ikke": False, "tag-tilbage": None}


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@takes("tilstand", "q", "page")
def system_maps(request: HttpRequest) -> HttpResponse:
    """The table; a POST says one thing of one system and leads back to it."""
    if request.method == "POST":
        require_administrator(request)
        return said(request)
    chosen, words = request.GET.get("tilstand", ""), request.GET.get("q", "")
    if chosen and chosen not in Mapping.values:
        return refused(request, _("No such state."), "tilstand")
    user, today = cast(User, request.user), timezone.localdate()
    counts = system_map.numbers_of(user)
    # Of one that another has taken the place of, nothing is left to decide.
    systems = [
        one
        for one in system_map.mapped_systems(today)
        if not one.system.replaced_by_id or one.is_spoken_of or counts.get(one.system.pk)
    ]
    found = system_map.matching(systems, mapping=chosen, words=words)
    # What most numbers hang on comes first.
    found.sort(key=lambda one: -counts.get(one.system.pk, 0))
    page = page_of(request, found, ROWS)
    system_map.add_history(page)
    states = Counter(one.mapping for one in systems)
    numbers = Counter[Mapping]()
    for one in systems:
        numbers[one.mapping] += counts.get(one.system.pk, 0)
    in_force = list_in_force(today)
    context = {
        "section": "code-lists",
        "page": page,
        "rows": [row(one, counts.get(one.system.pk, 0)) for one in page],
        "states": [(state, states[state], numbers[state], state == chosen) for state in Mapping],
        "all": len(systems),
        "chosen": chosen,
        "words": words,
        "query": query_of(request.GET),
        "in_force": in_force,
        "names": system_map.medcom_names(in_force) if user.is_staff else [],
    }
    return render(request, "locations/certification/system_maps.html", context)


def row(one: Mapped, numbers: int) -> dict[str, Any]:
    return {"one": one, "system": one.system, "numbers": numbers}


def said(request: HttpRequest) -> HttpResponse:
    """htmx gets the row of the system, everybody else the page, at that row."""
    system = get_object_or_404(System, code=request.POST.get("system", ""))
    name, accepted = request.POST.get("navn", ""), True
    for button, word in WORDS.items():
        if button in request.POST:
            name, accepted = request.POST[button], cast(bool, word)
    try:
        system_map.say(system=system, medcom_system=name, accepted=accepted, by=cast(User, request.user))
    except Refused as refusal:
        if not request.htmx:  # type: ignore[attr-defined]
            messages.error(request, str(refusal))
        error = str(refusal)
    else:
        error = ""
    if request.htmx:  # type: ignore[attr-defined]
        ours = next(
            one for one in system_map.mapped_systems(timezone.localdate()) if one.system.pk == system.pk
        )
        system_map.add_history([ours])
        numbers = LocationNumber.objects.editable_by(request.user).filter(system=system).count()
        context = {
            "row": row(ours, numbers),
            "error": error,
            "said": name,
            "query": request.POST.get("soegning", ""),
        }
        return render(request, "locations/certification/_system_map.html", context)
    query = query_of(QueryDict(request.POST.get("soegning", "")))
    return redirect(f"{reverse('system-maps')}?{query}#system-{system.pk}")


def query_of(given: QueryDict) -> str:
    """Of an address only what the page knows."""
    kept = QueryDict(mutable=True)
    for name in ("tilstand", "q", "page"):
        if value := given.get(name):
            kept[name] = value
    return kept.urlencode()
