"""The sorts of parameters of a question to the list: filters of django-filter with the fields of this application."""

from typing import Any

import django_filters
from django import forms
from django.utils.translation import gettext_lazy

from locations.conditions import NO, YES
from locations.forms import CodesField, DayField, GlnField, KeptListField, PeopleField, WordsField


class CodesFilter(django_filters.Filter):
    """Codes of the list `of`."""

    field_class = CodesField

    def __init__(self, *, of: str, **options: Any):
        super().__init__(of=of, **options)


class PeopleFilter(django_filters.Filter):
    field_class = PeopleField


class GlnFilter(django_filters.Filter):
    field_class = GlnField


class KeptListFilter(django_filters.Filter):
    field_class = KeptListField


class WordsFilter(django_filters.Filter):
    field_class = WordsField


class DayFilter(django_filters.Filter):
    field_class = DayField


class PageFilter(django_filters.Filter):
    field_class = forms.IntegerField


def yes(method: str, label: Any) -> django_filters.ChoiceFilter:
    return django_filters.ChoiceFilter(method=method, choices=[(YES, gettext_lazy("yes"))], label=label)


def yes_or_no(method: str, label: Any) -> django_filters.ChoiceFilter:
    choices = [(YES, gettext_lazy("yes")), (NO, gettext_lazy("no"))]
    return django_filters.ChoiceFilter(method=method, choices=choices, label=label)
