"""Saved searches as their readers see them: what they find with the reader's rights, or why they cannot be asked."""

import hashlib
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import redis
from django import forms
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from locations.filters import SHOWING, FilterError, LocationFilter
from locations.models import EdiAdministrator, SavedSearch
from locations.models.saved_search import QUERY_LENGTH
from soredi.models import User

SECONDS = 10  # that a count is good for
EVERYBODY = "alle"
NAME_LENGTH = 80


@dataclass(frozen=True)
class Trouble:
    """Why a search cannot be asked any more; `parameter` is the part of it that is to blame, where one is."""

    message: str
    parameter: str = ""


@dataclass(frozen=True)
class Shown:
    """One search on a page. `count` and `trouble` are known once they were asked for; at most one of them is there."""

    search: SavedSearch
    may_change: bool
    count: int | None = None
    trouble: Trouble | None = None


def shown(searches: Iterable[SavedSearch], user: User, *, counted: bool = False) -> list[Shown]:
    """`searches` for a page, with their present counts if `counted`: two queries each, when nobody asked lately."""
    entries = []
    for search in searches:
        may_change = user.is_staff or search.by_id == user.pk
        answer = present(search, user) if counted else None
        entries.append(
            Shown(
                search,
                may_change,
                count=answer if isinstance(answer, int) else None,
                trouble=answer if isinstance(answer, Trouble) else None,
            )
        )
    return entries


def present(search: SavedSearch, user: User) -> int | Trouble:
    """How many numbers `search` finds for `user` now, kept for some seconds; or why it cannot be asked."""
    key = f"saved:{user.pk}:{user.is_staff}:{hashlib.sha256(search.query.encode()).hexdigest()}"
    with suppress(redis.RedisError):
        if (kept := cache.get(key)) is not None:
            return int(kept)
    asked = understood(search.query, user)
    if isinstance(asked, Trouble):
        return asked
    count = asked.qs.order_by().count()
    with suppress(redis.RedisError):
        cache.set(key, count, SECONDS)
    return count


def understood(query: str, user: User) -> LocationFilter | Trouble:
    """The filter of `query` with the rights of `user`."""
    try:
        return LocationFilter.checked(query, user)
    except FilterError as error:
        return Trouble(error.message, error.parameter)
    except PermissionDenied as refusal:
        return Trouble(str(refusal))


def kept_query(query: str) -> str:
    """`query` as it is saved: without page, rows a page and format, and without empty values."""
    kept = QueryDict(mutable=True)
    for name, values in QueryDict(query.removeprefix("?")).lists():
        given = [value for value in values if value.strip()]
        if given and (name == "sort" or name not in SHOWING):
            kept.setlist(name, given)
    return kept.urlencode()


class SaveForm(forms.Form):
    """Name and sharing of a search. `by` owns it, `user` fills the form in; `search` is the one to change, if any.

    `clash` is another search of the owner with the name; saving replaces it when `replace` is ticked.
    """

    name = forms.CharField(
        max_length=NAME_LENGTH,
        label=gettext_lazy("Name"),
        widget=forms.TextInput(attrs={"class": "form-input", "autocomplete": "off"}),
    )
    share = forms.ChoiceField(
        required=False,
        label=gettext_lazy("Who sees it"),
        help_text=gettext_lazy("Everybody sees only the location numbers that they may edit themselves."),
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    replace = forms.BooleanField(required=False, label=gettext_lazy("Replace the one that has the name"))

    clash: SavedSearch | None = None
    fields: dict[str, Any]

    def __init__(self, data: Any = None, *, user: User, query: str, search: SavedSearch | None = None):
        self.search, self.query = search, query
        self.by = search.by if search else user
        initial = {"name": search.name, "share": _share(search)} if search else {}
        super().__init__(data, initial=initial)
        mine = EdiAdministrator.objects.all() if user.is_staff else user.edi_administrators.all()
        choices = {"": str(_("Only you")) if self.by == user else str(self.by)}
        choices |= {str(row.pk): row.name for row in mine.order_by("name")}
        if user.is_staff:
            choices[EVERYBODY] = _("Everybody")
        if search and search.is_shared:  # stays, also where the user no longer belongs to them
            choices.setdefault(_share(search), search.sharing)
        self.fields["share"].choices = list(choices.items())

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if len(self.query) > QUERY_LENGTH:
            raise forms.ValidationError(
                _("This search is too long to be saved. Paste the numbers as a list instead of writing them.")
            )
        namesakes = SavedSearch.objects.filter(by=self.by, name=said.get("name", ""))
        if self.search:
            namesakes = namesakes.exclude(pk=self.search.pk)
        self.clash = namesakes.first()
        if said.get("share") and "liste" in QueryDict(self.query):
            self.add_error("share", _("A search in a list that you pasted can be used by you only."))
        if self.clash and not said.get("replace"):
            self.add_error("name", _("There is a saved search with that name already."))
        return said

    def save(self) -> SavedSearch:
        said = self.cleaned_data
        search = self.search or self.clash or SavedSearch(by=self.by)
        if self.clash and self.clash != search:
            self.clash.delete()
        search.name, search.query = said["name"], self.query
        search.shared_with_all = said["share"] == EVERYBODY
        search.shared_with_id = int(said["share"]) if said["share"] not in ("", EVERYBODY) else None
        search.save()
        return search


def _share(search: SavedSearch) -> str:
    return EVERYBODY if search.shared_with_all else str(search.shared_with_id or "")
