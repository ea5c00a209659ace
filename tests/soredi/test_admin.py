"""The admin site holds what administrators need there, in Danish, and nothing else."""

import re
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.staticfiles import finders
from django.urls import reverse

from tests import builders

pytestmark = pytest.mark.django_db

LISTS = {"Personer": "soredi_user"}


@pytest.fixture
def administrator(client: Any) -> Any:
    client.force_login(builders.user("administrator", staff=True))
    return client


def test_people_are_all_there_is(administrator: Any) -> None:
    assert sorted(m._meta.label_lower.replace(".", "_") for m in admin.site._registry) == sorted(
        LISTS.values()
    )
    page = administrator.get("/admin/").content.decode()
    assert [name for name in LISTS if f">{name}</a>" not in page] == []
    assert ("Administration" in page, "Axes" in page, "Change sets" in page) == (True, False, False)


@pytest.mark.parametrize("name", LISTS.values())
def test_each_list_and_form_is_danish_and_has_its_assets(administrator: Any, name: str) -> None:
    english = re.compile(
        r"\b(retired|code|name|users|number|change set|replaced by|vendor|speciality)\b", re.I
    )
    for page in (f"admin:{name}_changelist", f"admin:{name}_add"):
        html = administrator.get(reverse(page)).content.decode()
        missing = [
            asset
            for asset in re.findall(r'(?:src|href)="/static/([^"?]+)"', html)
            if not finders.find(re.sub(r"\.[0-9a-f]{12}(\.\w+)$", r"\1", asset))
        ]
        shown = " ".join(re.findall(r">([^<>]+)<", re.sub(r"(?s)<(script|style).*?</\1>", "", html)))
        assert (missing, english.findall(shown)) == ([], [])
